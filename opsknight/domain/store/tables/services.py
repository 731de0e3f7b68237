"""Rows of what breaks and who is asked: services, integrations, escalation policies."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, text
from sqlalchemy.orm import Mapped, mapped_column

from opsknight.domain.store.tables.base import Base, ConfigurationId, Json, PlainInt, SmallInt

_EMPTY = text("''")
_NO = text("false")


class EscalationPolicyRow(Base):
    """Who is asked, one step after the other. One that was deleted stays for the incidents that it paged for."""

    __tablename__ = "escalation_policies"

    id: Mapped[ConfigurationId]
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id"))
    name: Mapped[str]
    repeats: Mapped[SmallInt] = mapped_column(server_default=text("2"))
    version: Mapped[PlainInt] = mapped_column(server_default=text("1"))
    deleted_at: Mapped[datetime | None]


class EscalationStepRow(Base):
    """One step of a policy, how long it waits before the next, and on which conditions it asks anybody."""

    __tablename__ = "escalation_steps"

    id: Mapped[ConfigurationId]
    policy_id: Mapped[int] = mapped_column(ForeignKey("escalation_policies.id", ondelete="CASCADE"))
    position: Mapped[SmallInt]
    wait_s: Mapped[PlainInt]
    round_robin: Mapped[bool] = mapped_column(server_default=_NO)
    everyone: Mapped[bool] = mapped_column(server_default=_NO)
    conditions: Mapped[Json] = mapped_column(server_default=text("'{}'"))


class EscalationTargetRow(Base):
    """Whom a step asks: a user, a schedule, a team (of it the managers only, where it says so), or a room."""

    __tablename__ = "escalation_targets"

    step_id: Mapped[int] = mapped_column(ForeignKey("escalation_steps.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[SmallInt] = mapped_column(primary_key=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    schedule_id: Mapped[int | None] = mapped_column(ForeignKey("schedules.id"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id"))
    managers_only: Mapped[bool] = mapped_column(server_default=_NO)
    room_id: Mapped[int | None] = mapped_column(ForeignKey("contact_methods.id"))


class EscalationTurnRow(Base):
    """Whose turn comes next in a step that asks its targets one after the other."""

    __tablename__ = "escalation_turns"

    policy_id: Mapped[int] = mapped_column(ForeignKey("escalation_policies.id", ondelete="CASCADE"), primary_key=True)
    step: Mapped[SmallInt] = mapped_column(primary_key=True)
    turn: Mapped[int] = mapped_column(server_default=text("0"))


class OnCallSeenRow(Base):
    """Who was on call on a schedule when it was looked at last, and when to look again."""

    __tablename__ = "on_call_seen"

    schedule_id: Mapped[int] = mapped_column(
        ForeignKey("schedules.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    user_ids: Mapped[Json]
    look_at: Mapped[datetime]


class ServiceRow(Base):
    """What breaks; its team owns it, its policy says who is asked. Nothing speaks for one that is archived."""

    __tablename__ = "services"

    id: Mapped[ConfigurationId]
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id"))
    policy_id: Mapped[int] = mapped_column(ForeignKey("escalation_policies.id"))
    name: Mapped[str] = mapped_column(unique=True)
    description: Mapped[str] = mapped_column(server_default=_EMPTY)
    runbook_url: Mapped[str] = mapped_column(server_default=_EMPTY)
    tags: Mapped[Json] = mapped_column(server_default=text("'{}'"))
    urgency_mode: Mapped[str] = mapped_column(server_default=text("'severity'"))
    ack_timeout_high_s: Mapped[PlainInt | None] = mapped_column(server_default=text("1800"))
    ack_timeout_low_s: Mapped[PlainInt | None]
    ack_timeouts_since: Mapped[datetime | None]
    reopen_window_s: Mapped[PlainInt] = mapped_column(server_default=text("0"))
    resolves_with_last_alert: Mapped[bool] = mapped_column(server_default=text("true"))
    support_hours: Mapped[Json | None]
    hours_begin_at: Mapped[datetime | None]
    flap_limits: Mapped[Json | None]
    created_at: Mapped[datetime]
    archived_at: Mapped[datetime | None]
    archived_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))


class ArchivedUseRow(Base):
    """How often something was sent since with a key that ended; `source` is as in "integration:7".

    Its service is archived, or the integration itself is switched off.
    """

    __tablename__ = "archived_uses"

    service_id: Mapped[int] = mapped_column(ForeignKey("services.id"), primary_key=True)
    source: Mapped[str] = mapped_column(primary_key=True)
    times: Mapped[int] = mapped_column(server_default=text("0"))
    last_at: Mapped[datetime]


class IntegrationRow(Base):
    """A service's key for one provider, and the secrets with which its monitor proves who it is.

    `former_key` is live beside the key until somebody ends it. One that is not `active` is switched off, or
    was removed at `removed_at` and is shown nowhere.
    """

    __tablename__ = "integrations"

    id: Mapped[ConfigurationId]
    service_id: Mapped[int] = mapped_column(ForeignKey("services.id"))
    provider: Mapped[str]
    name: Mapped[str]
    key: Mapped[str] = mapped_column(unique=True)
    former_key: Mapped[str | None] = mapped_column(unique=True)
    mapping: Mapped[Json] = mapped_column(server_default=text("'{}'"))
    secret: Mapped[str] = mapped_column(server_default=_EMPTY)
    former_secret: Mapped[str] = mapped_column(server_default=_EMPTY)
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    removed_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class TurnedAwayRow(Base):
    """How often in one hour an integration was turned away: it sends too many, we were away, or it proved nothing."""

    __tablename__ = "turned_away"

    integration_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    starts_at: Mapped[datetime] = mapped_column(primary_key=True)
    too_many: Mapped[int] = mapped_column(server_default=text("0"))
    no_database: Mapped[int] = mapped_column(server_default=text("0"))
    last_at: Mapped[datetime]
    unproven: Mapped[int] = mapped_column(server_default=text("0"))
    unproven_at: Mapped[datetime | None]
