"""Every open alert that a rule names keeps its targets quiet, however it came to be open, and as bad."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from opsknight.domain.commands import incidents, inhibitions, undoing
from opsknight.domain.commands.inhibitions import Rule
from opsknight.domain.commands.opening import open_by_hand
from opsknight.domain.commands.rules import create
from opsknight.domain.model.event import Action, Severity, Urgency
from opsknight.domain.model.matcher import Op
from opsknight.domain.store.tables import HeartbeatRow, ServiceRow, UserRow
from tests.builders import a_service, a_user, an_event
from tests.commands.beats import engine_runs, ping
from tests.commands.desk import Desk
from tests.commands.quiet import a_monitor_of, jobs_run, statuses, where

TARGET = (where("title", "Host", Op.STARTS_WITH),)
SWITCH: dict[str, Any] = {"dedup_key": "switch", "title": "Switch r1 down"}
HOST: dict[str, Any] = {"dedup_key": "host", "title": "Host unreachable"}
RESOLVE = {"action": Action.RESOLVE}


@pytest.fixture
async def manager(desk: Desk) -> UserRow:
    """Who has said that hosts are quiet while a switch is down."""
    manager = await a_user(desk.database, role="manager")
    await a_rule(desk, manager, "Switch before hosts", where("title", "Switch", Op.STARTS_WITH))
    return manager


@pytest.fixture
async def network(desk: Desk, manager: UserRow) -> ServiceRow:
    return await a_service(desk.database, "Network", pages=[desk.user])


async def a_rule(desk: Desk, manager: UserRow, name: str, *source: Any) -> None:
    await desk.as_(manager, inhibitions.create, Rule(name, source, TARGET))


async def test_a_source_that_joins_a_group_keeps_quiet(desk: Desk, manager: UserRow, network: ServiceRow):
    group = {"name": "All", "when": 'title starts_with "S"', "group": {"within": "1h"}}
    await desk.as_(manager, create, group, service_id=None)
    monitor = await a_monitor_of(desk, network)

    await monitor.take(an_event(dedup_key="slow", title="Slow network"))
    await monitor.take(an_event(**SWITCH))
    await monitor.take(an_event(**HOST))

    assert await statuses(desk) == ["open", "suppressed"]


@pytest.mark.parametrize("at_once", [False, True])
async def test_one_that_gets_as_bad_as_a_source_keeps_quiet_and_lets_go_when_it_is_less_bad(
    desk: Desk, manager: UserRow, network: ServiceRow, *, at_once: bool
):
    await a_rule(desk, manager, "Critical disks", where("severity", "critical"))
    monitor = await a_monitor_of(desk, network)
    await monitor.take(an_event(severity=Severity.WARNING))
    worse, host = an_event(severity=Severity.CRITICAL), an_event(**HOST, severity=Severity.ERROR)

    for batch in ([worse, host],) if at_once else ([worse], [host]):
        await monitor.take(*batch)
    await jobs_run(desk)
    assert await statuses(desk) == ["open", "suppressed"]

    await monitor.take(an_event(severity=Severity.WARNING))
    await jobs_run(desk)
    assert await statuses(desk) == ["open", "open"]


@pytest.mark.parametrize("undone", [False, True])
async def test_one_that_a_person_brings_back_keeps_quiet_again(desk: Desk, network: ServiceRow, *, undone: bool):
    monitor = await a_monitor_of(desk, network)
    await monitor.take(an_event(**SWITCH))
    switch = (await desk.rows("SELECT id FROM incidents"))[0][0]
    await desk.do(incidents.resolve, switch)
    await jobs_run(desk)

    await desk.do(undoing.undo if undone else incidents.reopen, switch)
    await monitor.take(an_event(**HOST))
    await jobs_run(desk)

    assert await statuses(desk) == ["open", "suppressed"]


async def test_a_heartbeat_that_is_missed_keeps_quiet_until_it_reports(
    desk: Desk, manager: UserRow, backup: HeartbeatRow, network: ServiceRow
):
    await a_rule(desk, manager, "Backups", where("service", "Backups"))
    await ping(desk, backup)
    desk.clock.advance(timedelta(minutes=70))
    await engine_runs(desk)

    await (await a_monitor_of(desk, network)).take(an_event(**HOST))
    await jobs_run(desk)
    assert await statuses(desk) == ["open", "suppressed"]

    await ping(desk, backup)
    await jobs_run(desk)
    assert await statuses(desk) == ["resolved", "open"]


async def test_what_a_person_opens_keeps_quiet_as_what_a_monitor_reports(desk: Desk, network: ServiceRow):
    await desk.do(open_by_hand, service_id=network.id, title="Switch r1 is being replaced", urgency=Urgency.LOW)

    await (await a_monitor_of(desk, network)).take(an_event(**HOST))

    assert await statuses(desk) == ["open", "suppressed"]
