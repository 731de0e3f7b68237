"""Maintenance windows as people arrange them: planned, cut short, extended and cancelled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select

from opsknight.domain.commands.authority import require
from opsknight.domain.commands.live_services import live_service
from opsknight.domain.commands.waking import judge_anew, open_under, rest_open_ones
from opsknight.domain.model import matcher
from opsknight.domain.model.cron import BadCron
from opsknight.domain.model.ledger import Fact, span
from opsknight.domain.model.maintenance import (
    BadWindow,
    Span,
    Times,
    Window,
    changes_to_json,
    check,
)
from opsknight.domain.model.matcher import BadMatcher, Matcher
from opsknight.domain.model.permission import Need
from opsknight.domain.queries.silencing import window_of
from opsknight.domain.store.tables import MaintenanceWindowRow, TeamRow
from opsknight.domain.store.unit_of_work import UnitOfWork
from opsknight.errors import Conflict, Invalid, NotFound

MAX_NAME: Final = 100
OPEN_AT_ONCE: Final = 500
"""Open incidents that are silenced with a window at most."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a window shall be: of a service, a team, or all there is; for the alerts that `matchers` hold for."""

    name: str
    times: Times
    service_id: int | None = None
    team_id: int | None = None
    matchers: tuple[Matcher, ...] = ()


@dataclass(frozen=True, slots=True)
class Done:
    """Which window was changed, the sentence that says how, and how many open incidents it has silenced."""

    id: int
    sentence: str
    silenced: int = 0


async def plan(uow: UnitOfWork, wish: Plan, *, also_open: bool = False) -> Done:
    """Plan a window; what opens while it runs pages nobody.

    With `also_open`, what is open and would be covered now rests as well, OPEN_AT_ONCE of it at most;
    a window that has not begun has nothing to silence.

    Raises:
        Invalid: the name, times or conditions cannot be used, or there is no such service or team.
    """
    await require(uow, Need.PLAN_MAINTENANCE)
    name = await _checked(uow, wish)
    row = _row(uow, name, wish)
    uow.session.add(row)
    await uow.session.flush()
    window = window_of(row)
    silenced = await rest_open_ones(uow, window, limit=OPEN_AT_ONCE) if also_open and window.now(uow.now) else 0
    told: dict[str, Any] = {"name": name, "times": wish.times.words(), "conditions": matcher.words(wish.matchers)}
    uow.record(Fact.MAINTENANCE_PLANNED, subject=_subject(row), **told, silenced=silenced)
    return Done(row.id, f"Planned “{name}”: {wish.times.words()}.{_silenced(silenced)}", silenced)


async def would_silence(uow: UnitOfWork, wish: Plan) -> int:
    """Return how many open incidents `plan` would silence with `also_open`; nothing is planned.

    Raises:
        Invalid: the conditions cannot be used.
    """
    await require(uow, Need.PLAN_MAINTENANCE)
    try:
        matcher.check(wish.matchers)
        window = Window(0, wish.name, wish.times, wish.service_id, wish.team_id, wish.matchers)
        return len(await open_under(uow, window, limit=OPEN_AT_ONCE))
    except (BadWindow, BadCron, BadMatcher) as refusal:
        raise Invalid(str(refusal)) from refusal


async def end(uow: UnitOfWork, window_id: int) -> Done:
    """End the running time of a window now; what still fires under no other wakes. A recurring one comes again.

    Raises:
        NotFound: there is no such window.
        Conflict: it does not run.
    """
    row, window, running = await _running(uow, window_id)
    row.changes = changes_to_json(window.ended(at=uow.now, running=running).changes)
    left = span((running.end_at - uow.now).total_seconds())
    await _changed(uow, row, f"ended {left} early")
    again = window_of(row).next_after(uow.now)
    comes = f" It comes again {again.start_at:%Y-%m-%d %H:%M} UTC." if again else ""
    return Done(row.id, f"Ended “{row.name}” {left} early; what still fires pages now.{comes}")


async def extend(uow: UnitOfWork, window_id: int, *, until: datetime) -> Done:
    """Let the running time of a window end at `until` instead.

    Raises:
        NotFound: there is no such window.
        Conflict: it does not run.
        Invalid: that end is past or too far away.
    """
    row, window, running = await _running(uow, window_id)
    try:
        row.changes = changes_to_json(window.extended(until=until, at=uow.now, running=running).changes)
    except BadWindow as refusal:
        raise Invalid(str(refusal)) from refusal
    left = span((until - uow.now).total_seconds())
    await _changed(uow, row, f"it ends in {left} now")
    return Done(row.id, f"“{row.name}” ends in {left} now.")


async def cancel(uow: UnitOfWork, window_id: int) -> Done:
    """Let a window never cover anything again; what still fires under no other wakes.

    Raises:
        NotFound: there is no such window.
        Conflict: it is over.
    """
    await require(uow, Need.PLAN_MAINTENANCE)
    row = await _locked(uow, window_id)
    window = window_of(row)
    if window.is_over(uow.now):
        raise Conflict(f"“{row.name}” is over already.")
    was_running = window.now(uow.now) is not None
    row.cancelled_at = uow.now
    await _changed(uow, row, "cancelled")
    return Done(row.id, f"Cancelled “{row.name}”." + (" What still fires pages now." if was_running else ""))


async def _running(uow: UnitOfWork, window_id: int) -> tuple[MaintenanceWindowRow, Window, Span]:
    await require(uow, Need.PLAN_MAINTENANCE)
    row = await _locked(uow, window_id)
    window = window_of(row)
    running = window.now(uow.now)
    if running is None:
        raise Conflict(f"“{row.name}” does not run now, so there is nothing to end or extend.")
    return row, window, running


async def _changed(uow: UnitOfWork, row: MaintenanceWindowRow, how: str) -> None:
    row.changed_at = uow.now
    await judge_anew(uow, row)
    uow.record(Fact.MAINTENANCE_CHANGED, subject=_subject(row), name=row.name, reason=how)


async def _checked(uow: UnitOfWork, wish: Plan) -> str:
    """Return the name as it is stored, having made sure that the plan can be kept."""
    name = " ".join(wish.name.split())
    if not name:
        raise Invalid("A window needs a name: say what is done, such as “Database upgrade”.")
    if len(name) > MAX_NAME:
        raise Invalid(f"The name has {len(name)} characters; {MAX_NAME} are allowed.")
    if wish.service_id is not None and wish.team_id is not None:
        raise Invalid("A window is of a service or of a team; say one of them, or neither for all.")
    if wish.service_id is not None and await live_service(uow, wish.service_id) is None:
        raise Invalid("There is no such service; choose one from the list.")
    if wish.team_id is not None and await uow.session.get(TeamRow, wish.team_id) is None:
        raise Invalid("There is no such team; choose one from the list.")
    try:
        check(wish.times, at=uow.now)
        matcher.check(wish.matchers)
    except (BadWindow, BadCron, BadMatcher) as refusal:
        raise Invalid(str(refusal)) from refusal
    return name


def _row(uow: UnitOfWork, name: str, wish: Plan) -> MaintenanceWindowRow:
    times = wish.times
    return MaintenanceWindowRow(
        name=name,
        service_id=wish.service_id,
        team_id=wish.team_id,
        matchers=[one.to_json() for one in wish.matchers],
        zone=times.zone,
        starts_at=times.starts_at,
        length_s=int(times.length.total_seconds()),
        repeat=times.repeat.value,
        weekdays=list(times.weekdays),
        ends_before=times.until,
        changes=[],
        created_by=uow.user_id,
        created_at=uow.now,
    )


async def _locked(uow: UnitOfWork, window_id: int) -> MaintenanceWindowRow:
    statement = select(MaintenanceWindowRow).where(MaintenanceWindowRow.id == window_id)
    row = await uow.session.scalar(statement.with_for_update().execution_options(populate_existing=True))
    if row is None:
        raise NotFound("There is no such maintenance window.")
    return row


def _silenced(count: int) -> str:
    if count == 0:
        return ""
    return f" {count} open incident{'s rest' if count > 1 else ' rests'} until it ends."


def _subject(row: MaintenanceWindowRow) -> str:
    return f"maintenance:{row.id}"
