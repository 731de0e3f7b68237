"""What was changed on a service. Instants are epoch seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypedDict

from sqlalchemy import select, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from opsknight.domain.model.change import SUSPECT_FOR, SUSPECTS
from opsknight.domain.store.tables import ChangeRow, ServiceRow

AT_MOST = 200
LATELY = timedelta(days=7)


class ChangeLine(TypedDict):
    """One change of a service."""

    id: str
    service_id: int
    summary: str
    source: str
    at: float
    links: list[dict[str, str]]
    details: dict[str, Any]


async def changes(
    session: AsyncSession, service_id: int, *, before: datetime | None = None, limit: int = 50
) -> Sequence[ChangeLine]:
    """Return the newest changes of a service, newest first, those made before an instant where one is given."""
    statement = (
        select(ChangeRow)
        .where(ChangeRow.service_id == service_id)
        .order_by(ChangeRow.at.desc(), ChangeRow.id.desc())
        .limit(min(limit, AT_MOST))
    )
    if before is not None:
        statement = statement.where(ChangeRow.at < before)
    return [_line(row) for row in (await session.execute(statement)).scalars()]


async def latest(session: AsyncSession, *, at: datetime) -> Mapping[int, Sequence[ChangeLine]]:
    """Return by service its last SUSPECTS changes of the LATELY before `at`, newest first."""
    newest = (
        select(ChangeRow)
        .where(ChangeRow.service_id == ServiceRow.id, ChangeRow.at <= at, ChangeRow.at > at - LATELY)
        .order_by(ChangeRow.at.desc(), ChangeRow.id.desc())
        .limit(SUSPECTS)
        .correlate(ServiceRow)
        .lateral()
    )
    of_service = aliased(ChangeRow, newest)
    statement = select(of_service).select_from(ServiceRow).join(of_service, true())
    found: dict[int, list[ChangeLine]] = {}
    for row in (await session.execute(statement)).scalars():
        found.setdefault(row.service_id, []).append(_line(row))
    return found


async def suspects(session: AsyncSession, service_id: int, *, opened_at: datetime) -> list[ChangeLine]:
    """Return the last SUSPECTS changes of a service within SUSPECT_FOR before an incident opened, newest first."""
    statement = (
        select(ChangeRow)
        .where(
            ChangeRow.service_id == service_id,
            ChangeRow.at <= opened_at,
            ChangeRow.at > opened_at - SUSPECT_FOR,
        )
        .order_by(ChangeRow.at.desc(), ChangeRow.id.desc())
        .limit(SUSPECTS)
    )
    return [_line(row) for row in (await session.execute(statement)).scalars()]


def _line(row: ChangeRow) -> ChangeLine:
    return ChangeLine(
        id=str(row.id),
        service_id=row.service_id,
        summary=row.summary,
        source=row.source,
        at=row.at.timestamp(),
        links=row.links,
        details=row.details,
    )
