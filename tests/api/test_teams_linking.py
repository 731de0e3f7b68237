"""A chat in Teams becomes a person's contact method, or a team's room, by the address that the bot told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from opsknight.api import own_methods, rooms
from opsknight.carriers import TeamsSettings
from opsknight.domain.model.teams import CHANNEL, Place, sealed
from opsknight.domain.store.engine import Database
from opsknight.jobs.channels import table
from opsknight.jobs.channels.channel import Ground
from tests.api.house import FROM_US, House
from tests.builders import a_team, a_user
from tests.peers.teams import ADA, APP_ID, APP_SECRET, CHAT, ROOM

SERVICE = "https://smba.trafficmanager.net/emea/"
PERSONS, CHANNELS = Place(SERVICE, CHAT, ADA), Place(SERVICE, ROOM)


@pytest.fixture
async def doors(house: House) -> AsyncIterator[House]:
    its = TeamsSettings(app_id=APP_ID, app_secret=APP_SECRET)
    ground = Ground(house.deps.settings, "", house.clock.now, given={TeamsSettings: its})
    house.deps.channels = table.kinds(ground)
    for routes in (own_methods, rooms):
        house.routes.include_router(routes.router(house.deps))
    return house


async def added(house: House, path: str, address: str, **person: Any) -> httpx.Response:
    headers = {**await house.signed_in(**person), **FROM_US}
    async with house.client as client:
        return await client.post(f"/api/v1/{path}", headers=headers, json={"channel": CHANNEL, "address": address})


async def stored(house: House) -> list[tuple[str, Any]]:
    async with house.deps.reading() as session:
        sql = text("SELECT address, secret FROM contact_methods WHERE channel = 'teams_bot'")
        return [tuple(row) for row in await session.execute(sql)]


async def test_a_person_is_known_by_their_account_and_reached_in_their_chat(doors: House):
    answer = await added(doors, "me/contact-methods", sealed(PERSONS, APP_SECRET))

    assert answer.status_code == 201
    assert "secret" not in answer.json()  # how the chat is reached is nobody's to copy
    assert await stored(doors) == [(ADA, {"service_url": SERVICE, "conversation": CHAT})]


async def test_a_room_is_its_channel(doors: House, database: Database):
    team = await a_team(database, "Ops")

    answer = await added(doors, f"teams/{team.id}/rooms", sealed(CHANNELS, APP_SECRET), role="admin")

    assert answer.status_code == 201
    assert "secret" not in answer.json()
    assert await stored(doors) == [(ROOM, {"service_url": SERVICE, "conversation": ROOM})]


@pytest.mark.parametrize("address", [ROOM, ADA, SERVICE, sealed(Place("https://evil.example/", CHAT, ADA), "guessed")])
async def test_an_address_that_the_bot_has_not_told_is_refused_in_words(doors: House, address: str):
    answer = await added(doors, "me/contact-methods", address)

    assert answer.status_code == 422
    assert "Write anything to the OpsKnight app in Teams" in answer.json()["detail"]
    assert await stored(doors) == []


async def test_without_a_bot_the_sentence_says_what_to_set(house: House):
    house.deps.channels = table.kinds(
        Ground(house.deps.settings, "", house.clock.now, given={TeamsSettings: TeamsSettings()})
    )
    house.routes.include_router(own_methods.router(house.deps))
    await a_user(house.database)

    answer = await added(house, "me/contact-methods", sealed(PERSONS, APP_SECRET))

    assert answer.status_code == 422
    wanted = "A Teams bot is not set up: set OPSKNIGHT_TEAMS_APP_ID, OPSKNIGHT_TEAMS_APP_SECRET."
    assert answer.json()["detail"] == wanted
