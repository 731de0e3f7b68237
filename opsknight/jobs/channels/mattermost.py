"""Mattermost: a direct message of a bot, with buttons, or a post by a channel's incoming webhook.

Sources: https://developers.mattermost.com/api-documentation/ (users/me, channels/direct, posts, posts/{id}/patch),
https://developers.mattermost.com/integrate/webhooks/incoming/, …/integrate/plugins/interactive-messages (buttons,
and that a button's context is kept from people), …/integrate/reference/message-attachments.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from opsknight.domain.model.button import Button, Press, buttons, data, sealed
from opsknight.domain.model.channel import BadAddress, ChannelKind, one_line
from opsknight.domain.model.markdown import escaped
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
    tried_again,
)
from opsknight.jobs.channels.http import Answer, Called, Caller
from opsknight.jobs.channels.remembered import Remembered

MISSING: Final = "No Mattermost server is set (OPSKNIGHT_MATTERMOST_URL), so nobody can be reached by Mattermost."
NO_BOT: Final = "No Mattermost bot is set (OPSKNIGHT_MATTERMOST_TOKEN), so only incoming webhooks are reached."
ELSEWHERE: Final = "The webhook is not on the Mattermost server that OPSKNIGHT_MATTERMOST_URL names."
MAX_SUBJECT: Final = 1000
MAX_BODY: Final = 8000
"""Characters; Mattermost takes 16,383 in all."""
KNOWN: Final = 2000
"""People whose conversation is remembered."""
_ID: Final = re.compile(r"(?:channel:)?[a-z0-9]{26}")
_HOOK: Final = re.compile(r"(?:/[\w.~-]+)*/hooks/[a-z0-9]{26}")
_MENTION: Final = re.compile(r"(?<!\w)@(?=\w)")
_COLOURS: Final[Mapping[Urgency, str]] = {Urgency.HIGH: "#d92d20", Urgency.LOW: "#2e7bd6"}
_STYLES: Final[Mapping[Press, str]] = {Press.ACKNOWLEDGE: "primary", Press.RESOLVE: "success"}


class MattermostSettings(ChannelSettings):
    """What an operator sets for Mattermost."""

    model_config = SettingsConfigDict(env_prefix="OPSKNIGHT_MATTERMOST_")

    url: str = Field(default="", description="Your Mattermost server, as https://chat.example.com.")
    token: str = Field(
        default="",
        repr=False,
        description="Token of a Mattermost bot account: with it people are reached, and buttons work once Mattermost"
        " may call OpsKnight's address. Without it incoming webhooks only, with links.",
    )


def place(text: str) -> str:
    """Return a user's id, `channel:` and a channel's id, or an incoming webhook's address.

    Raises:
        BadAddress: it is none of these.
    """
    named = one_line(text)
    if _ID.fullmatch(named):
        return named
    parts = urlsplit(named)
    bare = not parts.query and not parts.fragment and parts.username is None
    if parts.scheme not in ("https", "http") or not parts.hostname or not bare or not _HOOK.fullmatch(parts.path):
        raise BadAddress(
            "Give a person's ID (26 letters and digits), channel: and a channel's ID, or an incoming webhook's address,"
            " which ends in /hooks/ and 26 letters and digits."
        )
    return named


KIND: Final = ChannelKind(
    "mattermost",
    "User ID or webhook URL",
    "rd49ehbqyjytddasoownkuqrxe",
    place,
    help="Signed in to Mattermost in your browser, open /api/v4/users/me there: your ID comes first."
    " For a room: Integrations → Incoming Webhooks.",
    rooms=True,
)


def missing(ground: Ground) -> str:
    """Return what has to be set before anything goes out, empty when it is."""
    return "" if ground.read(MattermostSettings).url else MISSING


def proof(ground: Ground) -> str:
    """Return the secret with which buttons are sealed, empty where there are none."""
    return ground.read(MattermostSettings).token


def make(ground: Ground) -> MattermostChannel:
    """Return the channel as the settings want it."""
    its = ground.read(MattermostSettings)
    return MattermostChannel(its.url, token=its.token, now=ground.now)


class MattermostChannel:
    """Writes on the server at `url`, an operator's own, so it may be private; nothing else is ever called."""

    def __init__(self, url: str, *, token: str, now: Callable[[], datetime], budget_s: float = BUDGET_S) -> None:
        """Keep how to write; nothing is opened yet."""
        self._url = url.rstrip("/")
        self._token = token
        self._caller = Caller("Mattermost", now=now, budget_s=budget_s, allow_private=True)
        self._bot_id = ""
        self._conversations = Remembered(KNOWN)

    async def send(self, message: Message, address: Address) -> Outcome:
        """Write `message`; a post of the bot names the notification, which Mattermost takes once within 30 s."""
        if "/hooks/" in address.value:
            if not address.value.startswith(f"{self._url}/"):
                return Failed(ELSEWHERE, Fault.ADDRESS)
            told = said(message, self._token)
            posted = {"text": told["message"], "attachments": told["props"]["attachments"]}
            return self._judged(await self._caller.call("POST", address.value, json=posted))
        channel_id = await self._channel(address.value)
        if not isinstance(channel_id, str):
            return channel_id
        once = {"pending_post_id": str(message.notification_id)}
        outcome = self._judged(
            await self._call("POST", "/posts", {"channel_id": channel_id, **said(message, self._token), **once})
        )
        return self._caller.named(outcome.provider_id) if isinstance(outcome, Sent) else outcome

    async def amend(self, message: Message, address: Address, *, provider_id: str) -> Outcome:  # noqa: ARG002
        """Have the post say what `message` says; what came by webhook has no name and stays as it is."""
        if not re.fullmatch(r"[a-z0-9]{26}", provider_id):
            return Failed("This is no post of Mattermost's bot; what is sent by webhook cannot be changed.")
        answer = await self._call("PUT", f"/posts/{provider_id}/patch", said(message, self._token))
        return tried_again(self._judged(answer))

    async def close(self) -> None:
        """Close the open connections."""
        await self._caller.close()

    async def _channel(self, where: str) -> str | Outcome:
        """Return the id of the channel to write in, a person's conversation with the bot, or why there is none."""
        if not self._token:
            return Failed(NO_BOT, Fault.SETTINGS)
        if where.startswith("channel:"):
            return where.removeprefix("channel:")
        if (known := self._conversations.get(where)) is not None:
            return known
        if not self._bot_id:
            found = await self._named(await self._call("GET", "/users/me", None))
            if not isinstance(found, str):
                return found
            self._bot_id = found
        opened = await self._named(await self._call("POST", "/channels/direct", [self._bot_id, where]))
        if isinstance(opened, str):
            self._conversations.put(where, opened)
        return opened

    async def _named(self, answer: Called) -> str | Outcome:
        """Return the id in an answer that comes before the message is handed over, or what became of the message."""
        outcome = tried_again(self._judged(answer))
        if isinstance(outcome, Sent):
            return outcome.provider_id or Failed("Mattermost gave no ID.")
        return outcome

    async def _call(self, method: str, path: str, body: Any) -> Called:
        headers = {"Authorization": f"Bearer {self._token}"}
        return await self._caller.call(method, f"{self._url}/api/v4{path}", json=body, headers=headers)

    def _judged(self, answer: Called) -> Outcome:
        if not isinstance(answer, Answer):
            return answer
        told = answer.fields()
        if answer.ok:
            return Sent(str(told.get("id", ""))[:100])
        words = str(told.get("message") or answer.words())
        outcome = self._caller.judged(answer, words=words)
        if answer.status == 401:
            return Failed("Mattermost does not know the token (OPSKNIGHT_MATTERMOST_TOKEN).", Fault.SETTINGS)
        if isinstance(outcome, Failed) and answer.status in (400, 404):
            return Failed(outcome.reason, Fault.ADDRESS)
        return outcome


def said(message: Message, secret: str) -> Mapping[str, Any]:
    """Return what a post says; its buttons are sealed with `secret`, and without one it has a link only."""
    offered = buttons(message.kind, about_one=message.is_pressable, became=message.became) if secret else ()
    subject, body = escaped(_quiet(message.subject), MAX_SUBJECT), escaped(_quiet(message.body), MAX_BODY)
    attachment = {
        "fallback": subject,
        "color": _COLOURS[message.urgency],
        "title": say("Open in OpsKnight"),
        "title_link": message.url,
        "text": body,
        "actions": [_action(message, each, secret) for each in offered],
    }
    return {"message": f"**{subject}**", "props": {"attachments": [attachment]}}


def _action(message: Message, button: Button, secret: str) -> Mapping[str, Any]:
    """Return one button; Mattermost keeps its context from people, and shows it to us when it is pressed."""
    carried = data(button.press, message.notification_id)
    context = {"press": carried, "proof": sealed(carried, secret)}
    return {
        "id": button.press.value,
        "type": "button",
        "name": button.label,
        "style": _STYLES.get(button.press, "default"),
        "integration": {"url": f"{message.home}/api/v1/chats/mattermost", "context": context},
    }


def _quiet(text: str) -> str:
    """Return `text` with a joiner after each @ that would call somebody, or everybody."""
    return _MENTION.sub("@\u2060", text)
