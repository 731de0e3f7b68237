"""Inhibition: what depends on something broken is quiet until that is over."""

from __future__ import annotations

from typing import Any

import pytest

from opsknight.domain.commands import incidents, inhibitions
from opsknight.domain.commands.audits import repair
from opsknight.domain.commands.inhibitions import Rule
from opsknight.domain.model.event import Action
from opsknight.domain.model.matcher import Op
from opsknight.domain.store.tables import ServiceRow, UserRow
from opsknight.errors import Conflict, Forbidden, Invalid
from tests.builders import a_service, an_event
from tests.commands.desk import Desk
from tests.commands.quiet import HOUR, a_monitor_of, jobs_run, later, paged, planned, statuses, where

RULE = Rule(
    "Switch before hosts",
    (where("title", "Switch", Op.STARTS_WITH),),
    (where("title", "Host", Op.STARTS_WITH),),
    ("tags.rack",),
)
SWITCH: dict[str, Any] = {"dedup_key": "switch", "title": "Switch r1 down", "tags": {"rack": "r1"}}
HOST: dict[str, Any] = {"dedup_key": "host", "title": "Host unreachable", "tags": {"rack": "r1"}}
RESOLVE = {"action": Action.RESOLVE}


@pytest.fixture
async def hosts(desk: Desk) -> ServiceRow:
    return await a_service(desk.database, "Hosts", pages=[desk.user])


async def test_a_target_that_opens_while_its_source_is_open_pages_nobody_and_names_it(
    desk: Desk, manager: UserRow, network: ServiceRow, hosts: ServiceRow
):
    await desk.as_(manager, inhibitions.create, RULE)
    await (await a_monitor_of(desk, network)).take(an_event(**SWITCH))

    await (await a_monitor_of(desk, hosts)).take(an_event(**HOST), an_event(**{**HOST, "dedup_key": "2", "tags": {}}))
    await jobs_run(desk)

    assert await statuses(desk) == ["open", "suppressed", "open"]
    told = await desk.rows("SELECT data->>'reason', data->>'source_incident_id' FROM facts WHERE kind = 'suppressed'")
    source = (await desk.rows("SELECT id::text FROM incidents ORDER BY number LIMIT 1"))[0][0]
    assert told == [("“Switch r1 down” is open, inhibition “Switch before hosts”", source)]
    assert await paged(desk) == 2


async def test_a_source_and_its_target_in_one_batch_are_known_to_each_other(
    desk: Desk, manager: UserRow, network: ServiceRow
):
    await desk.as_(manager, inhibitions.create, RULE)

    await (await a_monitor_of(desk, network)).take(an_event(**SWITCH), an_event(**HOST))

    assert await statuses(desk) == ["open", "suppressed"]


@pytest.mark.parametrize("by_hand", [False, True])
async def test_when_the_source_resolves_what_still_fires_wakes_and_pages(
    desk: Desk,
    manager: UserRow,
    network: ServiceRow,
    by_hand: bool,  # noqa: FBT001  # who resolves it
):
    await desk.as_(manager, inhibitions.create, RULE)
    monitor = await a_monitor_of(desk, network)
    cleared = {**HOST, "dedup_key": "cleared"}
    await monitor.take(an_event(**SWITCH), an_event(**HOST), an_event(**cleared), an_event(**cleared, **RESOLVE))
    source = (await desk.rows("SELECT id FROM incidents ORDER BY number LIMIT 1"))[0][0]

    if by_hand:
        await desk.do(incidents.resolve, source)
    else:
        await monitor.take(an_event(**SWITCH, **RESOLVE))
    await jobs_run(desk)

    assert await statuses(desk) == ["resolved", "open", "resolved"]
    assert await paged(desk) == 1
    assert await desk.rows("SELECT count(*) FROM inhibitors") == [(0,)]


async def test_one_that_has_cleared_and_waits_for_a_person_is_not_woken(desk: Desk, manager: UserRow):
    await desk.as_(manager, inhibitions.create, RULE)
    service = await a_service(desk.database, "Network", pages=[desk.user], resolves_with_last_alert=False)
    monitor = await a_monitor_of(desk, service)
    await monitor.take(an_event(**SWITCH), an_event(**HOST), an_event(**HOST, **RESOLVE))

    await desk.do(incidents.resolve, (await desk.rows("SELECT id FROM incidents ORDER BY number LIMIT 1"))[0][0])
    await jobs_run(desk)

    assert await statuses(desk) == ["resolved", "suppressed"]


async def test_what_another_source_keeps_quiet_rests_on(desk: Desk, manager: UserRow, network: ServiceRow):
    await desk.as_(manager, inhibitions.create, RULE)
    monitor = await a_monitor_of(desk, network)
    await monitor.take(an_event(**SWITCH), an_event(**{**SWITCH, "dedup_key": "other"}), an_event(**HOST))

    await monitor.take(an_event(**SWITCH, **RESOLVE))
    await jobs_run(desk)
    assert (await statuses(desk))[-1] == "suppressed"

    await monitor.take(an_event(**{**SWITCH, "dedup_key": "other"}, **RESOLVE))
    await jobs_run(desk)
    assert (await statuses(desk))[-1] == "open"


async def test_what_is_under_maintenance_too_rests_until_that_is_over(
    desk: Desk, manager: UserRow, network: ServiceRow
):
    await desk.as_(manager, inhibitions.create, RULE)
    monitor = await a_monitor_of(desk, network)
    await monitor.take(an_event(**SWITCH), an_event(**HOST))
    await planned(desk, length=HOUR)

    await monitor.take(an_event(**SWITCH, **RESOLVE))
    await jobs_run(desk)
    assert await statuses(desk) == ["resolved", "suppressed"]

    await later(desk, HOUR)
    assert await statuses(desk) == ["resolved", "open"]


async def test_a_removed_rule_wakes_what_it_kept_quiet(desk: Desk, manager: UserRow, network: ServiceRow):
    rule = (await desk.as_(manager, inhibitions.create, RULE)).id
    await (await a_monitor_of(desk, network)).take(an_event(**SWITCH), an_event(**HOST))

    await desk.as_(manager, inhibitions.remove, rule)
    await jobs_run(desk)

    assert await statuses(desk) == ["open", "open"]


async def test_a_source_that_was_open_before_the_rule_counts(desk: Desk, manager: UserRow, network: ServiceRow):
    await (await a_monitor_of(desk, network)).take(an_event(**SWITCH))

    done = await desk.as_(manager, inhibitions.create, RULE)
    await (await a_monitor_of(desk, network, name="Again")).take(an_event(**HOST))

    assert done.sentence.endswith("1 of its sources is open now.")
    assert await statuses(desk) == ["open", "suppressed"]


async def test_one_who_wants_it_quiet_until_it_clears_is_not_woken_by_the_source(
    desk: Desk, manager: UserRow, network: ServiceRow
):
    await desk.as_(manager, inhibitions.create, RULE)
    monitor = await a_monitor_of(desk, network)
    await monitor.take(an_event(**SWITCH), an_event(**HOST))
    target = (await desk.rows("SELECT id FROM incidents ORDER BY number DESC LIMIT 1"))[0][0]

    await desk.do(incidents.suppress, target, until_clear=True)
    await monitor.take(an_event(**SWITCH, **RESOLVE))
    await jobs_run(desk)

    assert await statuses(desk) == ["resolved", "suppressed"]


async def test_the_auditor_finds_nothing_to_mend_in_what_is_inhibited(
    desk: Desk, manager: UserRow, network: ServiceRow
):
    await desk.as_(manager, inhibitions.create, RULE)
    await (await a_monitor_of(desk, network)).take(an_event(**SWITCH), an_event(**HOST))

    async with desk.acting("auditor:i2") as uow:
        assert not await repair(uow)


async def test_a_service_that_no_rule_can_concern_has_nothing_to_look_at(
    desk: Desk, manager: UserRow, hosts: ServiceRow
):
    of_network = Rule("Elsewhere", (where("service", "Network"),), (where("service", "Network"),))
    await desk.as_(manager, inhibitions.create, of_network)

    assert (await a_monitor_of(desk, hosts)).integration.silencing is None


async def test_two_rules_of_one_name_a_rule_without_conditions_and_a_responders_rule_are_refused(
    desk: Desk, manager: UserRow
):
    await desk.as_(manager, inhibitions.create, RULE)

    with pytest.raises(Conflict):
        await desk.as_(manager, inhibitions.create, RULE)
    with pytest.raises(Invalid):
        await desk.as_(manager, inhibitions.create, Rule("Empty", (), ()))
    with pytest.raises(Forbidden):
        await desk.do(inhibitions.create, RULE)
