"""Schedules as managers write them: made, changed as a whole, and put away. What was on call stays recorded."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from sqlalchemy import delete as deleting
from sqlalchemy import select, update

from opsknight.domain.commands import effects
from opsknight.domain.commands.arranging import Done, held_to_configure, names_of
from opsknight.domain.commands.authority import require_configuring
from opsknight.domain.commands.telling_undone import tell_of_change
from opsknight.domain.commands.weekly_drills import end_weekly_of
from opsknight.domain.model.layer_plan import BadSchedule, Kind, LayerPlan, check, checked_zone
from opsknight.domain.model.ledger import Fact
from opsknight.domain.model.override import OnLeave
from opsknight.domain.queries.calendar_sources import imported_layers
from opsknight.domain.queries.public_holidays import is_known
from opsknight.domain.queries.schedules import EVER, plans
from opsknight.domain.store.tables import (
    EscalationPolicyRow,
    EscalationStepRow,
    EscalationTargetRow,
    LayerMemberRow,
    LayerRow,
    ScheduleRow,
)
from opsknight.domain.store.unit_of_work import UnitOfWork
from opsknight.errors import Conflict, Invalid, Stale

MAX_NAME: Final = 100
MAX_DATES: Final = 1000
_OUT_OF_THE_WAY: Final = 1000


@dataclass(frozen=True, slots=True)
class Plan:
    """What a schedule shall be: layers in order, the highest first; `country` and `subdivision` name its holidays."""

    name: str
    team_id: int
    zone: str
    layers: tuple[LayerPlan, ...]
    shadow_layers: tuple[LayerPlan, ...] = ()
    on_leave: OnLeave = OnLeave.WARN
    country: str = ""
    subdivision: str = ""
    holidays: tuple[date, ...] = ()


async def make(uow: UnitOfWork, plan: Plan) -> Done:
    """Make a schedule. From now on its record begins: who was on call by it before it was there is hypothetical.

    Raises:
        Forbidden: the actor does not manage the team.
        Invalid: something in the plan cannot be used.
    """
    await require_configuring(uow, plan.team_id)
    await _check(uow, plan)
    row = ScheduleRow(version=1, recorded_from=uow.now, recorded_until=uow.now)
    _write(row, plan)
    uow.session.add(row)
    await uow.session.flush()
    await _write_layers(uow, row.id, plan.layers)
    subject = f"schedule:{row.id}"
    told = f"made the schedule “{row.name}”"
    uow.record(Fact.SCHEDULE_MADE, subject=subject, did=told, name=row.name, after=_document(row, plan.layers))
    return Done(row.id, f"Made “{row.name}”.", row.id)


async def change(uow: UnitOfWork, schedule_id: int, plan: Plan, *, seen_version: int | None = None) -> Done:
    """Let a schedule be as `plan` says, from now on.

    A layer stays what it is by its number, and without one by its name. One that is imported keeps the shifts of its
    calendar whatever `plan` says; a calendar whose layer goes is imported no more, and the answer says so.

    Raises:
        NotFound: there is no such schedule.
        Forbidden: the actor does not manage its team, or the one it shall belong to.
        Stale: somebody else has changed it since.
        Invalid: something in the plan cannot be used, or makes an imported layer what it cannot be.
    """
    row = await held_to_configure(uow, schedule_id)
    if plan.team_id != row.team_id:
        await require_configuring(uow, plan.team_id)
    layers = await plans(uow.session, row.id)
    before = _document(row, layers)
    if seen_version is not None and seen_version != row.version:
        raise Stale(f"“{row.name}” changed while you were looking; look at it again, then change it.", current=before)
    plan, imported, ended = await _as_imported(uow, row, plan)
    await _check(uow, plan, imported, before=layers)
    was = await effects.known(uow, row.id)
    _write(row, plan)
    after = _document(row, plan.layers)
    if after == before:
        return Done(row.id, f"“{row.name}” is like that already.", row.id)
    row.version += 1
    await _write_layers(uow, row.id, plan.layers)
    subject = f"schedule:{row.id}"
    told = f"changed the schedule “{row.name}”"
    uow.record(
        Fact.SCHEDULE_CHANGED, subject=subject, did=told, name=row.name, version=row.version, before=before, after=after
    )
    for one in ended:
        did = f"removed “{one}” from {row.name} with its layer"
        uow.record(Fact.CALENDAR_REMOVED, subject=subject, did=did, name=one, of=row.name)
    gone = "".join(f" The calendar “{one}” is not imported any more, as its layer is gone." for one in ended)
    return Done(row.id, f"Changed “{row.name}”.{gone}{await tell_of_change(uow, was, row)}", row.id)


async def delete(uow: UnitOfWork, schedule_id: int) -> Done:
    """Put a schedule away; who was on call by it stays recorded, and no drill of it comes by itself any more.

    Raises:
        NotFound: there is no such schedule.
        Forbidden: the actor does not manage its team.
        Conflict: an escalation policy asks it.
    """
    row = await held_to_configure(uow, schedule_id)
    policy = await _asked_by(uow, row.id)
    if policy is not None:
        raise Conflict(f"The escalation policy “{policy}” asks “{row.name}”; let it ask somebody else first.")
    before = _document(row, await plans(uow.session, row.id))
    row.deleted_at = uow.now
    subject = f"schedule:{row.id}"
    told = f"deleted the schedule “{row.name}”"
    uow.record(Fact.SCHEDULE_DELETED, subject=subject, did=told, name=row.name, before=before)
    more = " The weekly drill was of it, and is ended." if await end_weekly_of(uow, row) else ""
    return Done(row.id, f"Deleted “{row.name}”; who was on call by it stays recorded.{more}", row.id)


async def _asked_by(uow: UnitOfWork, schedule_id: int) -> str | None:
    statement = (
        select(EscalationPolicyRow.name)
        .join(EscalationStepRow, EscalationStepRow.policy_id == EscalationPolicyRow.id)
        .join(EscalationTargetRow, EscalationTargetRow.step_id == EscalationStepRow.id)
        .where(EscalationTargetRow.schedule_id == schedule_id)
        .limit(1)
    )
    return await uow.session.scalar(statement)


async def _check(
    uow: UnitOfWork, plan: Plan, imported: Collection[LayerPlan] = (), *, before: Sequence[LayerPlan] = ()
) -> None:
    """Refuse what cannot be used; of whom calendars name, those who are gone are told with the calendar.

    Who is in fixed shifts `before` may stay there: it was a calendar that put them in, not a person.

    Raises:
        Invalid: something cannot be; the sentence says what.
    """
    name = " ".join(plan.name.split())
    if not name or len(name) > MAX_NAME:
        raise Invalid(f"A schedule needs a name of {MAX_NAME} characters at most, such as “Platform on call”.")
    if plan.subdivision and not plan.country:
        raise Invalid("A subdivision is a part of a country; say the country too, such as DE.")
    if plan.country and not is_known(plan.country, plan.subdivision):
        where = "-".join(filter(None, (plan.country, plan.subdivision)))
        raise Invalid(f"No public holidays of “{where}” are known; say a country such as DE and a part such as BY.")
    if len(plan.holidays) > MAX_DATES:
        raise Invalid(f"{MAX_DATES} dates of holidays are allowed beside those of the country.")
    try:
        checked_zone(plan.zone)
        check(plan.layers)
        check(plan.shadow_layers)
    except BadSchedule as refusal:
        raise Invalid(str(refusal)) from refusal
    fixed = {layer.name: layer.people for layer in before if layer.kind is Kind.FIXED}
    nobody = frozenset[int]()
    chosen = {user for layer in plan.shadow_layers if layer not in imported for user in layer.people}
    for layer in plan.layers:
        if layer not in imported:
            chosen |= layer.people - (fixed.get(layer.name, nobody) if layer.kind is Kind.FIXED else nobody)
    await names_of(uow, chosen)


async def _as_imported(
    uow: UnitOfWork, row: ScheduleRow, plan: Plan
) -> tuple[Plan, Sequence[LayerPlan], Sequence[str]]:
    """Return `plan` with the shifts that imported layers have, these layers, and the calendars whose layer is gone.

    Raises:
        Invalid: an imported layer would take turns, or only be listened to.
    """
    known = (await uow.session.scalars(select(LayerRow).where(LayerRow.schedule_id == row.id))).all()
    stored = {layer.id: layer for layer in await plans(uow.session, row.id)}
    calendars = await imported_layers(uow.session, row.id)
    layers: list[LayerPlan] = []
    kept: dict[int, LayerPlan] = {}
    for layer, it in zip(plan.layers, _known_as(known, plan.layers), strict=True):
        if it is None or it.id not in calendars:
            layers.append(layer)
            continue
        if layer.kind is not Kind.FIXED:
            raise _must_stay_imported(layer, calendars[it.id], "takes no turns")
        kept[it.id] = replace(layer, shifts=stored[it.id].shifts)
        layers.append(kept[it.id])
    gone = [one for one in known if one.id in calendars and one.id not in kept]
    for shadow, it in zip(plan.shadow_layers, _known_as(gone, plan.shadow_layers), strict=True):
        if it is not None and shadow.kind is Kind.FIXED:
            raise _must_stay_imported(shadow, calendars[it.id], "shadows are not imported")
    ended = [name for layer_id, name in calendars.items() if layer_id not in kept]
    return replace(plan, layers=tuple(layers)), [*kept.values()], ended


def _must_stay_imported(layer: LayerPlan, calendar: str, why: str) -> Invalid:
    has = f"“{layer.name}” has its shifts from the calendar “{calendar}”, and {why}."
    return Invalid(f"{has} Leave it among the layers, or remove the calendar first.")


def _known_as(rows: Iterable[LayerRow], layers: Iterable[LayerPlan]) -> Sequence[LayerRow | None]:
    """Return which of `rows` each of `layers` is: that of its number, else that of its name, each once."""
    layers = list(layers)
    by_id = {row.id: row for row in rows}
    numbered = [by_id.pop(layer.id, None) if layer.id is not None else None for layer in layers]
    by_name = {row.name: row for row in by_id.values()}
    return [row or by_name.pop(layer.name, None) for row, layer in zip(numbered, layers, strict=True)]


def _write(row: ScheduleRow, plan: Plan) -> None:
    row.name = " ".join(plan.name.split())
    row.team_id, row.zone, row.on_leave = plan.team_id, plan.zone, plan.on_leave.value
    row.country, row.subdivision = plan.country, plan.subdivision
    row.holidays = [day.isoformat() for day in sorted(set(plan.holidays))]
    row.shadow_layers = [layer.to_json() for layer in plan.shadow_layers]


async def _write_layers(uow: UnitOfWork, schedule_id: int, layers: Sequence[LayerPlan]) -> None:
    """Write the layers anew; the one on top has the highest position."""
    moved = update(LayerRow).where(LayerRow.schedule_id == schedule_id)
    await uow.session.execute(moved.values(position=LayerRow.position + _OUT_OF_THE_WAY))
    statement = select(LayerRow).where(LayerRow.schedule_id == schedule_id)
    known = (await uow.session.scalars(statement.execution_options(populate_existing=True))).all()
    upwards = [*reversed(layers)]
    kept: list[LayerRow] = []
    for position, (layer, it) in enumerate(zip(upwards, _known_as(known, upwards), strict=True)):
        row = it or LayerRow(schedule_id=schedule_id)
        _write_layer(row, layer, position)
        uow.session.add(row)
        kept.append(row)
    await uow.session.flush()
    ids = [row.id for row in kept]
    others = deleting(LayerRow).where(LayerRow.schedule_id == schedule_id, LayerRow.id.not_in(ids))
    await uow.session.execute(others)
    await uow.session.execute(deleting(LayerMemberRow).where(LayerMemberRow.layer_id.in_(ids)))
    for row, layer in zip(kept, reversed(layers), strict=True):
        members = [(number, user) for number, group in enumerate(layer.groups) for user in group]
        uow.session.add_all(
            LayerMemberRow(layer_id=row.id, position=position, user_id=user, group_number=number)
            for position, (number, user) in enumerate(members)
        )
    await uow.session.flush()


def _write_layer(row: LayerRow, layer: LayerPlan, position: int) -> None:
    row.position, row.name, row.kind, row.zone = position, layer.name, layer.kind.value, layer.zone
    begins = layer.starts_at or min((one.start_at for one in layer.shifts), default=EVER)
    row.starts_at, row.ends_at = begins.replace(tzinfo=None), layer.ends_at
    row.unit, row.length, row.active_only = layer.unit.value, layer.length, layer.active_only
    row.handoffs, row.parts = [*layer.handoffs], [[*part] for part in layer.parts]
    row.holidays = layer.holidays.value
    row.shifts = layer.to_json()["shifts"] if layer.kind is Kind.FIXED else []


def _document(row: ScheduleRow, layers: Sequence[LayerPlan]) -> dict[str, Any]:
    return {
        "name": row.name,
        "team_id": row.team_id,
        "zone": row.zone,
        "layers": [layer.to_json() for layer in layers],
        "shadow_layers": row.shadow_layers,
        "on_leave": row.on_leave,
        "country": row.country,
        "subdivision": row.subdivision,
        "holidays": row.holidays,
    }
