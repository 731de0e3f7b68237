"""What every row class shares: how Python types are stored."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, Identity, Integer, LargeBinary, SmallInteger, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.types import TypeEngine

SmallInt = Annotated[int, mapped_column(SmallInteger)]
PlainInt = Annotated[int, mapped_column(Integer)]
WallClock = Annotated[datetime, mapped_column(DateTime(timezone=False))]
"""A local time without its zone, which stands elsewhere."""
Json = Annotated[Any, mapped_column(JSONB(none_as_null=True))]
ConfigurationId = Annotated[int, mapped_column(BigInteger, Identity(), primary_key=True)]
TrafficId = Annotated[UUID, mapped_column(Uuid, primary_key=True)]


class Base(DeclarativeBase):
    """A row. The schema itself is written by the migrations; a test compares the two."""

    type_annotation_map: ClassVar[dict[Any, TypeEngine[Any]]] = {
        str: Text(),
        int: BigInteger(),
        bytes: LargeBinary(),
        datetime: DateTime(timezone=True),
        UUID: Uuid(),
    }
