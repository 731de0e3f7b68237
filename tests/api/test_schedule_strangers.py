"""Schedules as somebody meets them who has only read the description: odd instants, zones, hours and overrides."""

from __future__ import annotations

from datetime import timedelta
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
EPOCH_OF_NOON = NOON.timestamp()  # Tuesday 2026-11-24 12:00 UTC


@pytest.fixture
def doors(house: House) -> House:
    """A house with the routes of schedules and cover."""
    house.routes.include_router(schedules.router(house.deps))
    house.routes.include_router(cover.router(house.deps))
    return house


@pytest.fixture
async def people(database: Database) -> list[UserRow]:
    return [await a_user(database, name) for name in ("Ada", "Bo", "Cy")]


async def asked(house: House, method: str, path: str, **sent: Any) -> httpx.Response:
    headers = {**await house.signed_in(role="admin"), **FROM_US}
    return await house.client.request(method, f"/api/v1{path}", headers=headers, **sent)


async def make(house: House, database: Database, *layers: dict[str, Any], zone: str = "UTC") -> httpx.Response:
    team = await a_team(database)
    return await asked(
        house, "POST", "/schedules", json={"name": "Odd", "team_id": team.id, "zone": zone, "layers": [*layers]}
    )


async def made(house: House, database: Database, *layers: dict[str, Any], zone: str = "UTC") -> int:
    answer = await make(house, database, *layers, zone=zone)
    assert answer.status_code == 201, answer.text
    return answer.json()["schedule"]["id"]


def a_layer(*people: UserRow, **what: Any) -> dict[str, Any]:
    """Return a layer in which people are on call a day each, from 09:00 to 09:00, the first of them on the 23rd."""
    groups = [[one.id] for one in people]
    return {"name": "Daily", "unit": "days", "starts_at": "2026-11-23T09:00", "groups": groups, **what}


async def on_call(house: House, number: int, at: str) -> list[str]:
    answer = await asked(house, "GET", "/oncall", params={"schedule": number, "at": at})
    assert answer.status_code == 200, answer.text
    return [one["user"] for line in answer.json()["schedules"] for one in line["on_call"]]


async def override(house: House, number: int, start: float, end: float, **wish: Any) -> httpx.Response:
    span = {"start_at": EPOCH_OF_NOON + start * 3600, "end_at": EPOCH_OF_NOON + end * 3600}
    return await asked(house, "POST", f"/schedules/{number}/overrides", json=span | wish)


async def final(house: House, number: int) -> list[tuple[Any, ...]]:
    """Return who is on call in the 24 hours from noon on, in hours from noon."""
    window = {"from": EPOCH_OF_NOON, "to": EPOCH_OF_NOON + 24 * 3600}
    found = (await asked(house, "GET", f"/schedules/{number}/timeline", params=window)).json()["timeline"]["final"]
    return [(one["user"], *((one[at] - EPOCH_OF_NOON) / 3600 for at in ("start_at", "end_at"))) for one in found]


async def test_an_instant_may_be_written_in_many_ways(doors: House):
    written = [
        "2026-11-24T12:00:00Z", "2026-11-24t12:00:00z", "2026-11-24T12:00", "2026-11-24 12:00:00", "20261124T120000Z",
        "2026-11-24T17:45:00+05:45", "2026-11-24T17:45:00 05:45", "2026-11-24T08:30:00-0330", "2026-11-25T01:45+13:45",
        "2026-11-24T12:00:00.000Z", str(int(EPOCH_OF_NOON)), str(int(EPOCH_OF_NOON * 1000)),
    ]  # fmt: skip

    answers = [await asked(doors, "GET", "/oncall", params={"at": at}) for at in written]

    assert [answer.json().get("at") for answer in answers] == [EPOCH_OF_NOON] * len(written)


async def test_what_is_no_instant_is_refused_with_what_to_write(doors: House):
    none = ["now", "2026-02-30T00:00:00Z", "2026-11-24T12:00:00-24:00", "NaN", "-1", "0", "9999-12-31T23:59:59Z", "\0"]

    answers = [await asked(doors, "GET", "/oncall", params={"at": at}) for at in none]

    assert {answer.status_code for answer in answers} == {422}
    assert {answer.json()["detail"][:75] for answer in answers} == {
        "“at” is no instant from 1971 to 2199; write it as 2026-11-24T12:00:00+01:00"
    }


async def test_long_ago_nobody_is_on_call_and_far_ahead_somebody(
    doors: House, database: Database, people: list[UserRow]
):
    number = await made(doors, database, a_layer(*people, unit="hours"), zone="Australia/Lord_Howe")

    assert await on_call(doors, number, "1971-01-01T00:00:00Z") == []
    assert len(await on_call(doors, number, "2199-12-31T23:59:59Z")) == 1


async def test_a_schedule_without_layers_is_a_gap_and_can_be_asked(doors: House, database: Database):
    number = await made(doors, database)

    assert await on_call(doors, number, "") == []
    assert await final(doors, number) == []


HOURS: list[tuple[dict[str, Any], str, str]] = [
    ({"weekdays": [2], "start": "09:00", "end": "09:00"}, "24T09:00 25T08:59", "24T08:59 25T09:00"),
    ({"weekdays": [7], "start": "22:00", "end": "06:00"}, "29T22:00 30T05:59", "29T21:59 30T06:00 23T12:00"),
    ({"weekdays": [2], "start": "00:00", "end": "24:00"}, "24T00:00 24T23:59", "23T23:59 25T00:00"),
    ({"weekdays": [2], "start": "00:00", "end": "00:00"}, "24T00:00 24T23:59", "23T23:59 25T00:00"),
    (
        {"weekdays": [6], "start": "09:00", "end": "08:59", "to_weekday": 6},
        "28T09:00 28T08:58 25T12:00",
        "28T08:59",
    ),
]
"""Hours, and instants of November in Kathmandu that are inside and outside of them."""


async def test_hours_of_a_whole_day_over_midnight_over_the_week_and_of_nearly_a_week(
    doors: House, database: Database, people: list[UserRow]
):
    for hours, inside, outside in HOURS:
        layer = a_layer(people[0], hours=[hours], starts_at="2026-11-16T00:00", unit="weeks")
        number = await made(doors, database, layer, zone="Asia/Kathmandu")

        for at in f"{inside} {outside}".split():
            who = await on_call(doors, number, f"2026-11-{at}:00+05:45")
            assert who == (["Ada"] if at in inside.split() else []), (hours, at)


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"ends_at": "2026-11-22T09:00"}, "UTC", "“Daily” ends before it begins."),
    ({"ends_at": "2026-11-23T09:00"}, "UTC", "“Daily” ends before it begins."),
    ({"starts_at": "2026-11-23T09:00+01:00"}, "UTC", "local times of the zone: say them without an offset"),
    ({"groups": []}, "UTC", "“Daily” needs at least one group of people"),
    ({"length": 0}, "UTC", "length: Input should be greater than or equal to 1."),
    ({}, "localtime", "“localtime” is not the same on every machine"),
    ({}, "+05:45", "“+05:45” is no time zone; write one like Europe/Berlin or UTC."),
    ({"zone": "../../etc/passwd"}, "UTC", "is no time zone; write one like Europe/Berlin or UTC."),
    ({"starts_at": "1969-12-31T09:00"}, "UTC", "in the year 1969; 1970 to 2199 are allowed."),
]
"""What cannot be, the zone of the schedule, and what is told."""


async def test_layers_that_cannot_be_are_refused_with_a_sentence(
    doors: House, database: Database, people: list[UserRow]
):
    for wrong, zone, told in WRONG:
        answer = await make(doors, database, a_layer(people[0], **wrong), zone=zone)

        assert (answer.status_code, told in answer.json()["detail"]) == (422, True), answer.text


async def test_overrides_that_touch_cut_chain_and_remove_do_each_what_they_say(
    doors: House, database: Database, people: list[UserRow]
):
    ada, bo, cy = (one.id for one in people)
    number = await made(doors, database, a_layer(*people[1:]))  # Cy until 09:00 of the 25th, then Bo
    await override(doors, number, 1, 3, change="replace", user_id=ada, replaces_id=cy)
    await override(doors, number, 3, 5, change="replace", user_id=ada, replaces_id=cy)
    taken = await override(doors, number, 2, 4, change="replace", user_id=bo, replaces_id=cy)
    await override(doors, number, 2, 4, change="replace", user_id=bo, replaces_id=ada)
    await override(doors, number, 6, 7, change="remove", replaces_id=cy)
    await override(doors, number, 6.5, 8, change="add", user_id=bo)

    assert (taken.status_code, taken.json()["detail"][:52]) == (
        409,
        "In a part of that time they are replaced by Ada (ove",
    )
    assert await final(doors, number) == [
        ("Cy", 0, 1), ("Ada", 1, 2), ("Bo", 2, 4), ("Ada", 4, 5), ("Cy", 5, 6), ("Bo", 6.5, 8), ("Cy", 7, 21),
        ("Bo", 21, 45),
    ]  # fmt: skip


async def test_a_withdrawn_override_gives_back_what_it_took_and_only_once(
    doors: House, database: Database, people: list[UserRow]
):
    number = await made(doors, database, a_layer(people[0]))
    wish = {"change": "replace", "user_id": people[1].id, "replaces_id": people[0].id}
    made_one = (await override(doors, number, 1, 3, **wish)).json()["override"]

    answers = [await asked(doors, "DELETE", f"/overrides/{made_one['id']}") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 409]
    assert [who for who, *_ in await final(doors, number)] == ["Ada", "Ada"]


async def test_a_span_that_cannot_be_is_refused(doors: House, database: Database, people: list[UserRow]):
    number = await made(doors, database, a_layer(people[0]))
    spans = {(3, 1): "It ends before it begins.", (-3, -1): "It is over already, and what was cannot be changed.",
             (1, 24 * 400): "It lasts 399 d 23 h; a year is the most."}  # fmt: skip

    for (start, end), told in spans.items():
        answer = await override(doors, number, start, end, change="add", user_id=people[1].id)
        assert (answer.status_code, answer.json()["detail"]) == (422, told)


async def test_the_instants_of_a_body_may_be_written_out_with_their_offset_and_are_never_guessed_without(
    doors: House, database: Database, people: list[UserRow]
):
    number = await made(doors, database, a_layer(people[0]))
    wish = {"change": "add", "user_id": people[1].id, "end_at": "2026-11-24T14:00:00Z"}
    path = f"/schedules/{number}/overrides"

    told = await asked(doors, "POST", path, json=wish | {"start_at": "2026-11-24T18:45:00+05:45"})
    without = await asked(doors, "POST", path, json=wish | {"start_at": "2026-11-24T13:00:00"})

    assert told.json()["override"]["start_at"] == (NOON + HOUR).timestamp()
    assert without.status_code == 422
    assert "with its offset, or in seconds since 1970" in without.json()["detail"]


async def test_a_misspelt_name_in_an_override_is_refused_for_without_it_everybody_would_be_replaced(
    doors: House, database: Database, people: list[UserRow]
):
    number = await made(doors, database, a_layer(people[0]))

    answer = await override(doors, number, 1, 2, change="replace", user_id=people[1].id, replaces=people[0].id)

    assert answer.status_code == 422
    assert answer.json()["detail"] == "replaces: Extra inputs are not permitted."
