"""The page of one incident: what it is, who was paged and how, and everything that happened to it."""

from opsknight.ui.incident.page import mount

__all__ = ["mount"]
