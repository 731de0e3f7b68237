"""What if, beside the engine: how loudly an event pages that waits, and what counts the alerts of an incident."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import text

from opsknight.domain.commands import service_quiet
from opsknight.domain.commands.foreseeing import Case, Future, foresee
from opsknight.domain.model.support_hours import Part, SupportHours
from opsknight.domain.queries.catalogue import sender_to
from opsknight.domain.queries.what_if import Opening, opening
from opsknight.domain.store.tables import ServiceRow
from opsknight.domain.store.unit_of_work import UnitOfWork
from tests.builders import a_policy, a_service, a_user, an_event
from tests.clock import NOON
from tests.commands.desk import Desk
from tests.commands.quiet import HOUR, a_monitor_of, later, planned

DAY_S = 24 * 3600
LOOKED_AT = 8
"""For so many hours after the event it is compared."""


def from_to(start: int, end: int) -> SupportHours:
    """Return support hours of every day, in hours after noon."""
    return SupportHours("UTC", tuple(Part(day, (12 + start) * 60, (12 + end) * 60) for day in range(1, 8)))


async def a_service_with(desk: Desk, hours: SupportHours) -> ServiceRow:
    """A service that pages Ada once a day, loudly within `hours`."""
    service = await a_service(desk.database, policy=await a_policy(desk.database, desk.user, wait_s=DAY_S, repeats=0))
    await desk.as_("system:test", service_quiet.set_urgency, service.id, "support_hours", hours)
    return service


async def supposed(desk: Desk, service: ServiceRow) -> tuple[Opening, Future]:
    """Return what would become of an event now."""
    now = desk.clock.now()
    async with desk.database.screens() as session:
        sender = await sender_to(session, service.id, at=now)
        found = await opening(session, sender=sender, event=an_event(), at=now)
        assert found.pages_at is not None
        case = Case(
            title=found.title, urgency=found.urgency, policy=found.policy, team_id=found.team_id,
            opens_at=found.pages_at, support_hours=found.support_hours, gets_loud=found.gets_loud,
        )  # fmt: skip
        return found, await foresee(UnitOfWork(session=session, actor="user:1", now=now), case)


def told(future: Future, urgency: str) -> list[tuple[datetime, str]]:
    """Return when somebody is paged in the time that is looked at and how loudly; `urgency` is that of the first."""
    pages = list[tuple[datetime, str]]()
    for fired in future.fired:
        if any(fact["kind"] == "urgency raised" for fact in fired.facts):
            urgency = "high"
        if fired.at <= NOON + LOOKED_AT * HOUR:
            pages += [(fired.at, urgency) for _ in fired.messages]
    return pages


async def engine_s(desk: Desk) -> list[tuple[datetime, str]]:
    """Let the time pass, and return when somebody was paged and how loudly."""
    for _ in range(LOOKED_AT):
        await later(desk, HOUR)
    sql = "SELECT p.created_at, n.urgency FROM pages p JOIN notifications n ON n.page_id = p.id ORDER BY n.id"
    return [(at, urgency) for at, urgency in await desk.rows(sql)]


@pytest.mark.parametrize(
    ("hours", "quiet_h", "expected"),
    [
        pytest.param(from_to(-1, 2), 4, [(4, "high")], id="loud on arrival, after the hours when it wakes"),
        pytest.param(from_to(1, 2), 4, [(4, "high")], id="the hours come and go while it sleeps"),
        pytest.param(from_to(1, 6), 4, [(4, "high")], id="the hours have begun when it wakes"),
        pytest.param(from_to(6, 7), 4, [(4, "low"), (6, "high")], id="the hours begin after it woke"),
        pytest.param(from_to(-5, -4), 4, [(4, "low")], id="the hours are over for that day"),
    ],
)
async def test_under_maintenance_it_is_as_loud_as_on_arrival_or_as_the_hours_that_begin_make_it(
    desk: Desk, hours: SupportHours, quiet_h: int, expected: list[tuple[int, str]]
):
    service = await a_service_with(desk, hours)
    await planned(desk, service_id=service.id, length=quiet_h * HOUR)
    found, future = await supposed(desk, service)

    await (await a_monitor_of(desk, service)).take(an_event())

    assert told(future, found.urgency) == await engine_s(desk) == [(NOON + at * HOUR, how) for at, how in expected]


async def test_it_is_told_why_what_arrives_quietly_wakes_loudly(desk: Desk):
    service = await a_service_with(desk, from_to(1, 2))
    await planned(desk, service_id=service.id, length=4 * HOUR)

    found, _ = await supposed(desk, service)

    assert found.reasons[-1] == "Support hours begin before that, in 1 h: then it becomes loud."


@pytest.mark.parametrize("alerts_at_least", [0, 1, 2])
async def test_the_one_alert_that_an_event_makes_counts_for_the_conditions_of_a_step(desk: Desk, alerts_at_least: int):
    bo = await a_user(desk.database, "Bo")
    policy = await a_policy(desk.database, desk.user, bo, wait_s=DAY_S, repeats=0)
    await conditions(desk, {"alerts_at_least": alerts_at_least} if alerts_at_least else {})
    service = await a_service(desk.database, policy=policy)
    _, future = await supposed(desk, service)

    await (await a_monitor_of(desk, service)).take(an_event())
    await later(desk, HOUR)

    paged = await desk.rows("SELECT user_id FROM pages")
    skipped = await desk.rows("SELECT data FROM facts WHERE kind = 'step skipped'")
    assert (
        [(one.user_id,) for one in future.fired[0].messages] == paged == [((desk.user, bo)[alerts_at_least == 2].id,)]
    )
    assert [(fact["data"],) for fact in future.fired[0].facts if fact["kind"] == "step skipped"] == skipped


async def conditions(desk: Desk, of_first_step: dict[str, Any]) -> None:
    async with desk.database.commands() as session:
        statement = text("UPDATE escalation_steps SET conditions = CAST(:said AS jsonb) WHERE position = 0")
        await session.execute(statement, {"said": json.dumps(of_first_step)})
        await session.commit()
