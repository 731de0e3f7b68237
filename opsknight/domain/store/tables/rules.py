"""Rows of rules, of how often each matched, and of what those that count and group remember."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, text
from sqlalchemy.orm import Mapped, mapped_column

from opsknight.domain.store.tables.base import Base, ConfigurationId, Json, PlainInt


class RuleRow(Base):
    """One rule as plain data, of a service or of all (null), at its place in their order."""

    __tablename__ = "rules"

    id: Mapped[ConfigurationId]
    service_id: Mapped[int | None] = mapped_column(ForeignKey("services.id", ondelete="CASCADE"))
    position: Mapped[PlainInt]
    document: Mapped[Json]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class RuleCountRow(Base):
    """How often a rule matched and was skipped, and why it was skipped last.

    Ingest must never fail because a rule has gone meanwhile: nothing makes sure that there is one.
    """

    __tablename__ = "rule_counts"

    rule_id: Mapped[int] = mapped_column(primary_key=True)
    matched: Mapped[int] = mapped_column(server_default=text("0"))
    matched_at: Mapped[datetime | None]
    skipped: Mapped[int] = mapped_column(server_default=text("0"))
    skipped_at: Mapped[datetime | None]
    why: Mapped[str] = mapped_column(server_default=text("''"))


class CountedEventRow(Base):
    """One event that a threshold held back. The table has no key of its own; nothing loads a row by one."""

    __tablename__ = "counted_events"

    rule_id: Mapped[int] = mapped_column(primary_key=True)
    key_sha: Mapped[bytes] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)


class IncidentGroupRow(Base):
    """The newest incident of a group."""

    __tablename__ = "incident_groups"

    service_id: Mapped[int] = mapped_column(primary_key=True)
    key_sha: Mapped[bytes] = mapped_column(primary_key=True)
    incident_id: Mapped[UUID]
    opened_at: Mapped[datetime]


class ReroutedKeyRow(Base):
    """Where rules have sent what its monitor knows by `own_sha` in the service of its integration."""

    __tablename__ = "rerouted_keys"

    service_id: Mapped[int] = mapped_column(primary_key=True)
    own_sha: Mapped[bytes] = mapped_column(primary_key=True)
    to_service_id: Mapped[int]
    to_sha: Mapped[bytes]
    dedup_key: Mapped[str]
    at: Mapped[datetime]
