"""Rows of schedules: layers and their people, what changes them for a while, and who was on call."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, text
from sqlalchemy.orm import Mapped, mapped_column

from opsknight.domain.store.tables.base import Base, ConfigurationId, Json, PlainInt, SmallInt, WallClock

_EMPTY = text("''")
_NONE = text("'[]'")


class ScheduleRow(Base):
    """Who is on call when, in a zone. One that is deleted stays for what was.

    `imported_holidays` are the dates of the calendars of holidays that it imports.
    From `recorded_from` until `recorded_until` the record says who was on call.
    """

    __tablename__ = "schedules"

    id: Mapped[ConfigurationId]
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id"))
    name: Mapped[str]
    zone: Mapped[str] = mapped_column(server_default=text("'UTC'"))
    version: Mapped[PlainInt] = mapped_column(server_default=text("1"))
    on_leave: Mapped[str] = mapped_column(server_default=text("'warn'"))
    country: Mapped[str] = mapped_column(server_default=_EMPTY)
    subdivision: Mapped[str] = mapped_column(server_default=_EMPTY)
    holidays: Mapped[Json] = mapped_column(server_default=_NONE)
    imported_holidays: Mapped[Json] = mapped_column(server_default=_NONE)
    shadow_layers: Mapped[Json] = mapped_column(server_default=_NONE)
    recorded_from: Mapped[datetime | None]
    recorded_until: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]


class LayerRow(Base):
    """One layer of a schedule; `starts_at` and `ends_at` are wall clock of its zone, else of the schedule's."""

    __tablename__ = "layers"

    id: Mapped[ConfigurationId]
    schedule_id: Mapped[int] = mapped_column(ForeignKey("schedules.id", ondelete="CASCADE"))
    position: Mapped[SmallInt]
    name: Mapped[str]
    starts_at: Mapped[WallClock]
    ends_at: Mapped[WallClock | None]
    unit: Mapped[str]
    length: Mapped[SmallInt] = mapped_column(server_default=text("1"))
    kind: Mapped[str] = mapped_column(server_default=text("'rotation'"))
    zone: Mapped[str | None]
    handoffs: Mapped[Json] = mapped_column(server_default=_NONE)
    parts: Mapped[Json] = mapped_column(server_default=_NONE)
    holidays: Mapped[str] = mapped_column(server_default=text("'any'"))
    active_only: Mapped[bool] = mapped_column(server_default=text("false"))
    shifts: Mapped[Json] = mapped_column(server_default=_NONE)


class LayerMemberRow(Base):
    """One person's place in a rotation; those of one `group_number` have their turn together."""

    __tablename__ = "layer_members"

    layer_id: Mapped[int] = mapped_column(ForeignKey("layers.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[SmallInt] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    group_number: Mapped[SmallInt | None]


class OverrideRow(Base):
    """Somebody added, removed or replaced for a while; the database lets nobody be replaced twice at once."""

    __tablename__ = "overrides"

    id: Mapped[ConfigurationId]
    schedule_id: Mapped[int] = mapped_column(ForeignKey("schedules.id"))
    change: Mapped[str]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    start_at: Mapped[datetime]
    end_at: Mapped[datetime]
    note: Mapped[str] = mapped_column(server_default=_EMPTY)
    swap_id: Mapped[int | None]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]


class TemporaryScheduleRow(Base):
    """Layers that replace all others of a schedule for a while."""

    __tablename__ = "temporary_schedules"

    id: Mapped[ConfigurationId]
    schedule_id: Mapped[int] = mapped_column(ForeignKey("schedules.id"))
    name: Mapped[str]
    version: Mapped[PlainInt] = mapped_column(server_default=text("1"))
    start_at: Mapped[datetime]
    end_at: Mapped[datetime]
    layers: Mapped[Json]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]


class ShiftSwapRow(Base):
    """A shift, or a part of one, that its person offers to others; until it is taken it stays theirs."""

    __tablename__ = "shift_swaps"

    id: Mapped[ConfigurationId]
    schedule_id: Mapped[int] = mapped_column(ForeignKey("schedules.id"))
    kind: Mapped[str]
    status: Mapped[str] = mapped_column(server_default=text("'open'"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    start_at: Mapped[datetime]
    end_at: Mapped[datetime]
    return_start_at: Mapped[datetime | None]
    return_end_at: Mapped[datetime | None]
    offered_to: Mapped[Json] = mapped_column(server_default=_NONE)
    note: Mapped[str] = mapped_column(server_default=_EMPTY)
    expires_at: Mapped[datetime]
    taken_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    ended_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class LeaveRow(Base):
    """Somebody is away, on every schedule; who has their shifts, where that is named."""

    __tablename__ = "leaves"

    id: Mapped[ConfigurationId]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    start_at: Mapped[datetime]
    end_at: Mapped[datetime]
    substitute_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    note: Mapped[str] = mapped_column(server_default=_EMPTY)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]


class RecordedShiftRow(Base):
    """A time on call as it was, and why."""

    __tablename__ = "recorded_shifts"

    id: Mapped[ConfigurationId]
    schedule_id: Mapped[int] = mapped_column(ForeignKey("schedules.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    start_at: Mapped[datetime]
    end_at: Mapped[datetime]
    why: Mapped[Json]


class HandoffNoteRow(Base):
    """What somebody who went off call at `handoff_at` left for who came; their turn began at `began_at`."""

    __tablename__ = "handoff_notes"

    id: Mapped[ConfigurationId]
    schedule_id: Mapped[int] = mapped_column(ForeignKey("schedules.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    handoff_at: Mapped[datetime]
    began_at: Mapped[datetime]
    text: Mapped[str]
    written_at: Mapped[datetime]


class ToldAheadRow(Base):
    """What was told to whom before it mattered: `what` is the start of a shift, or the pattern of gaps."""

    __tablename__ = "told_ahead"

    kind: Mapped[str] = mapped_column(primary_key=True)
    schedule_id: Mapped[int] = mapped_column(ForeignKey("schedules.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    what: Mapped[str] = mapped_column(primary_key=True)
    told_at: Mapped[datetime]
