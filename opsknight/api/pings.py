"""Where heartbeats ping, and their badges: no sign-in, the key in the address is the credential.

Answered `OK` in plain text after the commit, by GET, HEAD and POST alike, so that curl, wget and a
browser's address bar will do. What a POST says is kept, its first BODY_KEPT bytes.
"""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

from fastapi import APIRouter, Path, Request
from fastapi.responses import PlainTextResponse
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from opsknight.api import badge
from opsknight.api.again import again
from opsknight.api.auth import needs
from opsknight.api.parse import scrub
from opsknight.deps import Deps
from opsknight.domain.commands.archiving import Used, note_uses
from opsknight.domain.commands.beating import actor_of
from opsknight.domain.commands.pings import Ping, hear
from opsknight.domain.model.heartbeat import (
    BODY_KEPT,
    MAX_EXIT_CODE,
    Signal,
    says_nothing_new,
    signal_of,
)
from opsknight.domain.model.permission import Need
from opsknight.domain.queries import heartbeats
from opsknight.errors import NotFound

Key: TypeAlias = Annotated[str, Path(max_length=64)]
ExitCode: TypeAlias = Annotated[int, Path(ge=0, le=MAX_EXIT_CODE)]

METHODS: Final = ("GET", "HEAD", "POST")
_READ_AT_MOST: Final = 1_048_576
"""A longer body is not read to its end; the connection closes then."""
_SENDER_KEPT: Final = 200


class Svg(Response):
    """A picture that scales."""

    media_type = "image/svg+xml"


def router(deps: Deps) -> APIRouter:
    """Serve /ping/{key} and /badge/{badge_key}.svg."""
    routes = APIRouter(tags=["heartbeats"])
    for method in METHODS:
        _add_pings(routes, deps, method)

    @routes.get("/badge/{badge_key}.svg", dependencies=[needs(Need.SEE, by_link=True)], response_class=Svg)
    async def show_badge(badge_key: Key) -> Response:
        """Return the badge of a heartbeat: its name, and up, late, down, paused, started or new."""
        async with deps.reading() as session:
            found = await heartbeats.badge(session, badge_key, at=deps.clock.now())
        if found is None:
            raise NotFound("There is no heartbeat with this badge; it may have been deleted.")
        name, state = found
        return Svg(badge.svg(name, state), headers=badge.HEADERS)

    return routes


def _add_pings(routes: APIRouter, deps: Deps, method: str) -> None:
    """Serve the pings by one method: each has an operation of its own in the description."""
    by_key, name = [needs(Need.SEND_EVENTS, by_link=True)], method.lower()

    @routes.api_route(
        "/ping/{key}", methods=[method], name=f"{name} ping", dependencies=by_key, response_class=PlainTextResponse
    )
    async def success(key: Key, request: Request) -> Response:
        """Report that all is well; it ends a run that was started, and resolves what silence or a failure opened."""
        return await _take(deps, key, request, Signal.SUCCESS)

    @routes.api_route(
        "/ping/{key}/start",
        methods=[method],
        name=f"{name} ping start",
        dependencies=by_key,
        response_class=PlainTextResponse,
    )
    async def start(key: Key, request: Request) -> Response:
        """Report that a run begins; it must end within the grace."""
        return await _take(deps, key, request, Signal.START)

    @routes.api_route(
        "/ping/{key}/fail",
        methods=[method],
        name=f"{name} ping fail",
        dependencies=by_key,
        response_class=PlainTextResponse,
    )
    async def fail(key: Key, request: Request) -> Response:
        """Report a failure; it opens an incident at once, with the body as its message."""
        return await _take(deps, key, request, Signal.FAIL)

    @routes.api_route(
        "/ping/{key}/{exit_code}",
        methods=[method],
        name=f"{name} ping exit",
        dependencies=by_key,
        response_class=PlainTextResponse,
    )
    async def ended(key: Key, exit_code: ExitCode, request: Request) -> Response:
        """Report how a program ended: 0 is a success, anything else a failure."""
        return await _take(deps, key, request, signal_of(exit_code), exit_code=exit_code)


async def _take(deps: Deps, key: str, request: Request, signal: Signal, *, exit_code: int | None = None) -> Response:
    async with deps.reading() as session:
        found = await heartbeats.known(session, key)
        was = None if found is not None else await heartbeats.of_archived(session, key)
    if was is not None:
        async with deps.commands("system:ingest") as uow:
            await note_uses(uow, [Used(*was, 1, uow.now)])
    if found is None:
        raise NotFound("There is no heartbeat with this key; it may have been deleted. Copy the address anew.")
    if says_nothing_new(found.heartbeat, signal, last_ping_at=found.last_ping_at, at=deps.clock.now()):
        return _ok()
    body = await _beginning(request)
    sender = f"{request.client.host if request.client else ''} {request.headers.get('user-agent', '')}"
    ping = Ping(signal, exit_code, scrub(sender.strip()[:_SENDER_KEPT]), scrub(body.decode(errors="replace")))

    async def attempt() -> None:
        async with deps.commands(actor_of(found.id)) as uow:
            await hear(uow, found.id, ping)

    await again(attempt)
    return _ok()


def _ok() -> Response:
    return PlainTextResponse("OK", headers={"Cache-Control": "no-store"})


async def _beginning(request: Request) -> bytes:
    """Return the first BODY_KEPT bytes of the body; the rest is read, as long as it is not endless, and forgotten."""
    kept, read = b"", 0
    try:
        async for chunk in request.stream():
            kept += chunk[: BODY_KEPT - len(kept)]
            read += len(chunk)
            if read > _READ_AT_MOST:
                break
    except ClientDisconnect:
        return kept  # it said what it had to say
    return kept
