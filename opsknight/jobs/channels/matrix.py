"""Matrix: a message in a room, by any home server.

Source: https://spec.matrix.org/latest/client-server-api/ (sending events, transaction identifiers, rate limiting,
m.room.message, user mentions, event replacements, directory/room, join).
"""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

import orjson
from pydantic import Field
from pydantic_settings import SettingsConfigDict

from opsknight.domain.model.channel import BadAddress, ChannelKind, one_line, shortened
from opsknight.domain.model.retry import retry_after
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
    Retry,
    Sent,
    Urgency,
    tried_again,
)
from opsknight.jobs.channels.http import Answer, Called, Caller
from opsknight.jobs.channels.remembered import Remembered

MISSING: Final = "No Matrix account is set (OPSKNIGHT_MATRIX_URL and OPSKNIGHT_MATRIX_TOKEN), so no room is reached."
MAX_SUBJECT: Final = 800
MAX_BODY: Final = 3000
"""Characters, twice in an event, of six bytes at most when escaped; an event takes 65,536 bytes in all."""
KNOWN: Final = 500
"""Aliases whose room is remembered."""
_ROOM: Final = re.compile(r"![^\s/?#:]{1,200}(?::[\w.:\[\]-]{1,255})?|#[^\s/?#:]{1,200}:[\w.:\[\]-]{1,255}")


class MatrixSettings(ChannelSettings):
    """What an operator sets for Matrix."""

    model_config = SettingsConfigDict(env_prefix="OPSKNIGHT_MATRIX_")

    url: str = Field(
        default="", description="Home server of OpsKnight's Matrix account, as https://matrix.example.com."
    )
    token: str = Field(default="", repr=False, description="Access token of that account.")


def room(text: str) -> str:
    """Return a room's id or alias as it is stored.

    Raises:
        BadAddress: it is neither.
    """
    named = one_line(text)
    if not _ROOM.fullmatch(named):
        raise BadAddress("A room is named by its ID, such as !Qx7f:example.com, or its address, #ops:example.com.")
    return named


KIND: Final = ChannelKind(
    "matrix",
    "Room ID or address",
    "!OGEhHVWSdvArJzumhm:example.com",
    room,
    help="Begin a chat with OpsKnight's account, or invite it to a room; the ID is in the room's settings, Advanced.",
    rooms=True,
)


def missing(ground: Ground) -> str:
    """Return what has to be set before anything goes out, empty when it is."""
    its = ground.read(MatrixSettings)
    return "" if its.url and its.token else MISSING


def make(ground: Ground) -> MatrixChannel:
    """Return the channel as the settings want it."""
    its = ground.read(MatrixSettings)
    return MatrixChannel(its.url, token=its.token, now=ground.now)


class MatrixChannel:
    """Writes as the account that has `token` on the home server at `url`, an operator's own, so it may be private."""

    def __init__(self, url: str, *, token: str, now: Callable[[], datetime], budget_s: float = BUDGET_S) -> None:
        """Keep how to write; nothing is opened yet."""
        self._url = f"{url.rstrip('/')}/_matrix/client/v3"
        self._headers = {"Authorization": f"Bearer {token}"}
        self._caller = Caller("Matrix", now=now, budget_s=budget_s, allow_private=True)
        self._rooms = Remembered(KNOWN)

    async def send(self, message: Message, address: Address) -> Outcome:
        """Write `message`; its transaction is the notification, so that it is there once however often it is sent."""
        return await self._write(said(message), address.value, str(message.notification_id))

    async def amend(self, message: Message, address: Address, *, provider_id: str) -> Outcome:
        """Have the event say what `message` says, by an event that replaces it."""
        if not provider_id.startswith("$"):
            return Failed("This is no message of Matrix.")
        new = said(message)
        relates = {"rel_type": "m.replace", "event_id": provider_id}
        content = {**new, "body": f"* {new['body']}", "m.new_content": new, "m.relates_to": relates}
        transaction = f"{message.notification_id}-{hashlib.sha256(orjson.dumps(new)).hexdigest()[:16]}"
        return tried_again(await self._write(content, address.value, transaction))

    async def close(self) -> None:
        """Close the open connections."""
        await self._caller.close()

    async def _write(self, content: Mapping[str, Any], named: str, transaction: str) -> Outcome:
        """Write in the room; one that we were invited to and are not in yet is joined first."""
        room_id = await self._room(named)
        if not isinstance(room_id, str):
            return room_id
        path = f"/rooms/{quote(room_id, safe='')}/send/m.room.message/{transaction}"
        answer = await self._call("PUT", path, content)
        if isinstance(answer, Answer) and answer.status == 403 and _error(answer) == "M_FORBIDDEN":
            joined = tried_again(self._judged(await self._call("POST", f"/join/{quote(named, safe='')}", {})))
            if not isinstance(joined, Sent):
                return joined
            answer = await self._call("PUT", path, content)
        outcome = self._judged(answer)
        return self._caller.named(outcome.provider_id) if isinstance(outcome, Sent) else outcome

    async def _room(self, named: str) -> str | Outcome:
        """Return the id of a room, or why none is found."""
        if named.startswith("!"):
            return named
        if (known := self._rooms.get(named)) is not None:
            return known
        answer = await self._call("GET", f"/directory/room/{quote(named, safe='')}", None)
        outcome = tried_again(self._judged(answer))
        if not isinstance(outcome, Sent):
            return outcome
        room_id = str(answer.fields().get("room_id", "")) if isinstance(answer, Answer) else ""
        if not room_id.startswith("!"):
            return Failed(f"Matrix knows no room {named}.", Fault.ADDRESS)
        self._rooms.put(named, room_id)
        return room_id

    async def _call(self, method: str, path: str, body: Mapping[str, Any] | None) -> Called:
        return await self._caller.call(method, f"{self._url}{path}", json=body, headers=self._headers)

    def _judged(self, answer: Called) -> Outcome:
        if not isinstance(answer, Answer):
            return answer
        told = answer.fields()
        if answer.ok:
            return Sent(str(told.get("event_id", ""))[:100])
        words = str(told.get("error") or answer.words())
        reason = f"Matrix said {answer.status}: {words}"
        match _error(answer):
            case "M_LIMIT_EXCEEDED":
                return Retry(reason, Fault.THROTTLED, after=self._after(answer))
            case "M_UNKNOWN_TOKEN" | "M_MISSING_TOKEN":
                return Failed("Matrix does not know the token (OPSKNIGHT_MATRIX_TOKEN).", Fault.SETTINGS)
            case "M_USER_DEACTIVATED":
                return Failed("OpsKnight's Matrix account is deactivated.", Fault.SETTINGS)
            case "M_FORBIDDEN":
                return Failed(f"{reason}. Invite OpsKnight's account to the room.", Fault.ADDRESS)
            case "M_NOT_FOUND" | "M_INVALID_PARAM":
                return Failed(reason, Fault.ADDRESS)
            case _:
                return self._caller.judged(answer, words=words)

    def _after(self, answer: Answer) -> timedelta | None:
        """Return how long to wait, by the header, or by the field that older servers have instead."""
        by_header = retry_after(answer.headers.get("Retry-After"), at=self._caller.now())
        wait_ms = answer.fields().get("retry_after_ms")
        if by_header is None and isinstance(wait_ms, int) and 0 < wait_ms < 10**12:
            return timedelta(milliseconds=wait_ms)
        return by_header


def said(message: Message) -> Mapping[str, Any]:
    """Return what an event says, in plain text and in HTML in which nothing of strangers is markup or a mention.

    Low urgency is a notice, for which clients do not ring.
    """
    subject, body = shortened(message.subject, MAX_SUBJECT), shortened(message.body, MAX_BODY)
    links = [(say("Open"), message.url)]
    if message.acknowledge_url and message.became is None:
        links.insert(0, (say("Acknowledge"), message.acknowledge_url))
    plain = [subject, *([body] if body else []), *(f"{label}: {url}" for label, url in links)]
    rich = [
        f"<strong>{html.escape(subject)}</strong>",
        *([html.escape(body).replace("\n", "<br>")] if body else []),
        " · ".join(f'<a href="{html.escape(url)}">{label}</a>' for label, url in links),
    ]
    return {
        "msgtype": "m.text" if message.urgency is Urgency.HIGH else "m.notice",
        "body": "\n".join(plain),
        "format": "org.matrix.custom.html",
        "formatted_body": "<br>".join(rich),
        "m.mentions": {},
    }


def _error(answer: Answer) -> str:
    return str(answer.fields().get("errcode", ""))
