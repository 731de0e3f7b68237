"""Google Chat: a card in a space, by the space's webhook, with links.

Sources: https://developers.google.com/workspace/chat/quickstart/webhooks,
https://developers.google.com/workspace/chat/api/reference/rest/v1/spaces.messages/create (requestId, messageId),
https://developers.google.com/workspace/chat/api/reference/rest/v1/cards, …/chat/format-messages (cards read HTML).
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, cast
from urllib.parse import parse_qs, quote, urlsplit

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
)
from opsknight.jobs.channels.http import Answer, Caller

MAX_SUBJECT: Final = 400
MAX_BODY: Final = 3000
"""Characters, each of six bytes at most when it is escaped; Google takes 32,000 bytes in all."""
_PATH: Final = re.compile(r"/v1/(spaces/[\w-]{1,100})/messages")
_HOST: Final = "chat.googleapis.com"


class GoogleChatSettings(ChannelSettings):
    """What an operator sets for Google Chat: nothing, where Google itself is reached."""

    model_config = SettingsConfigDict(env_prefix="OPSKNIGHT_GOOGLE_CHAT_")

    url: str = Field(default="https://chat.googleapis.com", description="Google Chat's API, or a proxy in front of it.")


def webhook(text: str) -> str:
    """Return a space's webhook with its key and token, and nothing else that stood there.

    Raises:
        BadAddress: it is none.
    """
    parts = urlsplit(one_line(text))
    asked = parse_qs(parts.query)
    key, token = asked.get("key", [""])[0], asked.get("token", [""])[0]
    found = _PATH.fullmatch(parts.path)
    if parts.scheme != "https" or parts.netloc != _HOST or found is None or not key or not token:
        raise BadAddress(
            "A space's webhook begins with https://chat.googleapis.com/v1/spaces/ and has a key and a token at its end."
        )
    return f"https://{_HOST}/v1/{found[1]}/messages?key={quote(key, safe='')}&token={quote(token, safe='')}"


KIND: Final = ChannelKind(
    "google_chat",
    "Webhook URL",
    "https://chat.googleapis.com/v1/spaces/AAAA/messages?key=…&token=…",
    webhook,
    help="In Google Chat open a space's name → Apps & integrations → Webhooks, add one and copy its link.",
    rooms=True,
)


def make(ground: Ground) -> GoogleChatChannel:
    """Return the channel as the settings want it."""
    return GoogleChatChannel(ground.read(GoogleChatSettings).url, now=ground.now)


class GoogleChatChannel:
    """Posts by webhooks through the API at `url`: the operator's word, so it may be private."""

    def __init__(self, url: str, *, now: Callable[[], datetime], budget_s: float = BUDGET_S) -> None:
        """Keep how to post; nothing is opened yet."""
        self._url = url.rstrip("/")
        self._caller = Caller("Google Chat", now=now, budget_s=budget_s, allow_private=True)

    async def send(self, message: Message, address: Address) -> Outcome:
        """Post `message`; the notification names it, so that it is there once however often it is sent."""
        parts = urlsplit(address.value)
        name = str(message.notification_id)
        url = f"{self._url}{parts.path}?{parts.query}&requestId={name}&messageId=client-{name}"
        answer = await self._caller.call("POST", url, json=said(message))
        if not isinstance(answer, Answer):
            return answer
        told = answer.fields()
        if answer.status == 409:
            return Sent(detail="Google Chat had it already.")
        error: Any = told.get("error")
        words = str(cast("Mapping[str, Any]", error).get("message", "")) if isinstance(error, dict) else ""
        outcome = self._caller.judged(answer, words=words or (None if not answer.ok else ""))
        if isinstance(outcome, Sent):
            return self._caller.named(str(told.get("name") or ""))
        if isinstance(outcome, Failed) and answer.status in (401, 403, 404):  # key and token are the address's own
            return Failed(outcome.reason, Fault.ADDRESS, gone=answer.status == 404)
        return outcome

    async def close(self) -> None:
        """Close the open connections."""
        await self._caller.close()


def said(message: Message) -> Mapping[str, Any]:
    """Return what a post says: a card of the cause and its lines, links, and the line for lock screens."""
    links = [_link(say("Open"), message.url)]
    if message.acknowledge_url:
        links.insert(0, _link(say("Acknowledge"), message.acknowledge_url))
    subject = html.escape(shortened(message.subject, MAX_SUBJECT))
    body = html.escape(shortened(message.body, MAX_BODY))
    text = f"<b>{subject}</b>\n{body}" if body else f"<b>{subject}</b>"
    widgets = [{"textParagraph": {"text": text}}, {"buttonList": {"buttons": links}}]
    return {
        "cardsV2": [{"cardId": "page", "card": {"sections": [{"widgets": widgets}]}}],
        "fallbackText": shortened(message.subject, MAX_SUBJECT),
    }


def _link(label: str, url: str) -> Mapping[str, Any]:
    return {"text": label, "onClick": {"openLink": {"url": url}}}
