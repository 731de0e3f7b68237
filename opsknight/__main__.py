"""`python -m opsknight` is the command `opsknight`."""

import sys

from opsknight.cli import main

if __name__ == "__main__":
    sys.exit(main())
