"""When each loop of a process looks at something that is worth it: looks that find nothing change nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.simulator.host import CHANNELS, Loop

if TYPE_CHECKING:
    from tests.simulator.simulation import Simulation

_DUE_ON = """
SELECT min(greatest(due_at, coalesce(lease_until, due_at))) FROM notifications
WHERE channel = '{}' AND finished_at IS NULL AND attempts {}
"""
_DUE_MESSAGES = [
    f"least(({_DUE_ON.format(slug, '= 0')}), ({_DUE_ON.format(slug, '> 0')})) AS {slug}" for slug in CHANNELS
]
DUE = f"""
SELECT (SELECT min(greatest(due_at, coalesce(lease_until, due_at))) FROM timers WHERE dead_at IS NULL) AS timers,
    {", ".join(_DUE_MESSAGES)},
    (SELECT min(expires_at) FROM alert_expiries) AS expiring,
    (SELECT min(hours_begin_at) FROM services) AS hours,
    CASE WHEN EXISTS (SELECT FROM incidents WHERE status <> 'resolved')
        THEN (SELECT coalesce(min(look_at), 'epoch') FROM on_call_seen) END AS looked
"""  # noqa: S608  # our own words
LISTENS_BEFORE = timedelta(seconds=170)
"""A sweep for silent alerts must have listened for 150 s."""
EDGE = timedelta(milliseconds=2)
"""A host's clock counts in floating seconds: it may be a microsecond behind."""
HOURS_AGAIN = timedelta(seconds=31)
HOURS_AT_ONCE = timedelta(seconds=8)
"""How often a run looks again in the minute after support hours have begun; more often in its first seconds."""


def looks_at(run: Simulation, loop: Loop, due: Mapping[str, Any]) -> datetime | None:
    """Return when a loop looks next, None while there is nothing for it; `due` is what DUE has found."""
    if loop.name == "expiring":
        return _listens_at(run, loop, due["expiring"])
    if loop.name == "waking":
        return _at(run, loop, _wakes_at(run, due))
    return _at(run, loop, due[loop.name])


def _at(run: Simulation, loop: Loop, due_at: datetime | None) -> datetime | None:
    now = run.timeline.at
    if loop.must_look:
        at = max(now, loop.looks_at)
    elif due_at is None:
        return None
    elif loop.woken.is_set() or due_at >= loop.looks_after(now):
        at = max(now, due_at)  # it has seen by then when that is due
    else:
        at = max(due_at, loop.looks_after(now))
    if run.is_away and run.away_until is not None:
        return max(at, run.away_until + timedelta(seconds=0.3))
    return at


def _listens_at(run: Simulation, loop: Loop, expires_at: datetime | None) -> datetime | None:
    """Return when a sweep for silent alerts looks: often while one is about to end."""
    now = run.timeline.at
    if loop.must_look or expires_at is None or run.is_away:
        return _at(run, loop, expires_at)
    # What it wanted to see while another host worked it sees now: a pause must never get longer.
    at, expired_at = max(now, loop.looks_at, expires_at - LISTENS_BEFORE), expires_at + EDGE
    looked_at = loop.looks_at - timedelta(seconds=loop.sweeps_every_s)
    return min(at, max(now, expired_at)) if looked_at < expired_at else at


def _wakes_at(run: Simulation, due: Mapping[str, Any]) -> datetime | None:
    """Return when the sweep for what rests has something to do: somebody comes on call, support hours begin."""
    now, found = run.timeline.at, list[datetime]()
    if (hours := due["hours"]) is not None:
        begun = now - hours
        pause = HOURS_AGAIN if begun > HOURS_AT_ONCE else HOURS_AT_ONCE / 2
        found.append(hours if begun < timedelta() else hours + (begun // pause + 1) * pause)
    if due["looked"] is not None and (change := run.oracle.next_change(due["looked"])) is not None:
        found.append(change)
    return min(found, default=None)
