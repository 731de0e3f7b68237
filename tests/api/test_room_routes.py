"""Rooms over HTTP: added by who manages the team, tested, and removed while nothing posts there."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from sqlalchemy import text

from opsknight.api import rooms
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import TeamRow, UserRow
from opsknight.jobs.channels import table
from opsknight.jobs.channels.channel import Ground
from tests.api.house import FROM_US, House
from tests.builders import a_policy, a_room, a_team, a_user

LIST = {"channel": "email", "address": " ops@example.org ", "label": "ops list"}


@pytest.fixture
def doors(house: House) -> House:
    """A house with the routes of rooms, and every channel."""
    house.deps.channels = table.kinds(Ground(house.deps.settings, "", house.clock.now))
    house.routes.include_router(rooms.router(house.deps))
    return house


@pytest.fixture
async def boss(database: Database) -> UserRow:
    return await a_user(database, "Ada", role="manager")


@pytest.fixture
async def team(database: Database, boss: UserRow) -> TeamRow:
    return await a_team(database, "Platform", managers=[boss])


async def asked(house: House, user: UserRow, method: str, path: str, **sent: Any) -> httpx.Response:
    async with house.client as client:
        headers = {**await house.browser_of(user), **FROM_US}
        return await client.request(method, f"/api/v1/{path}", headers=headers, **sent)


async def read(house: House, sql: str) -> list[tuple[Any, ...]]:
    async with house.deps.reading() as session:
        return [tuple(row) for row in await session.execute(text(sql))]


async def test_a_room_is_added_and_a_first_message_goes_out(doors: House, boss: UserRow, team: TeamRow):
    answer = await asked(doors, boss, "POST", f"teams/{team.id}/rooms", json=LIST)

    assert answer.status_code == 201
    assert [(one["name"], one["team"], one["verified_at"]) for one in answer.json()["rooms"]] == [
        ("ops list in Mail", "Platform", None)
    ]
    sent = await read(doors, "SELECT p.kind, m.address FROM notifications n JOIN pages p ON p.id = n.page_id"
                      " JOIN contact_methods m ON m.id = n.contact_method_id")  # fmt: skip
    assert sent == [("confirm", "ops@example.org")]


@pytest.mark.parametrize(
    ("wish", "sentence"),
    [
        ({"address": "nonsense"}, "e-mail address"),
        ({"channel": "push"}, "cannot post by this channel"),
        ({"channel": "pigeon"}, "cannot post by this channel"),
    ],
)
async def test_what_is_no_room_is_refused_in_words(
    doors: House, boss: UserRow, team: TeamRow, wish: dict[str, str], sentence: str
):
    answer = await asked(doors, boss, "POST", f"teams/{team.id}/rooms", json={**LIST, **wish})

    assert answer.status_code == 422
    assert sentence in answer.json()["detail"]


async def test_the_same_room_is_not_added_twice(doors: House, boss: UserRow, team: TeamRow):
    await asked(doors, boss, "POST", f"teams/{team.id}/rooms", json=LIST)

    assert (await asked(doors, boss, "POST", f"teams/{team.id}/rooms", json=LIST)).status_code == 409


async def test_who_manages_another_team_may_not(doors: House, database: Database, boss: UserRow):
    other = await a_team(database, "Payments")

    assert (await asked(doors, boss, "POST", f"teams/{other.id}/rooms", json=LIST)).status_code == 403


async def test_a_room_in_which_a_step_posts_stays(doors: House, database: Database, boss: UserRow, team: TeamRow):
    room = await a_room(database, team)
    await a_policy(database, [room])

    answer = await asked(doors, boss, "DELETE", f"rooms/{room.id}")

    assert answer.status_code == 409
    assert "take it out of the policy first" in answer.json()["detail"]


async def test_a_room_is_tested_and_removed(doors: House, database: Database, boss: UserRow, team: TeamRow):
    room = await a_room(database, team)

    tested = await asked(doors, boss, "POST", f"rooms/{room.id}/test")
    removed = await asked(doors, boss, "DELETE", f"rooms/{room.id}")

    assert (tested.status_code, removed.status_code) == (200, 200)
    assert removed.json()["rooms"] == []


async def test_a_persons_address_is_no_room(doors: House, database: Database, boss: UserRow):
    ids = await read(doors, f"SELECT id FROM contact_methods WHERE user_id = {boss.id}")  # noqa: S608

    assert (await asked(doors, boss, "DELETE", f"rooms/{ids[0][0]}")).status_code == 404


async def test_every_channel_says_what_an_address_on_it_is(doors: House, boss: UserRow):
    answer = await asked(doors, boss, "GET", "channels")

    assert {"channel": "ntfy", "label": "ntfy", "address": "Topic", "rooms": True, "ready": True}.items() <= next(
        one for one in answer.json()["channels"] if one["channel"] == "ntfy"
    ).items()
