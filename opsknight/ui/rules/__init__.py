"""/rules: what decides about events, in its order, and the editor of one rule."""

from opsknight.ui.rules.page import mount

__all__ = ["mount"]
