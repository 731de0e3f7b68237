"""Drills and what became of each of their messages, hop by hop."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypedDict
from uuid import UUID

from sqlalchemy import Row, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.model.channel import face, shown
from opsknight.domain.model.drill import Hops, finding
from opsknight.domain.model.ledger import people
from opsknight.domain.model.person import EMAIL, masked
from opsknight.domain.store.tables import ScheduleRow, UserRow
from opsknight.errors import NotFound

SHOWN: Final = 100
"""Drills in a list, the newest."""


class DrillLine(TypedDict):
    """One drill; instants are in epoch seconds. `people` are in it, `acknowledged` of them have answered.

    Without `asked_by` it came by itself, where it is `weekly`, or was asked for on the server. `left_out` says why a
    week had none: nobody is in it then.
    """

    id: str
    about: str
    asked_by: str | None
    weekly: bool
    begins_at: float
    ends_at: float
    over: bool
    people: int
    acknowledged: int
    left_out: str


class DrillMessage(TypedDict):
    """One message: when it was due after the drill's begin, and seconds from then to each hop, None if never."""

    channel: str
    label: str
    status: str
    due_s: float
    handed_s: float | None
    delivered_s: float | None
    seen_s: float | None
    acknowledged_s: float | None
    reason: str


class DrillPerson(TypedDict):
    """One person; `acknowledged_s` counts from the drill's begin. `unreachable` says why there are no messages."""

    user_id: int
    user: str
    unreachable: str
    acknowledged_s: float | None
    via: str
    messages: list[DrillMessage]


class Drill(DrillLine):
    """A drill with its people; `findings` say what is wrong with those who did not answer, once it is over."""

    by_person: list[DrillPerson]
    findings: list[str]


_LINES: Final = """
    SELECT d.id, d.about, u.name AS asked_by, d.weekly_at IS NOT NULL AS weekly, d.begins_at, d.ends_at,
           count(p.user_id) AS people, count(p.acknowledged_at) AS acknowledged,
           d.ended_at IS NOT NULL OR d.ends_at <= :now
               OR bool_and(p.acknowledged_at IS NOT NULL OR p.page_id IS NULL) AS over
    FROM drills d LEFT JOIN users u ON u.id = d.asked_by LEFT JOIN drill_people p ON p.drill_id = d.id
    {where} GROUP BY d.id, u.name ORDER BY d.begins_at DESC, d.id DESC LIMIT :limit
"""
_FORMERLY: Final = "the ledger says why"
"""What is said of a week that was left out before why was kept with it."""
_LIST: Final = text(_LINES.format(where=""))
_ONE: Final = text(_LINES.format(where="WHERE d.id = :id"))
_PEOPLE: Final = text("""
    SELECT p.user_id, u.name, p.unreachable, p.acknowledged_at, p.via
    FROM drill_people p JOIN users u ON u.id = p.user_id WHERE p.drill_id = :id ORDER BY lower(u.name), u.id
""")
# A try that comes again moves the due time: the first call began when the message was due first.
_MESSAGES: Final = text("""
    SELECT p.user_id, n.channel, n.status, n.reason, n.attempts, n.delivered_at, n.seen_at, m.label, m.address,
           least(n.due_at, tried.first_at) AS due_at, tried.taken_at, tried.detail,
           CASE WHEN p.notification_id = n.id THEN p.acknowledged_at END AS acknowledged_at
    FROM drill_people p JOIN notifications n ON n.page_id = p.page_id
    LEFT JOIN contact_methods m ON m.id = n.contact_method_id
    CROSS JOIN LATERAL (
        SELECT min(started_at) AS first_at, min(finished_at) FILTER (WHERE outcome = 'accepted') AS taken_at,
               (array_agg(detail ORDER BY number DESC) FILTER (WHERE outcome <> 'accepted'))[1] AS detail
        FROM attempts WHERE notification_id = n.id) tried
    WHERE p.drill_id = :id ORDER BY n.position, n.id
""")


async def drills(session: AsyncSession, *, now: datetime) -> Sequence[DrillLine]:
    """Return the newest drills, newest first."""
    return [_line(row) for row in await session.execute(_LIST, {"now": now, "limit": SHOWN})]


async def whom(session: AsyncSession, *, email: str | None = None, schedule: str | None = None) -> int:
    """Return the number of the person with this mail address, or of the schedule of this name, whatever their case.

    Raises:
        NotFound: there is none; of schedules, the sentence names those that there are.
    """
    if email is not None:
        user_id = await session.scalar(select(UserRow.id).where(func.lower(UserRow.email) == email.strip().lower()))
        if user_id is None:
            raise NotFound(f"Nobody here has the address {email}.")
        return user_id
    named = await live_schedules(session)
    found = [number for number, name in named.items() if name.lower() == (schedule or "").strip().lower()]
    if not found:
        known = f"Known: {people(list(named.values()))}." if named else "There is none yet."
        raise NotFound(f"There is no schedule called {schedule}. {known}")
    return int(found[0])


async def live_schedules(session: AsyncSession) -> Mapping[str, str]:
    """Return the name of every schedule that is not deleted by its id, in order of name, as a form offers them."""
    named = select(ScheduleRow.id, ScheduleRow.name).where(ScheduleRow.deleted_at.is_(None))
    rows = await session.execute(named.order_by(func.lower(ScheduleRow.name), ScheduleRow.id))
    return {str(row.id): row.name for row in rows}


async def drill(
    session: AsyncSession, drill_id: UUID, *, now: datetime, readable: Collection[int] | None = None
) -> Drill:
    """Return one drill with what became of each message.

    `readable` are the people whose mail addresses are shown whole; None is all.

    Raises:
        NotFound: there is no such drill.
    """
    row = (await session.execute(_ONE, {"id": drill_id, "now": now, "limit": 1})).one_or_none()
    if row is None:
        raise NotFound("There is no such drill.")
    messages: dict[int, list[DrillMessage]] = {}
    for one in await session.execute(_MESSAGES, {"id": drill_id}):
        hidden = readable is not None and one.user_id not in readable
        messages.setdefault(one.user_id, []).append(_message(one, row.begins_at, hidden=hidden))
    by_person = [
        DrillPerson(
            user_id=one.user_id,
            user=one.name,
            unreachable=one.unreachable,
            acknowledged_s=_after(one.acknowledged_at, row.begins_at),
            via=one.via,
            messages=messages.get(one.user_id, []),
        )
        for one in await session.execute(_PEOPLE, {"id": drill_id})
    ]
    line = _line(row)
    silent = [one for one in by_person if one["acknowledged_s"] is None] if line["over"] else []
    return {**line, "by_person": by_person, "findings": [_finding(one) for one in silent]}


def _line(row: Row[Any]) -> DrillLine:
    is_left_out = row.weekly and not row.people  # then what it is about is why
    return {
        "id": str(row.id),
        "about": "nobody" if is_left_out else row.about,
        "asked_by": row.asked_by,
        "weekly": row.weekly,
        "begins_at": row.begins_at.timestamp(),
        "ends_at": row.ends_at.timestamp(),
        "over": row.over,
        "people": row.people,
        "acknowledged": row.acknowledged,
        "left_out": ("" if not is_left_out else _FORMERLY if row.about == "nobody" else row.about),
    }


def _message(row: Row[Any], begins_at: datetime, *, hidden: bool) -> DrillMessage:
    label = shown(row.channel, label=row.label or "", address=row.address or "")
    return {
        "channel": row.channel,
        "label": masked(label) if hidden and row.channel == EMAIL else label,
        "status": row.status,
        "due_s": max(0.0, (row.due_at - begins_at).total_seconds()),
        "handed_s": _after(row.taken_at, row.due_at),
        "delivered_s": _after(row.delivered_at, row.due_at),
        "seen_s": _after(row.seen_at, row.due_at),
        "acknowledged_s": _after(row.acknowledged_at, row.due_at),
        "reason": row.reason or row.detail or "",
    }


def _after(at: datetime | None, since: datetime) -> float | None:
    return None if at is None else max(0.0, (at - since).total_seconds())


def _finding(person: DrillPerson) -> str:
    hops = [
        Hops(
            face(one["channel"]).word,
            one["status"],
            one["reason"],
            one["handed_s"],
            one["delivered_s"],
            one["seen_s"],
        )
        for one in person["messages"]
    ]
    return finding(person["user"], unreachable=person["unreachable"], messages=hops)
