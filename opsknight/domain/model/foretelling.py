"""What is told before it matters: which shifts begin, which gaps there are, and the words for it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from opsknight.domain.model.incident import Status
from opsknight.domain.model.ledger import span
from opsknight.domain.model.schedule import Interval, OnCall, Schedule, away, gaps, shifts
from opsknight.domain.model.speech import later, say

SOON: Final = timedelta(hours=1)
"""So long before their shift somebody is told of it."""
FRESH: Final = timedelta(hours=6)
"""Who was on call a shorter time ago knows: hourly turns would be told all day."""
AHEAD: Final = timedelta(days=14)
"""How far gaps are looked for."""
LISTED: Final = 5
_WEEKDAYS: Final = (
    later("Mon"), later("Tue"), later("Wed"), later("Thu"), later("Fri"), later("Sat"), later("Sun"),
)  # fmt: skip
_MONTHS: Final = (
    later("Jan"), later("Feb"), later("Mar"), later("Apr"), later("May"), later("Jun"),
    later("Jul"), later("Aug"), later("Sep"), later("Oct"), later("Nov"), later("Dec"),
)  # fmt: skip
_OPEN: Final = {
    Status.OPEN: later("#{number} {title} (open)"),
    Status.ACKNOWLEDGED: later("#{number} {title} (acknowledged)"),
    Status.SNOOZED: later("#{number} {title} (snoozed)"),
    Status.SUPPRESSED: later("#{number} {title} (suppressed)"),
}
"""How an incident that is not resolved is listed."""


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
    open_incidents: Sequence[tuple[int, str, Status]],
    also: Sequence[str] = (),
) -> str:
    """Return what somebody is told whose shift begins: a first line, then the rest, `also` in the end.

    `open_incidents` are the numbers, titles and statuses of what is not resolved on its services.
    """
    wait = span((shift.start_at - now).total_seconds())
    begins, ends = clock(shift.start_at, zone), clock(shift.end_at, zone)
    lines = [
        say("Your shift on {schedule} begins in {span}", schedule=schedule, span=wait),
        say("From {begins} until {ends} ({layer}).", begins=begins, ends=ends, layer=shift.layer),
    ]
    if open_incidents:
        more = len(open_incidents) - LISTED
        lines += [say("Open on its services:"), *(_listed(one) for one in open_incidents[:LISTED])]
        lines += [say("and {count} more", count=more)] if more > 0 else []
    else:
        lines.append(say("Nothing is open on its services."))
    return "\n".join([*lines, *also])


def _listed(incident: tuple[int, str, Status]) -> str:
    number, title, status = incident
    return say(_OPEN[status], number=number, title=title)


def of_gaps(found: Gaps, schedule: str, zone: ZoneInfo) -> str:
    """Return what the people who answer for a schedule are told of its gaps."""
    first, *others = found.spans
    lines = [say("Nobody is on call on {schedule} from {begins}", schedule=schedule, begins=clock(first[0], zone))]
    lines += [
        say("{begins} until {ends}", begins=clock(start, zone), ends=clock(end, zone))
        for start, end in found.spans[:LISTED]
    ]
    if (more := len(others) + 1 - LISTED) > 0:
        lines.append(say("and {count} more in the next {days} days", count=more, days=AHEAD.days))
    lines.append(
        say("A page in that time goes on to the next step at once. You are told again only when this changes.")
    )
    return "\n".join(lines)


def of_unreachable(name: str, shift: OnCall, schedule: str, zone: ZoneInfo) -> str:
    """Return what the people who answer for a schedule are told of somebody whose shift begins, and who is not reached.

    `name` is empty where nobody knows them any more.
    """
    its = {"schedule": schedule, "begins": clock(shift.start_at, zone)}
    if name:
        first = say("{name} cannot be reached, and their shift on {schedule} begins {begins}", name=name, **its)
    else:
        first = say(
            "Somebody who is not known any more cannot be reached, and their shift on {schedule} begins {begins}", **its
        )
    now = say("Pages in it go on to the next step at once. See to a verified contact method, or to somebody else.")
    return f"{first}\n{now}"


def clock(at: datetime, zone: ZoneInfo) -> str:
    """Return an instant as people of `zone` read it: `Mon 30 Nov 09:00 CET`."""
    local = at.astimezone(zone)
    weekday, month = say(_WEEKDAYS[local.weekday()]), say(_MONTHS[local.month - 1])
    time = f"{local:%H:%M %Z}"
    return say("{weekday} {day} {month} {time}", weekday=weekday, day=local.day, month=month, time=time)


def _of_week(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%u%H%M}"
