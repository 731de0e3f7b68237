"""What if: the whole future of an event over HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from opsknight.api import foreseeing, maintenance, rules
from opsknight.domain.model.support_hours import Part, SupportHours
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import ServiceRow
from tests.api.house import FROM_US, House
from tests.builders import a_policy, a_service, a_team, a_user
from tests.clock import NOON


@pytest.fixture
def doors(house: House) -> House:
    """A house with the routes that the answers depend on."""
    for routes in (foreseeing, maintenance, rules):
        house.routes.include_router(routes.router(house.deps))
    return house


@pytest.fixture
async def checkout(database: Database) -> ServiceRow:
    """A service that pages Ada, after five minutes Bo, then its manager."""
    ada, bo = await a_user(database, "Ada"), await a_user(database, "Bo")
    team = await a_team(database, managers=[await a_user(database, "Max")])
    policy = await a_policy(database, ada, bo, team=team, repeats=0)
    return await a_service(database, "Checkout", team=team, policy=policy)


async def asked(house: House, method: str, path: str, **sent: Any) -> httpx.Response:
    headers = {**await house.signed_in(role="manager"), **FROM_US}
    return await house.client.request(method, f"/api/v1{path}", headers=headers, **sent)


async def what_if(house: House, service: ServiceRow, **wish: Any) -> dict[str, Any]:
    answer = await asked(house, "POST", "/what-if", json={"service_id": service.id, **wish})
    assert answer.status_code == 200, answer.text
    return answer.json()


def whom(told: dict[str, Any]) -> list[tuple[float, str, str]]:
    return [(one["after_s"], one["kind"], message["user"]) for one in told["entries"] for message in one["messages"]]


async def test_an_event_that_nobody_acknowledges_goes_from_step_to_step_to_the_safety_net(
    doors: House, checkout: ServiceRow
):
    told = await what_if(doors, checkout)

    assert whom(told)[:3] == [(0, "step", "Ada"), (300, "step", "Bo"), (600, "net", "Max")]
    assert (told["urgency"], told["reasons"], told["goes_on"]) == ("high", [], True)


async def test_a_rule_that_suppresses_is_named_and_nobody_is_paged(doors: House, checkout: ServiceRow):
    rule = {"name": "Staging is quiet", "when": 'tags.env == "staging"', "then": "suppress"}
    assert (await asked(doors, "POST", "/rules", json={"rule": rule})).status_code == 201

    told = await what_if(doors, checkout, event={"tags": {"env": "staging"}})

    assert told["entries"] == []
    assert told["reasons"] == [
        "The rule “Staging is quiet”: suppressed it until its alert resolves.",
        "So its incident is suppressed until its alert resolves, and nobody is paged.",
    ]


async def test_a_rule_s_pause_is_waited_for(doors: House, checkout: ServiceRow):
    rule = {"name": "Wait and see", "when": 'severity == "critical"', "pause": "5 min"}
    answer = await asked(doors, "POST", "/rules", json={"rule": rule})
    assert answer.status_code == 201, answer.text

    told = await what_if(doors, checkout)

    assert told["pages_at"] == (NOON + timedelta(minutes=5)).timestamp()
    assert whom(told)[0] == (0, "step", "Ada")


async def test_a_low_severity_pages_quietly_unless_said_otherwise(doors: House, checkout: ServiceRow):
    quiet = await what_if(doors, checkout, event={"severity": "info"})
    loud = await what_if(doors, checkout, event={"severity": "info"}, urgency="high")

    assert (quiet["urgency"], loud["urgency"]) == ("low", "high")


async def test_what_opens_quietly_is_told_to_become_loud_when_support_hours_begin(
    doors: House, checkout: ServiceRow, database: Database
):
    team = await a_team(database, managers=[await a_user(database, "Cy")])
    hours = SupportHours("UTC", (Part(NOON.isoweekday(), 12 * 60 + 7, 18 * 60),))
    policy = await a_policy(database, await a_user(database, "Dee"), team=team)
    service = await a_service(
        database, team=team, policy=policy, urgency_mode="support_hours", support_hours=hours.to_json()
    )

    told = await what_if(doors, service)

    assert told["urgency"] == "low"
    assert [(one["after_s"], one["sentences"][0]) for one in told["entries"] if "urgency" in one["sentences"][0]] == [
        (420, "OpsKnight raised the urgency to high: support hours have begun.")
    ]


@pytest.mark.parametrize("decides", ["rule", "person"])
async def test_what_a_rule_or_the_one_who_asks_has_made_quiet_is_not_told_to_become_loud(
    doors: House, database: Database, decides: str
):
    hours = SupportHours("UTC", (Part(NOON.isoweekday(), 12 * 60 + 7, 18 * 60),))
    policy = await a_policy(database, await a_user(database, "Dee"))
    service = await a_service(database, policy=policy, urgency_mode="support_hours", support_hours=hours.to_json())
    rule = {"name": "Quietly", "when": "true", "set": {"urgency": "low"}}
    if decides == "rule":
        assert (await asked(doors, "POST", "/rules", json={"rule": rule})).status_code == 201

    told = await what_if(doors, service, **({} if decides == "rule" else {"urgency": "low"}))

    assert told["urgency"] == "low"
    assert not any("urgency" in sentence for one in told["entries"] for sentence in one["sentences"])


@pytest.mark.parametrize(("begins_min", "pages_min"), [(0, 60), (3, 63), (5, 65), (6, 5), (-57, 5)])
async def test_a_pause_and_a_window_are_waited_for_as_the_engine_does(
    doors: House, checkout: ServiceRow, begins_min: int, pages_min: int
):
    rule = {"name": "Wait and see", "when": "true", "pause": "5 min"}
    assert (await asked(doors, "POST", "/rules", json={"rule": rule})).status_code == 201
    starts_at = (NOON + timedelta(minutes=begins_min)).replace(tzinfo=None).isoformat()
    window = {"name": "DB upgrade", "starts_at": starts_at, "length_s": 3600, "service_id": checkout.id}
    assert (await asked(doors, "POST", "/maintenance", json=window)).status_code == 201

    told = await what_if(doors, checkout)

    assert told["pages_at"] == (NOON + timedelta(minutes=pages_min)).timestamp()


async def test_a_policy_that_is_not_saved_yet_is_played_through(doors: House, checkout: ServiceRow, database: Database):
    cy = await a_user(database, "Cy")
    step = {"targets": [{"kind": "user", "id": cy.id}], "wait_s": 60}
    document = {"name": "New", "team_id": checkout.team_id, "repeats": 0, "steps": [step]}

    told = await what_if(doors, checkout, policy=document)

    assert whom(told)[:2] == [(0, "step", "Cy"), (60, "net", "Max")]


async def test_the_past_cannot_be_asked_about(doors: House, checkout: ServiceRow):
    long_ago = (NOON - timedelta(days=1)).isoformat()

    answer = await asked(doors, "POST", "/what-if", json={"service_id": checkout.id, "at": long_ago})

    assert answer.status_code == 422
    assert answer.json()["detail"] == "Say an instant from now on and at most 400 days away."
