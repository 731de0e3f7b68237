"""Web Push of the signed-in person's browsers, receipts from service workers, and a test page to oneself."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from opsknight import crypto
from opsknight.api.auth import SignedIn, needs
from opsknight.api.plain_json import plain_json
from opsknight.deps import Deps
from opsknight.domain.commands import devices, receipts
from opsknight.domain.commands.contact_methods import Subscription, page_me, subscribe, unsubscribe
from opsknight.domain.model.link import RECEIPT
from opsknight.domain.model.permission import Need
from opsknight.domain.model.web_address import MAX_ADDRESS

Endpoint = Annotated[str, Field(min_length=1, max_length=MAX_ADDRESS)]
Token = Annotated[str, Field(min_length=1, max_length=2048)]


class Keys(BaseModel):
    """The public keys of a browser's subscription."""

    p256dh: Annotated[str, Field(max_length=200)]
    auth: Annotated[str, Field(max_length=100)]


class NewSubscription(BaseModel):
    """What `PushSubscription.toJSON()` says, the device's name, and the address that it replaces, if it does."""

    endpoint: Endpoint
    keys: Keys
    label: Annotated[str, Field(max_length=200)] = ""
    replaces: Endpoint | None = None


class OldSubscription(BaseModel):
    """Which subscription is to end."""

    endpoint: Endpoint


class Sign(BaseModel):
    """Which browser it is, and the secret of its subscription that proves it."""

    endpoint: Endpoint
    auth: Annotated[str, Field(max_length=100)]


class Receipt(BaseModel):
    """The signed word of a service worker that it showed a message."""

    receipt: Token


def router(deps: Deps) -> APIRouter:
    """Serve /api/v1/push and /api/v1/me/page."""
    routes = APIRouter(prefix="/api/v1", tags=["push"])
    own = [needs(Need.OWN_METHODS)]

    @routes.get("/push/key", dependencies=own)
    async def key() -> Response:
        """Return the public key by which browsers know that pushes come from this installation."""
        return plain_json({"key": deps.installation.vapid_public})

    @routes.post(
        "/push/subscriptions",
        status_code=201,
        dependencies=own,
        responses={200: {"description": "It is confirmed already.", "content": {"application/json": {}}}},
    )
    async def add(wish: NewSubscription, viewer: SignedIn) -> Response:
        """Reach the signed-in person at this browser. It counts once a confirming push was accepted."""
        async with deps.commands(viewer.actor) as uow:
            done = await subscribe(
                uow,
                Subscription(wish.endpoint, wish.keys.p256dh, wish.keys.auth),
                label=wish.label,
                replaces=wish.replaces,
                allow_private=deps.settings.push_allow_private,
            )
        body = {"id": done.contact_method_id, "verified": done.verified, "sentence": done.sentence}
        return plain_json(body, status=200 if done.verified else 201)

    @routes.delete("/push/subscriptions", dependencies=own)
    async def remove(wish: OldSubscription, viewer: SignedIn) -> Response:
        """Send nothing to this browser any more."""
        async with deps.commands(viewer.actor) as uow:
            was_on = await unsubscribe(uow, wish.endpoint)
        sentence = "Push is off on this device." if was_on else "Push was off on this device already."
        return plain_json({"sentence": sentence})

    @routes.post("/push/receipts", status_code=204, dependencies=[needs(Need.OWN_METHODS, by_link=True)])
    async def receive(word: Receipt) -> Response:
        """Note that a message was shown. The signed receipt of the push is the permission."""
        claims = crypto.verify(deps.installation.secret, word.receipt, now=deps.clock.now(), purpose=RECEIPT)
        async with deps.commands("system:receipt") as uow:
            await receipts.delivered(uow, UUID(claims["jti"]))
        return Response(status_code=204)

    @routes.post("/push/heartbeat", status_code=204, dependencies=[needs(Need.OWN_METHODS, by_link=True)])
    async def hear(sign: Sign) -> Response:
        """Note that a browser is there. Its subscription's secret is the permission; the answer says nothing."""
        async with deps.commands("system:heartbeat") as uow:
            await devices.heard(uow, sign.endpoint, sign.auth)
        return Response(status_code=204)

    @routes.post("/me/page", status_code=202, dependencies=own)
    async def test(viewer: SignedIn) -> Response:
        """Send a test page to every verified contact method of the signed-in person."""
        async with deps.commands(viewer.actor) as uow:
            page = await page_me(uow)
        return plain_json({"sentence": page.sentence, "page": str(page.page_id), "to": page.to}, status=202)

    return routes
