"""Maintenance and what else keeps quiet, in tests: planned as people do, swept as the jobs do, and looked at."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from opsknight.domain.commands import maintenance, waking
from opsknight.domain.commands.maintenance import Plan
from opsknight.domain.model.maintenance import Repeat, Times
from opsknight.domain.model.matcher import Matcher, Op
from opsknight.domain.store.tables import ServiceRow
from tests.clock import NOON
from tests.commands.beats import engine_runs
from tests.commands.desk import Desk
from tests.commands.monitors import Monitor, a_monitor

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
OF_INCIDENTS = "SELECT status, urgency, generation FROM incidents ORDER BY number"


def a_plan(**changes: Any) -> Plan:
    """Two hours from noon on, for everything."""
    times = {"zone": "UTC", "starts_at": NOON.replace(tzinfo=None), "length": 2 * HOUR, "repeat": Repeat.ONCE}
    of_times = {name: changes.pop(name) for name in list(changes) if name in Times.__dataclass_fields__}
    return Plan(**{"name": "DB upgrade", "times": Times(**{**times, **of_times}), **changes})


def where(field: str, value: str, op: Op = Op.IS) -> Matcher:
    return Matcher(field, op, (value,))


async def planned(desk: Desk, **changes: Any) -> int:
    """Plan a window; return its id."""
    also_open = changes.pop("also_open", False)
    return (await desk.do(maintenance.plan, a_plan(**changes), also_open=also_open)).id


async def a_monitor_of(desk: Desk, service: ServiceRow, **columns: Any) -> Monitor:
    """Let a monitor speak for a service, with what keeps quiet now."""
    return await a_monitor(desk.database, desk.clock, service, **columns)


async def later(desk: Desk, by: timedelta) -> None:
    """Let time pass, and everything happen that falls due in the end."""
    desk.clock.advance(by)
    await jobs_run(desk)


async def jobs_run(desk: Desk) -> None:
    """Run the sweeps, and then the engine until nothing is due."""
    async with desk.database.engine_reads() as session:
        due = await waking.due(session, now=desk.clock.now())
    for sweep in due:
        async with desk.acting("timer:waking") as uow:
            await sweep(uow)
    await engine_runs(desk)


async def statuses(desk: Desk) -> list[str]:
    """The status of every incident, oldest first."""
    return [status for (status,) in await desk.rows("SELECT status FROM incidents ORDER BY number")]


async def paged(desk: Desk) -> int:
    """How many pages there have been."""
    return (await desk.rows("SELECT count(*) FROM pages"))[0][0]


async def only_incident(desk: Desk) -> UUID:
    rows = await desk.rows("SELECT id FROM incidents")
    assert len(rows) == 1
    return rows[0][0]
