"""Incidents: what can be read of one, and what can be done to it.

Every command takes an Idempotency-Key: sent again with the same key it is done once and answered
alike; with another body it is another command. A refusal because of the present state carries the
incident as it is now.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeAlias
from uuid import UUID

from fastapi import APIRouter, Header, Path, Query
from starlette.responses import Response

from opsknight.api.auth import SignedIn, needs
from opsknight.api.carrying_out import carry_out, key_of
from opsknight.api.plain_json import plain_json
from opsknight.api.wishes import ByHand, Reassign, Seen, Snooze, Suppress
from opsknight.crypto import new_id
from opsknight.deps import Deps
from opsknight.domain.commands import incidents as verbs
from opsknight.domain.commands.incidents import Done
from opsknight.domain.commands.keeping_quiet import keep_quiet
from opsknight.domain.commands.opening import open_by_hand
from opsknight.domain.commands.undoing import undo
from opsknight.domain.model.incident import Verb
from opsknight.domain.model.permission import Need
from opsknight.domain.queries import incidents
from opsknight.domain.queries.pages import pages
from opsknight.domain.queries.sessions import Viewer
from opsknight.domain.queries.why import why

Which: TypeAlias = Annotated[str, Path(max_length=40, description="the incident's id or number")]
Key: TypeAlias = Annotated[str | None, Header(alias="Idempotency-Key", max_length=255)]
Whose: TypeAlias = Annotated[int | None, Query(ge=1, lt=2**63, description="the person that it is about")]
Act: TypeAlias = Callable[..., Awaitable[Done]]

_PLAIN: dict[str, Act] = {
    Verb.ACKNOWLEDGE: verbs.acknowledge,
    Verb.UNACKNOWLEDGE: verbs.unacknowledge,
    Verb.WAKE: verbs.wake,
    Verb.RESOLVE: verbs.resolve,
    Verb.REOPEN: verbs.reopen,
    Verb.ESCALATE: verbs.escalate,
}
"""The verbs that need nothing but the incident."""


def router(deps: Deps) -> APIRouter:
    """Serve /api/v1/incidents."""
    routes = APIRouter(prefix="/api/v1/incidents", tags=["incidents"])
    _add_reading(routes, deps)
    _add_opening(routes, deps)
    for name, act in _PLAIN.items():
        _add_plain(routes, deps, name, act)
    _add_others(routes, deps)
    return routes


def _add_reading(routes: APIRouter, deps: Deps) -> None:
    see = [needs(Need.SEE)]

    @routes.get("/{which}", dependencies=see)
    async def read(which: Which) -> Response:
        """Return an incident with its alerts, links, tags and runbook."""
        async with deps.reading() as session:
            return plain_json(await incidents.detail(session, await incidents.find(session, which)))

    @routes.get("/{which}/timeline", dependencies=see)
    async def timeline(which: Which, before: Annotated[str | None, Query(max_length=80)] = None) -> Response:
        """Return what happened to an incident, newest first; `more` is the `before` of the next page."""
        async with deps.reading() as session:
            found = await incidents.find(session, which)
            return plain_json(await incidents.timeline(session, found, before=before))

    @routes.get("/{which}/pages", dependencies=see)
    async def paged(which: Which) -> Response:
        """Return who was paged, over which contact methods, and what the providers answered."""
        async with deps.reading() as session:
            return plain_json({"pages": await pages(session, await incidents.find(session, which))})

    @routes.get("/{which}/why", dependencies=see)
    async def explained(which: Which, viewer: SignedIn, user: Whose = None) -> Response:
        """Return why a person was paged, or was not: in short, and link by link. Without `user`, the one who asks."""
        async with deps.reading() as session:
            found, whom = await incidents.find(session, which), user or viewer.id
            return plain_json(await why(session, found, user_id=whom, viewer_id=viewer.id, at=deps.clock.now()))


def _add_opening(routes: APIRouter, deps: Deps) -> None:
    @routes.post("", status_code=201, dependencies=[needs(Need.OPEN_INCIDENT)])
    async def open_one(wish: ByHand, viewer: SignedIn, key: Key = None) -> Response:
        """Open an incident by hand and page its service, a policy or a person."""
        incident_id = new_id()  # before the first try: a second one opens no second incident

        async def act(uow: Any) -> Done:
            return await open_by_hand(
                uow,
                service_id=wish.service_id,
                title=wish.title,
                urgency=wish.urgency,
                severity=wish.how_bad,
                details=wish.details,
                page=wish.whom,
                incident_id=incident_id,
            )

        return await carry_out(deps, viewer, act, key=key_of(viewer, "open", key, wish=wish), about=None, status=201)


def _add_plain(routes: APIRouter, deps: Deps, name: str, act: Act) -> None:
    need = Need.ACKNOWLEDGE if name == Verb.ACKNOWLEDGE else Need.RESPOND

    @routes.post(
        f"/{{which}}/{name}",
        dependencies=[needs(need)],
        name=name,
        summary=name.capitalize(),
        description=act.__doc__,
    )
    async def plain(which: Which, viewer: SignedIn, wish: Seen | None = None, key: Key = None) -> Response:
        return await _do(deps, viewer, which, name, key, act, wish or Seen())


def _add_others(routes: APIRouter, deps: Deps) -> None:
    respond = [needs(Need.RESPOND)]

    @routes.post("/{which}/snooze", dependencies=respond)
    async def snooze(which: Which, wish: Snooze, viewer: SignedIn, key: Key = None) -> Response:
        """Let an incident rest until a stated instant, at which it wakes and pages from its first step."""
        until = wish.end(deps.clock.now())
        return await _do(deps, viewer, which, "snooze", key, verbs.snooze, wish, until=until)

    @routes.post("/{which}/suppress", dependencies=respond)
    async def suppress(which: Which, viewer: SignedIn, wish: Suppress | None = None, key: Key = None) -> Response:
        """Silence an incident: for a day, until a stated instant, or until its monitor reports it as cleared."""
        wish = wish or Suppress()
        ends = {"until": wish.end(deps.clock.now()), "until_clear": wish.until_clear}
        return await _do(deps, viewer, which, "suppress", key, verbs.suppress, wish, **ends)

    @routes.post("/{which}/keep-quiet", dependencies=respond)
    async def rest(which: Which, viewer: SignedIn, wish: Seen | None = None, key: Key = None) -> Response:
        """Let what somebody resolved while its monitor still fires rest instead, suppressed until it clears.

        Refused where it is not resolved any more, has cleared, or another incident is open for it by now.
        """
        return await _do(deps, viewer, which, "keep-quiet", key, keep_quiet, wish or Seen())

    @routes.post("/{which}/reassign", dependencies=respond)
    async def reassign(which: Which, wish: Reassign, viewer: SignedIn, key: Key = None) -> Response:
        """Hand an incident to another person, who is paged at once; to oneself it is an acknowledge."""
        return await _do(deps, viewer, which, "reassign", key, verbs.reassign, wish, to=wish.to)

    @routes.post("/{which}/undo", dependencies=respond)
    async def take_back(which: Which, viewer: SignedIn, key: Key = None) -> Response:
        """Take one's own last command back, within five seconds."""
        return await _do(deps, viewer, which, "undo", key, undo, None)


async def _do(  # every one of them is of another kind
    deps: Deps, viewer: Viewer, which: str, name: str, key: str | None, act: Act, wish: Seen | None, **wishes: Any
) -> Response:
    """Do `act` to the incident that `which` names."""
    incident_id = await id_of(deps, which)
    if wish is not None:
        wishes["seen_version"] = wish.seen_version

    async def command(uow: Any) -> Done:
        return await act(uow, incident_id, **wishes)

    kept = key_of(viewer, f"{name} {incident_id}", key, wish=wish)
    return await carry_out(deps, viewer, command, key=kept, about=incident_id)


async def id_of(deps: Deps, which: str) -> UUID:
    """Return the incident's id; an id is taken at its word, a number is looked up."""
    try:
        return UUID(which)
    except ValueError:
        async with deps.reading() as session:
            return await incidents.find(session, which)
