"""Who is on call and who is paged next, worked out as a person would on paper: slowly, and step by step.

It shares no code with the product. What it knows is the world, and what happened to an incident.
"""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.simulator.paper import OnPaper
from tests.simulator.world import Ladder, Person, Watched, World

LAP = timedelta(seconds=60)
TO_ASSIGNEE = timedelta(minutes=5)
ADMINS_AFTER = timedelta(minutes=5)
NET_AGAIN = timedelta(minutes=30)
NET_LOOKS_AGAIN = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Group:
    """The pages of one firing: the people it paged at one instant, and when it was in vain, if it was."""

    kind: str
    step: int
    lap: int
    at: datetime
    users: frozenset[int]
    in_vain_at: datetime | None = None

    def ended_after(self, at: datetime) -> bool:
        """Return whether it was in vain, and that was known later than `at`."""
        return self.in_vain_at is not None and self.in_vain_at > at


@dataclass(slots=True)
class Place:
    """Where an incident's escalation stands: what is due next, and since when this lap has paged anybody.

    `step` is -1 while its assignee is to be paged, `net` the number of the safety net's round, from 0. A lap is
    `midway` that has paged before its generation began. `paged` are the lap's firings that paged anybody: where
    nobody is reached by the steps after the last of them, the wait that follows is over once that was in vain.
    A lap begins only as long as the one before it was not `in_vain_at`: from then on the safety net has its turn.
    """

    step: int = 0
    lap: int = 0
    lap_began_at: datetime | None = None
    net: int | None = None
    midway: bool = False
    paged: tuple[Group, ...] = ()
    in_vain_at: datetime | None = None


@dataclass(slots=True)
class Oracle:
    """Answers for a world until the end of a run."""

    world: World
    end_at: datetime
    switched_off: dict[int, list[datetime]] = field(default_factory=dict[int, list[datetime]])
    """By person: when each of their contact methods was switched off."""
    _papers: dict[int, OnPaper] = field(default_factory=dict[int, OnPaper])
    _changes: list[datetime] = field(default_factory=list[datetime])

    def paper(self, rota_id: int) -> OnPaper:
        """Return the paper of a schedule."""
        if rota_id not in self._papers:
            self._papers[rota_id] = OnPaper(self.world.rotas[rota_id], self.end_at)
        return self._papers[rota_id]

    def on_call(self, rota_id: int, at: datetime) -> frozenset[int]:
        """Return who is on call on a schedule."""
        return self.paper(rota_id).at(at)

    def next_change(self, since: datetime) -> datetime | None:
        """Return when anybody comes or goes next on any schedule, at `since` or later."""
        if not self._changes:
            found = {at for rota_id in self.world.rotas for at in self.paper(rota_id).changes}
            self._changes = sorted(found)
        place = bisect.bisect_left(self._changes, since)
        return self._changes[place] if place < len(self._changes) else None

    def asked(self, ladder: Ladder, step: int, at: datetime) -> set[int]:
        """Return whom a step asks, reachable or not."""
        on_call = {user for rota_id in ladder.rotas[step] for user in self.on_call(rota_id, at)}
        return {*ladder.users[step], *on_call}

    def candidates(self, ladder: Ladder, step: int, at: datetime) -> list[set[int]]:
        """Return those who can be asked together: each target alone where a step asks them in turn, else all."""
        if not ladder.round_robin[step]:
            return [self.asked(ladder, step, at)]
        return [{user} for user in ladder.users[step]] + [{*self.on_call(rota, at)} for rota in ladder.rotas[step]]

    def reachable(self, users: Sequence[int] | set[int], at: datetime) -> set[int]:
        """Return those of `users` who are still there and have a contact method that is not switched off."""
        return {user for user in users if self._can_be_reached(self.world.people[user], at)}

    def due(self, service: Watched, place: Place, assignee: int | None, at: datetime) -> tuple[str, list[set[int]]]:
        """Return what fires at `place` and whom it asks then: one of these sets, the one whose turn it is."""
        if place.net is not None:
            return "safety_net", [self._net(service, place.net, at)]
        if place.step < 0:
            return "assigned", [set() if assignee is None else {assignee}]
        return "page", self.candidates(service.ladder, place.step, at)

    def after(self, service: Watched, place: Place, at: datetime, *, group: Group | None) -> tuple[Place, datetime]:
        """Return what follows a firing `at`, and when that is due. `group` is what it paged, None where nobody."""
        if place.net is not None:
            return self._after_net(service, place.net, at, group)
        reached, ladder = group is not None, service.ladder
        if place.step < 0:
            return Place(), _sooner(at + TO_ASSIGNEE if reached else at, group, at)
        began_at = place.lap_began_at or (at if reached else None)
        paged = place.paged if group is None else (*place.paged, group)
        waited = at + timedelta(seconds=ladder.waits_s[place.step]) if reached else at
        if place.step + 1 < len(ladder.waits_s):
            midway = place.midway and not reached
            following = Place(place.step + 1, place.lap, began_at, midway=midway, paged=paged)
            return following, _sooner(waited, group, at)
        if began_at is None and not place.midway:
            return Place(net=0), at
        in_vain_at = _in_vain_at(paged)
        if group is None and in_vain_at is not None and in_vain_at <= at:
            return Place(net=0), at
        began_at = began_at or at - LAP
        # In vain, the safety net does not wait for the lap to be over; what was in vain before hastens nothing.
        last = paged[-1] if paged and (group is not None or paged[-1].ended_after(at)) else None
        if place.lap >= ladder.repeats:
            return Place(net=0), _sooner(max(waited, began_at + LAP), last, at)
        following = Place(0, place.lap + 1, in_vain_at=in_vain_at)
        if last is not None and last.in_vain_at == in_vain_at:
            return following, _sooner(max(waited, began_at + LAP), last, at)
        return following, max(_sooner(waited, last, at), began_at + LAP)

    def _after_net(self, service: Watched, number: int, at: datetime, group: Group | None) -> tuple[Place, datetime]:
        managers = self.reachable(self.world.managers[service.team_id], at)
        admins = self.reachable(self.world.admins, at)
        if not managers | admins:
            return Place(net=number), at + NET_LOOKS_AGAIN
        if number == 0 and managers:
            return Place(net=1), _sooner(at + ADMINS_AFTER, group, at)
        if number == 0:
            return Place(net=2), _sooner(at + NET_AGAIN, group, at)
        if number == 1:
            return Place(net=2), at + NET_AGAIN - ADMINS_AFTER
        return Place(net=number + 1), at + NET_AGAIN

    def _net(self, service: Watched, number: int, at: datetime) -> set[int]:
        managers = {*self.world.managers[service.team_id]}
        admins = {*self.world.admins}
        if number == 0:
            return managers if self.reachable(managers, at) else admins
        return admins - self.reachable(managers, at) if number == 1 else managers | admins

    def _can_be_reached(self, person: Person, at: datetime) -> bool:
        gone = sum(off_at <= at for off_at in self.switched_off.get(person.id, ()))
        return gone < len(person.methods) and (person.left_at is None or person.left_at > at)


def _in_vain_at(paged: Sequence[Group]) -> datetime | None:
    """Return when the last hope of a lap was gone, None while there is one, or where it has paged nobody."""
    ends = [group.in_vain_at for group in paged]
    known = [end for end in ends if end is not None]
    return max(known) if known and len(known) == len(ends) else None


def _sooner(waited: datetime, group: Group | None, at: datetime) -> datetime:
    """Return when the wait ends: at once where every message was in vain, but never before `at`."""
    if group is None or group.in_vain_at is None:
        return waited
    return min(waited, max(at, group.in_vain_at))
