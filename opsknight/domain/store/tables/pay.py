"""Rows of what being on call is paid."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

from sqlalchemy import Date, ForeignKey, Numeric, text
from sqlalchemy.orm import Mapped, mapped_column

from opsknight.domain.store.tables.base import Base, ConfigurationId, Json

Day = Annotated[date, mapped_column(Date)]
Rate = Annotated[Decimal, mapped_column(Numeric(12, 4))]
Weight = Annotated[Decimal, mapped_column(Numeric(6, 3))]
Money = Annotated[Decimal, mapped_column(Numeric(12, 2))]


class PayRulesRow(Base):
    """What a schedule pays from a day of its zone on, until newer rules hold."""

    __tablename__ = "pay_rules"

    schedule_id: Mapped[int] = mapped_column(ForeignKey("schedules.id", ondelete="CASCADE"), primary_key=True)
    valid_from: Mapped[date] = mapped_column(Date, primary_key=True)
    currency: Mapped[str]
    hour: Mapped[Rate]
    night: Mapped[Weight]
    weekend: Mapped[Weight]
    holiday: Mapped[Weight]
    combine: Mapped[str]
    interruption: Mapped[Money]
    minimum: Mapped[Money]
    holidays: Mapped[Json] = mapped_column(server_default=text("'[]'"))
    changed_at: Mapped[datetime]


class OneOffRow(Base):
    """Something paid once, entered by hand; one that was taken back keeps its row."""

    __tablename__ = "one_offs"

    id: Mapped[ConfigurationId]
    schedule_id: Mapped[int] = mapped_column(ForeignKey("schedules.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    day: Mapped[Day]
    amount: Mapped[Money]
    reason: Mapped[str]
    made_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]
