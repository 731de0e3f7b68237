"""Fairness: what each person carries, and how evenly it is shared.

Nothing here is a judgement of people. It counts what they could not choose: hours, nights, weekends, holidays,
interruptions, and the sleep that these broke.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import combinations
from typing import Final, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from opsknight.domain.model.clocks import IN_UTC, Clocks
from opsknight.domain.model.duty_time import (
    NIGHT,
    NO_DAYS,
    SLEEP,
    WEEKEND,
    WORK,
    Interval,
    Piece,
    united,
)

AWAKE_AFTER: Final = timedelta(minutes=30)
"""How long somebody is counted as awake once an interruption is over."""
AWAKE_AT_MOST: Final = timedelta(hours=2)
"""How much sleep one page costs at most, however long its incident stayed open."""
_NOTHING: Final = timedelta(0)
_MICROSECOND: Final = timedelta(microseconds=1)
_HOUR_US: Final = 3_600_000_000
_EVEN, _NEARLY, _UNEVEN = 90, 75, 50


class Shift(Protocol):
    """Somebody's time on call, as `schedule.shifts` returns it; shadows are not among these."""

    @property
    def start_at(self) -> datetime:
        """When it begins."""
        ...

    @property
    def end_at(self) -> datetime:
        """When it is over."""
        ...

    @property
    def user_id(self) -> int:
        """Whose it is."""
        ...


@dataclass(frozen=True, slots=True)
class Call:
    """A person was paged for an incident; `again` when it had paged them before.

    `calmed_at` is when somebody acknowledged it or it ended otherwise, None where nobody did.
    """

    user_id: int
    incident_id: UUID
    at: datetime
    urgency: str = "high"
    calmed_at: datetime | None = None
    again: bool = False


@dataclass(frozen=True, slots=True)
class Load:
    """What one person carried in a period.

    `night`, `weekend` and `holiday` are parts of `on_call` and may overlap. Each interruption is one of
    `by_night`, `off_hours` and `by_day`. A night counts by the day on which it begins.
    """

    user_id: int
    on_call: timedelta = _NOTHING
    night: timedelta = _NOTHING
    weekend: timedelta = _NOTHING
    holiday: timedelta = _NOTHING
    weighted: Fraction = Fraction(0)
    interruptions: int = 0
    by_night: int = 0
    off_hours: int = 0
    by_day: int = 0
    high: int = 0
    nights_on_call: int = 0
    longest_run: int = 0
    nights_broken: int = 0
    sleep_lost: timedelta = _NOTHING


def loads(
    shifts: Iterable[Shift],
    calls: Iterable[Call],
    *,
    start: datetime,
    end: datetime,
    clocks: Mapping[int, Clocks],
    holidays: frozenset[date] = NO_DAYS,
    weekend: frozenset[int] = WEEKEND,
    also: Collection[int] = (),
) -> tuple[Load, ...]:
    """Return what each person carried in `[start, end)`, by their id; those of `also` even where it is nothing.

    - **Hours on call**, of them by night (22–07), on the `weekend` and on holidays, by the clock that the person
      lived by then (`clocks`, else UTC). Who is on call twice at the same time is on call once.
    - **Interruptions**: incidents that paged them, at the first page: by night; in off hours (weekend, holiday,
      or outside 09–17); or by day. An incident that pages again is the same interruption.
    - **Nights broken**: nights (23–07) in which anything paged them, again or not. **Sleep lost**: from each page
      until AWAKE_AFTER beyond the acknowledge, AWAKE_AT_MOST a page, as far as it lies in such a night.
    - **Longest run**: nights (22–07) in a row in each of which they were on call for a while: none was free.
    """
    mine: dict[int, list[Interval]] = defaultdict(list)
    for shift in shifts:
        first, last = max(shift.start_at, start), min(shift.end_at, end)
        if first < last:
            mine[shift.user_id].append(Interval(first.astimezone(UTC), last.astimezone(UTC)))
    called: dict[int, list[Call]] = defaultdict(list)
    for call in calls:
        if start <= call.at < end:
            called[call.user_id].append(call)
    return tuple(
        _load(
            user, united(mine[user]), called[user], clocks=clocks.get(user, IN_UTC), holidays=holidays, weekend=weekend
        )
        for user in sorted({*mine, *called, *also})
    )


def during(calls: Iterable[Call], shifts: Iterable[Shift]) -> tuple[Call, ...]:
    """Return those of `calls` that came while their person was on call by `shifts`, in order of time.

    Each is `again` where one of them came before: what paged somebody off call is new to them in their shift.
    """
    spans: dict[int, list[tuple[datetime, datetime]]] = defaultdict(list)
    for shift in shifts:
        spans[shift.user_id].append((shift.start_at, shift.end_at))
    came = (call for call in calls if any(start <= call.at < end for start, end in spans[call.user_id]))
    seen, found = set[tuple[int, UUID]](), list[Call]()
    for call in sorted(came, key=lambda call: call.at):
        key = call.user_id, call.incident_id
        found.append(replace(call, again=key in seen))
        seen.add(key)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Balance:
    """How evenly a schedule is shared: `score` from 0 to 100, None where there is nothing to share out; in words."""

    score: int | None
    words: str


def balance(carried: Sequence[Load]) -> Balance:
    """Return how evenly `carried` is shared among its people.

    An hour on call weighs 1, on a weekend 1.5, by night or on a holiday 2; the heaviest counts. With w for
    each person's weighted hours, n people, and the sum over every pair of them:

        score = 100 × (1 − Σ |w_i − w_j| ÷ ((n − 1) × Σ w_i)), rounded

    It is 100 when all carry the same and 0 when one carries everything; this is the Gini coefficient, made
    to reach 1. By hand: 30, 20 and 10 weighted hours differ by 10, 20 and 10, in all 40; 2 × 60 is 120;
    100 × (1 − 40 ÷ 120) is 67.
    """
    whole = sum((load.weighted for load in carried), Fraction(0))
    if not whole:
        return Balance(None, "nobody was on call")
    if len(carried) == 1:
        return Balance(None, "one person carries all of it")
    apart = sum((abs(one.weighted - other.weighted) for one, other in combinations(carried, 2)), Fraction(0))
    score = round(100 * (1 - apart / ((len(carried) - 1) * whole)))
    return Balance(score, _in_words(score))


def _in_words(score: int) -> str:
    if score >= _EVEN:
        return "evenly shared"
    if score >= _NEARLY:
        return "nearly even"
    return "uneven" if score >= _UNEVEN else "one-sided"


def _load(
    user: int,
    on_call: Sequence[Interval],
    calls: Sequence[Call],
    *,
    clocks: Clocks,
    holidays: frozenset[date],
    weekend: frozenset[int],
) -> Load:
    cut = [one for each in on_call for one in clocks.pieces(*each, holidays=holidays, weekend=weekend)]
    kinds = [_kind(call.at, clocks.at(call.at), holidays, weekend) for call in calls if not call.again]
    held = sorted({day for start, end in on_call for day, _ in clocks.nights(start, end)})
    broken, lost = _sleep(calls, clocks)
    return Load(
        user,
        on_call=_sum(cut),
        night=_sum(one for one in cut if one.night),
        weekend=_sum(one for one in cut if one.weekend),
        holiday=_sum(one for one in cut if one.holiday),
        weighted=_weighted(cut),
        interruptions=len(kinds),
        by_night=kinds.count("night"),
        off_hours=kinds.count("off"),
        by_day=kinds.count("day"),
        high=sum(not call.again and call.urgency == "high" for call in calls),
        nights_on_call=len(held),
        longest_run=_longest_run(held),
        nights_broken=broken,
        sleep_lost=lost,
    )


def _sum(cut: Iterable[Piece]) -> timedelta:
    return sum((one.length for one in cut), _NOTHING)


def _weighted(cut: Iterable[Piece]) -> Fraction:
    """Return the weighted hours, exactly; added up as whole numbers of halves, for fractions are slow."""
    halves = sum((_halves(one) * one.length for one in cut), _NOTHING)
    return Fraction(halves // _MICROSECOND, 2 * _HOUR_US)


def _halves(piece: Piece) -> int:
    """Return how many halves an hour of that kind weighs in `balance`."""
    return 4 if piece.night or piece.holiday else 3 if piece.weekend else 2


def _kind(at: datetime, zone: ZoneInfo, holidays: frozenset[date], weekend: frozenset[int]) -> str:
    wall = at.astimezone(zone)
    if NIGHT.holds(wall.time()):
        return "night"
    works = wall.weekday() not in weekend and wall.date() not in holidays and WORK.holds(wall.time())
    return "day" if works else "off"


def _longest_run(days: Sequence[date]) -> int:
    longest = run = 0
    last: date | None = None
    for day in days:
        run = run + 1 if last is not None and day - last == timedelta(days=1) else 1
        longest, last = max(longest, run), day
    return longest


def _sleep(calls: Sequence[Call], clocks: Clocks) -> tuple[int, timedelta]:
    """Return how many nights were broken, and how much sleep that cost."""
    awake = united(
        (
            call.at,
            min((max(call.calmed_at, call.at) if call.calmed_at else call.at) + AWAKE_AFTER, call.at + AWAKE_AT_MOST),
        )
        for call in calls
    )
    broken: set[date] = set()
    for call in calls:
        broken |= {day for day, _ in clocks.nights(call.at, call.at + _MICROSECOND, night=SLEEP)}
    lost = sum((part.length for start, end in awake for _, part in clocks.nights(start, end, night=SLEEP)), _NOTHING)
    return len(broken), lost
