"""What an SMS gateway of the operator's own brings in: answers to texts, with its own secret as a bearer token."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from opsknight.api.answering import Heard, answer
from opsknight.api.auth import needs
from opsknight.api.plain_json import plain_json
from opsknight.api.signatures import is_token
from opsknight.deps import Deps
from opsknight.domain.model.permission import Need
from opsknight.errors import Invalid, SignInRequired
from opsknight.phone import sender


class Answered(BaseModel):
    """A text that somebody sent to the gateway's number; `id` is the gateway's own name for it, each once."""

    id: Annotated[str, Field(min_length=1, max_length=100)]
    sender: Annotated[str, Field(alias="from", min_length=1, max_length=40)]
    text: Annotated[str, Field(max_length=2000)]


def router(deps: Deps) -> APIRouter:
    """Serve /api/v1/sms-gateway."""
    routes = APIRouter(prefix="/api/v1/sms-gateway", tags=["phones"])

    async def known(request: Request) -> None:
        _check(deps, request)

    @routes.post("/messages", dependencies=[needs(Need.ACKNOWLEDGE, by_link=True), Depends(known)])
    async def messages(said: Answered) -> Response:
        """Act on an answer to a text. What is said to it goes by a text of its own, and stands in `sentence`."""
        number = sender(said.sender)
        if not number:
            raise Invalid(f"“{said.sender}” is no phone number with its country, like +4915123456789.")
        return plain_json({"sentence": await answer(deps, Heard("gateway", said.id, "sms", number, said.text))})

    return routes


def _check(deps: Deps, request: Request) -> None:
    """Refuse who does not know the gateway's secret.

    Raises:
        SignInRequired: they do not.
    """
    its = deps.carriers.gateway
    said = request.headers.get("Authorization", "")
    if its is None or not its.secret or not is_token(said, f"Bearer {its.secret}"):
        raise SignInRequired("The gateway's secret is missing or wrong.")
