"""How much one event may hold; what is beyond is kept as unreadable, and the rest of its batch is taken."""

from __future__ import annotations

from typing import Any, Final

import orjson

MAX_DEPTH: Final = 32
MAX_KEYS: Final = 2_000
MAX_TEXT: Final = 65_536
"""Characters of one text, and of one name."""


def excess(event: Any) -> str | None:
    """Return in what `event`, plain JSON, is beyond the limits, in words for a person; None when it is not."""
    if not _could_exceed(event):
        return None
    level, keys = [event] if event.__class__ is dict or event.__class__ is list else [], 0
    for _ in range(MAX_DEPTH):
        below: list[Any] = []
        for container in level:
            if container.__class__ is dict:
                keys += len(container)
            if _longest(container, below) > MAX_TEXT:
                return f"The event has a text of more than {MAX_TEXT:,} characters."
        if keys > MAX_KEYS:
            return f"The event has more than {MAX_KEYS:,} fields."
        if not below:
            return None
        level = below
    return f"The event nests lists and objects more than {MAX_DEPTH} deep."


def _could_exceed(event: Any) -> bool:
    """Say whether counting in earnest is worth it: written as JSON, most events are too short to exceed anything."""
    try:
        written = orjson.dumps(event)
    except (orjson.JSONEncodeError, RecursionError):
        return True
    opened = written.count(b"{") + written.count(b"[")
    return len(written) > MAX_TEXT or opened > MAX_DEPTH or written.count(b":") > MAX_KEYS


def _longest(container: Any, below: list[Any]) -> int:
    """Return the length of the longest text in `container`, names included, and add to `below` what it holds."""
    longest, values = 0, container
    if container.__class__ is dict:
        longest, values = max(map(len, container), default=0), container.values()
    for value in values:
        if value.__class__ is str:
            if len(value) > longest:  # noqa: PLR1730  # max() costs a call for each text
                longest = len(value)
        elif value.__class__ is dict or value.__class__ is list:
            below.append(value)
    return longest
