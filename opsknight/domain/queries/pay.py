"""What a schedule pays, to whom, and for what. Money is told as text with two places, hours as numbers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Final, TypedDict
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.model import pay as model
from opsknight.domain.model.clocks import Clocks
from opsknight.domain.model.csv_cell import table
from opsknight.domain.model.fairness import during
from opsknight.domain.model.pay import Combine, Line, LineKind, OneOff, PayRules, Terms
from opsknight.domain.model.rotation import first_instant
from opsknight.domain.queries import duty
from opsknight.domain.store.tables import OneOffRow, PayRulesRow, ScheduleRow, TeamMemberRow, UserRow
from opsknight.errors import NotFound

_HOUR: Final = timedelta(hours=1)
_INSTANT: Final = timedelta(microseconds=1)
COLUMNS: Final = (
    "person", "person_id", "schedule", "kind", "start", "end", "hours", "night_hours", "weekend_hours",
    "holiday_hours", "quantity", "amount", "currency", "reason",
)  # fmt: skip
"""Of the exported table; new ones are added at the end."""


class RulesLine(TypedDict):
    """What a schedule pays from a day on."""

    valid_from: str
    currency: str
    hour: str
    night: str
    weekend: str
    holiday: str
    combine: str
    interruption: str
    minimum: str
    holidays: list[str]


class OneOffLine(TypedDict):
    """Something paid once."""

    id: int
    user: str
    user_id: int
    day: str
    amount: str
    reason: str


class PayLine(TypedDict):
    """What is paid for one shift, for a person's interruptions, or once.

    Instants are ISO 8601, of the clock that they lived by then; that of a one-off of the schedule's.
    """

    user: str
    user_id: int
    kind: str
    start: str
    end: str | None
    hours: float
    night_hours: float
    weekend_hours: float
    holiday_hours: float
    quantity: int
    amount: str
    reason: str


class TotalLine(TypedDict):
    """What a person is paid in all."""

    user: str
    user_id: int
    amount: str


PayReport = TypedDict(
    "PayReport",
    {
        "schedule": str,
        "schedule_id": int,
        "from": float,
        "to": float,
        "currency": str,
        "lines": list[PayLine],
        "totals": list[TotalLine],
        "total": str,
    },
)
"""What is paid for a period. Each total is exactly the sum of its lines."""


async def zone_of_schedule(session: AsyncSession, schedule_id: int) -> ZoneInfo:
    """Return the zone whose days a schedule is asked about in.

    Raises:
        NotFound: there is no such schedule.
    """
    name = await session.scalar(select(ScheduleRow.zone).where(ScheduleRow.id == schedule_id))
    if name is None:
        raise NotFound("There is no such schedule.")
    return ZoneInfo(name)


async def manages(session: AsyncSession, user_id: int, team_id: int) -> bool:
    """Return whether a person is an admin, or manages the team."""
    theirs = select(TeamMemberRow.manages).where(TeamMemberRow.team_id == team_id, TeamMemberRow.user_id == user_id)
    row = await session.scalar(select(UserRow.role).where(UserRow.id == user_id))
    return row == "admin" or bool(await session.scalar(theirs))


async def sees_all_pay(session: AsyncSession, user_id: int, schedule_id: int) -> bool:
    """Return whether a person may see what others are paid by a schedule.

    Raises:
        NotFound: there is no such schedule.
    """
    team_id = await session.scalar(select(ScheduleRow.team_id).where(ScheduleRow.id == schedule_id))
    if team_id is None:
        raise NotFound("There is no such schedule.")
    return await manages(session, user_id, team_id)


async def pay_rules(session: AsyncSession, schedule_id: int) -> Sequence[RulesLine]:
    """Return what a schedule pays and has paid, the newest rules first."""
    return [
        RulesLine(
            valid_from=row.valid_from.isoformat(),
            currency=row.currency,
            hour=_plain(row.hour),
            night=_plain(row.night),
            weekend=_plain(row.weekend),
            holiday=_plain(row.holiday),
            combine=row.combine,
            interruption=_plain(row.interruption),
            minimum=_plain(row.minimum),
            holidays=row.holidays,
        )
        for row in reversed(await _rules(session, schedule_id))
    ]


async def one_offs(session: AsyncSession, schedule_id: int, *, only: int | None = None) -> Sequence[OneOffLine]:
    """Return what a schedule pays once, the newest day first; of one person where `only` says so."""
    statement = (
        select(OneOffRow, UserRow.name)
        .join(UserRow, UserRow.id == OneOffRow.user_id)
        .where(OneOffRow.schedule_id == schedule_id, OneOffRow.removed_at.is_(None))
        .order_by(OneOffRow.day.desc(), OneOffRow.id.desc())
    )
    if only is not None:
        statement = statement.where(OneOffRow.user_id == only)
    return [
        OneOffLine(
            id=row.id,
            user=name,
            user_id=row.user_id,
            day=row.day.isoformat(),
            amount=f"{row.amount:.2f}",
            reason=row.reason,
        )
        for row, name in await session.execute(statement)
    ]


async def pay_report(
    session: AsyncSession, schedule_id: int, *, start: datetime, end: datetime, only: int | None = None
) -> PayReport:
    """Return what a schedule pays for `[start, end)`; only to one person where `only` says so.

    Raises:
        NotFound: there is no such schedule.
    """
    # What ends with the start may go on in it: its beginning says in which period the minimum is paid.
    found = await duty.rotas(session, start=start - _INSTANT, end=end, schedule_id=schedule_id)
    if not found:
        raise NotFound("There is no such schedule.")
    rota, rules = found[0], await _rules(session, schedule_id)
    shifts = [one for one in await duty.whole_shifts(session, rota, end=end) if only in (None, one.user_id)]
    once = [one for one in await _once(session, schedule_id) if only in (None, one.user_id)]
    called = await duty.calls(session, start=start, end=end, user_ids={shift.user_id for shift in shifts})
    before = await duty.earlier(session, called, start=start, schedule_ids=[schedule_id])
    who = await duty.people(session, {shift.user_id for shift in shifts} | {one.user_id for one in once})
    clocks, zone = {user: lived for user, (_, lived) in who.items()}, ZoneInfo(rota.zone)
    terms = [(_since(row.valid_from, rota.zone), _terms(row, rota.weekend)) for row in rules]
    counted = during((*before.calls, *called), (*before.shifts.get(schedule_id, ()), *shifts))
    told = await asyncio.to_thread(  # pages must not wait for it
        model.report_over, terms, shifts, counted, once, start=start, end=end, clocks=clocks, zone=zone
    )
    names = {user: name for user, (name, _) in who.items()}
    by_name = sorted(told.totals, key=lambda user: (names[user].lower(), user))
    return {
        "schedule": rota.name,
        "schedule_id": rota.id,
        "from": start.timestamp(),
        "to": end.timestamp(),
        "currency": rules[-1].currency if rules else model.NO_TERMS.rules.currency,
        "lines": [
            _line(line, names[user], Clocks(zone) if line.kind is LineKind.ONE_OFF else clocks[user])
            for user in by_name
            for line in told.lines
            if line.user_id == user
        ],
        "totals": [TotalLine(user=names[user], user_id=user, amount=f"{told.totals[user]:.2f}") for user in by_name],
        "total": f"{told.total:.2f}",
    }


def as_csv(report: PayReport) -> str:
    """Return the lines of a report as a table; its sums are left to whoever reads it."""
    return table(
        COLUMNS,
        (
            (
                line["user"],
                line["user_id"],
                report["schedule"],
                line["kind"],
                line["start"],
                line["end"],
                line["hours"],
                line["night_hours"],
                line["weekend_hours"],
                line["holiday_hours"],
                line["quantity"],
                line["amount"],
                report["currency"],
                line["reason"],
            )
            for line in report["lines"]
        ),
    )


async def _rules(session: AsyncSession, schedule_id: int) -> Sequence[PayRulesRow]:
    statement = select(PayRulesRow).where(PayRulesRow.schedule_id == schedule_id).order_by(PayRulesRow.valid_from)
    return list(await session.scalars(statement))


async def _once(session: AsyncSession, schedule_id: int) -> list[OneOff]:
    statement = select(OneOffRow).where(OneOffRow.schedule_id == schedule_id, OneOffRow.removed_at.is_(None))
    return [OneOff(row.id, row.user_id, row.day, row.amount, row.reason) for row in await session.scalars(statement)]


def _terms(row: PayRulesRow, weekend: frozenset[int]) -> Terms:
    rules = PayRules(
        currency=row.currency,
        hour=row.hour,
        night=row.night,
        weekend=row.weekend,
        holiday=row.holiday,
        combine=Combine(row.combine),
        interruption=row.interruption,
        minimum=row.minimum,
    )
    return Terms(rules, frozenset(date.fromisoformat(day) for day in row.holidays), weekend)


def _since(day: date, zone: str) -> datetime:
    return first_instant(datetime.combine(day, time(0)), ZoneInfo(zone))


def _line(line: Line, name: str, clocks: Clocks) -> PayLine:
    return PayLine(
        user=name,
        user_id=line.user_id,
        kind=line.kind,
        start=_told(line.start_at, clocks),
        end=None if line.end_at is None else _told(line.end_at, clocks),
        hours=_hours(line.hours),
        night_hours=_hours(line.night),
        weekend_hours=_hours(line.weekend),
        holiday_hours=_hours(line.holiday),
        quantity=line.quantity,
        amount=f"{line.amount:.2f}",
        reason=line.reason,
    )


def _told(at: datetime, clocks: Clocks) -> str:
    return at.astimezone(clocks.at(at)).isoformat(timespec="seconds")


def _hours(length: timedelta) -> float:
    return round(length / _HOUR, 4)


def _plain(number: Decimal) -> str:
    """Return a rate without the zeros that its column fills it up with, but money as money."""
    return f"{number:.2f}" if number == number.quantize(model.CENT) else f"{number.normalize():f}"
