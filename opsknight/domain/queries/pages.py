"""Who was paged for an incident, over which contact methods, and what the providers answered."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, TypedDict
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from opsknight.domain.model.channel import room_name, shown
from opsknight.domain.store.tables import (
    AttemptRow,
    ContactMethodRow,
    IncidentRow,
    NotificationRow,
    PageRow,
    UserRow,
)

PAGES_AT_MOST = 200
_OF_A_STEP = "page"


class AttemptLine(TypedDict):
    """One call to a provider."""

    number: int
    started_at: float
    finished_at: float | None
    outcome: str
    detail: str


class NotificationLine(TypedDict):
    """One message; `sentence` says what its status alone does not, or nothing.

    Quiet hours hold it until `held_until`, as long as it waits for that. `bundled_into` is the message that it went
    together with, `bundled_number` the incident of that one.
    """

    id: str
    channel: str
    label: str
    status: str
    sentence: str
    due_at: float
    held_until: float | None
    finished_at: float | None
    attempts: list[AttemptLine]
    bundled_into: str | None
    bundled_number: int | None


class PageLine(TypedDict):
    """One decision to reach one person, or to post in a room, which has no `user_id`.

    `step` counts from 1 and is None where no step decided. `chosen_by` says why they get these messages: by
    their own rules, or over every contact method. It is the page of `for_user` where they stand in for somebody.
    """

    id: str
    user: str
    user_id: int | None
    for_user: str | None
    for_user_id: int | None
    step: int | None
    lap: int
    generation: int
    kind: str
    reason: str
    chosen_by: str
    at: float
    notifications: list[NotificationLine]


async def pages(session: AsyncSession, incident_id: UUID) -> list[PageLine]:
    """Return the PAGES_AT_MOST newest pages of an incident, newest first, with every message and attempt."""
    whose = aliased(UserRow)
    newest = (
        select(PageRow, UserRow.name, whose.name)
        .outerjoin(UserRow, UserRow.id == PageRow.user_id)
        .outerjoin(whose, whose.id == PageRow.for_user_id)
        .where(PageRow.incident_id == incident_id)
        .order_by(PageRow.created_at.desc(), PageRow.id.desc())
        .limit(PAGES_AT_MOST)
    )
    found = (await session.execute(newest)).all()
    messages = await _notifications(session, [page.id for page, *_ in found])
    return [
        _page(page, name or _room_of(messages[page.id]), whose_name, messages[page.id])
        for page, name, whose_name in found
    ]


async def _notifications(session: AsyncSession, page_ids: list[UUID]) -> dict[UUID, list[NotificationLine]]:
    messages: dict[UUID, list[NotificationLine]] = defaultdict(list)
    if not page_ids:
        return messages
    carrier = aliased(NotificationRow)
    statement = (
        select(NotificationRow, ContactMethodRow.label, ContactMethodRow.address, IncidentRow.number)
        .outerjoin(ContactMethodRow, ContactMethodRow.id == NotificationRow.contact_method_id)
        .outerjoin(carrier, carrier.id == NotificationRow.bundled_into)
        .outerjoin(IncidentRow, IncidentRow.id == carrier.incident_id)
        .where(NotificationRow.page_id.in_(page_ids))
        .order_by(NotificationRow.position)
    )
    rows = (await session.execute(statement)).all()
    tries = await _attempts(session, [row.id for row, *_ in rows])
    for row, label, address, number in rows:
        called = shown(row.channel, label=label or "", address=address or "")
        messages[row.page_id].append(_notification(row, called, tries[row.id], number))
    return messages


async def _attempts(session: AsyncSession, notification_ids: list[UUID]) -> dict[UUID, list[AttemptLine]]:
    tries: dict[UUID, list[AttemptLine]] = defaultdict(list)
    if notification_ids:
        statement = select(AttemptRow).where(AttemptRow.notification_id.in_(notification_ids))
        for row in (await session.execute(statement.order_by(AttemptRow.number))).scalars():
            tries[row.notification_id].append(_attempt(row))
    return tries


def _room_of(messages: list[NotificationLine]) -> str:
    """Return what a page without a person is called: the room of its only message."""
    return next((room_name(one["channel"], label=one["label"], address="") for one in messages), "a channel")


def _page(row: PageRow, name: str, for_user: str | None, notifications: list[NotificationLine]) -> PageLine:
    return PageLine(
        id=str(row.id),
        user=name,
        user_id=row.user_id,
        for_user=for_user,
        for_user_id=row.for_user_id,
        step=row.step + 1 if row.kind == _OF_A_STEP else None,
        lap=row.lap,
        generation=row.generation,
        kind=row.kind,
        reason=row.reason,
        chosen_by=row.chosen_by,
        at=row.created_at.timestamp(),
        notifications=notifications,
    )


def _notification(
    row: NotificationRow, label: str, attempts: list[AttemptLine], number: int | None
) -> NotificationLine:
    return NotificationLine(
        id=str(row.id),
        channel=row.channel,
        label=label,
        status=row.status,
        sentence=_sentence(row, attempts) if number is None else _together(row, number),
        due_at=row.due_at.timestamp(),
        held_until=row.held_until.timestamp() if row.held_until and row.status == "queued" and not attempts else None,
        finished_at=row.finished_at.timestamp() if row.finished_at else None,
        attempts=attempts,
        bundled_into=None if row.bundled_into is None else str(row.bundled_into),
        bundled_number=number,
    )


def _together(row: NotificationRow, number: int) -> str:
    """Return with which message another went, and why that failed if it did."""
    went = f"It went together with the message of #{number}."
    return f"{went} {_sentence(row, [])}".rstrip() if row.status == "failed" else went


def _attempt(row: AttemptRow) -> AttemptLine:
    return AttemptLine(
        number=row.number,
        started_at=row.started_at.timestamp(),
        finished_at=row.finished_at.timestamp() if row.finished_at else None,
        outcome=row.outcome,
        detail=row.detail,
    )


def _sentence(row: Any, attempts: list[AttemptLine]) -> str:
    """Return what the status alone does not say: the provider's words, or why it was not sent."""
    said = next((attempt["detail"] for attempt in reversed(attempts) if attempt["detail"]), "")
    if row.status in ("accepted", "delivered", "seen"):
        return f"The provider said: “{said}”." if said else ""
    if row.status == "queued" and attempts:
        times = "once" if len(attempts) == 1 else f"{len(attempts)} times"
        return f"Tried {times} so far: “{said or row.reason}”."
    why = row.reason or said
    return f"{why[0].upper()}{why[1:].rstrip('.')}." if why else ""
