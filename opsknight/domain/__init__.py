"""What the product knows and does: pure model, commands that write, queries that read, the store beneath."""
