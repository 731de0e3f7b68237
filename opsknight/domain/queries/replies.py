"""Who answered, on a phone or by mail, and what was told there lately."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.model.notification import PageKind
from opsknight.domain.model.speech import ENGLISH
from opsknight.domain.store.tables import ContactMethodRow, IncidentRow, NotificationRow, UserRow

LATELY: Final = timedelta(hours=24)
"""What was told longer ago is not what an answer without a number is about."""
PLANNED_WITHIN: Final = timedelta(days=8)
"""How long before it was told a message may have been planned: one that waited longer is not looked for."""
MANY: Final = 200
"""The newest messages that are looked at for the one that is answered."""

# A text that went together with others is one message: its carrier's. It was told when that was handed over last, and
# only if it came, or may have come: what failed, or still waits for its first success, is nothing to answer to.
_SENT: Final = """
    JOIN notifications carrier ON carrier.id = CASE WHEN n.status = 'bundled' THEN n.bundled_into ELSE n.id END
    CROSS JOIN LATERAL (
        SELECT coalesce(max(a.started_at), carrier.created_at) AS at, bool_or(a.outcome = 'ambiguous') AS perhaps
        FROM attempts a WHERE a.notification_id = carrier.id) sent
"""
_CAME: Final = """
    sent.at > :since AND (carrier.status IN ('accepted', 'delivered', 'seen', 'ambiguous')
        OR (sent.perhaps AND carrier.status IN ('queued', 'sending', 'superseded')))
"""
_TO_PHONE: Final = """
    m.channel = :channel AND m.address = :number AND m.verified_at IS NOT NULL
"""

_TOLD: Final = text(f"""
    SELECT n.id, n.user_id, n.incident_id, i.number, i.title, i.status, carrier.id AS message, sent.at
    FROM contact_methods m
    JOIN notifications n ON n.contact_method_id = m.id AND n.channel = m.channel AND n.id > :planned_since
        AND n.channel IN ('sms', 'voice', 'whatsapp')
    {_SENT}
    JOIN incidents i ON i.id = n.incident_id
    WHERE {_TO_PHONE} AND {_CAME}
    ORDER BY sent.at DESC, carrier.id DESC, n.id DESC LIMIT :many
""")  # noqa: S608  # words of ours

_OPEN_TOLD: Final = text(f"""
    SELECT DISTINCT ON (i.number)
        n.id, n.user_id, n.incident_id, i.number, i.title, i.status, carrier.id AS message, sent.at
    FROM incidents i
    JOIN notifications n ON n.incident_id = i.id AND n.id > :planned_since
        AND n.user_id = :user_id AND n.channel = :channel
    {_SENT}
    LEFT JOIN contact_methods m ON m.id = n.contact_method_id AND m.channel = n.channel
    WHERE i.status = 'open' AND (:address = '' OR (m.address = :address AND m.verified_at IS NOT NULL)) AND {_CAME}
    ORDER BY i.number, sent.at DESC, n.id DESC
""")  # noqa: S608  # words of ours

_MAILED: Final = text("""
    SELECT n.user_id, n.contact_method_id, m.address, p.kind,
        (SELECT max(a.started_at) FROM attempts a WHERE a.notification_id = n.id) AS sent_at
    FROM notifications n JOIN pages p ON p.id = n.page_id JOIN contact_methods m ON m.id = n.contact_method_id
    JOIN users u ON u.id = n.user_id AND u.active
    WHERE n.id = :id AND n.channel = 'email' AND n.attempts > 0 AND m.channel = 'email'
        AND m.user_id = n.user_id AND m.verified_at IS NOT NULL
""")
_TOLD_BY: Final = text("""
    SELECT n.id, n.user_id, n.incident_id, i.number, i.title, i.status, CAST(:id AS uuid) AS message,
        coalesce((SELECT max(a.started_at) FROM attempts a WHERE a.notification_id = :id), n.created_at) AS sent_at
    FROM notifications n JOIN incidents i ON i.id = n.incident_id
    WHERE n.id = :id OR n.bundled_into = :id
    ORDER BY n.id <> :id, i.number
""")
_DRILLED: Final = text(f"""
    SELECT n.id, n.user_id, p.acknowledged_at IS NULL AND d.ended_at IS NULL AND d.ends_at > :now AS asks, sent.at
    FROM contact_methods m
    JOIN notifications n ON n.contact_method_id = m.id AND n.channel = m.channel AND n.id > :planned_since
        AND n.channel IN ('sms', 'voice', 'whatsapp')
    {_SENT}
    JOIN drill_people p ON p.page_id = n.page_id
    JOIN drills d ON d.id = p.drill_id
    WHERE {_TO_PHONE} AND {_CAME}
    ORDER BY sent.at DESC, n.id DESC LIMIT :many
""")  # noqa: S608  # words of ours
_ASKED: Final = text("""
    SELECT i.id, i.number FROM incidents i JOIN timers t ON t.subject = i.id AND t.kind = 'ack_reminder'
    WHERE i.status = 'acknowledged' AND i.assignee_id = :user_id
""")


@dataclass(frozen=True, slots=True)
class Told:
    """One incident that somebody was told of, and when; several have the same `message` where they went together."""

    notification_id: UUID
    user_id: int
    incident_id: UUID
    number: int
    title: str
    status: str
    message: UUID
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class Drilled:
    """One message of a drill that a phone was sent; `asks` says that the drill still waits for its answer."""

    notification_id: UUID
    user_id: int
    asks: bool
    sent_at: datetime


async def told_lately(session: AsyncSession, *, channel: str, number: str, now: datetime) -> Sequence[Told]:
    """Return the newest MANY of what the number was told LATELY on the channel, newest first."""
    key = {"channel": channel, "number": number, "many": MANY, **_lately(now)}
    return [Told(*row) for row in await session.execute(_TOLD, key)]


@dataclass(frozen=True, slots=True)
class Mailed:
    """A mail that went to a person's verified address: to whom, by which of their contact methods, and why.

    `sent_at` is when it was last handed over.
    """

    user_id: int
    contact_method_id: int
    address: str
    kind: PageKind
    sent_at: datetime


async def mailed(session: AsyncSession, notification_id: UUID) -> Mailed | None:
    """Return the mail of that name; None where it went to nobody who is active and has the address now."""
    row = (await session.execute(_MAILED, {"id": notification_id})).one_or_none()
    if row is None:
        return None
    return Mailed(row.user_id, row.contact_method_id, row.address, PageKind(row.kind), row.sent_at)


async def told_by(session: AsyncSession, notification_id: UUID) -> Sequence[Told]:
    """Return the incidents that one message told of, the one it was about first."""
    return [Told(*row) for row in await session.execute(_TOLD_BY, {"id": notification_id})]


async def open_told_lately(
    session: AsyncSession, user_id: int, *, channel: str, address: str = "", now: datetime
) -> Sequence[Told]:
    """Return all that is open of what a person was told LATELY on the channel, at `address` or anywhere, by number."""
    key = {"user_id": user_id, "channel": channel, "address": address, **_lately(now)}
    return [Told(*row) for row in await session.execute(_OPEN_TOLD, key)]


async def drilled_lately(session: AsyncSession, *, channel: str, number: str, now: datetime) -> Sequence[Drilled]:
    """Return the messages of drills that went to the number LATELY on the channel, newest first."""
    key = {"channel": channel, "number": number, "now": now, "many": MANY, **_lately(now)}
    return [Drilled(*row) for row in await session.execute(_DRILLED, key)]


async def asked_still_on_it(session: AsyncSession, user_id: int) -> Mapping[UUID, int]:
    """Return the incidents, by their numbers, of which a person is asked whether they are still on it."""
    return {row.id: row.number for row in await session.execute(_ASKED, {"user_id": user_id})}


async def incident_of(session: AsyncSession, number: int) -> UUID | None:
    """Return the incident of this number, None where there is none."""
    return (await session.execute(select(IncidentRow.id).where(IncidentRow.number == number))).scalar_one_or_none()


async def address_of(session: AsyncSession, notification_id: UUID) -> str:
    """Return the address to which a message went, "" where that is not known any more."""
    sql = (
        select(ContactMethodRow.address)
        .join(NotificationRow, NotificationRow.contact_method_id == ContactMethodRow.id)
        .where(NotificationRow.id == notification_id)
    )
    return (await session.execute(sql)).scalar_one_or_none() or ""


async def language_of(session: AsyncSession, notification_id: UUID) -> str:
    """Return the language that whoever a message went to reads; English where it went to nobody who is known."""
    sql = select(UserRow.language).join(NotificationRow, NotificationRow.user_id == UserRow.id)
    return (await session.execute(sql.where(NotificationRow.id == notification_id))).scalar_one_or_none() or ENGLISH


async def under_way(session: AsyncSession, notification_id: UUID) -> bool:
    """Say whether a message is being sent, so that what its provider answered is not written yet."""
    row = await session.get(NotificationRow, notification_id)
    return row is not None and row.status == "sending"


async def any_under_way(session: AsyncSession, channel: str) -> bool:
    """Say whether any message on the channel is being sent."""
    sending = select(NotificationRow.id).where(
        NotificationRow.channel == channel,
        NotificationRow.finished_at.is_(None),
        NotificationRow.attempts > 0,
        NotificationRow.status == "sending",
    )
    return (await session.execute(sending.limit(1))).first() is not None


def _lately(now: datetime) -> Mapping[str, datetime | UUID]:
    """Return since when a message counts that was sent, and the least id of one that may have been planned for then."""
    since = now - LATELY
    return {"since": since, "planned_since": UUID(int=int((since - PLANNED_WITHIN).timestamp() * 1000) << 80)}
