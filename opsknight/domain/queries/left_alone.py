"""When a person is left alone, as their own page shows it. Instants are epoch seconds."""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.model.permission import Role
from opsknight.domain.queries.escalations import Reachable, people
from opsknight.domain.store.tables import NotificationRow, UserRow
from opsknight.errors import NotFound


class WindowLine(TypedDict):
    """Hours of weekdays (1 is Monday); `words` says them as people do."""

    weekdays: list[int]
    start: str
    end: str
    words: str


class UndisturbedLine(TypedDict):
    """That somebody is not to be disturbed until then, and who is paged instead, where they can be now."""

    until: float
    substitute_id: int | None
    substitute: str | None
    reachable: bool


class LeftAlone(TypedDict):
    """Quiet hours by the clock of `zone`, until when they hold what is of low urgency now, and do not disturb.

    `waiting` counts the pages that are held.
    """

    zone: str
    quiet_hours: list[WindowLine]
    quiet_until: float | None
    waiting: int
    undisturbed: UndisturbedLine | None


async def left_alone(session: AsyncSession, user_id: int, *, at: datetime) -> LeftAlone:
    """Return when a person is left alone.

    Raises:
        NotFound: there is no such person.
    """
    zone = await session.scalar(select(UserRow.zone).where(UserRow.id == user_id))
    if zone is None:
        raise NotFound("There is no such person.")
    known = await people(session, [user_id])
    person = known[user_id]
    named = person.undisturbed.substitute_id if person.undisturbed is not None else None
    quiet_until = person.quiet.until(at)
    return LeftAlone(
        zone=zone,
        quiet_hours=[WindowLine(**window.to_json(), words=window.words) for window in person.quiet.windows],
        quiet_until=None if quiet_until is None else quiet_until.timestamp(),
        waiting=0 if quiet_until is None else await _waiting(session, user_id, at=at),
        undisturbed=_undisturbed(person, known.get(named or 0), at=at),
    )


async def substitutes(session: AsyncSession, *, but: int) -> dict[int, str]:
    """Return who could be paged instead of somebody, by name: everybody else who is active and may respond."""
    others = select(UserRow.id, UserRow.name).where(
        UserRow.active, UserRow.id != but, UserRow.role != Role.OBSERVER.value
    )
    return {row.id: row.name for row in await session.execute(others.order_by(UserRow.name, UserRow.id))}


async def _waiting(session: AsyncSession, user_id: int, *, at: datetime) -> int:
    """Return how many pages of a person quiet hours hold."""
    held = select(func.count(NotificationRow.page_id.distinct())).where(
        NotificationRow.user_id == user_id,
        NotificationRow.status == "queued",
        NotificationRow.finished_at.is_(None),
        NotificationRow.attempts == 0,
        NotificationRow.held_until > at,
    )
    return (await session.execute(held)).scalar_one()


def _undisturbed(person: Reachable, substitute: Reachable | None, *, at: datetime) -> UndisturbedLine | None:
    absence = person.undisturbed
    if absence is None or not absence.holds(at):
        return None
    return UndisturbedLine(
        until=absence.until.timestamp(),
        substitute_id=absence.substitute_id,
        substitute=None if substitute is None else substitute.name,
        reachable=substitute is not None and substitute.stands_in_at(at),
    )
