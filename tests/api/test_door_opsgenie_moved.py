"""Alerts of Opsgenie's API that a rule has put elsewhere: their sender knows them by the names that it was given."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import select

from opsknight.domain.commands import rules
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import IntegrationRow, ServiceRow
from tests.api.doors import Sender, a_sender
from tests.builders import a_service, a_user, an_integration

DISK = {"message": "Disk full on db-1", "alias": "disk:db-1", "details": {"pool": "main"}}
KEY = {"dedup_key": "pool:{details.pool}"}
CLOSED = [("Disk full on db-1", "resolved")]
SERVICE = "of another service"
BOTH = "of another service, under another key"
PLACES = ["under another key", SERVICE, BOTH]


@pytest.fixture
async def sender(database: Database) -> AsyncIterator[Sender]:
    key = (await an_integration(database, provider="opsgenie", name="Nightly jobs")).key
    async with a_sender(database, authorization=f"GenieKey {key}") as opened:
        yield opened


async def moved(sender: Sender, where: str) -> None:
    """Let a rule put what is sent elsewhere."""
    whither: dict[str, Any] = {} if where == SERVICE else dict(KEY)
    if where in {SERVICE, BOTH}:
        whither["service_id"] = (await a_service(sender.deps.database, "Disks")).id
    manager = await a_user(sender.deps.database, role="manager")
    async with sender.deps.commands(f"user:{manager.id}") as uow:
        await rules.create(uow, {"name": "Elsewhere", "when": "true", "set": whither}, service_id=None)
    await sender.deps.catalogue.load()


async def created(sender: Sender, where: str) -> dict[str, Any]:
    """Create an alert that a rule moves; return what its request's status says of it."""
    await moved(sender, where)
    return await outcome(sender, (await sender.post("/v2/alerts", DISK)).json()["requestId"])


async def outcome(sender: Sender, request_id: str) -> dict[str, Any]:
    return (await sender.get(f"/v2/alerts/requests/{request_id}")).json()["data"]


async def ruled(sender: Sender, **parts: Any) -> None:
    """Let a rule decide on whatever is sent."""
    manager = await a_user(sender.deps.database, role="manager")
    async with sender.deps.commands(f"user:{manager.id}") as uow:
        await rules.create(uow, {"name": "Of all", "when": "true", **parts}, service_id=None)
    await sender.deps.catalogue.load()


async def test_a_create_that_joins_an_incident_says_so_beside_its_alert(sender: Sender):
    await ruled(sender, group={"within": "10m"})
    await sender.post("/v2/alerts", DISK)

    told = await outcome(sender, (await sender.post("/v2/alerts", DISK | {"alias": "two"})).json()["requestId"])

    assert (told["success"], told["status"]) == (True, "Created alert in an incident that is open")
    assert told["alertId"] in [str(id_) for (id_,) in await sender.rows("SELECT id FROM alerts")]


@pytest.mark.parametrize(
    ("parts", "status"),
    [
        ({"then": "drop"}, "Not created: a rule drops it"),
        (
            {"threshold": {"count": 3, "within": "10m"}},
            "Not created yet: a rule counts it, until more like it have come",
        ),
    ],
)
async def test_a_create_that_a_rule_decides_against_says_why_there_is_no_alert(
    sender: Sender, parts: dict[str, Any], status: str
):
    await ruled(sender, **parts)

    told = await outcome(sender, (await sender.post("/v2/alerts", DISK)).json()["requestId"])

    assert (told["success"], told["status"], told["alertId"]) == (False, status, "")


@pytest.mark.parametrize("where", PLACES)
@pytest.mark.parametrize("kind", ["id", "tiny", "alias"])
async def test_an_alert_that_a_rule_moved_is_closed_by_each_of_its_names(sender: Sender, where: str, kind: str):
    told = await created(sender, where)
    name = told[{"id": "alertId", "tiny": "tinyId", "alias": "alias"}[kind]]

    answer = await sender.post(f"/v2/alerts/{name}/close?identifierType={kind}")

    closed = await outcome(sender, answer.json()["requestId"])
    assert (closed["status"], closed["alias"], closed["alertId"]) == ("Closed alert", "disk:db-1", told["alertId"])
    assert await sender.incidents() == CLOSED


@pytest.mark.parametrize("where", PLACES)
async def test_an_alert_that_a_rule_moved_is_acknowledged_by_its_id(sender: Sender, where: str):
    told = await created(sender, where)

    await sender.post(f"/v2/alerts/{told['alertId']}/acknowledge")

    assert await sender.incidents() == [("Disk full on db-1", "acknowledged")]


@pytest.mark.parametrize("where", PLACES)
@pytest.mark.parametrize("kind", ["id", "tiny", "alias"])
async def test_an_alert_that_a_rule_moved_is_told_under_its_own_alias(sender: Sender, where: str, kind: str):
    told = await created(sender, where)
    name = told[{"id": "alertId", "tiny": "tinyId", "alias": "alias"}[kind]]

    answer = await sender.get(f"/v2/alerts/{name}?identifierType={kind}")

    alert = answer.json()["data"]
    assert (alert["id"], alert["alias"], alert["status"]) == (told["alertId"], "disk:db-1", "open")


@pytest.mark.parametrize("where", PLACES)
async def test_alerts_that_a_rule_moved_are_listed_and_counted(sender: Sender, where: str):
    await sender.post("/v2/alerts", DISK | {"alias": "stayed"})
    await created(sender, where)

    listed = (await sender.get("/v2/alerts", params={"query": "status:open"})).json()["data"]
    count = (await sender.get("/v2/alerts/count")).json()["data"]["count"]

    assert ([one["alias"] for one in listed], count) == (["disk:db-1", "stayed"], 2)


async def test_of_two_aliases_that_a_rule_made_one_alert_either_closes_it(sender: Sender):
    told = await created(sender, PLACES[0])
    await sender.post("/v2/alerts", DISK | {"alias": "disk:db-2"})

    await sender.post(f"/v2/alerts/{told['alertId']}/close")

    assert await sender.incidents() == CLOSED


async def test_what_another_service_sent_to_the_same_place_is_not_told(sender: Sender, database: Database):
    told = await created(sender, SERVICE)
    stranger = (await an_integration(database, provider="opsgenie")).key
    async with a_sender(database, authorization=f"GenieKey {stranger}") as other:
        await other.post("/v2/alerts", DISK | {"alias": "mine"})

        assert (await other.get(f"/v2/alerts/{told['alertId']}")).status_code == 404
        assert [one["alias"] for one in (await other.get("/v2/alerts")).json()["data"]] == ["mine"]


async def test_an_alert_of_another_kind_of_monitor_that_a_rule_moved_is_not_told(sender: Sender, database: Database):
    await moved(sender, SERVICE)
    async with database.screens() as session:
        service = (await session.scalars(select(ServiceRow).join(IntegrationRow))).one()
    generic = await an_integration(database, service)
    await sender.deps.catalogue.load()
    await sender.post(f"/api/v1/events/{generic.key}", {"title": "Not theirs", "dedup_key": "x"})

    [(alert_id,)] = await sender.rows("SELECT id FROM alerts")
    assert (await sender.get(f"/v2/alerts/{alert_id}")).status_code == 404
    assert (await sender.get("/v2/alerts/count")).json()["data"]["count"] == 0
