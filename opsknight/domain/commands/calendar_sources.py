"""Calendars of others from which a layer of a schedule has its shifts: added, read again, failing, removed.

What was read last stays in use for as long as nothing newer can be read. Before anything changes, who was on
call until now is recorded.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import delete, func, select

from opsknight.domain.commands.arranging import Done, held_to_configure
from opsknight.domain.model.cron import BadCron, named_zone
from opsknight.domain.model.imported_shift import Imported, as_layer
from opsknight.domain.model.ledger import Fact, span
from opsknight.domain.queries.calendar_sources import shifts_sha
from opsknight.domain.store.tables import CalendarSourceRow, LayerRow, ScheduleRow
from opsknight.domain.store.unit_of_work import UnitOfWork
from opsknight.errors import Conflict, Invalid, NotFound

MAX_NAME: Final = 100
CALENDARS_AT_MOST: Final = 20
"""Calendars that one schedule may import."""
_WHY_KEPT: Final = 500


@dataclass(frozen=True, slots=True)
class Plan:
    """What a calendar shall be called, whence it comes ("" where it is uploaded), and its zone where it has none."""

    name: str
    url: str
    zone: str


@dataclass(frozen=True, slots=True)
class Copy:
    """What was read of a calendar, and the mark by which its server knows this version."""

    imported: Imported
    etag: str = ""


async def add(uow: UnitOfWork, schedule_id: int, plan: Plan, copy: Copy) -> Done:
    """Put a layer of a calendar's shifts on top of a schedule.

    Raises:
        NotFound: there is no such schedule.
        Forbidden: the actor does not manage its team.
        Invalid: the name or the zone cannot be used.
        Conflict: a layer is called so already, or the schedule has too many calendars.
    """
    schedule = await held_to_configure(uow, schedule_id)
    name = _checked(plan)
    position = await _place(uow, schedule, name)
    layer = LayerRow(
        schedule_id=schedule.id, position=position, name=name, kind="fixed", unit="weeks", starts_at=_naive(uow.now)
    )
    uow.session.add(layer)
    await uow.session.flush()
    source = CalendarSourceRow(
        schedule_id=schedule.id,
        layer_id=layer.id,
        name=name,
        url=plan.url,
        zone=plan.zone,
        made_by=uow.user_id,
        created_at=uow.now,
    )
    _write(uow, source, layer, copy)
    schedule.version += 1
    uow.session.add(source)
    await uow.session.flush()
    count = len(copy.imported.shifts)
    _record(uow, Fact.CALENDAR_IMPORTED, source, schedule, f"took {_shifts(count)} of {schedule.name} from “{name}”")
    sentence = f"“{schedule.name}” takes its shifts from “{name}”: {_shifts(count)}.{_warned(copy)}"
    return Done(source.id, sentence, schedule.id)


async def renew(uow: UnitOfWork, source_id: int, copy: Copy) -> Done:
    """Let a layer have the shifts that its calendar has now.

    Raises:
        NotFound: there is no such calendar.
        Forbidden: the actor does not manage the team of its schedule.
    """
    source, layer, schedule = await _locked(uow, source_id)
    before, since = _spans(layer.shifts), source.failing_since
    _write(uow, source, layer, copy)
    after = _spans(layer.shifts)
    new, gone = len(after - before), len(before - after)
    if since is not None:
        _record_end(uow, source, schedule, since)
    if new or gone:
        schedule.version += 1
        did = f"found “{source.name}” of {schedule.name} changed (new shifts: {new}, gone: {gone})"
        _record(uow, Fact.CALENDAR_CHANGED, source, schedule, did)
    sentence = f"“{source.name}” was read: {_shifts(len(copy.imported.shifts))}.{_warned(copy)}"
    return Done(source.id, sentence, schedule.id)


async def keep(uow: UnitOfWork, source_id: int) -> Done:
    """Note that a calendar is still the one that was read.

    Raises:
        NotFound: there is no such calendar.
        Forbidden: the actor does not manage the team of its schedule.
    """
    source, _, schedule = await _locked(uow, source_id)
    if source.failing_since is not None:
        _record_end(uow, source, schedule, source.failing_since)
    source.tried_at, source.failing_since, source.error = uow.now, None, ""
    return Done(source.id, f"“{source.name}” has not changed.", schedule.id)


async def fail(uow: UnitOfWork, source_id: int, why: str) -> Done:
    """Note that a calendar cannot be read and why; the shifts that were read last stay in use.

    Raises:
        NotFound: there is no such calendar.
        Forbidden: the actor does not manage the team of its schedule.
    """
    source, _, schedule = await _locked(uow, source_id)
    if source.failing_since is None:
        source.failing_since = uow.now
        did = f"cannot read “{source.name}” of {schedule.name}: {why[:_WHY_KEPT].rstrip('.')}"
        _record(uow, Fact.CALENDAR_FAILING, source, schedule, did)
    source.tried_at, source.error = uow.now, why[:_WHY_KEPT]
    return Done(source.id, f"“{source.name}” cannot be read, its last copy stays in use. {why}", schedule.id)


async def remove(uow: UnitOfWork, source_id: int) -> Done:
    """Take a calendar and its layer from a schedule; who was on call by it stays recorded.

    Raises:
        NotFound: there is no such calendar.
        Forbidden: the actor does not manage the team of its schedule.
    """
    source, layer, schedule = await _locked(uow, source_id)
    _record(uow, Fact.CALENDAR_REMOVED, source, schedule, f"removed “{source.name}” from {schedule.name}")
    sentence = f"Removed “{source.name}” and its shifts from “{schedule.name}”."
    await uow.session.execute(delete(LayerRow).where(LayerRow.id == layer.id))
    schedule.version += 1
    return Done(source_id, sentence, schedule.id)


async def _locked(uow: UnitOfWork, source_id: int) -> tuple[CalendarSourceRow, LayerRow, ScheduleRow]:
    """Return a calendar with its layer and schedule, of which nobody else can change anything now."""
    statement = select(CalendarSourceRow.schedule_id).where(CalendarSourceRow.id == source_id)
    schedule_id = await uow.session.scalar(statement)
    if schedule_id is None:
        raise NotFound("There is no such calendar.")
    schedule = await held_to_configure(uow, schedule_id)
    found = select(CalendarSourceRow, LayerRow).join(LayerRow, LayerRow.id == CalendarSourceRow.layer_id)
    fresh = found.where(CalendarSourceRow.id == source_id).execution_options(populate_existing=True)
    row = (await uow.session.execute(fresh)).one_or_none()
    if row is None:
        raise NotFound("There is no such calendar.")
    return row[0], row[1], schedule


async def _place(uow: UnitOfWork, schedule: ScheduleRow, name: str) -> int:
    """Return the position above all layers."""
    statement = select(LayerRow.name, LayerRow.position).where(LayerRow.schedule_id == schedule.id)
    layers = (await uow.session.execute(statement)).all()
    if any(layer.name == name for layer in layers):
        raise Conflict(f"“{schedule.name}” has a layer called “{name}” already; choose another name.")
    counted = select(func.count()).where(CalendarSourceRow.schedule_id == schedule.id)
    if (await uow.session.execute(counted)).scalar_one() >= CALENDARS_AT_MOST:
        raise Conflict(f"“{schedule.name}” imports {CALENDARS_AT_MOST} calendars already; remove one first.")
    return max((layer.position for layer in layers), default=-1) + 1


def _write(uow: UnitOfWork, source: CalendarSourceRow, layer: LayerRow, copy: Copy) -> None:
    layer.shifts = as_layer(copy.imported.shifts)
    source.shifts_sha = shifts_sha(layer.shifts)
    source.etag, source.warnings = copy.etag, list(copy.imported.warnings)
    source.read_at = source.tried_at = uow.now
    source.failing_since, source.error = None, ""


def _checked(plan: Plan) -> str:
    name = " ".join(plan.name.split())
    if not name or len(name) > MAX_NAME:
        raise Invalid(f"A calendar needs a name of {MAX_NAME} characters at most, such as “Team calendar”.")
    try:
        named_zone(plan.zone)
    except BadCron as refusal:
        raise Invalid(str(refusal)) from refusal
    return name


def _spans(shifts: Any) -> set[tuple[float, float, int]]:
    return {(float(start), float(end), user) for start, end, users in shifts or () for user in users}


def _record(uow: UnitOfWork, fact: Fact, source: CalendarSourceRow, schedule: ScheduleRow, did: str) -> None:
    uow.record(fact, subject=f"schedule:{schedule.id}", did=did, name=source.name, of=schedule.name)


def _record_end(uow: UnitOfWork, source: CalendarSourceRow, schedule: ScheduleRow, since: datetime) -> None:
    for_s = (uow.now - since).total_seconds()
    did = f"reads “{source.name}” of {schedule.name} again after {span(for_s)}"
    _record(uow, Fact.CALENDAR_READ_AGAIN, source, schedule, did)


def _shifts(count: int) -> str:
    return "1 shift" if count == 1 else f"{count} shifts"


def _warned(copy: Copy) -> str:
    count = len(copy.imported.warnings)
    return "" if not count else " One warning." if count == 1 else f" {count} warnings."


def _naive(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(tzinfo=None)
