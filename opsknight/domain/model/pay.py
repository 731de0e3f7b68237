"""What is paid for being on call: from the same shifts and pages that fairness is counted by.

Money is decimal. What a line adds up to is exact until its end, where it is rounded once, half up, to two places;
totals are sums of lines, so that every total can be checked with a pocket calculator.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

from opsknight.domain.model.clocks import IN_UTC, Clocks
from opsknight.domain.model.duty_time import NO_DAYS, WEEKEND, Piece
from opsknight.domain.model.fairness import Call, Shift
from opsknight.domain.model.rotation import first_instant

CENT: Final = Decimal("0.01")
MOST: Final = Decimal(1_000_000)
"""The largest rate, weight or one-off: what is larger is a slip of the hand."""
MAX_REASON: Final = 200
MAX_CURRENCY: Final = 12
_UTC: Final = ZoneInfo("UTC")
_MICROSECOND: Final = timedelta(microseconds=1)
_HOUR_US: Final = 3_600_000_000


class BadPay(ValueError):
    """Rules or a one-off that cannot be paid by; the text is for a person."""


class Combine(StrEnum):
    """What counts for an hour to which several weights apply."""

    HIGHEST = "highest"
    """The highest of them alone: a night on a weekend is paid as the dearer of both."""
    ADD = "add"
    """All that each adds to the plain hour: with 1.5 and 2, an hour counts 1 + 0.5 + 1 = 2.5."""


@dataclass(frozen=True, slots=True)
class PayRules:
    """What a schedule pays.

    `hour` is for a plain hour on call. An hour by night, on a weekend or on a holiday counts as many plain
    hours as its weight says; `combine` says what counts where several apply. `interruption` is paid once
    for each incident that paged somebody while they were on call. A shift pays `minimum` at least; what
    it lacks is paid with the period in which the shift begins. `currency` is a label, nothing is converted.
    """

    currency: str = "EUR"
    hour: Decimal = Decimal(0)
    night: Decimal = Decimal(1)
    weekend: Decimal = Decimal(1)
    holiday: Decimal = Decimal(1)
    combine: Combine = Combine.HIGHEST
    interruption: Decimal = Decimal(0)
    minimum: Decimal = Decimal(0)

    def weight(self, piece: Piece) -> Fraction:
        """Return how many plain hours an hour of that kind counts as."""
        kinds = ((piece.night, self.night), (piece.weekend, self.weekend), (piece.holiday, self.holiday))
        weights = [Fraction(weight) for applies, weight in kinds if applies]
        if self.combine is Combine.ADD:
            return 1 + sum((weight - 1 for weight in weights), Fraction(0))
        return max(weights, default=Fraction(1))


@dataclass(frozen=True, slots=True)
class Terms:
    """What is paid, and which days are holidays and weekends then."""

    rules: PayRules
    holidays: frozenset[date] = NO_DAYS
    weekend: frozenset[int] = WEEKEND


NO_TERMS: Final = Terms(PayRules())
"""Of a schedule that nobody has said anything for: it pays nothing."""


@dataclass(frozen=True, slots=True)
class OneOff:
    """Something paid once, entered by hand, with the reason why."""

    id: int
    user_id: int
    day: date
    amount: Decimal
    reason: str


class LineKind(StrEnum):
    """What a line pays for."""

    SHIFT = "shift"
    INTERRUPTIONS = "interruptions"
    ONE_OFF = "one-off"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the report: a shift, all interruptions of a person, or a one-off.

    `start_at` and `end_at` are the part of a shift that lies in the period. `quantity` counts interruptions.
    """

    user_id: int
    kind: LineKind
    amount: Decimal
    start_at: datetime
    end_at: datetime | None = None
    hours: timedelta = timedelta(0)
    night: timedelta = timedelta(0)
    weekend: timedelta = timedelta(0)
    holiday: timedelta = timedelta(0)
    quantity: int = 1
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """The lines, by person and time, and what they add up to."""

    lines: tuple[Line, ...]
    totals: Mapping[int, Decimal]
    total: Decimal


def report(
    rules: PayRules,
    shifts: Iterable[Shift],
    calls: Iterable[Call],
    one_offs: Iterable[OneOff],
    *,
    start: datetime,
    end: datetime,
    clocks: Mapping[int, Clocks],
    zone: ZoneInfo = _UTC,
    holidays: frozenset[date] = NO_DAYS,
    weekend: frozenset[int] = WEEKEND,
) -> Report:
    """Return what is paid for `[start, end)`; `calls` are those that came while their person was on call (`during`).

    Hours are of the clock that the person lived by then (`clocks`, else UTC), the days of one-offs of the schedule's
    `zone`. An hour that somebody has by two shifts at once is paid once, with the earlier of them.
    """
    terms = Terms(rules, holidays, weekend)
    return _added_up(_lines(terms, shifts, calls, one_offs, start=start, end=end, clocks=clocks, zone=zone))


def report_over(
    terms: Sequence[tuple[datetime, Terms]],
    shifts: Sequence[Shift],
    calls: Sequence[Call],
    one_offs: Sequence[OneOff],
    *,
    start: datetime,
    end: datetime,
    clocks: Mapping[int, Clocks],
    zone: ZoneInfo = _UTC,
) -> Report:
    """Return what is paid for `[start, end)` where the terms have changed: each from its instant until the next.

    A shift over such an instant has a line before it and one after it. Before the first terms nothing is paid
    but one-offs.
    """
    ordered = sorted(terms, key=lambda term: term[0])
    since = [start, *(at for at, _ in ordered if start < at < end)]
    lines: list[Line] = []
    for first, last in zip(since, [*since[1:], end], strict=True):
        now = next((one for at, one in reversed(ordered) if at <= first), NO_TERMS)
        lines += _lines(now, shifts, calls, one_offs, start=first, end=last, clocks=clocks, zone=zone)
    return _added_up(lines)


def check(rules: PayRules) -> None:
    """Make sure that `rules` can be paid by.

    Raises:
        BadPay: there is no currency, or a rate or weight is out of bounds.
    """
    if not rules.currency or len(rules.currency) > MAX_CURRENCY:
        raise BadPay(f"Say the currency in at most {MAX_CURRENCY} characters, as EUR.")
    rates = {"The hour": rules.hour, "The interruption": rules.interruption, "The minimum": rules.minimum}
    weights = {"night": rules.night, "weekend": rules.weekend, "holiday": rules.holiday}
    for name, rate in rates.items():
        if not 0 <= rate <= MOST:
            raise BadPay(f"{name} pays from 0 to {MOST}, not {rate}.")
    for name, weight in weights.items():
        if not 1 <= weight <= 100:  # a hundred plain hours for one is a slip of the hand
            raise BadPay(f"An hour of the {name} counts as 1 to 100 plain hours, not {weight}.")


def check_one_off(amount: Decimal, reason: str) -> None:
    """Make sure that a one-off can be paid.

    Raises:
        BadPay: the amount is not positive or has parts of a cent, or there is no reason.
    """
    if not 0 < amount <= MOST:
        raise BadPay(f"A one-off pays more than 0 and at most {MOST}, not {amount}; take a wrong one back instead.")
    if amount != amount.quantize(CENT):
        raise BadPay("A one-off is paid to the cent: at most two places after the point.")
    if not reason or len(reason) > MAX_REASON:
        raise BadPay(f"Say in at most {MAX_REASON} characters why it is paid.")


def money(exact: Fraction) -> Decimal:
    """Return `exact`, which is not negative, to two places, half up."""
    cents = (exact * 200 + 1) // 2
    return Decimal(cents).scaleb(-2)


def _added_up(lines: Iterable[Line]) -> Report:
    ordered = tuple(sorted(lines, key=lambda line: (line.user_id, line.start_at, line.kind, line.reason)))
    totals: dict[int, Decimal] = {}
    for line in ordered:
        totals[line.user_id] = totals.get(line.user_id, Decimal(0)) + line.amount
    return Report(ordered, totals, sum(totals.values(), Decimal(0)).quantize(CENT))


def _lines(
    terms: Terms,
    shifts: Iterable[Shift],
    calls: Iterable[Call],
    one_offs: Iterable[OneOff],
    *,
    start: datetime,
    end: datetime,
    clocks: Mapping[int, Clocks],
    zone: ZoneInfo,
) -> list[Line]:
    return [
        *_of_shifts(terms, shifts, start=start, end=end, clocks=clocks),
        *_of_calls(terms.rules, [call for call in calls if start <= call.at < end]),
        *(line for one in one_offs if start <= (line := _of_one_off(one, zone)).start_at < end),
    ]


def _of_shifts(
    terms: Terms, shifts: Iterable[Shift], *, start: datetime, end: datetime, clocks: Mapping[int, Clocks]
) -> Iterator[Line]:
    rules = terms.rules
    covered: dict[int, datetime] = {}
    for shift in sorted(shifts, key=lambda one: (one.start_at, one.end_at, one.user_id)):
        user = shift.user_id
        cut_at = partial(clocks.get(user, IN_UTC).pieces, holidays=terms.holidays, weekend=terms.weekend)
        begins_at = max(shift.start_at, covered.get(user, shift.start_at)).astimezone(UTC)
        covered[user] = max(shift.end_at, begins_at)
        first, last = max(begins_at, start).astimezone(UTC), min(shift.end_at, end).astimezone(UTC)
        if first >= last:
            continue
        cut = list(cut_at(first, last))
        exact = _worth(rules, cut)
        if rules.minimum and begins_at >= start:
            whole = _worth(rules, cut_at(begins_at, shift.end_at))
            exact += max(Fraction(rules.minimum) - whole, Fraction(0))
        yield Line(
            user,
            LineKind.SHIFT,
            money(exact),
            first,
            last,
            hours=_sum(cut),
            night=_sum(one for one in cut if one.night),
            weekend=_sum(one for one in cut if one.weekend),
            holiday=_sum(one for one in cut if one.holiday),
        )


def _of_calls(rules: PayRules, calls: Sequence[Call]) -> Iterator[Line]:
    if not rules.interruption:
        return
    by_user: dict[int, list[Call]] = {}
    for call in calls:
        if not call.again:
            by_user.setdefault(call.user_id, []).append(call)
    for user, mine in by_user.items():
        amount = money(len(mine) * Fraction(rules.interruption))
        yield Line(user, LineKind.INTERRUPTIONS, amount, min(call.at for call in mine), quantity=len(mine))


def _of_one_off(one: OneOff, zone: ZoneInfo) -> Line:
    at = first_instant(datetime.combine(one.day, time(0)), zone)
    return Line(one.user_id, LineKind.ONE_OFF, one.amount.quantize(CENT), at, reason=one.reason)


def _worth(rules: PayRules, cut: Iterable[Piece]) -> Fraction:
    plain = sum((rules.weight(one) * Fraction(one.length // _MICROSECOND, _HOUR_US) for one in cut), Fraction(0))
    return plain * Fraction(rules.hour)


def _sum(cut: Iterable[Piece]) -> timedelta:
    return sum((one.length for one in cut), timedelta(0))
