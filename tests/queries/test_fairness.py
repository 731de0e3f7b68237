"""What people carried, out of the schedules and pages that the database holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from opsknight.domain.commands import overrides
from opsknight.domain.commands.leaves import Wish as Leave
from opsknight.domain.commands.leaves import take_leave
from opsknight.domain.model.ledger import Fact
from opsknight.domain.model.override import Change
from opsknight.domain.queries import duty
from opsknight.domain.queries.fairness import Fairness, fairness
from opsknight.domain.queries.public_holidays import weekend
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import IncidentRow, UserRow
from tests.builders import (
    a_contact_method,
    a_notification,
    a_page,
    a_schedule,
    a_service,
    a_stored_incident,
    a_team,
    a_user,
)
from tests.clock import NOON
from tests.conftest import Acting

MONDAY = datetime(2026, 11, 16, tzinfo=UTC)
HOUR, WEEK = timedelta(hours=1), timedelta(weeks=1)


async def paged(
    database: Database, incident: IncidentRow, user: UserRow, at: datetime, *, attempts: int = 1, **of: Any
):
    page = await a_page(database, incident, user, created_at=at, due_at=at, **of)
    method = await a_contact_method(database, user, channel="push")
    await a_notification(database, page, method, attempts=attempts, status="accepted" if attempts else "superseded")


async def told(database: Database, **of: Any) -> Fairness:
    async with database.screens() as session:
        return await fairness(session, **{"start": MONDAY, "end": MONDAY + 2 * WEEK, **of})


async def test_each_person_of_a_schedule_is_told_with_what_they_carried(database: Database):
    ada, bo = await a_user(database, "Ada", zone="Europe/Berlin"), await a_user(database, "Bo")
    schedule = await a_schedule(database, ada, bo, starts_at=MONDAY)

    report = await told(database, schedule_id=schedule.id)

    [rota] = report["schedules"]
    assert (rota["balance"], rota["words"]) == (100, "evenly shared")
    assert [(line["user"], line["on_call_s"], line["night_s"], line["weekend_s"]) for line in rota["people"]] == [
        ("Ada", 168 * 3600, 63 * 3600, 48 * 3600), ("Bo", 168 * 3600, 63 * 3600, 48 * 3600),
    ]  # fmt: skip
    assert [line["zone"] for line in report["people"]] == ["Europe/Berlin", "UTC"]


async def test_a_holiday_of_somebody_else_s_schedule_is_a_working_day(database: Database):
    ada, bo = await a_user(database, "Ada"), await a_user(database, "Bo")
    await a_schedule(database, ada, starts_at=MONDAY, country="US")
    await a_schedule(database, bo, starts_at=MONDAY, country="DE")

    lines = (await told(database))["people"]  # Thanksgiving is in it

    assert {line["user"]: line["holiday_s"] for line in lines} == {"Ada": 24 * 3600, "Bo": 0}


async def test_the_weekend_is_that_of_the_schedule_s_country(database: Database):
    ada, bo = await a_user(database, "Ada"), await a_user(database, "Bo")
    await a_schedule(database, ada, starts_at=MONDAY, country="EG")
    await a_schedule(database, bo, starts_at=MONDAY, country="DE")
    friday, sunday = MONDAY + 4 * 24 * HOUR, MONDAY + 6 * 24 * HOUR

    of_friday, of_sunday = [
        {line["user"]: line["weekend_s"] for line in (await told(database, start=day, end=day + 24 * HOUR))["people"]}
        for day in (friday, sunday)
    ]

    assert (of_friday, of_sunday) == ({"Ada": 24 * 3600, "Bo": 0}, {"Ada": 0, "Bo": 24 * 3600})


@pytest.mark.parametrize(
    ("country", "days"), [("EG", {4, 5}), ("BN", {4, 6}), ("HK", {5, 6}), ("DE", {5, 6}), ("", {5, 6}), ("ZZ", {5, 6})]
)
def test_the_weekend_is_saturday_and_sunday_but_where_people_rest_on_others(country: str, days: set[int]):
    assert weekend(country) == days


async def test_half_a_round_is_one_sided_and_says_so(database: Database):
    ada, bo = await a_user(database, "Ada"), await a_user(database, "Bo")
    schedule = await a_schedule(database, ada, bo, starts_at=MONDAY)

    [rota] = (await told(database, schedule_id=schedule.id, end=MONDAY + WEEK))["schedules"]

    assert (rota["balance"], rota["words"]) == (0, "one-sided")
    assert [(line["user"], line["on_call_s"] > 0) for line in rota["people"]] == [("Ada", True), ("Bo", False)]


async def test_who_substitutes_somebody_elsewhere_has_no_part_in_a_schedule(database: Database, acting: Acting):
    ada, bo, yan, zed = [await a_user(database, name) for name in ("Ada", "Bo", "Yan", "Zed")]
    schedule = await a_schedule(database, ada, bo, starts_at=MONDAY)
    await a_schedule(database, yan, starts_at=MONDAY)
    async with acting(f"user:{yan.id}") as uow:
        await take_leave(uow, Leave(yan.id, NOON, NOON + 24 * HOUR, zed.id))

    [rota] = (await told(database, schedule_id=schedule.id))["schedules"]

    assert (rota["balance"], [line["user"] for line in rota["people"]]) == (100, ["Ada", "Bo"])


async def test_who_had_a_shift_in_another_period_has_no_part_in_this_one(database: Database, acting: Acting):
    ada, bo, zed = [await a_user(database, name) for name in ("Ada", "Bo", "Zed")]
    schedule = await a_schedule(database, ada, bo, starts_at=MONDAY)
    async with acting(f"user:{ada.id}") as uow:
        wish = overrides.Wish(Change.ADD, NOON + 4 * WEEK, NOON + 4 * WEEK + HOUR, zed.id)
        await overrides.override(uow, schedule.id, wish)

    [before] = (await told(database, schedule_id=schedule.id))["schedules"]
    start = NOON + 3 * WEEK
    [then] = (await told(database, schedule_id=schedule.id, start=start, end=start + 2 * WEEK))["schedules"]

    assert [line["user"] for line in before["people"]] == ["Ada", "Bo"]
    assert [line["user"] for line in then["people"]] == ["Ada", "Bo", "Zed"]


async def test_who_will_substitute_somebody_keeps_their_own_holidays(database: Database, acting: Acting):
    ada, zed = await a_user(database, "Ada"), await a_user(database, "Zed")
    await a_schedule(database, zed, starts_at=MONDAY)
    await a_schedule(database, ada, starts_at=MONDAY, country="US")  # Thanksgiving is in it
    async with acting(f"user:{ada.id}") as uow:
        await take_leave(uow, Leave(ada.id, NOON + 20 * WEEK, NOON + 21 * WEEK, zed.id))

    lines = (await told(database))["people"]

    assert {line["user"]: line["holiday_s"] for line in lines} == {"Ada": 24 * 3600, "Zed": 0}


async def test_what_paged_somebody_is_counted_with_the_sleep_it_cost(database: Database, acting: Acting):
    ada = await a_user(database, "Ada")
    schedule = await a_schedule(database, ada, starts_at=MONDAY)
    incident, other = [await a_stored_incident(database, created_at=MONDAY) for _ in range(2)]
    at = MONDAY + 26 * HOUR
    await paged(database, incident, ada, at)
    await paged(database, incident, ada, at + 5 * timedelta(minutes=1), lap=1)
    await paged(database, other, ada, at + 8 * HOUR)
    async with acting() as uow:
        uow.now = at + timedelta(minutes=6)
        uow.record(Fact.ACKNOWLEDGED, incident_id=incident.id)

    [line] = (await told(database, schedule_id=schedule.id))["schedules"][0]["people"]

    assert (line["interruptions"], line["by_night"], line["by_day"]) == (2, 1, 1)
    assert (line["nights_broken"], line["sleep_lost_s"]) == (1, 36 * 60)


async def test_a_page_of_which_nothing_was_handed_over_woke_nobody(database: Database):
    ada = await a_user(database, "Ada")
    schedule = await a_schedule(database, ada, starts_at=MONDAY)
    await paged(database, await a_stored_incident(database), ada, MONDAY + HOUR, attempts=0)

    [line] = (await told(database, schedule_id=schedule.id))["people"]

    assert line["interruptions"] == 0


async def test_who_is_paged_without_being_on_call_counts_over_all_but_not_in_the_schedule(database: Database):
    ada, boss = await a_user(database, "Ada"), await a_user(database, "Boss")
    team = await a_team(database, members=[ada], managers=[boss])
    await a_schedule(database, ada, team=team, starts_at=MONDAY)
    incident = await a_stored_incident(database, await a_service(database, team=team))
    await paged(database, incident, boss, MONDAY + HOUR, kind="safety_net")

    report = await told(database, team_id=team.id)

    assert [(line["user"], line["interruptions"]) for line in report["people"]] == [("Ada", 0), ("Boss", 1)]
    assert [line["user"] for line in report["schedules"][0]["people"]] == ["Ada"]


@pytest.mark.parametrize("schedules", [1, 4])
async def test_more_schedules_cost_no_more_statements(database: Database, schedules: int):
    from sqlalchemy import event

    for _ in range(schedules):
        await a_schedule(database, await a_user(database), starts_at=MONDAY)
    asked: list[str] = []
    async with database.screens() as session:
        connection = await session.connection()
        event.listen(connection.sync_connection, "before_cursor_execute", lambda *said: asked.append(said[2]))
        found = await duty.rotas(session, start=MONDAY, end=MONDAY + WEEK)
        await duty.calls(session, start=MONDAY, end=MONDAY + WEEK)

    assert len(found) == schedules
    assert len(asked) <= 7
