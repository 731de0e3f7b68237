"""What a batch does when somebody else changes its incidents after it has read them and before it writes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from opsknight.domain.commands import incidents as verbs
from opsknight.domain.commands.lane import PATIENCE_S, Lane, Pen
from opsknight.domain.model.event import Action
from opsknight.domain.model.intake import Verdict
from opsknight.domain.store.engine import Database
from tests.builders import a_service, an_event
from tests.clock import StoppedClock
from tests.commands.desk import Desk
from tests.commands.monitors import Monitor, a_monitor

RESOLVE = an_event(action=Action.RESOLVE)
STANDS = "SELECT i.status, i.next_step, a.status FROM incidents i JOIN alerts a ON a.incident_id = i.id ORDER BY a.id"


class Meanwhile(Pen):
    """A pen on whose way to the lane something happens, once."""

    def __init__(self, happens: Callable[[], Awaitable[Any]]) -> None:
        super().__init__()
        self._happens: list[Callable[[], Awaitable[Any]]] = [happens]

    async def __aenter__(self) -> None:
        while self._happens:
            await self._happens.pop()()
        await super().__aenter__()


@pytest.fixture
async def monitor(database: Database, clock: StoppedClock) -> Monitor:
    return await a_monitor(database, clock, await a_service(database))


@pytest.fixture
def resolve(database: Database, clock: StoppedClock, monitor: Monitor) -> Callable[..., Awaitable[list[Verdict]]]:
    """Have a lane resolve the monitor's alert while `happens` happens."""

    async def resolving(happens: Callable[[], Awaitable[Any]]) -> list[Verdict]:
        lane = Lane(database.lane, clock=clock, pen=Meanwhile(happens))
        (receipt,) = await lane.store([monitor.delivery(RESOLVE)])
        await lane.close()
        return [verdict for verdict, _ in receipt.verdicts]

    return resolving


async def test_a_resolve_that_meets_an_acknowledge_resolves_what_was_acknowledged(
    monitor: Monitor, desk: Desk, resolve: Callable[..., Awaitable[list[Verdict]]]
):
    await monitor.take(an_event())
    ((incident_id,),) = await monitor.rows("SELECT id FROM incidents")

    verdicts = await resolve(lambda: desk.do(verbs.acknowledge, incident_id))

    assert verdicts == [Verdict.RESOLVED]
    assert await monitor.rows("SELECT status, version, assignee_id FROM incidents") == [("resolved", 3, desk.user.id)]
    assert await desk.facts(incident_id) == ["opened", "acknowledged", "resolved"]
    assert await desk.timer(incident_id) is None


async def test_a_resolve_that_meets_a_step_keeps_how_far_paging_had_come(
    monitor: Monitor, resolve: Callable[..., Awaitable[list[Verdict]]]
):
    await monitor.take(an_event())

    await resolve(lambda: monitor.connection.execute("UPDATE incidents SET next_step = 1"))

    assert await monitor.rows(STANDS) == [("resolved", 1, "resolved")]


async def test_a_resolve_that_comes_after_a_person_s_changes_nothing(
    monitor: Monitor, desk: Desk, resolve: Callable[..., Awaitable[list[Verdict]]]
):
    await monitor.take(an_event())
    ((incident_id,),) = await monitor.rows("SELECT id FROM incidents")

    verdicts = await resolve(lambda: desk.do(verbs.resolve, incident_id))

    assert verdicts == [Verdict.NOTHING_OPEN]
    assert await desk.facts(incident_id) == ["opened", "resolved"]


async def test_a_resolve_leaves_open_what_another_alert_joined_meanwhile(
    monitor: Monitor, resolve: Callable[..., Awaitable[list[Verdict]]]
):
    await monitor.take(an_event(), an_event(dedup_key="other"))

    async def joins() -> None:
        await monitor.connection.execute(
            "WITH first AS (SELECT id FROM incidents ORDER BY number LIMIT 1),"
            " joined AS (UPDATE alerts SET incident_id = (SELECT id FROM first) WHERE dedup_key = 'other')"
            " UPDATE incidents SET updated_at = updated_at WHERE id = (SELECT id FROM first)"
        )

    await resolve(joins)

    ((status,),) = await monitor.rows("SELECT status FROM incidents ORDER BY number LIMIT 1")
    assert status == "open"


async def test_lanes_write_one_after_the_other_in_the_order_in_which_they_came():
    pen, wrote = Pen(), list[int]()

    async def write(lane: int) -> None:
        async with pen:
            wrote.append(lane)
            await asyncio.sleep(0)
            wrote.append(lane)

    async with asyncio.TaskGroup() as group:
        for lane in range(3):
            group.create_task(write(lane))

    assert wrote == [0, 0, 1, 1, 2, 2]


async def test_a_lane_does_not_wait_for_a_slow_disk():
    pen, is_over = Pen(), asyncio.Event()

    async def write_slowly() -> None:
        async with pen:
            await is_over.wait()

    async with asyncio.TaskGroup() as group:
        group.create_task(write_slowly())
        await asyncio.sleep(0)
        async with asyncio.timeout(200 * PATIENCE_S), pen:
            is_over.set()


async def test_a_lane_that_gave_up_waiting_holds_nobody_up():
    pen, is_over = Pen(), asyncio.Event()

    async def write(*, until: asyncio.Event) -> None:
        async with pen:
            await until.wait()

    async with asyncio.TaskGroup() as group:
        group.create_task(write(until=is_over))
        await asyncio.sleep(0)
        gone = group.create_task(write(until=is_over))
        last = group.create_task(write(until=is_over))
        await asyncio.sleep(0)
        gone.cancel()
        is_over.set()
        await last
