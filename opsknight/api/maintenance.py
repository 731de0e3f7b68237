"""Maintenance windows: what is planned, what runs, and how people arrange it.

Every answer to a command carries the window as it is then, and a sentence for a person.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from typing import Annotated, Any, TypeAlias

from fastapi import APIRouter
from pydantic import BaseModel, Field, model_validator
from starlette.responses import Response

from opsknight.api.again import again
from opsknight.api.auth import SignedIn, needs
from opsknight.api.conditions import Conditions, matchers
from opsknight.api.plain_json import plain_json
from opsknight.api.wishes import Clean, End, Id, Number, Yes
from opsknight.deps import Deps
from opsknight.domain.commands import maintenance as commands
from opsknight.domain.commands.maintenance import Done, Plan
from opsknight.domain.model.cron import BadCron, zone_of
from opsknight.domain.model.maintenance import Repeat, Times, until_midnight_after
from opsknight.domain.model.permission import Need
from opsknight.domain.queries import maintenance as queries
from opsknight.domain.queries.sessions import Viewer

Command: TypeAlias = Callable[[Any], Awaitable[Done]]


class Wish(BaseModel):
    """What a window shall be: `starts_at` by the wall clock of `zone` (now where none is said), for `length_s`.

    Of a service, a team, or all where neither is said. `last_day` is the last on which a recurring one comes.
    """

    name: Annotated[Clean, Field(max_length=1000)]
    length_s: Annotated[int, Field(strict=True, gt=0, le=366 * 86400, description="seconds, by the wall clock")]
    zone: Annotated[Clean, Field(max_length=64)] = "UTC"
    starts_at: Annotated[datetime | None, Field(description="local time without a zone, as 2026-11-24T22:00")] = None
    repeat: Repeat = Repeat.ONCE
    weekdays: Annotated[list[Annotated[int, Field(strict=True, ge=1, le=7)]], Field(max_length=7)] = []
    last_day: date | None = None
    service_id: Id | None = None
    team_id: Id | None = None
    matchers: Conditions = []
    also_open: Annotated[Yes, Field(description="silence what is open now as well")] = False

    @model_validator(mode="after")
    def _a_wall_clock(self) -> Wish:
        if self.starts_at is not None and self.starts_at.tzinfo is not None:
            raise ValueError("starts_at is a local time of zone: say it without an offset")
        return self

    def plan(self, now: datetime) -> Plan:
        """Return the wish as the command takes it."""
        zone = self.zone.strip()
        times = Times(
            zone=zone,
            starts_at=self.starts_at.replace(microsecond=0) if self.starts_at else _wall(now, zone),
            length=timedelta(seconds=self.length_s),
            repeat=self.repeat,
            weekdays=tuple(sorted(set(self.weekdays))) if self.repeat is Repeat.WEEKLY else (),
            until=None if self.last_day is None else until_midnight_after(self.last_day),
        )
        return Plan(self.name, times, self.service_id, self.team_id, matchers(self.matchers))


def router(deps: Deps) -> APIRouter:
    """Serve /api/v1/maintenance."""
    routes = APIRouter(prefix="/api/v1/maintenance", tags=["maintenance"])
    _add_reading(routes, deps)
    _add_planning(routes, deps)
    _add_changing(routes, deps)
    return routes


def _add_reading(routes: APIRouter, deps: Deps) -> None:
    see = [needs(Need.SEE)]

    @routes.get("", dependencies=see)
    async def read() -> Response:
        """Return the windows that run, then those to come, then the newest that are over."""
        async with deps.reading() as session:
            return plain_json({"windows": await queries.windows(session, at=deps.clock.now())})

    @routes.get("/running", dependencies=see)
    async def read_running() -> Response:
        """Return the windows that run now, soonest over first."""
        async with deps.reading() as session:
            return plain_json({"windows": await queries.running(session, at=deps.clock.now())})

    @routes.get("/{window_id}", dependencies=see)
    async def read_one(window_id: Number) -> Response:
        """Return one window."""
        async with deps.reading() as session:
            return plain_json({"window": await queries.window(session, window_id, at=deps.clock.now())})


def _add_planning(routes: APIRouter, deps: Deps) -> None:
    may_plan = [needs(Need.PLAN_MAINTENANCE)]

    @routes.post("", status_code=201, dependencies=may_plan)
    async def plan(wish: Wish, viewer: SignedIn) -> Response:
        """Plan a window; what opens while it runs pages nobody, and what still fires at its end does."""
        return await _carry_out(
            deps,
            viewer,
            lambda uow: commands.plan(uow, wish.plan(uow.now), also_open=wish.also_open),
            status=201,
        )

    @routes.post("/preview", dependencies=may_plan)
    async def preview(wish: Wish, viewer: SignedIn) -> Response:
        """Return how many open incidents a window would silence with `also_open`; nothing is planned."""
        async with deps.commands(viewer.actor) as uow:
            return plain_json({"open": await commands.would_silence(uow, wish.plan(uow.now))})


def _add_changing(routes: APIRouter, deps: Deps) -> None:
    may_plan = [needs(Need.PLAN_MAINTENANCE)]

    @routes.post("/{window_id}/end", dependencies=may_plan)
    async def end(window_id: Number, viewer: SignedIn) -> Response:
        """End the running time of a window now; a recurring one comes again."""
        return await _carry_out(deps, viewer, lambda uow: commands.end(uow, window_id))

    @routes.post("/{window_id}/extend", dependencies=may_plan)
    async def extend(window_id: Number, wish: End, viewer: SignedIn) -> Response:
        """Let the running time of a window end at another instant."""
        return await _carry_out(
            deps, viewer, lambda uow: commands.extend(uow, window_id, until=wish.end(deps.clock.now()))
        )

    @routes.delete("/{window_id}", dependencies=may_plan)
    async def cancel(window_id: Number, viewer: SignedIn) -> Response:
        """Cancel a window with all its times to come; it stays in the list of those that are over."""
        return await _carry_out(deps, viewer, lambda uow: commands.cancel(uow, window_id))


async def _carry_out(deps: Deps, viewer: Viewer, command: Command, *, status: int = 200) -> Response:
    """Do `command` in one unit of work, again where the database asks for it; answer with what is so then."""

    async def attempt() -> Response:
        async with deps.commands(viewer.actor) as uow:
            done = await command(uow)
            await uow.session.flush()
            line = await queries.window(uow.session, done.id, at=uow.now)
        return plain_json({"window": line, "sentence": done.sentence, "silenced": done.silenced}, status=status)

    return await again(attempt)


def _wall(now: datetime, zone: str) -> datetime:
    """Return what the clock of `zone` says now; a zone that there is not is refused with the plan."""
    try:
        return now.astimezone(zone_of(zone)).replace(tzinfo=None, microsecond=0)
    except BadCron:
        return now.replace(tzinfo=None, microsecond=0)
