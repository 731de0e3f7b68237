"""Rows of what happens later and who is reached: timers, pages, the outbox and its attempts."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ForeignKey, Numeric, text
from sqlalchemy.orm import Mapped, mapped_column

from opsknight.domain.store.tables.base import Base, Json, PlainInt, SmallInt, TrafficId

_EMPTY = text("''")
_NO = text("false")


class TimerRow(Base):
    """Something that happens at `due_at`; a worker holds it until `lease_until`, fenced by `fence`.

    What is not `urgent` waits behind what is, where more is due than can be done at once. What came with
    many others `gather`s: the messages that it leads to go together.
    """

    __tablename__ = "timers"

    id: Mapped[TrafficId]
    kind: Mapped[str]
    subject: Mapped[UUID]
    generation: Mapped[PlainInt]
    due_at: Mapped[datetime]
    urgent: Mapped[bool] = mapped_column(server_default=text("true"))
    gather: Mapped[bool] = mapped_column(server_default=_NO)
    lease_until: Mapped[datetime | None]
    worker: Mapped[PlainInt | None]
    fence: Mapped[PlainInt] = mapped_column(server_default=text("0"))
    attempts: Mapped[PlainInt] = mapped_column(server_default=text("0"))
    dead_at: Mapped[datetime | None]
    last_error: Mapped[str] = mapped_column(server_default=_EMPTY)
    created_at: Mapped[datetime]


class PageRow(Base):
    """One decision to reach one person for one incident and step; without a person it reaches a room.

    `for_user_id` is whose page it is, where a substitute gets it. `said` is the reason as a sentence that can be said
    in any language.
    """

    __tablename__ = "pages"

    id: Mapped[TrafficId]
    incident_id: Mapped[UUID | None] = mapped_column(ForeignKey("incidents.id"))
    generation: Mapped[PlainInt]
    step: Mapped[SmallInt]
    lap: Mapped[PlainInt]
    kind: Mapped[str]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    reason: Mapped[str]
    due_at: Mapped[datetime]
    created_at: Mapped[datetime]
    chosen_by: Mapped[str] = mapped_column(server_default=_EMPTY)
    for_user_id: Mapped[int | None]
    said: Mapped[Json | None]


class NotificationRow(Base):
    """One message to one contact method, with a due time and an outcome.

    One that may `gather` goes together with others to the same address; it is `bundled_into` one of them
    then, and gathers on until that one was sent. `told` is how its incident stands by what it shows since it was
    changed, "" where it was not. `held` says that it waits because its number was sent something a moment ago,
    `held_until` when the quiet hours end in which it would have been due. `delivered_at` and `seen_at` are when that
    was first told. `said` is a reason as a sentence that can be said in any language: that one, while its English is.
    """

    __tablename__ = "notifications"

    id: Mapped[TrafficId]
    page_id: Mapped[UUID] = mapped_column(ForeignKey("pages.id"))
    incident_id: Mapped[UUID | None]
    generation: Mapped[PlainInt]
    user_id: Mapped[int | None]
    contact_method_id: Mapped[int]
    channel: Mapped[str]
    urgency: Mapped[str]
    position: Mapped[SmallInt]
    status: Mapped[str]
    due_at: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    worker: Mapped[PlainInt | None]
    fence: Mapped[PlainInt] = mapped_column(server_default=text("0"))
    attempts: Mapped[PlainInt] = mapped_column(server_default=text("0"))
    reason: Mapped[str] = mapped_column(server_default=_EMPTY)
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    gather: Mapped[bool] = mapped_column(server_default=_NO)
    bundled_into: Mapped[UUID | None]
    told: Mapped[str] = mapped_column(server_default=_EMPTY)
    held: Mapped[bool] = mapped_column(server_default=_NO)
    delivered_at: Mapped[datetime | None]
    seen_at: Mapped[datetime | None]
    held_until: Mapped[datetime | None]
    said: Mapped[Json | None]


class CanaryRow(Base):
    """A page to nobody that proves a channel; `outcome` is empty while it is under way."""

    __tablename__ = "canaries"

    notification_id: Mapped[UUID] = mapped_column(primary_key=True)
    contact_method_id: Mapped[int] = mapped_column(ForeignKey("contact_methods.id", ondelete="CASCADE"))
    channel: Mapped[str]
    due_at: Mapped[datetime]
    taken_at: Mapped[datetime | None]
    outcome: Mapped[str] = mapped_column(server_default=_EMPTY)


class BlindSpellRow(Base):
    """A time in which nothing proved that pages went out."""

    __tablename__ = "blind_spells"

    from_at: Mapped[datetime] = mapped_column(primary_key=True)
    to_at: Mapped[datetime]


class AttemptRow(Base):
    """One call to a provider; written before it, completed after it.

    `carrier` is which provider of the channel it was, `country` where the message went: two letters, or "".
    `cost` is what it cost in `currency`, None where nobody says.
    """

    __tablename__ = "attempts"

    id: Mapped[TrafficId]
    notification_id: Mapped[UUID] = mapped_column(ForeignKey("notifications.id"))
    number: Mapped[PlainInt]
    worker: Mapped[PlainInt]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    outcome: Mapped[str] = mapped_column(server_default=text("'started'"))
    provider_id: Mapped[str] = mapped_column(server_default=_EMPTY)
    detail: Mapped[str] = mapped_column(server_default=_EMPTY)
    carrier: Mapped[str] = mapped_column(server_default=_EMPTY)
    country: Mapped[str] = mapped_column(server_default=_EMPTY)
    cost: Mapped[Decimal | None] = mapped_column(Numeric(14, 6))
    currency: Mapped[str] = mapped_column(server_default=_EMPTY)
