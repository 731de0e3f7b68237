"""Rows of what keeps incidents quiet: maintenance windows, inhibitions, flapping keys, and each silence."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, text
from sqlalchemy.orm import Mapped, mapped_column

from opsknight.domain.store.tables.base import Base, ConfigurationId, Json, PlainInt, TrafficId, WallClock

_NONE = text("'[]'")


class MaintenanceWindowRow(Base):
    """When what is planned to break pages nobody; `starts_at` and `ends_before` are wall clock of `zone`."""

    __tablename__ = "maintenance_windows"

    id: Mapped[ConfigurationId]
    name: Mapped[str]
    service_id: Mapped[int | None] = mapped_column(ForeignKey("services.id", ondelete="CASCADE"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id", ondelete="CASCADE"))
    matchers: Mapped[Json] = mapped_column(server_default=_NONE)
    zone: Mapped[str]
    starts_at: Mapped[WallClock]
    length_s: Mapped[PlainInt]
    repeat: Mapped[str] = mapped_column(server_default=text("'once'"))
    weekdays: Mapped[Json] = mapped_column(server_default=_NONE)
    ends_before: Mapped[WallClock | None]
    changes: Mapped[Json] = mapped_column(server_default=_NONE)
    cancelled_at: Mapped[datetime | None]
    changed_at: Mapped[datetime | None]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]


class InhibitionRow(Base):
    """A rule: while a source is open, its targets are quiet."""

    __tablename__ = "inhibitions"

    id: Mapped[ConfigurationId]
    name: Mapped[str] = mapped_column(unique=True)
    source: Mapped[Json]
    target: Mapped[Json]
    equal: Mapped[Json] = mapped_column(server_default=_NONE)
    created_at: Mapped[datetime]


class InhibitorRow(Base):
    """An open alert that is a source of a rule, with the hash of what its targets must have equal."""

    __tablename__ = "inhibitors"

    rule_id: Mapped[int] = mapped_column(primary_key=True)
    equals: Mapped[bytes] = mapped_column(primary_key=True)
    alert_id: Mapped[UUID] = mapped_column(primary_key=True)
    incident_id: Mapped[UUID]
    title: Mapped[str]


class SilenceRow(Base):
    """Why an incident is suppressed without a person; it counts while the incident is suppressed until `until`."""

    __tablename__ = "silences"

    incident_id: Mapped[TrafficId]
    cause: Mapped[str]
    reason: Mapped[str]
    until: Mapped[datetime | None]
    window_id: Mapped[int | None]
    rule_id: Mapped[int | None]
    equals: Mapped[bytes | None]
    source_alert_id: Mapped[UUID | None]
    source_incident_id: Mapped[UUID | None]
    paused_until: Mapped[datetime | None]
    created_at: Mapped[datetime]


class FlapRow(Base):
    """The last changes of a key; with `since` it flaps. After `calm_at` it does not, or is forgotten."""

    __tablename__ = "flaps"

    service_id: Mapped[int] = mapped_column(primary_key=True)
    dedup_sha: Mapped[bytes] = mapped_column(primary_key=True)
    changes: Mapped[Json]
    since: Mapped[datetime | None]
    calm_at: Mapped[datetime]
    incident_id: Mapped[UUID]
    title: Mapped[str]
