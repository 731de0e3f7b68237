"""/channels: by what pages leave, whether they get through just now, and the rooms in which teams are told."""

from opsknight.ui.channels.page import mount

__all__ = ["mount"]
