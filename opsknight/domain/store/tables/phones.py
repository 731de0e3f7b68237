"""Rows of phones: what their owners answered, and when a number was last sent something about a service."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Mapped, mapped_column

from opsknight.domain.store.tables.base import Base


class PhoneAnswerRow(Base):
    """What came in from a phone or by mail, once for each name that its carrier gives it.

    `told` is what was said to it: "" for nothing, None while it is acted on.
    """

    __tablename__ = "phone_answers"

    carrier: Mapped[str] = mapped_column(primary_key=True)
    provider_id: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[str]
    at: Mapped[datetime]
    understood: Mapped[bool] = mapped_column(server_default=text("false"))
    told: Mapped[str | None]


class PhoneTurnRow(Base):
    """When a number was last sent something about a service, and for which page; service 0 is none."""

    __tablename__ = "phone_turns"

    number: Mapped[str] = mapped_column(primary_key=True)
    service_id: Mapped[int] = mapped_column(primary_key=True)
    page_id: Mapped[UUID]
    at: Mapped[datetime]
