"""Rows of what other products' APIs bring besides events: expiries of alerts, and changes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Mapped, mapped_column

from opsknight.domain.store.tables.base import Base, Json, TrafficId


class AlertExpiryRow(Base):
    """Until when a monitor that repeats its alerts vouches for one of them."""

    __tablename__ = "alert_expiries"

    service_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    dedup_sha: Mapped[bytes] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class ChangeRow(Base):
    """Something that was changed on a service: a deployment, a switch, a setting."""

    __tablename__ = "changes"

    id: Mapped[TrafficId]
    service_id: Mapped[int]
    integration_id: Mapped[int]
    once: Mapped[bytes | None]
    summary: Mapped[str]
    source: Mapped[str] = mapped_column(server_default=text("''"))
    links: Mapped[Json] = mapped_column(server_default=text("'[]'"))
    details: Mapped[Json] = mapped_column(server_default=text("'{}'"))
    at: Mapped[datetime]
    received_at: Mapped[datetime]
