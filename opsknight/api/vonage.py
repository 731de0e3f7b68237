"""What Vonage tells: what became of texts, and what people answer. Messages API, signed webhooks.

A JSON Web Token is signed with the account's signature secret and names the SHA-256 of the body. Sources:
https://developer.vonage.com/en/getting-started/concepts/webhooks (signing),
https://developer.vonage.com/en/messages/concepts/messages-status-callbacks.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final, cast
from uuid import UUID

import jwt
import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from opsknight.api import early
from opsknight.api.answering import Heard, answer
from opsknight.api.auth import needs
from opsknight.api.signed_bodies import body_of
from opsknight.deps import Deps
from opsknight.domain.commands import receipts
from opsknight.domain.model.permission import Need
from opsknight.errors import SignInRequired, Unavailable
from opsknight.phone import sender

READ_AT_MOST: Final = 64 * 1024
CARRIER: Final = "vonage"
MOST: Final = 10_000
"""No text costs so much."""
WITHIN: Final = timedelta(minutes=5)
_LOST: Final = frozenset({"rejected", "undeliverable"})
Body = Mapping[str, Any]


def router(deps: Deps) -> APIRouter:
    """Serve /api/v1/vonage; every one of its routes is signed."""
    routes = APIRouter(prefix="/api/v1/vonage", tags=["phones"], include_in_schema=False)
    by_signature = [needs(Need.ACKNOWLEDGE, by_link=True)]

    @routes.post("/status", status_code=204, dependencies=by_signature)
    async def status(request: Request) -> Response:
        """Note what became of a text; in any order, and as often as it is told."""
        body = await _signed(deps, request)
        found = _notification(body) or await _named(deps, str(body.get("message_uuid", "")))
        if found is not None and not await early.noted(deps, found, lambda: _receipt(deps, found, body)):
            raise Unavailable("The text is still being handed over. Send it again.")
        return Response(status_code=204)

    @routes.post("/messages", status_code=204, dependencies=by_signature)
    async def messages(request: Request) -> Response:
        """Act on an answer; what is said to it goes by a message of its own."""
        body = await _signed(deps, request)
        name, number = str(body.get("message_uuid", ""))[:100], sender(str(body.get("from", "")))
        if body.get("channel") == "sms" and body.get("message_type") == "text" and name and number:
            await answer(deps, Heard(CARRIER, name, "sms", number, str(body.get("text", ""))))
        return Response(status_code=204)

    return routes


async def _signed(deps: Deps, request: Request) -> Body:
    """Return the body of a request that Vonage has signed within the last five minutes.

    Raises:
        SignInRequired: it has not.
    """
    its = deps.carriers.vonage
    raw = await body_of(request, at_most=READ_AT_MOST)
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    refused = SignInRequired("This request is not signed as it must be.")
    if its is None or not its.signature_secret or scheme.lower() != "bearer":
        raise refused
    try:
        # The time is judged by our own clock below.
        unjudged = {"verify_exp": False, "verify_iat": False, "verify_nbf": False, "verify_aud": False}
        claims = jwt.decode(token, its.signature_secret, algorithms=["HS256"], options=cast("Any", unjudged))
        age = deps.clock.now().timestamp() - float(claims["iat"])
        body = orjson.loads(raw)
    except (jwt.InvalidTokenError, orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        raise refused from None
    is_ours = hmac.compare_digest(str(claims.get("payload_hash", "")).lower(), hashlib.sha256(raw).hexdigest())
    if not is_ours or abs(age) > WITHIN.total_seconds() or not isinstance(body, dict):
        raise refused
    return cast("Body", body)


async def _named(deps: Deps, name: str) -> UUID | None:
    async with deps.commands("system:receipt") as uow:
        return await receipts.of_provider(uow, CARRIER, name)


async def _receipt(deps: Deps, notification_id: UUID, body: Body) -> bool:
    """Write down what is told of a message; return whether all of it could be."""
    said, name, price = str(body.get("status", "")), str(body.get("message_uuid", "")), _price(body)
    async with deps.commands("system:receipt") as uow:
        complete = True
        if said == "delivered":
            await receipts.delivered(uow, notification_id)
        elif said == "read":
            await receipts.seen(uow, notification_id)
        elif said in _LOST:
            words = f"Vonage said {said}{_words(body)}"
            complete = await receipts.undelivered(uow, notification_id, detail=words, carrier=CARRIER, provider_id=name)
        if price is not None:
            known = {"carrier": CARRIER, "provider_id": name}
            complete &= await receipts.cost(uow, notification_id, cost=price[0], currency=price[1], **known)
    return complete


def _notification(body: Body) -> UUID | None:
    """Return the notification that our own reference names."""
    try:
        return UUID(str(body.get("client_ref", "")))
    except ValueError:
        return None


def _price(body: Body) -> tuple[Decimal, str] | None:
    """Return what Vonage says that a text has cost, None where it does not."""
    found = body.get("usage")
    usage = cast("Body", found) if isinstance(found, dict) else {}
    try:
        price = Decimal(str(usage["price"]))
    except (KeyError, InvalidOperation):
        return None
    return (price, str(usage.get("currency", ""))[:3]) if price.is_finite() and 0 <= price < MOST else None


def _words(body: Body) -> str:
    found = body.get("error")
    error = cast("Body", found) if isinstance(found, dict) else {}
    words = " ".join(str(error[name]) for name in ("title", "detail") if error.get(name))
    return f": {words[:200]}" if words else ""
