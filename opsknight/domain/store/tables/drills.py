"""Rows of drills: who was asked to acknowledge a page about nothing, and who did; and of who is not ready."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, text
from sqlalchemy.orm import Mapped, mapped_column

from opsknight.domain.store.tables.base import Base, PlainInt, TrafficId

_EMPTY = text("''")


class DrillRow(Base):
    """One try of the whole chain; `ended_at` is when its end was told, `weekly_at` when it was due by the week."""

    __tablename__ = "drills"

    id: Mapped[TrafficId]
    about: Mapped[str]
    asked_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    begins_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    weekly_at: Mapped[datetime | None] = mapped_column(unique=True)


class DrillPersonRow(Base):
    """One person of a drill: their page, or why they could not be reached; when they acknowledged, and by what."""

    __tablename__ = "drill_people"

    drill_id: Mapped[UUID] = mapped_column(ForeignKey("drills.id"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    page_id: Mapped[UUID | None] = mapped_column(ForeignKey("pages.id"), unique=True)
    unreachable: Mapped[str] = mapped_column(server_default=_EMPTY)
    acknowledged_at: Mapped[datetime | None]
    notification_id: Mapped[UUID | None]
    via: Mapped[str] = mapped_column(server_default=_EMPTY)


class WeeklyDrillRow(Base):
    """The drill that comes by itself, of everyone on call tonight or of a schedule; there is one row at most."""

    __tablename__ = "weekly_drill"

    id: Mapped[PlainInt] = mapped_column(primary_key=True)
    weekday: Mapped[PlainInt]
    hour: Mapped[PlainInt]
    zone: Mapped[str]
    schedule_id: Mapped[int | None] = mapped_column(ForeignKey("schedules.id"))
    set_at: Mapped[datetime]


class ReadinessRedRow(Base):
    """One thing that keeps somebody from being ready: `since` when, None where it does no more; and who was told."""

    __tablename__ = "readiness_reds"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    item: Mapped[str] = mapped_column(primary_key=True)
    since: Mapped[datetime | None]
    told_at: Mapped[datetime | None]
    lead_told_at: Mapped[datetime | None]
