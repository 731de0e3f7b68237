"""Rules over HTTP: checked while they are written, tried on what has been, and arranged by who may."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from opsknight.api import rules
from opsknight.crypto import new_id
from opsknight.domain.store.engine import Database
from tests.api.house import FROM_US, House
from tests.builders import a_page, a_service, a_stored_incident, a_user, an_alert, an_integration
from tests.clock import NOON

QUIET = {"name": "Staging wakes nobody", "when": 'tags.env == "staging"', "then": "suppress"}


@pytest.fixture
def doors(house: House) -> House:
    """A house with the routes of rules."""
    house.routes.include_router(rules.router(house.deps))
    return house


async def asked(house: House, method: str, path: str = "", *, role: str = "manager", **sent: Any) -> httpx.Response:
    headers = {**await house.signed_in(role=role), **FROM_US}
    return await house.client.request(method, f"/api/v1/rules{path}", headers=headers, **sent)


async def names(house: House) -> list[str]:
    return [line["name"] for line in (await asked(house, "GET")).json()["rules"]]


async def a_saved_rule(house: House, name: str = "Quiet", **more: Any) -> int:
    answer = await asked(house, "POST", json={"rule": {**QUIET, "name": name}, **more})
    assert answer.status_code == 201, answer.text
    return answer.json()["rule"]["id"]


async def test_a_rule_that_is_saved_is_known_to_ingest_when_it_is_answered(doors: House, database: Database):
    integration = await an_integration(database)
    await doors.deps.catalogue.load()

    answer = await asked(doors, "POST", json={"rule": QUIET})

    assert (answer.status_code, answer.json()["rule"]["words"]) == (201, ["suppresses it until its alert resolves"])
    known = doors.deps.catalogue.known(integration.key)
    assert known is not None
    assert known.common_rules is not None
    assert [ready.rule.name for ready in known.common_rules.ready] == ["Staging wakes nobody"]


async def test_a_rule_of_a_service_concerns_no_other(doors: House, database: Database):
    mine, other = await an_integration(database), await an_integration(database)

    await a_saved_rule(doors, service_id=mine.service_id)

    known = doors.deps.catalogue.known
    assert [bool(one and one.rules) for one in (known(mine.key), known(other.key))] == [True, False]


async def test_a_rule_comes_and_goes_as_yaml_and_as_parts_alike(doors: House):
    written = 'name: Loud disk\nwhen: title contains "disk"\nset:\n  priority: P1\n'

    answer = await asked(doors, "POST", json={"yaml": written})

    line = (await asked(doors, "GET")).json()["rules"][0]
    assert answer.status_code == 201
    assert line["rule"] == {"name": "Loud disk", "when": 'title contains "disk"', "set": {"priority": "P1"}}
    assert line["yaml"] == written


@pytest.mark.parametrize(
    ("draft", "part", "marked", "says"),
    [
        ({"rule": {**QUIET, "when": 'titel == "x"'}}, "when", "titel", "There is no field titel; did you mean title?"),
        ({"rule": {**QUIET, "when": '\n  titel == "x" \n'}}, "when", "titel", "There is no field titel;"),
        ({"rule": {**QUIET, "then": "mute"}}, "then", "", "then is “mute”; it can be suppress or drop."),
        ({"yaml": "name: a\nname: b"}, "yaml", "", "Line 2: “name” stands here twice."),
        ({"yaml": "a: &x [1]\nb: *x"}, "yaml", "", "Line 2: references (*name) are not used here."),
        ({"yaml": "a: !!python/object:os.system x"}, "yaml", "", "Line 1: could not determine a constructor"),
        ({"yaml": "[" * 5000}, "yaml", "", ""),
        ({"yaml": "just text"}, "rule", "", "The rule is no list of names with values."),
    ],
)
async def test_a_check_says_which_part_is_wrong_and_where(
    doors: House, draft: dict[str, Any], part: str, marked: str, says: str
):
    problem = (await asked(doors, "POST", "/check", json=draft)).json()["problem"]

    assert problem["part"] == part
    assert problem["sentence"].startswith(says)
    if marked:
        when = draft["rule"]["when"]
        assert when[problem["position"] : problem["position"] + problem["length"]] == marked


async def test_a_rule_without_trouble_is_answered_with_its_yaml_and_what_it_does(doors: House):
    answer = (await asked(doors, "POST", "/check", json={"rule": {**QUIET, "pause": "5m"}})).json()

    assert answer["problem"] is None
    assert answer["yaml"].splitlines()[-1] == "pause: 5m"
    assert answer["words"] == ["suppresses it until its alert resolves", "waits 5 min before it pages"]


async def test_rules_are_asked_in_the_order_that_is_said(doors: House):
    one, two, three = [await a_saved_rule(doors, name) for name in ("one", "two", "three")]

    answer = await asked(doors, "PUT", "/order", json={"ids": [three, one, two]})

    assert answer.status_code == 200
    assert await names(doors) == ["three", "one", "two"]
    assert (await asked(doors, "PUT", "/order", json={"ids": [one, two]})).status_code == 409


async def test_a_rule_is_changed_switched_off_and_deleted_each_with_a_fact(doors: House):
    rule_id = await a_saved_rule(doors)

    changed = await asked(doors, "PUT", f"/{rule_id}", json={"rule": {**QUIET, "then": "drop"}})
    off = await asked(doors, "POST", f"/{rule_id}/enabled", json={"enabled": False})
    deleted = await asked(doors, "DELETE", f"/{rule_id}")

    assert changed.status_code == 200, changed.text
    assert changed.json()["rule"]["rule"]["then"] == "drop"
    assert off.json()["rule"]["enabled"] is False
    assert (deleted.status_code, await names(doors)) == (200, [])
    async with doors.deps.reading() as session:
        told = await session.execute(text("SELECT data ->> 'name' FROM facts WHERE kind = 'configured' ORDER BY seq"))
        assert [name for (name,) in told] == [
            "the rule Quiet",
            "the rule Staging wakes nobody",
            "the rule Staging wakes nobody (switched off)",
            "the rule Staging wakes nobody (deleted)",
        ]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "", {"rule": QUIET}),
        ("POST", "/check", {"rule": QUIET}),
        ("POST", "/preview", {"rule": QUIET}),
        ("PUT", "/order", {"ids": []}),
        ("PUT", "/1", {"rule": QUIET}),
        ("POST", "/1/enabled", {"enabled": False}),
        ("DELETE", "/1", None),
    ],
)
async def test_a_responder_arranges_no_rules(doors: House, method: str, path: str, body: object):
    answer = await asked(doors, method, path, role="responder", **({} if body is None else {"json": body}))

    assert answer.status_code == 403


async def test_a_responder_sees_the_rules(doors: House):
    await a_saved_rule(doors)

    assert (await asked(doors, "GET", role="responder")).json()["rules"][0]["name"] == "Quiet"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"rule": {**QUIET, "when": "titel"}}, 422),
        ({"rule": QUIET, "yaml": "x"}, 422),
        ({}, 422),
        ({"rule": QUIET, "service_id": 999}, 422),
    ],
)
async def test_what_cannot_be_used_is_not_saved(doors: House, body: object, status: int):
    assert (await asked(doors, "POST", json=body)).status_code == status
    assert await names(doors) == []


async def test_a_preview_counts_what_it_matches_and_the_pages_it_would_have_spared(doors: House, database: Database):
    service = await a_service(database, "Checkout")
    integration = await an_integration(database, service)
    user = await a_user(database)
    for number, env in enumerate(("staging", "staging", "prod")):
        at = NOON - timedelta(hours=number)
        incident = await a_stored_incident(database, service, title=f"Disk {number}", created_at=at)
        await an_alert(
            database, incident, id=new_id(), tags={"env": env}, integration_id=integration.id, dedup_key=f"{number}"
        )
        await a_page(database, incident, user)

    answer = (await asked(doors, "POST", "/preview", json={"rule": {**QUIET, "enabled": False}})).json()

    assert answer["sentence"] == ("Of the 3 alerts of the last 7 days it matches 2; it would have spared 2 of 3 pages.")
    assert [(one["before"]["title"], one["fate"]) for one in answer["examples"]] == [
        ("Disk 1", "suppressed"),
        ("Disk 0", "suppressed"),
    ]
    assert await names(doors) == []


async def test_a_preview_of_one_service_looks_at_its_alerts_of_seven_days_only(doors: House, database: Database):
    service = await a_service(database, "Checkout")
    integration = await an_integration(database, service)
    for at in (NOON - timedelta(days=8), NOON):
        incident = await a_stored_incident(database, service, created_at=at)
        await an_alert(database, incident, integration_id=integration.id, dedup_key=str(at))
    elsewhere = await an_integration(database)
    stray = await a_stored_incident(database, await a_service(database))
    await an_alert(database, stray, integration_id=elsewhere.id)

    answer = await asked(doors, "POST", "/preview", json={"rule": {**QUIET, "when": "true"}, "service_id": service.id})

    assert answer.json()["looked_at"] == 1
