"""What is paid for being on call, to the cent."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsknight.domain.model.clocks import Clocks
from opsknight.domain.model.csv_cell import neutralised, table
from opsknight.domain.model.fairness import Call
from opsknight.domain.model.pay import BadPay, Combine, LineKind, OneOff, PayRules, check, check_one_off, money, report
from opsknight.domain.model.schedule import OnCall

ADA, BO = 1, 2
HOUR = timedelta(hours=1)
START, END = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
THURSDAY, SATURDAY = datetime(2026, 11, 26, tzinfo=UTC), datetime(2026, 11, 28, tzinfo=UTC)
TEN = PayRules(hour=Decimal(10), night=Decimal("1.5"), weekend=Decimal(2), holiday=Decimal(3))


def a_shift(start: datetime, hours: float, user: int = ADA):
    return OnCall(start, start + hours * HOUR, user, "Primary")


def a_call(at: datetime, incident: int = 1, **what: Any):
    return Call(ADA, UUID(int=incident), at, **what)


def paid(rules: PayRules, *shifts: OnCall, **what: Any):
    said: dict[str, Any] = {"calls": (), "one_offs": (), "start": START, "end": END, "clocks": {}}
    return report(rules, shifts, **{**said, **what})


@pytest.mark.parametrize(
    ("start", "hours", "amount"),
    [
        (THURSDAY + 9 * HOUR, 8, "80.00"),
        (THURSDAY + 20 * HOUR, 4, "50.00"),  # two plain, two by night
        (SATURDAY + 22 * HOUR, 2, "40.00"),  # by night and on a weekend: the higher counts
        (THURSDAY + 9 * HOUR, 1 / 3, "3.33"),
        (THURSDAY + 9 * HOUR, 0.0005, "0.01"),  # half a cent is rounded up
    ],
)
def test_an_hour_is_paid_by_its_kind(start: datetime, hours: float, amount: str):
    assert paid(TEN, a_shift(start, hours)).total == Decimal(amount)


def test_weights_can_add_up_instead():
    adding = replace(TEN, combine=Combine.ADD)
    night = a_shift(SATURDAY + 22 * HOUR, 2)

    assert paid(adding, night).total == Decimal("50.00")  # 1 + 0.5 + 1
    assert paid(adding, night, holidays=frozenset({SATURDAY.date()})).total == Decimal("90.00")


def test_a_holiday_is_paid_by_the_dates_that_are_handed_in():
    assert paid(TEN, a_shift(THURSDAY + 9 * HOUR, 8), holidays=frozenset({date(2026, 11, 26)})).total == Decimal(240)


def test_where_the_weekend_is_friday_and_saturday_a_friday_is_paid_as_one_and_a_sunday_is_not():
    friday, sunday = THURSDAY + 33 * HOUR, SATURDAY + 33 * HOUR

    amounts = [paid(TEN, a_shift(day, 8), weekend=frozenset({4, 5})).total for day in (friday, sunday)]

    assert amounts == [Decimal("160.00"), Decimal("80.00")]


def test_nights_are_those_of_the_person():
    shift = a_shift(THURSDAY + 14 * HOUR, 2)

    assert paid(TEN, shift, clocks={ADA: Clocks(ZoneInfo("Asia/Tokyo"))}).total == Decimal("30.00")


def test_a_short_shift_is_paid_the_minimum_once_and_with_its_beginning():
    rules = replace(TEN, minimum=Decimal(50))
    shift = a_shift(END - 2 * HOUR, 4)  # Monday night: 30 before the turn of the month, 30 after it

    assert paid(rules, a_shift(THURSDAY + 9 * HOUR, 2)).total == Decimal("50.00")
    assert paid(rules, shift).total == Decimal("30.00")
    assert paid(rules, a_shift(END - HOUR, 2)).total == Decimal("35.00")
    assert paid(rules, a_shift(END - HOUR, 2), start=END, end=END + HOUR).total == Decimal("15.00")


def test_each_incident_is_paid_once():
    rules = PayRules(interruption=Decimal("12.50"))
    calls = [a_call(THURSDAY), a_call(THURSDAY + HOUR, again=True), a_call(THURSDAY + HOUR, 2), a_call(END, 3)]

    (line,) = paid(rules, calls=calls).lines
    assert (line.kind, line.quantity, line.amount) == (LineKind.INTERRUPTIONS, 2, Decimal("25.00"))


def test_a_one_off_counts_in_the_period_of_its_day():
    entered = [OneOff(1, BO, date(2026, 11, 30), Decimal(40), "swapped at short notice"),
               OneOff(2, BO, date(2026, 12, 1), Decimal(7), "next month")]  # fmt: skip

    (line,) = paid(TEN, one_offs=entered).lines
    assert (line.user_id, line.amount, line.reason) == (BO, Decimal(40), "swapped at short notice")


def test_an_hour_held_by_two_shifts_is_paid_once():
    assert paid(TEN, a_shift(THURSDAY + 9 * HOUR, 4), a_shift(THURSDAY + 11 * HOUR, 4)).total == Decimal("60.00")


moments = st.datetimes(datetime(2026, 10, 20), datetime(2026, 12, 10)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001
rates = st.decimals(0, 1000, places=4)
weights = st.decimals(1, 9, places=3)
all_rules = st.builds(
    PayRules, hour=rates, night=weights, weekend=weights, holiday=weights, combine=st.sampled_from(Combine),
    interruption=st.decimals(0, 100, places=2), minimum=st.decimals(0, 500, places=2),
)  # fmt: skip
all_shifts = st.lists(st.builds(a_shift, moments, st.floats(0.01, 300), st.sampled_from([ADA, BO])), max_size=5)


@given(all_rules, all_shifts, st.lists(st.builds(a_call, moments, st.integers(1, 9))))
def test_totals_are_the_sums_of_their_lines(rules: PayRules, shifts: list[OnCall], calls: list[Call]):
    found = paid(rules, *shifts, calls=calls)

    assert found.total == sum((line.amount for line in found.lines), Decimal(0)) == sum(found.totals.values())
    assert all(line.amount == line.amount.quantize(Decimal("0.01")) >= 0 for line in found.lines)
    for user, total in found.totals.items():
        assert total == sum(line.amount for line in found.lines if line.user_id == user)


@given(all_rules, all_shifts, moments)
def test_a_period_split_anywhere_pays_the_same_but_for_one_rounding_a_line(
    rules: PayRules, shifts: list[OnCall], middle: datetime
):
    whole = paid(rules, *shifts, start=datetime(2026, 10, 1, tzinfo=UTC), end=datetime(2027, 1, 1, tzinfo=UTC))
    parts = [paid(rules, *shifts, start=datetime(2026, 10, 1, tzinfo=UTC), end=middle),
             paid(rules, *shifts, start=middle, end=datetime(2027, 1, 1, tzinfo=UTC))]  # fmt: skip

    cut = sum(len(part.lines) for part in parts)
    assert abs(whole.total - sum(part.total for part in parts)) <= cut * Decimal("0.01")


@given(st.fractions(0, 10_000, max_denominator=3_600_000))
def test_money_is_rounded_half_up(exact: Fraction):
    ours = money(exact)

    assert abs(Fraction(ours) - exact) <= Fraction(1, 200)
    if (exact * 1000).denominator == 1:
        told = Decimal(exact.numerator) / Decimal(exact.denominator)
        assert ours == told.quantize(Decimal("0.01"), ROUND_HALF_UP)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"currency": ""}, "Say the currency in at most 12 characters, as EUR."),
        ({"hour": Decimal(-1)}, "The hour pays from 0 to 1000000, not -1."),
        ({"night": Decimal("0.5")}, "An hour of the night counts as 1 to 100 plain hours, not 0.5."),
    ],
)
def test_rules_that_cannot_be_paid_by_are_refused_in_words(change: dict[str, Any], says: str):
    with pytest.raises(BadPay) as refusal:
        check(replace(TEN, **change))

    assert str(refusal.value) == says


@pytest.mark.parametrize(("amount", "reason"), [("0", "why"), ("-3", "why"), ("1.005", "why"), ("5", "")])
def test_a_one_off_without_amount_or_reason_is_refused(amount: str, reason: str):
    with pytest.raises(BadPay):
        check_one_off(Decimal(amount), reason)


@pytest.mark.parametrize("text", ["=1+1", "+4", "-4", "@SUM(A1)", "\t=1", "\r=1", " =1", "\n@x", "\u00a0=1"])
def test_a_cell_that_begins_like_a_formula_is_plain_text(text: str):
    assert neutralised(text) == f"'{text}"


def test_a_table_keeps_what_is_harmless_as_it_is_and_one_record_per_row():
    assert table(["a", "b"], [["Ada, “A”", None], ["x\r\ny", "=HYPERLINK()"]]) == (
        'a,b\r\n"Ada, “A”",\r\n"x\r\ny",\'=HYPERLINK()\r\n'
    )
