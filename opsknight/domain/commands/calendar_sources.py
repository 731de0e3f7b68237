"""Calendars of others from which a schedule has shifts or holidays: added, read again, failing, removed.

What was read last stays in use for as long as nothing newer can be read. Before anything changes, who was on
call until now is recorded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import structlog
from sqlalchemy import delete, func, select, update

from opsknight.domain.commands.arranging import Done, held_to_configure
from opsknight.domain.commands.effects import known
from opsknight.domain.commands.telling_undone import tell_of_change
from opsknight.domain.model.cron import BadCron, named_zone, zone_of
from opsknight.domain.model.imported_shift import AHEAD, HOLIDAYS_AHEAD, Imported, as_layer, in_sight
from opsknight.domain.model.ledger import Fact, span
from opsknight.domain.model.restriction import Interval
from opsknight.domain.model.schedule import Schedule
from opsknight.domain.model.speech import to_say
from opsknight.domain.queries.calendar_sources import shifts_sha
from opsknight.domain.store.tables import CalendarSourceRow, LayerRow, ScheduleRow
from opsknight.domain.store.unit_of_work import UnitOfWork
from opsknight.errors import Conflict, Invalid, NotFound

log = structlog.get_logger(__name__)

MAX_NAME: Final = 100
CALENDARS_AT_MOST: Final = 20
"""Calendars that one schedule may import."""
_WHY_KEPT: Final = 500
_WHILE_IT_IS_READ: Final = timedelta(hours=1)
"""A calendar is fetched before it is stored: so much less than is read is sure to have been in sight."""


class Brings(StrEnum):
    """What a schedule takes from a calendar."""

    SHIFTS = "shifts"
    HOLIDAYS = "holidays"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a calendar shall be called, whence it comes ("" where it is uploaded), and its zone where it has none."""

    name: str
    url: str
    zone: str
    brings: Brings = Brings.SHIFTS


@dataclass(frozen=True, slots=True)
class Copy:
    """What was read of a calendar, its whole days with their names too, and the mark of this version at its server."""

    imported: Imported
    etag: str = ""
    days: Mapping[date, str] = field(default_factory=dict[date, str])


async def add(uow: UnitOfWork, schedule_id: int, plan: Plan, copy: Copy) -> Done:
    """Put a layer of a calendar's shifts on top of a schedule, or let it have a calendar's holidays.

    Raises:
        NotFound: there is no such schedule.
        Forbidden: the actor does not manage its team.
        Invalid: the name or the zone cannot be used.
        Conflict: a layer is called so already, or the schedule has too many calendars.
    """
    schedule = await held_to_configure(uow, schedule_id)
    was = await known(uow, schedule.id)
    name = _checked(plan)
    await _see_that_there_is_room(uow, schedule)
    layer = await _new_layer(uow, schedule, name) if plan.brings is Brings.SHIFTS else None
    source = CalendarSourceRow(
        schedule_id=schedule.id,
        layer_id=layer.id if layer else None,
        days=None if layer else {},
        name=name,
        url=plan.url,
        zone=plan.zone,
        made_by=uow.user_id,
        created_at=uow.now,
    )
    _write(uow, schedule, source, layer, copy)
    schedule.version += 1
    uow.session.add(source)
    await uow.session.flush()
    await _tell_holidays(uow, schedule)
    count = _counted(copy, layer)
    _record(uow, Fact.CALENDAR_IMPORTED, source, schedule, f"took {count} of {schedule.name} from “{name}”")
    sentence = f"“{schedule.name}” takes its {plan.brings} from “{name}”: {count}.{_warned(copy, layer)}"
    return Done(source.id, f"{sentence}{await tell_of_change(uow, was, schedule)}", schedule.id)


async def renew(uow: UnitOfWork, source_id: int, copy: Copy) -> Done:
    """Let a layer have the shifts that its calendar has now, or a schedule the holidays; days that are over stay.

    It has changed where something to come is otherwise than it was read before. What came into sight since then, as
    time went on, is no change. Whom it concerns is told as of any other change of who is on call.

    Raises:
        NotFound: there is no such calendar.
        Forbidden: the actor does not manage the team of its schedule.
    """
    source, layer, schedule = await _locked(uow, source_id)
    was = await known(uow, schedule.id)
    until = source.read_at + (AHEAD if layer else HOLIDAYS_AHEAD) - _WHILE_IT_IS_READ
    before, since = _brought(source, layer, (uow.now, until)), source.failing_since
    _write(uow, schedule, source, layer, copy)
    after = _brought(source, layer, (uow.now, until))
    new, gone = len(after - before), len(before - after)
    if since is not None:
        _record_end(uow, source, schedule, since)
    await _tell_holidays(uow, schedule)
    if new or gone:
        schedule.version += 1
        what = Brings.SHIFTS if layer else Brings.HOLIDAYS
        did = f"found “{source.name}” of {schedule.name} changed (new {what}: {new}, gone: {gone})"
        _record(uow, Fact.CALENDAR_CHANGED, source, schedule, did)
    sentence = f"“{source.name}” was read: {_counted(copy, layer)}.{_warned(copy, layer)}"
    return Done(source.id, f"{sentence}{await _tell_whom_it_concerns(uow, was, schedule, source.name)}", schedule.id)


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


async def read_anew(uow: UnitOfWork) -> None:
    """Have every calendar be read at its next turn whatever its server says: whose its events are may be others now.

    To be called when people come, go, or are called otherwise.
    """
    marked = update(CalendarSourceRow).where(CalendarSourceRow.etag != "").values(etag="")
    await uow.session.execute(marked.execution_options(synchronize_session=False))


async def fail(uow: UnitOfWork, source_id: int, why: str) -> Done:
    """Note that a calendar cannot be read and why; what was read last stays in use.

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
    """Take a calendar and what it brought from a schedule; who was on call by it stays recorded.

    Raises:
        NotFound: there is no such calendar.
        Forbidden: the actor does not manage the team of its schedule.
    """
    source, layer, schedule = await _locked(uow, source_id)
    was = await known(uow, schedule.id)
    _record(uow, Fact.CALENDAR_REMOVED, source, schedule, f"removed “{source.name}” from {schedule.name}")
    what = Brings.SHIFTS if layer else Brings.HOLIDAYS
    sentence = f"Removed “{source.name}” and its {what} from “{schedule.name}”."
    await uow.session.execute(delete(CalendarSourceRow).where(CalendarSourceRow.id == source.id))
    if layer is not None:
        await uow.session.execute(delete(LayerRow).where(LayerRow.id == layer.id))
    await _tell_holidays(uow, schedule)
    schedule.version += 1
    return Done(source_id, f"{sentence}{await tell_of_change(uow, was, schedule)}", schedule.id)


async def _locked(uow: UnitOfWork, source_id: int) -> tuple[CalendarSourceRow, LayerRow | None, ScheduleRow]:
    """Return a calendar with its layer, where it has one, and schedule; nobody else can change anything of them now."""
    statement = select(CalendarSourceRow.schedule_id).where(CalendarSourceRow.id == source_id)
    schedule_id = await uow.session.scalar(statement)
    if schedule_id is None:
        raise NotFound("There is no such calendar.")
    schedule = await held_to_configure(uow, schedule_id)
    found = select(CalendarSourceRow, LayerRow).outerjoin(LayerRow, LayerRow.id == CalendarSourceRow.layer_id)
    fresh = found.where(CalendarSourceRow.id == source_id).execution_options(populate_existing=True)
    row = (await uow.session.execute(fresh)).one_or_none()
    if row is None:
        raise NotFound("There is no such calendar.")
    return row[0], row[1], schedule


async def _see_that_there_is_room(uow: UnitOfWork, schedule: ScheduleRow) -> None:
    counted = select(func.count()).where(CalendarSourceRow.schedule_id == schedule.id)
    if (await uow.session.execute(counted)).scalar_one() >= CALENDARS_AT_MOST:
        raise Conflict(f"“{schedule.name}” imports {CALENDARS_AT_MOST} calendars already; remove one first.")


async def _new_layer(uow: UnitOfWork, schedule: ScheduleRow, name: str) -> LayerRow:
    """Return a new layer above all others."""
    statement = select(LayerRow.name, LayerRow.position).where(LayerRow.schedule_id == schedule.id)
    layers = (await uow.session.execute(statement)).all()
    if any(layer.name == name for layer in layers):
        raise Conflict(f"“{schedule.name}” has a layer called “{name}” already; choose another name.")
    position = max((layer.position for layer in layers), default=-1) + 1
    layer = LayerRow(
        schedule_id=schedule.id, position=position, name=name, kind="fixed", unit="weeks", starts_at=_naive(uow.now)
    )
    uow.session.add(layer)
    await uow.session.flush()
    return layer


def _write(
    uow: UnitOfWork, schedule: ScheduleRow, source: CalendarSourceRow, layer: LayerRow | None, copy: Copy
) -> None:
    if layer is None:
        today = uow.now.astimezone(zone_of(schedule.zone)).date().isoformat()
        before: Mapping[str, str] = source.days or {}
        over = {day: name for day, name in before.items() if day < today}
        source.days = over | {day.isoformat(): name for day, name in copy.days.items()}
        source.shifts_sha, source.warnings = shifts_sha(()), []
    else:
        layer.shifts = as_layer(copy.imported.shifts)
        source.shifts_sha, source.warnings = shifts_sha(layer.shifts), list(copy.imported.warnings)
    source.etag = copy.etag
    source.read_at = source.tried_at = uow.now
    source.failing_since, source.error = None, ""


async def _tell_holidays(uow: UnitOfWork, schedule: ScheduleRow) -> None:
    """Let a schedule have the holidays of all calendars that it takes some from."""
    await uow.session.flush()
    brought = select(CalendarSourceRow.days).where(
        CalendarSourceRow.schedule_id == schedule.id, CalendarSourceRow.days.is_not(None)
    )
    schedule.imported_holidays = sorted({day for days in await uow.session.scalars(brought) for day in days or ()})


async def _tell_whom_it_concerns(uow: UnitOfWork, was: Schedule, schedule: ScheduleRow, calendar: str) -> str:
    """Tell whom a calendar puts on call at once, and of what it undoes; return what else is to be said, after a space.

    Where that fails nobody is told: what was read counts all the same.
    """
    await uow.session.flush()
    try:
        async with uow.as_a_whole():
            return await tell_of_change(uow, was, schedule, by=to_say("The calendar “{name}”", name=calendar))
    except Exception as error:  # noqa: BLE001  # who is on call now matters more than who hears of it
        log.warning("nobody was told of what a calendar changed", schedule=was.id, calendar=calendar, error=repr(error))
        return ""


def _checked(plan: Plan) -> str:
    name = " ".join(plan.name.split())
    if not name or len(name) > MAX_NAME:
        raise Invalid(f"A calendar needs a name of {MAX_NAME} characters at most, such as “Team calendar”.")
    try:
        named_zone(plan.zone)
    except BadCron as refusal:
        raise Invalid(str(refusal)) from refusal
    return name


def _brought(source: CalendarSourceRow, layer: LayerRow | None, time: Interval) -> set[Any]:
    """Return what tells the shifts, or the holidays, that a calendar brought for `time` from others."""
    if layer is None:
        today, last = (at.date().isoformat() for at in time)
        return {day for day in source.days or () if today <= day < last}
    return in_sight(layer.shifts or (), *time)


def _counted(copy: Copy, layer: LayerRow | None) -> str:
    return _several(len(copy.days), "holiday") if layer is None else _several(len(copy.imported.shifts), "shift")


def _record(uow: UnitOfWork, fact: Fact, source: CalendarSourceRow, schedule: ScheduleRow, did: str) -> None:
    uow.record(fact, subject=f"schedule:{schedule.id}", did=did, name=source.name, of=schedule.name)


def _record_end(uow: UnitOfWork, source: CalendarSourceRow, schedule: ScheduleRow, since: datetime) -> None:
    for_s = (uow.now - since).total_seconds()
    did = f"reads “{source.name}” of {schedule.name} again after {span(for_s)}"
    _record(uow, Fact.CALENDAR_READ_AGAIN, source, schedule, did)


def _several(count: int, what: str) -> str:
    return f"1 {what}" if count == 1 else f"{count} {what}s"


def _warned(copy: Copy, layer: LayerRow | None) -> str:
    count = len(copy.imported.warnings) if layer else 0
    return "" if not count else " One warning." if count == 1 else f" {count} warnings."


def _naive(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(tzinfo=None)
