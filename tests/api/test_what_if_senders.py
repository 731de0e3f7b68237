"""What if, of what a monitor sends: read as its kind of monitor is, by the rules that ask who sent it."""

from __future__ import annotations

from typing import Any

import pytest

from opsknight.api import foreseeing, rules
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import ServiceRow
from tests.api.house import FROM_US, House
from tests.builders import a_policy, a_service, a_user, an_integration

SENT = {
    "version": "4",
    "status": "firing",
    "alerts": [
        {"status": "resolved", "labels": {"alertname": "Old", "severity": "critical"}, "annotations": {}},
        {"status": "firing", "labels": {"alertname": "DiskFull", "severity": "warning"}, "annotations": {}},
        {"status": "firing", "labels": {"alertname": "Load", "severity": "critical"}, "annotations": {}},
    ],
}


@pytest.fixture
def doors(house: House) -> House:
    for routes in (foreseeing, rules):
        house.routes.include_router(routes.router(house.deps))
    return house


@pytest.fixture
async def checkout(database: Database) -> ServiceRow:
    """A service that pages Ada."""
    return await a_service(database, "Checkout", policy=await a_policy(database, await a_user(database, "Ada")))


async def asked(house: House, path: str, sent: dict[str, Any]) -> Any:
    headers = {**await house.signed_in(role="manager"), **FROM_US}
    return await house.client.post(f"/api/v1{path}", headers=headers, json=sent)


async def what_if(house: House, service: ServiceRow, **wish: Any) -> dict[str, Any]:
    answer = await asked(house, "/what-if", {"service_id": service.id, **wish})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def refused(house: House, service: ServiceRow, **wish: Any) -> str:
    answer = await asked(house, "/what-if", {"service_id": service.id, **wish})
    assert answer.status_code in (404, 422), answer.text
    return answer.json()["detail"]


async def test_what_is_pasted_is_read_as_its_kind_of_monitor_sends_it(
    doors: House, database: Database, checkout: ServiceRow
):
    integration = await an_integration(database, checkout, provider="alertmanager")
    await an_integration(database, checkout)

    told = await what_if(doors, checkout, integration_id=integration.id, payload=SENT)

    assert told["read"] == "Read as “DiskFull”, warning: the first of 2 that trigger."
    assert (told["title"], told["severity"], told["urgency"]) == ("DiskFull", "warning", "low")


async def test_the_only_integration_of_a_service_reads_it_unless_another_is_said(
    doors: House, database: Database, checkout: ServiceRow
):
    await an_integration(database, checkout, provider="alertmanager")

    assert (await what_if(doors, checkout, payload=SENT))["title"] == "DiskFull"


@pytest.mark.parametrize("condition", ['provider == "alertmanager"', 'integration == "Prod"'])
async def test_a_rule_that_asks_who_sent_it_decides(
    doors: House, database: Database, checkout: ServiceRow, condition: str
):
    await an_integration(database, checkout, provider="alertmanager", name="Prod")
    rule = {"name": "Known", "when": condition, "then": "suppress"}
    assert (await asked(doors, "/rules", {"rule": rule})).status_code == 201

    told = await what_if(doors, checkout)

    assert told["reasons"][0] == "The rule “Known”: suppressed it until its alert resolves."


async def test_where_nobody_is_said_to_send_it_that_is_told(doors: House, checkout: ServiceRow):
    rule = {"name": "Known", "when": 'provider == "alertmanager"', "then": "suppress"}
    assert (await asked(doors, "/rules", {"rule": rule})).status_code == 201

    told = await what_if(doors, checkout)

    assert told["reasons"] == ["No integration is said to have sent it: rules that ask for one do not match."]


async def test_the_rules_of_the_service_that_a_rule_moves_it_to_are_asked(
    doors: House, database: Database, checkout: ServiceRow
):
    disks = await a_service(database, "Disks", policy=await a_policy(database, await a_user(database, "Bo")))
    moves = {"name": "To disks", "when": "true", "set": {"service_id": disks.id}}
    for rule, service_id in ((moves, None), ({"name": "Quiet", "when": "true", "then": "suppress"}, disks.id)):
        assert (await asked(doors, "/rules", {"rule": rule, "service_id": service_id})).status_code == 201

    told = await what_if(doors, checkout)

    assert told["reasons"][-1] == "So its incident is suppressed until its alert resolves, and nobody is paged."


@pytest.mark.parametrize("action", ["acknowledge", "resolve"])
async def test_what_opens_nothing_is_told_to_page_nobody(doors: House, checkout: ServiceRow, action: str):
    told = await what_if(doors, checkout, event={"title": "Disk full", "action": action})

    assert (told["pages_at"], told["entries"]) == (None, [])
    assert told["read"] == f"Read as “Disk full”, {action}."
    assert told["reasons"] == [f"A monitor's {action} pages nobody: it changes what is open with its key, if anything."]


async def test_a_payload_that_tells_of_nothing_wrong_pages_nobody(
    doors: House, database: Database, checkout: ServiceRow
):
    await an_integration(database, checkout)

    told = await what_if(doors, checkout, payload={"title": "Disk full", "status": "maintenance"})

    assert told["entries"] == []
    assert told["reasons"] == ["Nothing in it says that something is wrong or over, so nobody is paged."]


async def test_our_own_form_is_refused_with_what_it_does_not_know(doors: House, checkout: ServiceRow):
    assert await refused(doors, checkout, event=SENT) == (
        "event: it has “alerts”, “status” and “version”, which OpsKnight's own form does not know; write action,"
        " component, dedup_key, details, severity, source, tags or title, or choose the integration whose monitor"
        " sends this."
    )


async def test_what_cannot_be_read_is_told_in_its_adapters_words(
    doors: House, database: Database, checkout: ServiceRow
):
    await an_integration(database, checkout, provider="alertmanager")

    said = await refused(doors, checkout, payload={"version": "4"})

    assert said.startswith("Prometheus Alertmanager does not send it so: ")


async def test_an_integration_of_another_service_and_a_payload_of_nobody_are_refused(
    doors: House, database: Database, checkout: ServiceRow
):
    other = await an_integration(database)

    assert await refused(doors, checkout, integration_id=other.id) == (
        "This service has no such integration; choose one from the list."
    )
    assert await refused(doors, checkout, event={"title": "x"}, payload={"title": "x"}) == (
        "Send an event in OpsKnight's own form or a payload as its monitor sends it, not both."
    )
