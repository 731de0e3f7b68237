"""Handoff notes over HTTP."""

from __future__ import annotations

from datetime import timedelta

import pytest

from opsknight.api import handoffs
from opsknight.domain.store.engine import Database
from tests.api.house import FROM_US, House
from tests.builders import a_schedule, a_user
from tests.clock import NOON

HOUR = timedelta(hours=1)


@pytest.fixture
def doors(house: House) -> House:
    """A house with these routes."""
    house.routes.include_router(handoffs.router(house.deps))
    return house


async def test_a_note_is_left_read_by_who_comes_and_kept(doors: House, database: Database):
    ada, bo = await a_user(database, "Ada"), await a_user(database, "Bo")
    rota = await a_schedule(database, ada, bo, name="Primary", unit="days", starts_at=NOON - 18 * HOUR)
    of_ada, of_bo = [{**await doors.browser_of(who), **FROM_US} for who in (ada, bo)]
    place = f"/api/v1/schedules/{rota.id}"

    left = await doors.client.put(f"{place}/handoff", headers=of_ada, json={"text": "Mind #412."})
    seen = (await doors.client.get("/api/v1/handoffs", headers=of_bo)).json()
    kept = (await doors.client.get(f"{place}/handoffs", headers=of_bo)).json()

    assert left.json() == {"sentence": "Whoever comes on call on Primary after you reads it."}
    assert [(one["user"], one["text"], one["owned"], one["paged"]) for one in seen["coming"]] == [
        ("Ada", "Mind #412.", [], [])
    ]
    assert [(one["user"], one["text"], one["handoff_at"]) for one in kept["notes"]] == [
        ("Ada", "Mind #412.", (NOON + 6 * HOUR).timestamp())
    ]


async def test_who_is_not_on_call_leaves_nothing_and_an_observer_neither(doors: House, database: Database):
    ada, bo, eve = await a_user(database), await a_user(database), await a_user(database, role="observer")
    rota = await a_schedule(database, ada, bo, unit="days", starts_at=NOON - 18 * HOUR)
    place = f"/api/v1/schedules/{rota.id}/handoff"

    answers = [
        await doors.client.put(place, headers={**await doors.browser_of(who), **FROM_US}, json={"text": "x"})
        for who in (bo, eve)
    ]

    assert [answer.status_code for answer in answers] == [409, 403]


async def test_an_unknown_schedule_has_no_notes(doors: House, database: Database):
    headers = await doors.browser_of(await a_user(database))

    assert (await doors.client.get("/api/v1/schedules/999999/handoffs", headers=headers)).status_code == 404


async def test_what_to_see_to_before_a_shift_is_told_for_shifts_of_the_next_day_alone(doors: House, database: Database):
    ada = await a_user(database, "Ada", zone="Europe/Berlin")
    bo = await a_user(database, "Bo", reachable=False)
    await a_schedule(database, ada, bo, name="Primary", unit="weeks", starts_at=NOON - 18 * HOUR)

    of_ada, of_bo = [
        (await doors.client.get("/api/v1/oncall/checks", headers=await doors.browser_of(who))).json()["shifts"]
        for who in (ada, bo)
    ]

    (shift,) = of_ada
    assert (shift["schedule"], shift["start_at"]) == ("Primary", (NOON - 18 * HOUR).timestamp())
    assert [check["name"] for check in shift["checks"]] == ["reach", "proof", "zone", "calendar"]
    assert of_bo == []
