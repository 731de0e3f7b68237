"""A sender that is held up between what it wrote and its call, and people who act meanwhile."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from random import Random

from opsknight.domain.commands import incidents
from opsknight.domain.model.incident import IllegalTransition
from tests.clusters import Addresses
from tests.simulator.checker import check
from tests.simulator.faults import Fate, Strike
from tests.simulator.history import read
from tests.simulator.host import CHANNELS, Host
from tests.simulator.shaky import Moment
from tests.simulator.simulation import Simulation


class HeldUp(Fate):
    """Holds up every sender after it has begun, for longer than a call may wait; does no other harm."""

    def draw(self, moment: Moment) -> Strike | None:
        task = asyncio.current_task()
        is_sender = task is not None and task.get_name() in CHANNELS
        return Strike.LONG_STALL if is_sender and moment is Moment.AFTER_COMMIT else None


async def test_what_is_acknowledged_while_its_sender_is_held_up_is_not_sent(addresses: Addresses):
    run = Simulation(addresses, seed=7, teams=3, days=4.0, rate=0.0)
    run.fate = HeldUp(Random(7), 0.0)  # noqa: S311  # no secret

    async def acknowledge_all(host: Host) -> None:
        for row in await run.rows("SELECT id FROM incidents WHERE status = 'open'"):
            try:
                async with host.deps.commands(f"user:{run.world.admins[0]}") as uow:
                    await incidents.acknowledge(uow, row["id"])
            except IllegalTransition:
                continue

    await run.begin()
    for sent_at in [*run.monitors.sent.values()]:
        for seconds in (3, 6):
            run.at(sent_at + timedelta(seconds=seconds), acknowledge_all)
    try:
        await run.live()
        history = await read(run)
    finally:
        await run.close()

    never = [one for messages in history.messages.values() for one in messages if one["status"] == "superseded"]
    assert check(history) == []
    assert never
