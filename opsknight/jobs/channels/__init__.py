"""The ways to reach a person, one file each, and the table that names them."""
