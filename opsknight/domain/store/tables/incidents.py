"""Rows of what monitors sent and what became of it: deliveries, events, alerts, incidents."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, deferred, mapped_column

from opsknight.domain.store.tables.base import Base, Json, PlainInt, SmallInt, TrafficId
from opsknight.domain.store.tables.ledger import Xid8

_EMPTY = text("''")


class IncidentRow(Base):
    """What people respond to. `number` is its short name; `undo` what takes the last verb back."""

    __tablename__ = "incidents"

    id: Mapped[TrafficId]
    number: Mapped[int] = mapped_column(unique=True, server_default=text("nextval('incident_number')"))
    service_id: Mapped[int]
    policy_id: Mapped[int | None] = mapped_column(ForeignKey("escalation_policies.id"))
    title: Mapped[str]
    status: Mapped[str]
    urgency: Mapped[str]
    highest_urgency: Mapped[str]
    severity: Mapped[str]
    priority: Mapped[str | None]
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    generation: Mapped[PlainInt] = mapped_column(server_default=text("1"))
    version: Mapped[PlainInt] = mapped_column(server_default=text("1"))
    next_step: Mapped[SmallInt] = mapped_column(server_default=text("0"))
    lap: Mapped[PlainInt] = mapped_column(server_default=text("0"))
    policy: Mapped[Json | None]
    must_acknowledge: Mapped[Json | None]
    until: Mapped[datetime | None]
    runbook_url: Mapped[str] = mapped_column(server_default=_EMPTY)
    tags: Mapped[Json] = mapped_column(server_default=text("'{}'"))
    links: Mapped[Json] = mapped_column(server_default=text("'[]'"))
    opened_by: Mapped[str]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    acknowledged_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
    undo: Mapped[Json | None]
    merged_into: Mapped[UUID | None] = mapped_column(ForeignKey("incidents.id"))
    search: Mapped[str | None] = deferred(mapped_column(TSVECTOR))  # read by the version before 0030 alone


class ResponderRow(Base):
    """That somebody was asked to help with an incident, and what they answered."""

    __tablename__ = "responders"

    incident_id: Mapped[UUID] = mapped_column(ForeignKey("incidents.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    asked_by: Mapped[str]
    note: Mapped[str] = mapped_column(server_default=_EMPTY)
    asked_at: Mapped[datetime]
    times: Mapped[PlainInt] = mapped_column(server_default=text("1"))
    answer: Mapped[str] = mapped_column(server_default=text("'asked'"))
    answered_at: Mapped[datetime | None]


class WatcherRow(Base):
    """That somebody is kept informed of an incident, and up to which place in the ledger (xid, seq) they were."""

    __tablename__ = "watchers"

    incident_id: Mapped[UUID] = mapped_column(ForeignKey("incidents.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    began_at: Mapped[datetime]
    told_xid: Mapped[int] = mapped_column(Xid8, server_default=text("pg_snapshot_xmin(pg_current_snapshot())"))
    told_seq: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    told_kind: Mapped[str] = mapped_column(server_default=_EMPTY)
    told_at: Mapped[datetime | None]


class AlertRow(Base):
    """The condition that a dedup key stands for; at most one of a key is open in a service."""

    __tablename__ = "alerts"

    id: Mapped[TrafficId]
    service_id: Mapped[int]
    integration_id: Mapped[int | None]
    incident_id: Mapped[UUID]
    dedup_key: Mapped[str]
    dedup_sha: Mapped[bytes]
    status: Mapped[str]
    severity: Mapped[str]
    urgency: Mapped[str]
    urgency_ruled: Mapped[bool] = mapped_column(server_default=text("false"))
    title: Mapped[str]
    source: Mapped[str] = mapped_column(server_default=_EMPTY)
    component: Mapped[str] = mapped_column(server_default=_EMPTY)
    tags: Mapped[Json] = mapped_column(server_default=text("'{}'"))
    links: Mapped[Json] = mapped_column(server_default=text("'[]'"))
    details: Mapped[Json] = mapped_column(server_default=text("'{}'"))
    count: Mapped[int] = mapped_column(server_default=text("1"))
    started_at: Mapped[datetime | None]
    opened_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    counted_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
    resolved_by: Mapped[str | None]


class DeliveryRow(Base):
    """One request as it was received, raw bytes kept once; `headers` are the few that a replay needs."""

    __tablename__ = "deliveries"

    id: Mapped[TrafficId]
    received_at: Mapped[datetime] = mapped_column(primary_key=True)
    integration_id: Mapped[int]
    status: Mapped[str]
    reason: Mapped[str] = mapped_column(server_default=_EMPTY)
    content_type: Mapped[str] = mapped_column(server_default=_EMPTY)
    body: Mapped[bytes]
    headers: Mapped[Json | None]


class EventRow(Base):
    """One normalised message of a delivery, and the verdict on it."""

    __tablename__ = "events"

    delivery_id: Mapped[UUID] = mapped_column(primary_key=True)
    ordinal: Mapped[PlainInt] = mapped_column(primary_key=True)
    received_at: Mapped[datetime] = mapped_column(primary_key=True)
    integration_id: Mapped[int]
    service_id: Mapped[int]
    action: Mapped[str]
    dedup_key: Mapped[str]
    title: Mapped[str]
    severity: Mapped[str]
    occurred_at: Mapped[datetime | None]
    verdict: Mapped[str]
    alert_id: Mapped[UUID | None]
    incident_id: Mapped[UUID | None]


class ReplayRow(Base):
    """Which delivery another one repeats; `original_id` is the first of them, as the monitor sent it."""

    __tablename__ = "replays"

    delivery_id: Mapped[TrafficId]
    original_id: Mapped[UUID]
    created_at: Mapped[datetime]


class IdempotencyRow(Base):
    """Which delivery an idempotency key of a sender stands for."""

    __tablename__ = "idempotency"

    integration_id: Mapped[int] = mapped_column(primary_key=True)
    key_sha: Mapped[bytes] = mapped_column(primary_key=True)
    body_sha: Mapped[bytes] = mapped_column(primary_key=True)
    delivery_id: Mapped[UUID]
    stored: Mapped[PlainInt]
    created_at: Mapped[datetime]
