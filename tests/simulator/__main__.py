"""`python -m tests.simulator SEED TEAMS DAYS` lives through one run with faults and tells of it in a line of JSON."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import time

import structlog

from tests.clusters import Cluster
from tests.simulator.checker import check
from tests.simulator.history import read
from tests.simulator.simulation import Simulation


async def main(seed: int, teams: int, days: float) -> None:
    """Print how many days on call it was, from when to when on the wall, and what was not as promised."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with Cluster() as cluster:
        run = Simulation(cluster.new_database(), seed=seed, teams=teams, days=days)
        try:
            began_s = time.time()
            await run.run()
            ended_s = time.time()
            broken = check(await read(run))
        finally:
            await run.close()
    on_call_days = len(run.world.rotas) * days
    print(json.dumps({"days": on_call_days, "began_s": began_s, "ended_s": ended_s, "broken": broken}))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
