"""What a generic integration takes besides its own JSON, sent through the real door: CloudEvents, Pub/Sub, forms."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from opsknight.domain.store.engine import Database
from tests.api.a_door import Door, a_door
from tests.clock import NOON, StoppedClock

DISK = {"title": "Disk full on db-1", "severity": "critical", "status": "firing"}
EVENT = {
    "specversion": "1.0",
    "id": "a1",
    "source": "/shop/monitor",
    "type": "org.example.disk",
    "subject": "db-1",
    "time": "2026-11-24T12:00:00Z",
    "data": DISK,
}
KEY = base64.b64encode(b"thirty-two bytes of signing key!").decode()


@pytest.fixture
async def door(database: Database, clock: StoppedClock) -> AsyncIterator[Door]:
    """A door that takes events, at noon."""
    async with a_door(database, clock) as opened:
        yield opened


async def rows(door: Door, sql: str) -> list[tuple[Any, ...]]:
    async with door.deps.reading() as session:
        return [tuple(row) for row in await session.execute(text(sql))]


async def sent(door: Door, *bodies: Any, headers: Mapping[str, str] | None = None, **columns: Any) -> httpx.Response:
    """Send bodies to one generic integration and return the last answer."""
    integration = await door.integration("generic", columns.pop("secret", ""), **columns)
    answer = httpx.Response(0)
    for body in bodies:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = await door.send(integration, raw, headers or {})
    return answer


async def test_a_structured_cloud_event_is_read_for_its_data_and_its_end_closes_what_it_opened(door: Door):
    resolved = {**EVENT, "id": "a2", "data": {**DISK, "status": "resolved", "title": "Disk is fine"}}

    await sent(door, EVENT, resolved, headers={"content-type": "application/cloudevents+json"})

    assert await rows(door, "SELECT title, severity, source, status FROM alerts") == [
        ("Disk full on db-1", "critical", "db-1", "resolved")
    ]


async def test_a_binary_cloud_event_means_the_same_as_a_structured_one(door: Door):
    headers = {"ce-" + name: str(value) for name, value in EVENT.items() if name != "data"}
    integration = await door.integration("generic", "")

    await door.send(integration, json.dumps(EVENT).encode(), {"content-type": "application/cloudevents+json"})
    await door.send(integration, json.dumps(DISK).encode(), headers)

    assert await rows(door, "SELECT count, source FROM alerts") == [(2, "db-1")]


async def test_each_cloud_event_of_a_batch_is_an_event(door: Door):
    batch = [EVENT, {**EVENT, "id": "a3", "subject": "db-2"}]

    answer = await sent(door, batch, headers={"content-type": "application/cloudevents-batch+json"})

    assert answer.status_code == 202
    assert await rows(door, "SELECT count(*) FROM incidents") == [(2,)]


async def test_data_in_base64_is_read(door: Door):
    encoded = base64.b64encode(json.dumps(DISK).encode()).decode()

    await sent(door, {**{name: one for name, one in EVENT.items() if name != "data"}, "data_base64": encoded})

    assert await rows(door, "SELECT title FROM incidents") == [("Disk full on db-1",)]


async def test_the_last_part_of_a_type_is_its_state_where_the_data_says_none(door: Door):
    plain = {**EVENT, "data": {"volume": "/var"}}

    await sent(
        door, {**plain, "type": "org.example.disk.firing"}, {**plain, "id": "a4", "type": "org.example.disk.resolved"}
    )

    assert await rows(door, "SELECT title, status FROM alerts") == [("db-1 org.example.disk", "resolved")]


@pytest.mark.parametrize("mode", ["structured", "binary"])
async def test_a_mapping_finds_attributes_and_data_of_a_cloud_event_in_either_mode(door: Door, mode: str):
    mapping = {"fields": {"title": "data.title", "source": "source", "dedup_key": "subject"}}
    headers = {f"ce-{name}": str(value) for name, value in EVENT.items() if name != "data"}

    if mode == "structured":
        await sent(door, EVENT, mapping=mapping)
    else:
        await sent(door, DISK, headers=headers, mapping=mapping)

    assert await rows(door, "SELECT title, source, dedup_key FROM alerts") == [
        ("Disk full on db-1", "/shop/monitor", "generic:db-1")
    ]


async def test_a_mapping_makes_an_event_of_each_cloud_event_of_a_batch(door: Door):
    await sent(door, [EVENT, {**EVENT, "subject": "db-2"}], mapping={"fields": {"title": "subject"}})

    assert sorted(await rows(door, "SELECT title FROM incidents")) == [("db-1",), ("db-2",)]


@pytest.mark.parametrize("prefix", ["webhook", "svix"])
async def test_a_standard_webhook_counts_once_if_it_is_signed_and_not_at_all_if_it_is_not(door: Door, prefix: str):
    body, at = json.dumps(EVENT).encode(), str(int(NOON.timestamp()))
    signed = hmac.new(base64.b64decode(KEY), f"m-1.{at}.".encode() + body, hashlib.sha256).digest()
    headers = {
        f"{prefix}-id": "m-1",
        f"{prefix}-timestamp": at,
        f"{prefix}-signature": f"v1,{'A' * 43}= v1,{base64.b64encode(signed).decode()}",
    }

    answer = await sent(door, body, body, headers=headers, secret=f"whsec_{KEY}")
    forged = await sent(door, body.replace(b"db-1", b"db-9"), headers=headers, secret=f"whsec_{KEY}")

    assert (answer.status_code, forged.status_code) == (202, 401)
    assert await rows(door, "SELECT count FROM alerts") == [(1,)]


async def test_a_form_is_read_by_a_mapping(door: Door):
    mapping = {
        "fields": {"title": "check", "dedup_key": "check"},
        "when": [{"path": "state", "is": ["0"], "then": "resolve"}],
    }
    form = {"content-type": "application/x-www-form-urlencoded"}

    await sent(door, b"check=Disk+full&state=2", b"check=Disk+full&state=0", headers=form, mapping=mapping)

    assert await rows(door, "SELECT title, status FROM alerts") == [("Disk full", "resolved")]


async def test_a_cloud_event_that_pubsub_pushes_is_read_for_what_it_carries(door: Door):
    pushed = {"message": {"data": base64.b64encode(json.dumps(EVENT).encode()).decode()}, "subscription": "s"}

    await sent(door, pushed)

    assert await rows(door, "SELECT title FROM incidents") == [("Disk full on db-1",)]


async def test_only_headers_that_tell_what_it_is_are_kept_and_none_that_proves_who_sent_it(door: Door):
    headers = {
        "ce-type": "org.example.disk",
        "ce-source": "/shop%20one",
        "ce-authtoken": "secret",
        "authorization": "Bearer secret",
        "cookie": "secret",
        "webhook-signature": "secret",
        "x-anything": "secret",
    }

    await sent(door, DISK, headers=headers)

    assert await rows(door, "SELECT headers FROM deliveries") == [
        ({"ce-type": "org.example.disk", "ce-source": "/shop%20one"},)
    ]


async def test_of_a_kind_of_monitor_that_reads_no_headers_none_is_kept(door: Door):
    integration = await door.integration("grafana", "")

    await door.send(integration, b"{}", {"ce-type": "org.example.disk"})

    assert await rows(door, "SELECT headers FROM deliveries") == [(None,)]
