"""What is kept quiet itself raises nobody's incident by joining it, and no page is lost in a group that rests."""

from __future__ import annotations

from typing import Any

import pytest

from opsknight.domain.commands import incidents, inhibitions, service_quiet
from opsknight.domain.commands.inhibitions import Rule
from opsknight.domain.commands.rules import create
from opsknight.domain.model.event import Action, Severity
from opsknight.domain.model.flapping import Limits
from opsknight.domain.model.intake import Verdict
from opsknight.domain.model.matcher import Op
from opsknight.domain.queries.why import why
from opsknight.domain.store.tables import ServiceRow, UserRow
from tests.builders import a_service, an_event
from tests.commands.desk import Desk
from tests.commands.monitors import Monitor
from tests.commands.quiet import HOUR, OF_INCIDENTS, a_monitor_of, jobs_run, later, paged, planned, statuses, where

HOSTS_OF_SWITCH = Rule(
    "Switch before hosts",
    (where("title", "Switch", Op.STARTS_WITH),),
    (where("title", "Host", Op.STARTS_WITH),),
)
SWITCH: dict[str, Any] = {"dedup_key": "switch", "title": "Switch r1 down"}
HOST: dict[str, Any] = {"dedup_key": "host", "title": "Host unreachable", "severity": Severity.CRITICAL}
SLOW: dict[str, Any] = {"dedup_key": "slow", "title": "Slow answers", "severity": Severity.WARNING}
RESOLVE = {"action": Action.RESOLVE}


@pytest.fixture
async def hosts(desk: Desk, manager: UserRow) -> ServiceRow:
    """A service all of whose alerts of an hour are one incident, and are quiet while a switch is down."""
    service = await a_service(desk.database, "Hosts", pages=[desk.user])
    group = {"name": "All", "when": "true", "group": {"within": "1h"}}
    await desk.as_(manager, create, group, service_id=service.id)
    await desk.as_(manager, inhibitions.create, HOSTS_OF_SWITCH)
    return service


async def an_incident_below_a_switch(desk: Desk, hosts: ServiceRow, network: ServiceRow) -> Monitor:
    """A quiet incident of the hosts that has paged, and a switch that is down since."""
    monitor = await a_monitor_of(desk, hosts)
    await monitor.take(an_event(**SLOW))
    await (await a_monitor_of(desk, network)).take(an_event(**SWITCH))
    await jobs_run(desk)
    return monitor


async def test_an_inhibited_alert_that_joins_pages_nobody_however_loud_it_is(
    desk: Desk, hosts: ServiceRow, network: ServiceRow
):
    monitor = await an_incident_below_a_switch(desk, hosts, network)

    assert await monitor.take(an_event(**HOST)) == [Verdict.JOINED]
    await jobs_run(desk)

    assert await desk.rows(OF_INCIDENTS) == [("open", "high", 1), ("open", "high", 1)]
    assert await paged(desk) == 2


async def test_one_that_gets_worse_once_it_has_joined_pages_nobody_either(
    desk: Desk, hosts: ServiceRow, network: ServiceRow
):
    monitor = await an_incident_below_a_switch(desk, hosts, network)
    await monitor.take(an_event(**{**HOST, "severity": Severity.WARNING}))

    assert await monitor.take(an_event(**HOST)) == [Verdict.RAISED]
    await jobs_run(desk)

    assert await paged(desk) == 2


async def test_what_was_open_before_its_source_pages_anew_when_it_gets_worse(
    desk: Desk, hosts: ServiceRow, network: ServiceRow
):
    monitor = await a_monitor_of(desk, hosts)
    await monitor.take(an_event(**{**HOST, "severity": Severity.WARNING}))
    await (await a_monitor_of(desk, network)).take(an_event(**SWITCH))
    await jobs_run(desk)

    await monitor.take(an_event(**HOST))
    await jobs_run(desk)

    assert await desk.rows(OF_INCIDENTS) == [("open", "high", 2), ("open", "high", 1)]


async def test_an_owner_hears_nothing_of_an_inhibited_alert_that_joins(
    desk: Desk, hosts: ServiceRow, network: ServiceRow
):
    monitor = await an_incident_below_a_switch(desk, hosts, network)
    await desk.do(incidents.acknowledge, (await desk.rows("SELECT id FROM incidents ORDER BY number"))[0][0])

    await monitor.take(an_event(**HOST))

    assert (await statuses(desk))[0] == "acknowledged"
    assert await desk.rows("SELECT count(*) FROM timers WHERE kind = 'alerts_joined'") == [(0,)]


async def test_a_flapping_alert_that_joins_pages_nobody(desk: Desk, hosts: ServiceRow):
    await desk.as_("system:test", service_quiet.set_flapping, hosts.id, Limits())
    monitor = await a_monitor_of(desk, hosts)
    await monitor.take(an_event(**SLOW))
    await monitor.take(*[an_event(**{**HOST, "severity": Severity.WARNING}), an_event(**HOST, **RESOLVE)] * 3)
    await jobs_run(desk)

    await monitor.take(an_event(**HOST))
    await jobs_run(desk)

    assert (await statuses(desk), await paged(desk)) == (["open"], 1)


async def test_what_a_rule_suppresses_joins_quietly(desk: Desk, manager: UserRow, hosts: ServiceRow):
    rule = {"name": "Hosts", "when": 'title starts_with "Host"', "then": "suppress"}
    await desk.as_(manager, create, rule, service_id=hosts.id)
    monitor = await a_monitor_of(desk, hosts)
    await monitor.take(an_event(**SLOW))
    await jobs_run(desk)

    assert await monitor.take(an_event(**HOST)) == [Verdict.JOINED]
    await jobs_run(desk)

    assert (await statuses(desk), await paged(desk)) == (["open"], 1)


async def test_inhibited_alerts_of_a_group_rest_in_one_incident_and_wake_together(
    desk: Desk, hosts: ServiceRow, network: ServiceRow
):
    switch, monitor = await a_monitor_of(desk, network), await a_monitor_of(desk, hosts)
    await switch.take(an_event(**SWITCH))

    several = [an_event(**{**HOST, "dedup_key": f"{number}"}) for number in range(3)]
    verdicts = [*await monitor.take(*several[:2]), *await monitor.take(several[2])]
    assert verdicts == [Verdict.OPENED, Verdict.JOINED, Verdict.JOINED]
    assert await statuses(desk) == ["open", "suppressed"]

    await switch.take(an_event(**SWITCH, **RESOLVE))
    await jobs_run(desk)
    assert (await statuses(desk), await paged(desk)) == (["resolved", "open"], 1)


async def test_what_pages_when_maintenance_is_over_joins_nothing_that_a_person_keeps_quiet(
    desk: Desk, hosts: ServiceRow
):
    await (await a_monitor_of(desk, hosts)).take(an_event(**SLOW))
    first = (await desk.rows("SELECT id FROM incidents"))[0][0]
    await desk.do(incidents.suppress, first, until=desk.clock.now() + 9 * HOUR)
    await planned(desk, service_id=hosts.id)

    await (await a_monitor_of(desk, hosts, name="Again")).take(an_event(**HOST))
    await later(desk, 2 * HOUR)

    assert (await statuses(desk), await paged(desk)) == (["suppressed", "open"], 1)


@pytest.mark.parametrize("hours", [None, 9])
async def test_what_pages_when_its_pause_is_over_joins_nothing_that_a_person_keeps_quiet_for_longer(
    desk: Desk, manager: UserRow, hosts: ServiceRow, hours: int | None
):
    await (await a_monitor_of(desk, hosts)).take(an_event(**SLOW))
    first = (await desk.rows("SELECT id FROM incidents"))[0][0]
    await desk.do(incidents.suppress, first, until=None if hours is None else desk.clock.now() + hours * HOUR)
    pause = {"name": "Be sure", "when": 'title starts_with "Host"', "pause": "5m"}
    await desk.as_(manager, create, pause, service_id=hosts.id)

    await (await a_monitor_of(desk, hosts, name="Again")).take(an_event(**HOST))
    await later(desk, HOUR)

    assert (await statuses(desk), await paged(desk)) == (["suppressed", "open"], 1)


async def test_what_is_paused_joins_what_is_paused_for_as_long(desk: Desk, manager: UserRow, hosts: ServiceRow):
    await desk.as_(manager, create, {"name": "Be sure", "when": "true", "pause": "5m"}, service_id=hosts.id)
    monitor = await a_monitor_of(desk, hosts)
    await monitor.take(an_event(**SLOW))

    assert await monitor.take(an_event(**HOST)) == [Verdict.JOINED]
    await later(desk, HOUR)

    assert (await statuses(desk), await paged(desk)) == (["open"], 1)


@pytest.mark.parametrize("how", ["snoozed", "acknowledged by its monitor"])
async def test_what_would_page_joins_nothing_that_nobody_looks_at(desk: Desk, hosts: ServiceRow, how: str):
    monitor = await a_monitor_of(desk, hosts)
    await monitor.take(an_event(**SLOW))
    await jobs_run(desk)
    if how == "snoozed":
        first = (await desk.rows("SELECT id FROM incidents"))[0][0]
        await desk.do(incidents.snooze, first, until=desk.clock.now() + 9 * HOUR)
    else:
        await monitor.take(an_event(**SLOW, action=Action.ACKNOWLEDGE))

    assert await monitor.take(an_event(**HOST), an_event(**{**HOST, "dedup_key": "other"})) == [
        Verdict.OPENED,
        Verdict.JOINED,
    ]
    await jobs_run(desk)

    assert (await statuses(desk), await paged(desk)) == ([how.partition(" ")[0], "open"], 2)


async def test_what_a_rule_suppresses_joins_what_is_snoozed(desk: Desk, manager: UserRow, hosts: ServiceRow):
    rule = {"name": "Hosts", "when": 'title starts_with "Host"', "then": "suppress"}
    await desk.as_(manager, create, rule, service_id=hosts.id)
    monitor = await a_monitor_of(desk, hosts)
    await monitor.take(an_event(**SLOW))
    first = (await desk.rows("SELECT id FROM incidents"))[0][0]
    await desk.do(incidents.snooze, first, until=desk.clock.now() + HOUR)

    assert await monitor.take(an_event(**HOST)) == [Verdict.JOINED]


async def test_what_an_owner_has_acknowledged_is_joined_and_they_hear_of_it(desk: Desk, hosts: ServiceRow):
    monitor = await a_monitor_of(desk, hosts)
    await monitor.take(an_event(**HOST))
    first = (await desk.rows("SELECT id FROM incidents"))[0][0]
    await desk.do(incidents.acknowledge, first)

    assert await monitor.take(an_event(**SLOW)) == [Verdict.JOINED]

    assert await desk.rows("SELECT count(*) FROM timers WHERE kind = 'alerts_joined'") == [(1,)]


class TestPausedInAGroup:
    """Hosts wait five minutes before they page; what else belongs to their group does not."""

    @pytest.fixture
    async def monitor(self, desk: Desk, manager: UserRow, hosts: ServiceRow) -> Monitor:
        pause = {"name": "Be sure", "when": 'title starts_with "Host"', "pause": "5m"}
        await desk.as_(manager, create, pause, service_id=hosts.id)
        monitor = await a_monitor_of(desk, hosts)
        await monitor.take(an_event(**SLOW))
        await jobs_run(desk)
        return monitor

    async def test_a_louder_alert_waits_by_itself_and_disturbs_nobody_before(self, desk: Desk, monitor: Monitor):
        assert await monitor.take(an_event(**HOST)) == [Verdict.OPENED]
        await jobs_run(desk)
        assert await desk.rows(OF_INCIDENTS) == [("open", "low", 1), ("suppressed", "high", 1)]
        assert await paged(desk) == 1

        await later(desk, HOUR)
        assert await desk.rows(OF_INCIDENTS) == [("open", "low", 1), ("open", "high", 2)]

    async def test_those_that_wait_are_one_incident_whatever_comes_in_between(self, desk: Desk, monitor: Monitor):
        several = [an_event(**{**HOST, "dedup_key": f"{number}"}) for number in range(3)]
        slow = [an_event(**{**SLOW, "dedup_key": f"slow {number}"}) for number in range(2)]

        verdicts = await monitor.take(several[0], slow[0], several[1])
        verdicts += await monitor.take(slow[1], several[2])

        assert verdicts == [Verdict.OPENED, *[Verdict.JOINED] * 4]
        assert await statuses(desk) == ["open", "suppressed"]

    async def test_one_that_is_no_louder_joins_what_has_paged_already(self, desk: Desk, monitor: Monitor):
        assert await monitor.take(an_event(**{**HOST, "severity": Severity.WARNING})) == [Verdict.JOINED]
        await jobs_run(desk)

        assert (await statuses(desk), await paged(desk)) == (["open"], 1)

    async def test_the_owner_of_what_is_acknowledged_hears_of_none_before(self, desk: Desk, monitor: Monitor):
        await desk.do(incidents.acknowledge, (await desk.rows("SELECT id FROM incidents"))[0][0])

        assert await monitor.take(an_event(**{**HOST, "severity": Severity.WARNING})) == [Verdict.OPENED]

        assert await statuses(desk) == ["acknowledged", "suppressed"]
        assert await desk.rows("SELECT count(*) FROM timers WHERE kind = 'alerts_joined'") == [(0,)]


@pytest.mark.parametrize("by", ["maintenance", "inhibition", "rule"])
async def test_the_story_names_what_keeps_an_alert_quiet_that_joins(
    desk: Desk, manager: UserRow, hosts: ServiceRow, network: ServiceRow, by: str
):
    monitor = await a_monitor_of(desk, hosts)
    await monitor.take(an_event(**SLOW))
    reasons = {
        "maintenance": "maintenance “DB upgrade”",
        "inhibition": "“Switch r1 down” is open, inhibition “Switch before hosts”",
        "rule": "a rule suppresses it",
    }
    if by == "maintenance":
        await planned(desk, service_id=hosts.id)
    elif by == "inhibition":
        await (await a_monitor_of(desk, network)).take(an_event(**SWITCH))
    else:
        rule = {"name": "Hosts", "when": 'title starts_with "Host"', "then": "suppress"}
        await desk.as_(manager, create, rule, service_id=hosts.id)
    monitor = await a_monitor_of(desk, hosts, name="Again")

    await monitor.take(an_event(**HOST))

    told = await desk.rows("SELECT kind, data->>'quiet' FROM facts WHERE kind IN ('alert joined', 'urgency raised')")
    assert sorted(told) == [("alert joined", reasons[by]), ("urgency raised", reasons[by])]


async def test_why_nobody_was_paged_for_an_alert_that_joined_is_told_with_its_reason(desk: Desk, hosts: ServiceRow):
    await (await a_monitor_of(desk, hosts)).take(an_event(**SLOW))
    await planned(desk, service_id=hosts.id)
    await (await a_monitor_of(desk, hosts, name="Again")).take(an_event(**HOST))

    incident = (await desk.rows("SELECT id FROM incidents"))[0][0]
    async with desk.database.screens() as session:
        line = await why(session, incident, user_id=desk.user.id, viewer_id=desk.user.id, at=desk.clock.now())

    joined = "The alert “Host unreachable” joined the incident; nobody is paged for that: maintenance “DB upgrade”."
    assert joined in [one["sentence"] for one in line["chain"]]


async def test_the_story_names_what_keeps_an_alert_quiet_that_gets_worse(
    desk: Desk, hosts: ServiceRow, network: ServiceRow
):
    monitor = await an_incident_below_a_switch(desk, hosts, network)
    await monitor.take(an_event(**{**HOST, "severity": Severity.WARNING}))

    await monitor.take(an_event(**HOST))

    told = await desk.rows("SELECT data->>'quiet' FROM facts WHERE kind = 'urgency raised'")
    assert told == [("“Switch r1 down” is open, inhibition “Switch before hosts”",)]


async def test_an_urgency_that_rises_while_a_person_keeps_it_quiet_is_told_to_page_nobody(
    desk: Desk, network: ServiceRow
):
    monitor = await a_monitor_of(desk, network)
    await monitor.take(an_event(**SLOW))
    await desk.do(incidents.suppress, (await desk.rows("SELECT id FROM incidents"))[0][0], until=None)

    await monitor.take(an_event(**{**SLOW, "severity": Severity.CRITICAL}))

    told = await desk.rows("SELECT data->>'quiet' FROM facts WHERE kind = 'urgency raised'")
    assert told == [("the incident is suppressed",)]
