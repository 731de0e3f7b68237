"""Flapping: an alert that opens and clears again and again pages no more, until it is steady."""

from __future__ import annotations

from datetime import timedelta

import pytest

from opsknight.domain.commands import service_quiet
from opsknight.domain.commands.audits import repair
from opsknight.domain.model.event import Action
from opsknight.domain.model.flapping import Limits
from opsknight.errors import Invalid
from tests.builders import a_service, an_event
from tests.commands.desk import Desk
from tests.commands.monitors import Monitor
from tests.commands.quiet import MINUTE, a_monitor_of, jobs_run, later, paged, statuses

RESOLVE = {"action": Action.RESOLVE}


@pytest.fixture
async def monitor(desk: Desk) -> Monitor:
    """A monitor of a service that pages Ada, and whose alerts flap from six changes on."""
    service = await a_service(desk.database, "Checkout", pages=[desk.user])
    await desk.as_("system:test", service_quiet.set_flapping, service.id, Limits())
    return await a_monitor_of(desk, service)


async def flap(desk: Desk, monitor: Monitor, times: int) -> None:
    """Open and clear, a minute apart, with everything happening that falls due."""
    for _ in range(times):
        await monitor.take(an_event())
        await later(desk, MINUTE)
        await monitor.take(an_event(**RESOLVE))
        await later(desk, MINUTE)


async def test_while_it_flaps_an_alert_reopens_its_last_incident_and_pages_nobody(desk: Desk, monitor: Monitor):
    await flap(desk, monitor, 3)
    assert (await statuses(desk), await paged(desk)) == (["resolved"] * 3, 3)

    await flap(desk, monitor, 4)
    await monitor.take(an_event())
    await jobs_run(desk)

    assert await statuses(desk) == ["resolved", "resolved", "suppressed"]
    assert await paged(desk) == 3
    last = (await desk.rows("SELECT id FROM incidents ORDER BY number DESC LIMIT 1"))[0][0]
    assert (await desk.told(last, "suppressed"))["reason"] == "its alert is flapping"
    assert (await desk.told(last, "flapping started")) == {"title": "Disk full on db-1", "count": 6, "for_s": 1800}


async def test_one_that_stays_open_wakes_when_it_has_stopped_flapping(desk: Desk, monitor: Monitor):
    await flap(desk, monitor, 3)
    await monitor.take(an_event())

    await later(desk, timedelta(minutes=25))
    assert (await statuses(desk))[-1] == "suppressed"
    await later(desk, timedelta(minutes=5))

    assert (await statuses(desk), await paged(desk)) == (["resolved", "resolved", "open"], 4)
    assert await desk.rows("SELECT count(*) FROM facts WHERE kind = 'flapping stopped'") == [(1,)]
    assert await desk.rows("SELECT count(*) FROM flaps") == [(0,)]


async def test_one_that_has_calmed_down_opens_and_pages_as_ever(desk: Desk, monitor: Monitor):
    await flap(desk, monitor, 4)
    await later(desk, timedelta(hours=1))

    await monitor.take(an_event())
    await jobs_run(desk)

    assert (await statuses(desk))[-1] == "open"
    assert len(await statuses(desk)) == 4
    assert await paged(desk) == 4


async def test_another_key_of_the_service_is_not_concerned(desk: Desk, monitor: Monitor):
    await flap(desk, monitor, 3)

    await monitor.take(an_event(dedup_key="disk:db-2"))

    assert (await statuses(desk))[-1] == "open"


async def test_many_changes_in_one_batch_count_each(desk: Desk, monitor: Monitor):
    await monitor.take(*[an_event(), an_event(**RESOLVE)] * 3, an_event())

    assert await statuses(desk) == ["resolved", "resolved", "suppressed"]


async def test_repeats_of_an_open_alert_are_no_changes(desk: Desk, monitor: Monitor):
    await monitor.take(*[an_event()] * 20)

    assert await statuses(desk) == ["open"]


async def test_a_service_without_limits_remembers_no_changes(desk: Desk):
    monitor = await a_monitor_of(desk, await a_service(desk.database, "Search", pages=[desk.user]))

    await flap(desk, monitor, 5)

    assert (await statuses(desk), await paged(desk)) == (["resolved"] * 5, 5)
    assert await desk.rows("SELECT count(*) FROM flaps") == [(0,)]


async def test_the_auditor_finds_nothing_to_mend_in_what_flaps(desk: Desk, monitor: Monitor):
    await flap(desk, monitor, 3)
    await monitor.take(an_event())

    async with desk.acting("auditor:i2") as uow:
        assert not await repair(uow)


async def test_limits_that_cannot_be_kept_are_refused(desk: Desk):
    row = await a_service(desk.database)

    with pytest.raises(Invalid, match="more changes than it ends with"):
        await desk.as_("system:test", service_quiet.set_flapping, row.id, Limits(start=3, stop=3))
