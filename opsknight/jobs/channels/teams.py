"""Microsoft Teams: an adaptive card by a webhook of the Workflows app.

Sources: https://support.microsoft.com/office/create-incoming-webhooks-with-workflows-for-microsoft-teams-8ae491c7-
0394-4861-ba59-055e33f75498, https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/
connectors-using (the message's shape, limits of size and rate), https://adaptivecards.io/explorer/.

A workflow posts and forgets: it names no message, so none can be changed or looked for, and calls nobody back; the
Acknowledge button opens the page that acknowledges.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, Final, cast

import orjson

from opsknight.domain.model.channel import ChannelKind, web_address
from opsknight.domain.model.speech import say
from opsknight.jobs.channels.channel import (
    BUDGET_S,
    Address,
    Failed,
    Fault,
    Ground,
    Message,
    Outcome,
    Retry,
    Sent,
    Urgency,
)
from opsknight.jobs.channels.http import Answer, Caller

MAX_BYTES: Final = 28 * 1024
"""Of a whole message; Teams refuses more."""
SUBJECT_BYTES: Final = 2000
BODY_BYTES: Final = 12_000
MAX_LINES: Final = 40
_GONE: Final = ("WorkflowNotFound", "FlowNotFound")
_TOO_FAST: Final = "HTTP error 429"
"""Webhooks of the older kind say it within an answer 200."""

KIND: Final = ChannelKind(
    "teams",
    "Webhook address",
    "https://prod-12.westeurope.logic.azure.com/workflows/…",
    web_address,
    help="In Teams open Workflows and take “Send webhook alerts to a channel” or “… to a chat”;"
    " its address appears at the end. Whoever knows it can post there.",
    rooms=True,
)


def reader(ground: Ground) -> Callable[[str], str]:
    """Return how an address is read on this installation."""
    return partial(web_address, allow_private=ground.settings.channels_allow_private)


def make(ground: Ground) -> TeamsChannel:
    """Return the channel as the settings want it."""
    return TeamsChannel(now=ground.now, allow_private=ground.settings.channels_allow_private)


class TeamsChannel:
    """Posts cards to the webhooks that people give."""

    def __init__(self, *, now: Callable[[], datetime], allow_private: bool = False, budget_s: float = BUDGET_S) -> None:
        """Keep how to post; nothing is opened yet."""
        self._caller = Caller("Teams", now=now, budget_s=budget_s, allow_private=allow_private)

    async def send(self, message: Message, address: Address) -> Outcome:
        """Post `message`; 202 says that the workflow has it."""
        answer = await self._caller.call("POST", address.value, json=posted(message))
        return self._judged(answer) if isinstance(answer, Answer) else answer

    async def close(self) -> None:
        """Close the open connections."""
        await self._caller.close()

    def _judged(self, answer: Answer) -> Outcome:
        code, words = _error(answer)
        outcome = self._caller.judged(answer, words=words)
        if isinstance(outcome, Sent):
            return Retry("Teams takes no more messages just now.", Fault.THROTTLED) if _TOO_FAST in words else Sent()
        if not isinstance(outcome, Failed):
            return outcome
        if answer.status in (404, 410) or code in _GONE:
            return Failed("The workflow behind this webhook is gone.", Fault.ADDRESS, gone=True)
        if answer.status == 413:
            return outcome
        return Failed(outcome.reason, Fault.ADDRESS)  # its signature is part of the address


def posted(message: Message) -> Mapping[str, Any]:
    """Return the message that carries the card."""
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None}
    return {"type": "message", "attachments": [{**attachment, "content": card(message)}]}


def card(message: Message) -> Mapping[str, Any]:
    """Return the adaptive card. Text runs know no Markdown and no mention, so what strangers wrote stays text."""
    high = message.urgency is Urgency.HIGH
    first = {"weight": "Bolder", "size": "Medium", "color": "Attention" if high else "Accent"}
    lines = [line for line in message.body.splitlines() if line.strip()]
    shown = list(_fitting(lines[:MAX_LINES], BODY_BYTES))
    actions = [{"type": "Action.OpenUrl", "title": say("Open"), "url": message.url}]
    if message.acknowledge_url:
        acknowledge = {"type": "Action.OpenUrl", "title": say("Acknowledge"), "url": message.acknowledge_url}
        actions.insert(0, {**acknowledge, "style": "positive"})
    return {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "fallbackText": cut(message.subject, SUBJECT_BYTES),
        "msteams": {"width": "Full"},
        "body": [
            _text(cut(message.subject, SUBJECT_BYTES), **first),
            *(_text(line) for line in shown),
            *([_text("…", isSubtle=True)] if len(shown) < len(lines) else []),
        ],
        "actions": actions,
    }


def cut(text: str, most: int) -> str:
    """Return the beginning of `text` that takes at most `most` bytes as JSON, with “…” where some is missing."""
    if len(orjson.dumps(text)) <= most:
        return text
    least, enough = 0, len(text)
    while least < enough:  # the longest beginning that fits
        middle = (least + enough + 1) // 2
        least, enough = (middle, enough) if len(orjson.dumps(f"{text[:middle]}…")) <= most else (least, middle - 1)
    return f"{text[:least]}…"


def _fitting(lines: Iterable[str], most: int) -> Iterable[str]:
    for line in lines:
        if most < 100:
            return
        kept = cut(line, most)
        most -= len(orjson.dumps(kept))
        yield kept


def _text(text: str, **how: Any) -> Mapping[str, Any]:
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text, **how}]}


def _error(answer: Answer) -> tuple[str, str]:
    """Return the code and the words of an error as Workflows gives it."""
    error: Any = answer.fields().get("error")
    if not isinstance(error, dict):
        return "", answer.words()
    told = cast("Mapping[str, Any]", error)
    return str(told.get("code", "")), str(told.get("message", ""))[:200]
