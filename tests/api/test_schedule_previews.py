"""What would be: an override before it is made, a schedule before it is saved, and schedules at a glance."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from opsknight.domain.queries.schedule_overviews import overviews, own_shifts, shadowing, team_names
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import UserRow
from tests.api.house import House
from tests.api.previews import DAY, HOUR, a_day_layer, asked, hour, hours, made, with_schedules
from tests.builders import a_team, a_user
from tests.clock import NOON

_NOTHING = "This changes nothing: "


@pytest.fixture
def doors(house: House) -> House:
    return with_schedules(house)


@pytest.fixture
async def people(database: Database) -> list[UserRow]:
    return [await a_user(database, "Ada"), await a_user(database, "Bo"), await a_user(database, "Cy", reachable=False)]


def _day(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).date().isoformat()


def _an_hour(start: str) -> list[float]:
    at = datetime.fromisoformat(start).replace(tzinfo=UTC).timestamp()
    return [at, at + 3600]


async def foreseen(house: House, number: int, start: float, end: float, **wish: Any) -> dict[str, Any]:
    span = {"start_at": (NOON + start * HOUR).timestamp(), "end_at": (NOON + end * HOUR).timestamp()}
    path = f"/schedules/{number}/overrides/preview"
    answer = await asked(house, "POST", path, role="responder", json={**wish, **span})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_replacement_is_foreseen_and_changes_nothing_yet(
    doors: House, database: Database, people: list[UserRow]
):
    ada, bo, cy = people
    number = await made(doors, database, a_day_layer(ada, bo))

    found = await foreseen(doors, number, 2, 6, change="replace", user_id=cy.id, replaces_id=ada.id)

    assert hours(found["before"]) == [("Ada", 2, 6)]
    assert hours(found["after"]) == [("Cy", 2, 6)]
    assert (found["gaps"], found["changes"]) == ([], True)
    assert found["sentence"] == "Cy is on call instead of Ada, for 4 h."
    now = (await asked(doors, "GET", "/oncall")).json()["schedules"][0]["on_call"]
    assert [one["user"] for one in now] == ["Ada"]


async def test_who_is_taken_off_call_leaves_a_gap_that_is_told_before_it_is_saved(
    doors: House, database: Database, people: list[UserRow]
):
    number = await made(doors, database, a_day_layer(*people[:2]))

    found = await foreseen(doors, number, 2, 6, change="remove", replaces_id=people[0].id)

    assert [[hour(at) for at in gap] for gap in found["gaps"]] == [[2, 6]]
    assert (found["gaps_before"], found["sentence"]) == ([], "Ada is off call for 4 h.")


@pytest.mark.parametrize(
    ("wish", "sentence"),
    [
        ({"change": "add", "user_id": 1}, "Bo is on call as well, for 4 h."),
        (
            {"change": "add", "user_id": 0},
            _NOTHING + "Ada is on call then already. Choose another time, or somebody else.",
        ),
        ({"change": "remove", "replaces_id": 1}, _NOTHING + "Bo is not on call then. Choose a time in which they are."),
        ({"change": "replace", "user_id": 1}, "Bo is on call instead of everybody else, for 4 h."),
    ],
)
async def test_what_an_override_would_do_is_said_in_a_sentence(
    doors: House, database: Database, people: list[UserRow], wish: dict[str, Any], sentence: str
):
    number = await made(doors, database, a_day_layer(*people[:2]))
    by_id = {name: people[at].id if name.endswith("_id") else at for name, at in wish.items()}

    assert (await foreseen(doors, number, 2, 6, **by_id))["sentence"] == sentence


async def test_an_override_that_a_temporary_schedule_leaves_without_effect_is_foreseen_to_be_so(
    doors: House, database: Database, people: list[UserRow]
):
    ada, bo, cy = people
    number = await made(doors, database, a_day_layer(ada, bo))
    span = {"start_at": NOON.timestamp(), "end_at": (NOON + 8 * HOUR).timestamp()}
    shifts = [{**span, "user_ids": [ada.id]}]
    moving = {"name": "Moving day", "layers": [{"name": "Move", "kind": "fixed", "shifts": shifts}], **span}
    assert (await asked(doors, "POST", f"/schedules/{number}/temporary", json=moving)).status_code == 201

    found = await foreseen(doors, number, 2, 6, change="replace", user_id=cy.id, replaces_id=ada.id)

    assert found["changes"] is False
    assert found["sentence"].startswith(_NOTHING + "“Moving day” replaces the schedule then")


async def test_what_is_over_counts_in_no_preview(doors: House, database: Database, people: list[UserRow]):
    ada, bo, _ = people
    since_yesterday = (NOON - DAY).replace(tzinfo=None).isoformat()
    number = await made(doors, database, a_day_layer(ada, starts_at=since_yesterday))

    found = await foreseen(doors, number, -4, 2, change="replace", user_id=bo.id, replaces_id=ada.id)

    assert hours(found["after"]) == [("Bo", 0, 2)]
    assert found["sentence"] == "Bo is on call instead of Ada, for 2 h."


async def test_a_schedule_is_shown_as_it_would_be_with_its_gaps_and_who_cannot_be_reached(
    doors: House, database: Database, people: list[UserRow]
):
    ada, bo, cy = people
    number = await made(doors, database, a_day_layer(ada, bo))
    instead = {"start_at": NOON.timestamp(), "end_at": (NOON + HOUR).timestamp(), "change": "add", "user_id": bo.id}
    assert (await asked(doors, "POST", f"/schedules/{number}/overrides", json=instead)).status_code == 201
    office = a_day_layer(cy, ada, hours=[{"weekdays": [1, 2, 3, 4, 5, 6, 7], "start": "12:00", "end": "20:00"}])
    draft = {"name": "Primary", "team_id": 1, "zone": "UTC", "layers": [office], "schedule_id": number}
    window = {"from_at": NOON.timestamp(), "to_at": (NOON + 2 * DAY).timestamp()}

    found = (await asked(doors, "POST", "/schedules/preview", json={**draft, **window})).json()

    assert hours(found["timeline"]["final"]) == [("Bo", 0, 1), ("Cy", 0, 8), ("Ada", 24, 32)]
    assert [[hour(at) for at in gap] for gap in found["timeline"]["gaps"]] == [[8, 24], [32, 48]]
    assert [one["change"] for one in found["timeline"]["overrides"]] == ["add"]
    kept = (await asked(doors, "GET", f"/schedules/{number}")).json()["schedule"]
    assert [len(layer["groups"]) for layer in kept["layers"]] == [2]
    assert kept["version"] == 1


async def test_what_a_draft_would_change_is_told_for_each_person_and_in_all(
    doors: House, database: Database, people: list[UserRow]
):
    ada, bo, cy = people
    number = await made(doors, database, a_day_layer(ada, bo))
    office = a_day_layer(cy, ada, hours=[{"weekdays": [1, 2, 3, 4, 5, 6, 7], "start": "12:00", "end": "20:00"}])
    draft = {"name": "Primary", "team_id": 1, "zone": "UTC", "layers": [office], "from_at": NOON.timestamp()}

    changed = (await asked(doors, "POST", "/schedules/preview", json={**draft, "schedule_id": number})).json()
    new = (await asked(doors, "POST", "/schedules/preview", json=draft)).json()

    by_person = {
        one["user"]: (one["on_call_s"] / 3600, one["on_call_now_s"] / 3600, one["shifts"], one["reachable"])
        for one in changed["load"]
    }
    assert by_person == {
        "Cy": (46 * 8, 0, 46, False),
        "Ada": (45 * 8, 46 * 24, 45, True),
        "Bo": (0, 45 * 24, 0, True),
    }
    told = changed["difference"]
    assert (told["handoffs"], told["handoffs_now"]) == (90, 90)
    assert (told["covered_s"] / 3600, told["covered_now_s"] / 3600) == (91 * 8, 91 * 24)
    assert len(told["gaps"]) == 91
    assert (new["difference"]["handoffs_now"], new["difference"]["covered_now_s"]) == (None, None)


async def test_a_draft_weighs_nobody_who_is_only_named_as_a_substitute_elsewhere(
    doors: House, database: Database, people: list[UserRow]
):
    ada, bo, cy = people
    away = {"user_id": cy.id, "start_at": NOON.timestamp(), "end_at": (NOON + DAY).timestamp(), "substitute_id": bo.id}
    assert (await asked(doors, "POST", "/leaves", json=away)).status_code == 201
    draft = {"name": "Primary", "team_id": 1, "zone": "UTC", "layers": [a_day_layer(ada)], "from_at": NOON.timestamp()}
    number = await made(doors, database, a_day_layer(ada))

    found = (await asked(doors, "POST", "/schedules/preview", json={**draft, "schedule_id": number})).json()

    assert [one["user"] for one in found["load"]] == ["Ada"]


async def test_a_draft_tells_what_of_swaps_and_overrides_it_would_undo(
    doors: House, database: Database, people: list[UserRow]
):
    ada, bo, cy = people
    number = await _overridden(doors, database, ada, bo, cy)
    draft = {"name": "Primary", "team_id": 1, "zone": "UTC", "schedule_id": number}

    moved, same = [
        (await asked(doors, "POST", "/schedules/preview", json={**draft, "layers": [layer]})).json()["undone"]
        for layer in (a_day_layer(bo), a_day_layer(ada, bo))
    ]

    assert _undone(moved) == [("Cy", "an override", 2, 6)]
    assert same == []


async def test_a_temporary_schedule_tells_what_of_swaps_and_overrides_it_would_undo(
    doors: House, database: Database, people: list[UserRow]
):
    ada, bo, cy = people
    number = await _overridden(doors, database, ada, bo, cy)
    wish = {"name": "Move", "start_at": NOON.timestamp(), "end_at": (NOON + 2 * DAY).timestamp()}

    path, layers = f"/schedules/{number}/temporary/preview", [a_day_layer(bo)]
    found = (await asked(doors, "POST", path, json={**wish, "layers": layers})).json()["undone"]

    assert _undone(found) == [("Cy", "an override", 2, 6)]


async def _overridden(doors: House, database: Database, ada: UserRow, bo: UserRow, cy: UserRow) -> int:
    """Return a schedule of Ada and Bo on which Cy has four hours of Ada's first day."""
    number = await made(doors, database, a_day_layer(ada, bo))
    instead = {"start_at": (NOON + 2 * HOUR).timestamp(), "end_at": (NOON + 6 * HOUR).timestamp(), "change": "replace"}
    who = {"user_id": cy.id, "replaces_id": ada.id}
    assert (await asked(doors, "POST", f"/schedules/{number}/overrides", json={**instead, **who})).status_code == 201
    return number


def _undone(found: list[dict[str, Any]]) -> list[tuple[str, str, float, float]]:
    return [(one["user"], one["by"], hour(one["start_at"]), hour(one["end_at"])) for one in found]


async def test_a_draft_tells_who_would_be_on_call_as_the_clocks_change_and_who_is_as_it_stands(
    doors: House, database: Database, people: list[UserRow]
):
    ada, bo, _ = people
    number = await made(doors, database, a_day_layer(ada, bo))
    draft = {"name": "Primary", "team_id": 1, "zone": "Europe/Berlin", "layers": [a_day_layer(ada)]}

    told = (await asked(doors, "POST", "/schedules/preview", json={**draft, "schedule_id": number})).json()
    new = (await asked(doors, "POST", "/schedules/preview", json=draft)).json()

    spring, autumn = told["clock_changes"]  # in the 124th and the 341st turn
    assert [one["user"] for change in (spring, autumn) for one in change["shifts"]] == ["Ada", "Ada"]
    assert [one["user"] for change in (spring, autumn) for one in change["shifts_now"]] == ["Bo", "Ada"]
    assert [change["shifts_now"] for change in new["clock_changes"]] == [None, None]


async def test_a_draft_tells_the_changes_of_all_zones_of_its_layers_and_the_gaps_that_they_make(
    doors: House, people: list[UserRow]
):
    ada, bo, _ = people
    every_day = {"weekdays": [1, 2, 3, 4, 5, 6, 7]}
    day = [{**every_day, "start": "09:00", "end": "21:00"}]
    evening = [{**every_day, "start": "15:00", "end": "03:00"}]
    europe = a_day_layer(ada, hours=day, name="Europe", zone="Europe/Berlin", starts_at="2026-11-02T09:00:00")
    america = a_day_layer(bo, hours=evening, name="America", zone="America/New_York", starts_at="2026-11-02T09:00:00")
    draft = {"name": "Sun", "team_id": 1, "zone": "UTC", "layers": [europe, america]}

    told = (await asked(doors, "POST", "/schedules/preview", json=draft)).json()

    assert [(_day(one["at"]), one["zones"]) for one in told["clock_changes"]] == [
        ("2027-03-14", ["America/New_York"]),
        ("2027-03-28", ["Europe/Berlin"]),
        ("2027-10-31", ["Europe/Berlin"]),
        ("2027-11-07", ["America/New_York"]),
    ]
    assert told["difference"]["gaps"] == []
    lacking = told["until_clocks"]["gaps"]
    assert [lacking[0], lacking[-1]] == [_an_hour("2027-03-14T07:00"), _an_hour("2027-11-06T07:00")]
    assert (len(lacking), _day(told["until_clocks"]["until_at"])) == (21, "2027-11-14")


async def test_a_draft_whose_clocks_never_change_is_looked_at_for_thirteen_weeks(doors: House, people: list[UserRow]):
    draft = {"name": "Sun", "team_id": 1, "zone": "UTC", "layers": [a_day_layer(people[0])]}

    told = (await asked(doors, "POST", "/schedules/preview", json=draft)).json()

    assert told["clock_changes"] == []
    assert told["until_clocks"] == {"until_at": told["difference"]["until_at"], "gaps": []}


@pytest.mark.parametrize(
    ("draft", "words"),
    [
        ({"zone": "Mars/Olympus"}, "Mars/Olympus"),
        ({"layers": [{"name": "Daily", "starts_at": "2026-11-23T09:00", "groups": []}]}, "needs at least one group"),
        ({"from_at": 2_000_000_000.0, "to_at": 1_900_000_000.0}, "100 days at most"),
        ({"schedule_id": 4711}, "no such schedule"),
    ],
)
async def test_a_draft_that_cannot_be_is_refused_in_words(doors: House, draft: dict[str, Any], words: str):
    answer = await asked(doors, "POST", "/schedules/preview", json={"name": "", "team_id": 1, **draft})

    assert answer.status_code in {404, 422}
    assert words in answer.text


async def test_only_managers_try_a_draft_and_observers_no_override(
    doors: House, database: Database, people: list[UserRow]
):
    number = await made(doors, database, a_day_layer(*people[:2]))
    wish = {"change": "add", "user_id": people[0].id, "start_at": NOON.timestamp(), "end_at": NOON.timestamp() + 60}

    draft = await asked(doors, "POST", "/schedules/preview", role="responder", json={"name": "", "team_id": 1})
    override = await asked(doors, "POST", f"/schedules/{number}/overrides/preview", role="observer", json=wish)

    assert (draft.status_code, override.status_code) == (403, 403)


async def test_schedules_at_a_glance_say_who_is_on_call_who_is_next_and_what_nobody_covers(
    doors: House, database: Database, people: list[UserRow]
):
    ends = (NOON + 2 * DAY).replace(tzinfo=None).isoformat()
    number = await made(doors, database, a_day_layer(people[0], people[1], ends_at=ends))
    away = {"user_id": people[1].id, "start_at": (NOON + DAY).timestamp(), "end_at": (NOON + 2 * DAY).timestamp()}
    assert (await asked(doors, "POST", "/leaves", json=away)).status_code == 201

    async with database.screens() as session:
        [line] = await overviews(session, at=NOON)
        names = await team_names(session)

    assert (line["schedule"]["id"], line["schedule"]["team"]) == (number, "Platform")
    assert hours(list(line["on_call"])) == [("Ada", 0, 24)]
    assert hours(list(line["next"])) == [("Bo", 24, 48)]
    assert [[hour(at) for at in gap] for gap in line["gaps"]] == [[48, 28 * 24]]
    assert hours(list(line["away"])) == [("Bo", 24, 48)]
    assert "Platform" in names.values()


async def test_somebody_sees_their_own_shifts_to_come(doors: House, database: Database, people: list[UserRow]):
    ends = (NOON + 4 * DAY).replace(tzinfo=None).isoformat()
    await made(doors, database, a_day_layer(people[0], people[1], ends_at=ends))

    async with database.screens() as session:
        mine = await own_shifts(session, people[1].id, at=NOON)

    assert [(one["schedule"], hour(one["start_at"]), hour(one["end_at"])) for one in mine] == [
        ("Primary", 24, 48),
        ("Primary", 72, 96),
    ]


async def test_who_shadows_sees_when_and_has_no_shift_of_it(doors: House, database: Database, people: list[UserRow]):
    ada, bo, _ = people
    document = {"name": "Primary", "team_id": (await a_team(database, "Platform")).id, "zone": "UTC"}
    ends = (NOON + 2 * DAY).replace(tzinfo=None).isoformat()
    shadow = a_day_layer(bo, ends_at=ends)
    wish = {**document, "layers": [a_day_layer(ada)], "shadow_layers": [shadow]}
    assert (await asked(doors, "POST", "/schedules", json=wish)).status_code == 201

    async with database.screens() as session:
        listens, shifts = await shadowing(session, bo.id, at=NOON), await own_shifts(session, bo.id, at=NOON)
        others = await shadowing(session, ada.id, at=NOON)

    assert [(one["schedule"], hour(one["start_at"]), hour(one["end_at"])) for one in listens] == [
        ("Primary", 0, 24), ("Primary", 24, 48),
    ]  # fmt: skip
    assert (shifts, others) == ([], [])
