"""Alertmanager's API: Prometheus sends without one, alone or in pairs, and what it stops repeating ends."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from opsknight.domain.commands import expiries
from opsknight.domain.store.engine import Database
from tests.api.doors import Sender, a_sender
from tests.builders import a_service, an_integration
from tests.clock import NOON, StoppedClock
from tests.conftest import Acting

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def key(database: Database) -> str:
    """The key of a Prometheus."""
    return (await an_integration(database, provider="prometheus")).key


@pytest.fixture
async def sender(database: Database, clock: StoppedClock, key: str) -> AsyncIterator[Sender]:
    """Somebody who sends, once there is that integration."""
    assert key
    async with a_sender(database, clock) as opened:
        yield opened


def an_alert_of(instance: str = "db-1", *, since: datetime = NOON, until: datetime | None = None) -> dict[str, Any]:
    """Return an alert as Prometheus posts it; it ends `until`."""
    said: dict[str, Any] = {
        "labels": {"alertname": "DiskFull", "instance": instance, "severity": "critical"},
        "annotations": {"summary": f"Disk full on {instance}"},
        "startsAt": since.isoformat(),
        "generatorURL": "http://prometheus:9090/graph",
    }
    return said if until is None else said | {"endsAt": until.isoformat()}


def in_4_minutes(clock: StoppedClock, *instances: str, since: datetime = NOON) -> list[dict[str, Any]]:
    """Return firing alerts, vouched for as Prometheus does."""
    return [an_alert_of(each, since=since, until=clock.now() + 4 * MINUTE) for each in instances or ("db-1",)]


async def sweep(acting: Acting) -> None:
    async with acting("timer:alert_expiry") as uow:
        await expiries.end_due(uow)


async def verdicts(sender: Sender) -> list[str]:
    return [verdict for (verdict,) in await sender.rows("SELECT verdict FROM events ORDER BY received_at, ordinal")]


async def facts(sender: Sender) -> list[str]:
    return [kind for (kind,) in await sender.rows("SELECT kind FROM facts ORDER BY xid, seq")]


@pytest.mark.parametrize(
    "path", ["/api/v1/events/{key}/api/v2/alerts", "/{key}/api/v2/alerts", "/{key}/api/v2/alerts/"]
)
async def test_a_firing_alert_opens_an_incident(sender: Sender, clock: StoppedClock, key: str, path: str):
    answer = await sender.post(path.replace("{key}", key), in_4_minutes(clock))

    assert (answer.status_code, answer.content) == (200, b"")
    assert await sender.incidents() == [("Disk full on db-1", "open")]


@pytest.mark.parametrize("header", ["Bearer {key}", "Basic {basic}"])
async def test_the_key_may_stand_in_the_header(database: Database, clock: StoppedClock, key: str, header: str):
    basic = base64.b64encode(f"prometheus:{key}".encode()).decode()
    said = header.replace("{key}", key).replace("{basic}", basic)
    async with a_sender(database, clock, authorization=said) as sender:
        assert (await sender.post("/api/v2/alerts", in_4_minutes(clock))).status_code == 200

        assert await sender.incidents() == [("Disk full on db-1", "open")]


async def test_repeats_are_counted_and_the_end_resolves(sender: Sender, clock: StoppedClock, key: str):
    await sender.post(f"/{key}/api/v2/alerts", in_4_minutes(clock))
    clock.advance(MINUTE)
    await sender.post(f"/{key}/api/v2/alerts", in_4_minutes(clock))
    clock.advance(MINUTE)

    await sender.post(f"/{key}/api/v2/alerts", [an_alert_of(until=clock.now() - MINUTE / 2)])

    assert await verdicts(sender) == ["opened", "occurrence", "resolved"]
    assert await sender.incidents() == [("Disk full on db-1", "resolved")]


async def test_an_alert_that_is_not_repeated_expires_and_the_timeline_says_so(
    sender: Sender, clock: StoppedClock, key: str, acting: Acting
):
    await sender.post(f"/{key}/api/v2/alerts", in_4_minutes(clock))
    clock.advance(4 * MINUTE)

    await sweep(acting)

    assert await sender.incidents() == [("Disk full on db-1", "resolved")]
    assert await facts(sender) == ["opened", "alert expired", "resolved"]
    assert await sender.rows("SELECT count(*) FROM timers") == [(0,)]


async def test_an_alert_that_is_repeated_does_not_expire(sender: Sender, clock: StoppedClock, key: str, acting: Acting):
    await sender.post(f"/{key}/api/v2/alerts", in_4_minutes(clock))
    clock.advance(3 * MINUTE)
    await sender.post(f"/{key}/api/v2/alerts", in_4_minutes(clock))
    clock.advance(3 * MINUTE)

    await sweep(acting)

    assert await sender.incidents() == [("Disk full on db-1", "open")]


async def test_an_alert_whose_sender_names_no_end_lasts_five_minutes(
    sender: Sender, clock: StoppedClock, key: str, acting: Acting
):
    await sender.post(f"/{key}/api/v2/alerts", [an_alert_of()])
    clock.advance(5 * MINUTE - timedelta(seconds=1))
    await sweep(acting)
    before = await sender.incidents()
    clock.advance(timedelta(seconds=1))

    await sweep(acting)

    assert (before, await sender.incidents()) == ([("Disk full on db-1", "open")], [("Disk full on db-1", "resolved")])


async def test_what_was_resolved_before_its_end_is_left_alone(
    sender: Sender, clock: StoppedClock, key: str, acting: Acting
):
    await sender.post(f"/{key}/api/v2/alerts", in_4_minutes(clock))
    await sender.post(f"/{key}/api/v2/alerts", [an_alert_of(until=clock.now())])
    clock.advance(timedelta(hours=1))

    await sweep(acting)

    assert await facts(sender) == ["opened", "resolved"]
    assert await sender.rows("SELECT count(*) FROM alert_expiries") == [(0,)]


async def test_an_incident_whose_service_waits_for_people_stays_when_its_alert_expires(
    database: Database, clock: StoppedClock, acting: Acting
):
    service = await a_service(database, resolves_with_last_alert=False)
    key = (await an_integration(database, service, provider="prometheus")).key
    async with a_sender(database, clock) as sender:
        await sender.post(f"/{key}/api/v2/alerts", in_4_minutes(clock))
        clock.advance(4 * MINUTE)

        await sweep(acting)

        assert await sender.incidents() == [("Disk full on db-1", "open")]
        assert await facts(sender) == ["opened", "alert expired"]


async def test_the_late_copy_of_a_second_prometheus_opens_nothing(sender: Sender, clock: StoppedClock, key: str):
    behind = NOON + timedelta(seconds=20)
    await sender.post(f"/{key}/api/v2/alerts", in_4_minutes(clock))
    await sender.post(f"/{key}/api/v2/alerts", in_4_minutes(clock, since=behind))
    clock.advance(MINUTE)
    await sender.post(f"/{key}/api/v2/alerts", [an_alert_of(until=clock.now())])

    await sender.post(f"/{key}/api/v2/alerts", in_4_minutes(clock, since=behind))

    assert await verdicts(sender) == ["opened", "occurrence", "resolved", "late copy"]


async def test_what_begins_after_its_end_opens_anew(sender: Sender, clock: StoppedClock, key: str):
    await sender.post(f"/{key}/api/v2/alerts", in_4_minutes(clock))
    clock.advance(MINUTE)
    await sender.post(f"/{key}/api/v2/alerts", [an_alert_of(until=clock.now())])
    clock.advance(MINUTE)

    await sender.post(f"/{key}/api/v2/alerts", in_4_minutes(clock, since=clock.now()))

    assert [status for _, status in await sender.incidents()] == ["resolved", "open"]


async def test_a_monitor_that_comes_back_after_its_alert_expired_opens_it_anew(
    sender: Sender, clock: StoppedClock, key: str, acting: Acting
):
    await sender.post(f"/{key}/api/v2/alerts", in_4_minutes(clock))
    clock.advance(4 * MINUTE)
    await sweep(acting)

    await sender.post(f"/{key}/api/v2/alerts", in_4_minutes(clock))

    assert [status for _, status in await sender.incidents()] == ["resolved", "open"]


async def test_a_list_is_stored_whole_with_an_end_for_each(sender: Sender, clock: StoppedClock, key: str):
    hosts = [f"db-{number}" for number in range(100)]

    await sender.post(f"/{key}/api/v2/alerts", [*in_4_minutes(clock, *hosts), *in_4_minutes(clock, "db-1"), "odd"])

    assert await sender.rows("SELECT count(*) FROM alerts WHERE status = 'open' AND dedup_key LIKE 'prom%'") == [(100,)]
    assert await sender.rows("SELECT count(*) FROM alert_expiries") == [(100,)]


async def test_an_empty_list_is_no_mistake(sender: Sender, key: str):
    assert (await sender.client.post(f"/{key}/api/v2/alerts", content=b"[]")).status_code == 200
    assert await sender.rows("SELECT count(*) FROM deliveries") == [(0,)]


@pytest.mark.parametrize(("path", "status"), [("/nobody/api/v2/alerts", 404), ("/api/v2/alerts", 401)])
async def test_who_has_no_key_is_refused(sender: Sender, clock: StoppedClock, path: str, status: int):
    assert (await sender.post(path, in_4_minutes(clock))).status_code == status


async def test_the_key_of_another_kind_is_refused(database: Database, clock: StoppedClock):
    key = (await an_integration(database, provider="alertmanager")).key
    async with a_sender(database, clock) as sender:
        assert (await sender.post(f"/{key}/api/v2/alerts", in_4_minutes(clock))).status_code == 403
