"""Field mappings over HTTP: set by those who may, refused in words, tried before they count."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from sqlalchemy import text

from opsknight.api import integrations
from opsknight.domain.queries.catalogue import integrations as catalogue
from opsknight.domain.store.engine import Database
from tests.api.house import FROM_US, House
from tests.builders import an_integration

MAPPING = {"fields": {"title": "check.name", "action": "check.state"}, "values": {"action": {"CRIT": "trigger"}}}


@pytest.fixture
def doors(house: House) -> House:
    """A house with the routes of integrations."""
    house.routes.include_router(integrations.router(house.deps))
    return house


async def put(house: House, integration_id: int, mapping: Any, *, role: str = "manager") -> httpx.Response:
    headers = {**await house.signed_in(role=role), **FROM_US}
    path = f"/api/v1/integrations/{integration_id}/mapping"
    return await house.client.put(path, headers=headers, json=mapping)


async def test_a_mapping_that_a_manager_sets_is_used_by_ingest_and_told_by_the_ledger(doors: House, database: Database):
    integration = await an_integration(database, name="Nightly checks")

    answer = await put(doors, integration.id, MAPPING)

    assert (answer.status_code, answer.json()) == (200, MAPPING)
    async with doors.deps.reading() as session:
        assert (await catalogue(session))[integration.key].mapping == MAPPING
        told = (await session.execute(text("SELECT data->>'name' FROM facts WHERE kind = 'configured'"))).scalars()
        assert list(told) == ["the field mapping of Nightly checks"]


async def test_the_mapping_is_read_back_as_it_was_set(doors: House, database: Database):
    integration = await an_integration(database)
    await put(doors, integration.id, MAPPING)

    headers = await doors.signed_in(role="admin")
    answer = await doors.client.get(f"/api/v1/integrations/{integration.id}/mapping", headers=headers)

    assert answer.json() == MAPPING


@pytest.mark.parametrize(
    ("mapping", "status", "sentence"),
    [
        (
            {"fields": {"name": "check.name"}},
            422,
            "The field mapping cannot be used: “name” is not a field of an event.",
        ),
        (
            {"defaults": {"title": "x" * 70_000}},
            422,
            "The field mapping cannot be used: it holds more than an event may.",
        ),
    ],
)
async def test_a_mapping_that_cannot_work_is_refused(
    doors: House, database: Database, mapping: dict[str, Any], status: int, sentence: str
):
    integration = await an_integration(database)

    answer = await put(doors, integration.id, mapping)

    assert (answer.status_code, answer.json()["detail"]) == (status, sentence)


async def test_a_provider_with_a_format_of_its_own_takes_no_mapping(doors: House, database: Database):
    integration = await an_integration(database, provider="datadog", name="Monitors")

    answer = await put(doors, integration.id, MAPPING)

    assert answer.status_code == 409
    assert answer.json()["detail"] == (
        "“Monitors” has the format of datadog; only generic integrations have a mapping."
    )


async def test_there_is_no_mapping_for_an_integration_that_is_not_there(doors: House):
    assert (await put(doors, 999, MAPPING)).status_code == 404


@pytest.mark.parametrize("role", ["responder", "observer"])
async def test_a_mapping_is_not_theirs_to_set(doors: House, database: Database, role: str):
    integration = await an_integration(database)

    assert (await put(doors, integration.id, MAPPING, role=role)).status_code == 403


@pytest.mark.parametrize(
    ("payload", "titles", "refused"),
    [
        ({"check": {"name": "HTTP", "state": "CRIT"}}, ["HTTP"], None),
        ({"check": {}}, [], "The event has no title; send one as “title”, “summary” or “message”."),
    ],
)
async def test_a_mapping_can_be_tried_before_it_counts(
    doors: House, payload: dict[str, Any], titles: list[str], refused: str | None
):
    headers = {**await doors.signed_in(role="manager"), **FROM_US}

    answer = await doors.client.post(
        "/api/v1/integrations/mapping/try", headers=headers, json={"mapping": MAPPING, "payload": payload}
    )

    said = answer.json()
    assert ([event["title"] for event in said["events"]], said["refused"]) == (titles, refused)
