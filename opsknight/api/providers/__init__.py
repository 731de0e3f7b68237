"""One file for each kind of monitor, and the table of them."""
