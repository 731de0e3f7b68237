"""Change events: told by PagerDuty's API, kept once, shown with the incident that follows, listed."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

import pytest

from opsknight.api import changes as routes
from opsknight.domain.commands import changes, retention
from opsknight.domain.model.change import Change
from opsknight.domain.queries import incidents
from opsknight.domain.queries.catalogue import Integration
from opsknight.domain.store.engine import Database
from tests.api.doors import a_sender
from tests.api.house import House
from tests.builders import a_known_integration, a_service, a_stored_incident, an_integration
from tests.clock import NOON, StoppedClock
from tests.conftest import Acting

PATH = "/v2/change/enqueue"
SECRET = "Violet hinges creak"
ARN = "arn:aws:sns:eu-central-1:111122223333:alarms"
"""The secret of an SNS topic's integration, which no secret is."""
HOUR = timedelta(hours=1)


def a_change_event(key: str, **payload: Any) -> dict[str, Any]:
    return {"routing_key": key, "payload": {"summary": "Deployed v2.1", "source": "ci", **payload}}


async def test_a_change_is_kept_and_told_by_the_ledger(database: Database, clock: StoppedClock):
    key = (await an_integration(database)).key
    links = [{"href": "https://ci.example.org/7", "text": "Run"}, {"href": "javascript:alert(1)"}]
    async with a_sender(database, clock) as sender:
        answer = await sender.post(PATH, {**a_change_event(key, custom_details={"by": "Ada"}), "links": links})

        said = {"status": "success", "message": "Change event processed"}
        assert (answer.status_code, answer.json()) == (202, said)
        assert await sender.rows("SELECT summary, source, links, details, at FROM changes") == [
            ("Deployed v2.1", "ci", [{"href": "https://ci.example.org/7", "text": "Run"}], {"by": "Ada"}, NOON)
        ]
        assert await sender.rows("SELECT kind, data->>'summary' FROM facts") == [("changed", "Deployed v2.1")]
        assert await sender.incidents() == []


@pytest.mark.parametrize(
    ("payload", "headers", "kept"),
    [
        ({"timestamp": "2026-11-24T11:00:00+0000"}, {}, 1),
        ({}, {"idempotency-key": "deploy-7"}, 1),
        ({}, {}, 2),
    ],
)
async def test_a_repeat_is_kept_once_where_it_can_be_known(
    database: Database, clock: StoppedClock, payload: dict[str, str], headers: dict[str, str], kept: int
):
    key = (await an_integration(database)).key
    async with a_sender(database, clock) as sender:
        answers = [await sender.post(PATH, a_change_event(key, **payload), headers=headers) for _ in range(2)]

        assert [answer.status_code for answer in answers] == [202, 202]
        assert await sender.rows("SELECT count(*) FROM changes") == [(kept,)]


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"routing_key": "nobody"}, "'routing_key' is not the key of an integration here"),
        ({"routing_key": None}, "'routing_key' is missing or blank"),
        ({"payload": None}, "'payload' is missing or blank"),
        ({"payload": {"source": "ci"}}, "'payload.summary' is missing or blank"),
    ],
)
async def test_what_is_wrong_is_told_in_pagerdutys_words(database: Database, said: dict[str, Any], error: str):
    key = (await an_integration(database)).key
    async with a_sender(database) as sender:
        answer = await sender.post(PATH, a_change_event(key) | said)

        assert (answer.status_code, answer.json()["errors"]) == (400, [error])
        assert await sender.rows("SELECT count(*) FROM changes") == [(0,)]


async def test_a_change_that_says_too_little_is_kept_with_why(database: Database):
    key = (await an_integration(database)).key
    said = {"routing_key": key, "payload": {"source": "ci"}}
    async with a_sender(database) as sender:
        await sender.post(PATH, said)

        [(status, reason, body)] = await sender.rows("SELECT status, reason, body FROM deliveries WHERE reason <> ''")
        assert (status, json.loads(body)) == ("rejected", said)
        assert reason == "A change event that cannot be read: 'payload.summary' is missing or blank"


async def test_nothing_is_kept_of_a_change_by_who_has_no_key(database: Database):
    async with a_sender(database) as sender:
        await sender.post(PATH, {"routing_key": "nobody", "payload": {}})

        assert await sender.rows("SELECT count(*) FROM deliveries") == [(0,)]


async def test_a_change_from_the_future_was_made_now(database: Database, clock: StoppedClock):
    key = (await an_integration(database)).key
    async with a_sender(database, clock) as sender:
        await sender.post(PATH, a_change_event(key, timestamp="2030-01-01T00:00:00Z"))

        assert await sender.rows("SELECT at FROM changes") == [(NOON,)]


def by_github(body: bytes) -> dict[str, str]:
    return {"x-hub-signature-256": f"sha256={hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()}"}


@pytest.mark.parametrize(
    ("slug", "secret", "headers", "status"),
    [
        ("generic", SECRET, {}, 401),
        ("generic", SECRET, {"authorization": "Bearer guessed"}, 401),
        ("generic", SECRET, {"authorization": f"Bearer {SECRET}"}, 202),
        ("github", SECRET, {}, 401),
        ("github", SECRET, {"x-opsknight-secret": SECRET}, 202),
        ("github", SECRET, by_github, 202),
        ("cloudwatch", ARN, {"authorization": f"Bearer {ARN}"}, 401),
        ("cloudwatch", SECRET, {"authorization": f"Bearer {SECRET}"}, 202),
        ("pagerduty", "", {}, 202),
    ],
)
async def test_a_change_proves_whose_it_is_where_its_integration_has_a_secret(
    database: Database, slug: str, secret: str, headers: Any, status: int
):
    key = (await an_integration(database, provider=slug, secret=secret)).key
    body = json.dumps(a_change_event(key)).encode()
    said = {"content-type": "application/json", **(headers(body) if callable(headers) else headers)}
    async with a_sender(database) as sender:
        answer = await sender.client.post(PATH, content=body, headers=said)

        assert answer.status_code == status, answer.text
        assert await sender.rows("SELECT count(*) FROM changes") == [(int(status == 202),)]


async def noted(acting: Acting, integration: Integration, *hours_ago: float) -> None:
    """Write down changes made so many hours before noon."""
    async with acting(integration.actor) as uow:
        for hours in hours_ago:
            await changes.note(uow, integration, Change(f"{hours} h before", NOON - hours * HOUR), once=None)


async def test_an_incident_shows_the_last_changes_of_its_service_before_it(database: Database, acting: Acting):
    service = await a_service(database)
    await noted(acting, a_known_integration(service_id=service.id), 1, 2, 3, 4, 25, -1)
    await noted(acting, a_known_integration(service_id=service.id + 1), 1.5)
    incident = await a_stored_incident(database, service, created_at=NOON)

    async with database.screens() as session:
        shown = (await incidents.detail(session, incident.id))["changes"]

    assert [change["summary"] for change in shown] == ["1 h before", "2 h before", "3 h before"]


async def test_a_change_of_more_than_a_day_ago_is_no_suspect(database: Database, acting: Acting):
    service = await a_service(database)
    await noted(acting, a_known_integration(service_id=service.id), 24, 23)
    incident = await a_stored_incident(database, service, created_at=NOON)

    async with database.screens() as session:
        shown = (await incidents.detail(session, incident.id))["changes"]

    assert [change["summary"] for change in shown] == ["23 h before"]


async def test_the_changes_of_a_service_are_listed_newest_first(house: House, acting: Acting):
    house.routes.include_router(routes.router(house.deps))
    await noted(acting, a_known_integration(service_id=7), 3, 1, 2)
    await noted(acting, a_known_integration(service_id=8), 1)
    headers = await house.signed_in()

    answer = await house.client.get("/api/v1/changes?service_id=7", headers=headers)
    before = await house.client.get("/api/v1/changes?service_id=7&before=2026-11-24T10:30:00Z&limit=1", headers=headers)

    assert [one["summary"] for one in answer.json()["changes"]] == ["1 h before", "2 h before", "3 h before"]
    assert [one["summary"] for one in before.json()["changes"]] == ["2 h before"]


async def test_changes_are_listed_to_no_stranger(house: House):
    house.routes.include_router(routes.router(house.deps))

    assert (await house.client.get("/api/v1/changes?service_id=7")).status_code == 401


async def test_old_changes_go_with_the_retention(database: Database, acting: Acting, clock: StoppedClock):
    await noted(acting, a_known_integration(), 1)
    clock.advance(timedelta(days=60))

    async with acting("housekeeping:retention") as uow:
        removed = await retention.remove_raw(uow, "changes", older_than=timedelta(days=30))

    assert removed == 1
