"""Who is on call as calendars: links that people make, and the files that calendar programs read by them.

The token in the address is the credential. Only its hash is kept, so a link is shown once.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated, Final, TypeAlias

import structlog
from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, Field, model_validator
from starlette.responses import Response

from opsknight.api.again import again
from opsknight.api.auth import SignedIn, needs
from opsknight.api.parse import scrub
from opsknight.api.plain_json import plain_json
from opsknight.api.wishes import Clean, Id, Number, Yes
from opsknight.crypto import sha256
from opsknight.deps import Deps
from opsknight.domain.commands import calendar_feeds as commands
from opsknight.domain.commands.calendar_feeds import Made, Plan, note_due, note_read
from opsknight.domain.model.permission import Need, permits
from opsknight.domain.queries import calendar_feeds as queries
from opsknight.domain.queries.calendar_feeds import Content, Feed
from opsknight.errors import NotFound
from opsknight.ics.on_call import entries, window
from opsknight.ics.writing import calendar_file

log = structlog.get_logger(__name__)

Token: TypeAlias = Annotated[str, Path(max_length=64)]
METHODS: Final = ("GET", "HEAD")


class Wish(BaseModel):
    """What a link shall show: a schedule, a team's schedules, or the shifts of its maker where neither is said."""

    name: Annotated[Clean, Field(max_length=1000)]
    schedule_id: Id | None = None
    team_id: Id | None = None
    with_gaps: Annotated[Yes, Field(description="show times in which nobody is on call as well")] = False

    @model_validator(mode="after")
    def _one_of_them(self) -> Wish:
        if self.schedule_id is not None and self.team_id is not None:
            raise ValueError("say schedule_id or team_id, or neither for your own shifts")
        return self

    @property
    def plan(self) -> Plan:
        """The wish as the command takes it."""
        return Plan(self.name, self.schedule_id, self.team_id, self.with_gaps)


class CalendarFile(Response):
    """An iCalendar file."""

    media_type = "text/calendar"


def router(deps: Deps) -> APIRouter:
    """Serve /calendars/{token}.ics and /api/v1/calendar-feeds."""
    routes = APIRouter(tags=["calendars"])
    for method in METHODS:
        _add_file(routes, deps, method)
    _add_links(routes, deps)
    return routes


def _add_links(routes: APIRouter, deps: Deps) -> None:
    see, path = [needs(Need.SEE)], "/api/v1/calendar-feeds"

    @routes.get(path, dependencies=see)
    async def read(viewer: SignedIn) -> Response:
        """Return the links that one made, those of the teams one manages, and to admins all; the newest first."""
        everybody = permits(viewer.person, Need.ADMINISTER).permitted
        async with deps.reading() as session:
            return plain_json({"feeds": await queries.feeds(session, you=viewer.id, everybody=everybody)})

    @routes.post(path, status_code=201, dependencies=[needs(Need.SIGNED_IN)])
    async def make(wish: Wish, viewer: SignedIn) -> Response:
        """Make a link; its address is in this answer and nowhere else."""

        async def attempt() -> Made:
            async with deps.commands(viewer.actor) as uow:
                return await commands.make(uow, wish.plan)

        made = await again(attempt)
        url = f"{deps.settings.address}/calendars/{made.token}.ics"
        told = {"id": made.id, "url": url, "webcal_url": f"webcal:{url.partition(':')[2]}", "sentence": made.sentence}
        return plain_json(told, status=201)

    @routes.delete(f"{path}/{{feed_id}}", dependencies=see)
    async def revoke(feed_id: Number, viewer: SignedIn) -> Response:
        """End a link: what reads it finds nothing from now on."""

        async def attempt() -> str:
            async with deps.commands(viewer.actor) as uow:
                return await commands.revoke(uow, feed_id)

        return plain_json({"sentence": await again(attempt)})


def _add_file(routes: APIRouter, deps: Deps, method: str) -> None:
    """Serve the file by one method: each has an operation of its own in the description."""

    @routes.api_route(
        "/calendars/{token}.ics",
        methods=[method],
        name=f"{method.lower()} calendar",
        dependencies=[needs(Need.SEE, by_link=True)],
        response_class=CalendarFile,
        responses={304: {"description": "It is the one that If-None-Match names.", "content": {}}},
    )
    async def show(token: Token, request: Request) -> Response:
        """Return a calendar of shifts: the last 30 days and the next 180, all instants in UTC."""
        async with deps.reading() as session:
            feed = await queries.feed_of(session, token)
            if feed is None:
                raise NotFound("There is no calendar at this address; its link may be revoked. Make a new one.")
            at = deps.clock.now()
            start, end = window(at)
            shown = await queries.content(session, feed, start=start, end=end)
        await _note(deps, feed, request.headers.get("user-agent", ""), at)
        # in a thread: half a year of many schedules would hold up everybody else
        body = await asyncio.to_thread(_written, feed, shown, at, deps.settings.address, _realm(deps))
        etag = f'"{sha256(body).hex()[:32]}"'
        headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
        if _has(request.headers.get("if-none-match", ""), etag):
            return Response(status_code=304, headers=headers)
        headers["Content-Disposition"] = 'inline; filename="on-call.ics"'
        return CalendarFile(body, headers=headers)


async def _note(deps: Deps, feed: Feed, agent: str, at: datetime) -> None:
    """Note that the link is read; a database that takes no writes now must not hide the calendar."""
    if not note_due(feed.read_at, now=at):
        return
    try:
        async with deps.commands(f"calendar_feed:{feed.id}") as uow:
            await note_read(uow, feed.id, agent=scrub(agent))
    except Exception as error:  # noqa: BLE001  # what was asked for can be given all the same
        log.warning("that a calendar was read could not be noted", error=repr(error))


def _written(feed: Feed, shown: Content, at: datetime, address: str, realm: str) -> bytes:
    lines = (
        entry
        for schedule in shown.schedules
        for entry in entries(
            schedule,
            shown.records.get(schedule.id or 0),
            shown.people,
            at=at,
            address=address,
            realm=realm,
            only=feed.user_id,
            with_gaps=feed.with_gaps,
        )
    )
    name = feed.title if feed.schedule_id is not None else f"On call: {feed.title}"
    return calendar_file(name, lines, stamp=feed.created_at)


def _realm(deps: Deps) -> str:
    """Return what names this installation for good, whatever its address is later."""
    return f"{sha256(deps.installation.vapid_public).hex()[:12]}.opsknight"


def _has(said: str, etag: str) -> bool:
    """Say whether If-None-Match names `etag`; weak marks count, for proxies make them so."""
    return said.strip() == "*" or etag in [one.strip().removeprefix("W/") for one in said.split(",")]
