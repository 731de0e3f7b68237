"""The page of one integration: what it is, what it sent, and what became of it."""

from opsknight.ui.integration.page import mount

__all__ = ["mount"]
