"""Mattermost: presses of buttons in our posts, answered to the presser alone.

Mattermost signs nothing; a button's context, which it keeps from people, proves that the call comes from the server
that holds the post. Source: https://developers.mattermost.com/integrate/plugins/interactive-messages
"""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request
from pydantic import BaseModel, ValidationError
from starlette.responses import Response

from opsknight.api.auth import needs
from opsknight.api.chats.calls import MOST, unproven
from opsknight.api.plain_json import plain_json
from opsknight.api.pressing import GONE, Pressed, press
from opsknight.api.signatures import is_token
from opsknight.api.signed_bodies import body_of
from opsknight.deps import Deps
from opsknight.domain.model.button import pressed, sealed
from opsknight.domain.model.markdown import escaped
from opsknight.domain.model.permission import Need
from opsknight.domain.model.speech import later, say

VIA: Final = later("Mattermost button")
ANSWERED_AT_MOST: Final = 2000


class _Context(BaseModel):
    press: str
    proof: str


class _Action(BaseModel):
    user_id: str
    context: _Context


def router(deps: Deps) -> APIRouter:
    """Serve /mattermost."""
    routes = APIRouter()

    @routes.post("/mattermost", dependencies=[needs(Need.RESPOND, by_link=True)])
    async def take(request: Request) -> Response:
        secret = deps.proofs.get("mattermost", "")
        try:
            action = _Action.model_validate_json(await body_of(request, at_most=MOST)) if secret else None
        except ValidationError:
            action = None
        if action is None or not is_token(action.context.proof, sealed(action.context.press, secret)):
            return unproven()
        done = await _pressed(deps, action)
        return plain_json({"ephemeral_text": escaped(done.sentence, ANSWERED_AT_MOST), "skip_slack_parsing": True})

    return routes


async def _pressed(deps: Deps, action: _Action) -> Pressed:
    meant = pressed(action.context.press)
    if meant is None:
        return Pressed(say(GONE))
    what, notification_id = meant
    return await press(
        deps, channel="mattermost", identity=action.user_id, notification_id=notification_id, what=what, via=VIA
    )
