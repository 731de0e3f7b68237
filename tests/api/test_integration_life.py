"""The life of an integration after it was added: what each step lets in, what stays, and who may take it."""

from __future__ import annotations

import json
from functools import partial

import httpx
import pytest
from sqlalchemy import text

from opsknight.api import integration_keys, integration_life, integrations, services
from opsknight.app import _store_archived_uses
from opsknight.domain.commands import integration_life as commands
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import IntegrationRow, ServiceRow
from tests.api.a_door import Door
from tests.api.house import FROM_US, House
from tests.builders import a_service, an_integration

_CONFIGURED = "SELECT data->>'name' FROM facts WHERE kind = 'configured' ORDER BY xid, seq"
EVENT = json.dumps({"title": "Disk full", "dedup_key": "disk"}).encode()


@pytest.fixture
async def checkout(house: House, database: Database) -> ServiceRow:
    """A service of a house with the routes of integrations."""
    for routes in (services, integrations, integration_keys, integration_life):
        house.routes.include_router(routes.router(house.deps))
    return await a_service(database, "Checkout")


@pytest.fixture
async def checks(database: Database, checkout: ServiceRow) -> IntegrationRow:
    return await an_integration(database, checkout, name="Nightly checks")


async def ask(house: House, method: str, path: str, *, role: str = "admin", json: object = None) -> httpx.Response:
    headers = {**await house.signed_in(role=role), **FROM_US}
    return await house.client.request(method, f"/api/v1/integrations/{path}", headers=headers, json=json)


async def told(house: House) -> list[str]:
    """Return what the ledger says was configured."""
    async with house.deps.reading() as session:
        return list(await session.scalars(text(_CONFIGURED)))


async def switched_off(door: Door, integration: IntegrationRow) -> None:
    async with door.deps.commands("system:test") as uow:
        await commands.switch_off(uow, integration.id)
    await door.deps.catalogue.load()


async def test_it_is_renamed_and_its_key_stays(house: House, checks: IntegrationRow):
    answer = await ask(house, "PUT", f"{checks.id}/name", json={"name": " Nightly  backups "})

    assert (answer.status_code, answer.json()["sentence"]) == (200, "It is called “Nightly backups” now.")
    line = (await ask(house, "GET", f"{checks.id}")).json()["integration"]
    assert (line["name"], line["key"]) == ("Nightly backups", checks.key)
    assert await told(house) == ["the integration Nightly checks of Checkout (now called Nightly backups)"]


@pytest.mark.parametrize("name", ["  ", "x" * 101])
async def test_a_name_that_says_nothing_or_too_much_is_refused(house: House, checks: IntegrationRow, name: str):
    answer = await ask(house, "PUT", f"{checks.id}/name", json={"name": name})

    assert answer.status_code == 422
    assert await told(house) == []


async def test_what_comes_with_the_keys_of_one_that_is_off_is_answered_as_with_an_unknown_one(door: Door):
    integration = await door.integration("generic", "", former_key="f" * 32)
    await switched_off(door, integration)

    unknown, former = IntegrationRow(key="0" * 32), IntegrationRow(key="f" * 32)
    answers = [await door.send(one, EVENT, {}) for one in (unknown, integration, former)]

    assert [one.status_code for one in answers] == [404] * 3
    assert len({one.json()["detail"] for one in answers}) == 1
    assert await door.count("incidents") == 0


async def test_who_sends_still_to_one_that_is_off_is_seen_until_it_is_on_again(door: Door):
    integration = await door.integration("generic", "")
    await switched_off(door, integration)
    for _ in range(3):
        await door.send(integration, EVENT, {})

    await door.routes.archived.store_counted(partial(_store_archived_uses, door.deps))

    async with door.deps.reading() as session:
        refused = await integration_life.refused_since(session, integration.id)
    assert refused is not None
    assert refused["times"] == 3
    async with door.deps.commands("system:test") as uow:
        await commands.switch_on(uow, integration.id)
    assert await door.count("archived_uses") == 0


async def test_one_that_is_on_again_takes_events_by_the_same_key(door: Door):
    integration = await door.integration("generic", "")
    await switched_off(door, integration)

    async with door.deps.commands("system:test") as uow:
        await commands.switch_on(uow, integration.id)

    assert (await door.send(integration, EVENT, {})).status_code == 202


async def test_who_switches_it_off_is_told_of_its_open_alerts_and_they_stay(
    house: House, door: Door, checkout: ServiceRow
):
    integration = await door.integration("generic", "", service=checkout, name="Nightly checks")
    await door.send(integration, EVENT, {})
    before = (await ask(house, "GET", f"{integration.id}")).json()

    answer = await ask(house, "POST", f"{integration.id}/switch-off")

    left = " 1 alert of it is still open: nothing resolves it any more but a person."
    assert (before["open_alerts"], before["left"]) == (1, left)
    assert answer.json()["sentence"] == f"“Nightly checks” is switched off: what comes with its key is refused.{left}"
    async with house.deps.reading() as session:
        assert list(await session.scalars(text("SELECT status FROM alerts"))) == ["open"]
        assert list(await session.scalars(text("SELECT status FROM incidents"))) == ["open"]


async def test_one_that_is_off_stays_in_the_list_and_says_so(house: House, checks: IntegrationRow):
    await ask(house, "POST", f"{checks.id}/switch-off")

    headers = await house.signed_in(role="admin")
    (service,) = (await house.client.get("/api/v1/services", headers=headers)).json()

    assert [(one["name"], one["active"]) for one in service["integrations"]] == [("Nightly checks", False)]


async def test_one_that_takes_events_is_not_removed(house: House, checks: IntegrationRow):
    answer = await ask(house, "DELETE", f"{checks.id}")

    assert (answer.status_code, answer.json()["detail"]) == (
        409,
        "“Nightly checks” still takes events. Switch it off first, see that nobody misses it, then remove it.",
    )


async def test_one_that_is_removed_is_shown_nowhere_and_none_of_its_routes_is_left(
    house: House, checks: IntegrationRow
):
    await ask(house, "POST", f"{checks.id}/switch-off")

    answer = await ask(house, "DELETE", f"{checks.id}")

    assert (answer.status_code, answer.json()["sentence"]) == (
        200,
        "“Nightly checks” is removed. What it sent stays in the incidents of Checkout.",
    )
    headers = await house.signed_in(role="admin")
    (service,) = (await house.client.get("/api/v1/services", headers=headers)).json()
    assert service["integrations"] == []
    asked = [("GET", ""), ("POST", "/switch-on"), ("POST", "/keys"), ("GET", "/secret"), ("GET", "/mapping")]
    assert [(await ask(house, method, f"{checks.id}{path}")).status_code for method, path in asked] == [404] * 5
    assert (await told(house))[-1] == "the integration Nightly checks of Checkout (removed)"


async def test_doing_twice_what_is_done_changes_nothing(house: House, checks: IntegrationRow):
    deeds = ("switch-off", "switch-off", "switch-on", "switch-on")
    answers = [await ask(house, "POST", f"{checks.id}/{deed}") for deed in deeds]

    assert [one.status_code for one in answers] == [200] * 4
    assert await told(house) == [
        f"the integration Nightly checks of Checkout (switched {way})" for way in ("off", "on")
    ]


@pytest.mark.parametrize("role", ["stranger", "responder"])
async def test_who_does_not_manage_its_team_changes_nothing(house: House, checks: IntegrationRow, role: str):
    asked = [("PUT", "/name"), ("POST", "/switch-off"), ("POST", "/switch-on"), ("DELETE", "")]

    answers = [await ask(house, method, f"{checks.id}{path}", role=role, json={"name": "X"}) for method, path in asked]

    assert [one.status_code for one in answers] == [403] * 4
    assert await told(house) == []
