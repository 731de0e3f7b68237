"""Schedules and cover over HTTP: written, read back, shown as a time line, and asked who is on call."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from opsknight.api import cover, schedules
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import UserRow
from tests.api.house import FROM_US, House
from tests.builders import a_team, a_user
from tests.clock import NOON

HOUR = timedelta(hours=1)
DAY = 24 * HOUR


@pytest.fixture
def doors(house: House) -> House:
    """A house with the routes of schedules and cover."""
    house.routes.include_router(schedules.router(house.deps))
    house.routes.include_router(cover.router(house.deps))
    return house


async def asked(house: House, method: str, path: str, *, role: str = "admin", **sent: Any) -> httpx.Response:
    headers = {**await house.signed_in(role=role), **FROM_US}
    return await house.client.request(method, f"/api/v1{path}", headers=headers, **sent)


@pytest.fixture
async def people(database: Database) -> list[UserRow]:
    return [await a_user(database, name) for name in ("Ada", "Bo", "Cy")]


async def a_document(database: Database, people: list[UserRow], **what: Any) -> dict[str, Any]:
    """Return Ada, Bo and Cy taking weeks from Monday 09:00 in Berlin, and office hours of Cy above."""
    team = await a_team(database)
    ada, bo, cy = (one.id for one in people)
    weekly = {
        "name": "Weekly",
        "starts_at": "2026-11-23T09:00:00",
        "unit": "weeks",
        "groups": [[ada], [bo]],
    }
    office = {
        "name": "Office",
        "starts_at": "2026-11-23T09:00:00",
        "unit": "weekdays",
        "handoffs": [{"weekday": 1, "at": "09:00"}, {"weekday": 5, "at": "17:00"}],
        "groups": [[cy]],
        "hours": [
            {"weekdays": [2, 3], "start": "09:00", "end": "17:00"},
            {"weekdays": [4], "start": "22:00", "end": "06:00"},
            {"weekdays": [5], "start": "17:00", "end": "09:00", "to_weekday": 1},
        ],
    }
    plan = {"name": "Platform", "team_id": team.id, "zone": "Europe/Berlin", "layers": [office, weekly]}
    return {**plan, **what}


async def made(house: House, document: dict[str, Any]) -> dict[str, Any]:
    answer = await asked(house, "POST", "/schedules", json=document)
    assert answer.status_code == 201, answer.text
    return answer.json()["schedule"]


def on_call(answer: httpx.Response) -> list[tuple[str, str]]:
    assert answer.status_code == 200, answer.text
    return [(one["user"], one["layer"]) for line in answer.json()["schedules"] for one in line["on_call"]]


async def test_a_schedule_comes_back_as_it_was_written_and_can_be_sent_again(
    doors: House, database: Database, people: list[UserRow]
):
    written = await made(doors, await a_document(database, people))
    read = (await asked(doors, "GET", f"/schedules/{written['id']}")).json()["schedule"]

    answer = await asked(doors, "PUT", f"/schedules/{written['id']}", json={**read, "seen_version": read["version"]})

    assert read == written
    assert answer.json()["sentence"] == "“Platform” is like that already."
    office = read["layers"][0]
    assert office["handoffs"] == [{"weekday": 1, "at": "09:00"}, {"weekday": 5, "at": "17:00"}]
    assert office["hours"] == [
        {"weekdays": [2], "start": "09:00", "end": "17:00"},
        {"weekdays": [3], "start": "09:00", "end": "17:00"},
        {"weekdays": [4], "start": "22:00", "end": "06:00"},
        {"weekdays": [5], "start": "17:00", "end": "09:00", "to_weekday": 1},
    ]


async def test_a_layer_that_is_sent_back_with_its_number_may_be_called_otherwise(
    doors: House, database: Database, people: list[UserRow]
):
    written = await made(doors, await a_document(database, people))
    office, weekly = written["layers"]
    renamed = {**written, "layers": [{**office, "name": "By day"}, weekly]}

    answer = await asked(doors, "PUT", f"/schedules/{written['id']}", json=renamed)

    read = answer.json()["schedule"]["layers"]
    assert [(one["id"], one["name"], one["imported"]) for one in read] == [
        (office["id"], "By day", None),
        (weekly["id"], "Weekly", None),
    ]


@pytest.mark.parametrize(
    ("at", "who"),
    [
        ("", [("Cy", "Office")]),
        ("2026-11-24T20:00:00+01:00", [("Ada", "Weekly")]),
        ("2026-11-27T02:00:00Z", [("Cy", "Office")]),
        ("2026-11-30T08:00:00Z", [("Bo", "Weekly")]),
        (str((NOON + 7 * DAY + 8 * HOUR).timestamp()), [("Bo", "Weekly")]),
        ("2026-11-20T12:00:00Z", []),
    ],
)
async def test_who_is_on_call_at_an_instant(
    doors: House, database: Database, people: list[UserRow], at: str, who: list[tuple[str, str]]
):
    await made(doors, await a_document(database, people))

    assert on_call(await asked(doors, "GET", "/oncall", role="observer", params={"at": at})) == who


async def test_who_comes_next_and_until_when_is_told(doors: House, database: Database, people: list[UserRow]):
    await made(doors, await a_document(database, people))

    [line] = (await asked(doors, "GET", "/oncall")).json()["schedules"]

    assert line["on_call"][0]["end_at"] == (NOON + 4 * HOUR).timestamp()
    assert [(one["user"], one["start_at"]) for one in line["next"]] == [("Ada", (NOON + 4 * HOUR).timestamp())]


async def test_a_person_and_a_schedule_narrow_the_answer(doors: House, database: Database, people: list[UserRow]):
    schedule = await made(doors, await a_document(database, people))

    assert on_call(await asked(doors, "GET", f"/oncall?user={people[0].id}")) == []
    assert on_call(await asked(doors, "GET", f"/oncall?schedule={schedule['id']}")) == [("Cy", "Office")]
    assert (await asked(doors, "GET", "/oncall?schedule=4711")).status_code == 404
    assert (await asked(doors, "GET", "/oncall?at=yesterday")).status_code == 422


async def test_the_time_line_shows_all_that_a_schedule_is_made_of(
    doors: House, database: Database, people: list[UserRow]
):
    document = await a_document(database, people)
    shadow = {"name": "Shadow", "starts_at": "2026-11-23T09:00:00", "groups": [[people[1].id]]}
    ends = {**document["layers"][1], "ends_at": "2026-11-25T09:00:00"}
    schedule = await made(doors, {**document, "layers": [document["layers"][0], ends], "shadow_layers": [shadow]})
    path = f"/schedules/{schedule['id']}"
    wish = {"change": "replace", "user_id": people[1].id, "replaces_id": people[2].id}
    span = {"start_at": NOON.timestamp(), "end_at": (NOON + HOUR).timestamp()}
    assert (await asked(doors, "POST", f"{path}/overrides", role="responder", json=wish | span)).status_code == 201

    window = {"from": NOON.isoformat(), "to": (NOON + 2 * DAY).isoformat()}
    found = (await asked(doors, "GET", f"{path}/timeline", params=window)).json()["timeline"]

    assert [(one["user"], one["instead_of"]) for one in found["final"]] == [
        ("Bo", "Cy"),
        ("Cy", None),
        ("Ada", None),
        ("Cy", None),
    ]
    assert [(one["name"], {turn["user"] for turn in one["turns"]}) for one in found["layers"]] == [
        ("Office", {"Cy"}),
        ("Weekly", {"Ada"}),
    ]
    assert [one["name"] for one in found["shadows"]] == ["Shadow"]
    assert [one["change"] for one in found["overrides"]] == ["replace"]
    assert found["gaps"] == [[(NOON + 28 * HOUR).timestamp(), (NOON + 2 * DAY).timestamp()]]


async def test_at_every_instant_who_is_on_call_is_who_the_time_line_shows(
    doors: House, database: Database, people: list[UserRow]
):
    ada, bo, cy = (one.id for one in people)
    nights = [{"weekdays": [1, 2, 3, 4, 5, 6, 7], "start": "22:00", "end": "02:15"}]
    island = {"zone": "Australia/Lord_Howe", "starts_at": "2027-03-01T02:15", "unit": "hours", "length": 7}
    layers = [
        {"name": "Island", "groups": [[ada], [bo, cy]], "hours": nights, **island},
        {"name": "Weekly", "starts_at": "2027-03-27T02:30", "unit": "days", "groups": [[bo], [ada]]},
    ]
    schedule = await made(doors, await a_document(database, people, layers=layers, on_leave="remove"))
    start, path = datetime(2027, 4, 2, 18, tzinfo=UTC), f"/schedules/{schedule['id']}"
    gone = {"start_at": (start + 5 * HOUR).timestamp(), "end_at": (start + 11 * HOUR).timestamp()}
    other = {"start_at": (start + 20 * HOUR).timestamp(), "end_at": (start + 31 * HOUR).timestamp()}
    await asked(doors, "POST", f"{path}/overrides", json={"change": "remove", "replaces_id": bo, **gone})
    await asked(doors, "POST", f"{path}/overrides", json={"change": "add", "user_id": cy, **other})
    await asked(doors, "POST", "/leaves", json={"user_id": ada, **other})

    window = {"from": start.isoformat(), "to": (start + 2 * DAY).isoformat()}
    shown = (await asked(doors, "GET", f"{path}/timeline", params=window)).json()["timeline"]["final"]

    for minute in range(0, 2 * 24 * 60, 97):
        at = (start + timedelta(minutes=minute)).timestamp()
        expected = sorted(one["user"] for one in shown if one["start_at"] <= at < one["end_at"])
        found = on_call(await asked(doors, "GET", "/oncall", params={"at": at, "schedule": schedule["id"]}))
        assert sorted(user for user, _ in found) == expected
    assert {one["user"] for one in shown} == {"Ada", "Bo", "Cy"}


async def test_overrides_swaps_and_leave_are_arranged_by_responders_and_temporary_schedules_by_managers(
    doors: House, database: Database, people: list[UserRow]
):
    schedule = await made(doors, await a_document(database, people))
    path, span = f"/schedules/{schedule['id']}", {"start_at": NOON.timestamp(), "end_at": (NOON + HOUR).timestamp()}
    added = {"change": "add", "user_id": people[0].id, **span}
    temporary = {"name": "Moving day", "layers": [], **span}

    override = await asked(doors, "POST", f"{path}/overrides", role="responder", json=added)
    refused = await asked(doors, "POST", f"{path}/temporary", role="responder", json=temporary)
    replaced = await asked(doors, "POST", f"{path}/temporary", json=temporary)
    asked_for = await asked(doors, "POST", f"{path}/swaps", json={"kind": "cover", "user_id": people[2].id, **span})
    away = await asked(doors, "POST", "/leaves", role="responder", json=span)

    assert [one.status_code for one in (override, refused, replaced, away)] == [201, 403, 201, 201]
    assert asked_for.status_code == 422, "nobody is on call by the temporary schedule"
    assert on_call(await asked(doors, "GET", "/oncall")) == []
    number = replaced.json()["temporary"]["id"]
    assert (await asked(doors, "DELETE", f"/temporary-schedules/{number}")).status_code == 200
    asked_for = await asked(doors, "POST", f"{path}/swaps", json={"kind": "cover", "user_id": people[2].id, **span})
    swap = asked_for.json()["swap"]
    taken = await asked(doors, "POST", f"/swaps/{swap['id']}/take", role="responder", json={})
    assert (swap["status"], taken.json()["swap"]["status"]) == ("open", "taken")
    assert len((await asked(doors, "GET", "/swaps")).json()["swaps"]) == 1
    assert len((await asked(doors, "GET", "/leaves")).json()["leaves"]) == 1


async def test_who_may_withdraw_an_offer_reads_it_though_it_is_offered_to_others(
    doors: House, database: Database, people: list[UserRow]
):
    schedule = await made(doors, await a_document(database, people))
    span = {"start_at": NOON.timestamp(), "end_at": (NOON + HOUR).timestamp()}
    wish = {"kind": "cover", "user_id": people[2].id, "offered_to": [people[0].id], **span}
    swap = (await asked(doors, "POST", f"/schedules/{schedule['id']}/swaps", json=wish)).json()["swap"]

    theirs = (await asked(doors, "GET", "/swaps", role="responder")).json()["swaps"]
    managed = (await asked(doors, "GET", "/swaps")).json()["swaps"]

    assert ([one["id"] for one in theirs], [one["id"] for one in managed]) == ([], [swap["id"]])
    assert (await asked(doors, "DELETE", f"/swaps/{swap['id']}")).status_code == 200
    assert (await asked(doors, "GET", "/swaps")).json()["swaps"] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"zone": "Mars/Olympus"},
        {"layers": [{"name": "Weekly", "groups": [[1]]}]},
        {"layers": [{"name": "Weekly", "starts_at": "2026-11-23T09:00:00Z", "groups": [[1]]}]},
        {"layers": [{"name": "Weekly", "starts_at": "2026-11-23T09:00", "groups": [[]]}]},
        {"name": ""},
    ],
)
async def test_a_document_that_cannot_be_is_refused_with_a_sentence(
    doors: House, database: Database, people: list[UserRow], wrong: dict[str, Any]
):
    answer = await asked(doors, "POST", "/schedules", json={**await a_document(database, people), **wrong})

    assert answer.status_code == 422
    assert answer.json()["detail"]
