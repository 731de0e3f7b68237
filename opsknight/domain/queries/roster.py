"""People as their pages show them: who they are, whether a page reaches them, and when it is their turn."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final, TypedDict

from sqlalchemy import Row, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.model.permission import Role, may_respond
from opsknight.domain.model.person import Method, masked, reach
from opsknight.domain.queries.contact_methods import ContactMethodLine, contact_methods, every_method
from opsknight.domain.queries.escalations import people
from opsknight.domain.queries.oncall import Duty, NextShift, next_shifts, on_call_now, shifts_of
from opsknight.domain.queries.still_asks import OPEN, still_asks
from opsknight.domain.store.tables import (
    IncidentRow,
    SessionRow,
    SignInLinkRow,
    TeamMemberRow,
    TeamRow,
    UserRow,
)
from opsknight.errors import NotFound

SHIFTS_AHEAD: Final = 6
"""How many shifts to come a person's page lists."""
INCIDENTS_AT_MOST: Final = 50


class TeamOf(TypedDict):
    """A team that somebody belongs to."""

    id: int
    name: str
    manages: bool


class InsteadLine(TypedDict):
    """Who is paged instead of somebody who is not to be disturbed, and until when; nobody where they cannot be."""

    user_id: int | None
    user: str | None
    until: float


class RosterLine(TypedDict):
    """One person; `why` says why no page reaches them. `email` is masked for who may not read it.

    `signed_in` says whether a browser of theirs is, `link_out` that they have a sign-in link that is not used yet,
    `open_incidents` how many that are not resolved they own.
    """

    id: int
    name: str
    email: str
    role: str
    zone: str
    language: str
    active: bool
    signed_in: bool
    link_out: bool
    reachable: bool
    channels: list[str]
    why: str
    teams: list[TeamOf]
    on_call: list[Duty]
    next_shift: NextShift | None
    instead: InsteadLine | None
    open_incidents: int


class OwnedLine(TypedDict):
    """An incident that somebody owns and has not resolved; `created_at` in epoch seconds."""

    n: int
    title: str
    status: str
    urgency: str
    created_at: float


class PersonDetail(RosterLine):
    """A person with what only their own page shows; addresses are masked for who may not read them.

    `left` says what still counts on somebody who is deactivated, or may not respond, as ends of a sentence.
    """

    left: list[str]
    methods: list[ContactMethodLine]
    shifts: list[NextShift]
    incidents: list[OwnedLine]


async def roster(
    session: AsyncSession, *, at: datetime, unset: Collection[str], addresses: bool
) -> Sequence[RosterLine]:
    """Return everybody by name, the deactivated last; whole mail addresses only where `addresses` may be read.

    `unset` are the channels that are not set up.
    """
    return await _lines(session, None, at=at, unset=unset, readable=None if addresses else frozenset())


async def person(
    session: AsyncSession, user_id: int, *, at: datetime, unset: Collection[str], addresses: bool
) -> PersonDetail:
    """Return one person with all that their page shows.

    Raises:
        NotFound: there is no such person.
    """
    readable = frozenset({user_id}) if addresses else frozenset[int]()
    found = await _lines(session, user_id, at=at, unset=unset, readable=readable)
    if not found:
        raise NotFound("There is no such person.")
    responds = found[0]["active"] and may_respond(Role(found[0]["role"]))
    methods = [_hidden(line, readable=addresses) for line in await contact_methods(session, user_id, at=at)]
    return PersonDetail(
        **found[0],
        left=[] if responds else await still_asks(session, user_id, at=at),
        methods=methods,
        shifts=await shifts_of(session, user_id, after=at, count=SHIFTS_AHEAD) if found[0]["active"] else [],
        incidents=await _owned(session, user_id),
    )


async def _lines(
    session: AsyncSession,
    user_id: int | None,
    *,
    at: datetime,
    unset: Collection[str],
    readable: Collection[int] | None,
) -> Sequence[RosterLine]:
    """Return the lines of everybody, or of `user_id` alone; `readable` are whose address is shown, None is all."""
    signed_in = exists().where(SessionRow.user_id == UserRow.id, SessionRow.expires_at > at)
    link_out = exists().where(
        SignInLinkRow.user_id == UserRow.id, SignInLinkRow.used_at.is_(None), SignInLinkRow.expires_at > at
    )
    wanted = select(UserRow, signed_in.label("signed_in"), link_out.label("link_out")).order_by(
        UserRow.active.desc(), func.lower(UserRow.name), UserRow.id
    )
    if user_id is not None:
        wanted = wanted.where(UserRow.id == user_id)
    rows = (await session.execute(wanted)).all()
    methods, teams, owned = (
        await every_method(session, at=at, unset=unset),
        await _teams(session),
        await _counts(session),
    )
    instead = await _instead(session, [row.UserRow for row in rows], at=at)
    duties: dict[int, list[Duty]] = {}
    for duty in await on_call_now(session, at=at):
        if duty["user_id"] is not None:
            duties.setdefault(duty["user_id"], []).append(duty)
    coming = await next_shifts(session, [row.UserRow.id for row in rows if row.UserRow.active], after=at)
    return [
        _line(
            row,
            methods=methods.get(row.UserRow.id, []),
            teams=teams.get(row.UserRow.id, []),
            on_call=duties.get(row.UserRow.id, []) if row.UserRow.active else [],
            next_shift=coming.get(row.UserRow.id),
            instead=instead.get(row.UserRow.id),
            open_incidents=owned.get(row.UserRow.id, 0),
            readable=readable is None or row.UserRow.id in readable,
        )
        for row in rows
    ]


def _line(
    row: Row[*tuple[Any, ...]],
    *,
    methods: Sequence[Method],
    teams: list[TeamOf],
    on_call: list[Duty],
    next_shift: NextShift | None,
    instead: InsteadLine | None,
    open_incidents: int,
    readable: bool,
) -> RosterLine:
    user: UserRow = row.UserRow
    reached = reach(methods, active=user.active)
    return RosterLine(
        id=user.id,
        name=user.name,
        email=user.email if readable else masked(user.email),
        role=user.role,
        zone=user.zone,
        language=user.language,
        active=user.active,
        signed_in=row.signed_in,
        link_out=row.link_out,
        reachable=reached.reachable,
        channels=list(reached.channels),
        why=reached.why,
        teams=teams,
        on_call=on_call,
        next_shift=next_shift,
        instead=instead,
        open_incidents=open_incidents,
    )


async def _instead(session: AsyncSession, users: Sequence[UserRow], *, at: datetime) -> dict[int, InsteadLine]:
    """Return who is paged instead of those of `users` who are active and not to be disturbed at `at`."""
    away = {
        user.id: user.undisturbed_until
        for user in users
        if user.active and user.undisturbed_until is not None and user.undisturbed_until > at
    }
    if not away:
        return {}
    known = await people(session, away)
    found: dict[int, InsteadLine] = {}
    for user_id, until in away.items():
        absence = known[user_id].undisturbed
        other = known.get(absence.substitute_id or 0) if absence is not None else None
        there = other if other is not None and other.stands_in_at(at) else None
        found[user_id] = InsteadLine(
            user_id=None if there is None else there.id,
            user=None if there is None else there.name,
            until=until.timestamp(),
        )
    return found


async def _teams(session: AsyncSession) -> dict[int, list[TeamOf]]:
    statement = (
        select(TeamMemberRow.user_id, TeamMemberRow.manages, TeamRow.id, TeamRow.name)
        .join(TeamRow, TeamRow.id == TeamMemberRow.team_id)
        .order_by(func.lower(TeamRow.name), TeamRow.id)
    )
    found: dict[int, list[TeamOf]] = {}
    for row in await session.execute(statement):
        found.setdefault(row.user_id, []).append(TeamOf(id=row.id, name=row.name, manages=row.manages))
    return found


async def _counts(session: AsyncSession) -> dict[int, int]:
    statement = (
        select(IncidentRow.assignee_id, func.count())
        .where(OPEN, IncidentRow.assignee_id.is_not(None))
        .group_by(IncidentRow.assignee_id)
    )
    return {user_id: count for user_id, count in await session.execute(statement) if user_id is not None}


async def _owned(session: AsyncSession, user_id: int) -> list[OwnedLine]:
    statement = (
        select(IncidentRow.number, IncidentRow.title, IncidentRow.status, IncidentRow.urgency, IncidentRow.created_at)
        .where(IncidentRow.assignee_id == user_id, OPEN)
        .order_by(IncidentRow.created_at.desc(), IncidentRow.id.desc())
        .limit(INCIDENTS_AT_MOST)
    )
    return [
        OwnedLine(
            n=row.number, title=row.title, status=row.status, urgency=row.urgency, created_at=row.created_at.timestamp()
        )
        for row in await session.execute(statement)
    ]


def _hidden(line: ContactMethodLine, *, readable: bool) -> ContactMethodLine:
    if readable or line["channel"] != "email":
        return line
    return {**line, "label": masked(line["label"])}
