"""The rules of the house, pure: standard library only, instants passed in, values out."""
