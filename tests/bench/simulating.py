"""How much time on call the simulator goes through in a minute: one run on each core, as `make test` has it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

from tests.server import ROOT

TEAMS, DAYS = 8, 15.0
WANTED = 1_000


def measured() -> str:
    """Live through a run on each core, of seeds drawn anew, and return the sum as a sentence."""
    first = int(time.time())
    seeds = range(first, first + (os.cpu_count() or 1))
    runs = [_run(seed) for seed in seeds]
    told = [json.loads(run.communicate()[0].splitlines()[-1]) for run in runs]
    broken = [sentence for each in told for sentence in each["broken"]]
    days = sum(each["days"] for each in told)
    lasted_s = max(each["ended_s"] for each in told) - min(each["began_s"] for each in told)
    return (
        f"The simulator went through {days:,.0f} days on call with faults, one run on each core (seeds"
        f" {', '.join(map(str, seeds))}): **{days / lasted_s * 60:,.0f} a minute** (wanted: {WANTED:,});"
        f" {len(broken) or 'nothing'} was not as promised."
    )


def _run(seed: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.simulator", str(seed), str(TEAMS), str(DAYS)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


if __name__ == "__main__":
    print(measured())
