"""Microsoft Teams: an adaptive card by a webhook of the Workflows app.

Sources: https://support.microsoft.com/office/create-incoming-webhooks-with-workflows-for-microsoft-teams-8ae491c7-
0394-4861-ba59-055e33f75498, https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/
connectors-using (the message's shape, limits of size and rate), https://adaptivecards.io/explorer/.

A workflow posts and forgets: it names no message, so none can be changed or looked for, and calls nobody back; the
Acknowledge button opens the page that acknowledges.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, Final, cast

from opsknight.domain.model import adaptive_card
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
    Sent,
    Urgency,
)
from opsknight.jobs.channels.http import Answer, Caller

_GONE: Final = ("WorkflowNotFound", "FlowNotFound")
_HIDDEN: Final = re.compile(r"HTTP error ([45]\d\d)\b")
"""Webhooks of the older kind say within an answer 200 that Teams did not take the message, and why."""

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
        if answer.ok and (hidden := _HIDDEN.search(words)):
            answer = replace(answer, status=int(hidden[1]))
        outcome = self._caller.judged(answer, words=words)
        if isinstance(outcome, Sent):
            return Sent()
        if not isinstance(outcome, Failed):
            return outcome
        if answer.status in (404, 410) or code in _GONE:
            return Failed("The workflow behind this webhook is gone.", Fault.ADDRESS, gone=True)
        if answer.status == 413:
            return outcome
        return Failed(outcome.reason, Fault.ADDRESS)  # its signature is part of the address


def posted(message: Message) -> Mapping[str, Any]:
    """Return the message that carries the card."""
    return {"type": "message", "attachments": [adaptive_card.attached(card(message))]}


def card(message: Message) -> Mapping[str, Any]:
    """Return the adaptive card, whose buttons are links."""
    actions = [adaptive_card.link(say("Open"), message.url)]
    if message.acknowledge_url:
        acknowledge = adaptive_card.link(say("Acknowledge"), message.acknowledge_url)
        actions.insert(0, {**acknowledge, "style": "positive"})
    colour = "Attention" if message.urgency is Urgency.HIGH else "Accent"
    return adaptive_card.card(message.subject, message.body, colour=colour, actions=actions)


def _error(answer: Answer) -> tuple[str, str]:
    """Return the code and the words of an error as Workflows gives it."""
    error: Any = answer.fields().get("error")
    if not isinstance(error, dict):
        return "", answer.words()
    told = cast("Mapping[str, Any]", error)
    return str(told.get("code", "")), str(told.get("message", ""))[:200]
