"""An engine that is cut off right after it has claimed, or never told that there is anything to claim."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from random import Random

import pytest

from tests.clusters import Addresses
from tests.simulator.checker import check
from tests.simulator.faults import Fate, Strike
from tests.simulator.history import read
from tests.simulator.shaky import Moment
from tests.simulator.simulation import UNTOLD, Simulation


@dataclass(slots=True)
class CutOff(Fate):
    """Does one thing only, to every third commit of an engine."""

    does: Strike = Strike.KILL

    def draw(self, moment: Moment) -> Strike | None:
        task = asyncio.current_task()
        is_engine = task is not None and task.get_name() == "timers"
        return self.does if is_engine and moment is Moment.AFTER_COMMIT and self.chance.random() < 0.3 else None


@pytest.mark.parametrize("does", [Strike.KILL, Strike.LOST], ids=["killed", "lost"])
async def test_what_an_engine_had_claimed_is_fired_within_seconds_when_it_is_cut_off(
    addresses: Addresses, does: Strike
):
    run = Simulation(addresses, seed=11, teams=3, days=4.0, rate=0.0)
    run.fate = CutOff(Random(11), 0.0, does=does)  # noqa: S311  # no secret
    try:
        await run.run()
        history = await read(run)
    finally:
        await run.close()

    assert check(history) == []
    assert run.fate.faults


class Untold(Fate):
    """Has nobody told of any commit; does no other harm."""

    def draw(self, moment: Moment) -> Strike | None:  # noqa: ARG002  # at no moment
        return None

    def happens(self, likely: float) -> bool:
        return likely == UNTOLD


async def test_what_nobody_is_told_of_is_found_by_the_sweep(addresses: Addresses):
    run = Simulation(addresses, seed=12, teams=3, days=4.0, rate=0.0)
    run.fate = Untold(Random(12), 0.0)  # noqa: S311  # no secret
    try:
        await run.run()
        history = await read(run)
    finally:
        await run.close()

    assert check(history) == []
    assert history.run.providers.calls
