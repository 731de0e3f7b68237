"""How loudly a service pages and when, and from when on its alerts count as flapping."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import select

from opsknight.domain.commands.authority import require, require_team
from opsknight.domain.commands.live_services import refuse_archived
from opsknight.domain.model import flapping, support_hours
from opsknight.domain.model.cron import BadCron
from opsknight.domain.model.flapping import BadFlapping, Limits
from opsknight.domain.model.ledger import Fact
from opsknight.domain.model.permission import Need
from opsknight.domain.model.support_hours import BadHours, SupportHours
from opsknight.domain.store.tables import ServiceRow, TeamRow
from opsknight.domain.store.unit_of_work import UnitOfWork
from opsknight.errors import Invalid, NotFound

SUPPORT_HOURS: Final = "support_hours"
_MODES: Final = {
    "severity": "by severity: critical and error loudly, warning and info quietly",
    "high": "always loudly",
    "low": "always quietly",
}


@dataclass(frozen=True, slots=True)
class Done:
    """Which service was changed, and the sentence that says how."""

    id: int
    sentence: str


async def set_urgency(uow: UnitOfWork, service_id: int, mode: str, hours: SupportHours | None = None) -> Done:
    """Let a service page by severity, always loudly (high), always quietly (low), or by `hours` (support_hours).

    What is open stays as loud as it is until something raises it; the hours are kept for when they are wanted again.

    Raises:
        Forbidden: the actor may not, or manages other teams only.
        NotFound: there is no such service.
        Invalid: the hours cannot be kept, or there are none.
    """
    row = await _locked(uow, service_id)
    if hours is not None:
        try:
            support_hours.check(hours)
        except (BadHours, BadCron) as refusal:
            raise Invalid(str(refusal)) from refusal
        row.support_hours = hours.to_json()
    if mode == SUPPORT_HOURS:
        if row.support_hours is None:
            raise Invalid("Say the support hours: weekdays with hours, and their time zone.")
        its = SupportHours.from_json(row.support_hours)
        row.hours_begin_at, words = its.next_begin(uow.now), f"loudly {its.words()}, and quietly outside"
    elif mode in _MODES:
        row.hours_begin_at, words = None, _MODES[mode]
    else:
        raise Invalid(f"“{mode}” is no way to page: choose {', '.join(_MODES)} or {SUPPORT_HOURS}.")
    row.urgency_mode = mode
    _record(uow, row, f"how loudly {row.name} pages: {words}")
    return Done(row.id, f"“{row.name}” pages {words}.")


async def set_flapping(uow: UnitOfWork, service_id: int, limits: Limits | None) -> Done:
    """Count the changes of a service's alerts by `limits`; None: whatever opens pages.

    Raises:
        Forbidden: the actor may not, or manages other teams only.
        NotFound: there is no such service.
        Invalid: the limits cannot be kept.
    """
    row = await _locked(uow, service_id)
    if limits is None:
        row.flap_limits, words = None, "no alert counts as flapping"
    else:
        try:
            flapping.check(limits)
        except BadFlapping as refusal:
            raise Invalid(str(refusal)) from refusal
        window_s = int(limits.window.total_seconds())
        row.flap_limits = {"start": limits.start, "stop": limits.stop, "window_s": window_s}
        words = f"an alert {limits.words()}"
    _record(uow, row, f"flapping of {row.name}: {words}")
    return Done(row.id, f"“{row.name}”: {words}.")


async def _locked(uow: UnitOfWork, service_id: int) -> ServiceRow:
    await require(uow, Need.CONFIGURE)
    held = select(ServiceRow).where(ServiceRow.id == service_id).with_for_update(key_share=True)
    row = await uow.session.scalar(held)
    if row is None:
        raise NotFound("There is no such service.")
    await require_team(uow, await uow.session.get_one(TeamRow, row.team_id), need=Need.CONFIGURE)
    refuse_archived(row)
    return row


def _record(uow: UnitOfWork, row: ServiceRow, name: str) -> None:
    uow.record(Fact.CONFIGURED, subject=f"service:{row.id}", name=name)
