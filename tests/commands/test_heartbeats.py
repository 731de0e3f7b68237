"""Heartbeats on a real database: what silence opens and a ping ends, once each, and the one timer behind it."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from sqlalchemy import text

from opsknight.domain.commands import incidents
from opsknight.domain.commands.claims import claim
from opsknight.domain.commands.due import fire
from opsknight.domain.commands.pings import Ping
from opsknight.domain.model.heartbeat import PINGS_KEPT, Signal
from opsknight.domain.queries.incidents import timeline
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import HeartbeatRow
from tests.builders import a_heartbeat
from tests.commands.beats import (
    FAIL,
    HOUR,
    MINUTE,
    SECOND,
    START,
    engine_runs,
    fire_heartbeats,
    its_incident,
    opened,
    pages,
    ping,
    state,
    timer,
)
from tests.commands.desk import Desk


async def test_what_has_never_reported_is_never_missed(desk: Desk, backup: HeartbeatRow):
    desk.clock.advance(1000 * HOUR)

    await engine_runs(desk)

    assert (await opened(desk), await timer(desk, backup)) == ([], None)


async def test_silence_beyond_the_grace_opens_one_incident_and_pages_once(desk: Desk, backup: HeartbeatRow):
    await ping(desk, backup)
    desk.clock.advance(HOUR + 10 * MINUTE - SECOND)
    await engine_runs(desk)
    assert await opened(desk) == []

    desk.clock.advance(SECOND)
    await engine_runs(desk)

    assert await opened(desk) == [("Nightly backup has not reported in time", "open", "high", f"heartbeat:{backup.id}")]
    assert await pages(desk) == 1
    assert await desk.facts(await its_incident(desk)) == ["opened", "heartbeat down", "step fired"]
    told = await desk.told(await its_incident(desk), "heartbeat down")
    assert told["reason"] == "no ping came in time: it is expected every 1 h, with 10 min of grace"


async def test_the_next_ping_resolves_the_incident_in_the_heartbeats_name(desk: Desk, backup: HeartbeatRow):
    await ping(desk, backup)
    desk.clock.advance(2 * HOUR)
    await engine_runs(desk)

    await ping(desk, backup)

    incident_id = await its_incident(desk)
    assert [status for _, status, _, _ in await opened(desk)] == ["resolved"]
    assert await desk.statuses("alerts", incident_id) == ["resolved"]
    assert await desk.statuses("notifications", incident_id) == ["superseded"]
    assert (await desk.facts(incident_id))[-2:] == ["resolved", "heartbeat up"]
    actors = await desk.rows("SELECT DISTINCT actor FROM facts WHERE kind IN ('opened', 'resolved')")
    assert actors == [(f"heartbeat:{backup.id}",)]
    assert await timer(desk, backup) == ("heartbeat_missed", HOUR + 10 * MINUTE)


async def test_a_heartbeat_that_stays_silent_is_counted_and_pages_nobody_again(desk: Desk, backup: HeartbeatRow):
    await ping(desk, backup)
    desk.clock.advance(2 * HOUR)
    await engine_runs(desk)
    await desk.do(incidents.acknowledge, await its_incident(desk))

    desk.clock.advance(2 * HOUR)
    await fire_heartbeats(desk)

    assert (len(await opened(desk)), await pages(desk)) == (1, 1)
    assert await desk.rows("SELECT count FROM alerts") == [(2,)]


async def test_what_a_person_resolved_and_stays_silent_opens_a_new_incident(desk: Desk, backup: HeartbeatRow):
    await ping(desk, backup)
    desk.clock.advance(2 * HOUR)
    await engine_runs(desk)
    await desk.do(incidents.resolve, await its_incident(desk))

    desk.clock.advance(2 * HOUR)
    await engine_runs(desk)

    assert [status for _, status, _, _ in await opened(desk)] == ["resolved", "open"]


async def test_a_start_later_than_a_whole_night_of_misses_fires_once_and_says_how_late(
    desk: Desk, backup: HeartbeatRow
):
    await ping(desk, backup)

    desk.clock.advance(11 * HOUR)
    await engine_runs(desk)

    assert (len(await opened(desk)), await pages(desk)) == (1, 1)
    told = await desk.told(await its_incident(desk), "heartbeat down")
    assert told["late_s"] == (11 * HOUR - 70 * MINUTE).total_seconds()
    assert await timer(desk, backup) == ("heartbeat_missed", HOUR + 10 * MINUTE)


async def test_a_ping_that_comes_between_claim_and_firing_is_heard(desk: Desk, backup: HeartbeatRow):
    await ping(desk, backup)
    desk.clock.advance(2 * HOUR)
    async with desk.acting("engine:claim") as uow:
        claimed = await claim(uow, worker=1, limit=100)
    await ping(desk, backup)

    async with desk.acting("timer:engine") as uow:
        await fire(uow, claimed)

    assert (await opened(desk), await state(desk, backup)) == ([], "up")
    assert await timer(desk, backup) == ("heartbeat_missed", HOUR + 10 * MINUTE)


async def test_a_failure_opens_an_incident_at_once_with_what_the_program_said(desk: Desk, backup: HeartbeatRow):
    await ping(desk, backup, Ping(Signal.FAIL, exit_code=2, body="pg_dump: no space left"))
    await engine_runs(desk)

    assert [title for title, *_ in await opened(desk)] == ["Nightly backup failed with exit code 2"]
    assert await pages(desk) == 1
    assert await desk.rows("SELECT details FROM alerts") == [({"exit code": 2, "message": "pg_dump: no space left"},)]


async def test_a_run_that_does_not_end_opens_an_incident_within_the_grace(desk: Desk, backup: HeartbeatRow):
    await ping(desk, backup, START)
    assert await timer(desk, backup) == ("heartbeat_missed", 10 * MINUTE)

    desk.clock.advance(10 * MINUTE)
    await engine_runs(desk)

    assert [title for title, *_ in await opened(desk)] == ["Nightly backup has started and not finished in time"]


async def test_how_long_a_run_took_is_kept(desk: Desk, backup: HeartbeatRow):
    await ping(desk, backup, START)
    desk.clock.advance(4 * MINUTE)

    await ping(desk, backup)

    assert await desk.rows("SELECT last_duration_s, started_at FROM heartbeats") == [(240.0, None)]


async def test_the_same_ping_twice_in_a_second_changes_nothing(desk: Desk, backup: HeartbeatRow):
    await ping(desk, backup)
    desk.clock.advance(timedelta(milliseconds=900))

    assert not await ping(desk, backup)

    assert await desk.rows("SELECT pings FROM heartbeats") == [(1,)]


async def test_what_fails_right_after_its_start_while_it_is_down_opens_a_new_incident(desk: Desk, backup: HeartbeatRow):
    await ping(desk, backup, FAIL)
    await desk.do(incidents.resolve, await its_incident(desk))
    desk.clock.advance(HOUR)
    await ping(desk, backup, START)
    desk.clock.advance(timedelta(milliseconds=400))

    assert await ping(desk, backup, FAIL)

    assert [(title, status) for title, status, *_ in await opened(desk)] == [
        ("Nightly backup failed", "resolved"),
        ("Nightly backup failed", "open"),
    ]


async def test_only_the_last_pings_are_kept(desk: Desk, backup: HeartbeatRow):
    for _ in range(PINGS_KEPT + 3):
        await ping(desk, backup)
        desk.clock.advance(SECOND)

    assert await desk.rows("SELECT count(*), min(number), max(number) FROM heartbeat_pings") == [(100, 4, 103)]


async def test_an_incident_that_gathers_other_alerts_is_not_resolved_by_the_ping(desk: Desk, backup: HeartbeatRow):
    await ping(desk, backup, FAIL)
    incident_id = await its_incident(desk)
    sql = """INSERT INTO alerts (id, service_id, incident_id, dedup_key, dedup_sha, status, severity, urgency, title,
        opened_at, last_seen_at, counted_at) SELECT gen_random_uuid(), service_id, id, 'k', '\\x00', 'open', 'error',
        'high', 'Another', created_at, created_at, created_at FROM incidents"""
    async with desk.acting() as uow:
        await uow.session.execute(text(sql))
    desk.clock.advance(MINUTE)

    await ping(desk, backup)

    assert [status for _, status, _, _ in await opened(desk)] == ["open"]
    assert (await desk.told(incident_id, "alert resolved"))["open_alerts"] == 1


async def test_the_timeline_tells_it_in_the_heartbeats_own_name(desk: Desk, backup: HeartbeatRow):
    await ping(desk, backup)
    desk.clock.advance(HOUR + 12 * MINUTE)
    await fire_heartbeats(desk)
    await ping(desk, backup)

    async with desk.database.screens() as session:
        story = await timeline(session, await its_incident(desk))

    why = "no ping came in time: it is expected every 1 h, with 10 min of grace; noticed 2 min late"
    assert sorted(fact["sentence"] for fact in story["facts"]) == [
        f"Nightly backup is down: {why}.",
        "Nightly backup opened the incident as critical, high urgency.",
        "Nightly backup reports again.",
        "Nightly backup resolved it.",
    ]


async def test_pings_and_firings_at_the_same_instant_end_with_one_timer_and_one_incident_at_most(
    desk: Desk, backup: HeartbeatRow, database: Database
):
    many = [backup, *[await a_heartbeat(database) for _ in range(5)]]
    for heartbeat in many:
        await ping(desk, heartbeat)
    desk.clock.advance(2 * HOUR)
    async with desk.acting("engine:claim") as uow:
        claimed = await claim(uow, worker=1, limit=100)

    async def fires() -> None:
        async with desk.acting("timer:engine") as uow:
            await fire(uow, claimed)

    await asyncio.gather(fires(), *(ping(desk, heartbeat) for heartbeat in many for _ in range(3)), fires())

    assert await desk.rows("SELECT count(*), count(DISTINCT subject) FROM timers WHERE kind LIKE 'heartbeat%'") == [
        (6, 6)
    ]
    assert await desk.rows("SELECT count(*) FROM alerts WHERE status = 'open'") == [(0,)]
    assert await desk.rows("SELECT DISTINCT state FROM heartbeats") == [("up",)]
    assert await desk.rows("SELECT dedup_sha FROM alerts GROUP BY 1 HAVING count(*) > 1") == []
