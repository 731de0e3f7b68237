"""How loudly a service pages and when, and from when on its alerts count as flapping."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Annotated, Any, Literal, TypeAlias

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from opsknight.api.again import again
from opsknight.api.auth import SignedIn, needs
from opsknight.api.plain_json import plain_json
from opsknight.api.wishes import Clean, Number, Yes
from opsknight.deps import Deps
from opsknight.domain.commands import service_quiet as commands
from opsknight.domain.commands.service_quiet import Done
from opsknight.domain.model.flapping import Limits
from opsknight.domain.model.permission import Need
from opsknight.domain.model.support_hours import MAX_PARTS, Part, SupportHours
from opsknight.domain.queries.service_quiet import service_quiet
from opsknight.domain.queries.sessions import Viewer

Command: TypeAlias = Callable[[Any], Awaitable[Done]]
Time: TypeAlias = Annotated[
    str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$", description="as 09:00; 24:00 ends")
]


class Hours(BaseModel):
    """Hours of one weekday, 1 is Monday."""

    weekday: Annotated[int, Field(strict=True, ge=1, le=7)]
    start: Time
    end: Time

    @property
    def part(self) -> Part:
        """The hours as the command takes them."""
        return Part(self.weekday, _minutes(self.start), _minutes(self.end))


class Week(BaseModel):
    """The support hours of a week, by the clock of `zone`."""

    zone: Annotated[Clean, Field(max_length=64)]
    parts: Annotated[list[Hours], Field(max_length=MAX_PARTS)]


class Loudness(BaseModel):
    """How a service pages; `hours` are needed the first time that it is by support hours."""

    mode: Literal["severity", "high", "low", "support_hours"]
    hours: Week | None = None

    @property
    def support_hours(self) -> SupportHours | None:
        """The hours as the command takes them."""
        week = self.hours
        return None if week is None else SupportHours(week.zone.strip(), tuple(one.part for one in week.parts))


class Flapping(BaseModel):
    """From `start` changes in `window_s` seconds until fewer than `stop`; not `on`: nothing flaps."""

    on: Yes
    start: Annotated[int, Field(strict=True, ge=0, le=1000)] = 6
    stop: Annotated[int, Field(strict=True, ge=0, le=1000)] = 3
    window_s: Annotated[int, Field(strict=True, ge=0, le=7 * 86400)] = 1800

    @property
    def limits(self) -> Limits | None:
        """The limits as the command takes them."""
        return Limits(self.start, self.stop, timedelta(seconds=self.window_s)) if self.on else None


def router(deps: Deps) -> APIRouter:
    """Serve what belongs to /api/v1/services/{id}."""
    routes = APIRouter(prefix="/api/v1/services/{service_id}", tags=["services"])
    configure = [needs(Need.CONFIGURE)]

    @routes.get("/quiet", dependencies=[needs(Need.SEE)])
    async def read(service_id: Number) -> Response:
        """Return how loudly a service pages and when, and from when on its alerts count as flapping."""
        async with deps.reading() as session:
            return plain_json({"quiet": await service_quiet(session, service_id)})

    @routes.put("/urgency", dependencies=configure)
    async def set_urgency(service_id: Number, wish: Loudness, viewer: SignedIn) -> Response:
        """Say how loudly a service pages: by severity, always loudly or quietly, or by support hours."""
        return await _carry_out(
            deps, viewer, lambda uow: commands.set_urgency(uow, service_id, wish.mode, wish.support_hours)
        )

    @routes.put("/flapping", dependencies=configure)
    async def set_flapping(service_id: Number, wish: Flapping, viewer: SignedIn) -> Response:
        """Say from how many changes on an alert counts as flapping, and pages no more until it is steady."""
        return await _carry_out(deps, viewer, lambda uow: commands.set_flapping(uow, service_id, wish.limits))

    return routes


async def _carry_out(deps: Deps, viewer: Viewer, command: Command) -> Response:
    """Do `command` in one unit of work, again where the database asks for it; answer with what is so then."""

    async def attempt() -> Response:
        async with deps.commands(viewer.actor) as uow:
            done = await command(uow)
            await uow.session.flush()
            line = await service_quiet(uow.session, done.id)
        return plain_json({"quiet": line, "sentence": done.sentence})

    return await again(attempt)


def _minutes(time: str) -> int:
    hours, minutes = time.split(":")
    return int(hours) * 60 + int(minutes)
