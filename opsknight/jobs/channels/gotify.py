"""Gotify: a push to the phones of one person, by a server of one's own.

Sources: https://gotify.net/docs/pushmsg, https://gotify.net/docs/msgextras,
https://github.com/gotify/android#message-priorities (from 8 on it sounds and vibrates).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from opsknight.domain.model.channel import BadAddress, ChannelKind, one_line, shortened
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

MISSING: Final = "No Gotify server is set (OPSKNIGHT_GOTIFY_URL), so nobody can be reached by Gotify."
MAX_SUBJECT: Final = 400
MAX_BODY: Final = 4000
_TOKEN: Final = re.compile(r"[A-Za-z0-9._-]{10,100}")
_LOUDEST, _NORMAL = 10, 5


class GotifySettings(ChannelSettings):
    """What an operator sets for Gotify."""

    model_config = SettingsConfigDict(env_prefix="OPSKNIGHT_GOTIFY_")

    url: str = Field(default="", description="Your Gotify server, as https://gotify.example.com.")


def application(text: str) -> str:
    """Return an application's token as it is stored.

    Raises:
        BadAddress: it is none.
    """
    token = one_line(text)
    if not _TOKEN.fullmatch(token):
        raise BadAddress("An application's token has letters, digits, dots and dashes, such as A4ZudDRdLT40L5X.")
    return token


KIND: Final = ChannelKind(
    "gotify",
    "Application token",
    "A4ZudDRdLT40L5X",
    application,
    help="In Gotify, under Apps, create an application of your own for OpsKnight and copy its token.",
)


def missing(ground: Ground) -> str:
    """Return what has to be set before anything goes out, empty when it is."""
    return "" if ground.read(GotifySettings).url else MISSING


def make(ground: Ground) -> GotifyChannel:
    """Return the channel as the settings want it."""
    return GotifyChannel(ground.read(GotifySettings).url, now=ground.now)


class GotifyChannel:
    """Pushes by the server at `url`, an operator's own, so it may be private."""

    def __init__(self, url: str, *, now: Callable[[], datetime], budget_s: float = BUDGET_S) -> None:
        """Keep where to push; nothing is opened yet."""
        self._url = url.rstrip("/")
        self._caller = Caller("Gotify", now=now, budget_s=budget_s, allow_private=True)

    async def send(self, message: Message, address: Address) -> Outcome:
        """Push `message`; the server's status decides."""
        headers = {"X-Gotify-Key": address.value}
        answer = await self._caller.call("POST", f"{self._url}/message", json=pushed(message), headers=headers)
        if not isinstance(answer, Answer):
            return answer
        told = answer.fields()
        words = str(told.get("errorDescription") or told.get("error") or answer.words())
        outcome = self._caller.judged(answer, words=words)
        if isinstance(outcome, Sent):
            return self._caller.named(str(told.get("id") or ""))
        if answer.status == 401:
            return Failed("Gotify does not know the application's token; it was deleted.", Fault.ADDRESS, gone=True)
        return outcome

    async def close(self) -> None:
        """Close the open connections."""
        await self._caller.close()


def pushed(message: Message) -> Mapping[str, Any]:
    """Return what is pushed: plain text, how loudly, and where a tap leads."""
    lines = [shortened(message.body, MAX_BODY)] if message.body else []
    if message.acknowledge_url:
        lines.append(say("Acknowledge: {url}", url=message.acknowledge_url))
    return {
        "title": shortened(message.subject, MAX_SUBJECT),
        "message": "\n".join(lines) or message.title or message.subject,
        "priority": _LOUDEST if message.urgency is Urgency.HIGH else _NORMAL,
        "extras": {
            "client::display": {"contentType": "text/plain"},
            "client::notification": {"click": {"url": message.url}},
        },
    }
