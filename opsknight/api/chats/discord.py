"""Discord: presses of our application's buttons, answered to the presser alone.

Source: https://discord.com/developers/docs/interactions/receiving-and-responding, …/interactions/overview
#setting-up-an-endpoint (Ed25519 over the timestamp and the body; a wrong signature must be refused with 401).
"""

from __future__ import annotations

from typing import Annotated, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from fastapi import APIRouter, Header, Request
from pydantic import BaseModel, ValidationError
from starlette.responses import Response

from opsknight.api.auth import needs
from opsknight.api.chats.calls import MOST, Heeded, unproven
from opsknight.api.plain_json import plain_json
from opsknight.api.pressing import GONE, Pressed, press
from opsknight.api.signatures import is_fresh
from opsknight.api.signed_bodies import body_of
from opsknight.deps import Deps
from opsknight.domain.model.button import pressed
from opsknight.domain.model.channel import shortened
from opsknight.domain.model.permission import Need
from opsknight.domain.model.speech import later, say

VIA: Final = later("Discord button")
ANSWERED_AT_MOST: Final = 1900
_PING, _COMPONENT = 1, 3
_PONG, _MESSAGE = 1, 4
_TO_THE_PRESSER: Final = 1 << 6


class _User(BaseModel):
    id: str


class _Member(BaseModel):
    user: _User


class _Data(BaseModel):
    custom_id: str = ""


class _Interaction(BaseModel):
    """Within a server the presser is a member, in a direct message a user."""

    id: str
    type: int
    data: _Data | None = None
    member: _Member | None = None
    user: _User | None = None


def router(deps: Deps) -> APIRouter:
    """Serve /discord."""
    routes, heeded = APIRouter(), Heeded()

    @routes.post("/discord", dependencies=[needs(Need.RESPOND, by_link=True)])
    async def take(
        request: Request,
        signature: Annotated[str, Header(alias="X-Signature-Ed25519")] = "",
        timestamp: Annotated[str, Header(alias="X-Signature-Timestamp")] = "",
    ) -> Response:
        key = deps.proofs.get("discord", "")
        body = await body_of(request, at_most=MOST) if key and is_fresh(timestamp, now=deps.clock.now()) else b""
        if not body or not is_signed(key, signature, timestamp.encode() + body):
            return unproven()
        try:
            interaction = _Interaction.model_validate_json(body)
        except ValidationError:
            return _answer(say(GONE))
        if interaction.type == _PING:
            return plain_json({"type": _PONG})
        if heeded.knows(interaction.id):
            return unproven()
        done = await _pressed(deps, interaction)
        heeded.note(interaction.id, now=deps.clock.now())
        return _answer(done.sentence)

    return routes


def is_signed(key: str, signature: str, signed: bytes) -> bool:
    """Say whether `signature` is the one that the holder of `key` makes for `signed`; both are hexadecimal."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(bytes.fromhex(signature), signed)
    except (InvalidSignature, ValueError):
        return False
    return True


async def _pressed(deps: Deps, interaction: _Interaction) -> Pressed:
    user = interaction.member.user if interaction.member else interaction.user
    meant = pressed(interaction.data.custom_id) if interaction.data and interaction.type == _COMPONENT else None
    if user is None or meant is None:
        return Pressed(say(GONE))
    what, notification_id = meant
    return await press(deps, channel="discord", identity=user.id, notification_id=notification_id, what=what, via=VIA)


def _answer(sentence: str) -> Response:
    told = {
        "content": shortened(sentence, ANSWERED_AT_MOST),
        "flags": _TO_THE_PRESSER,
        "allowed_mentions": {"parse": []},
    }
    return plain_json({"type": _MESSAGE, "data": told})
