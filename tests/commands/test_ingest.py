"""Ingest on a real database: what one batch of deliveries leaves behind."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta

import asyncpg
import pytest

from opsknight.crypto import new_id
from opsknight.domain.commands.deliveries import ChangedMeanwhile, Delivery
from opsknight.domain.model.event import Action, Link, Severity, Unreadable
from opsknight.domain.model.intake import Verdict
from opsknight.domain.store.engine import Database
from tests.builders import a_service, a_stored_incident, an_event
from tests.clock import NOON, StoppedClock
from tests.commands.monitors import Monitor, a_monitor


@pytest.fixture
async def desk(database: Database, clock: StoppedClock) -> Monitor:
    service = await a_service(database, "Checkout", runbook_url="https://runbooks.example.org/checkout")
    return await a_monitor(database, clock, service)


RESOLVE = {"action": Action.RESOLVE}
OF_INCIDENTS = "SELECT title, status, urgency, generation, version FROM incidents ORDER BY number"
OF_TIMERS = "SELECT kind, generation, due_at FROM timers"


async def test_a_trigger_opens_an_incident_with_one_timer_due_now_and_a_fact(desk: Monitor):
    verdicts = await desk.take(an_event())

    assert verdicts == [Verdict.OPENED]
    assert await desk.rows(OF_INCIDENTS) == [("Disk full on db-1", "open", "high", 1, 1)]
    assert await desk.rows(OF_TIMERS) == [("escalation", 1, NOON)]
    assert [kind for (kind,) in await desk.rows("SELECT kind FROM facts WHERE incident_id IS NOT NULL")] == ["opened"]


async def test_each_alert_of_a_batch_keeps_its_own_links_and_details_also_where_others_say_the_same(desk: Monitor):
    same = {"links": (Link("https://runbooks.example.org/disk", "Runbook"),), "details": {"receiver": "opsknight"}}
    other = {"links": (Link("https://graphs.example.org/db-1", "Graph"),), "details": {"receiver": "spare"}}
    told = [same, other, {}, {"links": same["links"], "details": dict(other["details"])}]

    await desk.take(*(an_event(dedup_key=f"disk {number}", **said) for number, said in enumerate(told)))

    runbook = [{"href": "https://runbooks.example.org/disk", "text": "Runbook"}]
    graph = [{"href": "https://graphs.example.org/db-1", "text": "Graph"}]
    expected = [
        ("disk 0", runbook, {"receiver": "opsknight"}),
        ("disk 1", graph, {"receiver": "spare"}),
        ("disk 2", [], {}),
        ("disk 3", runbook, {"receiver": "spare"}),
    ]
    assert await desk.rows("SELECT dedup_key, links, details FROM alerts ORDER BY dedup_key") == expected
    assert await desk.rows("SELECT links FROM incidents ORDER BY number") == [(links,) for _, links, _ in expected]


async def test_fifty_identical_triggers_are_one_incident_with_fifty_occurrences(desk: Monitor):
    verdicts = await desk.take(*(an_event() for _ in range(50)))

    assert verdicts == [Verdict.OPENED, *[Verdict.OCCURRENCE] * 49]
    assert await desk.rows("SELECT count, status FROM alerts") == [(50, "open")]
    assert await desk.rows("SELECT count(*) FROM events") == [(50,)]


async def test_identical_triggers_of_two_lanes_at_once_are_one_incident(
    database: Database, desk: Monitor, clock: StoppedClock
):
    others = [Monitor(await database.lane(), desk.integration, clock) for _ in range(3)]

    async def take(one: Monitor) -> None:
        for _ in range(5):
            while True:
                with suppress(ChangedMeanwhile, asyncpg.DeadlockDetectedError):
                    await one.take(an_event())
                    break

    await asyncio.gather(*(take(one) for one in (desk, *others)))

    assert await desk.rows("SELECT count(*) FROM incidents") == [(1,)]
    assert await desk.rows("SELECT count FROM alerts") == [(20,)]


async def test_trigger_resolve_trigger_of_one_key_in_one_batch_ends_as_it_would_one_by_one(desk: Monitor):
    verdicts = await desk.take(an_event(), an_event(**RESOLVE), an_event())

    assert verdicts == [Verdict.OPENED, Verdict.RESOLVED, Verdict.OPENED]
    assert [(status, version) for _, status, _, _, version in await desk.rows(OF_INCIDENTS)] == [
        ("resolved", 2),
        ("open", 1),
    ]
    assert await desk.rows("SELECT status FROM alerts ORDER BY id") == [("resolved",), ("open",)]
    assert len(await desk.rows(OF_TIMERS)) == 1


async def test_a_resolve_closes_the_incident_and_takes_its_timer_away(desk: Monitor):
    await desk.take(an_event())

    verdicts = await desk.take(an_event(**RESOLVE))

    assert verdicts == [Verdict.RESOLVED]
    assert (await desk.rows(OF_INCIDENTS))[0][1] == "resolved"
    assert await desk.rows(OF_TIMERS) == []


async def test_a_resolve_with_nothing_open_is_recorded_and_swallows_no_later_trigger(desk: Monitor):
    verdicts = [*await desk.take(an_event(**RESOLVE)), *await desk.take(an_event())]

    assert verdicts == [Verdict.NOTHING_OPEN, Verdict.OPENED]


async def test_a_monitors_acknowledge_has_no_owner_and_arms_the_timeout(desk: Monitor, clock: StoppedClock):
    await desk.take(an_event())

    await desk.take(an_event(action=Action.ACKNOWLEDGE))

    assert await desk.rows("SELECT status, assignee_id FROM incidents") == [("acknowledged", None)]
    assert await desk.rows(OF_TIMERS) == [("ack_timeout", 1, clock.now() + timedelta(minutes=30))]


async def test_a_raised_urgency_wakes_an_acknowledged_incident_in_a_new_generation(desk: Monitor):
    await desk.take(an_event(severity=Severity.WARNING), an_event(action=Action.ACKNOWLEDGE))

    verdicts = await desk.take(an_event(severity=Severity.CRITICAL))

    assert verdicts == [Verdict.RAISED]
    assert await desk.rows(OF_INCIDENTS) == [("Disk full on db-1", "open", "high", 2, 3)]
    assert await desk.rows(OF_TIMERS) == [("escalation", 2, NOON)]


async def test_an_urgency_that_falls_and_rises_again_pages_nobody(desk: Monitor):
    await desk.take(an_event(severity=Severity.CRITICAL), an_event(severity=Severity.WARNING))

    verdicts = await desk.take(an_event(severity=Severity.CRITICAL))

    assert verdicts == [Verdict.OCCURRENCE]
    assert (await desk.rows(OF_INCIDENTS))[0][3] == 1


async def test_repeats_write_at_most_one_fact_a_minute(desk: Monitor, clock: StoppedClock):
    await desk.take(an_event())
    for _ in range(4):
        clock.advance(timedelta(seconds=31))
        await desk.take(an_event(), an_event())

    counted = await desk.rows("SELECT (data->>'count')::int FROM facts WHERE kind = 'occurred' ORDER BY seq")

    assert counted == [(4,), (8,)]


async def test_a_late_copy_of_a_resolved_alert_opens_nothing_and_a_new_start_does(desk: Monitor, clock: StoppedClock):
    start = NOON - timedelta(minutes=10)
    await desk.take(an_event(started_at=start), an_event(**RESOLVE))
    clock.advance(timedelta(minutes=1))

    verdicts = await desk.take(an_event(started_at=start), an_event(started_at=NOON))

    assert verdicts == [Verdict.LATE_COPY, Verdict.OPENED]


async def test_late_copies_are_told_on_their_incident_once_a_minute(desk: Monitor, clock: StoppedClock):
    start = NOON - timedelta(minutes=10)
    await desk.take(an_event(started_at=start), an_event(**RESOLVE))

    for _ in range(4):
        await desk.take(*[an_event(started_at=start)] * 2)
        clock.advance(timedelta(seconds=30))

    told = await desk.rows("SELECT at, incident_id IS NOT NULL FROM facts WHERE kind = 'late copy' ORDER BY at")
    assert told == [(NOON, True), (NOON + timedelta(minutes=1), True)]


async def test_a_trigger_within_the_reopen_window_reopens_the_old_incident(database: Database, clock: StoppedClock):
    service = await a_service(database, reopen_window_s=600)
    desk = await a_monitor(database, clock, service)
    await desk.take(an_event(), an_event(**RESOLVE))
    clock.advance(timedelta(minutes=5))

    verdicts = await desk.take(an_event())

    assert verdicts == [Verdict.REOPENED]
    assert [(status, generation) for _, status, _, generation, _ in await desk.rows(OF_INCIDENTS)] == [("open", 2)]
    assert await desk.rows("SELECT kind, generation FROM timers") == [("escalation", 2)]


async def test_the_same_idempotency_key_and_body_is_stored_once_and_answered_alike(desk: Monitor):
    first = desk.delivery(an_event(), idempotency_key="delivery-7")
    again = desk.delivery(an_event(), idempotency_key="delivery-7")

    receipts = [*await desk.store(first), *await desk.store(again)]

    assert [(receipt.delivery_id, receipt.duplicate) for receipt in receipts] == [(first.id, False), (first.id, True)]
    assert await desk.rows("SELECT count(*) FROM events") == [(1,)]


async def test_the_same_key_with_another_body_is_a_new_delivery(desk: Monitor):
    first = desk.delivery(an_event(), idempotency_key="delivery-7")
    other = Delivery(new_id(), desk.integration, (an_event(),), b"{ }", idempotency_key="delivery-7")

    receipts = [*await desk.store(first), *await desk.store(other)]

    assert [receipt.duplicate for receipt in receipts] == [False, False]


async def test_a_large_delivery_resent_after_a_crash_goes_on_where_it_stopped(desk: Monitor):
    events = [an_event(dedup_key=f"disk:{number}") for number in range(130)]
    whole = desk.delivery(*events, idempotency_key="big")
    await desk.store(next(whole.parts(64)))
    resent = desk.delivery(*events, idempotency_key="big")

    receipts = [receipt for part in resent.parts(64) for receipt in await desk.store(part)]

    assert [receipt.duplicate for receipt in receipts] == [True, False, False]
    assert {receipt.delivery_id for receipt in receipts} == {whole.id}
    assert await desk.rows("SELECT count(*), count(DISTINCT ordinal), count(DISTINCT delivery_id) FROM events") == [
        (130, 130, 1)
    ]


async def test_what_cannot_be_read_is_kept_and_opens_one_incident_for_all(desk: Monitor):
    unreadable = Unreadable("alerts[1] has no labels")

    await desk.take(an_event(), unreadable, unreadable)
    await desk.store(desk.delivery(refusal="Not JSON"))

    assert await desk.rows("SELECT status, count(*) FROM deliveries GROUP BY 1 ORDER BY 1") == [
        ("accepted", 1),
        ("rejected", 1),
        ("unreadable", 2),
    ]
    titles = [title for title, *_ in await desk.rows(OF_INCIDENTS)]
    assert titles == ["Disk full on db-1", f"Integration {desk.integration.name} sends what we cannot read"]


async def test_a_delivery_that_stands_for_many_refused_ones_opens_an_incident_that_says_so(desk: Monitor):
    await desk.store(desk.delivery(refusal="Too many", throttled=True))
    await desk.store(desk.delivery(refusal="Too many", throttled=True))

    titles = [title for title, *_ in await desk.rows(OF_INCIDENTS)]
    assert titles == [f"Integration {desk.integration.name} sends more than we take"]


async def test_the_incident_about_unreadable_events_opens_at_most_once_an_hour(desk: Monitor, clock: StoppedClock):
    await desk.store(desk.delivery(refusal="Not JSON"))
    await desk.connection.execute("UPDATE alerts SET status = 'resolved', resolved_at = $1", clock.now())
    clock.advance(timedelta(minutes=59))
    await desk.store(desk.delivery(refusal="Not JSON"))
    within_the_hour = await desk.rows("SELECT count(*) FROM incidents")
    clock.advance(timedelta(minutes=2))

    await desk.store(desk.delivery(refusal="Not JSON"))

    assert within_the_hour == [(1,)]
    assert await desk.rows("SELECT count(*) FROM incidents") == [(2,)]


async def test_an_incident_carries_its_services_runbook_team_and_tags(database: Database, clock: StoppedClock):
    service = await a_service(database, runbook_url="https://runbooks.example.org/db", tags={"tier": "1"})
    desk = await a_monitor(database, clock, service)

    await desk.take(an_event(tags={"host": "db-1"}))

    ((runbook, tags),) = await desk.rows("SELECT runbook_url, tags FROM incidents")
    assert runbook == "https://runbooks.example.org/db"
    assert {"tier": "1", "host": "db-1"}.items() <= tags.items()


async def test_an_incident_with_two_alerts_resolves_with_the_last_one(database: Database, desk: Monitor):
    await desk.take(an_event(dedup_key="a"), an_event(dedup_key="b"))
    await desk.connection.execute("UPDATE alerts SET incident_id = (SELECT id FROM incidents ORDER BY number LIMIT 1)")
    statuses = []
    for key in ("a", "b"):
        await desk.take(an_event(dedup_key=key, **RESOLVE))
        statuses.append((await desk.rows(OF_INCIDENTS))[0][1])

    assert statuses == ["open", "resolved"]


async def test_a_suppressed_incident_whose_urgency_rises_stays_silent(database: Database, clock: StoppedClock):
    service = await a_service(database)
    incident = await a_stored_incident(
        database, service, alert=True, status="suppressed", urgency="low", severity="warning", until=None
    )
    desk = await a_monitor(database, clock, service)

    verdicts = await desk.take(an_event(severity=Severity.CRITICAL))

    assert verdicts == [Verdict.RAISED]
    assert await desk.rows("SELECT id, status, urgency, generation FROM incidents") == [
        (incident.id, "suppressed", "high", 1)
    ]
    assert await desk.rows(OF_TIMERS) == []
