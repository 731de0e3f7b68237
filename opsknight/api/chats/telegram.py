"""Telegram: what people press and write in chats with our bot, and what is answered to it.

Updates come by Telegram's call here, or are fetched (`jobs/telegram_updates.py`) where the installation cannot be
called. Either way `heed` returns a method of the Bot API to call in answer, which Telegram takes in place of an
answer's body too. Source: https://core.telegram.org/bots/api (Update, CallbackQuery, setWebhook, answerCallbackQuery,
“Making requests when getting updates”).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field, ValidationError
from starlette.responses import Response

from opsknight.api.auth import needs
from opsknight.api.chats.calls import MOST, Heeded, unproven
from opsknight.api.plain_json import plain_json
from opsknight.api.pressing import GONE, Pressed, press
from opsknight.api.signatures import is_token
from opsknight.api.signed_bodies import body_of
from opsknight.deps import Deps
from opsknight.domain.model.button import pressed
from opsknight.domain.model.channel import shortened
from opsknight.domain.model.permission import Need
from opsknight.domain.model.speech import later, say

VIA: Final = later("Telegram button")
PROOF: Final = "x-telegram-bot-api-secret-token"
ANSWERED_AT_MOST: Final = 200
"""Characters of the answer to a press."""


class _Person(BaseModel):
    id: int


class _Chat(BaseModel):
    id: int
    type: str = ""


class _Written(BaseModel):
    chat: _Chat
    text: str = ""


class _Press(BaseModel):
    id: str
    by: _Person = Field(alias="from")
    data: str = ""


class Update(BaseModel):
    """One of Telegram's updates, as far as we ask for them."""

    update_id: int
    message: _Written | None = None
    callback_query: _Press | None = None


def router(deps: Deps) -> APIRouter:
    """Serve /telegram."""
    routes, heeded = APIRouter(), Heeded()

    @routes.post("/telegram", dependencies=[needs(Need.RESPOND, by_link=True)])
    async def take(request: Request) -> Response:
        secret = deps.proofs.get("telegram")
        if not secret or not is_token(request.headers.get(PROOF, ""), secret):
            return unproven()
        update = read(await body_of(request, at_most=MOST))
        if update is None or heeded.knows(str(update.update_id)):
            return plain_json({})
        answer = await heed(deps, update)
        heeded.note(str(update.update_id), now=deps.clock.now())
        return plain_json(answer or {})

    return routes


def read(update: bytes | Mapping[str, Any]) -> Update | None:
    """Return an update as it is understood, None where it is none."""
    try:
        return Update.model_validate_json(update) if isinstance(update, bytes) else Update.model_validate(update)
    except ValidationError:
        return None


async def heed_raw(deps: Deps, update: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Do what `heed` does with an update that was fetched."""
    understood = read(update)
    return None if understood is None else await heed(deps, understood)


async def heed(deps: Deps, update: Update) -> Mapping[str, Any] | None:
    """Do what an update asks for; return the method to answer with and its parameters, None for nothing to say."""
    if update.callback_query is not None:
        return await _pressed(deps, update.callback_query)
    if update.message is not None and update.message.text.startswith("/start"):
        return _greeting(deps, update.message.chat)
    return None


async def _pressed(deps: Deps, query: _Press) -> Mapping[str, Any]:
    meant = pressed(query.data)
    done = Pressed(say(GONE))
    if meant is not None:
        what, notification_id = meant
        done = await press(
            deps,
            channel="telegram",
            identity=str(query.by.id),
            notification_id=notification_id,
            what=what,
            via=VIA,
            once=query.id,
        )
    return {
        "method": "answerCallbackQuery",
        "callback_query_id": query.id,
        "text": shortened(done.sentence, ANSWERED_AT_MOST),
        "show_alert": not done.done,  # what went otherwise than wanted stays until it is read
    }


def _greeting(deps: Deps, chat: _Chat) -> Mapping[str, Any]:
    """Tell the id by which a chat is added, so that nobody has to look for it."""
    people, teams = f"{deps.settings.address}/me", f"{deps.settings.address}/teams"
    if chat.type in ("", "private"):
        what = say(
            "Your chat id is {id}. To be paged here, add it to your contact methods at {address}",
            id=chat.id,
            address=people,
        )
    else:
        what = say(
            "The id of this chat is {id}. Who manages a team adds it there as a channel, in OpsKnight at {address}",
            id=chat.id,
            address=teams,
        )
    preview: Mapping[str, Any] = {"is_disabled": True}
    return {"method": "sendMessage", "chat_id": chat.id, "text": what, "link_preview_options": preview}
