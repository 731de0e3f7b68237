"""Overrides, temporary schedules and leave that are changed by the API: foreseen first, then so."""

from __future__ import annotations

from typing import Any

import pytest

from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import UserRow
from opsknight.errors import NotFound
from opsknight.ui.schedules.reading import read_temporary
from tests.api.house import House
from tests.api.previews import HOUR, a_day_layer, asked, hour, hours, made, with_schedules
from tests.builders import a_user
from tests.clock import NOON


@pytest.fixture
def doors(house: House) -> House:
    return with_schedules(house)


@pytest.fixture
async def people(database: Database) -> list[UserRow]:
    return [await a_user(database, name) for name in ("Ada", "Bo", "Cy")]


def between(start: float, end: float) -> dict[str, float]:
    return {"start_at": (NOON + start * HOUR).timestamp(), "end_at": (NOON + end * HOUR).timestamp()}


async def test_an_override_is_foreseen_instead_of_what_it_is_and_then_changed(
    doors: House, database: Database, people: list[UserRow]
):
    ada, bo, cy = people
    number = await made(doors, database, a_day_layer(ada))
    wish = {"change": "replace", "user_id": bo.id, "replaces_id": ada.id, **between(2, 6)}
    one = (await asked(doors, "POST", f"/schedules/{number}/overrides", json=wish)).json()["override"]["id"]
    other = {**wish, "user_id": cy.id, **between(4, 8)}

    path = f"/schedules/{number}/overrides/preview?instead_of={one}"
    told = (await asked(doors, "POST", path, json=other)).json()
    done = await asked(doors, "PUT", f"/overrides/{one}", role="responder", json=other)

    assert hours(told["before"]) == [("Bo", 4, 6), ("Ada", 6, 8)]
    assert hours(told["after"]) == [("Cy", 4, 8)]
    assert told["sentence"] == "Cy is on call instead of Ada, for 4 h."
    assert (done.status_code, done.json()["override"]["id"]) == (200, one)
    assert done.json()["sentence"] == "In “Primary”, Cy is on call instead of Ada for 4 h, in 4 h."


async def test_a_leave_is_foreseen_instead_of_what_it_is_and_then_changed(
    doors: House, database: Database, people: list[UserRow]
):
    ada, bo, cy = people
    await made(doors, database, a_day_layer(ada))
    wish = {"user_id": ada.id, "substitute_id": bo.id, **between(2, 6)}
    one = (await asked(doors, "POST", "/leaves", json=wish)).json()["leave"]["id"]
    other = {"substitute_id": cy.id, **between(4, 8)}

    told = (await asked(doors, "POST", f"/leaves/preview?instead_of={one}", json={**other, "user_id": ada.id})).json()
    done = await asked(doors, "PUT", f"/leaves/{one}", json=other)

    assert hours(told["schedules"][0]["taken"]) == [("Cy", 4, 8)]
    assert (done.status_code, done.json()["leave"]["user_id"]) == (200, ada.id)
    assert done.json()["sentence"] == told["sentence"] == "Ada is away for 4 h, in 4 h; Cy has their shifts."


def a_fixed_layer(*shifts: tuple[float, float, UserRow]) -> dict[str, Any]:
    written = [{**between(start, end), "user_ids": [who.id]} for start, end, who in shifts]
    return {"name": "Shifts", "kind": "fixed", "shifts": written}


async def replaced(doors: House, number: int, wish: dict[str, Any]) -> int:
    """Have a schedule replaced for a while, and return the number of what does."""
    answer = await asked(doors, "POST", f"/schedules/{number}/temporary", json=wish)
    assert answer.status_code == 201, answer.text
    return answer.json()["temporary"]["id"]


async def test_a_temporary_schedule_is_read_foreseen_instead_of_what_it_is_and_then_changed(
    doors: House, database: Database, people: list[UserRow]
):
    ada, bo, cy = people
    number = await made(doors, database, a_day_layer(ada))
    wish = {"name": "Moving day", "layers": [a_fixed_layer((2, 6, bo))], **between(2, 6)}
    fair = {"name": "Fair", "layers": [a_fixed_layer((5, 7, ada))], **between(5, 7)}
    one, _ = [await replaced(doors, number, each) for each in (wish, fair)]

    read = (await asked(doors, "GET", f"/temporary-schedules/{one}", role="observer")).json()["temporary"]
    other = {"name": read["name"], "layers": [a_fixed_layer((3, 8, cy))], **between(3, 8)}
    path = f"/schedules/{number}/temporary/preview?instead_of={one}"
    told = (await asked(doors, "POST", path, json=other)).json()
    refused = await asked(doors, "PUT", f"/temporary-schedules/{one}", role="responder", json=other)
    done = await asked(doors, "PUT", f"/temporary-schedules/{one}", json=other)
    window = {"from": NOON.timestamp(), "to": between(0, 9)["end_at"]}
    after = (await asked(doors, "GET", f"/schedules/{number}/timeline", params=window)).json()["timeline"]

    assert read == {"id": one, "schedule_id": number, "version": 1, **wish}
    assert hours(told["timeline"]["final"]) == [("Cy", 3, 5), ("Ada", 5, 7), ("Cy", 7, 8)]
    assert (refused.status_code, done.status_code) == (403, 200)
    assert done.json() == {
        "temporary": {"id": one, "schedule_id": number, "version": 2, **other},
        "sentence": "“Moving day” replaces “Primary” for 5 h, in 3 h.",
    }
    assert hours(after["final"]) == [("Ada", 0, 3), ("Cy", 3, 5), ("Ada", 5, 7), ("Cy", 7, 8), ("Ada", 8, 24)]


async def test_who_saves_a_temporary_schedule_that_somebody_else_changed_meanwhile_is_told(
    doors: House, database: Database, people: list[UserRow]
):
    ada, bo, cy = people
    number = await made(doors, database, a_day_layer(ada))
    one = await replaced(doors, number, {"name": "Fair", "layers": [a_fixed_layer((2, 6, bo))], **between(2, 6)})
    first, second = (
        {"name": name, "layers": [a_fixed_layer((3, 8, cy))], **between(3, 8), "seen_version": 1} for name in ("A", "B")
    )

    answers = [await asked(doors, "PUT", f"/temporary-schedules/{one}", json=wish) for wish in (first, second)]

    assert [answer.status_code for answer in answers] == [200, 409]
    assert answers[1].json()["detail"].startswith("“A” changed while you were looking")
    assert (await asked(doors, "GET", f"/temporary-schedules/{one}")).json()["temporary"]["name"] == "A"


async def test_of_a_temporary_schedule_that_runs_only_what_is_to_come_is_foreseen(
    doors: House, database: Database, people: list[UserRow]
):
    ada, bo, cy = people
    number = await made(doors, database, a_day_layer(ada))
    wish = {"name": "Moving day", "layers": [a_fixed_layer((0, 6, bo))], **between(0, 6)}
    one = await replaced(doors, number, wish)
    doors.clock.advance(2 * HOUR)

    other = {**wish, "layers": [a_fixed_layer((-3, 1, ada), (1, 6, cy))], **between(-3, 6)}
    path = f"/schedules/{number}/temporary/preview?instead_of={one}"
    told = (await asked(doors, "POST", path, json=other)).json()["timeline"]
    over = await asked(doors, "POST", path, json={**wish, **between(-3, 2)})

    assert hours(told["final"]) == [("Cy", 2, 6)]
    assert (hour(told["from_at"]), hour(told["to_at"])) == (2, 6)
    assert over.json()["detail"] == "It is over already, and what was cannot be changed."


async def test_a_page_opens_for_a_temporary_schedule_of_its_schedule_that_is_not_over(
    doors: House, database: Database, people: list[UserRow]
):
    number = await made(doors, database, a_day_layer(people[0]))
    one = await replaced(doors, number, {"name": "Moving day", "layers": [], **between(0, 6)})

    assert (await read_temporary(doors.deps, number, str(one)))["name"] == "Moving day"
    wrong = {(number + 1, str(one)): "on this schedule", (number, "4711"): "no such", (number, "x"): "no such"}
    for (schedule, key), why in wrong.items():
        with pytest.raises(NotFound, match=why):
            await read_temporary(doors.deps, schedule, key)
    doors.clock.advance(6 * HOUR)
    with pytest.raises(NotFound, match="“Moving day” is over already, and what was cannot be changed"):
        await read_temporary(doors.deps, number, str(one))


async def test_what_is_not_there_is_not_changed(doors: House, people: list[UserRow]):
    wish = {"change": "add", "user_id": people[0].id, **between(2, 6)}
    move = {"name": "Moving day", "layers": [], **between(2, 6)}

    override = await asked(doors, "PUT", "/overrides/4711", json=wish)
    unread = await asked(doors, "GET", "/temporary-schedules/4711")
    temporary = await asked(doors, "PUT", "/temporary-schedules/4711", json=move)
    leave = await asked(doors, "PUT", "/leaves/4711", json=between(2, 6))
    refused = await asked(doors, "PUT", "/leaves/4711", role="observer", json=between(2, 6))

    assert [one.status_code for one in (override, unread, temporary, leave, refused)] == [404, 404, 404, 404, 403]
