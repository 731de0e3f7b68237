"""Calendar links: made, read by calendar programs, told whether anybody reads them, and revoked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import httpx
import pytest
from sqlalchemy import delete, update

from opsknight.api import calendar_feeds
from opsknight.domain.commands.arranging import held
from opsknight.domain.model.imported_shift import Reading
from opsknight.domain.model.layer_plan import LayerPlan
from opsknight.domain.model.rotation import Unit
from opsknight.domain.model.schedule import shifts
from opsknight.domain.queries.escalations import schedules
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import LayerRow, OverrideRow, RecordedShiftRow, ScheduleRow
from opsknight.ics.on_call import window
from opsknight.ics.reading import read
from tests.api.house import FROM_US, House
from tests.builders import a_schedule, a_team, a_user
from tests.clock import NOON, StoppedClock

PATH = "/api/v1/calendar-feeds"


@pytest.fixture
def doors(house: House) -> House:
    """A house with the routes of calendars."""
    house.routes.include_router(calendar_feeds.router(house.deps))
    return house


async def ada(house: House, **person: Any) -> dict[str, str]:
    """Return the headers of a browser in which Ada is signed in."""
    said = {"name": "Ada", "email": "ada@example.org", **person}
    return {**await house.signed_in(**said), **FROM_US}


async def made(house: House, headers: dict[str, str], **wish: Any) -> str:
    """Make a link and return the path of its file."""
    answer = await house.client.post(PATH, headers=headers, json={"name": "My phone", **wish})
    assert answer.status_code == 201
    return urlsplit(answer.json()["url"]).path


async def fetched(house: House, path: str, method: str = "GET", **headers: str) -> httpx.Response:
    """Read a calendar as a program without a sign-in does."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return await house.client.request(method, path, headers=sent)


def events(answer: httpx.Response) -> Reading:
    start, end = window(NOON)
    return read(answer.content, zone=ZoneInfo("UTC"), start=start, end=end)


async def test_a_schedule_s_calendar_has_exactly_the_shifts_of_the_schedule(doors: House, database: Database):
    people = [await a_user(database, name) for name in ("Bo", "Cy")]
    schedule = await a_schedule(database, *people, name="Primary", zone="Europe/Berlin", unit="days")
    answer = await fetched(doors, await made(doors, await ada(doors), schedule_id=schedule.id))

    async with doors.deps.reading() as session:
        known = (await schedules(session, [schedule.id]))[schedule.id]
    emails = {one.id: one.email for one in people}
    told = {(one.start_at, one.end_at, one.people) for one in events(answer).occurrences}
    assert told == {(one.start_at, one.end_at, (emails[one.user_id],)) for one in shifts(known, *window(NOON))}
    assert len(told) > 180
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"


async def test_one_s_own_calendar_has_one_s_shifts_on_every_schedule(doors: House, database: Database):
    headers = await ada(doors)
    async with doors.deps.reading() as session:
        me = (await calendar_feeds.queries.people(session))[0]
    mine, bo = await database_user(database, me.id), await a_user(database, "Bo")
    await a_schedule(database, mine, bo, name="Primary")
    await a_schedule(database, bo, mine, name="Backup")

    found = events(await fetched(doors, await made(doors, headers)))

    assert {one.summary for one in found.occurrences} == {"Ada on call: Primary", "Ada on call: Backup"}
    assert found.name == "On call: Ada"


async def test_who_is_on_call_by_an_override_alone_has_it_in_their_calendar_with_its_reason(
    doors: House, database: Database
):
    headers = await ada(doors)
    bo = await a_user(database, "Bo")
    schedule = await a_schedule(database, bo, name="Primary")
    async with doors.deps.reading() as session:
        me = (await calendar_feeds.queries.people(session))[0]
    day = timedelta(days=1)
    async with database.commands() as session:
        session.add(
            OverrideRow(
                schedule_id=schedule.id, change="replace", user_id=me.id, replaces_id=bo.id,
                start_at=NOON + day, end_at=NOON + 2 * day, created_at=NOON,
            )
        )  # fmt: skip
        await session.commit()

    answer = await fetched(doors, await made(doors, headers))

    [one] = events(answer).occurrences
    assert (one.start_at, one.end_at, one.summary) == (NOON + day, NOON + 2 * day, "Ada on call: Primary")
    assert "DESCRIPTION:By an override. In place of Bo.\r\n" in answer.text


async def test_who_shadows_has_it_in_their_own_calendar_and_nobody_else_in_theirs(doors: House, database: Database):
    headers = await ada(doors)
    async with doors.deps.reading() as session:
        me = (await calendar_feeds.queries.people(session))[0]
    schedule = await a_schedule(database, await a_user(database, "Bo"), name="Primary")
    begin = NOON.replace(tzinfo=None)
    turns = LayerPlan(
        "Learners", starts_at=begin, unit=Unit.DAYS, groups=((me.id,),), ends_at=begin + timedelta(days=1)
    )
    async with database.commands() as session:
        await session.execute(update(ScheduleRow).values(shadow_layers=[turns.to_json()]))
        await session.commit()

    mine = await fetched(doors, await made(doors, headers))
    its = events(await fetched(doors, await made(doors, headers, schedule_id=schedule.id)))

    assert "DTSTART:20261124T120000Z\r\nDTEND:20261125T120000Z\r\nSUMMARY:Ada shadows: Primary\r\n" in mine.text
    assert events(mine).occurrences == ()  # whoever imports it has nobody on call by it
    assert {one.summary for one in its.occurrences} == {"Bo on call: Primary"}


async def test_a_team_s_calendar_has_all_its_schedules_and_gaps_where_they_are_wanted(doors: House, database: Database):
    team, bo = await a_team(database, "Platform"), await a_user(database, "Bo")
    await a_schedule(database, bo, team=team, name="Primary")
    await a_schedule(database, team=team, name="Nobody's")
    await a_schedule(database, bo, name="Of others")
    headers = await ada(doors)

    plain = await fetched(doors, await made(doors, headers, team_id=team.id))
    gaps = await fetched(doors, await made(doors, headers, team_id=team.id, with_gaps=True))

    assert {one.summary for one in events(plain).occurrences} == {"Bo on call: Primary"}
    assert "Nobody on call" not in plain.text
    assert "SUMMARY:Nobody on call: Nobody's\r\n" in gaps.text
    assert events(gaps).occurrences == events(plain).occurrences


async def test_of_a_schedule_that_was_deleted_the_calendar_keeps_what_was(doors: House, database: Database):
    bo = await a_user(database, "Bo")
    of = {"starts_at": NOON - timedelta(days=2), "recorded_from": NOON - timedelta(days=2), "recorded_until": NOON}
    schedule = await a_schedule(database, bo, name="Primary", deleted_at=NOON, **of)
    async with database.commands() as session:
        shift = RecordedShiftRow(schedule_id=schedule.id, user_id=bo.id, why={"layer": "Primary"})
        shift.start_at, shift.end_at = NOON - timedelta(days=2), NOON
        session.add(shift)
        await session.commit()

    answer = await fetched(doors, await made(doors, await ada(doors), team_id=schedule.team_id, with_gaps=True))

    [one] = events(answer).occurrences
    assert (one.start_at, one.end_at, one.summary) == (NOON - timedelta(days=2), NOON, "Bo on call: Primary")
    assert "Nobody on call" not in answer.text


async def test_of_the_time_before_a_schedule_was_made_its_calendar_has_nothing(doors: House, database: Database):
    bo, of = await a_user(database, "Bo"), {"recorded_from": NOON, "recorded_until": NOON}
    schedule = await a_schedule(database, bo, name="Primary", starts_at=NOON - timedelta(days=20), **of)

    found = events(await fetched(doors, await made(doors, await ada(doors), schedule_id=schedule.id))).occurrences

    assert found[0].start_at == NOON


async def test_a_shift_is_the_same_event_however_the_window_moves(
    doors: House, database: Database, clock: StoppedClock
):
    schedule = await a_schedule(database, await a_user(database), await a_user(database), unit="weeks")
    path = await made(doors, await ada(doors), schedule_id=schedule.id)

    first = await fetched(doors, path)
    clock.advance(timedelta(days=40))
    later = await fetched(doors, path)

    before = {(one.start_at, one.end_at): one.uid for one in events(first).occurrences}
    after = {(one.start_at, one.end_at): one.uid for one in events(later).occurrences}
    assert len(before.keys() & after.keys()) > 20
    assert {span: before[span] for span in before.keys() & after.keys()} == {
        span: after[span] for span in before.keys() & after.keys()
    }


async def test_a_shift_that_an_override_cuts_short_is_another_event(doors: House, database: Database):
    """A program that keeps what it has under a known UID would show the old end."""
    bo = await a_user(database, "Bo")
    schedule = await a_schedule(database, bo, unit="weeks")
    path = await made(doors, await ada(doors), schedule_id=schedule.id)
    before = {one.uid: one for one in events(await fetched(doors, path)).occurrences}
    cut = max(before.values(), key=lambda one: one.start_at)
    middle = cut.start_at + (cut.end_at - cut.start_at) / 2

    row = {"change": "replace", "user_id": (await a_user(database, "Cy")).id, "replaces_id": bo.id, "created_at": NOON}
    async with database.commands() as session:
        session.add(OverrideRow(schedule_id=schedule.id, start_at=middle, end_at=cut.end_at, **row))
        await session.commit()

    after = {one.uid: one for one in events(await fetched(doors, path)).occurrences}
    assert {uid: after[uid] for uid in before.keys() & after.keys()} == {
        uid: one for uid, one in before.items() if one != cut
    }
    assert [one.end_at for one in after.values() if one.start_at == cut.start_at] == [middle]


async def test_what_was_stays_in_the_calendar_when_the_schedule_changes(
    doors: House, database: Database, clock: StoppedClock
):
    bo = await a_user(database, "Bo")
    schedule = await a_schedule(database, bo, unit="days")
    path = await made(doors, await ada(doors), schedule_id=schedule.id)
    clock.advance(timedelta(days=3))
    async with doors.deps.commands("system:test") as uow:
        await held(uow, schedule.id)
        await uow.session.execute(delete(LayerRow).where(LayerRow.schedule_id == schedule.id))

    found = events(await fetched(doors, path)).occurrences

    assert found[-1].end_at == clock.now()
    assert {one.summary for one in found} == {f"Bo on call: {schedule.name}"}


async def test_a_program_that_has_it_already_is_told_so(doors: House, database: Database, clock: StoppedClock):
    schedule = await a_schedule(database, await a_user(database))
    path = await made(doors, await ada(doors), schedule_id=schedule.id)
    etag = (await fetched(doors, path)).headers["etag"]
    clock.advance(timedelta(hours=3))

    same = await fetched(doors, path, if_none_match=f'"other", W/{etag}')
    head = await fetched(doors, path, "HEAD")
    clock.advance(timedelta(days=30))
    changed = await fetched(doors, path, if_none_match=etag)

    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", etag)
    assert (head.status_code, head.headers["etag"], head.headers["cache-control"]) == (200, etag, "private, no-cache")
    assert changed.status_code == 200


async def test_one_sees_whether_and_by_what_a_link_is_read(doors: House):
    headers = await ada(doors)
    path = await made(doors, headers)
    unread = (await doors.client.get(PATH, headers=headers)).json()["feeds"][0]

    await fetched(doors, path, user_agent="Google-Calendar-Importer")

    read_now = (await doors.client.get(PATH, headers=headers)).json()["feeds"][0]
    assert (unread["name"], unread["of"], unread["about"], unread["read_at"]) == ("My phone", "person", "Ada", None)
    assert (read_now["read_at"], read_now["read_by"]) == (NOON.timestamp(), "Google-Calendar-Importer")
    assert path.split("/")[-1].removesuffix(".ics") not in str(read_now)


@pytest.mark.parametrize("path", ["/calendars/unknown.ics", "/calendars/%00.ics"])
async def test_an_unknown_link_is_refused_as_a_problem(doors: House, path: str):
    answer = await fetched(doors, path)

    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


async def test_a_revoked_link_and_one_whose_maker_has_left_show_nothing(doors: House, database: Database):
    headers, path = await ada(doors), ""
    path = await made(doors, headers)
    feed = (await doors.client.get(PATH, headers=headers)).json()["feeds"][0]

    revoked = await doors.client.delete(f"{PATH}/{feed['id']}", headers=headers)

    assert revoked.json()["sentence"].startswith("Revoked the calendar link “My phone”")
    assert (await fetched(doors, path)).status_code == 404
    assert (await doors.client.delete(f"{PATH}/{feed['id']}", headers=headers)).status_code == 404
    assert (await doors.client.get(PATH, headers=headers)).json() == {"feeds": []}


async def test_who_is_deactivated_has_no_links_any_more(doors: House, database: Database):
    path = await made(doors, await ada(doors))
    async with database.commands() as session:
        await session.execute(calendar_feeds.queries.UserRow.__table__.update().values(active=False))
        await session.commit()

    assert (await fetched(doors, path)).status_code == 404


async def test_a_person_s_own_links_are_seen_and_revoked_by_them_and_by_admins_alone(doors: House):
    await made(doors, await ada(doors, role="observer"))
    bo = {**await doors.signed_in(name="Bo", role="manager"), **FROM_US}
    admin = {**await doors.signed_in(name="Cy", role="admin"), **FROM_US}

    [feed] = (await doors.client.get(PATH, headers=admin)).json()["feeds"]
    assert (feed["made_by"], feed["yours"]) == ("Ada", False)
    assert (await doors.client.get(PATH, headers=bo)).json() == {"feeds": []}
    assert (await doors.client.delete(f"{PATH}/{feed['id']}", headers=bo)).status_code == 404
    assert (await doors.client.delete(f"{PATH}/{feed['id']}", headers=admin)).status_code == 200


@pytest.mark.parametrize("wrong", [{"name": " "}, {"schedule_id": 4711}, {"schedule_id": 1, "team_id": 1}])
async def test_a_wish_that_cannot_be_is_refused_with_a_sentence(doors: House, wrong: dict[str, Any]):
    answer = await doors.client.post(PATH, headers=await ada(doors), json={"name": "My phone", **wrong})

    assert answer.status_code == 422
    assert answer.json()["detail"]


async def database_user(database: Database, user_id: int) -> Any:
    async with database.screens() as session:
        return await session.get(calendar_feeds.queries.UserRow, user_id)
