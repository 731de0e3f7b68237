"""What a message says in a notification of the system: in a browser that takes pushes, and in the native window."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

from opsknight.domain.model.button import buttons
from opsknight.domain.model.speech import say
from opsknight.jobs.channels.channel import Message

MAX_TITLE_BYTES: Final = 400
MAX_BODY_BYTES: Final = 1500
"""With tokens and names they stay below the 3,993 bytes that push services take (RFC 8291, section 4)."""


def payload(message: Message, *, at: datetime) -> bytes:
    """Return what the service worker reads, written at the instant `at`, as JSON that fits into one push message."""
    return orjson.dumps(notice(message, at=at))


def notice(message: Message, *, at: datetime) -> dict[str, Any]:
    """Return what a notification of `message` shows, what its buttons do and by what its being shown is told."""
    return {
        "title": _cut(message.subject, MAX_TITLE_BYTES),
        "body": _cut(message.body, MAX_BODY_BYTES),
        "tag": str(message.incident_id or message.notification_id),
        "url": urlsplit(message.url).path,
        "n": message.number,
        "urgency": message.urgency,
        "at": round(at.timestamp() * 1000),
        "ack": message.acknowledge_token,
        "receipt": message.receipt_token,
        "kind": message.became or message.kind,
        "words": [buttons(message.kind, about_one=True)[0].label, say("Open")],
        "failing": [say("Try again"), say("Not acknowledged: {title}"), say("OpsKnight could not be reached")],
    }


def _cut(text: str, most: int) -> str:
    raw = text.encode("utf-8", "replace")
    return text if len(raw) <= most else raw[: most - 3].decode("utf-8", "ignore") + "…"
