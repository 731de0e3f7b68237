"""The live board and the wall display: one Vue component each, with one Python face."""
