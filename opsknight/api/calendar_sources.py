"""Calendars that schedules import: previewed with their warnings, added, read again now, removed."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter
from pydantic import BaseModel, Field, model_validator
from starlette.responses import Response

from opsknight import calendars
from opsknight.api.again import again
from opsknight.api.auth import SignedIn, needs
from opsknight.api.plain_json import plain_json
from opsknight.api.wishes import Clean, Number, one_of
from opsknight.calendars import Obtained
from opsknight.deps import Deps
from opsknight.domain.commands import calendar_sources as commands
from opsknight.domain.commands.arranging import Done
from opsknight.domain.commands.calendar_sources import Brings, Plan
from opsknight.domain.model.imported_shift import Known
from opsknight.domain.model.permission import Need
from opsknight.domain.model.web_address import MAX_ADDRESS
from opsknight.domain.queries import calendar_sources as queries
from opsknight.domain.queries.calendar_feeds import people
from opsknight.domain.queries.sessions import Viewer

PREVIEWED: Final = 500
"""Shifts that a preview lists; all are counted."""


class Calendar(BaseModel):
    """A calendar: the address of an .ics file, or what stands in one."""

    model_config = one_of(url="string", content="string")

    url: Annotated[Clean, Field(max_length=MAX_ADDRESS, json_schema_extra={"minLength": 1})] | None = None
    content: Annotated[str, Field(max_length=1_000_000, json_schema_extra={"minLength": 1})] | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Calendar:
        if bool(self.url) == bool(self.content):
            raise ValueError("say either url or content")
        return self


class Wish(Calendar):
    """A calendar to import for its shifts, or for its whole days as holidays.

    Times in it without a zone are of `zone`, of the schedule's where none is said.
    """

    brings: Brings = Brings.SHIFTS
    name: Annotated[Clean, Field(max_length=1000)] = ""
    zone: Annotated[Clean, Field(max_length=64)] | None = None


def router(deps: Deps) -> APIRouter:
    """Serve /api/v1/schedules/{schedule_id}/calendars."""
    routes = APIRouter(prefix="/api/v1/schedules/{schedule_id}/calendars", tags=["calendars"])
    _add_reading(routes, deps)
    _add_importing(routes, deps)
    _add_changing(routes, deps)
    return routes


def _add_reading(routes: APIRouter, deps: Deps) -> None:
    @routes.get("", dependencies=[needs(Need.SEE)])
    async def read(schedule_id: Number, viewer: SignedIn) -> Response:
        """Return the calendars that a schedule imports, with what could not be read of them and since when."""
        async with deps.reading() as session:
            with_urls = await queries.sees_urls(session, viewer.id, schedule_id)
            lines = await queries.sources(session, schedule_id, at=deps.clock.now(), with_urls=with_urls)
        return plain_json({"calendars": lines})


def _add_importing(routes: APIRouter, deps: Deps) -> None:
    configure = [needs(Need.CONFIGURE)]

    @routes.post("/preview", dependencies=configure)
    async def preview(schedule_id: Number, wish: Wish) -> Response:
        """Return what a calendar would bring, and whom in it nobody knows; nothing is saved."""
        found = await _obtained(deps, wish, await _zone(deps, schedule_id))
        async with deps.reading() as session:
            known = {one.id: one for one in await people(session)}
        return plain_json(_previewed(found, known))

    @routes.post("", status_code=201, dependencies=configure)
    async def add(schedule_id: Number, wish: Wish, viewer: SignedIn) -> Response:
        """Put a layer of a calendar's shifts on top of a schedule, or let it have its holidays.

        One with an address is read every 15 minutes.
        """
        zone = wish.zone.strip() if wish.zone else await _zone(deps, schedule_id)
        found = await _obtained(deps, wish, zone)
        plan = Plan(wish.name or found.name, wish.url or "", zone, wish.brings)

        async def attempt() -> Done:
            async with deps.commands(viewer.actor) as uow:
                return await commands.add(uow, schedule_id, plan, found.copy)

        return await _told(deps, viewer, await again(attempt), status=201)


def _add_changing(routes: APIRouter, deps: Deps) -> None:
    configure = [needs(Need.CONFIGURE)]

    @routes.post("/{calendar_id}/refresh", dependencies=configure)
    async def refresh(schedule_id: Number, calendar_id: Number, viewer: SignedIn) -> Response:
        """Read a calendar again now; where that fails, its last copy stays in use and the answer says why."""
        async with deps.reading() as session:
            source = await queries.to_read(session, schedule_id, calendar_id)
        return await _told(deps, viewer, await calendars.read_again(deps, source, actor=viewer.actor))

    @routes.delete("/{calendar_id}", dependencies=configure)
    async def remove(schedule_id: Number, calendar_id: Number, viewer: SignedIn) -> Response:
        """Take a calendar and what it brought from a schedule; who was on call by it stays recorded."""
        async with deps.reading() as session:
            await queries.source(session, schedule_id, calendar_id, at=deps.clock.now(), with_urls=False)

        async def attempt() -> Done:
            async with deps.commands(viewer.actor) as uow:
                return await commands.remove(uow, calendar_id)

        return plain_json({"calendar": None, "sentence": (await again(attempt)).sentence})


async def _obtained(deps: Deps, wish: Wish, zone: str) -> Obtained:
    zone = wish.zone.strip() if wish.zone else zone
    return await calendars.obtain(deps, url=wish.url or "", content=wish.content or "", zone=zone, brings=wish.brings)


async def _zone(deps: Deps, schedule_id: int) -> str:
    async with deps.reading() as session:
        return await queries.schedule_zone(session, schedule_id)


async def _told(deps: Deps, viewer: Viewer, done: Done, *, status: int = 200) -> Response:
    async with deps.reading() as session:
        with_urls = await queries.sees_urls(session, viewer.id, done.schedule_id)
        line = await queries.source(session, done.schedule_id, done.id, at=deps.clock.now(), with_urls=with_urls)
    return plain_json({"calendar": line, "sentence": done.sentence}, status=status)


def _previewed(found: Obtained, known: dict[int, Known]) -> dict[str, Any]:
    shifts = found.copy.imported.shifts
    hours: dict[int, timedelta] = defaultdict(timedelta)
    for one in shifts:
        hours[one.user_id] += one.end_at - one.start_at
    return {
        "name": found.name,
        "count": len(shifts),
        "shifts": [
            {
                "start_at": one.start_at.timestamp(),
                "end_at": one.end_at.timestamp(),
                "user_id": one.user_id,
                "user": known[one.user_id].name,
                "event": one.uid,
            }
            for one in shifts[:PREVIEWED]
        ],
        "people": [
            {"user_id": user, "user": known[user].name, "hours": round(spent.total_seconds() / 3600, 2)}
            for user, spent in sorted(hours.items())
        ],
        "holidays": [{"date": day.isoformat(), "name": name} for day, name in found.copy.days.items()],
        "warnings": list(found.copy.imported.warnings),
    }
