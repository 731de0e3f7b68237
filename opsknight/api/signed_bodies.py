"""Bodies that a provider has signed, read before it is known who sent them: never more than it would send."""

from __future__ import annotations

from starlette.requests import Request

from opsknight.api.bodies import HungUp, received


async def body_of(request: Request, *, at_most: int) -> bytes:
    """Return the body, empty where it is longer than `at_most` bytes or was broken off: no signature fits that."""
    try:
        body = await received(request.receive, at_most, over=False)
    except HungUp:
        return b""
    return body if len(body) <= at_most else b""
