"""Imported calendars: the layer has their shifts, what was stays, and a failure changes nothing but what is said."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import update

from opsknight.domain.commands import calendar_sources as commands
from opsknight.domain.commands.calendar_sources import Brings, Copy, Plan
from opsknight.domain.model.imported_shift import AHEAD, BEFORE, HOLIDAYS_AHEAD, Imported, ImportedShift
from opsknight.domain.model.layer_plan import check
from opsknight.domain.model.schedule import on_call
from opsknight.domain.queries.calendar_sources import EVERY, due, source, stale
from opsknight.domain.queries.duties import on_call_at
from opsknight.domain.queries.escalations import schedules
from opsknight.domain.queries.schedules import plans
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import LayerRow, ScheduleRow, UserRow
from opsknight.errors import Conflict, Forbidden, NotFound
from tests.builders import a_schedule, a_team, a_user
from tests.clock import NOON
from tests.commands.desk import Desk

HOUR = timedelta(hours=1)
PLAN = Plan("Team calendar", "https://calendar.example.org/a.ics", "UTC")
HOLIDAYS = Plan("Holidays", "https://calendar.example.org/h.ics", "UTC", Brings.HOLIDAYS)


@pytest.fixture
async def bo(database: Database) -> UserRow:
    return await a_user(database, "Bo")


@pytest.fixture
async def boss(database: Database) -> UserRow:
    return await a_user(database, "Cy", role="manager")


@pytest.fixture
async def primary(database: Database, bo: UserRow, boss: UserRow) -> ScheduleRow:
    """A schedule of which Bo is on call by a rotation of one; the boss manages its team."""
    return await a_schedule(database, bo, name="Primary", team=await a_team(database, managers=[boss]))


def a_copy(*shifts: tuple[float, float, UserRow], etag: str = "", warnings: tuple[str, ...] = ()) -> Copy:
    """Return a copy of shifts `(hours from noon, until, who)`."""
    found = [ImportedShift(NOON + start * HOUR, NOON + end * HOUR, user.id, "uid") for start, end, user in shifts]
    return Copy(Imported(tuple(found), warnings), etag)


async def who(desk: Desk, schedule: ScheduleRow, hours: float) -> list[int]:
    """Return who is on call so many hours from noon, by what is to come."""
    async with desk.database.screens() as session:
        known = await schedules(session, [schedule.id])
    return [one.user_id for one in on_call(known[schedule.id], NOON + hours * HOUR)]


async def test_a_calendar_s_shifts_lie_on_top_and_the_layers_below_show_in_its_holes(
    desk: Desk, boss: UserRow, bo: UserRow, primary: ScheduleRow
):
    copy = a_copy((1, 3, desk.user), (2, 3, boss), warnings=("Mallory is unknown.",))

    done = await desk.as_(boss, commands.add, primary.id, PLAN, copy)

    assert done.sentence == "“Primary” takes its shifts from “Team calendar”: 2 shifts. One warning."
    assert [await who(desk, primary, at) for at in (0.5, 1, 2, 3)] == [
        [bo.id], [desk.user.id], [desk.user.id, boss.id], [bo.id],
    ]  # fmt: skip


async def test_events_of_one_person_that_overlap_put_them_on_call_once_and_leave_the_schedule_editable(
    desk: Desk, boss: UserRow, primary: ScheduleRow
):
    await desk.as_(boss, commands.add, primary.id, PLAN, a_copy((1, 3, desk.user), (2, 4, desk.user)))

    assert await who(desk, primary, 2.5) == [desk.user.id]
    async with desk.database.screens() as session:
        check(await plans(session, primary.id))


async def test_reading_it_again_replaces_what_is_to_come_and_not_what_was(
    desk: Desk, boss: UserRow, bo: UserRow, primary: ScheduleRow
):
    done = await desk.as_(boss, commands.add, primary.id, PLAN, a_copy((0, 4, desk.user)))
    desk.clock.advance(2 * HOUR)

    renewed = await desk.as_("housekeeping:calendars", commands.renew, done.id, a_copy((0, 4, boss)))

    assert renewed.sentence == "“Team calendar” was read: 1 shift."
    async with desk.database.screens() as session:
        past = await on_call_at(session, [primary.id], NOON + HOUR)
        present = await on_call_at(session, [primary.id], NOON + 3 * HOUR)
    assert [one.user_id for one in past[primary.id][1]] == [desk.user.id]
    assert [one.user_id for one in present[primary.id][1]] == [boss.id]
    told = await desk.rows("SELECT kind, data->>'did' FROM facts WHERE kind LIKE 'calendar %' ORDER BY xid, seq")
    assert told == [
        ("calendar imported", "took 1 shift of Primary from “Team calendar”"),
        ("calendar changed", "found “Team calendar” of Primary changed (new shifts: 1, gone: 1)"),
    ]


def a_daily_calendar(at: datetime, *people: UserRow) -> Copy:
    """Return what is read at `at` of a calendar in which people are on call a day each, for ever."""
    days = range((at - NOON).days - 3, (at - NOON).days + 403)
    shifts = [(n * 24, n * 24 + 24, people[n % len(people)]) for n in days]
    seen = [one for one in shifts if NOON + one[1] * HOUR > at - BEFORE and NOON + one[0] * HOUR < at + AHEAD]
    return a_copy(*seen)


async def test_a_calendar_that_did_not_change_says_nothing_though_days_come_into_sight_and_pass(
    desk: Desk, boss: UserRow, bo: UserRow, primary: ScheduleRow
):
    done = await desk.as_(boss, commands.add, primary.id, PLAN, a_daily_calendar(NOON, bo, boss))
    for _ in range(3):
        desk.clock.advance(25 * HOUR)
        copy = a_daily_calendar(desk.clock.now(), bo, boss)
        await desk.as_("housekeeping:calendars", commands.renew, done.id, copy)

    assert await desk.rows("SELECT data->>'did' FROM facts WHERE kind = 'calendar changed'") == []
    assert await desk.rows("SELECT version FROM schedules") == [(2,)]
    assert await who(desk, primary, 402 * 24 + 1) == [bo.id]


async def test_of_a_calendar_that_changed_only_that_is_counted_which_was_in_sight_before_and_is_to_come(
    desk: Desk, boss: UserRow, bo: UserRow, primary: ScheduleRow
):
    done = await desk.as_(boss, commands.add, primary.id, PLAN, a_daily_calendar(NOON, bo))
    desk.clock.advance(50 * HOUR)

    renewed = a_daily_calendar(desk.clock.now(), bo).imported.shifts[:-20]
    await desk.as_("housekeeping:calendars", commands.renew, done.id, Copy(Imported(renewed)))

    told = await desk.rows("SELECT data->>'did' FROM facts WHERE kind = 'calendar changed'")
    assert told == [("found “Team calendar” of Primary changed (new shifts: 0, gone: 17)",)]


async def test_holidays_that_come_into_sight_count_without_a_word(desk: Desk, boss: UserRow, primary: ScheduleRow):
    near, far = NOON.date() + timedelta(days=30), (NOON + HOLIDAYS_AHEAD).date() + timedelta(days=1)
    done = await desk.as_(boss, commands.add, primary.id, HOLIDAYS, of_days(near))
    desk.clock.advance(timedelta(days=3))

    await desk.as_("housekeeping:calendars", commands.renew, done.id, of_days(near, far))

    assert await desk.rows("SELECT data->>'did' FROM facts WHERE kind = 'calendar changed'") == []
    assert await desk.rows("SELECT imported_holidays FROM schedules") == [([near.isoformat(), far.isoformat()],)]


async def test_a_failure_keeps_the_last_copy_and_is_told_once_until_it_ends(
    desk: Desk, boss: UserRow, primary: ScheduleRow
):
    done = await desk.as_(boss, commands.add, primary.id, PLAN, a_copy((1, 99, desk.user)))
    for _ in range(3):
        desk.clock.advance(10 * HOUR)
        await desk.as_("housekeeping:calendars", commands.fail, done.id, "calendar.example.org answered 500.")

    assert await who(desk, primary, 31) == [desk.user.id]
    async with desk.database.screens() as session:
        line = await source(session, primary.id, done.id, at=desk.clock.now(), with_urls=False)
        assert await stale(session, at=desk.clock.now()) == []
        [found] = await stale(session, at=desk.clock.now() + 5 * HOUR)
    assert (line["error"], line["url"]) == ("calendar.example.org answered 500.", "calendar.example.org")
    assert (line["read_at"], line["failing_since"]) == (NOON.timestamp(), (NOON + 10 * HOUR).timestamp())
    assert (found.name, found.schedule, found.since) == ("Team calendar", "Primary", NOON + 10 * HOUR)

    await desk.as_("housekeeping:calendars", commands.keep, done.id)
    kinds = await desk.rows("SELECT kind FROM facts WHERE kind LIKE 'calendar %' ORDER BY xid, seq")
    assert [kind for (kind,) in kinds] == ["calendar imported", "calendar failing", "calendar read again"]


async def test_it_is_due_every_quarter_of_an_hour_and_the_mark_counts_while_the_copy_is_what_was_read(
    desk: Desk, boss: UserRow, primary: ScheduleRow
):
    done = await desk.as_(boss, commands.add, primary.id, PLAN, a_copy((1, 2.5, desk.user), etag='"one"'))
    await desk.as_(boss, commands.add, primary.id, Plan("Uploaded", "", "UTC"), a_copy((1, 2, desk.user)))

    async with desk.database.screens() as session:
        assert await due(session, at=NOON + EVERY - timedelta(seconds=1)) == []
        [soon] = await due(session, at=NOON + EVERY)
        [late] = await due(session, at=NOON + timedelta(days=1))
    assert (soon.id, soon.etag, late.etag) == (done.id, '"one"', "")
    async with desk.database.commands() as session:
        await session.execute(commands.LayerRow.__table__.update().values(shifts=[]))
        await session.commit()
        [changed] = await due(session, at=NOON + EVERY)
    assert changed.etag == ""


async def test_a_removed_calendar_takes_its_layer_with_it(desk: Desk, boss: UserRow, bo: UserRow, primary: ScheduleRow):
    done = await desk.as_(boss, commands.add, primary.id, PLAN, a_copy((1, 3, desk.user)))

    removed = await desk.as_(boss, commands.remove, done.id)

    assert removed.sentence == "Removed “Team calendar” and its shifts from “Primary”."
    assert await who(desk, primary, 2) == [bo.id]
    with pytest.raises(NotFound):
        await desk.as_(boss, commands.remove, done.id)


async def test_a_name_is_taken_once_and_only_who_configures_imports(desk: Desk, boss: UserRow, primary: ScheduleRow):
    await desk.as_(boss, commands.add, primary.id, PLAN, a_copy())

    with pytest.raises(Conflict, match="has a layer called “Team calendar” already"):
        await desk.as_(boss, commands.add, primary.id, PLAN, a_copy())
    with pytest.raises(Forbidden):
        await desk.do(commands.add, primary.id, PLAN, a_copy())


def of_days(*days: date) -> Copy:
    """Return a copy of a calendar of holidays."""
    return Copy(Imported(()), days=dict.fromkeys(days, "A holiday"))


async def who_on(desk: Desk, schedule: ScheduleRow, day: date) -> list[int]:
    """Return who is on call at noon of a day."""
    return await who(desk, schedule, (day - NOON.date()).days * 24)


async def test_a_calendar_s_holidays_are_the_schedule_s_and_go_with_it(
    desk: Desk, boss: UserRow, bo: UserRow, database: Database, primary: ScheduleRow
):
    free, day = NOON.date() + timedelta(days=2), timedelta(days=1)
    async with database.commands.begin() as session:
        await session.execute(update(LayerRow).values(holidays="not"))

    done = await desk.as_(boss, commands.add, primary.id, HOLIDAYS, of_days(free))

    assert [await who_on(desk, primary, free + one * day) for one in (-1, 0, 1)] == [[bo.id], [], [bo.id]]
    await desk.as_("housekeeping:calendars", commands.renew, done.id, of_days(free + day))
    assert [await who_on(desk, primary, free + one * day) for one in (0, 1)] == [[bo.id], []]
    gone = await desk.as_(boss, commands.remove, done.id)
    assert gone.sentence == "Removed “Holidays” and its holidays from “Primary”."
    assert await who_on(desk, primary, free + day) == [bo.id]
    told = await desk.rows("SELECT data->>'did' FROM facts WHERE kind LIKE 'calendar %' ORDER BY xid, seq")
    assert told == [
        ("took 1 holiday of Primary from “Holidays”",),
        ("found “Holidays” of Primary changed (new holidays: 1, gone: 1)",),
        ("removed “Holidays” from Primary",),
    ]


@pytest.mark.parametrize("since", [timedelta(hours=12), timedelta(days=10)])
async def test_a_holiday_that_is_over_stays_though_its_calendar_forgets_it(
    desk: Desk, boss: UserRow, primary: ScheduleRow, since: timedelta
):
    over, ahead = NOON.date(), NOON.date() + timedelta(days=30)
    done = await desk.as_(boss, commands.add, primary.id, HOLIDAYS, of_days(over, ahead))
    desk.clock.advance(since)

    await desk.as_("housekeeping:calendars", commands.renew, done.id, of_days(ahead))

    [(days,)] = await desk.rows("SELECT imported_holidays FROM schedules")
    assert days == [over.isoformat(), ahead.isoformat()]


async def test_a_day_is_over_at_the_midnight_of_the_schedule(
    desk: Desk, boss: UserRow, primary: ScheduleRow, database: Database
):
    async with database.commands.begin() as session:
        await session.execute(update(ScheduleRow).values(zone="America/Los_Angeles"))
    done = await desk.as_(boss, commands.add, primary.id, HOLIDAYS, of_days(NOON.date()))
    desk.clock.advance(timedelta(hours=12))

    await desk.as_("housekeeping:calendars", commands.renew, done.id, of_days())

    assert await desk.rows("SELECT imported_holidays FROM schedules") == [([],)]
