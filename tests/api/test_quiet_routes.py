"""Inhibitions and how loudly a service pages, over HTTP."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from opsknight.api import inhibitions, service_quiet
from opsknight.domain.store.engine import Database
from tests.api.house import FROM_US, House
from tests.builders import a_service, a_team, a_user

RULE = {
    "name": "Switch before hosts",
    "source": [{"field": "title", "op": "starts with", "values": ["Switch"]}],
    "target": [{"field": "tags.kind", "values": ["host"]}],
    "equal": ["tags.rack"],
}
OFFICE = {"zone": "Europe/Berlin", "parts": [{"weekday": day, "start": "09:00", "end": "17:00"} for day in range(1, 6)]}


@pytest.fixture
def doors(house: House) -> House:
    """A house with the routes of both."""
    house.routes.include_router(inhibitions.router(house.deps))
    house.routes.include_router(service_quiet.router(house.deps))
    return house


async def asked(house: House, method: str, path: str, *, role: str = "admin", **sent: Any) -> httpx.Response:
    headers = {**await house.signed_in(role=role), **FROM_US}
    return await house.client.request(method, f"/api/v1{path}", headers=headers, **sent)


async def test_a_rule_is_made_changed_listed_and_removed(doors: House):
    made = await asked(doors, "POST", "/inhibitions", json=RULE)
    path = f"/inhibitions/{made.json()['inhibition']['id']}"

    changed = await asked(doors, "PUT", path, json={**RULE, "equal": []})
    listed = await asked(doors, "GET", "/inhibitions", role="observer")
    removed = await asked(doors, "DELETE", path)

    assert (made.status_code, changed.json()["sentence"]) == (201, "“Switch before hosts” is changed.")
    assert [(one["source_words"], one["equal"]) for one in listed.json()["inhibitions"]] == [
        ("title starts with Switch", [])
    ]
    assert removed.json()["inhibition"] is None


async def test_a_rule_without_a_source_is_refused_in_words(doors: House):
    answer = await asked(doors, "POST", "/inhibitions", json={**RULE, "source": []})

    assert (answer.status_code, answer.json()["detail"]) == (
        422,
        "Both sides need a condition: without one, everything would keep everything quiet.",
    )


async def test_a_service_goes_by_support_hours_and_tells_them_in_words(doors: House, database: Database):
    service = await a_service(database, "Checkout")

    answer = await asked(
        doors, "PUT", f"/services/{service.id}/urgency", json={"mode": "support_hours", "hours": OFFICE}
    )

    assert (
        answer.json()["sentence"] == "“Checkout” pages loudly Mon–Fri 09:00–17:00, Europe/Berlin, and quietly outside."
    )
    quiet = (await asked(doors, "GET", f"/services/{service.id}/quiet", role="observer")).json()["quiet"]
    assert (quiet["mode"], quiet["parts"][0]) == ("support_hours", {"weekday": 1, "start": "09:00", "end": "17:00"})


async def test_flapping_is_set_and_switched_off(doors: House, database: Database):
    service = await a_service(database, "Checkout")
    path = f"/services/{service.id}/flapping"

    on = await asked(doors, "PUT", path, json={"on": True, "start": 8, "stop": 2, "window_s": 600})
    off = await asked(doors, "PUT", path, json={"on": False})

    assert (
        on.json()["quiet"]["flapping_words"] == "An alert flaps from 8 changes in 10 min until there are fewer than 2"
    )
    assert off.json()["quiet"]["flapping"] is False


@pytest.mark.parametrize(
    ("path", "wish", "status"),
    [
        ("urgency", {"mode": "support_hours"}, 422),
        ("urgency", {"mode": "support_hours", "hours": {"zone": "UTC", "parts": []}}, 422),
        ("urgency", {"mode": "loudly"}, 422),
        ("flapping", {"on": True, "start": 2, "stop": 2}, 422),
    ],
)
async def test_what_cannot_be_kept_is_refused(
    doors: House, database: Database, path: str, wish: dict[str, Any], status: int
):
    service = await a_service(database)

    answer = await asked(doors, "PUT", f"/services/{service.id}/{path}", json=wish)

    assert answer.status_code == status
    assert answer.json()["detail"]


async def test_a_responder_changes_none_of_it(doors: House, database: Database):
    service = await a_service(database)

    for method, path, wish in (
        ("POST", "/inhibitions", RULE),
        ("PUT", f"/services/{service.id}/urgency", {"mode": "low"}),
        ("PUT", f"/services/{service.id}/flapping", {"on": False}),
    ):
        assert (await asked(doors, method, path, role="responder", json=wish)).status_code == 403


async def test_the_manager_of_another_team_changes_neither_how_loudly_a_service_pages_nor_what_flaps(
    doors: House, database: Database
):
    manager = await a_user(database, "Mo", role="manager")
    await a_team(database, "Payments", managers=[manager])
    theirs = await a_service(database, team=await a_team(database, "Search"))
    browser = {**await doors.browser_of(manager), **FROM_US}

    answers = [
        await doors.client.put(f"/api/v1/services/{theirs.id}/{what}", headers=browser, json=wish)
        for what, wish in (("urgency", {"mode": "low"}), ("flapping", {"on": False}))
    ]

    assert [answer.status_code for answer in answers] == [403, 403]
    assert {answer.json()["detail"] for answer in answers} == {
        "You do not manage the team Search; ask one of its managers or an admin."
    }


async def test_the_manager_of_its_team_changes_how_loudly_a_service_pages(doors: House, database: Database):
    manager = await a_user(database, "Mo", role="manager")
    service = await a_service(database, "Checkout", team=await a_team(database, managers=[manager]))
    browser = {**await doors.browser_of(manager), **FROM_US}

    answer = await doors.client.put(f"/api/v1/services/{service.id}/urgency", headers=browser, json={"mode": "high"})

    assert answer.json()["sentence"] == "“Checkout” pages always loudly."


async def test_a_service_that_is_not_there_is_told_so(doors: House):
    assert (await asked(doors, "PUT", "/services/4711/urgency", json={"mode": "low"})).status_code == 404
