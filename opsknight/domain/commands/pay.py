"""What schedules pay: rules from a day on, and what is paid once. Managers of the schedule's team say it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import select

from opsknight.domain.commands.authority import require
from opsknight.domain.model import pay
from opsknight.domain.model.ledger import Fact
from opsknight.domain.model.pay import BadPay, PayRules
from opsknight.domain.model.permission import Need
from opsknight.domain.queries.pay import manages
from opsknight.domain.queries.people import name_of
from opsknight.domain.store.tables import OneOffRow, PayRulesRow, ScheduleRow, UserRow
from opsknight.domain.store.unit_of_work import UnitOfWork
from opsknight.errors import Forbidden, Invalid, NotFound

ALWAYS: Final = date(2000, 1, 1)
"""From when the first rules of a schedule hold where nothing is said."""
MAX_HOLIDAYS: Final = 1000


@dataclass(frozen=True, slots=True)
class Done:
    """Which schedule was changed, the sentence that says how, and the one-off that was entered."""

    id: int
    sentence: str
    one_off_id: int | None = None


async def set_pay_rules(
    uow: UnitOfWork,
    schedule_id: int,
    rules: PayRules,
    *,
    holidays: Collection[date] = (),
    valid_from: date | None = None,
) -> Done:
    """Let a schedule pay by `rules` from the day `valid_from` of its zone on; before, it pays as it did.

    Without a day, the first rules hold always, and others from today on.

    Raises:
        NotFound: there is no such schedule.
        Forbidden: the actor does not manage its team.
        Invalid: the rules cannot be paid by, or the schedule pays in another currency.
    """
    schedule = await _managed(uow, schedule_id)
    try:
        pay.check(rules)
    except BadPay as refusal:
        raise Invalid(str(refusal)) from refusal
    if len(holidays) > MAX_HOLIDAYS:
        raise Invalid(f"A schedule has {MAX_HOLIDAYS} holidays at most.")
    theirs = select(PayRulesRow).where(PayRulesRow.schedule_id == schedule_id).order_by(PayRulesRow.valid_from)
    rows = list(await uow.session.scalars(theirs))
    since = valid_from or (uow.now.astimezone(ZoneInfo(schedule.zone)).date() if rows else ALWAYS)
    _same_currency(schedule, rules, [row for row in rows if row.valid_from != since])
    before = next((_told(row) for row in reversed(rows) if row.valid_from <= since), None)
    row = next((row for row in rows if row.valid_from == since), None)
    if row is None:
        uow.session.add(row := PayRulesRow(schedule_id=schedule_id, valid_from=since))
    _write(row, rules, holidays, uow.now)
    subject = f"schedule:{schedule_id}"
    uow.record(Fact.PAY_RULES_SET, subject=subject, name=schedule.name, before=before, after=_told(row))
    when = "" if since == ALWAYS else f" from {since.isoformat()} on"
    return Done(schedule_id, f"“{schedule.name}” pays {rules.hour.normalize():f} {rules.currency} an hour{when}.")


async def add_one_off(
    uow: UnitOfWork, schedule_id: int, *, user_id: int, day: date, amount: Decimal, reason: str
) -> Done:
    """Pay somebody `amount` once, on `day`, for `reason`.

    Raises:
        NotFound: there is no such schedule.
        Forbidden: the actor does not manage its team.
        Invalid: the amount or the reason cannot be used, or there is no such person.
    """
    schedule = await _managed(uow, schedule_id)
    reason = " ".join(reason.split())
    try:
        pay.check_one_off(amount, reason)
    except BadPay as refusal:
        raise Invalid(str(refusal)) from refusal
    if await uow.session.get(UserRow, user_id) is None:
        raise Invalid("There is no such person; choose one from the list.")
    row = OneOffRow(schedule_id=schedule_id, user_id=user_id, day=day, amount=amount, reason=reason)
    row.made_by, row.created_at = uow.user_id, uow.now
    uow.session.add(row)
    await uow.session.flush()
    name = await _record(uow, Fact.ONE_OFF_ADDED, schedule, row)
    return Done(schedule_id, f"{name} is paid {amount:.2f} once, on {day.isoformat()}.", row.id)


async def remove_one_off(uow: UnitOfWork, schedule_id: int, one_off_id: int) -> Done:
    """Take a one-off back; it is not paid any more, and stays in the ledger.

    Raises:
        NotFound: there is no such schedule, or no such one-off of it.
        Forbidden: the actor does not manage its team.
    """
    schedule = await _managed(uow, schedule_id)
    row = await uow.session.get(OneOffRow, one_off_id, with_for_update=True)
    if row is None or row.schedule_id != schedule_id or row.removed_at is not None:
        raise NotFound("There is no such one-off; it may have been taken back already.")
    row.removed_at = uow.now
    name = await _record(uow, Fact.ONE_OFF_REMOVED, schedule, row)
    return Done(schedule_id, f"The one-off for {name} is not paid any more.", row.id)


async def _managed(uow: UnitOfWork, schedule_id: int) -> ScheduleRow:
    await require(uow, Need.CONFIGURE)
    held = select(ScheduleRow).where(ScheduleRow.id == schedule_id).with_for_update(key_share=True)
    schedule = await uow.session.scalar(held)
    if schedule is None:
        raise NotFound("There is no such schedule.")
    if uow.user_id is not None and not await manages(uow.session, uow.user_id, schedule.team_id):
        raise Forbidden("You do not manage the team of this schedule; ask one of its managers or an admin.")
    return schedule


def _same_currency(schedule: ScheduleRow, rules: PayRules, others: Collection[PayRulesRow]) -> None:
    for row in others:
        if row.currency != rules.currency:
            raise Invalid(f"“{schedule.name}” pays in {row.currency}; what it has paid cannot be told in another.")


def _write(row: PayRulesRow, rules: PayRules, holidays: Collection[date], now: datetime) -> None:
    row.currency, row.combine, row.changed_at = rules.currency, rules.combine, now
    row.hour, row.interruption, row.minimum = rules.hour, rules.interruption, rules.minimum
    row.night, row.weekend, row.holiday = rules.night, rules.weekend, rules.holiday
    row.holidays = sorted(day.isoformat() for day in set(holidays))


def _told(row: PayRulesRow) -> dict[str, Any]:
    rates = {
        name: str(getattr(row, name)) for name in ("hour", "night", "weekend", "holiday", "interruption", "minimum")
    }
    since = row.valid_from.isoformat()
    return {**rates, "valid_from": since, "currency": row.currency, "combine": row.combine, "holidays": row.holidays}


async def _record(uow: UnitOfWork, fact: Fact, schedule: ScheduleRow, row: OneOffRow) -> str:
    name = await name_of(uow.session, row.user_id)
    told: dict[str, Any] = {"user": name, "user_id": row.user_id, "reason": row.reason, "amount": str(row.amount)}
    uow.record(fact, subject=f"schedule:{schedule.id}", name=schedule.name, day=row.day.isoformat(), **told)
    return name
