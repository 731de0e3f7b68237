"""What people arrange with heartbeats, pauses above all, and what keeps each with its one timer."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from opsknight.domain.commands import heartbeats, misses
from opsknight.domain.commands.claims import claim, put_back
from opsknight.domain.commands.due import fire
from opsknight.domain.commands.heartbeats import Plan
from opsknight.domain.model.event import Urgency
from opsknight.domain.model.heartbeat import Rhythm
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import HeartbeatRow
from opsknight.errors import Conflict, Forbidden, Invalid
from tests.builders import a_heartbeat, a_manager
from tests.commands.beats import (
    FAIL,
    HOUR,
    MINUTE,
    SECOND,
    engine_runs,
    opened,
    ping,
    timer,
)
from tests.commands.desk import Desk


async def test_a_pause_that_is_made_longer_between_claim_and_firing_goes_on(desk: Desk, backup: HeartbeatRow):
    await desk.do(heartbeats.pause, backup.id, until=desk.clock.now() + HOUR)
    desk.clock.advance(HOUR)
    async with desk.acting("engine:claim") as uow:
        claimed = await claim(uow, worker=1, limit=100)
    await desk.do(heartbeats.pause, backup.id, until=desk.clock.now() + HOUR)

    async with desk.acting("timer:engine") as uow:
        await fire(uow, claimed)

    assert await timer(desk, backup) == ("heartbeat_resume", HOUR)


async def test_a_timer_that_is_due_before_its_heartbeat_is_set_right_and_opens_nothing(
    desk: Desk, backup: HeartbeatRow
):
    await ping(desk, backup)
    async with desk.acting() as uow:
        await uow.session.execute(text("UPDATE timers SET due_at = :now"), {"now": uow.now})

    await engine_runs(desk)

    assert (await opened(desk), await timer(desk, backup)) == ([], ("heartbeat_missed", HOUR + 10 * MINUTE))


async def test_a_paused_heartbeat_never_fires_and_has_a_whole_turn_after_its_end(desk: Desk, backup: HeartbeatRow):
    await ping(desk, backup)
    await desk.do(heartbeats.pause, backup.id, until=desk.clock.now() + 5 * HOUR)
    desk.clock.advance(5 * HOUR - SECOND)
    await engine_runs(desk)
    assert await timer(desk, backup) == ("heartbeat_resume", SECOND)

    desk.clock.advance(SECOND)
    await engine_runs(desk)

    assert await opened(desk) == []
    assert await timer(desk, backup) == ("heartbeat_missed", HOUR + 10 * MINUTE)
    assert await desk.rows("SELECT actor FROM facts WHERE kind = 'heartbeat resumed'") == [("timer:heartbeat_resume",)]


async def test_a_failure_in_a_pause_opens_nothing_and_a_success_still_resolves(desk: Desk, backup: HeartbeatRow):
    await ping(desk, backup, FAIL)
    await desk.do(heartbeats.pause, backup.id, until=desk.clock.now() + 5 * HOUR)
    desk.clock.advance(MINUTE)
    await ping(desk, backup)
    desk.clock.advance(MINUTE)

    await ping(desk, backup, FAIL)

    assert [status for _, status, _, _ in await opened(desk)] == ["resolved"]
    assert (await timer(desk, backup) or ("",))[0] == "heartbeat_resume"


async def test_a_resumed_heartbeat_is_expected_again(desk: Desk, backup: HeartbeatRow):
    await ping(desk, backup)
    await desk.do(heartbeats.pause, backup.id, until=desk.clock.now() + 5 * HOUR)
    desk.clock.advance(3 * HOUR)

    done = await desk.do(heartbeats.resume, backup.id)

    assert done.sentence == "Resumed “Nightly backup”; pings are expected every 1 h from now on."
    assert await timer(desk, backup) == ("heartbeat_missed", HOUR + 10 * MINUTE)


async def test_the_auditor_gives_back_a_timer_that_was_lost_and_takes_away_an_orphan(
    desk: Desk, backup: HeartbeatRow, database: Database
):
    await ping(desk, backup)
    fresh = await a_heartbeat(database)
    gone = await a_heartbeat(database)
    await ping(desk, gone)
    async with desk.acting() as uow:
        await uow.session.execute(text("DELETE FROM timers WHERE subject = :id"), {"id": backup.id})
        await uow.session.execute(text("DELETE FROM heartbeats WHERE id = :id"), {"id": gone.id})
    desk.clock.advance(5 * HOUR)

    mended = await desk.as_("auditor:i2", misses.repair)

    assert sorted(mended) == ["heartbeat_missed", "superfluous"]
    assert [await timer(desk, one) for one in (backup, fresh, gone)] == [("heartbeat_missed", timedelta(0)), None, None]
    assert await desk.as_("auditor:i2", misses.repair) == []
    assert await desk.rows("SELECT data->>'reason' FROM facts WHERE kind = 'timer repaired'") == [
        ("Nightly backup had none and needs heartbeat_missed",)
    ]


async def test_a_timer_that_fails_is_tried_for_ever(desk: Desk, backup: HeartbeatRow):
    await ping(desk, backup)
    for _ in range(15):
        desk.clock.advance(2 * HOUR)
        async with desk.acting("engine:claim") as uow:
            (claimed,) = await claim(uow, worker=1, limit=100)
        async with desk.acting("timer:heartbeat_missed") as uow:
            assert not await put_back(uow, claimed, reason="broken")

    desk.clock.advance(HOUR)
    await engine_runs(desk)

    assert len(await opened(desk)) == 1


async def test_another_rhythm_gives_a_whole_turn_from_now_on(desk: Desk, backup: HeartbeatRow, database: Database):
    manager = await a_manager(database)
    await ping(desk, backup)
    desk.clock.advance(HOUR)
    plan = Plan(backup.service_id, "Nightly backup", Rhythm(period=5 * MINUTE, grace=MINUTE))

    await desk.as_(manager, heartbeats.change, backup.id, plan)

    assert await timer(desk, backup) == ("heartbeat_missed", 6 * MINUTE)


async def test_a_deleted_heartbeat_leaves_no_timer_and_says_what_becomes_of_its_incident(
    desk: Desk, backup: HeartbeatRow, database: Database
):
    manager = await a_manager(database)
    await ping(desk, backup, FAIL)

    done = await desk.as_(manager, heartbeats.delete, backup.id)

    assert done.sentence == (
        "Deleted “Nightly backup”. Its incident is still open: nothing resolves it any more but a person."
    )
    assert await timer(desk, backup) is None
    assert await desk.rows("SELECT 1 FROM heartbeats UNION ALL SELECT 1 FROM heartbeat_pings") == []


async def test_a_name_is_given_once_in_a_service_and_only_by_those_who_may(
    desk: Desk, backup: HeartbeatRow, database: Database
):
    manager = await a_manager(database)
    plan = Plan(backup.service_id, " Nightly  backup ", Rhythm(period=HOUR, grace=MINUTE), Urgency.LOW)

    with pytest.raises(Conflict, match="has a heartbeat called “Nightly backup” already"):
        await desk.as_(manager, heartbeats.create, plan)
    with pytest.raises(Forbidden):
        await desk.do(heartbeats.create, plan)


async def test_a_pause_has_an_end(desk: Desk, backup: HeartbeatRow):
    with pytest.raises(Invalid, match="at most 90 days away"):
        await desk.do(heartbeats.pause, backup.id, until=desk.clock.now() + timedelta(days=91))
