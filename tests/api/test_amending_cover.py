"""Overrides and leave that are changed by the API: foreseen instead of what they are, then so in one step."""

from __future__ import annotations

import pytest

from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import UserRow
from tests.api.house import House
from tests.api.previews import HOUR, a_day_layer, asked, hours, made, with_schedules
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


async def test_what_is_not_there_is_not_changed(doors: House, people: list[UserRow]):
    wish = {"change": "add", "user_id": people[0].id, **between(2, 6)}

    override = await asked(doors, "PUT", "/overrides/4711", json=wish)
    leave = await asked(doors, "PUT", "/leaves/4711", json=between(2, 6))
    refused = await asked(doors, "PUT", "/leaves/4711", role="observer", json=between(2, 6))

    assert [one.status_code for one in (override, leave, refused)] == [404, 404, 403]
