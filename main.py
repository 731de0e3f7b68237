"""Start OpsKnight from a clone: `python main.py`, and with `--native` in a window of its own."""

import sys

from opsknight.cli import main

if __name__ == "__main__":
    sys.exit(main(["serve", *sys.argv[1:]]))
