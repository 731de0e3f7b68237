"""Mail in: an SMTP listener whose addresses are integrations."""

from opsknight.api.mail_in.server import listen

__all__ = ["listen"]
