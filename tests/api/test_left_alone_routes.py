"""When one is left alone, over HTTP: every change answers with how it is then."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from opsknight.api import left_alone
from tests.api.house import FROM_US, House
from tests.builders import a_user

NIGHTS = {"weekdays": [1, 2], "start": "22:00", "end": "07:00"}


@pytest.fixture
def doors(house: House) -> House:
    """A house with the routes."""
    house.routes.include_router(left_alone.router(house.deps))
    return house


async def call(house: House, who: dict[str, str], method: str, path: str, body: Any = None) -> httpx.Response:
    return await house.client.request(method, f"/api/v1/me/{path}", headers={**who, **FROM_US}, json=body)


async def test_everything_is_set_and_answered_as_it_is_then(doors: House):
    ada, bo = await a_user(doors.database, "Ada"), await a_user(doors.database, "Bo")
    who = await doors.browser_of(ada)

    quiet = await call(doors, who, "PUT", "quiet-hours", {"windows": [NIGHTS]})
    away = await call(doors, who, "PUT", "undisturbed", {"for_s": 3600, "substitute_id": bo.id})
    back = await call(doors, who, "DELETE", "undisturbed")

    assert quiet.json()["left_alone"]["quiet_hours"] == [{**NIGHTS, "words": "Mon, Tue 22:00–07:00"}]
    assert quiet.json()["sentence"].startswith("Low urgency is held Mon, Tue 22:00–07:00")
    assert away.json()["left_alone"]["undisturbed"]["substitute"] == "Bo"
    assert back.json()["left_alone"]["undisturbed"] is None
    assert (await call(doors, who, "GET", "left-alone")).json()["left_alone"] == back.json()["left_alone"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("quiet-hours", {"windows": [{**NIGHTS, "weekdays": []}]}),
        ("quiet-hours", {"windows": [{**NIGHTS, "weekdays": [8]}]}),
        ("quiet-hours", {"windows": [{**NIGHTS, "start": "25:00"}]}),
        ("undisturbed", {"substitute_id": 1}),
        ("undisturbed", {"substitute_id": 10**9, "for_s": 60}),
    ],
)
async def test_what_cannot_be_is_refused(doors: House, path: str, body: dict[str, Any]):
    assert (await call(doors, await doors.signed_in(), "PUT", path, body)).status_code == 422
