"""A person's contact methods, as their own page shows them. Instants are epoch seconds."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import TypedDict

from sqlalchemy import case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.model.channel import shown
from opsknight.domain.model.liveness import is_silent
from opsknight.domain.model.person import Method
from opsknight.domain.model.window import WINDOW, is_open
from opsknight.domain.store.tables import ContactMethodRow, NotificationRuleRow, UserRow


class ContactMethodLine(TypedDict):
    """One verified way to reach a person, or one that does not count: not verified yet, or switched off.

    A device was last `heard_at` then; one that is `silent` was not for so long that nothing waits for it. `open` says
    that a native window asks for its messages now.
    """

    id: int
    channel: str
    label: str
    verified_at: float | None
    last_proof_at: float | None
    disabled_at: float | None
    disabled_reason: str
    heard_at: float | None
    silent: bool
    open: bool


async def contact_methods(session: AsyncSession, user_id: int, *, at: datetime) -> Sequence[ContactMethodLine]:
    """Return a person's contact methods at `at`: push first, as pages go out, what is switched off last.

    A mail address is its own label; that of push is a long secret, so a device goes by its name.
    """
    statement = (
        select(ContactMethodRow)
        .where(ContactMethodRow.user_id == user_id)
        .order_by(
            ContactMethodRow.disabled_at.is_not(None),
            case((ContactMethodRow.channel == "push", 0), else_=1),
            ContactMethodRow.id,
        )
    )
    return [_line(row, at=at) for row in (await session.execute(statement)).scalars()]


async def every_method(
    session: AsyncSession, *, at: datetime, unset: Collection[str] = ()
) -> Mapping[int, Sequence[Method]]:
    """Return the contact methods of each person, push first, as far as it matters whether a page reaches them.

    `unset` are the channels that are not set up.
    """
    statement = select(
        ContactMethodRow.user_id,
        ContactMethodRow.channel,
        ContactMethodRow.verified_at.is_not(None).label("verified"),
        ContactMethodRow.disabled_at.is_not(None).label("disabled"),
        ContactMethodRow.heard_at,
    ).order_by((ContactMethodRow.channel == "push").desc(), ContactMethodRow.id)
    found: dict[int, list[Method]] = {}
    for row in await session.execute(statement.where(ContactMethodRow.user_id.is_not(None))):
        silent = is_silent(row.heard_at, at=at)
        method = Method(row.channel, row.verified, row.disabled, silent=silent, unset=row.channel in unset)
        found.setdefault(row.user_id, []).append(method)
    return found


class OwnRuleLine(TypedDict):
    """One notification rule: which contact method, so many seconds after the page."""

    urgency: str
    contact_method_id: int
    delay_s: int


async def notification_rules(session: AsyncSession, user_id: int) -> Sequence[OwnRuleLine]:
    """Return a person's notification rules, in order of time for each urgency."""
    found = (
        select(NotificationRuleRow)
        .where(NotificationRuleRow.user_id == user_id)
        .order_by(NotificationRuleRow.urgency, NotificationRuleRow.delay_s, NotificationRuleRow.id)
    )
    return [
        OwnRuleLine(urgency=row.urgency, contact_method_id=row.contact_method_id, delay_s=row.delay_s)
        for row in (await session.execute(found)).scalars()
    ]


async def owners(session: AsyncSession, *, channel: str, address: str) -> Sequence[int]:
    """Return the active people who have verified `address` on `channel`, those who had it first before others."""
    statement = (
        select(UserRow.id)
        .join(ContactMethodRow, ContactMethodRow.user_id == UserRow.id)
        .where(
            ContactMethodRow.channel == channel,
            ContactMethodRow.address == address,
            ContactMethodRow.verified_at.is_not(None),
            UserRow.active,
        )
        .order_by(ContactMethodRow.id)
    )
    return (await session.execute(statement)).scalars().all()


async def channels_in_use(session: AsyncSession) -> set[str]:
    """Return the channels on which anybody has an address."""
    return set((await session.execute(select(ContactMethodRow.channel).distinct())).scalars())


async def push_services(session: AsyncSession) -> set[str]:
    """Return the origins of the push services by which the browsers of active people are reached."""
    origin = func.substring(ContactMethodRow.address, "^https?://[^/]+")
    statement = (
        select(origin)
        .join(UserRow, UserRow.id == ContactMethodRow.user_id)
        .where(ContactMethodRow.channel == "push", ContactMethodRow.disabled_at.is_(None), UserRow.active)
        .distinct()
    )
    return {found for found in (await session.execute(statement)).scalars() if found}


def _line(row: ContactMethodRow, *, at: datetime) -> ContactMethodLine:
    return ContactMethodLine(
        id=row.id,
        channel=row.channel,
        label=shown(row.channel, label=row.label, address=row.address) or "A browser",
        verified_at=_epoch(row.verified_at),
        last_proof_at=_epoch(row.last_proof_at),
        disabled_at=_epoch(row.disabled_at),
        disabled_reason=row.disabled_reason,
        heard_at=_epoch(row.heard_at),
        silent=is_silent(row.heard_at, at=at),
        open=row.channel == WINDOW and is_open(row.heard_at, at=at),
    )


def _epoch(at: datetime | None) -> float | None:
    return at.timestamp() if at is not None else None
