"""Importing a calendar over HTTP: previewed, added, read again by the clock and by hand, failing, removed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from opsknight.api import calendar_feeds, calendar_sources
from opsknight.domain.model.schedule import shifts
from opsknight.domain.queries.escalations import schedules
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import ScheduleRow
from opsknight.ics.on_call import window
from opsknight.jobs.calendars import refresh
from opsknight.readiness import look
from tests.api.house import FROM_US, House, a_house
from tests.builders import a_schedule, a_user
from tests.clock import NOON, StoppedClock
from tests.peers.calendar_server import CalendarServer, calendar_server, ics

TODAY, TOMORROW = "20261124T100000Z/20261125T100000Z", "20261125T100000Z/20261126T100000Z"


@pytest.fixture
async def server() -> AsyncIterator[CalendarServer]:
    async with calendar_server() as running:
        yield running


@pytest.fixture
async def doors(database: Database, clock: StoppedClock) -> AsyncIterator[House]:
    """A house in a closed network, with the routes of calendars."""
    async with a_house(database, clock, calendars_allow_private=True) as house:
        house.routes.include_router(calendar_sources.router(house.deps))
        house.routes.include_router(calendar_feeds.router(house.deps))
        yield house


@pytest.fixture
async def primary(database: Database) -> ScheduleRow:
    """A schedule in Berlin without anybody; Ada and Bo are there to be named."""
    await a_user(database, "Ada", email="ada@example.org")
    await a_user(database, "Bo", email="bo@example.org")
    return await a_schedule(database, name="Primary", zone="Europe/Berlin")


async def asked(
    house: House, schedule: ScheduleRow, method: str, path: str = "", *, role: str = "admin", **sent: Any
) -> httpx.Response:
    headers = {**await house.signed_in(role=role), **FROM_US}
    url = f"/api/v1/schedules/{schedule.id}/calendars{path}"
    return await house.client.request(method, url, headers=headers, **sent)


async def added(house: House, schedule: ScheduleRow, server: CalendarServer) -> dict[str, Any]:
    """Import the calendar of `server` and return its line."""
    answer = await asked(house, schedule, "POST", json={"url": server.url})
    assert answer.status_code == 201, answer.text
    return answer.json()["calendar"]


async def on_call_of(house: House, schedule: ScheduleRow) -> list[tuple[str, str]]:
    """Return the shifts to come as `day of start`, `name`."""
    async with house.deps.reading() as session:
        known = (await schedules(session, [schedule.id]))[schedule.id]
        names = {one.id: one.name for one in await calendar_feeds.queries.people(session)}
    return [(f"{one.start_at:%d}", names[one.user_id]) for one in shifts(known, *window(NOON))]


async def test_a_preview_shows_shifts_and_warnings_and_saves_nothing(doors: House, primary: ScheduleRow):
    content = ics(f"{TODAY} Ada", f"{TOMORROW} bo\\, Mallory")

    answer = await asked(doors, primary, "POST", "/preview", json={"content": content})

    told = answer.json()
    assert (told["name"], told["count"]) == ("Team calendar", 2)
    assert [(one["user"], one["event"]) for one in told["shifts"]] == [("Ada", "0"), ("Bo", "1")]
    assert [(one["user"], one["hours"]) for one in told["people"]] == [("Ada", 24), ("Bo", 24)]
    assert told["warnings"] == [
        "“bo, Mallory” on 2026-11-25 10:00 UTC names “Mallory”, whom nobody here is called; nobody is on call by it."
    ]
    assert (await asked(doors, primary, "GET")).json() == {"calendars": []}


async def test_an_imported_calendar_says_who_is_on_call(doors: House, primary: ScheduleRow, server: CalendarServer):
    server.body = ics(f"{TODAY} Ada", f"{TOMORROW} Bo")

    line = await added(doors, primary, server)

    assert (line["name"], line["zone"], line["shifts"], line["url"]) == (
        "Team calendar", "Europe/Berlin", 2, server.url,
    )  # fmt: skip
    assert await on_call_of(doors, primary) == [("24", "Ada"), ("25", "Bo")]
    seen = (await asked(doors, primary, "GET", role="observer")).json()["calendars"]
    assert [one["url"] for one in seen] == ["localhost"]


async def test_it_is_read_again_every_quarter_of_an_hour(
    doors: House, primary: ScheduleRow, server: CalendarServer, clock: StoppedClock
):
    server.body, server.etag = ics(f"{TODAY} Ada"), '"one"'
    await added(doors, primary, server)
    server.body = ics(f"{TOMORROW} Bo")  # which the server does not tell apart

    assert await refresh(doors.deps) == 0
    clock.advance(timedelta(minutes=15))
    assert await refresh(doors.deps) == 1
    assert await on_call_of(doors, primary) == [("24", "Ada")]
    server.etag = '"two"'
    clock.advance(timedelta(minutes=15))
    await refresh(doors.deps)

    assert await on_call_of(doors, primary) == [("25", "Bo")]
    assert server.asked == ["", '"one"', '"one"']


async def test_what_cannot_be_read_keeps_its_last_copy_and_becomes_a_warning_after_a_day(
    doors: House, primary: ScheduleRow, server: CalendarServer, clock: StoppedClock
):
    server.body = ics(f"{TODAY} Ada")
    await added(doors, primary, server)
    for status, body in ((500, ics()), (200, "<html>"), (200, ics(f"{TODAY} Ada")[:-30])):
        server.status, server.body = status, body
        clock.advance(timedelta(hours=13))
        await refresh(doors.deps)
        assert await on_call_of(doors, primary) == [("24", "Ada")]

    [line] = (await asked(doors, primary, "GET")).json()["calendars"]
    assert line["stale"] is True
    assert line["error"].startswith("The calendar is cut off")
    warned = [one.sentence for one in await look(doors.deps) if one.name == "calendars"]
    assert warned[0].startswith(
        "Imported calendars cannot be read, so their last copies say who is on call: “Team calendar” of Primary for"
        " 1 d 2 h (The calendar is cut off"
    )

    server.body = ics(f"{TOMORROW} Bo")
    clock.advance(timedelta(minutes=15))
    await refresh(doors.deps)
    assert [one.sentence for one in await look(doors.deps) if one.name == "calendars"] == [""]


async def test_by_hand_it_is_read_at_once_and_told_why_where_that_fails(
    doors: House, primary: ScheduleRow, server: CalendarServer
):
    server.body, server.etag = ics(f"{TODAY} Ada"), '"one"'
    line = await added(doors, primary, server)
    server.body = ics(f"{TODAY} Bo")

    again = await asked(doors, primary, "POST", f"/{line['id']}/refresh")
    server.status = 404
    failed = await asked(doors, primary, "POST", f"/{line['id']}/refresh")

    assert again.json()["sentence"] == "“Team calendar” was read: 1 shift."
    assert failed.json()["sentence"] == (
        "“Team calendar” cannot be read, its last copy stays in use. localhost answered 404 (there is nothing there)."
    )
    assert await on_call_of(doors, primary) == [("24", "Bo")]


async def test_our_own_calendar_imported_gives_the_same_shifts(
    doors: House, primary: ScheduleRow, database: Database, clock: StoppedClock
):
    people = [await a_user(database, name) for name in ("Cy, the third", "Dee")]
    rotation = await a_schedule(database, *people, name="Rotation", zone="Australia/Lord_Howe", unit="days")
    headers = {**await doors.signed_in(role="admin"), **FROM_US}
    wish = {"name": "Link", "schedule_id": rotation.id, "with_gaps": True}
    link = (await doors.client.post("/api/v1/calendar-feeds", headers=headers, json=wish)).json()["url"]
    content = (await doors.client.get(link)).text

    answer = await asked(doors, primary, "POST", json={"content": content})

    assert answer.json()["calendar"]["warnings"] == []
    async with doors.deps.reading() as session:
        known = await schedules(session, [primary.id, rotation.id])
    day = timedelta(days=1)
    ours, theirs = (
        [(one.start_at, one.end_at, one.user_id) for one in shifts(known[one.id], NOON, NOON + 179 * day)]
        for one in (primary, rotation)
    )
    assert ours == theirs
    assert len(ours) > 170


def of_days(*events: str) -> str:
    """Return a calendar of events that last whole days."""
    return ics(*events).replace("DTSTART", "DTSTART;VALUE=DATE").replace("DTEND", "DTEND;VALUE=DATE")


async def test_a_calendar_of_holidays_is_told_as_days(doors: House, primary: ScheduleRow):
    content = of_days("20261225/20261227 Xmas")

    answer = await asked(doors, primary, "POST", "/preview", json={"content": content, "brings": "holidays"})

    assert answer.json()["holidays"] == [
        {"date": "2026-12-25", "name": "Xmas"}, {"date": "2026-12-26", "name": "Xmas"},
    ]  # fmt: skip


async def test_a_calendar_of_holidays_is_read_again_by_the_clock(
    doors: House, primary: ScheduleRow, server: CalendarServer, clock: StoppedClock
):
    server.body = of_days("20261225/20261226 Xmas")
    wish = {"url": server.url, "name": "Holidays", "brings": "holidays"}
    added = (await asked(doors, primary, "POST", json=wish)).json()
    server.body = of_days("20261225/20261226 Xmas", "20261231/20270101 Silvester")
    clock.advance(timedelta(minutes=15))

    assert await refresh(doors.deps) == 1

    [line] = (await asked(doors, primary, "GET")).json()["calendars"]
    assert added["sentence"] == "“Primary” takes its holidays from “Holidays”: 1 holiday."
    assert (line["brings"], line["holidays"], line["layer_id"]) == ("holidays", 2, None)


@pytest.mark.parametrize(
    ("wish", "why"),
    [
        ({}, "say either url or content"),
        ({"url": "https://example.org/a.ics", "content": "x"}, "say either url or content"),
        ({"content": "<html>"}, "This is no calendar"),
        ({"content": ics(), "zone": "Mars/Olympus"}, "Mars/Olympus"),
        ({"url": "ftp://example.org/a.ics"}, "Only https addresses are called."),
    ],
)
async def test_what_cannot_be_imported_is_refused_with_a_sentence(
    doors: House, primary: ScheduleRow, wish: dict[str, Any], why: str
):
    for path in ("", "/preview"):
        answer = await asked(doors, primary, "POST", path, json=wish)

        assert answer.status_code == 422
        assert why in answer.json()["detail"]


async def test_an_inner_address_is_refused_where_the_operator_has_not_opened_the_network(
    house: House, primary: ScheduleRow, server: CalendarServer
):
    house.routes.include_router(calendar_sources.router(house.deps))

    answer = await asked(house, primary, "POST", "/preview", json={"url": server.url})

    assert (answer.status_code, answer.json()["detail"]) == (422, "Only https addresses are called.")
    assert server.asked == []


async def test_who_may_not_configure_imports_nothing_and_an_unknown_schedule_is_not_there(
    doors: House, primary: ScheduleRow
):
    assert (await asked(doors, primary, "POST", role="responder", json={"content": ics()})).status_code == 403
    primary.id = 4711
    for method, path in (("GET", ""), ("POST", "/preview"), ("POST", "/1/refresh"), ("DELETE", "/1")):
        answer = await asked(doors, primary, method, path, json={"content": ics()} if path == "/preview" else None)
        assert answer.status_code == 404, path
