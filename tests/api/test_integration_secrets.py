"""The secrets of integrations over HTTP: set by those who may, told to nobody, changed without a gap."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from sqlalchemy import text

from opsknight.api import integrations, services
from opsknight.domain.queries.catalogue import integrations as catalogue
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import IntegrationRow
from tests.api.house import FROM_US, House
from tests.builders import an_integration

NOT_PRINTED = "The secret cannot be used: it holds a line break or another character that is not printed."
OLD, NEW = "Violet hinges creak", "Green doors do not"


@pytest.fixture
def doors(house: House) -> House:
    """A house with the routes of integrations and services."""
    house.routes.include_router(integrations.router(house.deps))
    house.routes.include_router(services.router(house.deps))
    return house


async def ask(
    house: House, method: str, integration_id: int, *, former: str = "", role: str = "manager", **body: Any
) -> httpx.Response:
    headers = {**await house.signed_in(role=role), **FROM_US}
    path = f"/api/v1/integrations/{integration_id}/secret{former}"
    return await house.client.request(method, path, headers=headers, json=body or None)


async def put(house: House, integration: IntegrationRow, secret: str, **more: Any) -> httpx.Response:
    return await ask(house, "PUT", integration.id, secret=secret, **more)


async def counting(house: House, integration: IntegrationRow) -> tuple[str, ...]:
    """Return the secrets by which ingest believes what an integration receives."""
    async with house.deps.reading() as session:
        return (await catalogue(session))[integration.key].secrets


async def told(house: House) -> list[str]:
    """Return what the ledger says was configured."""
    async with house.deps.reading() as session:
        wanted = text("SELECT data->>'name' FROM facts WHERE kind = 'configured' ORDER BY seq")
        return list((await session.execute(wanted)).scalars())


async def test_a_secret_that_a_manager_sets_counts_and_is_told_to_nobody(doors: House, database: Database):
    integration = await an_integration(database, provider="github", name="Builds")

    answer = await put(doors, integration, f" {OLD}\n")

    assert (answer.status_code, answer.json()) == (200, {"is_set": True, "former_counts": False})
    assert await counting(doors, integration) == (OLD,)
    assert await told(doors) == ["the secret of Builds"]
    read = await ask(doors, "GET", integration.id)
    assert read.json() == {"is_set": True, "former_counts": False}


async def test_the_former_secret_counts_until_it_is_ended(doors: House, database: Database):
    integration = await an_integration(database, provider="github", name="Builds", secret=OLD)

    answer = await put(doors, integration, NEW, keep_former=True)

    assert answer.json() == {"is_set": True, "former_counts": True}
    assert await counting(doors, integration) == (NEW, OLD)
    ended = await ask(doors, "DELETE", integration.id, former="/former")
    assert ended.json() == {"is_set": True, "former_counts": False}
    assert await counting(doors, integration) == (NEW,)
    assert await told(doors) == [
        "the secret of Builds; the former one still counts",
        "the secret of Builds: the former one counts no more",
    ]


async def test_a_new_secret_ends_the_former_unless_it_shall_be_kept(doors: House, database: Database):
    integration = await an_integration(database, provider="github", secret=OLD, former_secret="older")

    await put(doors, integration, NEW)

    assert await counting(doors, integration) == (NEW,)


async def test_the_same_secret_again_keeps_the_former_and_is_no_fact(doors: House, database: Database):
    integration = await an_integration(database, provider="github", secret=NEW, former_secret=OLD)

    await put(doors, integration, NEW, keep_former=True)

    assert await counting(doors, integration) == (NEW, OLD)
    assert await told(doors) == []


async def test_an_empty_secret_ends_all_checks(doors: House, database: Database):
    integration = await an_integration(database, provider="github", name="Builds", secret=NEW, former_secret=OLD)

    answer = await put(doors, integration, "", keep_former=True)

    assert answer.json() == {"is_set": False, "former_counts": False}
    assert await counting(doors, integration) == ()
    assert await told(doors) == ["the secret of Builds: there is none now, so nothing is checked"]


@pytest.mark.parametrize(
    ("provider", "secret", "status", "sentence"),
    [
        (
            "pagerduty",
            "x",
            409,
            "PagerDuty Events API v2 is believed by the key it sends; there is no secret to check.",
        ),
        ("github", "a\nb", 422, NOT_PRINTED),
        ("github", "a\0", 422, NOT_PRINTED),
        ("github", "x" * 1001, 422, None),
    ],
)  # fmt: skip
async def test_a_secret_that_cannot_be_one_is_refused(
    doors: House, database: Database, provider: str, secret: str, status: int, sentence: str | None
):
    integration = await an_integration(database, provider=provider)

    answer = await put(doors, integration, secret)

    assert answer.status_code == status
    assert sentence is None or answer.json()["detail"] == sentence
    assert "xxx" not in answer.text
    assert await counting(doors, integration) == ()


@pytest.mark.parametrize(("method", "former"), [("GET", ""), ("PUT", ""), ("DELETE", "/former")])
async def test_there_is_no_secret_of_an_integration_that_is_not_there(doors: House, method: str, former: str):
    body = {"secret": "x"} if method == "PUT" else {}

    assert (await ask(doors, method, 999, former=former, **body)).status_code == 404


@pytest.mark.parametrize("role", ["responder", "observer"])
@pytest.mark.parametrize(("method", "former"), [("GET", ""), ("PUT", ""), ("DELETE", "/former")])
async def test_a_secret_is_not_theirs_to_set_or_ask_for(
    doors: House, database: Database, method: str, former: str, role: str
):
    integration = await an_integration(database, provider="github", secret=OLD)
    body = {"secret": "x"} if method == "PUT" else {}

    answer = await ask(doors, method, integration.id, former=former, role=role, **body)

    assert answer.status_code == 403
    assert await counting(doors, integration) == (OLD,)


@pytest.mark.parametrize(("role", "said"), [("manager", [0, 1, 2]), ("responder", [None, None, None])])
async def test_the_list_of_services_says_with_how_many_secrets_a_monitor_may_sign(
    doors: House, database: Database, role: str, said: list[int | None]
):
    for secrets in ({}, {"secret": NEW}, {"secret": NEW, "former_secret": OLD}):
        await an_integration(database, provider="github", **secrets)

    answer = await doors.client.get("/api/v1/services", headers=await doors.signed_in(role=role))

    assert sorted((one["integrations"][0]["secrets"] for one in answer.json()), key=str) == said
    assert NEW not in answer.text
    assert OLD not in answer.text
