"""Which gaps to come are told to who answers for a schedule: each new one, none twice, and none that is not there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from opsknight.domain.commands import leaves, overrides
from opsknight.domain.commands.foretelling import warn_of_gaps
from opsknight.domain.model.override import Change
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import LayerRow, UserRow
from tests.builders import a_policy, a_schedule, a_service, a_team, a_user
from tests.clock import NOON
from tests.commands.desk import Desk

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WEEK = 7 * DAY


@dataclass
class House:
    """Bo has the week that begins now, Cy the next, Ada the one after; Max manages their team."""

    database: Database
    desk: Desk
    ada: UserRow
    bo: UserRow
    cy: UserRow
    id: int = 0

    async def asks(self, **schedule: Any) -> None:
        """Make the schedule, with what else it is to be, and have a policy ask it."""
        team = await a_team(self.database, managers=[await a_user(self.database, "Max", role="manager")])
        about = {"starts_at": NOON - WEEK, "name": "Primary", "team": team, **schedule}
        found = await a_schedule(self.database, self.ada, self.bo, self.cy, **about)
        await a_service(self.database, policy=await a_policy(self.database, found))
        self.id = found.id

    async def is_away(self, who: UserRow, start: timedelta, end: timedelta) -> int:
        """Let somebody be away, between two times from noon on."""
        wish = leaves.Wish(who.id, NOON + start, NOON + end)
        return (await self.desk.as_(who, leaves.take_leave, wish)).id

    async def is_here_again(self, who: UserRow, leave: int) -> None:
        """Take a leave back."""
        await self.desk.as_(who, leaves.withdraw, leave)

    async def is_off(self, who: UserRow, start: timedelta) -> int:
        """Take somebody off call for eight hours."""
        wish = overrides.Wish(Change.REMOVE, NOON + start, NOON + start + 8 * HOUR, replaces_id=who.id)
        return (await self.desk.do(overrides.override, self.id, wish)).id

    async def has(self, **columns: Any) -> None:
        """Let the layer be otherwise."""
        async with self.database.commands() as session:
            await session.execute(update(LayerRow).values(**columns))
            await session.commit()

    async def waits(self, time: timedelta) -> None:
        """Let time pass, in which the gaps are looked at every six hours."""
        for _ in range(time // (6 * HOUR)):
            await self.desk.as_("housekeeping:gaps", warn_of_gaps)
            self.desk.clock.advance(6 * HOUR)

    async def told(self) -> list[list[str]]:
        """Return the lines of every message about gaps."""
        rows = await self.desk.rows("SELECT reason FROM pages WHERE kind = 'gap' ORDER BY created_at, id")
        return [reason.splitlines() for (reason,) in rows]

    async def headlines(self) -> list[str]:
        """Return the first lines of them."""
        return [lines[0] for lines in await self.told()]


@pytest.fixture
async def house(database: Database, desk: Desk) -> House:
    return House(database, desk, desk.user, await a_user(database, "Bo"), await a_user(database, "Cy"))


async def test_of_two_who_leave_their_week_empty_one_after_the_other_both_are_told(house: House):
    await house.asks(on_leave="remove")
    leave = await house.is_away(house.cy, 6 * DAY, 15 * DAY)
    await house.waits(DAY)
    await house.is_here_again(house.cy, leave)
    await house.waits(DAY)

    await house.is_away(house.ada, 13 * DAY, 22 * DAY)
    await house.waits(WEEK)

    assert await house.headlines() == [
        "Nobody is on call on Primary from Tue 1 Dec 12:00 UTC",
        "Nobody is on call on Primary from Tue 8 Dec 12:00 UTC",
    ]


async def test_of_two_gaps_at_the_same_hours_of_different_weeks_both_are_told(house: House):
    await house.asks()
    await house.is_off(house.bo, 3 * DAY)
    await house.waits(DAY)

    await house.is_off(house.cy, 10 * DAY)
    await house.waits(DAY)

    assert await house.headlines() == [
        "Nobody is on call on Primary from Fri 27 Nov 12:00 UTC",
        "Nobody is on call on Primary from Fri 4 Dec 12:00 UTC",
    ]


async def test_a_gap_that_was_mended_and_is_there_again_is_told_again(house: House):
    await house.asks()
    gap = await house.is_off(house.bo, 3 * DAY)
    await house.waits(DAY)
    await house.desk.do(overrides.withdraw, gap)
    await house.waits(DAY)

    await house.is_off(house.bo, 3 * DAY)
    await house.waits(DAY)

    assert await house.headlines() == ["Nobody is on call on Primary from Fri 27 Nov 12:00 UTC"] * 2


async def test_a_gap_that_becomes_longer_is_told_again(house: House):
    await house.asks()
    await house.is_off(house.bo, 3 * DAY)
    await house.waits(DAY)

    await house.is_off(house.bo, 3 * DAY + 6 * HOUR)
    await house.waits(DAY)

    assert [lines[1] for lines in await house.told()] == [
        "Fri 27 Nov 12:00 UTC until Fri 27 Nov 20:00 UTC",
        "Fri 27 Nov 12:00 UTC until Sat 28 Nov 02:00 UTC",
    ]


async def test_gaps_that_every_week_has_are_told_once_and_again_after_four_weeks(house: House):
    await house.asks()
    await house.has(parts=[[day * 1440 + 9 * 60, day * 1440 + 17 * 60] for day in range(5)])

    await house.waits(4 * WEEK)

    ((first, *_),) = await house.told()
    assert first == "Nobody is on call on Primary from Tue 24 Nov 17:00 UTC"
    await house.waits(DAY)
    assert len(await house.told()) == 2


async def test_a_gap_in_a_week_that_has_gaps_of_its_own_is_told_alone(house: House):
    await house.asks()
    await house.has(parts=[[day * 1440 + 9 * 60, day * 1440 + 17 * 60] for day in range(5)])
    await house.waits(DAY)

    await house.is_off(house.bo, 3 * DAY - HOUR)
    await house.waits(DAY)

    _, second = await house.told()
    assert second[0] == "Nobody is on call on Primary from Fri 27 Nov 11:00 UTC"
    assert second[1] == "Fri 27 Nov 11:00 UTC until Mon 30 Nov 09:00 UTC"
    assert second[2].startswith("A page in that time goes on to the next step at once.")


async def test_a_time_after_which_nobody_comes_on_call_any_more_has_no_end(house: House):
    await house.asks()
    await house.has(ends_at=(NOON + 3 * DAY).replace(tzinfo=None))

    await house.waits(3 * DAY)

    (lines,) = await house.told()
    assert lines[1] == "From Fri 27 Nov 12:00 UTC on"


async def test_who_is_on_call_while_away_is_not_called_nobody(house: House):
    await house.asks()
    await house.is_away(house.cy, 8 * DAY, 10 * DAY)

    await house.waits(DAY)

    assert await house.told() == [
        [
            "Cy is on call on Primary while away",
            "Wed 2 Dec 12:00 UTC until Fri 4 Dec 12:00 UTC",
            "Pages go to them all the same. See to a substitute, or have somebody else on call.",
            "You are told again only when this changes.",
        ]
    ]


async def test_gaps_and_who_is_away_are_told_together_and_apart(house: House):
    await house.asks()
    await house.is_off(house.bo, 3 * DAY)
    await house.is_away(house.cy, 8 * DAY, 10 * DAY)

    await house.waits(DAY)

    assert await house.told() == [
        [
            "Nobody is on call on Primary from Fri 27 Nov 12:00 UTC",
            "Fri 27 Nov 12:00 UTC until Fri 27 Nov 20:00 UTC",
            "A page in that time goes on to the next step at once.",
            "Cy is on call on Primary while away",
            "Wed 2 Dec 12:00 UTC until Fri 4 Dec 12:00 UTC",
            "Pages go to them all the same. See to a substitute, or have somebody else on call.",
            "You are told again only when this changes.",
        ]
    ]


async def test_the_turns_of_somebody_who_is_away_for_long_are_not_told_one_by_one(house: House):
    await house.asks(unit="days")
    await house.is_away(house.cy, DAY, 27 * DAY)

    await house.waits(3 * WEEK)

    ((first, *_),) = await house.told()
    assert first == "Cy is on call on Primary while away"
