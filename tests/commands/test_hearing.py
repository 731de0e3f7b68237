"""What was silent while OpsKnight could not hear opens nothing before it had time to report."""

from __future__ import annotations

from datetime import timedelta

from opsknight.domain.commands.hearing import mark_hearing
from opsknight.domain.store.tables import HeartbeatRow
from tests.commands.beats import HOUR, MINUTE, SECOND, START, engine_runs, its_incident, opened, ping, timer
from tests.commands.desk import Desk


async def mark(desk: Desk, *, begins: bool = False) -> None:
    await desk.as_("system:hearing", mark_hearing, begins=begins)


async def hears_for(desk: Desk, span: timedelta) -> None:
    """Let time pass while somebody hears all the time."""
    end = desk.clock.at + span
    while desk.clock.at < end:
        desk.clock.advance(min(5 * SECOND, end - desk.clock.at))
        await mark(desk)


async def test_a_ping_that_was_due_during_an_outage_is_waited_for_one_grace_after_it(desk: Desk, backup: HeartbeatRow):
    await ping(desk, backup)
    await mark(desk)
    desk.clock.advance(2 * HOUR)
    await mark(desk, begins=True)

    await engine_runs(desk)
    assert (await opened(desk), await timer(desk, backup)) == ([], ("heartbeat_missed", 10 * MINUTE))
    await hears_for(desk, 10 * MINUTE)
    await engine_runs(desk)

    reason = (await desk.told(await its_incident(desk), "heartbeat down"))["reason"]
    assert reason.endswith("; OpsKnight could not hear for 2 h, and has waited 10 min since")


async def test_a_ping_within_that_grace_is_in_time(desk: Desk, backup: HeartbeatRow):
    await ping(desk, backup)
    await mark(desk)
    desk.clock.advance(2 * HOUR)
    await mark(desk, begins=True)
    await engine_runs(desk)
    await hears_for(desk, 9 * MINUTE)

    await ping(desk, backup)
    await hears_for(desk, 2 * MINUTE)
    await engine_runs(desk)

    assert await opened(desk) == []
    assert await timer(desk, backup) == ("heartbeat_missed", HOUR + 8 * MINUTE)


async def test_while_no_process_hears_nothing_is_missed_although_another_works_off_the_timers(
    desk: Desk, backup: HeartbeatRow
):
    await ping(desk, backup)
    await mark(desk)
    desk.clock.advance(3 * HOUR)

    await engine_runs(desk)

    assert (await opened(desk), await timer(desk, backup)) == ([], ("heartbeat_missed", 10 * SECOND))


async def test_the_end_of_a_run_that_may_have_been_told_in_vain_is_waited_for_as_well(desk: Desk, backup: HeartbeatRow):
    await ping(desk, backup, START)
    await mark(desk)
    desk.clock.advance(11 * MINUTE)
    await mark(desk)

    await engine_runs(desk)

    assert await opened(desk) == []


async def test_what_is_due_while_we_hear_is_missed_on_time(desk: Desk, backup: HeartbeatRow):
    await mark(desk)
    desk.clock.advance(HOUR)
    await mark(desk)
    await ping(desk, backup)
    await hears_for(desk, HOUR + 10 * MINUTE)

    await engine_runs(desk)

    assert len(await opened(desk)) == 1


async def test_the_end_of_a_break_is_told_by_the_ledger_and_a_mark_is_not(desk: Desk):
    await mark(desk)
    await hears_for(desk, MINUTE)
    desk.clock.advance(20 * MINUTE)

    await mark(desk)

    assert await desk.rows("SELECT subject, data FROM facts WHERE kind = 'heard again'") == [
        ("opsknight", {"for_s": 1200.0})
    ]
