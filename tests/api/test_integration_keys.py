"""Rotating a key: both are live until the former one is ended, and everybody is told who did it."""

from __future__ import annotations

import httpx
import pytest
from sqlalchemy import text

from opsknight.api import integration_keys
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import IntegrationRow
from tests.api.house import FROM_US, House
from tests.builders import an_integration


@pytest.fixture
async def integration(house: House, database: Database) -> IntegrationRow:
    """An integration of a house with the routes of keys."""
    house.routes.include_router(integration_keys.router(house.deps))
    return await an_integration(database, name="Nightly checks")


async def ask(house: House, method: str, path: str, *, role: str = "manager") -> httpx.Response:
    headers = {**await house.signed_in(role=role), **FROM_US}
    return await house.client.request(method, f"/api/v1/integrations/{path}", headers=headers)


async def test_a_new_key_is_live_at_once_and_so_is_the_former_one(house: House, integration: IntegrationRow):
    answer = await ask(house, "POST", f"{integration.id}/keys")

    new = answer.json()["key"]
    assert (answer.status_code, len(new)) == (201, 32)
    assert new != integration.key
    found = [house.deps.catalogue.known(key) for key in (new, integration.key)]
    assert [one.id if one else None for one in found] == [integration.id] * 2


async def test_an_ended_key_lets_nothing_in(house: House, integration: IntegrationRow):
    new = (await ask(house, "POST", f"{integration.id}/keys")).json()["key"]

    answer = await ask(house, "DELETE", f"{integration.id}/keys/former")

    assert answer.status_code == 200
    assert await house.deps.catalogue.find(integration.key) is None
    assert await house.deps.catalogue.find(new) is not None


async def test_a_third_key_is_refused_while_two_are_live(house: House, integration: IntegrationRow):
    await ask(house, "POST", f"{integration.id}/keys")

    answer = await ask(house, "POST", f"{integration.id}/keys")

    assert (answer.status_code, answer.json()["detail"]) == (
        409,
        "“Nightly checks” has two live keys already; end the former one before you make a new one.",
    )
    assert house.deps.catalogue.known(integration.key) is not None


async def test_the_only_key_cannot_be_ended(house: House, integration: IntegrationRow):
    answer = await ask(house, "DELETE", f"{integration.id}/keys/former")

    assert answer.status_code == 409
    await house.deps.catalogue.load()
    assert house.deps.catalogue.known(integration.key) is not None


async def test_the_ledger_tells_of_both_without_the_keys(house: House, integration: IntegrationRow):
    await ask(house, "POST", f"{integration.id}/keys")
    await ask(house, "DELETE", f"{integration.id}/keys/former")

    async with house.database.screens() as session:
        told = await session.execute(text("SELECT kind, data FROM facts WHERE kind LIKE 'key %' ORDER BY seq"))
        assert [tuple(row) for row in told] == [
            ("key made", {"name": "Nightly checks"}), ("key ended", {"name": "Nightly checks"}),
        ]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), [("POST", "keys"), ("DELETE", "keys/former")])
async def test_keys_are_not_for_responders(house: House, integration: IntegrationRow, method: str, path: str):
    assert (await ask(house, method, f"{integration.id}/{path}", role="responder")).status_code == 403


async def test_there_is_no_key_of_an_integration_that_is_not_there(house: House, integration: IntegrationRow):
    assert (await ask(house, "POST", "999/keys")).status_code == 404
