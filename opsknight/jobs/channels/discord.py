"""Discord: a direct message of an application's bot, with buttons, or a post by a channel's webhook, with links.

Sources: https://discord.com/developers/docs/resources/message (create, edit, nonce, allowed mentions),
…/resources/user#create-dm, …/resources/webhook#execute-webhook, …/components/reference#button,
…/topics/rate-limits, …/topics/opcodes-and-status-codes#json.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import Field, field_validator
from pydantic_settings import SettingsConfigDict

from opsknight.domain.model.button import Press, buttons, data
from opsknight.domain.model.channel import BadAddress, ChannelKind, one_line
from opsknight.domain.model.markdown import escaped, length
from opsknight.domain.model.retry import retry_after
from opsknight.domain.model.speech import say
from opsknight.domain.model.web_address import is_linkable
from opsknight.jobs.channels.channel import (
    BUDGET_S,
    Address,
    ChannelSettings,
    Failed,
    Fault,
    Ground,
    Message,
    Outcome,
    Retry,
    Sent,
    Urgency,
    tried_again,
)
from opsknight.jobs.channels.http import Answer, Called, Caller
from opsknight.jobs.channels.remembered import Remembered

MISSING: Final = "No Discord bot is set (OPSKNIGHT_DISCORD_TOKEN), so only webhooks of Discord's channels are reached."
MAX_SUBJECT: Final = 600
MAX_TEXT: Final = 1900
"""Characters; Discord takes 2,000."""
KNOWN: Final = 2000
"""People whose conversation is remembered."""
_HOSTS: Final = ("discord.com", "discordapp.com", "ptb.discord.com", "canary.discord.com")
_WEBHOOK: Final = re.compile(r"/api(?:/v\d+)?/webhooks/(\d{15,20})/([\w-]{20,100})")
_PLACE: Final = re.compile(r"(?:channel:)?[1-9]\d{14,19}")
_STYLES: Final[Mapping[Press, int]] = {Press.ACKNOWLEDGE: 1, Press.RESOLVE: 3, Press.ESCALATE: 2}
_LINK, _ROW, _BUTTON = 5, 1, 2
_NO_PREVIEWS, _SILENT = 1 << 2, 1 << 12
_GONE: Final = frozenset({10003, 10013, 10015, 50033})
"""Unknown channel, user, webhook; invalid recipient."""
_NOT_NOW: Final[Mapping[int, str]] = {
    50007: "Discord lets the bot write to this person only when both are on a server together, and the person's privacy"
    " settings allow direct messages from its members.",
    50001: "The Discord bot cannot see this channel. Invite it there.",
    50013: "The Discord bot may not write in this channel.",
}


class DiscordSettings(ChannelSettings):
    """What an operator sets for Discord."""

    model_config = SettingsConfigDict(env_prefix="OPSKNIGHT_DISCORD_")

    url: str = Field(default="https://discord.com/api/v10", description="Discord's API, or a proxy in front of it.")
    token: str = Field(default="", repr=False, description="Bot token of your Discord application.")
    public_key: str = Field(
        default="",
        description="Public key of your Discord application: with it buttons work, once Discord's Interactions Endpoint"
        " URL is /api/v1/chats/discord at your address.",
    )

    @field_validator("public_key")
    @classmethod
    def _thirty_two_bytes(cls, key: str) -> str:
        if key and not re.fullmatch(r"[0-9a-fA-F]{64}", key):
            raise ValueError("must have 64 hexadecimal digits, as on the application's General Information")
        return key.lower()


def place(text: str) -> str:
    """Return a user's id, `channel:` and a channel's id, or a webhook's address without what it may lack.

    Raises:
        BadAddress: it is none of these.
    """
    named = one_line(text)
    if _PLACE.fullmatch(named):
        return named
    parts = urlsplit(named)
    found = _WEBHOOK.fullmatch(parts.path.rstrip("/"))
    if parts.scheme != "https" or parts.hostname not in _HOSTS or found is None:
        raise BadAddress(
            "Give a person's user ID (18 digits or so), channel: and a channel's ID, or a channel's webhook URL,"
            " which begins with https://discord.com/api/webhooks/."
        )
    thread = re.search(r"(?:^|&)thread_id=(\d{15,20})(?:&|$)", parts.query)
    return f"https://discord.com/api/webhooks/{found[1]}/{found[2]}{f'?thread_id={thread[1]}' if thread else ''}"


KIND: Final = ChannelKind(
    "discord",
    "User ID or webhook URL",
    "804512345678901234",
    place,
    help="In Discord switch on Developer Mode (Settings → Advanced), then right-click yourself → Copy User ID."
    " For a room: Edit Channel → Integrations → Webhooks → Copy Webhook URL.",
    rooms=True,
)


def proof(ground: Ground) -> str:
    """Return the key by which Discord's calls are verified, empty where buttons do not work."""
    return ground.read(DiscordSettings).public_key


def make(ground: Ground) -> DiscordChannel:
    """Return the channel as the settings want it."""
    its = ground.read(DiscordSettings)
    return DiscordChannel(its.url, token=its.token, presses=bool(its.public_key), now=ground.now)


class DiscordChannel:
    """Writes as the bot that has `token`, or by webhooks, through the API at `url`: the operator's word.

    Buttons that act are shown only where `presses` says that Discord can tell us of them.
    """

    def __init__(
        self, url: str, *, token: str, now: Callable[[], datetime], presses: bool = True, budget_s: float = BUDGET_S
    ) -> None:
        """Keep how to write; nothing is opened yet."""
        self._url = url.rstrip("/")
        self._token = token
        self._presses = presses
        self._caller = Caller("Discord", now=now, budget_s=budget_s, allow_private=True)
        self._conversations = Remembered(KNOWN)

    async def send(self, message: Message, address: Address) -> Outcome:
        """Write `message`; by a bot the same one is never there twice, for its nonce is the notification's name."""
        flags = _NO_PREVIEWS | (_SILENT if message.urgency is Urgency.LOW else 0)
        if address.value.startswith("https:"):
            path, query = _webhook(address.value)
            url = f"{self._url}{path}?wait=true{query}"
            return self._judged(await self._caller.call("POST", url, json={**linked(message), "flags": flags}))
        channel_id = await self._channel(address.value)
        if not isinstance(channel_id, str):
            return channel_id
        said = {**pressable(message, presses=self._presses), "flags": flags}
        once = {"nonce": nonce(message.notification_id), "enforce_nonce": True}
        return self._judged(await self._call("POST", f"/channels/{channel_id}/messages", {**said, **once}))

    async def amend(self, message: Message, address: Address, *, provider_id: str) -> Outcome:
        """Have the message say what `message` says; `provider_id` names its channel and itself."""
        channel_id, _, message_id = provider_id.rpartition(":")
        if not (channel_id.isdecimal() and message_id.isdecimal()):
            return Failed("This is no message of Discord.")
        if address.value.startswith("https:"):
            path, query = _webhook(address.value)
            url = f"{self._url}{path}/messages/{message_id}{query.replace('&', '?', 1)}"
            answer = await self._caller.call("PATCH", url, json=linked(message))
        else:
            path = f"/channels/{channel_id}/messages/{message_id}"
            answer = await self._call("PATCH", path, pressable(message, presses=self._presses))
        return tried_again(self._judged(answer))

    async def close(self) -> None:
        """Close the open connections."""
        await self._caller.close()

    async def _channel(self, where: str) -> str | Outcome:
        """Return the id of the channel to write in, a person's conversation with the bot, or why there is none."""
        if not self._token:
            return Failed(MISSING, Fault.SETTINGS)
        if where.startswith("channel:"):
            return where.removeprefix("channel:")
        if (known := self._conversations.get(where)) is not None:
            return known
        opened = await self._call("POST", "/users/@me/channels", {"recipient_id": where})
        outcome = tried_again(self._judged(opened))
        channel_id = str(opened.fields().get("id", "")) if isinstance(opened, Answer) else ""
        if not isinstance(outcome, Sent) or not channel_id:
            return Failed("Discord opened no conversation.") if isinstance(outcome, Sent) else outcome
        self._conversations.put(where, channel_id)
        return channel_id

    async def _call(self, method: str, path: str, body: Mapping[str, Any]) -> Called:
        return await self._caller.call(
            method, f"{self._url}{path}", json=body, headers={"Authorization": f"Bot {self._token}"}
        )

    def _judged(self, answer: Called) -> Outcome:
        if not isinstance(answer, Answer):
            return answer
        told = answer.fields()
        if answer.ok:
            return self._caller.named(f"{told.get('channel_id', '')}:{told['id']}" if told.get("id") else "")
        words, code = str(told.get("message") or answer.words()), told.get("code")
        reason = f"Discord said {answer.status}: {words}"
        if answer.status == 429:
            return Retry(reason, Fault.THROTTLED, after=self._after(answer))
        if answer.status == 401:
            return Failed("Discord does not know the bot's token (OPSKNIGHT_DISCORD_TOKEN).", Fault.SETTINGS)
        if code in _GONE:
            return Failed(reason, Fault.ADDRESS, gone=True)
        if code in _NOT_NOW:
            return Failed(_NOT_NOW[code], Fault.ADDRESS)
        return self._caller.judged(answer, words=words)

    def _after(self, answer: Answer) -> timedelta | None:
        wait_s = answer.fields().get("retry_after")
        if isinstance(wait_s, int | float) and 0 < wait_s < 1e9:
            return timedelta(seconds=wait_s)
        return retry_after(answer.headers.get("Retry-After"), at=self._caller.now())


def pressable(message: Message, *, presses: bool = True) -> Mapping[str, Any]:
    """Return what a message of the bot says, with its buttons; each of them works without signing in."""
    offered = buttons(message.kind, about_one=message.is_pressable, became=message.became)
    row: list[Mapping[str, Any]] = [
        {
            "type": _BUTTON,
            "style": _STYLES[each.press],
            "label": each.label,
            "custom_id": data(each.press, message.notification_id),
        }
        for each in (offered if presses else ())
    ]
    text = _lines(message)
    if is_linkable(message.url):
        row.append({"type": _BUTTON, "style": _LINK, "label": say("Open"), "url": message.url})
    else:
        text.append(f"<{message.url}>")
    rows: Sequence[Mapping[str, Any]] = [{"type": _ROW, "components": row}] if row else []
    return {"content": "\n".join(text), "components": rows, "allowed_mentions": {"parse": []}}


def linked(message: Message) -> Mapping[str, Any]:
    """Return what a post by webhook says: buttons of webhooks reach nobody, so it ends in links."""
    links = [f"[{say('Open')}](<{message.url}>)"]
    if message.acknowledge_url and message.became is None:
        links.insert(0, f"[{say('Acknowledge')}](<{message.acknowledge_url}>)")
    text = "\n".join([*_lines(message, less=sum(map(len, links))), " · ".join(links)])
    return {"content": text, "allowed_mentions": {"parse": []}}


def nonce(notification_id: UUID) -> str:
    """Return the notification's name in 22 characters; Discord takes 25."""
    return base64.urlsafe_b64encode(notification_id.bytes).decode().rstrip("=")


def _lines(message: Message, *, less: int = 0) -> list[str]:
    subject = escaped(message.subject, MAX_SUBJECT)
    room = MAX_TEXT - length(subject) - max(less, length(message.url)) - 20
    body = escaped(message.body, room) if message.body else ""
    return [f"**{subject}**", *([body] if body else [])]


def _webhook(address: str) -> tuple[str, str]:
    """Return a webhook's path below the API, and what its query has besides, as `&name=value`."""
    parts = urlsplit(address)
    query = f"&{parts.query}" if parts.query else ""
    return parts.path.removeprefix("/api"), query
