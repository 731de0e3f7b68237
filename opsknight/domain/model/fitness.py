"""Whether whoever is on call in the days to come is fit for it: what stands well, what is red, and who mends it.

The sentences name nobody: they are read by the person themselves, by their lead and by everybody on the page.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from opsknight.domain.model.foretelling import clock
from opsknight.domain.model.going_on_call import NEVER_SET, PROVEN_WITHIN, Instead, Way, nothing_carries, unset
from opsknight.domain.model.ledger import people, span
from opsknight.domain.model.person import reach
from opsknight.domain.model.readiness import State
from opsknight.domain.model.speech import later, say

AHEAD: Final = timedelta(days=7)
"""Who is on call within this time is looked at."""
AGAIN_AFTER: Final = timedelta(days=1)
"""So often somebody is told of what is red, and after so long of it their lead is."""
AT_ONCE: Final = timedelta(hours=12)
"""Whose turn begins within this time is told at any hour; others by day."""
DAY_BEGINS, DAY_ENDS = 8, 20
"""Hours of the day, by a person's own clock, in which they are told."""
LISTED: Final = 12


class Mends(StrEnum):
    """Who can do something about it."""

    THEY = "they"
    LEAD = "lead"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Turn:
    """A time on call on a schedule, or one in which a policy asks somebody by name; whose team answers for it.

    Where a policy does, at any time, `schedule_id` is 0 and `schedule` and `zone` are empty.
    """

    schedule_id: int
    schedule: str
    team_id: int
    zone: str
    start_at: datetime
    end_at: datetime
    policy_id: int | None = None
    policy: str = ""

    @property
    def where(self) -> str:
        """The schedule or the policy, in words."""
        return self.schedule if self.policy_id is None else say("the policy {policy}", policy=self.policy)


@dataclass(frozen=True, slots=True)
class Somebody:
    """A person who is on call in the days to come: their `turns`, in order of time, at least one.

    `planned` are the ways of their plan for a page of high urgency; `loud_there` says that this installation
    has a channel that wakes, `may_respond` that their role lets them act on incidents.
    `instead` says who gets their pages for a while, `stands_in_for` whose pages they get in these turns.
    `drilled_at` is when their last drill began, and `drill_answered` whether they answered it.
    """

    user_id: int
    name: str
    zone: str
    turns: Sequence[Turn]
    ways: Sequence[Way] = ()
    planned: Sequence[Way] = ()
    leaves: Sequence[tuple[datetime, datetime]] = ()
    active: bool = True
    instead: Instead | None = None
    stands_in_for: Sequence[str] = ()
    loud_there: bool = True
    drilled_at: datetime | None = None
    drill_answered: bool = False
    may_respond: bool = True


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that was looked at: how it stands in a sentence, and who mends it where it does not stand well."""

    name: str
    state: State
    sentence: str
    mends: Mends = Mends.THEY


def items(one: Somebody, *, now: datetime) -> Sequence[Item]:
    """Return everything that was looked at in the order in which it matters; what says nothing is left out.

    Somebody else who gets all their pages is judged in their place, so nothing more is said of them.
    """
    if not one.active:
        on = people(list(dict.fromkeys(turn.where for turn in one.turns)))
        words = say(
            "The account is deactivated, and {schedules} still counts on it. Put somebody else in its place.",
            schedules=on,
        )
        return (Item("active", State.BAD, words, Mends.LEAD),)
    every = (
        _instead(one),
        _role(one),
        _reach(one),
        _loud(one),
        _stands_in(one),
        _away(one),
        _asked_away(one),
        _off(one),
        _unset(one),
        _proof(one, now),
        _drill(one, now),
        _zone(one),
    )
    found = every[:1] if _has_none_of_it(one) else every
    return tuple(item for item in found if item is not None)


def worst(found: Sequence[Item]) -> State:
    """Return how somebody stands: as the worst of what was found."""
    states = {item.state for item in found}
    return next((state for state in (State.BAD, State.WARN) if state in states), State.GOOD)


def to_be_told(found: Sequence[Item]) -> Sequence[Item]:
    """Return what is red and can be mended by the person or their lead; what an operator mends is told on the page."""
    return tuple(item for item in found if item.state is State.BAD and item.mends is not Mends.OPERATOR)


def said(one: Somebody, found: Sequence[Item], *, now: datetime) -> Sequence[Item]:
    """Return the same of `items` as `found`, in the language that is spoken."""
    names = {item.name for item in found}
    return tuple(item for item in items(one, now=now) if item.name in names)


def may_be_told(one: Somebody, *, now: datetime) -> bool:
    """Say whether it is an hour to tell somebody: by day, or whenever their turn runs or is near."""
    return may_hear(ZoneInfo(one.zone), one, now=now)


def may_hear(zone: ZoneInfo, of: Somebody, *, now: datetime) -> bool:
    """Say whether it is an hour to tell who lives in `zone` of somebody's turn; whom a policy asks is told by day."""
    near = any(turn.policy_id is None and turn.start_at <= now + AT_ONCE for turn in of.turns)
    return near or DAY_BEGINS <= now.astimezone(zone).hour < DAY_ENDS


def to_person(one: Somebody, reds: Sequence[Item], *, now: datetime) -> str:
    """Return what somebody is told of themselves: a first line, then what is red and what now."""
    turn = one.turns[0]
    if turn.policy_id is not None:
        first = say("The policy {policy} asks you at any time, and you are not ready for it", policy=turn.policy)
    elif turn.start_at <= now:
        first = say("You are on call on {schedule} and not ready for it", schedule=turn.schedule)
    else:
        begins = clock(turn.start_at, ZoneInfo(one.zone))
        first = say("You are not ready for your turn on {schedule}, {begins}", schedule=turn.schedule, begins=begins)
    after = say(
        "You are told once a day. What is still red after {span} your lead is told.",
        span=span(AGAIN_AFTER.total_seconds()),
    )
    return "\n".join([first, *(item.sentence for item in said(one, reds, now=now)), after])


def to_lead(found: Sequence[tuple[Somebody, Sequence[Item]]], zone: ZoneInfo, *, now: datetime) -> str:
    """Return what a lead is told of others: who is not ready, for which turn, and why."""
    names = people([one.name for one, _ in found[:3]])
    more = len(found) - 3
    if more > 0:
        first = say("Not ready to be on call: {names} and {count} more", names=names, count=more)
    else:
        first = say("Not ready to be on call: {names}", names=names)
    return "\n".join([first, *_listed(found, zone, now=now)])


def _listed(found: Sequence[tuple[Somebody, Sequence[Item]]], zone: ZoneInfo, *, now: datetime) -> Iterator[str]:
    for one, reds in found[:LISTED]:
        turn = one.turns[0]
        if turn.policy_id is not None:
            yield say("{name}, whom the policy {policy} asks at any time:", name=one.name, policy=turn.policy)
        else:
            begins = clock(turn.start_at, zone)
            yield say("{name}, {schedule} from {begins}:", name=one.name, schedule=turn.schedule, begins=begins)
        yield from (item.sentence for item in said(one, reds, now=now))
    if (more := len(found) - LISTED) > 0:
        yield say("and {count} more; the page of readiness lists them all.", count=more)


def _role(one: Somebody) -> Item | None:
    if one.may_respond:
        return None
    words = say(
        "An observer can acknowledge a page by answering it, and do nothing more about the incident. Ask an admin for"
        " the role of a responder, or have somebody else put in this place."
    )
    return Item("role", State.BAD, words)


def _reach(one: Somebody) -> Item:
    reached = reach([way.method for way in one.ways], active=True)
    if reached.reachable:
        return Item("reach", State.GOOD, f"Pages go out by {people([way.label for way in _working(one)])}.")
    mends = Mends.OPERATOR if reached.channels else Mends.THEY
    now = (
        later("No page gets through: {why}. An operator sets one up, or they turn push on under Me.")
        if reached.channels
        else later(
            "No page gets through: {why}. Turn push on under Me on the device that is carried, or add a contact method"
            " and verify it."
        )
    )
    return Item("reach", State.BAD, say(now, why=reached.because), mends)


def _loud(one: Somebody) -> Item | None:
    """A page of high urgency must wake a sleeper; only what is among their own rules counts."""
    works = _working(one)
    if not works:
        return None
    if any(way.loud and way.works for way in one.planned):
        return None
    if loud := [way.label for way in works if way.loud]:
        words = say(
            "The rules for high urgency leave {methods} out, and nothing else wakes. Add a rule under Me.",
            methods=people(loud),
        )
        return Item("loud", State.BAD, words)
    if one.loud_there:
        words = say(
            "Nothing here wakes a sleeper: mail and push do not. Verify a number for calls or SMS under Me where those"
            " are set up, or let the native window of a computer alarm them."
        )
        return Item("loud", State.BAD, words)
    words = "Nothing wakes a sleeper: this installation has no channel for calls or SMS yet. An operator sets one up."
    return Item("loud", State.BAD, words, Mends.OPERATOR)


def _has_none_of_it(one: Somebody) -> bool:
    """Say whether somebody else gets the pages of all their turns."""
    its = one.instead
    return its is not None and bool(its.name) and all(turn.end_at <= its.until for turn in one.turns)


def _instead(one: Somebody) -> Item | None:
    its = one.instead
    if its is None:
        return None
    until = clock(its.until, ZoneInfo(one.zone))
    if its.name:
        return Item("instead", State.GOOD, f"Not to be disturbed: {its.name} gets the pages until {until}.")
    words = f"Not to be disturbed until {until}, and nobody can stand in, so pages come here. Name somebody under Me."
    return Item("instead", State.WARN, words)


def _stands_in(one: Somebody) -> Item | None:
    if not one.stands_in_for:
        return None
    whose = people(list(one.stands_in_for))
    return Item("stands_in", State.GOOD, f"Gets the pages of {whose}, who is not to be disturbed.")


def _away(one: Somebody) -> Item | None:
    zone = ZoneInfo(one.zone)
    spans = [
        say(
            "{begins} until {ends} on {schedule}",
            begins=clock(max(start, turn.start_at), zone),
            ends=clock(min(end, turn.end_at), zone),
            schedule=turn.schedule,
        )
        for turn in one.turns
        for start, end in sorted(one.leaves)
        if turn.policy_id is None and start < turn.end_at and end > turn.start_at
    ]
    if not spans:
        return None
    words = say(
        "On leave, and on call all the same: {times}. Name a substitute, or ask others to take it.", times=people(spans)
    )
    return Item("away", State.BAD, words)


def _asked_away(one: Somebody) -> Item | None:
    """Leave takes nobody out of a policy, and no substitute of it stands in there."""
    asking = [turn for turn in one.turns if turn.policy_id is not None]
    if not asking:
        return None
    zone, first = ZoneInfo(one.zone), asking[0]
    spans = [
        say("{begins} until {ends}", begins=clock(max(start, first.start_at), zone), ends=clock(end, zone))
        for start, end in sorted(one.leaves)
        if start < first.end_at and end > first.start_at
    ]
    if not spans:
        return None
    words = say(
        "On leave from {times}, and {policies} asks all the same. Have somebody else named there, or say under Me who"
        " is paged instead.",
        times=people(spans),
        policies=people([turn.where for turn in asking]),
    )
    return Item("asked_away", State.BAD, words)


def _off(one: Somebody) -> Item | None:
    off = [way for way in one.ways if way.disabled]
    if not off:
        return None
    told = people([f"{way.label} ({way.disabled_reason or 'switched off'})" for way in off])
    return Item("off", State.WARN, f"Do not count on {told}. Turn it on again there, or remove it under Me.")


def _unset(one: Somebody) -> Item | None:
    ways = unset(one.ways)
    return Item("unset", State.WARN, nothing_carries(ways), Mends.OPERATOR) if ways else None


def _proof(one: Somebody, now: datetime) -> Item | None:
    works = _working(one)
    if not works:
        return None
    proven = [(way.proven_at, way.label) for way in works if way.proven_at is not None]
    if not proven:
        return Item(
            "proof", State.WARN, "No message was ever proven to arrive. Run a drill, or “Page me now” under Me."
        )
    at, label = max(proven)
    ago = span(max(now - at, timedelta()).total_seconds())
    if now - at > PROVEN_WITHIN:
        words = f"The last proof that a message arrives is {ago} old ({label}). Run a drill."
        return Item("proof", State.WARN, words)
    return Item("proof", State.GOOD, f"The last proof that a message arrives is {ago} old ({label}).")


def _drill(one: Somebody, now: datetime) -> Item | None:
    if one.drilled_at is None:
        return None
    ago = span(max(now - one.drilled_at, timedelta()).total_seconds())
    if one.drill_answered:
        return Item("drill", State.GOOD, f"The last drill, {ago} ago, was acknowledged.")
    return Item("drill", State.WARN, f"The last drill, {ago} ago, was not acknowledged. Find out why, and run another.")


def _zone(one: Somebody) -> Item | None:
    turn, mine = next((turn for turn in one.turns if turn.policy_id is None), None), ZoneInfo(one.zone)
    if turn is None:
        return None
    begins, its = turn.start_at.astimezone(mine), turn.start_at.astimezone(ZoneInfo(turn.zone))
    if one.zone != NEVER_SET or begins.utcoffset() == its.utcoffset():
        return None
    words = f"Their clock is UTC, which is where everybody begins, and {turn.schedule} goes by {turn.zone}."
    return Item("zone", State.WARN, f"{words} Say under Me where they live.")


def _working(one: Somebody) -> Sequence[Way]:
    return [way for way in one.ways if way.works]
