"""What is foreseen is what happens: the same firings, on an instant that is set forward."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from opsknight.domain.commands.foreseeing import Case, Future, foresee
from opsknight.domain.commands.shift_changes import follow, know_all
from opsknight.domain.commands.waking import begin_support_hours
from opsknight.domain.model.event import Urgency
from opsknight.domain.model.support_hours import Part, SupportHours
from opsknight.domain.queries.policies import policies
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import EscalationPolicyRow, NotificationRuleRow, ServiceRow
from opsknight.domain.store.unit_of_work import UnitOfWork
from tests.builders import (
    a_contact_method,
    a_policy,
    a_schedule,
    a_service,
    a_stored_incident,
    a_team,
    a_user,
)
from tests.clock import StoppedClock
from tests.commands.clockwork import Clockwork
from tests.conftest import Acting

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


async def foreseen(
    database: Database, service: ServiceRow, policy: EscalationPolicyRow, at: datetime, **more: Any
) -> Future:
    async with database.screens() as session:
        found = (await policies(session, [policy.id]))[policy.id]
        case = Case("Disk full", more.pop("urgency", Urgency.HIGH), found, service.team_id, opens_at=at, **more)
        return await foresee(UnitOfWork(session=session, actor="user:1", now=at), case)


@pytest.fixture
async def policy(database: Database) -> EscalationPolicyRow:
    """Two who change over within the hour, two in turn, one who cannot be reached, and a mail that comes later."""
    ada, bo, cy = [await a_user(database, name) for name in ("Ada", "Bo", "Cy")]
    unreachable = await a_user(database, "Dee", reachable=False)
    push = await a_contact_method(database, ada, channel="push")
    async with database.commands() as session:
        rules = [("high", push.id, 0), ("high", (await mail_of(database, ada.id)), 900)]
        for urgency, method, delay_s in rules:
            session.add(NotificationRuleRow(user_id=ada.id, urgency=urgency, contact_method_id=method, delay_s=delay_s))
        await session.commit()
    hourly = await a_schedule(database, ada, bo, unit="hours")
    team = await a_team(database, managers=[await a_user(database, "Max")])
    await a_user(database, "Root", role="admin")
    return await a_policy(
        database, hourly, unreachable, [bo, cy], team=team, wait_s=[600, 300, 3000], repeats=1, round_robin=True
    )


async def mail_of(database: Database, user_id: int) -> int:
    async with database.screens() as session:
        found = await session.scalar(
            text("SELECT id FROM contact_methods WHERE user_id = :id AND channel = 'email'"), {"id": user_id}
        )
    assert found is not None
    return int(found)


async def test_what_is_foreseen_is_what_the_engine_does(
    database: Database, clockwork: Clockwork, clock: StoppedClock, policy: EscalationPolicyRow
):
    service = await a_service(database, policy=policy)
    future = await foreseen(database, service, policy, clock.now())

    await a_stored_incident(database, service, timer="escalation")
    for _ in future.fired:
        timer = await clockwork.timer()
        assert timer is not None
        await clockwork.run(after=max(timedelta(), timer[1]))

    paged = await clockwork.rows(
        "SELECT p.created_at, p.user_id, n.channel, n.due_at FROM pages p JOIN notifications n ON n.page_id = p.id"
        " ORDER BY p.created_at, n.due_at, p.user_id, n.channel"
    )
    expected = sorted(
        (fired.at, message.user_id, message.channel, message.due_at)
        for fired in future.fired
        for message in fired.messages
    )
    assert sorted(paged) == expected
    assert len(future.fired) > 6


async def test_a_message_that_a_later_step_takes_back_is_told_as_cut(
    database: Database, clockwork: Clockwork, clock: StoppedClock, policy: EscalationPolicyRow
):
    service = await a_service(database, policy=policy)

    future = await foreseen(database, service, policy, clock.now())

    first = future.fired[0]
    assert [(message.channel, message.cut_by) for message in first.messages] == [
        ("push", None),
        ("email", (first.at + 10 * MINUTE, "step 3")),
    ]


async def test_looking_ahead_writes_nothing_and_takes_nobody_s_turn(
    database: Database, clockwork: Clockwork, clock: StoppedClock, policy: EscalationPolicyRow
):
    service = await a_service(database, policy=policy)

    await foreseen(database, service, policy, clock.now())

    counts = "SELECT (SELECT count(*) FROM {0})"
    for table in ("pages", "notifications", "facts", "escalation_turns", "incidents", "timers"):
        assert await clockwork.rows(counts.format(table)) == [(0,)], table


async def test_the_first_message_goes_to_whoever_will_be_on_call_then(
    database: Database, clock: StoppedClock, policy: EscalationPolicyRow
):
    service = await a_service(database, policy=policy)

    now, later = [await foreseen(database, service, policy, clock.now() + wait) for wait in (timedelta(), HOUR)]

    assert now.fired[0].messages[0].user_id != later.fired[0].messages[0].user_id


@pytest.mark.parametrize("in_turn", [False, True])
@pytest.mark.parametrize("order", [1, -1], ids=["first step", "last step"])
async def test_who_comes_on_call_while_it_waits_is_foreseen_as_the_engine_pages_them(
    database: Database, acting: Acting, clockwork: Clockwork, clock: StoppedClock, *, order: int, in_turn: bool
):
    ada, bo, cy = [await a_user(database, name) for name in ("Ada", "Bo", "Cy")]
    hourly = await a_schedule(database, ada, bo, starts_at=clock.now() - 90 * MINUTE, unit="hours")
    team = await a_team(database, managers=[await a_user(database, "Max")])
    steps, waits = [[cy, hourly], ada][::order], [2 * 3600 + 60, 5400][::order]
    policy = await a_policy(database, *steps, team=team, wait_s=waits, repeats=1, round_robin=in_turn)
    service = await a_service(database, policy=policy)
    async with acting("timer:waking") as uow:
        await know_all(uow)
        await follow(uow)
    future = await foreseen(database, service, policy, clock.now())

    await a_stored_incident(database, service, timer="escalation")
    for fired in future.fired:
        clock.advance(fired.at - clock.now())
        await clockwork.run()
        async with acting("timer:waking") as uow:
            await follow(uow)

    paged = await clockwork.rows("SELECT created_at, user_id FROM pages ORDER BY created_at, user_id")
    assert paged == sorted({(fired.at, message.user_id) for fired in future.fired for message in fired.messages})
    assert any(fired.kind == "shift_change" for fired in future.fired)


@pytest.mark.parametrize("after_min", [5, 10, 25])
async def test_what_is_quiet_until_support_hours_begin_is_foreseen_as_the_engine_raises_it(
    database: Database, acting: Acting, clockwork: Clockwork, clock: StoppedClock, after_min: int
):
    ada, bo = [await a_user(database, name) for name in ("Ada", "Bo")]
    await a_contact_method(database, ada, channel="push")
    policy = await a_policy(database, ada, bo, wait_s=[600, 1200])
    begins_at, minute = clock.now() + after_min * MINUTE, clock.now().hour * 60 + clock.now().minute + after_min
    hours = SupportHours("UTC", (Part(begins_at.isoweekday(), minute, minute + 120),))
    service = await a_service(
        database,
        policy=policy,
        urgency_mode="support_hours",
        support_hours=hours.to_json(),
        hours_begin_at=begins_at,
    )
    future = await foreseen(
        database, service, policy, clock.now(), urgency=Urgency.LOW, support_hours=hours, gets_loud=True
    )

    await a_stored_incident(database, service, urgency="low", highest_urgency="low", timer="escalation")
    for fired in future.fired:
        clock.advance(fired.at - clock.now())
        async with acting("timer:waking") as uow:
            await begin_support_hours(uow)
        await clockwork.run()

    paged = await clockwork.rows(
        "SELECT DISTINCT p.created_at, p.user_id, n.urgency FROM pages p JOIN notifications n ON n.page_id = p.id"
        " ORDER BY 1, 2"
    )
    loud = [fired.at >= begins_at for fired in future.fired]
    assert paged == sorted(
        {
            (fired.at, message.user_id, "high" if fired.at >= begins_at else "low")
            for fired in future.fired
            for message in fired.messages
        }
    )
    assert (loud[0], loud[-1]) == (False, True)
    assert next(fact["kind"] for fact in future.fired[loud.index(True)].facts) == "urgency raised"


async def test_rounds_of_the_safety_net_until_support_hours_begin_are_told_once(
    database: Database, clock: StoppedClock
):
    max_ = await a_user(database, "Max")
    policy = await a_policy(
        database, await a_user(database, reachable=False), team=await a_team(database, managers=[max_])
    )
    service = await a_service(database, policy=policy)
    tomorrow = clock.now() + timedelta(days=1)
    hours = SupportHours("UTC", (Part(tomorrow.isoweekday(), 540, 1020),))

    future = await foreseen(
        database, service, policy, clock.now(), urgency=Urgency.LOW, support_hours=hours, gets_loud=True
    )

    [raised] = [fired for fired in future.fired if fired.goes_round]
    assert raised.at == tomorrow.replace(hour=9, minute=0, second=0)
    assert future.fired[-1].at > raised.at
