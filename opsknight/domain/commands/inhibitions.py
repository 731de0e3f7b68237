"""Inhibition rules as people arrange them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import delete, select

from opsknight.domain.commands.authority import require
from opsknight.domain.commands.inhibitors import note_sources
from opsknight.domain.model.inhibition import Inhibition, check
from opsknight.domain.model.ledger import Fact
from opsknight.domain.model.matcher import BadMatcher, Matcher
from opsknight.domain.model.permission import Need
from opsknight.domain.store.tables import InhibitionRow, InhibitorRow
from opsknight.domain.store.unit_of_work import UnitOfWork
from opsknight.errors import Conflict, Invalid, NotFound

MAX_NAME: Final = 100


@dataclass(frozen=True, slots=True)
class Rule:
    """What a rule shall be: while a `source` is open, a `target` with `equal` fields opens quietly."""

    name: str
    source: tuple[Matcher, ...]
    target: tuple[Matcher, ...]
    equal: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Done:
    """Which rule was changed, and the sentence that says how."""

    id: int
    sentence: str


async def create(uow: UnitOfWork, wish: Rule) -> Done:
    """Make a rule. What opens from now on is kept quiet, also by sources that are open already.

    Raises:
        Invalid: the name or a condition cannot be used.
        Conflict: there is a rule of that name.
    """
    await require(uow, Need.CONFIGURE)
    name = await _checked(uow, wish)
    row = InhibitionRow(name=name, created_at=uow.now, **_columns(wish))
    uow.session.add(row)
    await uow.session.flush()
    found = await note_sources(uow, Inhibition(row.id, name, wish.source, wish.target, wish.equal))
    _record(uow, row, f"the inhibition {name}")
    note = f" {found} of its sources {'is' if found == 1 else 'are'} open now." if found else ""
    return Done(row.id, f"“{name}” holds for what opens from now on.{note}")


async def change(uow: UnitOfWork, rule_id: int, wish: Rule) -> Done:
    """Make a rule what `wish` says; what it keeps quiet and would not any more wakes if it still fires.

    Raises:
        NotFound: there is no such rule.
        Invalid: the name or a condition cannot be used.
        Conflict: there is another rule of that name.
    """
    await require(uow, Need.CONFIGURE)
    row = await _locked(uow, rule_id)
    row.name = await _checked(uow, wish, besides=rule_id)
    for column, value in _columns(wish).items():
        setattr(row, column, value)
    await uow.session.flush()
    await uow.session.execute(delete(InhibitorRow).where(InhibitorRow.rule_id == rule_id))
    await note_sources(uow, Inhibition(row.id, row.name, wish.source, wish.target, wish.equal))
    _record(uow, row, f"the inhibition {row.name}")
    return Done(row.id, f"“{row.name}” is changed.")


async def remove(uow: UnitOfWork, rule_id: int) -> Done:
    """Remove a rule; what it keeps quiet and still fires wakes.

    Raises:
        NotFound: there is no such rule.
    """
    await require(uow, Need.CONFIGURE)
    row = await _locked(uow, rule_id)
    await uow.session.execute(delete(InhibitorRow).where(InhibitorRow.rule_id == rule_id))
    _record(uow, row, f"the inhibition {row.name} (deleted)")
    await uow.session.delete(row)
    return Done(rule_id, f"Deleted “{row.name}”; what it kept quiet and still fires pages now.")


async def _checked(uow: UnitOfWork, wish: Rule, *, besides: int | None = None) -> str:
    """Return the name as it is stored, having made sure that the rule can be kept."""
    name = " ".join(wish.name.split())
    if not name:
        raise Invalid("A rule needs a name: say what keeps what quiet, such as “Switch before hosts”.")
    if len(name) > MAX_NAME:
        raise Invalid(f"The name has {len(name)} characters; {MAX_NAME} are allowed.")
    try:
        check(wish.source, wish.target, wish.equal)
    except BadMatcher as refusal:
        raise Invalid(str(refusal)) from refusal
    taken = await uow.session.scalar(select(InhibitionRow.id).where(InhibitionRow.name == name))
    if taken is not None and taken != besides:
        raise Conflict(f"There is an inhibition called “{name}” already; choose another name.")
    return name


def _columns(wish: Rule) -> dict[str, Any]:
    sides = {"source": wish.source, "target": wish.target}
    return {side: [one.to_json() for one in matchers] for side, matchers in sides.items()} | {"equal": list(wish.equal)}


async def _locked(uow: UnitOfWork, rule_id: int) -> InhibitionRow:
    row = await uow.session.scalar(select(InhibitionRow).where(InhibitionRow.id == rule_id).with_for_update())
    if row is None:
        raise NotFound("There is no such inhibition.")
    return row


def _record(uow: UnitOfWork, row: InhibitionRow, name: str) -> None:
    uow.record(Fact.CONFIGURED, subject=f"inhibition:{row.id}", name=name)
