"""One file for each channel that is called over HTTP: how it is made, an address on it, and what its provider says."""
