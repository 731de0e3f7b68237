"""Saying what a schedule pays: by whom, from when, and what the past keeps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from opsknight.domain.commands.pay import add_one_off, remove_one_off, set_pay_rules
from opsknight.domain.model.pay import PayRules
from opsknight.domain.queries import pay as queries
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import ScheduleRow, UserRow
from opsknight.errors import Forbidden, Invalid, NotFound
from tests.builders import a_schedule, a_team, a_user
from tests.commands.desk import Desk

MONDAY = datetime(2026, 11, 16, tzinfo=UTC)
TEN = PayRules(hour=Decimal(10))


@pytest.fixture
async def boss(database: Database) -> UserRow:
    """The manager of the team."""
    return await a_user(database, "Boss", role="manager")


@pytest.fixture
async def rota(database: Database, boss: UserRow, desk: Desk) -> ScheduleRow:
    """A schedule in which Ada is on call from a Monday on."""
    team = await a_team(database, managers=[boss], members=[desk.user])
    return await a_schedule(database, desk.user, team=team, name="Primary", starts_at=MONDAY)


async def total(database: Database, rota: ScheduleRow, start: datetime = MONDAY, days: int = 7) -> str:
    async with database.screens() as session:
        report = await queries.pay_report(session, rota.id, start=start, end=start + timedelta(days=days))
        return report["total"]


async def test_the_first_rules_hold_always(desk: Desk, boss: UserRow, rota: ScheduleRow):
    done = await desk.as_(boss, set_pay_rules, rota.id, TEN)

    assert done.sentence == "“Primary” pays 10 EUR an hour."
    assert await total(desk.database, rota) == "1680.00"


async def test_later_rules_leave_what_was_paid_as_it_was(desk: Desk, boss: UserRow, rota: ScheduleRow):
    await desk.as_(boss, set_pay_rules, rota.id, TEN)
    done = await desk.as_(boss, set_pay_rules, rota.id, replace(TEN, hour=Decimal("12.5")))

    assert done.sentence == "“Primary” pays 12.5 EUR an hour from 2026-11-24 on."
    assert await total(desk.database, rota) == "1680.00"
    assert await total(desk.database, rota, MONDAY + timedelta(days=7)) == "2040.00"  # one day of seven at ten
    async with desk.database.screens() as session:
        assert [line["hour"] for line in await queries.pay_rules(session, rota.id)] == ["12.50", "10.00"]


async def test_rules_of_the_same_day_are_replaced(desk: Desk, boss: UserRow, rota: ScheduleRow):
    for hour in (1, 2):
        await desk.as_(boss, set_pay_rules, rota.id, replace(TEN, hour=Decimal(hour)), valid_from=date(2026, 11, 1))

    async with desk.database.screens() as session:
        assert [line["hour"] for line in await queries.pay_rules(session, rota.id)] == ["2.00"]


async def test_a_schedule_keeps_its_currency(desk: Desk, boss: UserRow, rota: ScheduleRow):
    await desk.as_(boss, set_pay_rules, rota.id, TEN)

    with pytest.raises(Invalid, match="“Primary” pays in EUR; what it has paid cannot be told in another"):
        await desk.as_(boss, set_pay_rules, rota.id, replace(TEN, currency="CHF"))


async def test_only_who_manages_the_team_says_what_it_pays(desk: Desk, rota: ScheduleRow):
    stranger = await a_user(desk.database, role="manager")
    with pytest.raises(Forbidden, match="You do not manage the team of this schedule"):
        await desk.as_(stranger, set_pay_rules, rota.id, TEN)
    with pytest.raises(Forbidden, match="A responder cannot"):
        await desk.do(set_pay_rules, rota.id, TEN)
    await desk.as_(await a_user(desk.database, role="admin"), set_pay_rules, rota.id, TEN)


async def test_a_one_off_is_paid_until_it_is_taken_back(desk: Desk, boss: UserRow, rota: ScheduleRow):
    said = {"user_id": desk.user.id, "day": date(2026, 11, 18), "amount": Decimal(40)}
    done = await desk.as_(boss, add_one_off, rota.id, **said, reason="came in  on a day off")

    assert done.sentence == "Ada is paid 40.00 once, on 2026-11-18."
    assert await total(desk.database, rota) == "40.00"
    assert done.one_off_id is not None
    await desk.as_(boss, remove_one_off, rota.id, done.one_off_id)
    assert await total(desk.database, rota) == "0.00"
    with pytest.raises(NotFound):
        await desk.as_(boss, remove_one_off, rota.id, done.one_off_id)


async def test_every_change_is_in_the_ledger_with_what_it_was(desk: Desk, boss: UserRow, rota: ScheduleRow):
    await desk.as_(boss, set_pay_rules, rota.id, TEN)
    await desk.as_(boss, set_pay_rules, rota.id, replace(TEN, hour=Decimal(11)))
    await desk.as_(
        boss, add_one_off, rota.id, user_id=desk.user.id, day=date(2026, 11, 18), amount=Decimal(4), reason="why"
    )

    facts: Sequence[tuple[str, str, dict[str, object]]] = await desk.rows(
        "SELECT kind, actor, data FROM facts WHERE subject = :rota ORDER BY xid, seq", rota=f"schedule:{rota.id}"
    )  # type: ignore[assignment]
    assert [kind for kind, _, _ in facts] == ["pay rules set", "pay rules set", "one-off added"]
    assert {actor for _, actor, _ in facts} == {f"user:{boss.id}"}
    assert facts[1][2]["before"]["hour"] == "10.0000"  # type: ignore[index]
    assert facts[2][2]["amount"] == "4"


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York"])
async def test_a_one_off_is_paid_in_the_month_of_its_day_wherever_its_person_lives(
    desk: Desk, boss: UserRow, rota: ScheduleRow, zone: str
):
    cy = await a_user(desk.database, "Cy", zone=zone)
    said = {"user_id": cy.id, "day": date(2026, 12, 1), "amount": Decimal(40)}
    await desk.as_(boss, add_one_off, rota.id, **said, reason="moved the rack")

    new_year, first = datetime(2027, 1, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
    async with desk.database.screens() as session:
        november = await queries.pay_report(session, rota.id, start=MONDAY, end=first, only=cy.id)
        december = await queries.pay_report(session, rota.id, start=first, end=new_year, only=cy.id)

    assert november["lines"] == []
    assert [(line["start"], line["amount"]) for line in december["lines"]] == [("2026-12-01T00:00:00+00:00", "40.00")]
