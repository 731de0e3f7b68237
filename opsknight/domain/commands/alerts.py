"""The alerts of an incident that a person resolves or reopens."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import ColumnElement, exists, select, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased

from opsknight.domain.commands import inhibitors
from opsknight.domain.store.tables import AlertRow, IncidentRow, ServiceRow
from opsknight.domain.store.unit_of_work import UnitOfWork

_TRIES = 3


async def firing(uow: UnitOfWork, incident_id: UUID) -> bool:
    """Return whether a monitor still reports one of the incident's alerts."""
    reported = select(AlertRow.id).where(
        AlertRow.incident_id == incident_id, AlertRow.status == "open", AlertRow.integration_id.is_not(None)
    )
    return (await uow.session.execute(select(reported.exists()))).scalar_one()


async def ends_with_its_alerts(uow: UnitOfWork, incident_id: UUID) -> bool:
    """Return whether the incident resolves by itself once its monitor reports all of its alerts as cleared."""
    setting = (
        select(ServiceRow.resolves_with_last_alert)
        .join(IncidentRow, IncidentRow.service_id == ServiceRow.id)
        .where(IncidentRow.id == incident_id)
    )
    resolves = (await uow.session.execute(setting)).scalar_one_or_none()
    return bool(resolves) and await firing(uow, incident_id)


async def resolve_all(uow: UnitOfWork, incident_id: UUID) -> tuple[UUID, ...]:
    """Resolve every open alert of the incident; return which."""
    return await _resolve(uow, AlertRow.incident_id == incident_id)


async def resolve_these(uow: UnitOfWork, ids: Collection[UUID]) -> tuple[UUID, ...]:
    """Resolve those of `ids` that are open; return which."""
    return await _resolve(uow, AlertRow.id.in_(ids)) if ids else ()


async def take_back(uow: UnitOfWork, incident_id: UUID) -> tuple[tuple[UUID, ...], int]:
    """Open the newest alert of each key again; return which, and how many keys are open elsewhere by now."""
    newest = (
        select(AlertRow.id)
        .where(AlertRow.incident_id == incident_id)
        .ext(distinct_on(AlertRow.dedup_sha))
        .order_by(AlertRow.dedup_sha, AlertRow.opened_at.desc())
    )
    ids = (await uow.session.execute(newest)).scalars().all()
    opened = await open_these(uow, ids)
    return opened, len(ids) - len(opened)


async def open_these(uow: UnitOfWork, ids: Collection[UUID]) -> tuple[UUID, ...]:
    """Open those of `ids` again whose key has no open alert; return which."""
    for _ in range(_TRIES - 1):
        try:
            async with uow.session.begin_nested():
                return await _open(uow, ids)
        except IntegrityError:  # a monitor opened one of the keys in this very moment: look again
            continue
    return await _open(uow, ids)


async def _open(uow: UnitOfWork, ids: Collection[UUID]) -> tuple[UUID, ...]:
    other = aliased(AlertRow)
    taken = exists().where(
        other.service_id == AlertRow.service_id, other.dedup_sha == AlertRow.dedup_sha, other.status == "open"
    )
    found = await uow.session.execute(
        update(AlertRow)
        .where(AlertRow.id.in_(ids), AlertRow.status == "resolved", ~taken)
        .values(status="open", resolved_at=None, resolved_by=None)
        .returning(AlertRow.id)
        .execution_options(synchronize_session=False)
    )
    opened = tuple(found.scalars())
    await inhibitors.note(uow, opened)
    return opened


async def _resolve(uow: UnitOfWork, which: ColumnElement[bool]) -> tuple[UUID, ...]:
    found = await uow.session.execute(
        update(AlertRow)
        .where(which, AlertRow.status == "open")
        .values(status="resolved", resolved_at=uow.now, resolved_by=uow.actor)
        .returning(AlertRow.id)
        .execution_options(synchronize_session=False)
    )
    return tuple(found.scalars())
