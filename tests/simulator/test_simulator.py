"""Weeks on call within seconds: the real product, on virtual time, with faults at every await."""

from __future__ import annotations

import os
import secrets
import time
from collections import Counter

import pytest

from tests.clusters import Addresses
from tests.faults.measure import CHAOS, FIXED_SEED, note
from tests.simulator.checker import check
from tests.simulator.history import History, read
from tests.simulator.simulation import Simulation

FRESH_SEED = int(os.environ.get("OPSKNIGHT_SIM_SEED") or secrets.randbelow(10**9))
"""Drawn anew for each run; OPSKNIGHT_SIM_SEED repeats one."""
TEAMS, DAYS = (40, 14.0) if CHAOS else (8, 5.0)


async def simulated(addresses: Addresses, *, seed: int, teams: int, days: float, rate: float) -> tuple[History, float]:
    """Return what a run left behind, and how many days on call it went through in a minute."""
    print(f"seed {seed}; OPSKNIGHT_SIM_SEED={seed} repeats it")
    run = Simulation(addresses, seed=seed, teams=teams, days=days, rate=rate)
    began = time.monotonic()
    try:
        await run.run()
        a_minute = len(run.world.rotas) * days / (time.monotonic() - began) * 60
        print(f"{len(run.world.rotas) * days:.0f} days on call, {a_minute:.0f} a minute; {run.fate.counts}")
        return await read(run), a_minute
    finally:
        await run.close()


@pytest.mark.parametrize("which", ["fixed", "fresh"])
async def test_whatever_fails_and_whenever_every_page_is_as_promised(addresses: Addresses, which: str):
    seed = FIXED_SEED if which == "fixed" else FRESH_SEED

    history, a_minute = await simulated(addresses, seed=seed, teams=TEAMS, days=DAYS, rate=1.0)

    note(f"simulated, {which} seed", a_minute, unit="days on call a minute")
    assert check(history) == []
    assert history.run.fate.faults
    assert history.run.providers.calls


async def test_in_a_good_year_every_page_is_on_time_to_the_instant(addresses: Addresses):
    history, _ = await simulated(addresses, seed=FIXED_SEED, teams=3, days=5.0, rate=0.0)

    kinds = Counter(page["kind"] for pages in history.pages.values() for page in pages)
    late = [
        page for pages in history.pages.values() for page in pages
        if (page["created_at"] - page["due_at"]).total_seconds() > 0.05
    ]  # fmt: skip
    assert check(history) == []
    assert late == []
    assert kinds["page"] > 10
