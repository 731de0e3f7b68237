"""Handoffs: what somebody who goes off call leaves for who comes, with what is known without their writing it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, Literal, TypedDict

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.model.handoff import (
    BEFORE_END,
    LOOKED_AHEAD,
    LOOKED_BACK,
    Left,
    Turn,
    coming,
    leaving,
    left_before,
    turns,
)
from opsknight.domain.queries.duties import duties
from opsknight.domain.queries.schedules import schedules
from opsknight.domain.store.tables import HandoffNoteRow, ScheduleRow, UserRow

LISTED: Final = 20
"""Incidents in each list, and notes on a page of them."""

# An incident belongs to a schedule whose escalation asks it, by the copy that it goes by or by the present policy.
_OF_SCHEDULE: Final = """
    (jsonb_path_exists(i.policy, '$.steps[*].targets[*] ? (@.kind == "schedule" && @.id == $id)',
            jsonb_build_object('id', CAST(:schedule_id AS bigint)))
        OR EXISTS (SELECT FROM escalation_steps e JOIN escalation_targets t ON t.step_id = e.id
            WHERE e.policy_id = coalesce(i.policy_id, s.policy_id) AND t.schedule_id = :schedule_id))
"""
_OWNED: Final = text(f"""
    SELECT i.number, i.title, i.status, s.name AS service, 0 AS times
    FROM incidents i JOIN services s ON s.id = i.service_id
    WHERE i.assignee_id = :user_id AND i.status <> 'resolved' AND {_OF_SCHEDULE}
    ORDER BY i.urgency, i.created_at DESC LIMIT :limit
""")  # noqa: S608  # words of ours
_PAGED: Final = text(f"""
    SELECT i.number, i.title, i.status, s.name AS service, count(*) AS times
    FROM pages p JOIN incidents i ON i.id = p.incident_id JOIN services s ON s.id = i.service_id
    WHERE p.created_at >= :began_at AND p.created_at < :handoff_at AND p.user_id = :user_id
        AND p.kind IN ('page', 'assigned', 'safety_net') AND {_OF_SCHEDULE}
    GROUP BY i.id, s.name ORDER BY max(p.created_at) DESC LIMIT :limit
""")  # noqa: S608  # words of ours


class IncidentOf(TypedDict):
    """An incident of a handoff; `times` is how often the person was paged for it."""

    n: int
    title: str
    service: str
    status: str
    times: int


class HandoffLine(TypedDict):
    """The end of somebody's turn, and what they leave; instants are epoch seconds, `written_at` None without a note.

    `owned` and `paged` are open incidents that they own, and those they were paged for in their turn.
    """

    schedule_id: int
    schedule: str
    user: str
    user_id: int
    began_at: float
    handoff_at: float
    text: str
    written_at: float | None
    owned: list[IncidentOf]
    paged: list[IncidentOf]


class Handoffs(TypedDict):
    """Of one person: what others leave for them, and the ends of their own turns for which they may write."""

    coming: list[HandoffLine]
    leaving: list[HandoffLine]


class NoteLine(TypedDict):
    """A note that somebody wrote; instants are epoch seconds."""

    id: int
    user: str
    user_id: int
    began_at: float
    handoff_at: float
    text: str
    written_at: float


class Notes(TypedDict):
    """Notes of a schedule, newest first; `more` is the cursor of those before, None where there are none."""

    notes: list[NoteLine]
    more: int | None


async def handoffs_of(session: AsyncSession, user_id: int, *, at: datetime) -> Handoffs:
    """Return the handoffs of a person at `at`, over all schedules in order of name."""
    ids = await _live(session)
    known = await schedules(session, ids, since=at - LOOKED_BACK)
    mine = [number for number in ids if number in known and user_id in known[number].people]
    found: Handoffs = {"coming": [], "leaving": []}
    for number, every in (await _turns(session, mine, at)).items():
        if (ends := leaving(every, user_id, at=at)) is not None and ends.end_at <= at + BEFORE_END:
            found["leaving"].append(await _line(session, number, ends))
        if (begins := coming(every, user_id, at=at)) is not None:
            found["coming"] += [await _line(session, number, one) for one in left_before(every, begins)]
    return found


async def turn_that_ends(session: AsyncSession, schedule_id: int, user_id: int, *, at: datetime) -> Turn | None:
    """Return the turn on a schedule for which a person may leave a note at `at`."""
    every = (await _turns(session, [schedule_id], at)).get(schedule_id, ())
    return leaving(every, user_id, at=at)


async def left_for(
    session: AsyncSession, schedule_id: int, user_id: int, *, start_at: datetime, discreet: bool = False
) -> Sequence[Left]:
    """Return what is left for a person whose turn on a schedule begins at `start_at`.

    Incidents are named by their titles, by their services where it is `discreet`.
    """
    named = partial(_named, by="service" if discreet else "title")
    every = (await _turns(session, [schedule_id], start_at)).get(schedule_id, ())
    begins = next((one for one in every if one.user_id == user_id and one.start_at == start_at), None)
    lines = [await _line(session, schedule_id, one) for one in left_before(every, begins)] if begins else []
    return [Left(one["user"], one["text"], named(one["owned"]), named(one["paged"])) for one in lines]


async def notes_of(session: AsyncSession, schedule_id: int, *, before: int | None = None) -> Notes:
    """Return the notes of a schedule, newest first, LISTED at most, from the cursor `before` on."""
    statement = (
        select(HandoffNoteRow, UserRow.name)
        .join(UserRow, UserRow.id == HandoffNoteRow.user_id)
        .where(HandoffNoteRow.schedule_id == schedule_id)
        .order_by(HandoffNoteRow.id.desc())
        .limit(LISTED + 1)
    )
    if before is not None:
        statement = statement.where(HandoffNoteRow.id < before)
    rows = (await session.execute(statement)).all()
    shown = [_note(row, name) for row, name in rows[:LISTED]]
    return {"notes": shown, "more": shown[-1]["id"] if len(rows) > LISTED else None}


async def _live(session: AsyncSession) -> Sequence[int]:
    statement = select(ScheduleRow.id).where(ScheduleRow.deleted_at.is_(None))
    return (await session.scalars(statement.order_by(ScheduleRow.name, ScheduleRow.id))).all()


async def _turns(session: AsyncSession, ids: Collection[int], at: datetime) -> Mapping[int, Sequence[Turn]]:
    known = await duties(session, ids, at - LOOKED_BACK, at + LOOKED_AHEAD)
    return {number: turns(found) for number, (_, found) in known.items()}


async def _line(session: AsyncSession, schedule_id: int, turn: Turn) -> HandoffLine:
    about = (
        select(ScheduleRow.name.label("schedule"), UserRow.name, HandoffNoteRow.text, HandoffNoteRow.written_at)
        .select_from(ScheduleRow)
        .join(UserRow, UserRow.id == turn.user_id)
        .outerjoin(
            HandoffNoteRow,
            (HandoffNoteRow.schedule_id == ScheduleRow.id)
            & (HandoffNoteRow.user_id == turn.user_id)
            & (HandoffNoteRow.began_at < turn.end_at)
            & (HandoffNoteRow.handoff_at > turn.start_at),
        )
        .where(ScheduleRow.id == schedule_id)
        .order_by(HandoffNoteRow.written_at.desc().nulls_last())
        .limit(1)
    )
    row = (await session.execute(about)).one()
    key = {"schedule_id": schedule_id, "user_id": turn.user_id, "limit": LISTED}
    span = {"began_at": turn.start_at, "handoff_at": turn.end_at}
    return HandoffLine(
        schedule_id=schedule_id,
        schedule=row.schedule,
        user=row.name,
        user_id=turn.user_id,
        began_at=turn.start_at.timestamp(),
        handoff_at=turn.end_at.timestamp(),
        text=row.text or "",
        written_at=None if row.written_at is None else row.written_at.timestamp(),
        owned=_incidents((await session.execute(_OWNED, key)).all()),
        paged=_incidents((await session.execute(_PAGED, {**key, **span})).all()),
    )


def _incidents(rows: Sequence[Any]) -> list[IncidentOf]:
    return [
        IncidentOf(n=row.number, title=row.title, service=row.service, status=row.status, times=row.times)
        for row in rows
    ]


def _named(incidents: Sequence[IncidentOf], *, by: Literal["title", "service"]) -> tuple[str, ...]:
    return tuple(f"#{one['n']} {one[by]}" for one in incidents)


def _note(row: HandoffNoteRow, name: str) -> NoteLine:
    return NoteLine(
        id=row.id,
        user=name,
        user_id=row.user_id,
        began_at=row.began_at.astimezone(UTC).timestamp(),
        handoff_at=row.handoff_at.astimezone(UTC).timestamp(),
        text=row.text,
        written_at=row.written_at.astimezone(UTC).timestamp(),
    )
