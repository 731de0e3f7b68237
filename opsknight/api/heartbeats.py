"""Heartbeats: what must report in time, how it stands, and how people arrange it.

Every answer to a command carries the heartbeat as it is then, and a sentence for a person.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Annotated, Any, Final, TypeAlias
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from opsknight.api.again import again
from opsknight.api.auth import SignedIn, needs
from opsknight.api.plain_json import plain_json
from opsknight.api.wishes import Clean, End, Id
from opsknight.crypto import new_id
from opsknight.deps import Deps
from opsknight.domain.commands import heartbeats as commands
from opsknight.domain.commands.heartbeats import Done, Plan
from opsknight.domain.model.event import Urgency
from opsknight.domain.model.heartbeat import MAX_GRACE, MAX_PERIOD, Rhythm
from opsknight.domain.model.permission import Need, permits
from opsknight.domain.queries import heartbeats as queries
from opsknight.domain.queries.sessions import Viewer

GRACE_S: Final = 300

Period: TypeAlias = Annotated[int, Field(strict=True, gt=0, le=MAX_PERIOD.days * 86400, description="seconds")]
Grace: TypeAlias = Annotated[int, Field(strict=True, ge=0, le=MAX_GRACE.days * 86400, description="seconds")]
Command: TypeAlias = Callable[[Any], Awaitable[Done]]


class Wish(BaseModel):
    """What a heartbeat shall be: `period_s`, or `cron` in `zone`; late by `grace_s` at most."""

    service_id: Id
    name: Annotated[Clean, Field(max_length=1000, json_schema_extra={"minLength": 1})]
    period_s: Period | None = None
    cron: Annotated[Clean, Field(max_length=200)] = ""
    zone: Annotated[Clean, Field(max_length=64)] = "UTC"
    grace_s: Grace = GRACE_S
    urgency: Urgency = Urgency.HIGH

    @property
    def plan(self) -> Plan:
        """The wish as the command takes it."""
        period = None if self.period_s is None else timedelta(seconds=self.period_s)
        cron = " ".join(self.cron.split())
        rhythm = Rhythm(grace=timedelta(seconds=self.grace_s), period=period, cron=cron, zone=self.zone.strip())
        return Plan(self.service_id, self.name, rhythm, self.urgency)


def router(deps: Deps) -> APIRouter:
    """Serve /api/v1/heartbeats."""
    routes = APIRouter(prefix="/api/v1/heartbeats", tags=["heartbeats"])
    _add_reading(routes, deps)
    _add_arranging(routes, deps)
    _add_keys(routes, deps)
    _add_pausing(routes, deps)
    return routes


def _add_reading(routes: APIRouter, deps: Deps) -> None:
    see = [needs(Need.SEE)]

    @routes.get("", dependencies=see)
    async def read(viewer: SignedIn) -> Response:
        """Return every heartbeat by name; its keys only to who may configure."""
        async with deps.reading() as session:
            lines = await queries.heartbeats(session, at=deps.clock.now(), with_keys=_sees_keys(viewer))
        return plain_json({"heartbeats": lines})

    @routes.get("/{heartbeat_id}", dependencies=see)
    async def read_one(heartbeat_id: UUID, viewer: SignedIn) -> Response:
        """Return one heartbeat with its last pings, newest first."""
        async with deps.reading() as session:
            line = await queries.heartbeat(session, heartbeat_id, at=deps.clock.now(), with_keys=_sees_keys(viewer))
            return plain_json({"heartbeat": line, "pings": await queries.pings(session, heartbeat_id)})


def _add_arranging(routes: APIRouter, deps: Deps) -> None:
    configure = [needs(Need.CONFIGURE)]

    @routes.post("", status_code=201, dependencies=configure)
    async def create(wish: Wish, viewer: SignedIn) -> Response:
        """Make a heartbeat; nothing is missed before its first ping."""
        heartbeat_id = new_id()  # before the first try: a second one makes no second heartbeat
        return await _carry_out(
            deps, viewer, lambda uow: commands.create(uow, wish.plan, heartbeat_id=heartbeat_id), status=201
        )

    @routes.put("/{heartbeat_id}", dependencies=configure)
    async def change(heartbeat_id: UUID, wish: Wish, viewer: SignedIn) -> Response:
        """Make a heartbeat what the body says, all of it; its keys stay."""
        return await _carry_out(deps, viewer, lambda uow: commands.change(uow, heartbeat_id, wish.plan))

    @routes.delete("/{heartbeat_id}", dependencies=configure)
    async def delete(heartbeat_id: UUID, viewer: SignedIn) -> Response:
        """Remove a heartbeat with its pings; an open incident of it stays, for a person to resolve."""
        return await _carry_out(deps, viewer, lambda uow: commands.delete(uow, heartbeat_id), is_left=False)


def _add_keys(routes: APIRouter, deps: Deps) -> None:
    configure = [needs(Need.CONFIGURE)]

    @routes.post("/{heartbeat_id}/keys", status_code=201, dependencies=configure)
    async def make_key(heartbeat_id: UUID, viewer: SignedIn) -> Response:
        """Make a new key; the one before stays live, as the former one, until it is ended."""
        return await _carry_out(deps, viewer, lambda uow: commands.make_key(uow, heartbeat_id), status=201)

    @routes.delete("/{heartbeat_id}/keys/former", dependencies=configure)
    async def end_former_key(heartbeat_id: UUID, viewer: SignedIn) -> Response:
        """End the former key: what pings with it is answered 404 from now on."""
        return await _carry_out(deps, viewer, lambda uow: commands.end_former_key(uow, heartbeat_id))


def _add_pausing(routes: APIRouter, deps: Deps) -> None:
    respond = [needs(Need.RESPOND)]

    @routes.post("/{heartbeat_id}/pause", dependencies=respond)
    async def pause(heartbeat_id: UUID, wish: End, viewer: SignedIn) -> Response:
        """Expect nothing from a heartbeat until a stated end, at most 90 days away."""
        until = wish.end(deps.clock.now())
        return await _carry_out(deps, viewer, lambda uow: commands.pause(uow, heartbeat_id, until=until))

    @routes.post("/{heartbeat_id}/resume", dependencies=respond)
    async def resume(heartbeat_id: UUID, viewer: SignedIn) -> Response:
        """End a pause now; a whole turn of the rhythm begins."""
        return await _carry_out(deps, viewer, lambda uow: commands.resume(uow, heartbeat_id))


async def _carry_out(
    deps: Deps, viewer: Viewer, command: Command, *, status: int = 200, is_left: bool = True
) -> Response:
    """Do `command` in one unit of work, again where the database asks for it; answer with what is so then."""

    async def attempt() -> Response:
        async with deps.commands(viewer.actor) as uow:
            done = await command(uow)
            line = None
            if is_left:
                line = await queries.heartbeat(uow.session, done.id, at=uow.now, with_keys=_sees_keys(viewer))
        return plain_json({"heartbeat": line, "sentence": done.sentence}, status=status)

    return await again(attempt)


def _sees_keys(viewer: Viewer) -> bool:
    return permits(viewer.person, Need.CONFIGURE).permitted
