"""Rows of the ledger. They are only ever added; the database refuses everything else."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import UserDefinedType

from opsknight.domain.store.tables.base import Base, Json


class Xid8(UserDefinedType[str]):
    """PostgreSQL's 64-bit transaction id; asyncpg speaks it as a number."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """Return its name in DDL."""
        return "xid8"


class FactRow(Base):
    """Who did what to which incident, and when. (xid, seq) is its place in the feed."""

    __tablename__ = "facts"

    xid: Mapped[int] = mapped_column(Xid8, primary_key=True, server_default=text("pg_current_xact_id()"))
    seq: Mapped[int] = mapped_column(primary_key=True, server_default=text("nextval('fact_seq')"))
    at: Mapped[datetime] = mapped_column(primary_key=True)
    kind: Mapped[str]
    actor: Mapped[str]
    incident_id: Mapped[UUID | None]
    subject: Mapped[str] = mapped_column(server_default=text("''"))
    data: Mapped[Json] = mapped_column(server_default=text("'{}'"))
