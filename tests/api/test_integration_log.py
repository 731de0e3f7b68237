"""The deliveries of an integration over HTTP: told with their verdicts, bodies as they were, to those who may."""

from __future__ import annotations

import pytest

from opsknight.api import integration_log
from opsknight.domain.store.engine import Database
from tests.api.house import House
from tests.builders import a_service, an_event
from tests.clock import StoppedClock
from tests.commands.monitors import Monitor, a_monitor


@pytest.fixture
def doors(house: House) -> House:
    """A house with the log's routes."""
    house.routes.include_router(integration_log.router(house.deps))
    return house


@pytest.fixture
async def monitor(database: Database, clock: StoppedClock) -> Monitor:
    return await a_monitor(database, clock, await a_service(database))


async def test_the_log_tells_what_was_received_and_the_reject_log_what_was_refused(doors: House, monitor: Monitor):
    await monitor.take(an_event())
    await monitor.store(monitor.delivery(refusal="It is no JSON."))
    headers = await doors.signed_in(role="manager")
    path = f"/api/v1/integrations/{monitor.integration.id}/deliveries"

    every = await doors.client.get(path, headers=headers)
    refused = await doors.client.get(f"{path}?refused=true", headers=headers)

    assert sorted(line["status"] for line in every.json()["deliveries"]) == ["accepted", "rejected"]
    assert [line["reason"] for line in refused.json()["deliveries"]] == ["It is no JSON."]


async def test_a_body_is_handed_out_as_it_was_and_never_as_a_page(doors: House, monitor: Monitor):
    (receipt,) = await monitor.store(monitor.delivery(refusal="It is no JSON."))
    headers = await doors.signed_in(role="manager")

    answer = await doors.client.get(
        f"/api/v1/integrations/{monitor.integration.id}/deliveries/{receipt.delivery_id}/body", headers=headers
    )

    assert (answer.content, answer.headers["content-type"]) == (b"{}", "application/octet-stream")
    assert answer.headers["content-disposition"] == "attachment"


async def test_bodies_are_for_those_who_may_see_the_key(doors: House, monitor: Monitor):
    (receipt,) = await monitor.store(monitor.delivery(refusal="It is no JSON."))
    headers = await doors.signed_in(role="responder")

    answer = await doors.client.get(
        f"/api/v1/integrations/{monitor.integration.id}/deliveries/{receipt.delivery_id}/body", headers=headers
    )

    assert answer.status_code == 403


async def test_there_is_no_log_of_an_integration_that_is_not_there(doors: House):
    headers = await doors.signed_in(role="manager")

    answer = await doors.client.get("/api/v1/integrations/999/deliveries", headers=headers)

    assert answer.status_code == 404
