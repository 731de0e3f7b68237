"""The screens: a frame, parts, and one file or folder a page. Only this room knows NiceGUI."""

from opsknight.ui.live import broadcast
from opsknight.ui.mount import mount, started
from opsknight.ui.notices import keep as keep_notices

__all__ = ["broadcast", "keep_notices", "mount", "started"]
