"""Integrations as people keep them: renamed, switched off and on again, removed. What they sent stays."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select, text

from opsknight.domain.commands.authority import require, require_team
from opsknight.domain.commands.integrations import MAX_NAME
from opsknight.domain.model.ledger import Fact
from opsknight.domain.model.permission import Need
from opsknight.domain.queries.integrations import open_alerts
from opsknight.domain.store.tables import IntegrationRow, ServiceRow, TeamRow
from opsknight.domain.store.unit_of_work import UnitOfWork
from opsknight.errors import Conflict, Invalid, NotFound

_FORGET = text("DELETE FROM archived_uses WHERE source = :source")


@dataclass(frozen=True, slots=True)
class Done:
    """Which integration was changed, and the sentence that says how."""

    id: int
    sentence: str


async def rename(uow: UnitOfWork, integration_id: int, name: str) -> Done:
    """Call an integration otherwise; its keys and what it sent stay.

    Raises:
        NotFound: there is no such integration.
        Invalid: the name cannot be used.
    """
    row, service = await _held(uow, integration_id)
    name = " ".join(name.split())
    if not name or len(name) > MAX_NAME:
        raise Invalid(f"An integration needs a name of at most {MAX_NAME} characters, such as “Prometheus, Frankfurt”.")
    before = row.name
    if name != before:
        row.name = name
        _record(uow, row, f"the integration {before} of {service.name} (now called {name})")
    return Done(row.id, f"It is called “{name}” now.")


async def switch_off(uow: UnitOfWork, integration_id: int) -> Done:
    """Take nothing any more that comes with the keys of an integration; its open alerts stay open.

    Raises:
        NotFound: there is no such integration.
    """
    row, service = await _held(uow, integration_id)
    if not row.active:
        return Done(row.id, f"“{row.name}” is switched off already.")
    row.active = False
    _record(uow, row, f"the integration {row.name} of {service.name} (switched off)")
    left = left_open(await open_alerts(uow.session, row.id))
    return Done(row.id, f"“{row.name}” is switched off: what comes with its key is refused.{left}")


async def switch_on(uow: UnitOfWork, integration_id: int) -> Done:
    """Take again what comes with the keys of an integration.

    Raises:
        NotFound: there is no such integration.
    """
    row, service = await _held(uow, integration_id)
    if row.active:
        return Done(row.id, f"“{row.name}” is not switched off.")
    row.active = True
    await uow.session.execute(_FORGET, {"source": _subject(row)})
    _record(uow, row, f"the integration {row.name} of {service.name} (switched on)")
    when = " once its service is brought back" if service.archived_at is not None else ", by the same key"
    return Done(row.id, f"“{row.name}” takes events again{when}.")


async def remove(uow: UnitOfWork, integration_id: int) -> Done:
    """Show an integration nowhere any more; its keys are never live again, what it sent stays told as it was.

    Raises:
        NotFound: there is no such integration.
        Conflict: it is not switched off.
    """
    row, service = await _held(uow, integration_id)
    if row.active:
        raise Conflict(
            f"“{row.name}” still takes events. Switch it off first, see that nobody misses it, then remove it."
        )
    row.removed_at = uow.now
    await uow.session.execute(_FORGET, {"source": _subject(row)})
    _record(uow, row, f"the integration {row.name} of {service.name} (removed)")
    left = left_open(await open_alerts(uow.session, row.id))
    return Done(row.id, f"“{row.name}” is removed. What it sent stays in the incidents of {service.name}.{left}")


def left_open(count: int) -> str:
    """Return what becomes of the open alerts of an integration that sends no more; "" where it has none."""
    if not count:
        return ""
    are, they = ("alert of it is", "it") if count == 1 else ("alerts of it are", "them")
    return f" {count} {are} still open: nothing resolves {they} any more but a person."


async def _held(uow: UnitOfWork, integration_id: int) -> tuple[IntegrationRow, ServiceRow]:
    """Lock an integration, having made sure that the actor manages the team of its service."""
    await require(uow, Need.MANAGE_TEAM)
    held = select(IntegrationRow).where(IntegrationRow.id == integration_id, IntegrationRow.removed_at.is_(None))
    row = await uow.session.scalar(held.with_for_update(key_share=True).execution_options(populate_existing=True))
    if row is None:
        raise NotFound("There is no such integration; it may have been removed.")
    service = await uow.session.get_one(ServiceRow, row.service_id)
    await require_team(uow, await uow.session.get_one(TeamRow, service.team_id))
    return row, service


def _subject(row: IntegrationRow) -> str:
    return f"integration:{row.id}"


def _record(uow: UnitOfWork, row: IntegrationRow, name: str) -> None:
    uow.record(Fact.CONFIGURED, subject=_subject(row), name=name)
