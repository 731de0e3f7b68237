"""Services that are archived, by their routes: whose keys let nothing in, and who is seen to use them still."""

from __future__ import annotations

import json
from functools import partial

import httpx
import pytest

from opsknight.api import pings, replays, services
from opsknight.app import _store_archived_uses
from opsknight.domain.commands import archiving
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import IntegrationRow, ServiceRow
from tests.api.a_door import Door
from tests.api.house import FROM_US, House
from tests.builders import a_heartbeat, a_service, a_stored_incident, an_integration

EVENT = json.dumps({"title": "Disk full", "dedup_key": "disk"}).encode()


@pytest.fixture
async def checkout(house: House, database: Database) -> ServiceRow:
    """A service of a house with the routes of services, pings and replays."""
    for routes in (services, pings, replays):
        house.routes.include_router(routes.router(house.deps))
    return await a_service(database, "Checkout")


async def ask(house: House, method: str, path: str, *, role: str = "admin", json: object = None) -> httpx.Response:
    headers = {**await house.signed_in(role=role), **FROM_US}
    return await house.client.request(method, f"/api/v1/services{path}", headers=headers, json=json)


async def put_away(door: Door, integration: IntegrationRow) -> None:
    async with door.deps.commands("system:test") as uow:
        await archiving.archive(uow, integration.service_id)


async def test_its_key_is_answered_as_an_unknown_one_from_the_next_event_on(door: Door):
    integration = await door.integration("generic", "", former_key="f" * 32)
    unknown = IntegrationRow(key="0" * 32)
    await put_away(door, integration)

    answers = [await door.send(one, EVENT, {}) for one in (unknown, integration, IntegrationRow(key="f" * 32))]

    assert [one.status_code for one in answers] == [404] * 3
    assert len({one.json()["detail"] for one in answers}) == 1
    assert await door.count("incidents") == 0


async def test_who_sends_by_its_key_still_is_counted_without_a_write_for_each_refusal(door: Door):
    integration = await door.integration("generic", "")
    await put_away(door, integration)
    for _ in range(3):
        await door.send(integration, EVENT, {})
    assert await door.count("archived_uses") == 0

    await door.routes.archived.store_counted(partial(_store_archived_uses, door.deps))

    async with door.deps.reading() as session:
        (line,) = await services.archived_services(session)
    assert [(use["name"], use["times"]) for use in line["uses"]] == [(integration.name, 3)]


async def test_what_could_not_be_stored_goes_on_being_counted(door: Door):
    integration = await door.integration("generic", "")
    await put_away(door, integration)
    stored: list[int] = []

    async def away(_: object) -> None:
        raise ConnectionError("the database is away")

    async def store(used: object) -> None:
        stored.extend(one.times for one in used)  # type: ignore[attr-defined]

    await door.send(integration, EVENT, {})
    await door.routes.archived.store_counted(away)
    await door.send(integration, EVENT, {})
    await door.routes.archived.store_counted(store)

    assert stored == [2]


async def test_a_ping_of_its_heartbeat_is_answered_as_an_unknown_one_and_seen(house: House, checkout: ServiceRow):
    backup = await a_heartbeat(house.database, checkout, name="Nightly backup")
    await ask(house, "POST", f"/{checkout.id}/archive")

    answers = [await house.client.get(f"/ping/{key}") for key in ("0123456789", backup.key)]

    assert [one.status_code for one in answers] == [404, 404]
    assert answers[0].json()["detail"] == answers[1].json()["detail"]
    (line,) = (await ask(house, "GET", "/archived", role="responder")).json()
    assert [(use["name"], use["times"]) for use in line["uses"]] == [("Nightly backup", 1)]


async def test_what_ends_is_told_before_it_is_archived(house: House, checkout: ServiceRow):
    await an_integration(house.database, checkout, name="Probes")
    incident = await a_stored_incident(house.database, checkout)

    told = (await ask(house, "GET", f"/{checkout.id}/archiving")).json()
    refused = await ask(house, "POST", f"/{checkout.id}/archive")

    assert told == {
        "name": "Checkout",
        "ends": ["the key of Probes"],
        "unresolved": [f"#{incident.number} “Disk full on db-1”"],
        "rules_to": [],
    }
    assert refused.status_code == 409


async def test_it_leaves_the_list_and_comes_back_to_it(house: House, checkout: ServiceRow):
    archived = await ask(house, "POST", f"/{checkout.id}/archive")

    assert (archived.status_code, archived.json()["service"]["archived"]) == (200, True)
    assert (await ask(house, "GET", "")).json() == []
    assert (await ask(house, "GET", f"/{checkout.id}")).json()["service"]["archived"] is True

    back = await ask(house, "POST", f"/{checkout.id}/restore", json={})

    assert back.json()["service"]["archived"] is False
    assert [one["name"] for one in (await ask(house, "GET", "")).json()] == ["Checkout"]


@pytest.mark.parametrize("deed", ["archive", "restore"])
async def test_who_only_responds_may_do_neither(house: House, checkout: ServiceRow, deed: str):
    answer = await ask(house, "POST", f"/{checkout.id}/{deed}", role="responder", json={})

    assert answer.status_code == 403
