"""Mail in: an SMTP listener whose addresses are integrations, and messages of ours to which something comes back."""

from opsknight.api.mail_in.back import back
from opsknight.api.mail_in.server import listen

__all__ = ["back", "listen"]
