"""Schedules to look at before they are: the routes that foresee, people to be on call, and layers of days."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx

from opsknight.api import cover, schedule_previews, schedules
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import UserRow
from tests.api.house import FROM_US, House
from tests.builders import a_team
from tests.clock import NOON

HOUR = timedelta(hours=1)
DAY = 24 * HOUR


def with_schedules(house: House) -> House:
    """Return a house with the routes of schedules, cover and previews."""
    for routes in (schedules, cover, schedule_previews):
        house.routes.include_router(routes.router(house.deps))
    return house


async def asked(house: House, method: str, path: str, *, role: str = "admin", **sent: Any) -> httpx.Response:
    headers = {**await house.signed_in(role=role), **FROM_US}
    return await house.client.request(method, f"/api/v1{path}", headers=headers, **sent)


def a_day_layer(*people: UserRow, **what: Any) -> dict[str, Any]:
    """Return a layer in which people are on call a day each, from noon to noon, the first of them now."""
    starts_at = NOON.replace(tzinfo=None).isoformat()
    return {"name": "Daily", "unit": "days", "starts_at": starts_at, "groups": [[one.id] for one in people], **what}


async def made(house: House, database: Database, *layers: dict[str, Any]) -> int:
    team = await a_team(database, "Platform")
    wish = {"name": "Primary", "team_id": team.id, "zone": "UTC", "layers": [*layers]}
    answer = await asked(house, "POST", "/schedules", json=wish)
    assert answer.status_code == 201, answer.text
    return answer.json()["schedule"]["id"]


def hours(spans: list[dict[str, Any]]) -> list[tuple[str, float, float]]:
    """Return who is on call when, in hours from noon."""
    return [(one["user"], hour(one["start_at"]), hour(one["end_at"])) for one in spans]


def hour(at: float) -> float:
    return (at - NOON.timestamp()) / 3600
