"""Rows of calendars: links by which others read ours, and calendars of others from which shifts are taken."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, text
from sqlalchemy.orm import Mapped, mapped_column

from opsknight.domain.store.tables.base import Base, ConfigurationId, Json

_EMPTY = text("''")


class CalendarFeedRow(Base):
    """A link to the shifts of a person, a schedule or a team; `token_sha` is the SHA-256 of what stands in it."""

    __tablename__ = "calendar_feeds"

    id: Mapped[ConfigurationId]
    token_sha: Mapped[bytes] = mapped_column(unique=True)
    name: Mapped[str]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    schedule_id: Mapped[int | None] = mapped_column(ForeignKey("schedules.id", ondelete="CASCADE"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id", ondelete="CASCADE"))
    with_gaps: Mapped[bool] = mapped_column(server_default=text("false"))
    made_by: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    created_at: Mapped[datetime]
    read_at: Mapped[datetime | None]
    read_by: Mapped[str] = mapped_column(server_default=_EMPTY)
    revoked_at: Mapped[datetime | None]


class CalendarSourceRow(Base):
    """A calendar from which a layer of a schedule has its shifts, or a schedule holidays; "" is the `url` of an upload.

    `days` are the names of holidays by their dates, None where it brings shifts. Those are the layer's; `shifts_sha`
    tells whether they still are what was read. `read_at` is when what is in use was read, `failing_since` when the
    first try after it failed.
    """

    __tablename__ = "calendar_sources"

    id: Mapped[ConfigurationId]
    schedule_id: Mapped[int] = mapped_column(ForeignKey("schedules.id", ondelete="CASCADE"))
    layer_id: Mapped[int | None] = mapped_column(ForeignKey("layers.id", ondelete="CASCADE"), unique=True)
    name: Mapped[str]
    url: Mapped[str] = mapped_column(server_default=_EMPTY)
    zone: Mapped[str]
    etag: Mapped[str] = mapped_column(server_default=_EMPTY)
    shifts_sha: Mapped[bytes]
    days: Mapped[Json | None]
    warnings: Mapped[Json] = mapped_column(server_default=text("'[]'"))
    read_at: Mapped[datetime]
    tried_at: Mapped[datetime]
    failing_since: Mapped[datetime | None]
    error: Mapped[str] = mapped_column(server_default=_EMPTY)
    made_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]
