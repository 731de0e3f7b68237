"""Heartbeats: something that must report in time, what it says, and when its silence is an incident.

Pure: the same heartbeat, signal and instant give the same answer. Late is never stored: it is an
expected ping that has not come, within its grace.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from opsknight.domain.model import cron, cron_words
from opsknight.domain.model.ledger import span

MIN_PERIOD, MAX_PERIOD = timedelta(seconds=30), timedelta(days=366)
MIN_GRACE, MAX_GRACE = timedelta(seconds=10), timedelta(days=31)
COALESCED = timedelta(seconds=1)
"""A signal that says the same as the one before, this soon after it, changes nothing."""
BODY_KEPT = 10_000
"""Bytes of a ping's body that are kept."""
PINGS_KEPT = 100
"""Pings of one heartbeat that are kept."""
MAX_EXIT_CODE = 255


class BadRhythm(ValueError):
    """A period, grace or cron expression that cannot be used; the text is for a person."""


class State(StrEnum):
    """Where a heartbeat stands; LATE and PAUSED are never stored as states."""

    NEW = "new"
    UP = "up"
    STARTED = "started"
    LATE = "late"
    DOWN = "down"
    PAUSED = "paused"


class Signal(StrEnum):
    """What a ping says."""

    START = "start"
    SUCCESS = "success"
    FAIL = "fail"


class Silence(StrEnum):
    """Why a heartbeat is down."""

    MISSED = "missed"
    OVERRUN = "overrun"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Rhythm:
    """When pings are expected: every `period`, or at the times of `cron` in `zone`; late by `grace` at most."""

    grace: timedelta
    period: timedelta | None = None
    cron: str = ""
    zone: str = "UTC"

    def next_after(self, at: datetime) -> datetime:
        """Return when the next ping after `at` is expected."""
        return cron.next_after(self.cron, self.zone, at) if self.period is None else at + self.period

    def words(self) -> str:
        """Return it as people say it: `every 1 d`, `at 02:00 on weekdays, Europe/Berlin`; else as cron writes it."""
        if self.period is not None:
            return f"every {span(self.period.total_seconds())}"
        times = cron.parse(self.cron)
        said = cron_words.words(times)
        if not said:
            return f"at {self.cron} in {self.zone}"
        return said if cron_words.is_everywhere_the_same(times) else f"{said}, {self.zone}"


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A heartbeat as it stands.

    `counted_from` is the instant after which the next ping is expected: the last ping, the last miss,
    or the end of a pause. `started_at` is when the run that is under way began.
    """

    rhythm: Rhythm
    state: State = State.NEW
    counted_from: datetime | None = None
    started_at: datetime | None = None
    paused_until: datetime | None = None

    @property
    def patience(self) -> timedelta:
        """For how long it may be silent after we could not hear it: one grace, and at most its period."""
        return min(self.rhythm.grace, self.rhythm.period or self.rhythm.grace)

    @property
    def expected_at(self) -> datetime | None:
        """When the next ping is expected; None before the first and during a pause."""
        if self.paused_until is not None or self.counted_from is None:
            return None
        return self.rhythm.next_after(self.counted_from)

    @property
    def deadline(self) -> datetime | None:
        """The instant from which its silence is a miss, None when it may be silent for ever.

        A run must end within the grace after its start; a start alone does not put off what was expected.
        """
        if self.paused_until is not None:
            return None
        expected = self.expected_at
        ends = [] if expected is None else [expected + self.rhythm.grace]
        if self.state is State.STARTED and self.started_at is not None:
            ends.append(self.started_at + self.rhythm.grace)
        return min(ends, default=None)


def heartbeat_of(
    *,
    state: str,
    counted_from: datetime | None,
    started_at: datetime | None,
    paused_until: datetime | None,
    period_s: int | None,
    cron: str,
    zone: str,
    grace_s: int,
) -> Heartbeat:
    """Return a heartbeat from its stored columns."""
    period = None if period_s is None else timedelta(seconds=period_s)
    rhythm = Rhythm(grace=timedelta(seconds=grace_s), period=period, cron=cron, zone=zone)
    return Heartbeat(rhythm, State(state), counted_from, started_at, paused_until)


def check(rhythm: Rhythm, *, at: datetime) -> None:
    """Return when `rhythm` can be kept.

    Raises:
        BadRhythm: it has both a period and a cron expression or neither, or one of its parts is out of bounds.
    """
    if (rhythm.period is None) == (not rhythm.cron):
        raise BadRhythm("Say either how often it reports (a period) or when (a cron expression), not both.")
    if rhythm.period is not None and not MIN_PERIOD <= rhythm.period <= MAX_PERIOD:
        raise BadRhythm(f"The period must be from {MIN_PERIOD.seconds} s to {MAX_PERIOD.days} days.")
    if not MIN_GRACE <= rhythm.grace <= MAX_GRACE:
        raise BadRhythm(f"The grace must be from {MIN_GRACE.seconds} s to {MAX_GRACE.days} days.")
    if rhythm.period is None:
        try:
            rhythm.next_after(at)
        except cron.BadCron as refusal:
            raise BadRhythm(str(refusal)) from refusal


def standing(heartbeat: Heartbeat, *, at: datetime) -> State:
    """Return where it stands for a reader: a pause hides all else, and what is overdue within its grace is late."""
    if heartbeat.paused_until is not None:
        return State.PAUSED
    expected = heartbeat.expected_at
    if heartbeat.state in (State.UP, State.STARTED) and expected is not None and at > expected:
        return State.LATE
    return heartbeat.state


def heard(heartbeat: Heartbeat, signal: Signal, *, at: datetime) -> Heartbeat:
    """Return `heartbeat` after a ping; a pause goes on, but what was heard in it counts afterwards."""
    match signal:
        case Signal.SUCCESS:
            return replace(heartbeat, state=State.UP, counted_from=at, started_at=None)
        case Signal.FAIL:
            return replace(heartbeat, state=State.DOWN, counted_from=at, started_at=None)
        case Signal.START:
            state = State.DOWN if heartbeat.state is State.DOWN else State.STARTED
            return replace(heartbeat, state=state, started_at=at)


def missed(heartbeat: Heartbeat, *, at: datetime) -> tuple[Heartbeat, Silence]:
    """Return it down, and why; what is missed next is counted from now, however long ago this was."""
    why = Silence.OVERRUN if heartbeat.state is State.STARTED else Silence.MISSED
    return replace(heartbeat, state=State.DOWN, counted_from=at, started_at=None), why


def paused(heartbeat: Heartbeat, *, until: datetime) -> Heartbeat:
    """Return it paused: nothing is missed before `until`."""
    return replace(heartbeat, paused_until=until)


def resumed(heartbeat: Heartbeat, *, at: datetime) -> Heartbeat:
    """Return it awake: what it owes is counted from now, and a run that began before is forgotten."""
    state = State.UP if heartbeat.state is State.STARTED else heartbeat.state
    never_heard = heartbeat.counted_from is None
    return replace(
        heartbeat,
        state=State.NEW if never_heard else state,
        counted_from=None if never_heard else at,
        started_at=None,
        paused_until=None,
    )


def replanned(heartbeat: Heartbeat, rhythm: Rhythm, *, at: datetime) -> Heartbeat:
    """Return it with another rhythm, a whole turn of which it is given from now on: a change of plan pages nobody."""
    started_at = heartbeat.started_at and at
    return replace(heartbeat, rhythm=rhythm, counted_from=heartbeat.counted_from and at, started_at=started_at)


def signal_of(exit_code: int) -> Signal:
    """Return what a program's exit code says."""
    return Signal.SUCCESS if exit_code == 0 else Signal.FAIL


_ENDED: Final = {State.UP: Signal.SUCCESS, State.DOWN: Signal.FAIL}


def says_nothing_new(heartbeat: Heartbeat, signal: Signal, *, last_ping_at: datetime | None, at: datetime) -> bool:
    """Return whether `signal` only repeats the ping before it, within COALESCED: the same second, told twice."""
    # One that is down stays down when it starts.
    before = Signal.START if heartbeat.started_at is not None else _ENDED.get(heartbeat.state)
    return signal is before and last_ping_at is not None and at - last_ping_at < COALESCED


def title_of(name: str, why: Silence, *, exit_code: int | None = None) -> str:
    """Return the title of the incident that this silence opens."""
    match why:
        case Silence.MISSED:
            return f"{name} has not reported in time"
        case Silence.OVERRUN:
            return f"{name} has started and not finished in time"
        case Silence.FAILED:
            return f"{name} failed" + (f" with exit code {exit_code}" if exit_code else "")
