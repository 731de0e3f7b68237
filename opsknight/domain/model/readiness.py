"""Whether the house is fit for duty, and what a person should know that it cannot mend by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from opsknight.domain.model.budget import Budget, money
from opsknight.domain.model.channel import face
from opsknight.domain.model.disk import Disk, room
from opsknight.domain.model.hearing import Hearing
from opsknight.domain.model.ledger import people, span
from opsknight.domain.model.restored import Waiting, told

LATE_S: Final = 10.0
"""Work that is due for longer raises the alarm."""
TOO_LATE_S: Final = 30.0
"""Past this an outside watcher must page instead."""
FEED_SILENT_S: Final = 3.0
FEWEST_MONTHS_AHEAD: Final = 2
TOLD_FOR: Final = timedelta(minutes=5)
"""How long a break in hearing is told after its end."""


class State(StrEnum):
    """How a thing stands. Only `bad` makes the house unready, where it keeps it from its duty."""

    GOOD = "good"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; `sentence` says what is wrong and what now, empty when all is well.

    What is bad and does not keep from duty is red on every page: people must see to it, not whoever runs the house.
    """

    name: str
    state: State = State.GOOD
    sentence: str = ""
    keeps_from_duty: bool = True


@dataclass(frozen=True, slots=True)
class Caught:
    """How many open incidents the safety net pages for, and of how many of them the policy reached nobody."""

    incidents: int = 0
    reached_nobody: int = 0


NOTHING_CAUGHT: Final = Caught()


@dataclass(frozen=True, slots=True)
class Observed:
    """What was seen. None where it could not be found out.

    `unset` are the channels by which people have asked to be reached and nothing goes out, with what is missing.
    `restored` is what waits in a restored copy that nobody has armed, `low_disk` the disk on which little room is left.
    """

    database: bool
    late_s: float | None
    feed_s: float | None
    months_ahead: int | None
    mail: bool
    troubles: Mapping[str, str] = field(default_factory=dict[str, str])
    push_out_of_reach: Mapping[str, str] = field(default_factory=dict[str, str])
    clock_jump_s: float = 0.0
    hearing: Hearing | None = None
    now: datetime | None = None
    stopping: bool = False
    stale_calendars: Sequence[str] = ()
    costs: Mapping[str, float] = field(default_factory=dict[str, float])
    budget: Budget | None = None
    unpriced: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    caught: Caught = NOTHING_CAUGHT
    silenced: Mapping[str, timedelta] = field(default_factory=dict[str, timedelta])
    unset: Mapping[str, str] = field(default_factory=dict[str, str])
    restored: Waiting | None = None
    low_disk: Disk | None = None


def findings(seen: Observed) -> Sequence[Finding]:
    """Return every finding, each thing once, whatever its state."""
    looked_at = (
        _running,
        _database,
        _restored,
        _engine,
        _canaries,
        _safety_net,
        _disk,
        _feed,
        _partitions,
        _mail,
        _unset,
        _channels,
        _push,
        _clock,
        _hearing,
        _calendars,
        _costs,
    )
    return tuple(look(seen) for look in looked_at)


def ready(found: Sequence[Finding]) -> bool:
    """Say whether nothing is bad that keeps the house from its duty."""
    return not any(finding.state is State.BAD and finding.keeps_from_duty for finding in found)


def _running(seen: Observed) -> Finding:
    return Finding("process", State.BAD, "OpsKnight is stopping.") if seen.stopping else Finding("process")


def _database(seen: Observed) -> Finding:
    sentence = "The database does not answer: monitors are told to send again, and nobody is paged until it is back."
    return Finding("database") if seen.database else Finding("database", State.BAD, sentence)


def _restored(seen: Observed) -> Finding:
    if seen.restored is None or seen.now is None:
        return Finding("restored")
    return Finding("restored", State.BAD, told(seen.restored, now=seen.now))


def _engine(seen: Observed) -> Finding:
    """What waits in a restored copy is no work that nobody has taken."""
    late_s = seen.late_s or 0.0
    if late_s <= LATE_S or seen.restored is not None:
        return Finding("engine")
    sentence = f"Paging is late: the oldest work fell due {late_s:.0f} s ago and nobody has taken it."
    return Finding("engine", State.BAD if late_s > TOO_LATE_S else State.WARN, sentence)


def _canaries(seen: Observed) -> Finding:
    """By all channels that must get through, none does: whoever watches outside pages instead."""
    told = [
        f"{face(channel).word} (for {span(lasts.total_seconds())}{f'; {why}' if why else ''})"
        for channel, lasts in seen.silenced.items()
        for why in [seen.troubles.get(channel, "").rstrip(".")]
    ]
    if not told:
        return Finding("canaries")
    what = "Pages wake nobody" if any(face(channel).loud for channel in seen.silenced) else "No page gets through"
    sentence = (
        f"{what}: no canary arrives by {people(told)}. Look at the page of the channels; until one"
        " arrives, OpsKnight vouches for itself to nobody outside."
    )
    return Finding("canaries", State.BAD, sentence)


def _safety_net(seen: Observed) -> Finding:
    """It works then, as it should; nobody else does."""
    count, silent = seen.caught.incidents, seen.caught.reached_nobody
    if not count:
        return Finding("safety_net")
    incidents = f"{count} open incident{'' if count == 1 else 's'}"
    if silent == count:
        said = f"Nobody was reached for {incidents}: the safety net pages managers and admins"
    elif not silent:
        said = f"Nobody answers for {incidents}: the safety net pages managers and admins"
    else:
        whys = people([f"the policy of {silent} reached nobody", f"{count - silent} went unanswered"])
        said = f"The safety net pages managers and admins for {incidents}: {whys}"
    sentence = f"{said}. Acknowledge on the board what you can take, and look who is on call."
    return Finding("safety_net", State.BAD, sentence, keeps_from_duty=False)


def _disk(seen: Observed) -> Finding:
    """People must see to it: there is no telling how soon it is full."""
    if seen.low_disk is None:
        return Finding("disk")
    sentence = (
        f"The disk is nearly full: {room(seen.low_disk)} free at {seen.low_disk.where}. Make room there:"
        " when nothing is left, monitors are told to send again and nobody is paged for what is new."
    )
    return Finding("disk", State.BAD, sentence, keeps_from_duty=False)


def _feed(seen: Observed) -> Finding:
    if seen.feed_s is not None and seen.feed_s <= FEED_SILENT_S:
        return Finding("feed")
    since = "has not been read yet" if seen.feed_s is None else f"was last read {seen.feed_s:.0f} s ago"
    return Finding("feed", State.BAD, f"The change feed {since}: boards do not show what happens now.")


def _partitions(seen: Observed) -> Finding:
    months = seen.months_ahead
    if months is None or months >= FEWEST_MONTHS_AHEAD:
        return Finding("partitions")
    sentence = (
        f"There is room for new rows for {months} more whole months only, and more should be made every day."
        " Look in the log for why the partitions could not be made."
    )
    return Finding("partitions", State.BAD, sentence)


def _mail(seen: Observed) -> Finding:
    sentence = "Nobody can be reached by mail: OPSKNIGHT_SMTP_URL is not set."
    return Finding("mail") if seen.mail else Finding("mail", State.WARN, sentence)


def _unset(seen: Observed) -> Finding:
    """What is sent by a channel that nobody has set up fails at once; a missing mail server is another finding."""
    missing = {channel: what for channel, what in seen.unset.items() if channel != "email"}
    if not missing:
        return Finding("unset")
    channels = people([face(channel).label for channel in missing])
    whats = " ".join(f"{what.rstrip('.')}." for what in dict.fromkeys(missing.values()))
    sentence = f"Nobody can be reached by {channels}, and people count on it: nothing carries it here. {whats}"
    return Finding("unset", State.WARN, sentence)


def _channels(seen: Observed) -> Finding:
    """A channel that fails is told at once; a missing mail server is another finding."""
    failing = {channel: why for channel, why in seen.troubles.items() if seen.mail or channel != "email"}
    told = ", ".join(f"{channel} ({why.rstrip('.')})" for channel, why in failing.items())
    sentence = f"Pages by {told} do not get through now; they are tried again, and each person's other ways are used."
    return Finding("channels", State.WARN, sentence) if told else Finding("channels")


def _push(seen: Observed) -> Finding:
    """Web Push goes through servers of others, which a closed network may not let us reach."""
    if not seen.push_out_of_reach:
        return Finding("push")
    hosts = people(sorted(seen.push_out_of_reach))
    why = next(iter(seen.push_out_of_reach.values())).rstrip(".")
    sentence = (
        f"Web Push passes the servers of the browsers' vendors, and {hosts} cannot be reached from here ({why})."
        " Let OpsKnight reach them, or use the native window, or ntfy or Gotify on a server of your own."
    )
    return Finding("push", State.WARN, sentence)


def _costs(seen: Observed) -> Finding:
    """A budget that is used up, or that cannot be watched: an alarm that never comes is none."""
    budget = seen.budget
    if budget is None:
        return Finding("costs")
    told = list(budget.unwatched(seen.costs, seen.unpriced))
    if budget.is_over(seen.costs):
        counts = budget.counts(seen.costs)
        told.insert(
            0,
            f"Texts and calls have cost {money(seen.costs[counts], counts)} this month, more than their budget of"
            f" {budget.words}. They go out all the same: look at what pages so often.",
        )
    return Finding("costs", State.WARN, " ".join(told)) if told else Finding("costs")


def _clock(seen: Observed) -> Finding:
    if not seen.clock_jump_s:
        return Finding("clock")
    sentence = (
        f"The database's clock jumped by {seen.clock_jump_s:+.0f} s. OpsKnight keeps counting from before the jump;"
        " correct the clock, or restart OpsKnight when the new time is right."
    )
    return Finding("clock", State.WARN, sentence)


def _hearing(seen: Observed) -> Finding:
    """Bad once it lasts, and no fault of the process that is asked: those that are left page for what is known."""
    heard, now = seen.hearing, seen.now
    if heard is None or now is None:
        return Finding("hearing")
    if heard.is_deaf(now):
        deaf_s = (now - heard.heard_at).total_seconds()
        sentence = (
            f"No process has taken events or pings for {span(deaf_s)}: monitors cannot"
            " reach OpsKnight, and nothing counts as silent. Start a process of the role web or all."
        )
        state = State.BAD if deaf_s > TOO_LATE_S else State.WARN
        return Finding("hearing", state, sentence, keeps_from_duty=False)
    if heard.deaf_from is None or now - heard.since > TOLD_FOR:
        return Finding("hearing")
    sentence = (
        f"OpsKnight could not be reached for {span(heard.away.total_seconds())}, until"
        f" {span((now - heard.since).total_seconds())} ago: each heartbeat that was due then has one grace to report."
    )
    return Finding("hearing", State.WARN, sentence)


def _calendars(seen: Observed) -> Finding:
    """Imported calendars that could not be read for more than a day, each in words."""
    told = "; ".join(seen.stale_calendars)
    sentence = f"Imported calendars cannot be read, so their last copies say who is on call: {told}."
    return Finding("calendars", State.WARN, sentence) if told else Finding("calendars")
