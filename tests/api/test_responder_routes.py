"""Asking for help, handing over and watching, over HTTP."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from opsknight.api import responders, watchers
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import UserRow
from tests.api.house import FROM_US, House
from tests.builders import a_stored_incident, a_user
from tests.clock import NOON


@pytest.fixture
def doors(house: House) -> House:
    """A house with these routes."""
    house.routes.include_router(responders.router(house.deps))
    house.routes.include_router(watchers.router(house.deps))
    return house


async def asked(house: House, who: UserRow, method: str, path: str, **sent: Any) -> httpx.Response:
    headers = {**await house.browser_of(who), **FROM_US}
    return await house.client.request(method, f"/api/v1{path}", headers=headers, **sent)


async def test_who_was_asked_and_what_they_answered_can_be_read(doors: House, database: Database):
    ada, bo = await a_user(database, "Ada"), await a_user(database, "Bo")
    incident = await a_stored_incident(database)
    place = f"/incidents/{incident.number}/responders"

    answer = await asked(doors, ada, "POST", place, json={"user_ids": [bo.id], "note": "please"})
    await asked(doors, bo, "POST", f"{place}/answer", json={"accept": True})

    assert answer.json()["sentence"] == "Bo is asked to help with “Disk full on db-1”."
    read = (await asked(doors, ada, "GET", place)).json()
    assert read == {
        "must_acknowledge": [],
        "responders": [
            {
                "user": "Bo",
                "user_id": bo.id,
                "answer": "accepted",
                "note": "please",
                "asked_by": "Ada",
                "asked_at": NOON.timestamp(),
                "answered_at": NOON.timestamp(),
            }
        ],
    }


async def test_who_must_still_acknowledge_can_be_read(doors: House, database: Database):
    ada, bo = await a_user(database, "Ada"), await a_user(database, "Bo")
    must = {"generation": 1, "waiting": [bo.id], "answered": {str(ada.id): NOON.isoformat()}}
    incident = await a_stored_incident(database, must_acknowledge=must)

    read = (await asked(doors, ada, "GET", f"/incidents/{incident.number}/responders")).json()

    assert read["must_acknowledge"] == [
        {"user": "Ada", "user_id": ada.id, "at": NOON.timestamp()},
        {"user": "Bo", "user_id": bo.id, "at": None},
    ]


async def test_the_same_key_asks_once(doors: House, database: Database):
    ada, bo = await a_user(database, "Ada"), await a_user(database, "Bo")
    incident = await a_stored_incident(database)
    headers = {**await doors.browser_of(ada), **FROM_US, "Idempotency-Key": "once"}
    place = f"/api/v1/incidents/{incident.number}/responders"

    answers = [await doors.client.post(place, headers=headers, json={"user_ids": [bo.id]}) for _ in range(2)]

    assert [answer.json()["changed"] for answer in answers] == [True, True]


async def test_everything_of_a_person_is_handed_over_at_once(doors: House, database: Database):
    ada, bo = await a_user(database, "Ada"), await a_user(database, "Bo")
    await a_stored_incident(database, status="acknowledged", assignee_id=ada.id, acknowledged_at=NOON)

    answer = await asked(doors, ada, "POST", f"/people/{ada.id}/hand-over", json={"to": bo.id, "note": "good night"})

    assert answer.json() == {"count": 1, "more": False, "sentence": "Handed 1 incident of Ada over to Bo."}


async def test_an_observer_can_do_neither(doors: House, database: Database):
    eve, bo = await a_user(database, "Eve", role="observer"), await a_user(database, "Bo")
    incident = await a_stored_incident(database)

    help_asked = await asked(doors, eve, "POST", f"/incidents/{incident.number}/responders", json={"user_ids": [bo.id]})
    handed = await asked(doors, eve, "POST", f"/people/{bo.id}/hand-over", json={"to": eve.id})

    assert (help_asked.status_code, handed.status_code) == (403, 403)


async def test_everybody_who_sees_an_incident_may_watch_it_and_stop(doors: House, database: Database):
    eve = await a_user(database, "Eve", role="observer")
    incident = await a_stored_incident(database)
    place = f"/incidents/{incident.number}"

    first = (await asked(doors, eve, "POST", f"{place}/watch")).json()
    seen = (await asked(doors, eve, "GET", f"{place}/watchers")).json()
    last = (await asked(doors, eve, "POST", f"{place}/unwatch")).json()

    assert first["sentence"] == "You watch “Disk full on db-1”: you are told, quietly, what becomes of it."
    assert seen == {"watchers": [{"user": "Eve", "user_id": eve.id, "since": NOON.timestamp()}]}
    assert (last["changed"], (await asked(doors, eve, "GET", f"{place}/watchers")).json()) == (True, {"watchers": []})
