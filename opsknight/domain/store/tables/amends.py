"""Rows of what is changed after it was sent: messages that are behind, and how far the ledger was read for them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, text
from sqlalchemy.orm import Mapped, mapped_column

from opsknight.domain.store.tables.base import Base, PlainInt


class AmendmentRow(Base):
    """A message that does not show how its incident stands; whoever changes it puts `due_at` off meanwhile."""

    __tablename__ = "amendments"

    notification_id: Mapped[UUID] = mapped_column(ForeignKey("notifications.id", ondelete="CASCADE"), primary_key=True)
    channel: Mapped[str]
    due_at: Mapped[datetime]
    tries: Mapped[PlainInt] = mapped_column(server_default=text("0"))


class LedgerReaderRow(Base):
    """How far somebody has read the ledger."""

    __tablename__ = "ledger_readers"

    name: Mapped[str] = mapped_column(primary_key=True)
    xid: Mapped[int] = mapped_column(BigInteger)
    seq: Mapped[int] = mapped_column(BigInteger)
