"""Where Microsoft Teams lets a bot speak: a chat or a channel, and the service that carries what is said there.

A service's address is only worth something where Microsoft itself has named it, in a call that was proven: whoever
could name another would be sent the bot's token. So a place is handed out sealed, and taken back only as it was.
Source: https://learn.microsoft.com/microsoftteams/platform/bots/how-to/conversations/send-proactive-messages
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self, cast

from opsknight.domain.model.channel import BadAddress

CHANNEL: Final = "teams_bot"
PERSONAL: Final = "personal"
_PREFIX: Final = "teams:"
_SEAL_BYTES: Final = 18
_LONGEST: Final = 1900
_ASK: Final = "Write anything to the OpsKnight app in Teams, or mention it in the channel: it answers with the address."


@dataclass(frozen=True, slots=True)
class Place:
    """One chat with a person, a group or a channel. `person` is whose chat it is, by Microsoft's object ID."""

    service_url: str
    conversation: str
    person: str = ""

    @property
    def address(self) -> str:
        """What tells it from all others: the person, who presses buttons elsewhere too, or the conversation."""
        return self.person or self.conversation

    @property
    def kept(self) -> Mapping[str, str]:
        """What is kept besides the address, to speak there."""
        return {"service_url": self.service_url, "conversation": self.conversation}

    @classmethod
    def of(cls, kept: Mapping[str, str]) -> Self | None:
        """Return the place that was kept, None where none was."""
        service_url, conversation = kept.get("service_url", ""), kept.get("conversation", "")
        return cls(service_url, conversation) if service_url and conversation else None


def sealed(place: Place, secret: str) -> str:
    """Return a place as text that only the holder of `secret` can have written."""
    said = [place.service_url, place.conversation, place.person]
    carried = _text(json.dumps(said, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace"))
    return f"{_PREFIX}{carried}.{_seal(carried, secret)}"


def unsealed(text: str, secret: str) -> Place:
    """Return the place that a text names.

    Raises:
        BadAddress: it is none, or nobody who knows `secret` has written it.
    """
    named = "".join(text.split())
    carried, _, seal = named.removeprefix(_PREFIX).partition(".")
    if not (named.startswith(_PREFIX) and named.isascii() and len(named) <= _LONGEST and secret):
        raise BadAddress(f"This is no address of a Teams chat; one begins with {_PREFIX}. {_ASK}")
    if not hmac.compare_digest(seal, _seal(carried, secret)):
        raise BadAddress(f"This address is incomplete, or from before the app's secret was changed. {_ASK}")
    said: Any = json.loads(base64.urlsafe_b64decode(carried + "=" * (-len(carried) % 4)))
    service_url, conversation, person = cast("list[str]", said)
    return Place(service_url, conversation, person)


def _seal(carried: str, secret: str) -> str:
    return _text(hmac.digest(secret.encode(), b"teams place:" + carried.encode(), hashlib.sha256)[:_SEAL_BYTES])


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
