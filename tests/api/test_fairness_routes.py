"""Fairness and pay over HTTP: what is told, to whom, and what a spreadsheet is given."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO
from typing import Any

import httpx
import pytest

from opsknight.api import fairness, pay
from opsknight.domain.commands import sessions
from opsknight.domain.store.tables import ScheduleRow, UserRow
from tests.api.house import FROM_US, House
from tests.builders import a_schedule, a_team, a_user

MONDAY = datetime(2026, 11, 16, tzinfo=UTC)
WEEK = {"from": "2026-11-16", "to": "2026-11-23"}
ONCE = {"day": "2026-11-18", "amount": "40.10", "reason": "-cmd|' /C calc'!A0"}


class Office:
    """A schedule of a team, and people who ask about it."""

    def __init__(self, house: House, ada: UserRow, boss: UserRow, rota: ScheduleRow) -> None:
        self.house, self.ada, self.boss, self.rota = house, ada, boss, rota

    async def asked(self, who: UserRow, method: str, path: str, **sent: Any) -> httpx.Response:
        async with self.house.deps.commands("system:test") as uow:
            token = await sessions.open_session(uow, who.id)
        headers = {"cookie": f"{self.house.deps.settings.session_cookie}={token}", **FROM_US}
        return await self.house.client.request(method, f"/api/v1/{path}", headers=headers, **sent)

    async def pay(self, who: UserRow, method: str = "GET", path: str = "", **sent: Any) -> httpx.Response:
        return await self.asked(who, method, f"schedules/{self.rota.id}/pay{path}", **sent)


@pytest.fixture
async def office(house: House) -> Office:
    """Ada and Bo take turns by week in Berlin; Boss manages their team."""
    for routes in (fairness, pay):
        house.routes.include_router(routes.router(house.deps))
    ada, bo = await a_user(house.database, "=Ada"), await a_user(house.database, "Bo")
    boss = await a_user(house.database, "Boss", role="manager")
    team = await a_team(house.database, members=[ada, bo], managers=[boss])
    rota = await a_schedule(house.database, ada, bo, team=team, name="Primary", zone="Europe/Berlin", starts_at=MONDAY)
    return Office(house, ada, boss, rota)


async def test_days_are_those_of_the_schedule(office: Office):
    answer = await office.asked(office.ada, "GET", "fairness", params={"schedule": office.rota.id, **WEEK})

    report = answer.json()
    assert report["from"] == (MONDAY.timestamp() - 3600)
    assert [(line["user"], line["on_call_s"]) for line in report["people"]] == [("=Ada", 604_800), ("Bo", 0)]
    assert report["schedules"][0]["balance"] == 0


async def test_without_a_period_it_is_this_month(office: Office):
    report = (await office.asked(office.ada, "GET", "fairness")).json()

    assert (report["from"], report["to"]) == (
        datetime(2026, 11, 1, tzinfo=UTC).timestamp(),
        datetime(2026, 12, 1, tzinfo=UTC).timestamp(),
    )


@pytest.mark.parametrize(
    ("period", "says"),
    [
        ({"from": "yesterday"}, "“yesterday” is no day; write one like 2026-11-24."),
        ({"from": "2026-11-16", "to": "2026-11-16"}, "The period is empty"),
        ({"from": "2001-01-01", "to": "2026-01-01"}, "Ask for three years at most."),
        ({"from": "9999-12-31"}, "“9999-12-31” is too far away"),
    ],
)
async def test_a_period_that_cannot_be_is_refused_in_words(office: Office, period: dict[str, str], says: str):
    answer = await office.asked(office.ada, "GET", "fairness", params=period)

    assert answer.status_code == 422
    assert says in answer.json()["detail"]


async def test_a_schedule_that_is_not_there_is_not_found(office: Office):
    assert (await office.asked(office.ada, "GET", "fairness?schedule=999")).status_code == 404
    assert (await office.asked(office.ada, "GET", "schedules/999/pay.csv")).status_code == 404


async def test_the_table_adds_up_and_no_cell_of_it_is_a_formula(office: Office):
    rules = {"hour": "7.3333", "night": 1.5, "weekend": 2, "minimum": 5, "currency": "@EUR"}
    assert (await office.pay(office.boss, "PUT", "/rules", json=rules)).status_code == 200
    once = await office.pay(office.boss, "POST", "/one-offs", json={**ONCE, "user_id": office.ada.id})
    assert once.status_code == 201

    report = (await office.pay(office.boss, params=WEEK)).json()
    answer = await office.pay(office.boss, path=".csv", params=WEEK)

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(StringIO(answer.text, newline="")))
    assert sum(Decimal(row["amount"]) for row in rows) == Decimal(report["total"]) > 1000
    assert [(row["person"], row["kind"], row["currency"], row["reason"]) for row in rows] == [
        ("'=Ada", "shift", "'@EUR", ""),
        ("'=Ada", "one-off", "'@EUR", "'-cmd|' /C calc'!A0"),
    ]
    assert rows[0]["hours"] == "168.0"


async def test_others_see_what_they_are_paid_themselves(office: Office):
    await office.pay(office.boss, "PUT", "/rules", json={"hour": 10})
    weeks = {"from": "2026-11-16", "to": "2026-11-30"}

    assert [line["user"] for line in (await office.pay(office.boss, params=weeks)).json()["totals"]] == ["=Ada", "Bo"]
    assert [line["user"] for line in (await office.pay(office.ada, params=weeks)).json()["totals"]] == ["=Ada"]


async def test_who_does_not_manage_the_team_may_not_say_what_it_pays(office: Office):
    answer = await office.pay(office.ada, "PUT", "/rules", json={"hour": 10})

    assert answer.status_code == 403


@pytest.mark.parametrize(
    "wish", [{"hour": -1}, {"hour": "NaN"}, {"hour": 1, "night": 0.5}, {"hour": 1, "currency": " "}, {"hour": 1e9}]
)
async def test_rules_that_cannot_be_paid_by_are_refused(office: Office, wish: dict[str, Any]):
    assert (await office.pay(office.boss, "PUT", "/rules", json=wish)).status_code == 422


async def test_a_one_off_can_be_taken_back(office: Office):
    wish = {**ONCE, "user_id": office.ada.id}
    once = (await office.pay(office.boss, "POST", "/one-offs", json=wish)).json()

    answer = await office.pay(office.boss, "DELETE", f"/one-offs/{once['one_off_id']}")

    assert answer.json()["one_offs"] == []
    assert answer.json()["sentence"] == "The one-off for =Ada is not paid any more."
