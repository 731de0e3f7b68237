"""Telegram: a message of a bot in a chat, with buttons that work without signing in.

Source: https://core.telegram.org/bots/api (sendMessage, editMessageText, InlineKeyboardButton, ResponseParameters,
“Making requests”). A local Bot API server speaks the same: https://core.telegram.org/bots/api#using-a-local-bot-api-server
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final, cast

from pydantic import Field, field_validator
from pydantic_settings import SettingsConfigDict

from opsknight.domain.model.button import buttons, data
from opsknight.domain.model.channel import BadAddress, ChannelKind, one_line, shortened
from opsknight.domain.model.retry import LONGEST_S
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

MISSING: Final = "No Telegram bot is set (OPSKNIGHT_TELEGRAM_TOKEN), so nobody can be reached by Telegram."
MAX_SUBJECT: Final = 800
MAX_TEXT: Final = 4000
"""Characters; Telegram takes 4,096."""
_CHAT: Final = re.compile(r"-?[1-9][0-9]{0,18}|@[A-Za-z][A-Za-z0-9_]{4,31}")
_MENTION: Final = re.compile(r"(?<!\w)@(?=\w)")
_UNKNOWN: Final = ("chat not found", "user not found", "peer_id_invalid")


class TelegramSettings(ChannelSettings):
    """What an operator sets for Telegram."""

    model_config = SettingsConfigDict(env_prefix="OPSKNIGHT_TELEGRAM_")

    url: str = Field(
        default="https://api.telegram.org",
        description="Telegram's Bot API; your own server of it for a closed network.",
    )
    token: str = Field(default="", repr=False, description="Token of your Telegram bot, from @BotFather.")
    webhook_secret: str = Field(
        default="",
        repr=False,
        description="16 to 256 letters, digits, _ and -, chosen by you: Telegram then calls OpsKnight when a button is"
        " pressed. Without it OpsKnight asks Telegram, which needs no way in from the internet.",
    )

    @field_validator("webhook_secret")
    @classmethod
    def _as_telegram_takes_it(cls, secret: str) -> str:
        if secret and not re.fullmatch(r"[A-Za-z0-9_-]{16,256}", secret):
            raise ValueError("must have 16 to 256 letters, digits, _ and -")
        return secret


def chat(text: str) -> str:
    """Return a chat's id, or the name of a public channel, as it is stored.

    Raises:
        BadAddress: it is neither.
    """
    named = one_line(text)
    if not _CHAT.fullmatch(named):
        raise BadAddress("A chat's id is a number such as 123456789; write /start to the bot, and it tells you yours.")
    return named


KIND: Final = ChannelKind(
    "telegram",
    "Chat ID",
    "123456789",
    chat,
    help="Write /start to the bot in Telegram: it answers with the id of your chat. In a group, of the group.",
    rooms=True,
)


def missing(ground: Ground) -> str:
    """Return what has to be set before anything goes out, empty when it is."""
    return "" if ground.read(TelegramSettings).token else MISSING


def proof(ground: Ground) -> str:
    """Return the secret that Telegram shows when it calls us, empty where it does not."""
    return ground.read(TelegramSettings).webhook_secret


def make(ground: Ground) -> TelegramChannel:
    """Return the channel as the settings want it."""
    its = ground.read(TelegramSettings)
    return TelegramChannel(its.url, token=its.token, now=ground.now)


class TelegramChannel:
    """Writes as the bot that has `token`, by the Bot API at `url`: the operator's word, so it may be private."""

    def __init__(self, url: str, *, token: str, now: Callable[[], datetime], budget_s: float = BUDGET_S) -> None:
        """Keep how to write; nothing is opened yet."""
        self._url = f"{url.rstrip('/')}/bot{token}"
        self._caller = Caller("Telegram", now=now, budget_s=budget_s, allow_private=True)

    async def send(self, message: Message, address: Address) -> Outcome:
        """Write `message`; a group that became a supergroup meanwhile is followed to its new id."""
        body = {**said(message), "disable_notification": message.urgency is Urgency.LOW}
        answer = await self._post("sendMessage", {"chat_id": address.value, **body})
        moved_to = _parameters(answer).get("migrate_to_chat_id")
        if moved_to is not None:
            answer = await self._post("sendMessage", {"chat_id": moved_to, **body})
        return self._judged(answer)

    async def amend(self, message: Message, address: Address, *, provider_id: str) -> Outcome:  # noqa: ARG002
        """Have the message say what `message` says; `provider_id` names its chat, also one that moved."""
        chat_id, _, message_id = provider_id.rpartition(":")
        if not message_id.isdecimal():
            return Failed("This is no message of Telegram.")
        body = {"chat_id": chat_id, "message_id": int(message_id), **said(message)}
        answer = await self._post("editMessageText", body)
        if isinstance(answer, Answer) and "message is not modified" in str(answer.fields().get("description", "")):
            return Sent(provider_id, detail="It says so already.")
        return tried_again(self._judged(answer))

    async def close(self) -> None:
        """Close the open connections."""
        await self._caller.close()

    async def _post(self, method: str, body: Mapping[str, Any]) -> Called:
        return await self._caller.call("POST", f"{self._url}/{method}", json=body)

    def _judged(self, answer: Called) -> Outcome:
        if not isinstance(answer, Answer):
            return answer
        told = answer.fields()
        words, status = str(told.get("description") or answer.words()), answer.status
        if answer.ok and told.get("ok") is False:
            status = code if isinstance(code := told.get("error_code"), int) else 400
        if 200 <= status < 300:
            return self._caller.named(_name(told.get("result")))
        reason = f"Telegram said {status}: {words}"
        if status == 429:
            wait_s = _parameters(answer).get("retry_after")
            if isinstance(wait_s, int) and wait_s > 0:
                return Retry(reason, Fault.THROTTLED, after=timedelta(seconds=min(wait_s, LONGEST_S)))
            return Retry(reason, Fault.THROTTLED, after=self._caller.patience(answer))
        if status in (400, 403):
            return _refused(reason, words.lower(), forbidden=status == 403)
        if status in (401, 404):  # a path of a bot that there is not is not found
            return Failed("Telegram does not know the bot's token (OPSKNIGHT_TELEGRAM_TOKEN).", Fault.SETTINGS)
        return self._caller.judged(replace(answer, status=status), words=words)


def _refused(reason: str, words: str, *, forbidden: bool) -> Failed:
    """Return why a chat does not take the message; what a person has to do first does not end the address."""
    if "can't initiate conversation" in words:
        return Failed("Write /start to the bot in Telegram first: it may not begin a conversation.", Fault.ADDRESS)
    if forbidden or any(each in words for each in _UNKNOWN):  # blocked, deactivated, thrown out of the group
        return Failed(reason, Fault.ADDRESS, gone=True)
    return Failed(reason)


def said(message: Message) -> Mapping[str, Any]:
    """Return what a message says, as plain text in which nothing is read as markup, a mention or a preview."""
    subject = shortened(_quiet(message.subject), MAX_SUBJECT)
    lines = [subject, *(["", _quiet(message.body)] if message.body else [])]
    pressed = [
        {"text": each.label, "callback_data": data(each.press, message.notification_id)}
        for each in buttons(message.kind, about_one=message.is_pressable, became=message.became)
    ]
    rows = [pressed[:1], pressed[1:]] if len(pressed) > 2 else [pressed]
    if is_linkable(message.url):  # Telegram refuses the whole message else
        rows[-1] = [*rows[-1], {"text": say("Open"), "url": message.url}]
        text = "\n".join(lines)
    else:
        text = f"{shortened(chr(10).join(lines), MAX_TEXT - 300)}\n{message.url}"
    bold = {"type": "bold", "offset": 0, "length": len(subject.encode("utf-16-le")) // 2}
    return {
        "text": shortened(text, MAX_TEXT),
        "entities": [bold],
        "link_preview_options": {"is_disabled": True},
        "reply_markup": {"inline_keyboard": [row for row in rows if row]},
    }


def _quiet(text: str) -> str:
    """Return `text` with a joiner after each @ that would call somebody of a group."""
    return _MENTION.sub("@\u2060", text)


def _name(result: Any) -> str:
    """Return how a message is found again: its chat and its number there."""
    if not isinstance(result, dict) or "message_id" not in result:
        return ""
    fields = cast("Mapping[str, Any]", result)
    its_chat = cast("Mapping[str, Any]", fields.get("chat") or {})
    return f"{its_chat.get('id', '')}:{fields.get('message_id', '')}"


def _parameters(answer: Called) -> Mapping[str, Any]:
    """Return what Telegram adds to a refusal so that it can be mended."""
    found = answer.fields().get("parameters") if isinstance(answer, Answer) else None
    return cast("Mapping[str, Any]", found) if isinstance(found, dict) else {}
