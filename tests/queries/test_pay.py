"""What interruptions are paid, out of the pages that the database holds: by what came while somebody was on call."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from opsknight.domain.queries.fairness import fairness
from opsknight.domain.queries.pay import pay_report
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import PayRulesRow, ScheduleRow, UserRow
from tests.builders import a_contact_method, a_notification, a_page, a_schedule, a_stored_incident, a_user

MONDAY = datetime(2026, 11, 2, tzinfo=UTC)
HOUR, WEEK = timedelta(hours=1), timedelta(weeks=1)


@pytest.fixture
async def ada(database: Database) -> UserRow:
    return await a_user(database, "Ada")


@pytest.fixture
async def rota(database: Database, ada: UserRow) -> ScheduleRow:
    """Ada is on call in the first week and in the third, Bo in the second; an interruption pays ten."""
    schedule = await a_schedule(database, ada, await a_user(database, "Bo"), starts_at=MONDAY)
    async with database.commands() as session:
        row = PayRulesRow(
            schedule_id=schedule.id, valid_from=date(2026, 10, 1), currency="EUR", hour=Decimal(0), night=Decimal(1),
            weekend=Decimal(1), holiday=Decimal(1), combine="highest", interruption=Decimal(10), minimum=Decimal(0),
            holidays=[], changed_at=MONDAY,
        )  # fmt: skip
        session.add(row)
        await session.commit()
    return schedule


async def paged(database: Database, user: UserRow, *instants: datetime) -> None:
    """Have one incident page somebody at each of the instants."""
    incident = await a_stored_incident(database, created_at=instants[0])
    for lap, at in enumerate(instants):
        page = await a_page(database, incident, user, created_at=at, due_at=at, lap=lap)
        method = await a_contact_method(database, user, channel="push")
        await a_notification(database, page, method, attempts=1, status="accepted")


async def interruptions(database: Database, rota: ScheduleRow, *weeks: int) -> list[int]:
    """Return how many interruptions of Ada are paid for each of the weeks, the first being 0."""
    paid: list[int] = []
    async with database.screens() as session:
        for week in weeks:
            start = MONDAY + week * WEEK
            report = await pay_report(session, rota.id, start=start, end=start + WEEK)
            paid.append(sum(line["quantity"] for line in report["lines"] if line["kind"] == "interruptions"))
    return paid


@pytest.mark.parametrize(
    ("off", "on"),
    [
        pytest.param(MONDAY - HOUR, MONDAY + HOUR, id="before the first shift"),
        pytest.param(MONDAY + 2 * WEEK - HOUR, MONDAY + 2 * WEEK + HOUR, id="between two shifts"),
    ],
)
async def test_what_pages_somebody_before_their_shift_and_in_it_again_is_paid_once(
    database: Database, rota: ScheduleRow, ada: UserRow, off: datetime, on: datetime
):
    await paged(database, ada, off, on, on + HOUR)

    async with database.screens() as session:
        whole = await pay_report(session, rota.id, start=MONDAY - WEEK, end=MONDAY + 3 * WEEK)

    lines = [line for line in whole["lines"] if line["kind"] == "interruptions"]
    assert [(line["quantity"], line["amount"], line["start"]) for line in lines] == [(1, "10.00", on.isoformat())]
    assert sum(await interruptions(database, rota, -1, 0, 1, 2)) == 1


async def test_what_pages_somebody_in_one_shift_and_in_a_later_one_again_is_paid_with_the_first(
    database: Database, rota: ScheduleRow, ada: UserRow
):
    await paged(database, ada, MONDAY + HOUR, MONDAY + WEEK + HOUR, MONDAY + 2 * WEEK + HOUR)

    assert await interruptions(database, rota, 0, 1, 2) == [1, 0, 0]


async def test_in_a_schedule_an_interruption_counts_by_the_first_page_of_the_shift(
    database: Database, rota: ScheduleRow, ada: UserRow
):
    await paged(database, ada, MONDAY - HOUR, MONDAY + 10 * HOUR)

    async with database.screens() as session:
        report = await fairness(session, start=MONDAY, end=MONDAY + WEEK, schedule_id=rota.id)

    (of_rota,) = [line for line in report["schedules"][0]["people"] if line["user"] == "Ada"]
    (over_all,) = [line for line in report["people"] if line["user"] == "Ada"]
    assert (of_rota["interruptions"], of_rota["by_day"], over_all["interruptions"]) == (1, 1, 0)
