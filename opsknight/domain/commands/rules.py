"""Rules as people arrange them: saved, put in order, switched on and off, and deleted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import delete as delete_rows
from sqlalchemy import func, select, text

from opsknight.domain.commands.authority import require, require_for_service
from opsknight.domain.commands.live_services import live_service
from opsknight.domain.model.expression import BadExpression
from opsknight.domain.model.ledger import Fact
from opsknight.domain.model.permission import Need
from opsknight.domain.model.rule import BadRule
from opsknight.domain.model.rule_document import document_of, rule_of
from opsknight.domain.store.tables import RuleCountRow, RuleRow
from opsknight.domain.store.unit_of_work import UnitOfWork
from opsknight.errors import Conflict, Invalid, NotFound
from opsknight.patterns import compile_pattern

MOST: Final = 1000
"""Rules of one service, and of all services."""

# Two people who arrange the rules of one scope do so one after the other.
_IN_TURN = text("SELECT pg_advisory_xact_lock(8, CAST(:scope AS integer))")


@dataclass(frozen=True, slots=True)
class Done:
    """Which rule was changed, and the sentence that says how."""

    id: int
    sentence: str


async def create(uow: UnitOfWork, document: Mapping[str, Any], *, service_id: int | None) -> Done:
    """Add a rule as the last of its service, or of those of all services (None).

    Raises:
        Invalid: the rule cannot be used, or there is no such service.
        Conflict: there are too many.
    """
    await require(uow, Need.CONFIGURE)
    whole = checked(document)
    await _known_service(uow, whole)
    await _in_turn(uow, service_id)
    if service_id is not None and await live_service(uow, service_id) is None:
        raise Invalid("There is no such service; choose one from the list.")
    await _require(uow, service_id)
    places = select(func.count(), func.max(RuleRow.position)).where(RuleRow.service_id.is_not_distinct_from(service_id))
    count, last = (await uow.session.execute(places)).one()
    if count >= MOST:
        raise Conflict(f"There are {MOST} rules already, as many as there may be; delete one that never matches.")
    row = RuleRow(
        service_id=service_id, position=(last or 0) + 1, document=whole, created_at=uow.now, updated_at=uow.now
    )
    uow.session.add(row)
    await uow.session.flush()
    _configured(uow, row, "")
    return Done(row.id, f"“{whole['name']}” decides from now on, on what arrives.")


async def change(uow: UnitOfWork, rule_id: int, document: Mapping[str, Any]) -> Done:
    """Make a rule what `document` says; its place and its counts stay.

    Raises:
        NotFound: there is no such rule.
        Invalid: the rule cannot be used.
    """
    await require(uow, Need.CONFIGURE)
    whole = checked(document)
    row = await _held(uow, rule_id)
    if _target(whole) != _target(row.document):  # one that was archived since may stay
        await _known_service(uow, whole)
    if row.document != whole:
        row.document, row.updated_at = whole, uow.now
        _configured(uow, row, "")
    return Done(row.id, f"“{whole['name']}” is changed; it decides so from now on.")


async def enable(uow: UnitOfWork, rule_id: int, *, enabled: bool) -> Done:
    """Switch a rule on or off.

    Raises:
        NotFound: there is no such rule.
    """
    await require(uow, Need.CONFIGURE)
    row = await _held(uow, rule_id)
    if (row.document.get("enabled", True) is not False) != enabled:
        rest = {part: value for part, value in row.document.items() if part != "enabled"}
        row.document, row.updated_at = rest if enabled else {**rest, "enabled": False}, uow.now
        _configured(uow, row, " (switched on)" if enabled else " (switched off)")
    return Done(row.id, f"“{row.document['name']}” is {'on' if enabled else 'off'}.")


async def put_in_order(uow: UnitOfWork, rule_ids: Sequence[int], *, service_id: int | None) -> str:
    """Have the rules of a service, or those of all services (None), asked in the order of `rule_ids`.

    Raises:
        Conflict: these are not all of them: somebody has added or deleted one meanwhile.
    """
    await require(uow, Need.CONFIGURE)
    await _require(uow, service_id)
    await _in_turn(uow, service_id)
    found = select(RuleRow).where(RuleRow.service_id.is_not_distinct_from(service_id)).with_for_update()
    rows = {row.id: row for row in await uow.session.scalars(found)}
    if sorted(rows) != sorted(rule_ids):
        raise Conflict("The rules have changed meanwhile; look at them again, then put them in order.")
    moved = False
    for position, rule_id in enumerate(rule_ids, start=1):
        moved = moved or rows[rule_id].position != position
        rows[rule_id].position = position
    if moved:
        subject = "rules" if service_id is None else f"service:{service_id}"
        uow.record(Fact.CONFIGURED, subject=subject, name="the order of the rules")
    return "The rules are asked in this order from now on."


async def delete(uow: UnitOfWork, rule_id: int) -> Done:
    """Remove a rule with its counts. What it has decided stays.

    Raises:
        NotFound: there is no such rule.
    """
    await require(uow, Need.CONFIGURE)
    row = await _held(uow, rule_id)
    _configured(uow, row, " (deleted)")
    await uow.session.execute(delete_rows(RuleCountRow).where(RuleCountRow.rule_id == rule_id))
    await uow.session.delete(row)
    return Done(rule_id, f"Deleted “{row.document['name']}”; what it has decided stays as it is.")


def checked(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a rule's document as it is stored, having made sure that it can be used.

    Raises:
        Invalid: it cannot; the sentence says why.
    """
    try:
        return document_of(rule_of(document, compile_pattern))
    except (BadRule, BadExpression) as refusal:
        raise Invalid(refusal.sentence) from refusal


async def _known_service(uow: UnitOfWork, document: Mapping[str, Any]) -> None:
    """Make sure that a rule gives nothing to a service that does not exist, or is archived."""
    service_id = _target(document)
    if service_id is not None and await live_service(uow, service_id) is None:
        raise Invalid(f"There is no service {service_id} to move it to; choose one from the list.")


def _target(document: Mapping[str, Any]) -> int | None:
    """Return the service that a rule gives events to."""
    return document.get("set", {}).get("service_id")


async def _held(uow: UnitOfWork, rule_id: int) -> RuleRow:
    row = await uow.session.scalar(select(RuleRow).where(RuleRow.id == rule_id).with_for_update())
    if row is None:
        raise NotFound("There is no such rule; it may have been deleted.")
    await _require(uow, row.service_id)
    return row


async def _require(uow: UnitOfWork, service_id: int | None) -> None:
    """Make sure that the actor may change the rules of a service; those of all services are every manager's."""
    if service_id is not None:
        await require_for_service(uow, service_id)


async def _in_turn(uow: UnitOfWork, service_id: int | None) -> None:
    await uow.session.execute(_IN_TURN, {"scope": (service_id or 0) % 2**31})


def _configured(uow: UnitOfWork, row: RuleRow, how: str) -> None:
    uow.record(Fact.CONFIGURED, subject=f"rule:{row.id}", name=f"the rule {row.document['name']}{how}")
