"""What ends a pause or a snooze asks what keeps quiet then, and whatever keeps quiet longest counts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from opsknight.domain.commands import incidents, inhibitions, maintenance
from opsknight.domain.commands.audits import repair
from opsknight.domain.commands.inhibitions import Rule
from opsknight.domain.commands.rules import create
from opsknight.domain.model.event import Action
from opsknight.domain.model.matcher import Op
from opsknight.domain.store.tables import ServiceRow, UserRow
from tests.builders import a_service, an_event
from tests.commands.desk import Desk
from tests.commands.monitors import Monitor
from tests.commands.quiet import (
    HOUR,
    MINUTE,
    a_monitor_of,
    a_plan,
    jobs_run,
    later,
    only_incident,
    paged,
    planned,
    statuses,
    where,
)

SWITCH: dict[str, Any] = {"dedup_key": "switch", "title": "Switch r1 down"}
HOST: dict[str, Any] = {"dedup_key": "host", "title": "Host unreachable"}
RESOLVE = {"action": Action.RESOLVE}
SECOND = timedelta(seconds=1)


@pytest.fixture
async def monitor(desk: Desk, manager: UserRow, network: ServiceRow) -> Monitor:
    """A monitor whose hosts wait for five minutes before they page, and are quiet while a switch is down."""
    wait = {"name": "Wait", "when": 'title starts_with "Host"', "pause": "5m"}
    await desk.as_(manager, create, wait, service_id=network.id)
    source, target = (where("title", word, Op.STARTS_WITH) for word in ("Switch", "Host"))
    await desk.as_(manager, inhibitions.create, Rule("Switch before hosts", (source,), (target,)))
    return await a_monitor_of(desk, network)


async def no_timer_is_missing(desk: Desk) -> bool:
    async with desk.acting("auditor:i2") as uow:
        return not await repair(uow)


async def test_a_source_that_opens_during_a_pause_keeps_quiet_when_the_pause_ends(desk: Desk, monitor: Monitor):
    await monitor.take(an_event(**HOST))
    await later(desk, MINUTE)
    await monitor.take(an_event(**SWITCH))
    await jobs_run(desk)

    await later(desk, 4 * MINUTE)
    assert (await statuses(desk), await paged(desk)) == (["suppressed", "open"], 1)
    assert await no_timer_is_missing(desk)

    await monitor.take(an_event(**SWITCH, **RESOLVE))
    await jobs_run(desk)
    assert (await statuses(desk), await paged(desk)) == (["open", "resolved"], 2)


async def test_what_has_cleared_before_its_pause_ends_and_waits_for_a_person_is_not_woken(desk: Desk, manager: UserRow):
    service = await a_service(desk.database, pages=[desk.user], resolves_with_last_alert=False)
    await desk.as_(manager, create, {"name": "Wait", "when": "true", "pause": "5m"}, service_id=service.id)
    await (await a_monitor_of(desk, service)).take(an_event(), an_event(**RESOLVE))

    await later(desk, 5 * MINUTE)

    assert (await statuses(desk), await paged(desk)) == (["suppressed"], 0)
    assert await no_timer_is_missing(desk)


@pytest.mark.parametrize("also_open", [False, True])
@pytest.mark.parametrize("rests", ["paused", "snoozed", "suppressed"])
async def test_what_would_wake_within_a_window_rests_until_that_is_over(
    desk: Desk, network: ServiceRow, monitor: Monitor, rests: str, *, also_open: bool
):
    await monitor.take(an_event(**(HOST if rests == "paused" else SWITCH)))
    until, verbs = desk.clock.now() + 5 * MINUTE, {"snoozed": incidents.snooze, "suppressed": incidents.suppress}
    if rests in verbs:
        await desk.do(verbs[rests], await only_incident(desk), until=until)
    await planned(desk, service_id=network.id, also_open=also_open)

    await later(desk, 5 * MINUTE)
    assert (await statuses(desk), await paged(desk)) == (["suppressed"], 0)
    assert await no_timer_is_missing(desk)

    await later(desk, 2 * HOUR)
    assert (await statuses(desk), await paged(desk)) == (["open"], 1)


async def test_a_snooze_that_ends_with_nothing_to_keep_it_quiet_wakes_as_ever(desk: Desk, monitor: Monitor):
    await monitor.take(an_event(**SWITCH))
    await desk.do(incidents.snooze, await only_incident(desk), until=desk.clock.now() + HOUR)

    await later(desk, HOUR)

    assert (await desk.told(await only_incident(desk), "woken"))["reason"] == "the snooze is over"


async def test_a_pause_is_waited_for_where_the_source_is_over_before(desk: Desk, monitor: Monitor):
    await monitor.take(an_event(**SWITCH), an_event(**HOST))
    await jobs_run(desk)
    desk.clock.advance(10 * SECOND)

    await monitor.take(an_event(**SWITCH, **RESOLVE))
    await jobs_run(desk)
    assert (await statuses(desk), await paged(desk)) == (["resolved", "suppressed"], 1)
    assert await no_timer_is_missing(desk)

    await later(desk, 5 * MINUTE - 10 * SECOND)
    assert (await statuses(desk), await paged(desk)) == (["resolved", "open"], 2)


async def test_a_source_that_outlasts_the_pause_is_waited_for(desk: Desk, monitor: Monitor):
    await monitor.take(an_event(**SWITCH), an_event(**HOST))
    await later(desk, 6 * MINUTE)

    await monitor.take(an_event(**SWITCH, **RESOLVE))
    await jobs_run(desk)

    assert await statuses(desk) == ["resolved", "open"]


async def test_a_pause_is_waited_for_where_the_window_is_cut_short(desk: Desk, network: ServiceRow, monitor: Monitor):
    window = await planned(desk, service_id=network.id)
    monitor = await a_monitor_of(desk, network, name="Again")
    await monitor.take(an_event(**HOST))
    await later(desk, MINUTE)

    await desk.do(maintenance.end, window)
    await jobs_run(desk)
    assert (await statuses(desk), await paged(desk)) == (["suppressed"], 0)
    assert (await desk.timer(await only_incident(desk))) == ("pause", 1, 4 * MINUTE)
    assert await no_timer_is_missing(desk)

    await later(desk, 4 * MINUTE)
    assert (await statuses(desk), await paged(desk)) == (["open"], 1)


async def test_a_pause_is_remembered_through_one_silence_after_another(
    desk: Desk, network: ServiceRow, monitor: Monitor
):
    await monitor.take(an_event(**SWITCH), an_event(**HOST))
    window = await planned(desk, service_id=network.id)
    await monitor.take(an_event(**SWITCH, **RESOLVE))
    await jobs_run(desk)
    await desk.do(maintenance.end, window)
    await jobs_run(desk)
    assert await statuses(desk) == ["resolved", "suppressed"]

    await later(desk, 5 * MINUTE)
    assert await statuses(desk) == ["resolved", "open"]


async def test_one_whom_a_person_wakes_does_not_wait_any_more(desk: Desk, network: ServiceRow, monitor: Monitor):
    await monitor.take(an_event(**SWITCH), an_event(**HOST))
    host = (await desk.rows("SELECT id FROM incidents ORDER BY number DESC LIMIT 1"))[0][0]
    await desk.do(incidents.wake, host)
    await monitor.take(an_event(**SWITCH, **RESOLVE))
    window = (await desk.do(maintenance.plan, a_plan(service_id=network.id), also_open=True)).id
    await desk.do(maintenance.end, window)

    await jobs_run(desk)

    assert (await statuses(desk))[-1] == "open"
