"""/policies: who is asked, after how long; the editor of one policy, with what would happen beside it."""

from opsknight.ui.policies.page import mount

__all__ = ["mount"]
