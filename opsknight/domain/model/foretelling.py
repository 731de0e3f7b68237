"""What is told before it matters: which shifts begin, which gaps there are, and the words for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from opsknight.domain.model.incident import Status
from opsknight.domain.model.ledger import span
from opsknight.domain.model.schedule import OnCall, Schedule, away, gaps, next_on_call, shifts
from opsknight.domain.model.speech import later, say

SOON: Final = timedelta(hours=1)
"""So long before their shift somebody is told of it."""
FRESH: Final = timedelta(hours=6)
"""Of a shorter shift, who was on call so short a time before it knows: hourly turns would be told all day."""
AHEAD: Final = timedelta(days=14)
"""So long before it begins a gap is told at the latest, if it is known then."""
FURTHER: Final = timedelta(days=28)
"""How far what is told goes: of a row of gaps one would come in sight every few days else, each with a message."""
LISTED: Final = 5
_INSTANT: Final = timedelta(microseconds=1)
_MARGIN: Final = timedelta(days=7)
"""How much further than FURTHER is looked, so that what comes every second week is seen twice at any time."""
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
class Gap:
    """A time to come in which nobody is on call, or in which the person `away` is on call, and on leave.

    `end_at` is None where nobody comes on call any more. `itself` is the same as long as it stays as it is; `pattern`
    is that of all that come at the same time of the week, and `itself` where no other does.
    """

    start_at: datetime
    end_at: datetime | None
    away: int | None
    itself: str
    pattern: str


def beginning(schedule: Schedule, *, now: datetime) -> Iterator[OnCall]:
    """Yield the shifts that begin within SOON of `now`, but for those that go on from a turn, or are one of many.

    A shift shorter than FRESH is one of many where its person was on call within FRESH before it.
    """
    around = shifts(schedule, now - FRESH, now + SOON)
    for shift in around:
        if not now < shift.start_at <= now + SOON:
            continue
        lately = (one for one in around if one.user_id == shift.user_id and one.start_at < shift.start_at)
        if not any(_goes_on(shift, one) for one in lately):
            yield shift


def _goes_on(shift: OnCall, before: OnCall) -> bool:
    if shift.end_at - shift.start_at < FRESH:
        return before.end_at > shift.start_at - FRESH
    return before.end_at >= shift.start_at and before.end_at - before.start_at >= FRESH


def to_come(schedule: Schedule, zone: ZoneInfo, *, now: datetime) -> tuple[Gap, ...]:
    """Return the gaps that begin within the next FURTHER, in order of time, those of `zone`'s week with one pattern.

    What has begun already is left aside: a warning comes before it matters.
    """
    until = now + FURTHER + _MARGIN
    found: list[tuple[datetime, datetime | None, int | None]] = [
        (start, end if end < until else _end(schedule, until - _INSTANT), None)
        for start, end in gaps(schedule, now, until)
        if start > now
    ]
    found += [(one.start_at, one.end_at, one.user_id) for one in away(schedule, now, until) if one.start_at > now]
    times = [_of_week(one, zone) for one in found]
    often = Counter(times)
    told = [
        Gap(start, end, who, itself, time if often[time] > 1 else itself)
        for (start, end, who), time in zip(found, times, strict=True)
        for itself in [_once(start, end, who)]
        if start < now + FURTHER
    ]
    return tuple(sorted(told, key=lambda one: (one.start_at, one.away or 0)))


def _end(schedule: Schedule, after: datetime) -> datetime | None:
    return next((one.start_at for one in next_on_call(schedule, after=after)), None)


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


def of_gaps(found: Sequence[Gap], schedule: str, zone: ZoneInfo, names: Mapping[int, str]) -> str:
    """Return what the people who answer for a schedule are told of gaps; `names` are of those who are away."""
    lines: list[str] = []
    if nobody := [one for one in found if one.away is None]:
        begins = clock(nobody[0].start_at, zone)
        lines.append(say("Nobody is on call on {schedule} from {begins}", schedule=schedule, begins=begins))
        lines += [*_times(nobody, zone), say("A page in that time goes on to the next step at once.")]
    people = dict.fromkeys(one.away for one in found if one.away is not None)
    for user in people:
        name = names.get(user, "")
        lines.append(
            say("{name} is on call on {schedule} while away", name=name, schedule=schedule)
            if name
            else say("Somebody is on call on {schedule} while away", schedule=schedule)
        )
        lines += _times([one for one in found if one.away == user], zone)
    if people:
        lines.append(say("Pages go to them all the same. See to a substitute, or have somebody else on call."))
    return "\n".join([*lines, say("You are told again only when this changes.")])


def _times(found: Sequence[Gap], zone: ZoneInfo) -> Iterator[str]:
    for one in found[:LISTED]:
        begins = clock(one.start_at, zone)
        if one.end_at is None:
            yield say("From {begins} on", begins=begins)
        else:
            yield say("{begins} until {ends}", begins=begins, ends=clock(one.end_at, zone))
    if (more := len(found) - LISTED) > 0:
        yield say("and {count} more in the next {days} days", count=more, days=FURTHER.days)


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


def _of_week(one: tuple[datetime, datetime | None, int | None], zone: ZoneInfo) -> str:
    """Return the time of the week by the wall clock, which a change of the clocks leaves as it is."""
    start, end, who = one
    lasts = "" if end is None or who is not None else f"+{_wall(end, zone) - _wall(start, zone)}"
    return f"weekly {_whose(who)}{_wall(start, zone):%u%H%M}{lasts}"


def _wall(at: datetime, zone: ZoneInfo) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None)


def _once(start: datetime, end: datetime | None, who: int | None) -> str:
    """Return what names one gap, and another once it has become longer or shorter; leave is cut where a look ends."""
    until = "" if end is None or who is not None else f" {end.timestamp():.0f}"
    return f"once {_whose(who)}{start.timestamp():.0f}{until}"


def _whose(who: int | None) -> str:
    return "" if who is None else f"user {who} "
