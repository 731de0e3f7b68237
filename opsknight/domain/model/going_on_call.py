"""Whether somebody is fit to go on call: what to see to before their shift, each with what is so, why, and what now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from opsknight.domain.model.channel import face
from opsknight.domain.model.foretelling import clock
from opsknight.domain.model.ledger import people, span
from opsknight.domain.model.person import EMAIL, Method, reach
from opsknight.domain.model.readiness import State
from opsknight.domain.model.speech import say

PROVEN_WITHIN: Final = timedelta(days=30)
"""What arrived longer ago proves nothing about now."""
NEVER_SET: Final = "UTC"
"""The zone of who has never said where they live."""


@dataclass(frozen=True, slots=True)
class Way:
    """A contact method as far as it matters here; `loud` says whether it wakes a sleeper.

    `unset` says that nothing carries its channel on this installation: what is sent by it fails at once.
    """

    channel: str
    label: str
    verified: bool
    disabled: bool = False
    disabled_reason: str = ""
    proven_at: datetime | None = None
    loud: bool = False
    unset: bool = False

    @property
    def works(self) -> bool:
        """Whether pages go out by it."""
        return self.method.works

    @property
    def method(self) -> Method:
        """It, as far as it matters whether it counts."""
        return Method(self.channel, self.verified, self.disabled, unset=self.unset)


def unset(ways: Sequence[Way]) -> Sequence[Way]:
    """Return those that count for nothing because their channel is not set up here; of mail the house tells itself."""
    return [way for way in ways if way.verified and not way.disabled and way.unset and way.channel != EMAIL]


def nothing_carries(ways: Sequence[Way]) -> str:
    """Return what is said of `unset` ways, at least one."""
    channels = people(list(dict.fromkeys(face(way.channel).label for way in ways)))
    labels = people([way.label for way in ways])
    return f"Do not count on {labels}: {channels} is not set up on this installation. An operator sets it up."


@dataclass(frozen=True, slots=True)
class Instead:
    """Who gets somebody's pages before `until`: `name` by `ways`; without a name nobody can, and they are paged."""

    until: datetime
    name: str = ""
    ways: Sequence[Way] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """Somebody whose turn on a schedule is `[start_at, end_at)`: how they are reached, and what falls into that time.

    `leaves` are their own times away, `holidays` the days without work by the schedule. `in_calendar` says whether
    they have a calendar link, `may_respond` that their role lets them act on incidents, `instead` who gets their pages
    for a while.
    """

    start_at: datetime
    end_at: datetime
    zone: str
    schedule_zone: str
    ways: Sequence[Way] = ()
    leaves: Sequence[tuple[datetime, datetime]] = ()
    holidays: Sequence[date] = ()
    in_calendar: bool = False
    instead: Instead | None = None
    may_respond: bool = True


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at, and how it stands in a sentence."""

    name: str
    state: State
    sentence: str


def checks(case: Case, *, now: datetime) -> Sequence[Check]:
    """Return every check in the order in which it matters; what there is nothing to say of is left out."""
    found = (
        _role(case),
        _reach(case),
        _instead(case),
        _off(case),
        _unset(case),
        _proof(case, now),
        _away(case),
        _zone(case, now),
        _holidays(case),
        _calendar(case),
    )
    return tuple(check for check in found if check is not None)


def red(found: Sequence[Check]) -> Sequence[str]:
    """Return the sentences of what must be mended before the shift."""
    return tuple(check.sentence for check in found if check.state is State.BAD)


def _role(case: Case) -> Check | None:
    if case.may_respond:
        return None
    words = say(
        "You are an observer: you can acknowledge a page by answering it, and do nothing more about the incident."
        " Ask an admin for the role of a responder, or ask others to take the shift."
    )
    return Check("role", State.BAD, words)


def _reach(case: Case) -> Check:
    works = [way for way in case.ways if way.works]
    reached = reach([way.method for way in case.ways], active=True)
    if not reached.reachable:
        now = say(
            "No page can reach you: {why}. Turn push on under Me, on the device that you carry.", why=reached.because
        )
        return Check("reach", State.BAD, now)
    if not any(way.loud for way in works):
        told = people([way.label for way in works])
        sentence = say(
            "Pages reach you by {methods} alone, and mail and push wake nobody."
            " Add a number for calls or SMS under Me where those are set up, or be alarmed by the native window.",
            methods=told,
        )
        return Check("reach", State.BAD, sentence)
    return Check("reach", State.GOOD, f"Pages reach you by {people([way.label for way in works])}.")


def _instead(case: Case) -> Check | None:
    """Whoever gets the pages is judged: a substitute whom nothing wakes sleeps on through them."""
    its = case.instead
    if its is None or its.until <= case.start_at:
        return None
    until = clock(its.until, ZoneInfo(case.zone))
    if not its.name:
        words = say("You are not to be disturbed until {until}, and nobody can stand in: you are paged.", until=until)
        return Check("instead", State.WARN, words)
    if any(way.works and way.loud for way in its.ways):
        return Check("instead", State.GOOD, f"Until {until} {its.name} gets your pages, and is woken by them.")
    words = say(
        "{name} gets your pages until {until}, and nothing wakes them. Under Me, name another or be paged again.",
        name=its.name,
        until=until,
    )
    return Check("instead", State.BAD, words)


def _unset(case: Case) -> Check | None:
    ways = unset(case.ways)
    return Check("unset", State.WARN, nothing_carries(ways)) if ways else None


def _off(case: Case) -> Check | None:
    """A device whose subscription is gone, or whatever else was switched off and looks as if it worked."""
    off = [way for way in case.ways if way.disabled]
    if not off:
        return None
    told = people([f"{way.label} ({way.disabled_reason or 'switched off'})" for way in off])
    sentence = f"Do not count on {told}. Turn it on again on that device, or remove it under Me."
    return Check("off", State.WARN, sentence)


def _proof(case: Case, now: datetime) -> Check | None:
    works = [way for way in case.ways if way.works]
    if not works:
        return None
    proven = [(way.proven_at, way.label) for way in works if way.proven_at is not None]
    if not proven:
        return Check("proof", State.WARN, "No message to you was ever proven to arrive. Press “Page me now” under Me.")
    at, label = max(proven)
    ago = span(max(now - at, timedelta()).total_seconds())
    if now - at > PROVEN_WITHIN:
        sentence = f"No message to you was proven to arrive for {ago}. Press “Page me now” under Me."
        return Check("proof", State.WARN, sentence)
    return Check("proof", State.GOOD, f"The last proof that a message arrives is {ago} old, from {label}.")


def _away(case: Case) -> Check | None:
    zone = ZoneInfo(case.zone)
    spans = [
        say(
            "{begins} until {ends}",
            begins=clock(max(start, case.start_at), zone),
            ends=clock(min(end, case.end_at), zone),
        )
        for start, end in sorted(case.leaves)
        if start < case.end_at and end > case.start_at
    ]
    if not spans:
        return None
    sentence = say(
        "You are away from {times}, and on call all the same. Name a substitute, or ask others to take it.",
        times=people(spans),
    )
    return Check("away", State.BAD, sentence)


def _zone(case: Case, now: datetime) -> Check:
    mine, its = ZoneInfo(case.zone), ZoneInfo(case.schedule_zone)
    begins = f"It {'began' if case.start_at <= now else 'begins'} {clock(case.start_at, mine)}"
    if all(at.astimezone(mine).utcoffset() == at.astimezone(its).utcoffset() for at in (case.start_at, case.end_at)):
        return Check("zone", State.GOOD, f"{begins}, by your clock and by the schedule's.")
    both = f"{begins} by your clock and {clock(case.start_at, its)} by the schedule's"
    if case.zone == NEVER_SET:
        return Check(
            "zone", State.WARN, f"{both}. Your clock is UTC: if you do not live by it, say where you are under Me."
        )
    return Check("zone", State.GOOD, f"{both}.")


def _holidays(case: Case) -> Check | None:
    its = ZoneInfo(case.schedule_zone)
    last = (case.end_at - timedelta(microseconds=1)).astimezone(its).date()
    days = [day for day in sorted(set(case.holidays)) if case.start_at.astimezone(its).date() <= day <= last]
    if not days:
        return None
    told = people([f"{day:%a} {day.day} {day:%b}" for day in days])
    are = "is a public holiday" if len(days) == 1 else "are public holidays"
    return Check("holiday", State.WARN, f"{told} {are} in this shift. If you are away, ask others to take it.")


def _calendar(case: Case) -> Check:
    if case.in_calendar:
        return Check("calendar", State.GOOD, "Your shifts are in a calendar of yours.")
    return Check("calendar", State.WARN, "Your shifts are in no calendar of yours. Make a link for it under Me.")
