"""Adaptive cards as Microsoft Teams shows them: a bold first line, lines below it, and buttons.

Text runs know no Markdown and no mention, so what strangers wrote stays text.
Sources: https://adaptivecards.io/explorer/, https://learn.microsoft.com/adaptive-cards/authoring-cards/
universal-action-model (Action.Execute, its fallback for older clients).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from opsknight.domain.model.button import Button, Press, data

TYPE: Final = "application/vnd.microsoft.card.adaptive"
MAX_BYTES: Final = 28 * 1024
"""Of a whole message; Teams refuses more."""
SUBJECT_BYTES: Final = 2000
BODY_BYTES: Final = 12_000
MAX_LINES: Final = 40
LINKS: Final = "1.4"
"""The version of cards whose buttons are links only."""
BUTTONS: Final = "1.5"
"""The version of cards whose buttons call the bot."""
CARRIED: Final = "press"
"""Under which name a button carries what it does."""


def card(
    subject: str,
    body: str,
    *,
    colour: str = "Default",
    actions: Sequence[Mapping[str, Any]] = (),
    version: str = LINKS,
) -> Mapping[str, Any]:
    """Return a card that takes at most some 20 kB; what does not fit ends in “…”."""
    first = {"weight": "Bolder", "size": "Medium", "color": colour}
    lines = [line for line in body.splitlines() if line.strip()]
    shown = list(_fitting(lines[:MAX_LINES], BODY_BYTES))
    return {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": version,
        "fallbackText": cut(subject, SUBJECT_BYTES),
        "msteams": {"width": "Full"},
        "body": [
            _text(cut(subject, SUBJECT_BYTES), **first),
            *(_text(line) for line in shown),
            *([_text("…", isSubtle=True)] if len(shown) < len(lines) else []),
        ],
        "actions": list(actions),
    }


def attached(shown: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a card as a message carries it."""
    return {"contentType": TYPE, "contentUrl": None, "content": shown}


def link(title: str, url: str) -> Mapping[str, Any]:
    """Return a button that opens an address in the reader's browser."""
    return {"type": "Action.OpenUrl", "title": title, "url": url}


def pressable(button: Button, notification_id: UUID) -> Mapping[str, Any]:
    """Return a button that calls the bot; a client that is too old for it sends a message in its place."""
    carried = {CARRIED: data(button.press, notification_id)}
    style = {"style": "positive"} if button.press is Press.ACKNOWLEDGE else {}
    shown = {"title": button.label, "data": carried, **style}
    fallback = {"type": "Action.Submit", **shown}
    return {"type": "Action.Execute", "verb": button.press.value, **shown, "fallback": fallback}


def cut(text: str, most: int) -> str:
    """Return the beginning of `text` that takes at most `most` bytes as JSON, with “…” where some is missing."""
    if _size(text) <= most:
        return text
    least, enough = 0, len(text)
    while least < enough:  # the longest beginning that fits
        middle = (least + enough + 1) // 2
        least, enough = (middle, enough) if _size(f"{text[:middle]}…") <= most else (least, middle - 1)
    return f"{text[:least]}…"


def _fitting(lines: Iterable[str], most: int) -> Iterable[str]:
    for line in lines:
        if most < 100:
            return
        kept = cut(line, most)
        most -= _size(kept)
        yield kept


def _size(text: str) -> int:
    return len(json.dumps(text, ensure_ascii=False).encode("utf-8", "replace"))


def _text(text: str, **how: Any) -> Mapping[str, Any]:
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text, **how}]}
