"""Where what we mail comes back to: one address for each message, which tells which it was and proves that it is ours.

Sources: RFC 5233 (what stands behind a plus), RFC 5321 §4.5.3.1.1 (how long an address may be). The way has a name
of its own: variable envelope return paths.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from opsknight import crypto
from opsknight.settings import Settings

_PURPOSE: Final = "mail back"


@dataclass(frozen=True, slots=True)
class MailBack:
    """The mailbox `name`@`domain`, both in lower case, whose addresses are signed with `secret`."""

    name: str
    domain: str
    secret: bytes = field(repr=False)

    def address(self, notification_id: UUID) -> str:
        """Return the address to which what concerns a message comes back."""
        return f"{self.name}+{crypto.tagged(self.secret, notification_id.bytes, purpose=_PURPOSE)}@{self.domain}"

    def has(self, address: str) -> bool:
        """Say whether an address is one of this mailbox, whatever stands behind its plus."""
        local, _, domain = address.casefold().rpartition("@")
        return domain == self.domain and local.partition("+")[0] == self.name

    def notification(self, address: str) -> UUID:
        """Return the message that an address of this mailbox was made for.

        Raises:
            BadToken: it was made for none.
        """
        tag = address.rpartition("@")[0].partition("+")[2]
        raw = crypto.untagged(self.secret, tag, purpose=_PURPOSE)
        if len(raw) != len(UUID(int=0).bytes):
            raise crypto.BadToken("This address is not valid.")
        return UUID(bytes=raw)


def mail_back(settings: Settings, secret: bytes) -> MailBack | None:
    """Return the mailbox of an installation, None where it has none or nothing takes mail there."""
    if not settings.mail_back or settings.mail_in is None:
        return None
    name, _, domain = settings.mail_back.partition("@")
    return MailBack(name, domain, secret)
