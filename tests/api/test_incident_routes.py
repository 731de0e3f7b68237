"""Incidents, the board, people and services over HTTP: shapes, refusals in words, once per key."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from opsknight.api import board, incidents, people, services
from opsknight.crypto import new_id
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import IncidentRow, UserRow
from tests.api.house import FROM_US, House
from tests.builders import a_schedule, a_service, a_stored_incident, a_user, an_alert, an_integration
from tests.clock import NOON

API = "/api/v1"


@dataclass
class Screen:
    """A browser in which somebody is signed in."""

    house: House
    headers: dict[str, str]
    user_id: int = 0

    async def get(self, path: str, **query: str) -> httpx.Response:
        return await self.house.client.get(API + path, headers=self.headers, params=query)

    async def post(self, path: str, body: Any = None, *, key: str | None = None) -> httpx.Response:
        headers = {**self.headers, **FROM_US, **({"idempotency-key": key} if key else {})}
        return await self.house.client.post(API + path, headers=headers, json=body)


async def a_screen(house: House, **person: Any) -> Screen:
    """Sign somebody in, a responder unless said otherwise."""
    screen = Screen(house, await house.signed_in(**person))
    screen.user_id = (await screen.get("/who")).json()["id"]
    return screen


@pytest.fixture
async def ada(house: House) -> Screen:
    """The screen of Ada, a responder, in a house with the routes of incidents."""
    for part in (board, incidents, people, services):
        house.routes.include_router(part.router(house.deps))
    return await a_screen(house, name="Ada")


async def an_incident(database: Database, **columns: Any) -> IncidentRow:
    """Insert an open incident with the timer of its next step."""
    return await a_stored_incident(database, **{"timer": "escalation", **columns})


async def facts(database: Database) -> list[str]:
    """Return the kinds of all facts about incidents, in order."""
    async with database.screens() as session:
        rows = await session.execute(text("SELECT kind FROM facts WHERE incident_id IS NOT NULL ORDER BY xid, seq"))
        return list(rows.scalars())


async def test_an_acknowledge_answers_with_the_line_and_the_sentence(ada: Screen, database: Database):
    incident = await an_incident(database)

    answer = await ada.post(f"/incidents/{incident.id}/acknowledge", {"seen_version": 1})

    assert answer.status_code == 200
    said = answer.json()
    assert said["sentence"] == "Acknowledged “Disk full on db-1”; nobody is paged any more."
    assert (said["changed"], said["offer"]) == (True, None)
    line = said["incident"]
    assert (line["status"], line["assignee"], line["version"]) == ("acknowledged", "Ada", 2)
    assert line["next"] == {"kind": "ack_timeout", "step": None, "at": NOON.timestamp() + 1800}


async def test_a_number_names_an_incident_too_and_a_body_is_not_needed(ada: Screen, database: Database):
    incident = await an_incident(database)

    answer = await ada.post(f"/incidents/{incident.number}/acknowledge")

    assert answer.json()["incident"]["id"] == str(incident.id)


async def test_a_command_sent_twice_with_one_key_is_done_once_and_answered_alike(ada: Screen, database: Database):
    incident = await an_incident(database)

    first = await ada.post(f"/incidents/{incident.id}/escalate", key="k1")
    second = await ada.post(f"/incidents/{incident.id}/escalate", key="k1")
    other = await ada.post(f"/incidents/{incident.id}/escalate", key="k2")

    assert (first.status_code, second.json()) == (200, first.json())
    assert other.json()["incident"]["version"] == 3
    assert await facts(database) == ["escalated", "escalated"]


async def test_the_same_key_with_another_wish_is_another_command(ada: Screen, database: Database):
    service = await a_service(database)
    wish = {"service_id": service.id, "title": "Checkout is slow", "urgency": "low"}
    await ada.post("/incidents", wish, key="reused")

    other = await ada.post("/incidents", {**wish, "title": "Search is down"}, key="reused")

    assert (other.status_code, other.json()["incident"]["title"]) == (201, "Search is down")


async def test_a_command_sent_again_with_a_newer_version_in_it_is_the_same(ada: Screen, database: Database):
    incident = await an_incident(database)
    await ada.post(f"/incidents/{incident.id}/escalate", {"seen_version": 1}, key="queued")

    await ada.post(f"/incidents/{incident.id}/escalate", {"seen_version": 2}, key="queued")

    assert await facts(database) == ["escalated"]


async def test_the_same_key_of_two_people_means_two_commands(ada: Screen, house: House, database: Database):
    bo = await a_screen(house, name="Bo")
    incident = await an_incident(database)

    await ada.post(f"/incidents/{incident.id}/acknowledge", key="same")
    answer = await bo.post(f"/incidents/{incident.id}/acknowledge", key="same")

    assert answer.json()["offer"] == "take_over"
    assert answer.json()["sentence"] == "Ada has acknowledged “Disk full on db-1” already; take it over?"


async def test_ten_at_once_with_one_key_write_one_fact(ada: Screen, database: Database):
    incident = await an_incident(database)

    answers = await asyncio.gather(*(ada.post(f"/incidents/{incident.id}/escalate", key="storm") for _ in range(10)))

    assert all(answer.json() == answers[0].json() for answer in answers)
    assert await facts(database) == ["escalated"]


async def test_a_refused_command_shows_the_incident_as_it_is(ada: Screen, database: Database):
    incident = await an_incident(database, status="resolved", timer="")

    answer = await ada.post(f"/incidents/{incident.id}/acknowledge", key="k")

    assert (answer.status_code, answer.headers["content-type"]) == (409, "application/problem+json")
    problem = answer.json()
    assert problem["detail"] == "Cannot acknowledge “Disk full on db-1”: it is already resolved."
    assert problem["incident"]["status"] == "resolved"
    assert await facts(database) == []


async def test_a_stale_command_shows_what_changed(ada: Screen, database: Database):
    incident = await an_incident(database, status="acknowledged", version=7, timer="ack_timeout")

    answer = await ada.post(f"/incidents/{incident.id}/snooze", {"for_s": 60, "seen_version": 6})

    assert answer.status_code == 409
    assert answer.json()["detail"] == "“Disk full on db-1” changed while you were looking: it is acknowledged now."
    assert answer.json()["incident"]["version"] == 7


@pytest.mark.parametrize(
    ("verb", "body", "status"),
    [
        ("unacknowledge", None, "open"),
        ("snooze", {"for_s": 3600}, "snoozed"),
        ("snooze", {"until": NOON.timestamp() + 60.5}, "snoozed"),
        ("suppress", None, "suppressed"),
        ("suppress", {"for_s": 60}, "suppressed"),
        ("resolve", {}, "resolved"),
        ("escalate", {}, "open"),
    ],
)
async def test_every_verb_has_its_route(ada: Screen, database: Database, verb: str, body: Any, status: str):
    incident = await an_incident(database, status="acknowledged", assignee_id=ada.user_id, timer="ack_timeout")

    answer = await ada.post(f"/incidents/{incident.id}/{verb}", body)

    assert (answer.status_code, answer.json()["incident"]["status"]) == (200, status)


async def test_wake_reopen_reassign_and_undo_have_theirs(ada: Screen, database: Database):
    asleep = await an_incident(database, status="snoozed", until=NOON, timer="snooze_end")
    gone = await an_incident(database, status="resolved", timer="")
    bo = await a_user(database, "Bo")

    woken = await ada.post(f"/incidents/{asleep.id}/wake")
    again = await ada.post(f"/incidents/{gone.id}/reopen")
    given = await ada.post(f"/incidents/{gone.id}/reassign", {"to": bo.id})
    back = await ada.post(f"/incidents/{gone.id}/undo")

    assert [each.json()["incident"]["status"] for each in (woken, again, given, back)] == ["open"] * 4
    assert given.json()["incident"]["assignee"] == "Bo"
    assert back.json()["sentence"] == "Undone: “Disk full on db-1” is open again."


@pytest.mark.parametrize(
    ("verb", "body", "why"),
    [
        ("snooze", {}, "say for_s or until: a snooze has an end"),
        ("snooze", {"for_s": 1, "until": 2}, "say either for_s or until, not both"),
        ("snooze", {"for_s": -1}, "for_s"),
        ("snooze", {"until": 1}, "Say an end that is still to come"),
        ("reassign", {}, "to: Field required"),
        ("reassign", {"to": "Bo"}, "to: "),
        ("acknowledge", {"seen_version": "new"}, "seen_version"),
    ],
)
async def test_what_cannot_be_used_is_named(ada: Screen, database: Database, verb: str, body: Any, why: str):
    incident = await an_incident(database)

    answer = await ada.post(f"/incidents/{incident.id}/{verb}", body)

    assert answer.status_code == 422
    assert why in answer.json()["detail"]


async def test_what_is_not_there_is_not_found(ada: Screen):
    unknown = new_id()

    answers = [
        await ada.post(f"/incidents/{unknown}/acknowledge"),
        await ada.post("/incidents/999999/acknowledge"),
        await ada.get(f"/incidents/{unknown}"),
        await ada.get("/incidents/nonsense"),
        await ada.get(f"/incidents/{unknown}/timeline"),
        await ada.get("/board", board="nonsense"),
    ]

    assert [answer.status_code for answer in answers] == [404] * 6


async def test_an_observer_reads_and_does_nothing(ada: Screen, house: House, database: Database):
    incident = await an_incident(database)
    watcher = await a_screen(house, role="observer")

    refused = await watcher.post(f"/incidents/{incident.id}/resolve")
    seen = await watcher.get(f"/incidents/{incident.id}")

    assert (refused.status_code, seen.status_code) == (403, 200)
    assert refused.json()["detail"] == "An observer cannot respond to incidents; ask a responder."


async def test_a_command_from_another_site_is_not_carried_out(ada: Screen, database: Database):
    incident = await an_incident(database)

    answer = await ada.house.client.post(f"{API}/incidents/{incident.id}/resolve", headers=ada.headers)

    assert answer.status_code == 403
    assert await facts(database) == []


async def test_an_incident_is_opened_by_hand(ada: Screen, database: Database):
    service = await a_service(database, "Checkout")
    wish = {"service_id": service.id, "title": "Customers cannot pay", "urgency": "high", "details": "Since noon."}

    answer = await ada.post("/incidents", wish, key="open")
    again = await ada.post("/incidents", wish, key="open")

    line = answer.json()["incident"]
    assert (answer.status_code, again.status_code, again.json()["incident"]["id"]) == (201, 201, line["id"])
    assert (line["title"], line["severity"], line["count"], line["service"]) == (
        "Customers cannot pay",
        "critical",
        1,
        "Checkout",
    )
    detail = (await ada.get(f"/incidents/{line['n']}")).json()
    assert detail["alerts"][0]["details"] == {"details": "Since noon."}
    assert await facts(database) == ["opened by hand"]


async def test_an_incident_opened_for_a_person_pages_exactly_one(ada: Screen, database: Database):
    service = await a_service(database)
    bo = await a_user(database, "Bo")
    wish = {"service_id": service.id, "title": "Look", "urgency": "low"}

    both = await ada.post("/incidents", {**wish, "page": {"user_id": bo.id, "policy_id": 1}})
    one = await ada.post("/incidents", {**wish, "page": {"user_id": bo.id}})

    assert both.status_code == 422
    assert "say either user_id or policy_id" in both.json()["detail"]
    assert one.json()["incident"]["assignee"] == "Bo"


async def test_an_incident_is_read_in_full(ada: Screen, database: Database):
    incident = await an_incident(database)
    await an_alert(database, incident)
    await ada.post(f"/incidents/{incident.id}/acknowledge")

    detail = (await ada.get(f"/incidents/{incident.id}")).json()
    story = (await ada.get(f"/incidents/{incident.id}/timeline")).json()
    paged = (await ada.get(f"/incidents/{incident.id}/pages")).json()

    assert set(detail) == {"incident", "alerts", "links", "tags", "runbook_url", "changes", "keep_quiet"}
    assert [fact["sentence"] for fact in story["facts"]] == ["Ada acknowledged it."]
    assert story["more"] is None
    assert paged == {"pages": []}


async def test_the_board_is_one_snapshot_with_who_is_on_call(ada: Screen, database: Database):
    bo = await a_user(database, "Bo")
    me = await database_user(database, ada.user_id)
    await a_schedule(database, bo, me, name="Primary")
    await an_incident(database)
    await an_incident(database, status="acknowledged", title="Latency", timer="ack_timeout")

    whole = (await ada.get("/board")).json()
    some = (await ada.get("/board", q="latency", status="acknowledged, snoozed")).json()

    assert [row["title"] for row in whole["rows"]] == ["Disk full on db-1", "Latency"]
    assert (whole["total"], whole["counts"]["open"], whole["counts"]["high_unacknowledged"]) == (2, 1, 1)
    assert (whole["now"], whole["oldest_unacknowledged_at"]) == (NOON.timestamp(), NOON.timestamp())
    assert (whole["on_call"][0]["user"], whole["on_call"][0]["you"]) == ("Ada", True)
    assert (whole["you"]["name"], whole["you"]["role"]) == ("Ada", "responder")
    assert whole["you"]["next_shift"]["schedule"] == "Primary"
    assert ([row["title"] for row in some["rows"]], some["total"], some["counts"]["open"]) == (["Latency"], 1, 1)


async def test_the_board_s_revision_moves_with_every_change(ada: Screen, database: Database):
    incident = await an_incident(database)
    before = (await ada.get("/board")).json()["rev"].split(".")

    await ada.post(f"/incidents/{incident.id}/acknowledge")
    after = (await ada.get("/board")).json()["rev"].split(".")

    assert before[0] == after[0]
    assert int(before[1]) < int(after[1])


async def test_a_status_that_is_none_is_refused_with_those_that_are(ada: Screen):
    answer = await ada.get("/board", status="burning")

    assert answer.json()["detail"] == (
        "“burning” is no status; there are open, acknowledged, snoozed, suppressed, resolved."
    )


async def test_people_are_listed(ada: Screen):
    [line] = (await ada.get("/people")).json()

    assert line == {"id": ada.user_id, "name": "Ada", "role": "responder", "active": True, "reachable": True}


async def test_only_who_configures_sees_the_keys_of_services(ada: Screen, house: House, database: Database):
    key = await an_integration(database)
    manager = await a_screen(house, role="manager")

    [hidden] = (await ada.get("/services")).json()
    [shown] = (await manager.get("/services")).json()

    assert (hidden["integrations"][0]["key"], shown["integrations"][0]["key"]) == (None, key.key)


async def database_user(database: Database, user_id: int) -> Any:
    """Return a person's row."""
    async with database.screens() as session:
        return await session.get(UserRow, user_id)


async def test_why_is_told_of_whoever_asks_and_of_anybody(ada: Screen, database: Database):
    bo = await a_user(database, "Bo")
    incident = await a_stored_incident(database, await a_service(database, pages=[bo]))
    path = f"/incidents/{incident.number}/why"

    assert (await ada.get(path)).json()["summary"].startswith("You were not paged")
    assert (await ada.get(path, user=str(bo.id))).json()["summary"].startswith("Bo was not paged")
    assert (await ada.get(path, user="99999")).status_code == 404


async def test_what_was_resolved_while_its_monitor_fires_is_kept_quiet_by_one_request(ada: Screen, database: Database):
    incident = await an_incident(database)
    key = await an_integration(database)
    await an_alert(database, incident, integration_id=key.id)
    resolved = (await ada.post(f"/incidents/{incident.id}/resolve")).json()
    offered = (await ada.get(f"/incidents/{incident.id}")).json()["keep_quiet"]

    wish = {"seen_version": resolved["incident"]["version"]}
    answer = await ada.post(f"/incidents/{incident.id}/keep-quiet", wish, key="k1")
    again = await ada.post(f"/incidents/{incident.id}/keep-quiet", wish, key="k2")

    assert (resolved["offer"], offered) == ("keep_quiet", True)
    said = answer.json()
    assert (said["incident"]["status"], said["incident"]["until"], said["incident"]["next"]) == (
        "suppressed",
        None,
        None,
    )
    assert (again.status_code, again.json()["incident"]["status"]) == (409, "suppressed")
