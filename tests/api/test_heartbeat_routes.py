"""Heartbeats over HTTP: pings without a sign-in, badges for anyone, and what those who may can arrange."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from opsknight.api import heartbeats, pings
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import HeartbeatRow
from tests.api.house import FROM_US, House
from tests.builders import a_heartbeat, a_service

HOUR = timedelta(hours=1)


@pytest.fixture
def doors(house: House) -> House:
    """A house with the routes of heartbeats."""
    house.routes.include_router(heartbeats.router(house.deps))
    house.routes.include_router(pings.router(house.deps))
    return house


@pytest.fixture
async def backup(database: Database) -> HeartbeatRow:
    return await a_heartbeat(database, await a_service(database, "Backups"), name="Nightly <backup>")


async def rows(house: House, sql: str) -> list[tuple[Any, ...]]:
    async with house.deps.reading() as session:
        return [tuple(row) for row in await session.execute(text(sql))]


async def asked(house: House, method: str, path: str, *, role: str = "manager", **sent: Any) -> httpx.Response:
    headers = {**await house.signed_in(role=role), **FROM_US}
    return await house.client.request(method, f"/api/v1/heartbeats{path}", headers=headers, **sent)


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize(
    ("path", "state"),
    [("", "up"), ("/start", "started"), ("/fail", "down"), ("/0", "up"), ("/1", "down"), ("/255", "down")],
)
async def test_a_ping_is_answered_ok_once_it_is_stored(
    doors: House, backup: HeartbeatRow, method: str, path: str, state: str
):
    answer = await doors.client.request(method, f"/ping/{backup.key}{path}")

    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert answer.text == ("" if method == "HEAD" else "OK")
    assert await rows(doors, "SELECT state, pings FROM heartbeats") == [(state, 1)]


@pytest.mark.parametrize(("path", "status"), [("/256", 422), ("/-1", 422), ("/finish", 422)])
async def test_a_ping_that_says_what_no_program_says_is_refused(
    doors: House, backup: HeartbeatRow, path: str, status: int
):
    answer = await doors.client.get(f"/ping/{backup.key}{path}")

    assert answer.status_code == status
    assert await rows(doors, "SELECT state, pings FROM heartbeats") == [("new", 0)]


async def test_an_unknown_key_is_told_so(doors: House, backup: HeartbeatRow):
    answer = await doors.client.get("/ping/0123456789")

    assert answer.status_code == 404
    assert answer.json()["detail"] == (
        "There is no heartbeat with this key; it may have been deleted. Copy the address anew."
    )


async def test_what_a_failing_program_says_is_kept_up_to_its_first_ten_thousand_bytes(
    doors: House, backup: HeartbeatRow
):
    said = b"no space left\0 " + b"x" * 20_000

    answer = await doors.client.post(f"/ping/{backup.key}/2", content=said, headers={"user-agent": "curl/8"})

    assert answer.text == "OK"
    ((details,),) = await rows(doors, "SELECT details FROM alerts")
    assert (details["exit code"], len(details["message"])) == (2, 10_000)
    assert details["message"].startswith("no space left\ufffd x")
    assert await rows(doors, "SELECT sender FROM heartbeat_pings") == [("192.0.2.7 curl/8",)]


async def test_a_hundred_pings_of_a_second_are_one(doors: House, backup: HeartbeatRow):
    answers = await asyncio.gather(*(doors.client.get(f"/ping/{backup.key}") for _ in range(100)))

    assert {answer.status_code for answer in answers} == {200}
    assert await rows(doors, "SELECT pings FROM heartbeats") == [(1,)]


async def test_a_ping_needs_no_sign_in_and_a_badge_none_either(doors: House, backup: HeartbeatRow):
    await doors.client.get(f"/ping/{backup.key}")

    answer = await doors.client.get(f"/badge/{backup.badge_key}.svg")

    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")
    assert answer.headers["cache-control"] == "public, max-age=30"
    assert "Nightly &lt;backup&gt;: up" in answer.text


@pytest.mark.parametrize(("later", "state"), [(HOUR, "up"), (HOUR + timedelta(minutes=5), "late")])
async def test_a_badge_says_late_before_anything_is_down(
    doors: House, backup: HeartbeatRow, later: timedelta, state: str
):
    await doors.client.get(f"/ping/{backup.key}")
    doors.clock.advance(later)

    answer = await doors.client.get(f"/badge/{backup.badge_key}.svg")

    assert f"Nightly &lt;backup&gt;: {state}" in answer.text


async def test_a_ping_key_shows_no_badge(doors: House, backup: HeartbeatRow):
    assert (await doors.client.get(f"/badge/{backup.key}.svg")).status_code == 404


async def test_a_heartbeat_that_a_manager_makes_waits_for_its_first_ping(doors: House, database: Database):
    service = await a_service(database, "Backups")
    wish = {"service_id": service.id, "name": "Nightly backup", "cron": "0 3 * * *", "zone": "Europe/Berlin"}

    answer = await asked(doors, "POST", "", json=wish)

    said = answer.json()
    assert (answer.status_code, said["heartbeat"]["state"]) == (201, "new")
    assert said["sentence"] == (
        "“Nightly backup” waits for its first ping; from then on its silence opens an incident."
    )
    assert (await doors.client.get(f"/ping/{said['heartbeat']['key']}")).text == "OK"
    listed = (await asked(doors, "GET", "")).json()["heartbeats"]
    assert [(one["state"], one["rhythm"], one["due_at"]) for one in listed] == [
        ("up", "every day at 03:00, Europe/Berlin", (doors.clock.now() + 14 * HOUR).timestamp())
    ]


@pytest.mark.parametrize(
    ("wish", "sentence"),
    [
        ({}, "Say either how often it reports (a period) or when (a cron expression), not both."),
        ({"cron": "61 * * * *"}, "“61” is no minute: it goes from 0 to 59."),
        ({"period_s": 5}, "The period must be from 30 s to 366 days."),
        ({"period_s": 60, "service_id": 999}, "There is no such service; choose one from the list."),
        ({"period_s": 60, "name": " "}, "A heartbeat needs a name: say what must report, such as “Nightly backup”."),
    ],
)
async def test_a_heartbeat_that_cannot_work_is_refused_in_words(
    doors: House, database: Database, wish: dict[str, Any], sentence: str
):
    service = await a_service(database)

    answer = await asked(doors, "POST", "", json={"service_id": service.id, "name": "Backup", **wish})

    assert (answer.status_code, answer.json()["detail"]) == (422, sentence)


async def test_a_pause_has_an_end_and_can_be_ended(doors: House, backup: HeartbeatRow):
    endless = await asked(doors, "POST", f"/{backup.id}/pause", role="responder", json={})
    paused = await asked(doors, "POST", f"/{backup.id}/pause", role="responder", json={"for_s": 3600})
    resumed = await asked(doors, "POST", f"/{backup.id}/resume", role="responder")

    assert endless.json()["detail"] == "say either until or for_s: it has an end."
    assert paused.json()["heartbeat"]["state"] == "paused"
    assert paused.json()["heartbeat"]["paused_until"] == (doors.clock.now() + HOUR).timestamp()
    assert resumed.json()["heartbeat"]["state"] == "new"


async def test_a_heartbeat_is_changed_as_a_whole_and_keeps_its_keys(doors: House, backup: HeartbeatRow):
    wish = {"service_id": backup.service_id, "name": "Backup", "period_s": 60, "grace_s": 30, "urgency": "low"}

    answer = await asked(doors, "PUT", f"/{backup.id}", json=wish)

    line = answer.json()["heartbeat"]
    assert (line["name"], line["rhythm"], line["urgency"], line["key"]) == ("Backup", "every 1 min", "low", backup.key)


async def test_a_deleted_heartbeat_hears_nothing_any_more(doors: House, backup: HeartbeatRow):
    answer = await asked(doors, "DELETE", f"/{backup.id}")

    assert answer.json() == {"heartbeat": None, "sentence": "Deleted “Nightly <backup>”."}
    assert (await doors.client.get(f"/ping/{backup.key}")).status_code == 404


async def test_its_last_pings_are_read_newest_first_and_its_incident_by_number(doors: House, backup: HeartbeatRow):
    await doors.client.get(f"/ping/{backup.key}/start")
    doors.clock.advance(timedelta(seconds=90))
    await doors.client.post(f"/ping/{backup.key}/fail", content=b"broken")

    said = (await asked(doors, "GET", f"/{backup.id}", role="observer")).json()

    assert [(one["signal"], one["duration_s"], one["body"]) for one in said["pings"]] == [
        ("fail", 90.0, "broken"),
        ("start", None, ""),
    ]
    assert said["heartbeat"]["incident"] == 1
    assert said["heartbeat"]["key"] is None


@pytest.mark.parametrize(
    ("method", "path", "role"),
    [
        ("POST", "", "responder"),
        ("PUT", "/{id}", "responder"),
        ("DELETE", "/{id}", "responder"),
        ("POST", "/{id}/pause", "observer"),
        ("POST", "/{id}/resume", "observer"),
    ],
)
async def test_what_is_not_theirs_to_arrange_is_refused(
    doors: House, backup: HeartbeatRow, method: str, path: str, role: str
):
    body = {"service_id": backup.service_id, "name": "x", "period_s": 60, "for_s": 60}

    answer = await asked(doors, method, path.replace("{id}", str(backup.id)), role=role, json=body)

    assert answer.status_code == 403


async def test_with_a_new_key_a_job_is_heard_by_either_until_the_former_one_is_ended(
    doors: House, backup: HeartbeatRow
):
    made = await asked(doors, "POST", f"/{backup.id}/keys")
    new = made.json()["heartbeat"]["key"]
    live = [(await doors.client.get(f"/ping/{key}")).status_code for key in (new, backup.key)]

    ended = await asked(doors, "DELETE", f"/{backup.id}/keys/former")

    assert (made.status_code, made.json()["heartbeat"]["former_key"], live) == (201, backup.key, [200, 200])
    assert ended.json()["sentence"] == (
        "The former address of “Nightly <backup>” has ended: a job that still pings it is not heard."
    )
    assert [(await doors.client.get(f"/ping/{key}")).status_code for key in (new, backup.key)] == [200, 404]
    kinds = await rows(doors, "SELECT kind, data->>'name' FROM facts WHERE kind LIKE 'key%' ORDER BY xid, seq")
    assert kinds == [(f"key {what}", "the heartbeat Nightly <backup>") for what in ("made", "ended")]


async def test_a_third_key_of_a_heartbeat_is_refused_and_so_is_the_end_of_its_only_one(
    doors: House, backup: HeartbeatRow
):
    refused = [await asked(doors, "DELETE", f"/{backup.id}/keys/former")]
    await asked(doors, "POST", f"/{backup.id}/keys")

    refused.append(await asked(doors, "POST", f"/{backup.id}/keys"))

    assert [one.status_code for one in refused] == [409, 409]
    assert refused[1].json()["detail"] == (
        "“Nightly <backup>” has two live keys already; end the former one before you make a new one."
    )


async def test_the_keys_of_a_heartbeat_are_for_those_who_may_configure(doors: House, backup: HeartbeatRow):
    answer = await asked(doors, "POST", f"/{backup.id}/keys", role="responder")

    assert answer.status_code == 403
