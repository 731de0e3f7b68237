"""The REST endpoint of Splunk On-Call: its address, its answers."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from opsknight.domain.store.engine import Database
from tests.api.doors import Sender, a_sender
from tests.builders import an_integration

DISK = {"message_type": "CRITICAL", "entity_id": "disk:db-1", "entity_display_name": "Disk full on db-1"}


@pytest.fixture
async def path(database: Database) -> str:
    """The path of a Splunk On-Call integration, without a routing key."""
    key = (await an_integration(database, provider="splunk-oncall")).key
    return f"/integrations/generic/20131114/alert/{key}"


@pytest.fixture
async def sender(database: Database, path: str) -> AsyncIterator[Sender]:
    """Somebody who sends, once there is that integration."""
    assert path
    async with a_sender(database) as opened:
        yield opened


async def test_an_alert_opens_an_incident_tagged_with_its_routing_key(sender: Sender, path: str):
    answer = await sender.post(f"{path}/databases", DISK)

    assert (answer.status_code, answer.json()) == (200, {"result": "success", "entity_id": "disk:db-1"})
    assert await sender.rows("SELECT title, severity, tags->>'routing_key' FROM alerts") == [
        ("Disk full on db-1", "critical", "databases")
    ]


@pytest.mark.parametrize(("word", "status"), [("RECOVERY", "resolved"), ("ACKNOWLEDGEMENT", "acknowledged")])
async def test_a_later_message_changes_it(sender: Sender, path: str, word: str, status: str):
    await sender.post(f"{path}/databases", DISK)

    await sender.post(path, {"message_type": word, "entity_id": "disk:db-1"})

    assert await sender.incidents() == [("Disk full on db-1", status)]


async def test_what_is_only_for_the_timeline_opens_nothing(sender: Sender, path: str):
    answer = await sender.post(f"{path}/databases", {**DISK, "message_type": "INFO"})

    assert answer.json() == {"result": "success", "entity_id": "disk:db-1"}
    assert await sender.incidents() == []


async def test_what_cannot_be_read_is_refused_and_kept(sender: Sender, path: str):
    answer = await sender.client.post(f"{path}/databases", content=b"{")

    assert (answer.status_code, answer.json()["result"]) == (400, "failure")
    assert await sender.rows("SELECT status, body FROM deliveries") == [("rejected", b"{")]


@pytest.mark.parametrize("key", ["nobody", "{generic}"])
async def test_a_key_of_no_such_integration_is_refused(database: Database, key: str):
    key = key.replace("{generic}", (await an_integration(database)).key)
    async with a_sender(database) as sender:
        answer = await sender.post(f"/integrations/generic/20131114/alert/{key}/databases", DISK)

    assert (answer.status_code, answer.json()["result"]) == (404, "failure")


async def test_it_is_sent_with_post(sender: Sender, path: str):
    assert (await sender.get(f"{path}/databases")).status_code == 405
