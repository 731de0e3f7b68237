"""The ways to reach a person, one file each, and the table that names them."""

from opsknight.jobs.channels.table import amending, of

__all__ = ["amending", "of"]
