"""Bodies that a provider has signed, read before it is known who sent them: never more than it would send."""

from __future__ import annotations

from starlette.requests import Request


async def body_of(request: Request, *, at_most: int) -> bytes:
    """Return the body, nothing where it is longer than `at_most` bytes: no signature fits that."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > at_most:
            return b""
    return bytes(body)
