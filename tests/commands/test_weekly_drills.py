"""The drill that comes by itself: each week once, however many look for it at the same moment."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import update

from opsknight.domain.commands import schedules
from opsknight.domain.commands.weekly_drills import begin_weekly, end_weekly, set_weekly
from opsknight.domain.model.weekly import Weekly
from opsknight.domain.queries.drills import drills
from opsknight.domain.queries.weekly_drills import weekly
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import ScheduleRow, UserRow
from opsknight.errors import Forbidden, Invalid
from tests.builders import a_schedule, a_user
from tests.clock import NOON, StoppedClock
from tests.commands.clockwork import Clockwork
from tests.conftest import Acting

HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)
TUESDAYS = Weekly(2, 14, "UTC")
"""Two hours after the clock stands still."""


class Weeks:
    """Root administers, Ada is on call; somebody looks whether it is time."""

    def __init__(self, database: Database, acting: Acting, clock: StoppedClock, clockwork: Clockwork) -> None:
        self.database, self.acting, self.clock, self.clockwork = database, acting, clock, clockwork
        self.root: UserRow
        self.schedule: ScheduleRow

    async def set(self, wish: Weekly = TUESDAYS, *, schedule_id: int | None = None) -> str:
        async with self.acting(f"user:{self.root.id}") as uow:
            return await set_weekly(uow, wish, schedule_id=schedule_id)

    async def look(self) -> bool:
        async with self.acting("housekeeping:drills") as uow:
            return await begin_weekly(uow)

    async def pages(self) -> list[tuple[str, ...]]:
        sql = (
            "SELECT u.name, p.reason FROM pages p JOIN users u ON u.id = p.user_id WHERE p.kind = 'drill' ORDER BY p.id"
        )
        return await self.clockwork.rows(sql)


@pytest.fixture
async def weeks(database: Database, acting: Acting, clock: StoppedClock, clockwork: Clockwork) -> Weeks:
    made = Weeks(database, acting, clock, clockwork)
    made.root = await a_user(database, "Root", role="admin")
    made.schedule = await a_schedule(database, await a_user(database, "Ada"), name="Primary", unit="days")
    return made


async def test_it_comes_at_its_hour_and_again_a_week_later(weeks: Weeks):
    said = await weeks.set()
    early = await weeks.look()
    weeks.clock.advance(2 * HOUR)
    first, again = await weeks.look(), await weeks.look()
    weeks.clock.advance(WEEK - HOUR)
    before = await weeks.look()
    weeks.clock.advance(HOUR)
    second = await weeks.look()

    assert said == "A drill comes by itself every Tuesday at 14:00 (UTC), of everyone on call tonight."
    assert [early, first, again, before, second] == [False, True, False, False, True]
    assert await weeks.pages() == [("Ada", "It comes every week; you are on call on Primary")] * 2


async def test_of_several_who_look_at_once_one_begins_it(weeks: Weeks):
    await weeks.set()
    weeks.clock.advance(2 * HOUR)

    begun = await asyncio.gather(*(weeks.look() for _ in range(4)))

    assert sorted(begun) == [False, False, False, True]
    assert len(await weeks.pages()) == 1


async def test_what_was_due_before_it_was_set_is_not_made_up_for(weeks: Weeks):
    weeks.clock.advance(2 * HOUR + timedelta(minutes=5))
    await weeks.set()

    assert not await weeks.look()


async def test_one_that_is_late_is_left_out_and_the_ledger_says_so_once(weeks: Weeks):
    await weeks.set()
    weeks.clock.advance(13 * HOUR)

    assert [await weeks.look(), await weeks.look()] == [False, False]
    assert await weeks.pages() == []
    facts = await weeks.clockwork.told("weekly drill left out")
    assert facts == [{"reason": "OpsKnight was not running at its time"}]
    weeks.clock.advance(WEEK - 11 * HOUR)
    assert await weeks.look()


async def test_one_that_finds_nobody_is_left_out_with_the_reason(weeks: Weeks):
    empty = await a_schedule(weeks.database, name="Nobody's")
    await weeks.set(schedule_id=empty.id)
    weeks.clock.advance(2 * HOUR)

    assert not await weeks.look()
    (fact,) = await weeks.clockwork.told("weekly drill left out")
    assert fact["reason"].startswith("Nobody is on call on Nobody's now")


async def test_deleting_its_schedule_ends_it_and_says_so(weeks: Weeks):
    await weeks.set(schedule_id=weeks.schedule.id)
    async with weeks.acting(f"user:{weeks.root.id}") as uow:
        done = await schedules.delete(uow, weeks.schedule.id)
    weeks.clock.advance(2 * HOUR)

    assert not await weeks.look()
    assert done.sentence == (
        "Deleted “Primary”; who was on call by it stays recorded. The weekly drill was of it, and is ended."
    )
    async with weeks.database.screens() as session:
        assert await weekly(session, now=NOON) is None
    assert (await weeks.clockwork.told("weekly drill set"))[-1][
        "did"
    ] == "ended the weekly drill, which was of “Primary”"


async def test_one_of_a_schedule_that_was_deleted_before_ends_by_itself(weeks: Weeks):
    await weeks.set(schedule_id=weeks.schedule.id)
    async with weeks.acting("system:test") as uow:
        await uow.session.execute(update(ScheduleRow).values(deleted_at=NOON))

    assert not await weeks.look()
    async with weeks.database.screens() as session:
        assert await weekly(session, now=NOON) is None


async def test_a_week_that_was_left_out_is_listed_with_why(weeks: Weeks):
    await weeks.set()
    weeks.clock.advance(13 * HOUR)
    await weeks.look()

    async with weeks.database.screens() as session:
        [line] = await drills(session, now=weeks.clock.now())

    assert (line["weekly"], line["over"], line["people"]) == (True, True, 0)
    assert line["left_out"] == "OpsKnight was not running at its time"


async def test_where_it_was_turned_off_none_comes(weeks: Weeks):
    await weeks.set()
    async with weeks.acting(f"user:{weeks.root.id}") as uow:
        await end_weekly(uow)
    weeks.clock.advance(2 * HOUR)

    assert not await weeks.look()
    async with weeks.database.screens() as session:
        assert await weekly(session, now=NOON) is None


async def test_a_changed_time_is_shown_with_the_next(weeks: Weeks):
    await weeks.set()
    await weeks.set(Weekly(3, 9, "Europe/Berlin"), schedule_id=weeks.schedule.id)

    async with weeks.database.screens() as session:
        line = await weekly(session, now=NOON)

    assert line is not None
    assert (line["words"], line["about"]) == ("every Wednesday at 09:00 (Europe/Berlin)", "who is on call on Primary")
    assert line["next_at"] == (NOON + DAY - 4 * HOUR).timestamp()


async def test_only_admins_set_it_and_only_to_what_there_is(weeks: Weeks):
    with pytest.raises(Invalid):
        await weeks.set(Weekly(2, 14, "Europe/Atlantis"))
    with pytest.raises(Invalid, match="no such schedule"):
        await weeks.set(schedule_id=999)
    weeks.root = await a_user(weeks.database, "Max", role="manager")
    with pytest.raises(Forbidden):
        await weeks.set()
