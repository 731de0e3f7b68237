"""Rows of what must report in time: heartbeats, and the last pings of each."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Double

from opsknight.domain.store.tables.base import Base, PlainInt, SmallInt, TrafficId

_EMPTY = text("''")


class HeartbeatRow(Base):
    """Something that must report in time; `key` is what it pings with, `badge_key` shows its badge to anyone.

    `former_key` is live beside the key until somebody ends it.
    """

    __tablename__ = "heartbeats"

    id: Mapped[TrafficId]
    service_id: Mapped[int] = mapped_column(ForeignKey("services.id"))
    name: Mapped[str]
    key: Mapped[str] = mapped_column(unique=True)
    former_key: Mapped[str | None] = mapped_column(unique=True)
    badge_key: Mapped[str] = mapped_column(unique=True)
    urgency: Mapped[str] = mapped_column(server_default=text("'high'"))
    period_s: Mapped[PlainInt | None]
    cron: Mapped[str] = mapped_column(server_default=_EMPTY)
    zone: Mapped[str] = mapped_column(server_default=text("'UTC'"))
    grace_s: Mapped[PlainInt]
    state: Mapped[str] = mapped_column(server_default=text("'new'"))
    counted_from: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    last_ping_at: Mapped[datetime | None]
    last_duration_s: Mapped[float | None] = mapped_column(Double)
    paused_until: Mapped[datetime | None]
    pings: Mapped[int] = mapped_column(server_default=text("0"))
    created_at: Mapped[datetime]


class HeartbeatPingRow(Base):
    """One ping; the newest takes the slot of the hundredth before it."""

    __tablename__ = "heartbeat_pings"

    heartbeat_id: Mapped[UUID] = mapped_column(ForeignKey("heartbeats.id", ondelete="CASCADE"), primary_key=True)
    slot: Mapped[SmallInt] = mapped_column(primary_key=True)
    number: Mapped[int]
    at: Mapped[datetime]
    signal: Mapped[str]
    exit_code: Mapped[SmallInt | None]
    duration_s: Mapped[float | None] = mapped_column(Double)
    sender: Mapped[str] = mapped_column(server_default=_EMPTY)
    body: Mapped[str] = mapped_column(server_default=_EMPTY)


class HearingRow(Base):
    """When OpsKnight could last hear what reports to it, and since when without a break; the only row of its kind."""

    __tablename__ = "hearing"

    only_one: Mapped[bool] = mapped_column(primary_key=True, server_default=text("true"))
    heard_at: Mapped[datetime]
    since: Mapped[datetime]
    deaf_from: Mapped[datetime | None]
