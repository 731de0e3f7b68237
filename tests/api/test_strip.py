"""What the strip on top of every page is read from again."""

from __future__ import annotations

import pytest

from opsknight.api import strip
from opsknight.domain.store.engine import Database
from tests.api.house import House
from tests.builders import a_schedule, a_service, a_stored_incident, a_user
from tests.clock import NOON

PATH = "/api/v1/strip"


@pytest.fixture
async def headers(house: House) -> dict[str, str]:
    """Those of Ada, an observer, who is signed in."""
    house.routes.include_router(strip.router(house.deps))
    return await house.signed_in(name="Ada", role="observer")


async def test_it_tells_who_is_on_call_when_one_s_own_shift_is_and_what_burns(
    house: House, database: Database, headers: dict[str, str]
):
    await a_schedule(database, await a_user(database, "Bo"), name="Primary")
    service = await a_service(database)
    await a_stored_incident(database, service)
    await a_stored_incident(database, service, status="acknowledged")
    await a_stored_incident(database, service, urgency="low")

    told = (await house.client.get(PATH, headers=headers)).json()

    assert [(duty["schedule"], duty["user"], duty["you"]) for duty in told["on_call"]] == [("Primary", "Bo", False)]
    assert told["on_call"][0]["until"] > NOON.timestamp()
    assert (told["next_shift"], told["counts"], told["now"]) == (None, {"high_unacknowledged": 1}, NOON.timestamp())
    assert len(told["rev"].split(".")) == 3


async def test_nobody_reads_it_who_is_not_signed_in(house: House, headers: dict[str, str]):
    assert headers
    assert (await house.client.get(PATH)).status_code == 401
