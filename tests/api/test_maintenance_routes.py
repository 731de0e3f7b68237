"""Maintenance over HTTP: who may plan it, and what the answers say."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from opsknight.api import maintenance
from opsknight.domain.store.engine import Database
from tests.api.house import FROM_US, House
from tests.builders import a_service, a_stored_incident
from tests.clock import NOON, StoppedClock


@pytest.fixture
def doors(house: House) -> House:
    """A house with the routes of maintenance."""
    house.routes.include_router(maintenance.router(house.deps))
    return house


async def asked(house: House, method: str, path: str = "", *, role: str = "responder", **sent: Any) -> httpx.Response:
    headers = {**await house.signed_in(role=role), **FROM_US}
    return await house.client.request(method, f"/api/v1/maintenance{path}", headers=headers, **sent)


NOW_FOR_2_H = {"name": "DB upgrade", "length_s": 7200, "zone": "Europe/Berlin"}


async def test_a_window_without_a_start_begins_now(doors: House):
    answer = await asked(doors, "POST", json=NOW_FOR_2_H)

    assert answer.status_code == 201
    window = answer.json()["window"]
    assert (window["state"], window["about"], window["times"]) == (
        "running",
        "every service",
        "once on Tue 24 Nov 2026 at 13:00 for 2 h, Europe/Berlin",
    )
    assert window["now"] == {"start_at": NOON.timestamp(), "end_at": (NOON + timedelta(hours=2)).timestamp()}


async def test_a_recurring_window_says_when_it_comes_next(doors: House):
    wish = {**NOW_FOR_2_H, "starts_at": "2026-11-27T22:00", "repeat": "weekly", "weekdays": [5], "zone": "UTC"}

    answer = await asked(doors, "POST", json=wish)

    window = answer.json()["window"]
    assert (window["state"], window["now"]) == ("planned", None)
    assert window["times"] == "every Friday at 22:00 for 2 h, UTC"
    assert window["next"]["start_at"] == NOON.replace(day=27, hour=22).timestamp()


async def test_the_list_tells_what_runs_then_what_comes_then_what_is_over(doors: House, clock: StoppedClock):
    await asked(doors, "POST", json={**NOW_FOR_2_H, "name": "Short", "length_s": 60})
    await asked(doors, "POST", json={**NOW_FOR_2_H, "name": "Later", "starts_at": "2026-11-30T10:00"})
    await asked(doors, "POST", json=NOW_FOR_2_H)
    clock.advance(timedelta(minutes=5))

    answer = await asked(doors, "GET", role="observer")

    told = [(one["name"], one["state"]) for one in answer.json()["windows"]]
    assert told == [("DB upgrade", "running"), ("Later", "planned"), ("Short", "over")]
    running = (await asked(doors, "GET", "/running")).json()["windows"]
    assert [one["name"] for one in running] == ["DB upgrade"]


async def test_what_it_would_silence_is_previewed_and_then_silenced(doors: House, database: Database):
    service = await a_service(database)
    await a_stored_incident(database, service, alert=True, timer="escalation")
    wish = {**NOW_FOR_2_H, "service_id": service.id}

    assert (await asked(doors, "POST", "/preview", json=wish)).json() == {"open": 1}
    answer = await asked(doors, "POST", json={**wish, "also_open": True})

    assert answer.json()["silenced"] == 1
    assert answer.json()["window"]["resting"] == 1
    assert answer.json()["sentence"].endswith("1 open incident rests until it ends.")


async def test_a_running_window_is_extended_ended_and_a_coming_one_cancelled(doors: House):
    path = f"/{(await asked(doors, 'POST', json=NOW_FOR_2_H)).json()['window']['id']}"

    longer = await asked(doors, "POST", f"{path}/extend", json={"for_s": 14_400})
    ended = await asked(doors, "POST", f"{path}/end")
    again = await asked(doors, "DELETE", path)

    assert longer.json()["sentence"] == "“DB upgrade” ends in 4 h now."
    assert ended.json()["window"]["state"] == "over"
    assert (again.status_code, again.json()["detail"]) == (409, "“DB upgrade” is over already.")


@pytest.mark.parametrize(
    "wrong",
    [
        {"starts_at": "2026-11-24T22:00+01:00"},
        {"matchers": [{"field": "colour", "values": ["red"]}]},
        {"zone": "Mars/Olympus"},
        {"service_id": 4711},
        {"repeat": "weekly"},
    ],
)
async def test_a_wish_that_cannot_be_is_refused_with_a_sentence(doors: House, wrong: dict[str, Any]):
    answer = await asked(doors, "POST", json={**NOW_FOR_2_H, **wrong})

    assert answer.status_code == 422
    assert answer.json()["detail"]


async def test_an_observer_sees_windows_and_plans_none(doors: House):
    answer = await asked(doors, "POST", role="observer", json=NOW_FOR_2_H)

    assert answer.status_code == 403
    assert answer.json()["detail"] == "An observer cannot plan maintenance; ask a responder."
