"""What is told before it matters: which shifts begin, which gaps there are, and the words for it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from opsknight.domain.model.ledger import span
from opsknight.domain.model.schedule import Interval, OnCall, Schedule, away, gaps, shifts

SOON: Final = timedelta(hours=1)
"""So long before their shift somebody is told of it."""
FRESH: Final = timedelta(hours=6)
"""Who was on call a shorter time ago knows: hourly turns would be told all day."""
AHEAD: Final = timedelta(days=14)
"""How far gaps are looked for."""
LISTED: Final = 5


@dataclass(frozen=True, slots=True)
class Gaps:
    """The times to come in which a schedule reaches nobody; `pattern` is the same for the same times of the week."""

    spans: tuple[Interval, ...]
    pattern: str


def beginning(schedule: Schedule, *, now: datetime) -> Iterator[OnCall]:
    """Yield the shifts that begin within SOON of `now`, of people who have not been on call for FRESH before."""
    around = shifts(schedule, now - FRESH, now + SOON)
    for shift in around:
        if not now < shift.start_at <= now + SOON:
            continue
        lately = (one for one in around if one.user_id == shift.user_id and one.start_at < shift.start_at)
        if not any(one.end_at > shift.start_at - FRESH for one in lately):
            yield shift


def to_come(schedule: Schedule, zone: ZoneInfo, *, now: datetime) -> Gaps | None:
    """Return the gaps that begin within the next AHEAD, None where there are none.

    Who is away is as good as nobody. What has begun already is left aside: a warning comes before it matters.
    """
    until = now + AHEAD
    found = [*gaps(schedule, now, until), *((one.start_at, one.end_at) for one in away(schedule, now, until))]
    spans = tuple(sorted(span for span in found if span[0] > now))
    if not spans:
        return None
    ends = {end: _of_week(end, zone) if end < until else "open" for _, end in spans}
    times = sorted({f"{_of_week(start, zone)}-{ends[end]}" for start, end in spans})
    return Gaps(spans, hashlib.sha256(" ".join(times).encode()).hexdigest()[:32])


def of_a_shift(
    shift: OnCall,
    schedule: str,
    zone: ZoneInfo,
    *,
    now: datetime,
    open_incidents: Sequence[str],
    also: Sequence[str] = (),
) -> str:
    """Return what somebody is told whose shift begins: a first line, then the rest, `also` in the end."""
    wait = span((shift.start_at - now).total_seconds())
    lines = [
        f"Your shift on {schedule} begins in {wait}",
        f"From {clock(shift.start_at, zone)} until {clock(shift.end_at, zone)} ({shift.layer}).",
    ]
    if open_incidents:
        shown = [*open_incidents[:LISTED]]
        more = len(open_incidents) - LISTED
        lines += ["Open on its services:", *shown, *([f"and {more} more"] if more > 0 else [])]
    else:
        lines.append("Nothing is open on its services.")
    return "\n".join([*lines, *also])


def of_gaps(found: Gaps, schedule: str, zone: ZoneInfo) -> str:
    """Return what the people who answer for a schedule are told of its gaps."""
    first, *others = found.spans
    lines = [f"Nobody is on call on {schedule} from {clock(first[0], zone)}"]
    lines += [f"{clock(start, zone)} until {clock(end, zone)}" for start, end in found.spans[:LISTED]]
    if len(others) >= LISTED:
        lines.append(f"and {len(others) + 1 - LISTED} more in the next {AHEAD.days} days")
    lines.append("A page in that time goes on to the next step at once. You are told again only when this changes.")
    return "\n".join(lines)


def clock(at: datetime, zone: ZoneInfo) -> str:
    """Return an instant as people of `zone` read it: `Mon 30 Nov 09:00 CET`."""
    local = at.astimezone(zone)
    return f"{local:%a} {local.day} {local:%b %H:%M %Z}"


def _of_week(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%u%H%M}"
