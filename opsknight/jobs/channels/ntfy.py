"""ntfy: a topic that a phone listens to, on ntfy.sh or on a server of one's own.

Source: https://docs.ntfy.sh/publish/ (publish as JSON, action buttons, priorities).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from opsknight.domain.model.adaptive_card import cut
from opsknight.domain.model.channel import BadAddress, ChannelKind, one_line
from opsknight.domain.model.speech import say
from opsknight.jobs.channels.channel import (
    BUDGET_S,
    Address,
    ChannelSettings,
    Failed,
    Fault,
    Ground,
    Message,
    Outcome,
    Sent,
    Urgency,
)
from opsknight.jobs.channels.http import Answer, Caller

MAX_TITLE: Final = 1000
MAX_MESSAGE: Final = 3500
"""Bytes as JSON; ntfy turns a message of more than 4,096 into an attachment, or refuses it, and JSON of twice that."""
_TOPIC: Final = re.compile(r"[-_A-Za-z0-9]{1,64}")
_LOUDEST, _NORMAL = 5, 3


class NtfySettings(ChannelSettings):
    """What an operator sets for ntfy."""

    model_config = SettingsConfigDict(env_prefix="OPSKNIGHT_NTFY_")

    url: str = Field(default="https://ntfy.sh", description="Server of the topics; your own for a closed network.")
    token: str = Field(default="", repr=False, description="Access token, where the server wants one to publish.")


def topic(text: str) -> str:
    """Return a topic as it is stored.

    Raises:
        BadAddress: it is none.
    """
    name = one_line(text).rstrip("/").rpartition("/")[2]
    if not _TOPIC.fullmatch(name):
        raise BadAddress("A topic has 1 to 64 letters, digits, dashes and underscores, such as ops-ada-x7Kq.")
    return name


KIND: Final = ChannelKind(
    "ntfy",
    "Topic",
    "ops-ada-x7Kq",
    topic,
    help="Subscribe to the topic in the ntfy app first. Whoever knows its name can read it: choose one nobody guesses.",
    rooms=True,
)


def make(ground: Ground) -> NtfyChannel:
    """Return the channel as the settings want it."""
    its = ground.read(NtfySettings)
    return NtfyChannel(its.url, token=its.token, now=ground.now)


class NtfyChannel:
    """Publishes to topics of the server at `url`, an operator's own, so it may be private."""

    def __init__(self, url: str, *, token: str = "", now: Callable[[], datetime], budget_s: float = BUDGET_S) -> None:
        """Keep where to publish; nothing is opened yet."""
        self._url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._caller = Caller("ntfy", now=now, budget_s=budget_s, allow_private=True)

    async def send(self, message: Message, address: Address) -> Outcome:
        """Publish `message`; the server's status decides."""
        answer = await self._caller.call(
            "POST", self._url, json=published(message, address.value), headers=self._headers
        )
        if not isinstance(answer, Answer):
            return answer
        said = answer.fields()
        outcome = self._caller.judged(answer, words=str(said.get("error") or answer.words()))
        if isinstance(outcome, Sent):
            return self._caller.named(str(said.get("id") or ""))
        if isinstance(outcome, Failed) and answer.status in (400, 404):
            return Failed(outcome.reason, Fault.ADDRESS)
        return outcome

    async def close(self) -> None:
        """Close the open connections."""
        await self._caller.close()


def published(message: Message, to: str) -> Mapping[str, Any]:
    """Return what is published: the words, how loudly, where a tap leads, and a button that acknowledges."""
    high = message.urgency is Urgency.HIGH
    actions: list[Mapping[str, Any]] = []
    if message.acknowledge_url:
        press = {"action": "http", "label": say("Acknowledge"), "url": message.acknowledge_url, "method": "POST"}
        actions.append({**press, "clear": True})
    return {
        "topic": to,
        "title": cut(message.subject, MAX_TITLE),
        "message": cut(message.body, MAX_MESSAGE),
        "priority": _LOUDEST if high else _NORMAL,
        "click": message.url,
        "actions": [*actions, {"action": "view", "label": say("Open"), "url": message.url}],
    }
