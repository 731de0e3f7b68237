"""Schedules as a whole: written, read back, and shown as a time line; and who is on call."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, TypeAlias

from fastapi import APIRouter, Query
from starlette.responses import Response

from opsknight.api.again import again
from opsknight.api.auth import SignedIn, needs
from opsknight.api.plain_json import plain_json
from opsknight.api.reading import instant as read_instant
from opsknight.api.schedule_wishes import Schedule, layers_of
from opsknight.api.wishes import Number
from opsknight.deps import Deps
from opsknight.domain.commands import schedules as commands
from opsknight.domain.commands.arranging import Done
from opsknight.domain.model.permission import Need
from opsknight.domain.queries import schedule_lines as queries
from opsknight.domain.queries.oncall import on_call_lines
from opsknight.domain.queries.sessions import Viewer
from opsknight.errors import Invalid

Command: TypeAlias = Callable[[Any], Awaitable[Done]]
At: TypeAlias = Annotated[
    str,
    Query(
        max_length=40,
        description="ISO 8601, of UTC where it says no offset, or epoch seconds; now where nothing is said",
    ),
]
Which: TypeAlias = Annotated[int | None, Query(ge=1, lt=2**63)]
WINDOW: Final = timedelta(days=14)
LONGEST_WINDOW: Final = timedelta(days=400)
_EPOCH: Final = re.compile(r"[0-9]{1,12}(\.[0-9]{1,9})?")
_YEARS: Final = range(1971, 2200)


def router(deps: Deps) -> APIRouter:
    """Serve /api/v1/schedules and /api/v1/oncall."""
    routes = APIRouter(prefix="/api/v1", tags=["schedules"])
    _add_reading(routes, deps)
    _add_writing(routes, deps)
    return routes


def _add_reading(routes: APIRouter, deps: Deps) -> None:
    see = [needs(Need.SEE)]

    @routes.get("/oncall", dependencies=see)
    async def on_call(at: At = "", schedule: Which = None, user: Which = None) -> Response:
        """Return who was, is or will be on call at an instant, why, and who comes next, schedule by schedule."""
        when = _instant("at", at, deps.clock.now())
        async with deps.reading() as session:
            lines = await on_call_lines(session, at=when, schedule_id=schedule, user_id=user)
        return plain_json({"at": when.timestamp(), "schedules": lines})

    @routes.get("/schedules", dependencies=see)
    async def read_all() -> Response:
        """Return the schedules that there are, in order of name."""
        async with deps.reading() as session:
            return plain_json({"schedules": await queries.schedule_lines(session)})

    @routes.get("/schedules/{schedule_id}", dependencies=see)
    async def read(schedule_id: Number) -> Response:
        """Return a schedule as it was written, so that it can be changed and sent back."""
        async with deps.reading() as session:
            return plain_json({"schedule": await _document(session, schedule_id)})

    @routes.get("/schedules/{schedule_id}/timeline", dependencies=see)
    async def read_timeline(
        schedule_id: Number,
        start: Annotated[At, Query(alias="from")] = "",
        end: Annotated[At, Query(alias="to", description="ISO 8601 or epoch seconds; two weeks on by default")] = "",
    ) -> Response:
        """Return what counts on top, the layers below with what others hide, overrides, gaps and shadows."""
        since = _instant("from", start, deps.clock.now())
        until = _instant("to", end, since + WINDOW)
        if not since < until <= since + LONGEST_WINDOW:
            raise Invalid(f"A time line lasts from “from” to “to”, {LONGEST_WINDOW.days} days at most.")
        async with deps.reading() as session:
            return plain_json({"timeline": await queries.timeline(session, schedule_id, start=since, end=until)})


def _add_writing(routes: APIRouter, deps: Deps) -> None:
    configure = [needs(Need.CONFIGURE)]

    @routes.post("/schedules", status_code=201, dependencies=configure)
    async def make(wish: Schedule, viewer: SignedIn) -> Response:
        """Make a schedule."""
        return await _carry_out(deps, viewer, lambda uow: commands.make(uow, wish.plan), status=201)

    @routes.put("/schedules/{schedule_id}", dependencies=configure)
    async def change(schedule_id: Number, wish: Schedule, viewer: SignedIn) -> Response:
        """Let a schedule be as the document says, from now on; what was on call stays recorded."""
        return await _carry_out(
            deps, viewer, lambda uow: commands.change(uow, schedule_id, wish.plan, seen_version=wish.seen_version)
        )

    @routes.delete("/schedules/{schedule_id}", dependencies=configure)
    async def delete(schedule_id: Number, viewer: SignedIn) -> Response:
        """Put a schedule away; refused while an escalation policy asks it."""

        async def attempt() -> Response:
            async with deps.commands(viewer.actor) as uow:
                done = await commands.delete(uow, schedule_id)
            return plain_json({"sentence": done.sentence})

        return await again(attempt)


async def _carry_out(deps: Deps, viewer: Viewer, command: Command, *, status: int = 200) -> Response:
    """Do `command` in one unit of work, again where the database asks for it; answer with what is so then."""

    async def attempt() -> Response:
        async with deps.commands(viewer.actor) as uow:
            done = await command(uow)
            await uow.session.flush()
            written = await _document(uow.session, done.id)
        return plain_json({"schedule": written, "sentence": done.sentence}, status=status)

    return await again(attempt)


async def _document(session: Any, schedule_id: int) -> dict[str, Any]:
    found = await queries.document(session, schedule_id)
    return {
        **found.line,
        "layers": layers_of(found.layers),
        "shadow_layers": layers_of(found.shadow_layers),
        "on_leave": found.on_leave,
        "country": found.country,
        "subdivision": found.subdivision,
        "holidays": found.holidays,
    }


def _instant(name: str, said: str, otherwise: datetime) -> datetime:
    """Return the instant that a part of an address says; the + of an offset may have become a space there."""
    said = said.strip()
    if not said:
        return otherwise
    found = read_instant(float(said) if _EPOCH.fullmatch(said) else said.replace(" ", "+").upper())
    if found is None or found.year not in _YEARS:
        raise Invalid(
            f"“{name}” is no instant from {_YEARS[0]} to {_YEARS[-1]}; write it as 2026-11-24T12:00:00+01:00, as"
            " 2026-11-24T11:00:00Z, or in seconds since 1970."
        )
    return found
