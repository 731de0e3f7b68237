"""What a monitor's acknowledge does to what rests: it has no owner, and so ends no silence."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from opsknight.domain.commands import incidents
from opsknight.domain.commands.rules import create
from opsknight.domain.model.event import Action, Severity
from opsknight.domain.model.intake import Verdict
from opsknight.domain.store.tables import ServiceRow, UserRow
from tests.builders import an_event
from tests.clock import NOON
from tests.commands.desk import Desk
from tests.commands.monitors import Monitor
from tests.commands.quiet import HOUR, MINUTE, a_monitor_of, later, only_incident, paged, planned, statuses

FIRES = an_event(severity=Severity.CRITICAL)
ACKNOWLEDGES = an_event(action=Action.ACKNOWLEDGE)
TOLD = "SELECT kind, data FROM facts WHERE kind IN ('acknowledged', 'recorded')"


async def resting(desk: Desk, manager: UserRow, service: ServiceRow, by: str) -> Monitor:
    """Let an alert fire that maintenance, a rule or a person keeps quiet; return its monitor."""
    rules: dict[str, dict[str, Any]] = {"rule": {"then": "suppress"}, "pause": {"pause": "5m"}}
    if by == "maintenance":
        await planned(desk)
    if by in rules:
        await desk.as_(manager, create, {"name": "Quiet", "when": "true", **rules[by]}, service_id=service.id)
    monitor = await a_monitor_of(desk, service)
    await monitor.take(FIRES)
    if by == "person":
        await desk.do(incidents.suppress, await only_incident(desk), until=desk.clock.now() + 9 * HOUR)
    return monitor


@pytest.mark.parametrize("by", ["maintenance", "rule", "person"])
async def test_what_rests_rests_on_though_its_monitor_acknowledges_it(
    desk: Desk, manager: UserRow, network: ServiceRow, by: str
):
    monitor = await resting(desk, manager, network, by)

    assert await monitor.take(ACKNOWLEDGES) == [Verdict.ACKNOWLEDGED]
    for _ in range(2):
        await later(desk, 31 * MINUTE)

    assert (await statuses(desk), await paged(desk)) == (["suppressed"], 0)
    told = {"action": "acknowledge", "reason": "the incident is suppressed"}
    assert await desk.rows(TOLD) == [("recorded", told)]


async def test_what_fires_and_is_acknowledged_in_one_batch_rests_on_as_well(desk: Desk, network: ServiceRow):
    await planned(desk)

    await (await a_monitor_of(desk, network)).take(FIRES, ACKNOWLEDGES)
    await later(desk, 31 * MINUTE)

    assert (await statuses(desk), await paged(desk)) == (["suppressed"], 0)


async def test_it_wakes_when_the_window_is_over(desk: Desk, manager: UserRow, network: ServiceRow):
    monitor = await resting(desk, manager, network, "maintenance")
    await monitor.take(ACKNOWLEDGES)

    await later(desk, 2 * HOUR)

    assert (await statuses(desk), await paged(desk)) == (["open"], 1)


async def test_what_a_monitor_acknowledges_again_and_again_is_told_once_a_minute(
    desk: Desk, manager: UserRow, network: ServiceRow
):
    monitor = await resting(desk, manager, network, "rule")

    for _ in range(4):
        await monitor.take(ACKNOWLEDGES, ACKNOWLEDGES)
        desk.clock.advance(timedelta(seconds=30))

    assert await desk.rows("SELECT at FROM facts WHERE kind = 'recorded' ORDER BY at") == [(NOON,), (NOON + MINUTE,)]


@pytest.mark.parametrize("together", [False, True])
async def test_what_only_waits_is_acknowledged_and_pages_when_that_is_over(
    desk: Desk, manager: UserRow, network: ServiceRow, *, together: bool
):
    if together:
        rule = {"name": "Wait", "when": "true", "pause": "5m"}
        await desk.as_(manager, create, rule, service_id=network.id)
        await (await a_monitor_of(desk, network)).take(FIRES, ACKNOWLEDGES)
    else:
        await (await resting(desk, manager, network, "pause")).take(ACKNOWLEDGES)

    await later(desk, 6 * MINUTE)
    assert (await statuses(desk), await paged(desk)) == (["acknowledged"], 0)

    await later(desk, 25 * MINUTE)
    assert (await statuses(desk), await paged(desk)) == (["open"], 1)
