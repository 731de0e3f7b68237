"""What was, stays: whatever becomes of a schedule, it is told, counted and paid as it was."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest

from opsknight.domain.commands import schedules
from opsknight.domain.commands.pay import set_pay_rules
from opsknight.domain.commands.people import Wish, change, change_own
from opsknight.domain.commands.recorded_shifts import record_shifts
from opsknight.domain.model.pay import PayRules
from opsknight.domain.model.permission import Role
from opsknight.domain.queries import schedule_lines
from opsknight.domain.queries.fairness import fairness
from opsknight.domain.queries.oncall import OnCallLine, on_call_lines
from opsknight.domain.queries.pay import pay_report
from opsknight.errors import NotFound
from tests.builders import a_user
from tests.clock import NOON, StoppedClock
from tests.commands.desk import Desk
from tests.commands.rota import DAY, HOUR, Rota, a_rota

THE_FIRST = NOON.replace(day=1, tzinfo=None)


@pytest.fixture
async def rota(desk: Desk) -> Rota:
    return await a_rota(desk)


async def deleted_at_six(rota: Rota, clock: StoppedClock) -> datetime:
    """Put the schedule away six hours after it was made; two days later is now."""
    clock.advance(6 * HOUR)
    await rota.desk.as_(rota.mo, schedules.delete, rota.id)
    clock.advance(2 * DAY)
    return NOON + 6 * HOUR


async def asked(rota: Rota, at: datetime, **of: int) -> list[OnCallLine]:
    async with rota.desk.database.screens() as session:
        return [*await on_call_lines(session, at=at, **of)]


async def paid(rota: Rota, start: datetime, hours: int) -> str:
    async with rota.desk.database.screens() as session:
        return (await pay_report(session, rota.id, start=start, end=start + hours * HOUR))["total"]


async def moved(rota: Rota, zone: str, *, by_admin: bool = False) -> None:
    """Let Bo live elsewhere from now on."""
    if by_admin:
        admin = await a_user(rota.desk.database, role="admin")
        await rota.desk.as_(admin, change, rota.bo.id, Wish("Bo", Role.RESPONDER, zone))
    else:
        await rota.desk.as_(rota.bo, change_own, name="Bo", zone=zone)


async def test_a_deleted_schedule_is_paid_until_it_was_deleted(rota: Rota, clock: StoppedClock):
    await rota.desk.as_(rota.mo, set_pay_rules, rota.id, PayRules(hour=Decimal(10)))
    await deleted_at_six(rota, clock)

    async with rota.desk.database.screens() as session:
        report = await pay_report(session, rota.id, start=NOON, end=NOON + 10 * DAY)

    assert report["total"] == "60.00"
    assert [(line["user"], line["hours"]) for line in report["lines"]] == [("Bo", 6.0)]


async def test_a_deleted_schedule_is_counted_until_it_was_deleted(rota: Rota, clock: StoppedClock):
    await deleted_at_six(rota, clock)

    async with rota.desk.database.screens() as session:
        report = await fairness(session, start=NOON, end=NOON + 10 * DAY)
        later = await fairness(session, start=NOON + DAY, end=NOON + 10 * DAY)

    assert {line["user"]: line["on_call_s"] for line in report["people"]} == {"Ada": 0, "Bo": 6 * 3600, "Cy": 0}
    assert (later["people"], later["schedules"]) == ([], [])


@pytest.mark.parametrize("later", [0, 13])
async def test_a_shift_that_an_edit_has_cut_in_two_is_paid_its_minimum_once(
    rota: Rota, clock: StoppedClock, later: int
):
    await rota.desk.as_(rota.mo, set_pay_rules, rota.id, PayRules(hour=Decimal(1), minimum=Decimal(50)))
    clock.advance(12 * HOUR)

    await rota.change(rota.plan(name="Daily turns"))
    clock.advance(later * HOUR)
    await rota.desk.as_("housekeeping:shifts", record_shifts, clock.now())

    assert await paid(rota, NOON, 24) == "50.00"
    assert [await paid(rota, NOON, 12), await paid(rota, NOON + 12 * HOUR, 12)] == ["38.00", "12.00"]
    assert [await paid(rota, NOON, 6), await paid(rota, NOON + 6 * HOUR, 18)] == ["32.00", "18.00"]


async def test_two_shifts_of_the_same_person_one_after_the_other_are_paid_each_its_minimum(
    rota: Rota, clock: StoppedClock
):
    await rota.desk.as_(rota.mo, set_pay_rules, rota.id, PayRules(hour=Decimal(1), minimum=Decimal(50)))
    await rota.change(rota.plan(rota.bo))

    clock.advance(2 * DAY)
    await rota.desk.as_("housekeeping:shifts", record_shifts, clock.now())

    assert await paid(rota, NOON, 48) == "100.00"


async def test_nothing_is_paid_for_the_time_before_the_schedule_was_made_whatever_it_says_of_it(
    rota: Rota, clock: StoppedClock
):
    await rota.desk.as_(rota.mo, set_pay_rules, rota.id, PayRules(hour=Decimal(1)), valid_from=None)
    clock.advance(DAY)

    await rota.change(rota.plan(rota.cy, starts_at=THE_FIRST))

    assert await paid(rota, NOON - 23 * DAY, 24 * 24) == "24.00"


async def test_nobody_carried_anything_before_the_schedule_was_made(rota: Rota, clock: StoppedClock):
    await rota.change(rota.plan(rota.cy, starts_at=THE_FIRST))
    clock.advance(6 * HOUR)

    async with rota.desk.database.screens() as session:
        report = await fairness(session, start=NOON - 23 * DAY, end=NOON + 6 * HOUR)

    assert [(line["user"], line["on_call_s"]) for line in report["people"]] == [("Cy", 6 * 3600)]


async def test_nobody_is_on_call_by_a_schedule_after_it_was_deleted(rota: Rota, clock: StoppedClock):
    deleted = await deleted_at_six(rota, clock)

    assert await rota.told(NOON, NOON + 3 * DAY) == [("Bo", 0, 6)]
    assert await rota.who(deleted) == []


async def test_who_was_on_call_is_told_of_a_schedule_that_was_deleted_since(rota: Rota, clock: StoppedClock):
    deleted = await deleted_at_six(rota, clock)

    [before] = await asked(rota, NOON + HOUR)
    [named] = await asked(rota, NOON + HOUR, schedule_id=rota.id)

    assert [(one["user"], one["end_at"]) for one in before["on_call"]] == [("Bo", deleted.timestamp())]
    assert (before["next"], named) == ([], before)


async def test_of_the_time_after_it_was_deleted_there_is_no_such_schedule(rota: Rota, clock: StoppedClock):
    deleted = await deleted_at_six(rota, clock)

    assert await asked(rota, deleted) == []
    with pytest.raises(NotFound):
        await asked(rota, deleted, schedule_id=rota.id)


async def test_the_time_line_of_a_deleted_schedule_ends_where_it_was_deleted(rota: Rota, clock: StoppedClock):
    deleted = await deleted_at_six(rota, clock)

    async with rota.desk.database.screens() as session:
        told = await schedule_lines.timeline(session, rota.id, start=NOON, end=NOON + 2 * DAY)
        with pytest.raises(NotFound):
            await schedule_lines.timeline(session, rota.id, start=deleted, end=NOON + 2 * DAY)

    assert [(one["user"], one["end_at"]) for one in told["final"]] == [("Bo", deleted.timestamp())]
    assert (told["to_at"], told["gaps"]) == (deleted.timestamp(), [])


async def test_who_came_next_is_told_as_it_was_whatever_has_been_changed_since(rota: Rota, clock: StoppedClock):
    clock.advance(2 * DAY + HOUR)
    await rota.change(rota.plan(rota.ada))
    clock.advance(DAY)

    [told] = await asked(rota, NOON + HOUR)

    assert [one["user"] for one in told["on_call"]] == ["Bo"]
    assert [(one["user"], one["start_at"]) for one in told["next"]] == [("Cy", (NOON + DAY).timestamp())]


async def test_who_came_by_an_edit_is_told_as_next_from_that_edit_on(rota: Rota, clock: StoppedClock):
    clock.advance(2 * HOUR)
    await rota.change(rota.plan(rota.ada))
    clock.advance(DAY)

    [told] = await asked(rota, NOON + HOUR)

    assert [(one["user"], one["start_at"]) for one in told["next"]] == [("Ada", (NOON + 2 * HOUR).timestamp())]


@pytest.mark.parametrize("by_admin", [False, True])
async def test_who_moves_is_paid_by_the_clock_that_they_lived_by_then(
    rota: Rota, clock: StoppedClock, *, by_admin: bool
):
    await rota.desk.as_(rota.mo, set_pay_rules, rota.id, PayRules(hour=Decimal(10), night=Decimal(2)))
    clock.advance(6 * HOUR)
    before = await paid(rota, NOON, 6)
    await moved(rota, "Asia/Tokyo", by_admin=by_admin)

    assert (before, await paid(rota, NOON, 6)) == ("60.00", "60.00")
    assert await paid(rota, NOON + 6 * HOUR, 6) == "100.00"  # night ends at seven in Tokyo, ten in the evening of UTC
    assert await paid(rota, NOON, 12) == "160.00"


async def test_hours_by_night_are_counted_by_the_clock_of_then(rota: Rota, clock: StoppedClock):
    clock.advance(6 * HOUR)
    await moved(rota, "Asia/Tokyo")
    clock.advance(2 * HOUR)
    await moved(rota, "UTC")

    async with rota.desk.database.screens() as session:
        report = await fairness(session, start=NOON, end=NOON + 12 * HOUR)

    [bo] = [line for line in report["people"] if line["user"] == "Bo"]
    assert (bo["on_call_s"], bo["night_s"], bo["zone"]) == (12 * 3600, 4 * 3600, "UTC")


async def test_a_shift_over_a_move_is_one_shift_whose_instants_are_told_by_the_clock_of_then(
    rota: Rota, clock: StoppedClock
):
    clock.advance(6 * HOUR)
    await moved(rota, "Asia/Tokyo")
    await moved(rota, "Europe/Berlin")

    async with rota.desk.database.screens() as session:
        [line] = (await pay_report(session, rota.id, start=NOON, end=NOON + 8 * HOUR))["lines"]

    assert (line["start"], line["end"]) == ("2026-11-24T12:00:00+00:00", "2026-11-24T21:00:00+01:00")
