"""How often an integration was told to send again is counted by the hour, by however many processes."""

from __future__ import annotations

from datetime import timedelta

from opsknight.domain.commands.retention import TURNED_AWAY_KEPT, remove_spent
from opsknight.domain.commands.turned_away import Turned, add_turned_away
from opsknight.domain.queries.traffic import Hour, hours
from opsknight.domain.store.engine import Database
from tests.clock import NOON
from tests.commands.desk import Desk

MINUTE = timedelta(minutes=1)


def turned(*, of: int = 1, too_many: int = 0, no_database: int = 0, after: timedelta = MINUTE) -> Turned:
    starts_at = (NOON + after).replace(minute=0)
    return Turned(of, starts_at, too_many=too_many, no_database=no_database, last_at=NOON + after)


async def last_hour(database: Database, *, of: int = 1) -> Hour:
    async with database.screens() as session:
        return (await hours(session, of, now=NOON))[-1]


async def test_what_two_processes_counted_is_added_up(desk: Desk, database: Database):
    await desk.as_("system:ingest", add_turned_away, [turned(too_many=3, after=2 * MINUTE), turned(of=2, too_many=9)])

    await desk.as_("system:ingest", add_turned_away, [turned(too_many=1, no_database=4)])

    assert await last_hour(database) == Hour(NOON, 0, 0, too_many=4, no_database=4, turned_at=NOON + 2 * MINUTE)


async def test_what_did_not_prove_itself_is_counted_apart_with_a_time_of_its_own(desk: Desk, database: Database):
    unproven = Turned(1, NOON, unproven=2, unproven_at=NOON + MINUTE)
    await desk.as_("system:ingest", add_turned_away, [unproven.plus(Turned(1, NOON, unproven=1, unproven_at=NOON))])
    await desk.as_("system:ingest", add_turned_away, [turned(too_many=3, after=9 * MINUTE)])
    await desk.as_("system:ingest", add_turned_away, [Turned(1, NOON, unproven=4, unproven_at=NOON + 2 * MINUTE)])

    told = Hour(NOON, 0, 0, too_many=3, turned_at=NOON + 9 * MINUTE, unproven=7, unproven_at=NOON + 2 * MINUTE)
    assert await last_hour(database) == told


async def test_an_hour_in_which_nothing_proved_itself_says_nothing_of_sending_again(desk: Desk, database: Database):
    await desk.as_("system:ingest", add_turned_away, [Turned(1, NOON, unproven=1, unproven_at=NOON)])

    assert await last_hour(database) == Hour(NOON, 0, 0, unproven=1, unproven_at=NOON)


async def test_an_hour_without_any_says_so(desk: Desk, database: Database):
    await desk.as_("system:ingest", add_turned_away, [turned(too_many=3, after=-61 * MINUTE)])

    assert await last_hour(database) == Hour(NOON, 0, 0)


async def test_figures_are_kept_for_a_month(desk: Desk):
    old = -TURNED_AWAY_KEPT - timedelta(hours=1)
    await desk.as_("system:ingest", add_turned_away, [turned(too_many=1, after=old), turned(too_many=1)])

    await desk.as_("housekeeping:tidy", remove_spent)

    assert await desk.rows("SELECT count(*) FROM turned_away") == [(1,)]
