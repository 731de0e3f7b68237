"""Who is on call in the days to come, and whether they are fit for it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, TypedDict

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.model.channel import face, shown
from opsknight.domain.model.cron import zone_or_utc
from opsknight.domain.model.event import Urgency
from opsknight.domain.model.fitness import AHEAD, Item, Somebody, Turn, items, worst
from opsknight.domain.model.going_on_call import Instead, Way
from opsknight.domain.model.liveness import is_silent
from opsknight.domain.model.paging import plan
from opsknight.domain.model.person import EMAIL, masked
from opsknight.domain.model.readiness import State
from opsknight.domain.queries import escalations as reading
from opsknight.domain.queries.asked_directly import asked_directly
from opsknight.domain.queries.duties import duties
from opsknight.domain.queries.escalations import Reachable
from opsknight.domain.store.tables import ContactMethodRow, LeaveRow, ScheduleRow, UserRow

TOGETHER: Final = 20
"""Schedules whose shifts are computed in one turn of the loop."""
_ORDER: Final = {State.BAD: 0, State.WARN: 1, State.GOOD: 2}

_LAST_DRILLS: Final = text("""
    SELECT DISTINCT ON (p.user_id) p.user_id, d.begins_at, p.acknowledged_at IS NOT NULL AS answered
    FROM drill_people p JOIN drills d ON d.id = p.drill_id
    WHERE p.user_id = ANY(:ids) AND (p.acknowledged_at IS NOT NULL OR d.ends_at <= :now)
    ORDER BY p.user_id, d.begins_at DESC
""")


@dataclass(frozen=True, slots=True)
class Ground:
    """What the installation can: `unset` are the channels that are not set up, `loud` says that some channel wakes."""

    unset: Collection[str]
    loud: bool


class WayLine(TypedDict):
    """One contact method; instants are epoch seconds. `loud` says whether it wakes, `unset` that nothing carries it."""

    channel: str
    label: str
    works: bool
    verified: bool
    unset: bool
    loud: bool
    proven_at: float | None


class TurnLine(TypedDict):
    """One time on call; instants are epoch seconds.

    Where a policy asks them by name, at any time, `policy_id` and `policy` say which, and there is no schedule.
    """

    schedule_id: int | None
    schedule: str
    policy_id: int | None
    policy: str
    start_at: float
    end_at: float


class SpanLine(TypedDict):
    """A leave; instants are epoch seconds."""

    start_at: float
    end_at: float


class ItemLine(TypedDict):
    """One thing that was looked at; `state` is good, warn or bad, `mends` they, lead or operator."""

    name: str
    state: str
    sentence: str
    mends: str


class FitnessLine(TypedDict):
    """Somebody who is on call in the days to come, and how they stand; `state` is the worst of `items`."""

    user_id: int
    name: str
    zone: str
    state: str
    turns: list[TurnLine]
    ways: list[WayLine]
    leaves: list[SpanLine]
    items: list[ItemLine]


async def fitness(
    session: AsyncSession, ground: Ground, *, at: datetime, readable: Collection[int] | None = None
) -> Sequence[FitnessLine]:
    """Return everybody who is on call within AHEAD of `at`, the worst first, then who is on call first.

    `readable` are the people whose mail addresses are shown whole; None is all.
    """
    found = [(one, items(one, now=at)) for one in await on_call_soon(session, ground, at=at, readable=readable)]
    found.sort(key=lambda pair: (_ORDER[worst(pair[1])], pair[0].turns[0].start_at, pair[0].name.lower()))
    return [line_of(one, its) for one, its in found]


async def on_call_soon(
    session: AsyncSession, ground: Ground, *, at: datetime, readable: Collection[int] | None = None
) -> Sequence[Somebody]:
    """Return everybody who is on call within AHEAD of `at`, with all that tells whether they are fit for it.

    Whom the policy of a service asks by name counts as always on call. Among them is whoever gets their pages while
    they are not to be disturbed, with those turns.
    """
    turns = await _turns(session, at)
    known = await reading.people(session, list(turns))
    insteads = _insteads(known, turns, at=at)
    stands_in = _stand_in(insteads, turns, known)
    ids = list(turns)
    reached, ways = await reading.people(session, ids), await _ways(session, ids, readable, ground.unset, at=at)
    leaves, drilled = await _leaves(session, ids, at), await _drilled(session, ids, at)
    rows = await session.execute(
        select(UserRow.id, UserRow.name, UserRow.zone, UserRow.active).where(UserRow.id.in_(ids))
    )
    found: list[Somebody] = []
    for row in rows:
        its, person = ways.get(row.id, {}), reached[row.id]
        instead = insteads.get(row.id)
        planned = plan(person.methods, person.rules, urgency=Urgency.HIGH, at=at).notifications
        drill_at, answered = drilled.get(row.id, (None, False))
        found.append(
            Somebody(
                user_id=row.id,
                name=row.name,
                zone=zone_or_utc(row.zone).key,
                turns=turns[row.id],
                ways=tuple(its.values()),
                planned=tuple(its[one.contact_method_id] for one in planned),
                leaves=leaves.get(row.id, ()),
                active=row.active,
                instead=None if instead is None else Instead(instead[0], "" if instead[1] is None else instead[1].name),
                stands_in_for=stands_in.get(row.id, ()),
                loud_there=ground.loud,
                drilled_at=drill_at,
                drill_answered=answered,
                may_respond=person.may_respond,
            )
        )
    return found


def _insteads(
    known: Mapping[int, Reachable], turns: Mapping[int, Sequence[Turn]], *, at: datetime
) -> Mapping[int, tuple[datetime, Reachable | None]]:
    """Return until when somebody else gets the pages of those who are on call before that, and who, if anybody can."""
    found: dict[int, tuple[datetime, Reachable | None]] = {}
    for user_id, its in turns.items():
        absence = known[user_id].undisturbed
        if absence is not None and absence.holds(at) and its[0].start_at < absence.until:
            other = known.get(absence.substitute_id or 0)
            found[user_id] = absence.until, other if other is not None and other.stands_in_at(at) else None
    return found


def _stand_in(
    insteads: Mapping[int, tuple[datetime, Reachable | None]],
    turns: dict[int, list[Turn]],
    known: Mapping[int, Reachable],
) -> Mapping[int, Sequence[str]]:
    """Give the turns of who is not to be disturbed to who stands in, until then; return for whom each stands in."""
    found: dict[int, list[str]] = {}
    theirs = {user_id: turns[user_id] for user_id in insteads}
    for user_id, (until, other) in insteads.items():
        if other is None:
            continue
        covered = [replace(turn, end_at=min(turn.end_at, until)) for turn in theirs[user_id] if turn.start_at < until]
        its = [*turns.get(other.id, ()), *covered]
        turns[other.id] = sorted(its, key=lambda turn: (turn.start_at, turn.schedule_id))
        found.setdefault(other.id, []).append(known[user_id].name)
    return found


async def _turns(session: AsyncSession, at: datetime) -> dict[int, list[Turn]]:
    """Return the turns of each person, in order of time."""
    named = select(ScheduleRow.id, ScheduleRow.name, ScheduleRow.team_id, ScheduleRow.zone)
    rows = {row.id: row for row in await session.execute(named.where(ScheduleRow.deleted_at.is_(None)))}
    found: dict[int, list[Turn]] = {}
    ids = list(rows)
    for first in range(0, len(ids), TOGETHER):
        for number, (_, shifts) in (await duties(session, ids[first : first + TOGETHER], at, at + AHEAD)).items():
            row = rows[number]
            for one in shifts:
                if one.end_at > at:
                    turn = Turn(number, row.name, row.team_id, zone_or_utc(row.zone).key, one.start_at, one.end_at)
                    found.setdefault(one.user_id, []).append(turn)
    for user_id, policies in (await asked_directly(session)).items():
        found.setdefault(user_id, []).extend(
            Turn(0, "", one.team_id, "", at, at + AHEAD, policy_id=one.policy_id, policy=one.policy) for one in policies
        )
    return {user_id: sorted(its, key=lambda turn: (turn.start_at, turn.schedule_id)) for user_id, its in found.items()}


async def _ways(
    session: AsyncSession,
    ids: Sequence[int],
    readable: Collection[int] | None,
    unset: Collection[str],
    *,
    at: datetime,
) -> Mapping[int, Mapping[int, Way]]:
    """Return the contact methods of each person by their number: push first, what is switched off last."""
    order = (ContactMethodRow.disabled_at.is_not(None), ContactMethodRow.channel != "push", ContactMethodRow.id)
    statement = select(ContactMethodRow).where(ContactMethodRow.user_id.in_(ids)).order_by(*order)
    found: dict[int, dict[int, Way]] = {}
    for row in (await session.execute(statement)).scalars():
        label = shown(row.channel, label=row.label, address=row.address) or "A browser"
        if readable is not None and row.user_id not in readable and row.channel == EMAIL:
            label = masked(label)
        silent = is_silent(row.heard_at, at=at)
        way = Way(
            channel=row.channel,
            label=label,
            verified=row.verified_at is not None,
            disabled=row.disabled_at is not None or silent,
            disabled_reason=row.disabled_reason or ("no sign of life" if silent else ""),
            proven_at=row.last_proof_at,
            loud=face(row.channel).loud,
            unset=row.channel in unset,
        )
        found.setdefault(row.user_id or 0, {})[row.id] = way
    return found


async def _leaves(
    session: AsyncSession, ids: Sequence[int], at: datetime
) -> Mapping[int, Sequence[tuple[datetime, datetime]]]:
    statement = select(LeaveRow.user_id, LeaveRow.start_at, LeaveRow.end_at).where(
        LeaveRow.user_id.in_(ids), LeaveRow.deleted_at.is_(None), LeaveRow.end_at > at, LeaveRow.start_at < at + AHEAD
    )
    found: dict[int, list[tuple[datetime, datetime]]] = {}
    for row in await session.execute(statement.order_by(LeaveRow.start_at)):
        found.setdefault(row.user_id, []).append((row.start_at, row.end_at))
    return found


async def _drilled(session: AsyncSession, ids: Sequence[int], at: datetime) -> Mapping[int, tuple[datetime, bool]]:
    """Return when the last drill of each began that is over for them, and whether they answered it."""
    rows = await session.execute(_LAST_DRILLS, {"ids": list(ids), "now": at})
    return {row.user_id: (row.begins_at, row.answered) for row in rows}


def line_of(one: Somebody, found: Iterable[Item]) -> FitnessLine:
    """Return how somebody stands, as plain JSON."""
    its = tuple(found)
    return FitnessLine(
        user_id=one.user_id,
        name=one.name,
        zone=one.zone,
        state=worst(its).value,
        turns=[
            TurnLine(
                schedule_id=turn.schedule_id if turn.policy_id is None else None,
                schedule=turn.schedule,
                policy_id=turn.policy_id,
                policy=turn.policy,
                start_at=turn.start_at.timestamp(),
                end_at=turn.end_at.timestamp(),
            )
            for turn in one.turns
        ],
        ways=[_way(way) for way in one.ways],
        leaves=[SpanLine(start_at=start.timestamp(), end_at=end.timestamp()) for start, end in one.leaves],
        items=[
            ItemLine(name=item.name, state=item.state.value, sentence=item.sentence, mends=item.mends.value)
            for item in its
        ],
    )


def _way(way: Way) -> WayLine:
    return WayLine(
        channel=way.channel,
        label=way.label,
        works=way.works,
        verified=way.verified,
        unset=way.unset,
        loud=bool(way.loud),
        proven_at=None if way.proven_at is None else way.proven_at.timestamp(),
    )
