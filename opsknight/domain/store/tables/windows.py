"""Messages for native windows."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity
from sqlalchemy.orm import Mapped, mapped_column

from opsknight.domain.store.tables.base import Base, Json


class WindowMessageRow(Base):
    """A message that a window shows; its id is that of its notification, and `seq` another one each time it changes."""

    __tablename__ = "window_messages"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    contact_method_id: Mapped[int] = mapped_column(ForeignKey("contact_methods.id", ondelete="CASCADE"))
    seq: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    payload: Mapped[Json]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
