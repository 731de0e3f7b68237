"""Judges each escalation: whom each firing paged, when, and that what was due did fire, by the oracle's own reckoning.

An incident's life is cut into stretches at each fact that changes what is due. Within one, the oracle
says what comes next; what came is what the pages say.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from tests.faults.checker import AFTER_FAULT_S, ON_TIME_S, Fault, fault_near
from tests.simulator.history import History, Row
from tests.simulator.oracle import Group, Place
from tests.simulator.world import Watched

TICK = timedelta(milliseconds=50)
A_MOMENT = timedelta(seconds=1)
"""What became known so shortly before a firing was perhaps not known to it."""
BEGINS = ("opened", "unacknowledged", "woken", "reopened", "reassigned", "urgency raised", "escalated")
CUTS = (*BEGINS, "acknowledged", "snoozed", "suppressed", "resolved", "undone")


@dataclass(slots=True)
class Walk:
    """What was late, and what a fault excuses."""

    history: History
    faults: list[Fault] = field(default_factory=list[Fault])

    def __post_init__(self) -> None:
        found = self.history.run.fate.faults
        self.faults = [Fault(fault.began_at.timestamp(), fault.ended_at.timestamp()) for fault in found]

    def allowed_until(self, due_at: datetime) -> datetime:
        """Return how late what is due then may be: a second, or five after the end of a fault near it."""
        due = due_at.timestamp()
        ended = fault_near(self.faults, due)
        latest_s = ON_TIME_S if ended is None else max(ON_TIME_S, ended + AFTER_FAULT_S - due)
        return due_at + timedelta(seconds=latest_s) + TICK

    def is_late(self, at: datetime, due_at: datetime) -> bool:
        return at > self.allowed_until(due_at)

    def must_be_done(self, due_at: datetime) -> bool:
        """Return whether what was due then must have happened before the run ended."""
        return self.allowed_until(due_at) < self.history.run.timeline.at

    def fault_between(self, start_at: datetime, end_at: datetime) -> bool:
        start, end = start_at.timestamp(), end_at.timestamp()
        return any(fault.began_at <= end and fault.ended_at >= start for fault in self.faults)


@dataclass(slots=True)
class _Stretch:
    """From one fact that changes what is due to the next, and where the escalation stands in between."""

    began_at: datetime
    ended_at: datetime
    place: Place
    assignee: int | None
    answers: list[tuple[datetime, int]] = field(default_factory=list[tuple[datetime, int]])
    """Who has acknowledged for their part, and when; the others still must."""
    for_nobody: list[datetime] = field(default_factory=list[datetime])
    """When the safety net looked for somebody and found nobody: where that was late, so is the next round."""

    def looked_at(self, due_at: datetime, latest_at: datetime) -> datetime:
        """Return when the safety net looked in vain that was to look at `due_at`, that itself where it did not."""
        return next((at for at in self.for_nobody if due_at <= at <= latest_at), due_at)

    def answered(self, at: datetime) -> set[int]:
        """Return who is not asked any more at `at`."""
        return {user for answered_at, user in self.answers if answered_at <= at}


def check(history: History) -> Iterator[str]:
    """Yield what escalated otherwise than the oracle says."""
    walk = Walk(history)
    for incident in history.incidents:
        service = history.run.world.services[incident["service_id"]]
        yield from _on_duty(history, incident, service)
        yield from _stretches(walk, incident, service)


def _on_duty(history: History, incident: Row, service: Watched) -> Iterator[str]:
    """Every page of a step went to somebody whom it asks at that very instant."""
    for group in history.groups(incident["id"]):
        if group.kind == "page":
            strangers = group.users - history.oracle.asked(service.ladder, group.step, group.at)
            if strangers:
                yield f"{incident['number']}: step {group.step + 1} at {group.at} paged a stranger: {strangers}"


def _stretches(walk: Walk, incident: Row, service: Watched) -> Iterator[str]:
    place: Place | None = None
    is_open, is_suppressed, generation_at = False, False, incident["created_at"]
    for cut, then, groups in _cut(walk.history.firings(incident["id"])):
        if cut["kind"] in BEGINS and not (is_open and cut["kind"] == "escalated"):
            generation_at = cut["at"]
        place, is_open, assignee = _begun(cut, place, is_open=is_open, is_suppressed=is_suppressed)
        is_suppressed = cut["kind"] == "suppressed" or (is_suppressed and cut["kind"] == "urgency raised")
        if not is_open and groups and cut["kind"] != "undone":
            yield f"incident {incident['number']} was {cut['kind']} at {cut['at']}, and paged {groups[0]}"
        if not is_open or place is None:
            continue
        # Who stood still before they were let in has an instant from before what was fired meanwhile.
        ended_at = walk.history.run.timeline.at if then is None else max([then["at"], *(each.at for each in groups)])
        answers = walk.history.answers(incident["id"], since=generation_at, until=ended_at)
        for_nobody = walk.history.rounds_for_nobody(incident["id"])
        stretch = _Stretch(cut["at"], ended_at, place, assignee, answers, for_nobody)
        broken = _follow(walk, service, stretch, groups)
        if broken:
            yield f"incident {incident['number']}, {cut['kind']} at {cut['at']}: {broken}"
        place = None if broken else stretch.place


def _cut(ledger: Sequence[Row | Group]) -> Iterator[tuple[Row, Row | None, list[Group]]]:
    """Yield each fact that changes what is due, the next such, and the firings in between."""
    places = [at for at, each in enumerate(ledger) if not isinstance(each, Group) and each["kind"] in CUTS]
    for begin, end in zip(places, [*places[1:], len(ledger)], strict=True):
        cut, then = ledger[begin], ledger[end] if end < len(ledger) else None
        assert not isinstance(cut, Group)
        assert not isinstance(then, Group)
        yield cut, then, [each for each in ledger[begin:end] if isinstance(each, Group)]


def _begun(
    cut: Row, place: Place | None, *, is_open: bool, is_suppressed: bool
) -> tuple[Place | None, bool, int | None]:
    """Return where the escalation stands after a fact, None where only the product knows, and whether it is open."""
    kind = cut["kind"]
    if kind == "undone":
        return None, False, None
    if kind == "urgency raised" and is_suppressed:
        return place, False, None
    if kind == "escalated":
        if place is None:
            return None, True, None
        began_at = place.lap_began_at if is_open else None
        midway = began_at is None and place.step > 0 and place.net is None
        paged, in_vain_at = (place.paged, place.in_vain_at) if is_open else ((), None)
        return Place(max(place.step, 0), place.lap, began_at, place.net, midway, paged, in_vain_at), True, None
    if kind == "reassigned":
        to = cut["data"]["user_id"]
        to_oneself = cut["actor"] == f"user:{to}"
        return (place, False, None) if to_oneself else (Place(step=-1), True, to)
    if kind in BEGINS:
        return Place(), True, None
    return place, False, None


def _follow(walk: Walk, service: Watched, stretch: _Stretch, groups: Sequence[Group]) -> str:
    """Go through a stretch with the oracle; return what is otherwise than it says, and leave `place` at its end."""
    oracle = walk.history.oracle
    due_at, left = stretch.began_at, list(groups)
    while True:
        if due_at > stretch.ended_at:
            return f"it paged {left[0]} besides" if left else ""
        at = left[0].at if left and left[0].at <= walk.allowed_until(due_at) else due_at
        place = stretch.place = _unless_in_vain(walk, stretch.place, at, left)
        kind, candidates = oracle.due(service, place, stretch.assignee, at)
        answered = stretch.answered(at) if kind == "page" else set[int]()
        reached = [_reached(walk, asked - answered, at) for asked in candidates]
        sure = {user for each, _ in reached for user in each}
        group = left[0] if left and _is_of(left[0], kind, place) else None
        if group is not None and walk.is_late(group.at, due_at) and not any(perhaps for _, perhaps in reached):
            group = None  # nobody could be reached then: it is a later one
        if group is None and sure:
            if walk.allowed_until(due_at) >= stretch.ended_at:
                return f"it paged {left[0]} besides" if left else ""
            return f"{_name(kind, place)} was due at {due_at} for {sure}, and came not: {left[:1]}"
        if group is not None:
            if group.at < due_at - TICK and not walk.fault_between(group.at, due_at):
                return f"{_name(kind, place)} fired at {group.at}, before it was due at {due_at}"
            if walk.is_late(group.at, due_at):
                return f"{_name(kind, place)} fired at {group.at}, and was due at {due_at}"
            if not any(each <= group.users <= perhaps for each, perhaps in reached):
                return f"{_name(kind, place)} paged {group.users}, and should have paged {sure}"
            left.pop(0)
        fired_at = due_at if group is None else group.at
        if group is None and kind == "safety_net":
            fired_at = stretch.looked_at(due_at, walk.allowed_until(due_at))
        stretch.place, due_at = oracle.after(service, place, fired_at, group=group)


def _unless_in_vain(walk: Walk, place: Place, at: datetime, left: Sequence[Group]) -> Place:
    """Return where the escalation stands `at`: with the safety net once the lap before was known to be in vain."""
    known_at = place.in_vain_at
    if known_at is None:
        return place
    is_close = abs(at - known_at) <= A_MOMENT or walk.fault_between(known_at - A_MOMENT, at)
    in_vain = left[0].kind == "safety_net" if left and is_close else known_at <= at
    return Place(net=0) if in_vain else replace(place, in_vain_at=None)


def _reached(walk: Walk, asked: set[int], at: datetime) -> tuple[set[int], set[int]]:
    """Return who is reached for sure, and who perhaps: people leave, and methods end, while a firing is under way."""
    oracle = walk.history.oracle
    slack = timedelta(seconds=60 if walk.fault_between(at, at + timedelta(seconds=2)) else 1)
    before, after = oracle.reachable(asked, at - slack), oracle.reachable(asked, at + slack)
    return before & after, before | after


def _is_of(group: Group, kind: str, place: Place) -> bool:
    if group.kind != kind:
        return False
    return kind != "page" or (group.step, group.lap) == (place.step, place.lap)


def _name(kind: str, place: Place) -> str:
    if place.net is not None:
        return f"round {place.net + 1} of the safety net"
    return "its assignee's page" if kind == "assigned" else f"step {place.step + 1} of lap {place.lap + 1}"
