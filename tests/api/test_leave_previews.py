"""Leave and temporary schedules before they are: who is on call then, and the gaps that they make."""

from __future__ import annotations

from typing import Any

import pytest

from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import UserRow
from tests.api.house import House
from tests.api.previews import DAY, HOUR, a_day_layer, asked, hour, hours, made, with_schedules
from tests.builders import a_user
from tests.clock import NOON


@pytest.fixture
def doors(house: House) -> House:
    return with_schedules(house)


@pytest.fixture
async def people(database: Database) -> list[UserRow]:
    return [await a_user(database, "Ada"), await a_user(database, "Bo"), await a_user(database, "Cy", reachable=False)]


async def test_a_leave_is_foreseen_with_who_has_the_shifts_and_the_gaps_that_it_makes(
    doors: House, database: Database, people: list[UserRow]
):
    ada, bo, cy = people
    number = await made(doors, database, a_day_layer(ada, bo))
    document = (await asked(doors, "GET", f"/schedules/{number}")).json()["schedule"]
    assert (await asked(doors, "PUT", f"/schedules/{number}", json={**document, "on_leave": "remove"})).is_success
    gone = {"user_id": cy.id, "start_at": (NOON + 4 * HOUR).timestamp(), "end_at": (NOON + DAY).timestamp()}
    assert (await asked(doors, "POST", "/leaves", json=gone)).status_code == 201
    span = {"start_at": NOON.timestamp(), "end_at": (NOON + 6 * HOUR).timestamp()}

    told = (
        await asked(doors, "POST", "/leaves/preview", json={"user_id": ada.id, "substitute_id": cy.id, **span})
    ).json()

    [line] = told["schedules"]
    assert hours(line["taken"]) == [("Cy", 0, 4)]
    assert [[hour(at) for at in gap] for gap in line["gaps"]] == [[4, 6]]
    assert told["sentence"] == (
        "Ada is away for 6 h from now on; Cy has their shifts."
        " For 2 h of that, in 4 h, nobody is on call in “Primary”: Cy is away then too."
        " No page can reach Cy: they have no verified contact method."
    )
    assert len((await asked(doors, "GET", "/leaves")).json()["leaves"]) == 1


async def a_leave(house: House, user: UserRow, start: float, end: float, **what: Any) -> None:
    span = {"start_at": (NOON + start * HOUR).timestamp(), "end_at": (NOON + end * HOUR).timestamp()}
    answer = await asked(house, "POST", "/leaves", json={"user_id": user.id, **span, **what})
    assert answer.status_code == 201, answer.text


async def test_a_temporary_schedule_is_foreseen_with_who_is_away_and_as_its_schedule_does_without_them(
    doors: House, database: Database, people: list[UserRow]
):
    ada, bo, cy = people
    number = await made(doors, database, a_day_layer(cy))
    document = (await asked(doors, "GET", f"/schedules/{number}")).json()["schedule"]
    assert (await asked(doors, "PUT", f"/schedules/{number}", json={**document, "on_leave": "remove"})).is_success
    await a_leave(doors, ada, 30, 40)
    await a_leave(doors, bo, 50, 60, substitute_id=cy.id)
    span = {"start_at": (NOON + DAY).timestamp(), "end_at": (NOON + 3 * DAY).timestamp()}
    moving = {"name": "Moving day", "layers": [a_day_layer(ada, bo, starts_at="2026-11-25T12:00:00")], **span}

    told = (await asked(doors, "POST", f"/schedules/{number}/temporary/preview", json=moving)).json()["timeline"]
    assert (await asked(doors, "POST", f"/schedules/{number}/temporary", json=moving)).status_code == 201
    window = {"from": span["start_at"], "to": span["end_at"]}
    then = (await asked(doors, "GET", f"/schedules/{number}/timeline", params=window)).json()["timeline"]

    assert hours(told["final"]) == hours(then["final"])
    assert [[hour(at) for at in gap] for gap in told["gaps"]] == [[30, 40]]
    assert [one["name"] for one in told["layers"]] == ["Daily"]
    assert {turn["user"] for turn in told["layers"][0]["turns"]} >= {"Ada", "Bo"}


async def test_a_temporary_schedule_that_cannot_be_is_not_foreseen(
    doors: House, database: Database, people: list[UserRow]
):
    number = await made(doors, database, a_day_layer(people[0]))
    span = {"start_at": NOON.timestamp(), "end_at": (NOON - DAY).timestamp()}

    backwards = await asked(
        doors, "POST", f"/schedules/{number}/temporary/preview", json={"name": "", "layers": [], **span}
    )

    assert (backwards.status_code, "ends before it begins" in backwards.text) == (422, True)


async def test_a_new_schedule_is_foreseen_with_who_is_away(doors: House, people: list[UserRow]):
    ada, bo, _ = people
    await a_leave(doors, ada, 6, 8, substitute_id=bo.id)
    await a_leave(doors, ada, 12, 14)
    draft = {"name": "New", "team_id": 1, "zone": "UTC", "on_leave": "remove", "layers": [a_day_layer(ada)]}
    window = {"from_at": NOON.timestamp(), "to_at": (NOON + DAY).timestamp()}

    told = (await asked(doors, "POST", "/schedules/preview", json={**draft, **window})).json()["timeline"]

    assert hours(told["final"])[:3] == [("Ada", 0, 6), ("Bo", 6, 8), ("Ada", 8, 12)]
    assert [[hour(at) for at in gap] for gap in told["gaps"]] == [[12, 14]]


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"start_at": (NOON - DAY).timestamp(), "end_at": (NOON - HOUR).timestamp()}, "ends after it begins"),
        ({"user_id": 1, "substitute_id": 1}, "Nobody can substitute for themselves"),
        ({"user_id": 4711}, "no person with the number 4711"),
    ],
)
async def test_a_leave_that_cannot_be_is_not_foreseen(
    doors: House, people: list[UserRow], wish: dict[str, Any], words: str
):
    span = {"start_at": NOON.timestamp(), "end_at": (NOON + HOUR).timestamp()}

    answer = await asked(doors, "POST", "/leaves/preview", json={**span, **wish})

    assert (answer.status_code, words in answer.text) == (422, True)
