"""Pushover: its word that somebody has acknowledged on the phone what sounds there, so has seen it.

Pushover signs nothing; the address that it calls carries our own signed word, which names the message.
Source: https://pushover.net/api/receipts#callback
"""

from __future__ import annotations

from typing import Annotated
from urllib.parse import parse_qs
from uuid import UUID

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from opsknight import crypto
from opsknight.api.again import again
from opsknight.api.auth import needs
from opsknight.api.chats.calls import MOST, unproven
from opsknight.api.signed_bodies import body_of
from opsknight.crypto import BadToken
from opsknight.deps import Deps
from opsknight.domain.commands import receipts
from opsknight.domain.model.link import RECEIPT
from opsknight.domain.model.permission import Need

Token = Annotated[str, Path(min_length=1, max_length=2048)]


def router(deps: Deps) -> APIRouter:
    """Serve /pushover/{receipt}."""
    routes = APIRouter()

    @routes.post("/pushover/{receipt}", dependencies=[needs(Need.OWN_METHODS, by_link=True)])
    async def take(receipt: Token, request: Request) -> Response:
        try:
            claims = crypto.verify(deps.installation.secret, receipt, now=deps.clock.now(), purpose=RECEIPT)
        except BadToken:
            return unproven()
        form = parse_qs((await body_of(request, at_most=MOST)).decode("utf-8", "replace"))
        if form.get("acknowledged") == ["1"]:
            await again(lambda: _seen(deps, UUID(claims["jti"])))
        return Response(status_code=204)

    return routes


async def _seen(deps: Deps, notification_id: UUID) -> None:
    async with deps.commands("system:receipt") as uow:
        await receipts.seen(uow, notification_id)
