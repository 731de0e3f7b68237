"""Drills: the whole chain tried on a page about nothing, and what is said of whoever took part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from opsknight.domain.model.ledger import span
from opsknight.domain.model.speech import later, say

LASTS: Final = timedelta(minutes=15)
"""After so long nobody is reached any more, and whoever has not acknowledged has not answered."""
TONIGHT: Final = timedelta(hours=12)
"""Everyone on call tonight is on call now, or will be within this time, or is asked by a policy at any time."""
EVERYONE: Final = "everyone on call tonight"
"""What a drill of all of them is of, in words."""
UNDISTURBED: Final = "not to be disturbed now"
MARK: Final = later("Drill: nothing is wrong, please acknowledge")
"""The first line of every message of a drill."""
THANKS: Final = later("Thank you: the drill is over for you. Nothing was wrong.")
ALREADY: Final = later("You have acknowledged this drill already. Nothing is wrong.")
TOO_LATE: Final = later(
    "This drill is over, and nothing was wrong. Your answer came after its end, so it does not count."
)


_PRECISE_BELOW_S: Final = 9.95


class Answer(StrEnum):
    """What an acknowledge of a drill's message came to."""

    COUNTED = "counted"
    ALREADY = "already"
    TOO_LATE = "too late"


@dataclass(frozen=True, slots=True)
class Because:
    """Why somebody is among those who are drilled: a schedule, a policy that asks them, or, with neither, by name."""

    schedule: str = ""
    policy: str = ""


SENTENCES: Final = {Answer.COUNTED: THANKS, Answer.ALREADY: ALREADY, Answer.TOO_LATE: TOO_LATE}
"""What whoever acknowledges is told."""


@dataclass(frozen=True, slots=True)
class Hops:
    """One message of a drill: when it was due, and seconds from then to each hop; None where that was not reached."""

    word: str
    status: str
    reason: str = ""
    handed_s: float | None = None
    delivered_s: float | None = None
    seen_s: float | None = None

    @property
    def sentence(self) -> str:
        """What became of it, for a list: `the mail was accepted after 2 s`."""
        if self.seen_s is not None:
            return f"the {self.word} was seen after {precise(self.seen_s)}"
        if self.delivered_s is not None:
            return f"the {self.word} was delivered after {precise(self.delivered_s)}"
        if self.status == "failed":
            return f"the {self.word} failed" + (f" ({self.reason})" if self.reason else "")
        if self.status == "ambiguous":
            return f"the {self.word} was perhaps sent"
        if self.handed_s is not None:
            return f"the {self.word} was accepted after {precise(self.handed_s)}, and nothing says that it arrived"
        return f"the {self.word} was not sent"


def about_of(schedule: str | None) -> str:
    """Return in words who a drill of a schedule, or of everyone on call tonight, is of."""
    return EVERYONE if schedule is None else f"who is on call on {schedule}"


def why_drilled(by: str, *, weekly: bool, because: Because) -> str:
    """Return why somebody is drilled: `by` whom, "" for by nobody who signed in, and why they are among them."""
    schedule, policy = because.schedule, because.policy
    if policy:
        if by:
            return say("{name} asked for it; the policy {policy} asks you", name=by, policy=policy)
        if weekly:
            return say("It comes every week; the policy {policy} asks you", policy=policy)
        return say("It was asked for on the server; the policy {policy} asks you", policy=policy)
    if schedule:
        if by:
            return say("{name} asked for it; you are on call on {schedule}", name=by, schedule=schedule)
        if weekly:
            return say("It comes every week; you are on call on {schedule}", schedule=schedule)
        return say("It was asked for on the server; you are on call on {schedule}", schedule=schedule)
    if by:
        return say("{name} asked for it", name=by)
    return say("It comes every week") if weekly else say("It was asked for on the server")


def precise(seconds: float) -> str:
    """Return seconds as a drill tells them: `0.3 s` below ten, then as all spans."""
    return f"{seconds:.1f} s" if seconds < _PRECISE_BELOW_S else span(seconds)


def wanted_no_more(*, paged_at: datetime | None, now: datetime | None, answered: bool) -> str | None:
    """Return why a drill's message must not be sent any more, in words for the timeline, or None."""
    if answered:
        return "this person has acknowledged the drill"
    if paged_at is not None and now is not None and now - paged_at >= LASTS:
        return "the drill is over"
    return None


def finding(name: str, *, unreachable: str, messages: Sequence[Hops]) -> str:
    """Return what is wrong with somebody who did not acknowledge, and what now."""
    if unreachable == UNDISTURBED:
        return f"{name} is not to be disturbed, and was left out; a real page would go to who stands in for them."
    if unreachable:
        return f"{name} cannot be reached: {unreachable}. A real page would pass them by; have them see to it."
    told = "; ".join(one.sentence for one in messages)
    arrived = any(one.delivered_s is not None or one.seen_s is not None for one in messages)
    now = (
        "It arrived: ask them whether they heard it."
        if arrived
        else "Nothing proves that a page reaches them: test their contact methods together."
    )
    return f"{name} did not answer within {span(LASTS.total_seconds())}: {told}. {now}"
