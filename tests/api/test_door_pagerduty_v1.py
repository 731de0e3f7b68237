"""PagerDuty's Events API v1: old senders are taken, and answered in its words."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from opsknight.api.drop_in.pagerduty_v1 import PagerDutyV1
from opsknight.api.ingest_answers import Problem
from opsknight.domain.store.engine import Database
from tests.api.doors import Sender, a_sender
from tests.builders import an_integration

PATH = "/generic/2010-04-15/create_event.json"


@pytest.fixture
async def key(database: Database) -> str:
    """The key of a PagerDuty integration."""
    return (await an_integration(database, provider="pagerduty")).key


@pytest.fixture
async def sender(database: Database, key: str) -> AsyncIterator[Sender]:
    """Somebody who sends, once there is that integration."""
    assert key
    async with a_sender(database) as opened:
        yield opened


def an_event_v1(key: str, **changes: Any) -> dict[str, Any]:
    said = {"event_type": "trigger", "incident_key": "disk:db-1", "description": "Disk full on db-1"}
    return {"service_key": key, **said, **changes}


async def test_a_trigger_opens_an_incident(sender: Sender, key: str):
    answer = await sender.post(PATH, an_event_v1(key))

    said = {"status": "success", "message": "Event processed", "incident_key": "disk:db-1"}
    assert (answer.status_code, answer.json()) == (200, said)
    assert await sender.incidents() == [("Disk full on db-1", "open")]


@pytest.mark.parametrize(
    "resolve",
    [
        (PATH, {"service_key": "", "event_type": "resolve", "incident_key": "disk:db-1"}),
        ("/v2/enqueue", {"routing_key": "", "event_action": "resolve", "dedup_key": "disk:db-1"}),
    ],
    ids=["v1", "v2"],
)
async def test_it_is_resolved_by_either_version(sender: Sender, key: str, resolve: tuple[str, dict[str, str]]):
    await sender.post(PATH, an_event_v1(key))
    path, said = resolve

    await sender.post(path, {name: value or key for name, value in said.items()})

    assert await sender.incidents() == [("Disk full on db-1", "resolved")]


async def test_a_trigger_without_a_key_is_given_one_that_resolves_it(sender: Sender, key: str):
    given = (await sender.post(PATH, an_event_v1(key, incident_key=None))).json()["incident_key"]

    await sender.post(PATH, an_event_v1(key, event_type="resolve", incident_key=given))

    assert await sender.incidents() == [("Disk full on db-1", "resolved")]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"service_key": "nobody"}, "'service_key' is not the key of a PagerDuty integration here"),
        ({"service_key": None}, "'service_key' is missing or blank"),
        ({"event_type": None}, "'event_type' is missing or blank"),
        ({"description": ""}, "'description' is missing or blank"),
    ],
)
async def test_what_is_wrong_is_told_in_pagerdutys_words(sender: Sender, key: str, changes: dict[str, Any], error: str):
    answer = await sender.post(PATH, an_event_v1(key, **changes))

    said = {"status": "invalid event", "message": "Event object is invalid", "errors": [error]}
    assert (answer.status_code, answer.json()) == (400, said)
    assert ("Disk full on db-1", "open") not in await sender.incidents()


async def test_an_event_of_v2_is_not_read_here(sender: Sender, key: str):
    said = {"event_action": "trigger", "payload": {"summary": "x", "source": "x", "severity": "info"}}

    answer = await sender.post(PATH, {"service_key": key, **said})

    assert answer.status_code == 400


def test_who_sends_too_much_is_told_403_as_version_1_has_it():
    assert PagerDutyV1().refuse(Problem(429, "Too much.", retry_after_s=1))[0] == 403
    assert PagerDutyV1().refuse(Problem(503, "Not now.", retry_after_s=1))[0] == 503
