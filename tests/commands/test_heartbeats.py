"""Heartbeats on a real database: what silence opens and a ping ends, once each, and the one timer behind it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from opsknight.domain.commands import heartbeats, incidents, misses
from opsknight.domain.commands.beating import actor_of
from opsknight.domain.commands.claims import claim, put_back
from opsknight.domain.commands.due import fire
from opsknight.domain.commands.heartbeats import Plan
from opsknight.domain.commands.pings import Ping, hear
from opsknight.domain.model.event import Urgency
from opsknight.domain.model.heartbeat import PINGS_KEPT, Rhythm, Signal
from opsknight.domain.queries.incidents import timeline
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import HeartbeatRow
from opsknight.errors import Conflict, Forbidden, Invalid
from tests.builders import a_heartbeat, a_service, a_user
from tests.commands.desk import Desk

HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
SUCCESS, FAIL, START = (Ping(signal) for signal in (Signal.SUCCESS, Signal.FAIL, Signal.START))


@pytest.fixture
async def backup(database: Database, desk: Desk) -> HeartbeatRow:
    """A heartbeat of a service that pages Ada: every hour, with ten minutes of grace."""
    service = await a_service(database, "Backups", pages=[desk.user])
    return await a_heartbeat(database, service, name="Nightly backup")


async def ping(desk: Desk, heartbeat: HeartbeatRow, what: Ping = SUCCESS) -> bool:
    return await desk.as_(actor_of(heartbeat.id), hear, heartbeat.id, what)


async def engine_runs(desk: Desk) -> None:
    """Claim and fire, as the engine does, until nothing is due."""
    while True:
        async with desk.acting("engine:claim") as uow:
            claimed = await claim(uow, worker=1, limit=100)
        if not claimed:
            return
        async with desk.acting("timer:engine") as uow:
            await fire(uow, claimed)


async def opened(desk: Desk) -> list[tuple[Any, ...]]:
    """Title, status, urgency and opener of every incident, oldest first."""
    return await desk.rows("SELECT title, status, urgency, opened_by FROM incidents ORDER BY id")


async def its_incident(desk: Desk) -> UUID:
    return (await desk.rows("SELECT id FROM incidents ORDER BY id DESC LIMIT 1"))[0][0]


async def pages(desk: Desk) -> int:
    return (await desk.rows("SELECT count(*) FROM pages"))[0][0]


async def state(desk: Desk, heartbeat: HeartbeatRow) -> str:
    return (await desk.rows("SELECT state FROM heartbeats WHERE id = :id", id=heartbeat.id))[0][0]


async def timer(desk: Desk, heartbeat: HeartbeatRow) -> tuple[str, timedelta] | None:
    found = await desk.timer(heartbeat.id)
    return found and (found[0], found[2])


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


async def fire_heartbeats(desk: Desk) -> None:
    """Fire only what belongs to heartbeats, so that no other timer of the incident has its say."""
    async with desk.acting("engine:claim") as uow:
        claimed = [one for one in await claim(uow, worker=1, limit=100) if one.kind.startswith("heartbeat")]
    async with desk.acting("timer:engine") as uow:
        await fire(uow, claimed)


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


async def test_the_same_ping_twice_in_a_second_changes_nothing(desk: Desk, backup: HeartbeatRow):
    await ping(desk, backup)
    desk.clock.advance(timedelta(milliseconds=900))

    assert not await ping(desk, backup)

    assert await desk.rows("SELECT pings FROM heartbeats") == [(1,)]


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
    manager = await a_user(database, role="manager")
    await ping(desk, backup)
    desk.clock.advance(HOUR)
    plan = Plan(backup.service_id, "Nightly backup", Rhythm(period=5 * MINUTE, grace=MINUTE))

    await desk.as_(manager, heartbeats.change, backup.id, plan)

    assert await timer(desk, backup) == ("heartbeat_missed", 6 * MINUTE)


async def test_a_deleted_heartbeat_leaves_no_timer_and_says_what_becomes_of_its_incident(
    desk: Desk, backup: HeartbeatRow, database: Database
):
    manager = await a_user(database, role="manager")
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
    manager = await a_user(database, role="manager")
    plan = Plan(backup.service_id, " Nightly  backup ", Rhythm(period=HOUR, grace=MINUTE), Urgency.LOW)

    with pytest.raises(Conflict, match="has a heartbeat called “Nightly backup” already"):
        await desk.as_(manager, heartbeats.create, plan)
    with pytest.raises(Forbidden):
        await desk.do(heartbeats.create, plan)


async def test_a_pause_has_an_end(desk: Desk, backup: HeartbeatRow):
    with pytest.raises(Invalid, match="at most 90 days away"):
        await desk.do(heartbeats.pause, backup.id, until=desk.clock.now() + timedelta(days=91))


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
