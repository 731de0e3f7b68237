"""/schedules: who is on call when and why, as a list, as a time line, and the editor of layers."""

from opsknight.ui.schedules.page import mount

__all__ = ["mount"]
