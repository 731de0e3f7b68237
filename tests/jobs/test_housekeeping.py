"""Housekeeping at work: the auditor looks as soon as the process has started."""

from __future__ import annotations

from opsknight.jobs.housekeeping import Housekeeping
from tests.jobs.pager import Pager, until


async def test_the_first_audit_does_not_wait_for_its_turn(pager: Pager) -> None:
    incident = await pager.an_incident(timer="")
    housekeeping = Housekeeping(pager.deps, partitions=None)

    async def armed() -> list[tuple[object, ...]]:
        return await pager.rows("SELECT subject, kind FROM timers")

    housekeeping.start()
    try:
        await until(armed, [(incident.id, "escalation")], within_s=5)
    finally:
        housekeeping.stop()
