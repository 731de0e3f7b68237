"""Canaries: pages to nobody, one a minute by every channel that has one, which prove that pages go out.

One goes by a channel of our own that takes everything at once: it proves the engine, the outbox and the
senders. While it does not arrive, OpsKnight is blind: it vouches for itself to nobody outside.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from opsknight.domain.model.channel import face
from opsknight.domain.model.ledger import span
from opsknight.domain.model.speech import say, say_many

OWN: Final = "sink"
"""The channel that takes everything at once."""
EVERY: Final = timedelta(minutes=1)
LATE: Final = timedelta(seconds=30)
"""A canary of our own that takes longer says that pages are late."""
SILENT: Final = EVERY + LATE
"""Without one that arrived for this long the next one is late: we cannot say that anything goes out."""
UNHEARD: Final = 3 * EVERY
"""A channel by which none arrived for this long does not get through; a single one may fail by its provider's whim."""
LISTED: Final = 20


@dataclass(frozen=True, slots=True)
class Flight:
    """One canary: when it was due, when it was taken (None: not yet, or never), and how it ended."""

    due_at: datetime
    taken_at: datetime | None = None
    outcome: str = ""

    @property
    def lag(self) -> timedelta | None:
        """How long it took to be taken."""
        return None if self.taken_at is None else self.taken_at - self.due_at


@dataclass(frozen=True, slots=True)
class Spell:
    """A time in which nothing proves that pages went out."""

    from_at: datetime
    to_at: datetime


@dataclass(frozen=True, slots=True)
class LatePage:
    """A message that was due in a spell and handed over after it; `channel` is a word for it, `user` may be empty.

    `title` is what its incident is named by.
    """

    number: int | None
    title: str
    user: str
    channel: str
    late: timedelta


def arrives(newest: Flight | None, *, at: datetime) -> str:
    """Return why nobody can vouch for paging at `at`, empty where `newest`, the last that was taken, proves it."""
    if newest is None or newest.taken_at is None or newest.lag is None:
        return "no canary has arrived yet"
    if (silent := at - newest.due_at) > SILENT:
        return f"no canary has arrived for {span(silent.total_seconds())}"
    return f"the last canary took {span(newest.lag.total_seconds())}" if newest.lag > LATE else ""


def silenced(flown: Collection[str], unproven: Mapping[str, datetime], *, at: datetime) -> Mapping[str, timedelta]:
    """Return the channels by which no canary arrives, each with for how long, when no page gets through without them.

    `flown` are the channels that have a canary, `unproven` since when none arrived by those whose last did not. What
    matters are those that wake a sleeper, and all where none of them does. One that gets through is enough.
    """
    judged = [channel for channel in flown if face(channel).loud] or list(flown)
    silent = {channel: at - unproven[channel] for channel in judged if channel in unproven}
    return silent if len(silent) == len(judged) and min(silent.values(), default=UNHEARD) > UNHEARD else {}


def blind(before: Flight | None, after: Flight) -> Spell | None:
    """Return the time between two canaries of our own that were taken one after the other in which we were blind.

    We were when the one was due long after the other was taken, or took long itself: it ends when that was taken.
    """
    if before is None or before.taken_at is None or after.taken_at is None:
        return None
    if after.taken_at - before.taken_at <= SILENT:
        return None
    return Spell(before.taken_at, after.taken_at)


def note(spell: Spell, late: Sequence[LatePage]) -> str:
    """Return what is told of a spell when it is over: the first line for itself, then each page that was late."""
    began, ended = (f"{at:%Y-%m-%d %H:%M:%S}" for at in (spell.from_at, spell.to_at))
    lasted = span((spell.to_at - spell.from_at).total_seconds())
    first = say("OpsKnight was blind for {span}, from {began} to {ended} UTC", span=lasted, began=began, ended=ended)
    if not late:
        return "\n".join([first, say("No page of that time went out late.")])
    count = len(late)
    lines = [first, say_many("{count} message went out late:", "{count} messages went out late:", count=count)]
    for one in late[:LISTED]:
        what = f"#{one.number} {one.title}" if one.number is not None else one.title or say("a message")
        its = {"what": what, "who": one.user or say("a channel"), "channel": say(one.channel)}
        lines.append(say("{what} to {who} by {channel}: {span} late", **its, span=span(one.late.total_seconds())))
    if (more := count - LISTED) > 0:
        lines.append(say("and {count} more", count=more))
    return "\n".join(lines)
