"""What may go wrong with an escalation policy, said before it matters. Only the present and the future count."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, TypedDict

from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.model.channel import face
from opsknight.domain.model.escalation import LAP_AT_LEAST, OF_TEAMS, Policy, Step, Target, TargetKind
from opsknight.domain.model.event import Urgency
from opsknight.domain.model.ledger import span
from opsknight.domain.model.paging import ROOM_OFF, ROOM_UNVERIFIED, plan
from opsknight.domain.model.schedule import OnCall, Schedule, merged, on_call, shifts
from opsknight.domain.model.stack import uncovered
from opsknight.domain.model.step_conditions import ALWAYS
from opsknight.domain.queries.escalations import Reachable, Team, people, schedules, teams
from opsknight.domain.queries.rooms import Room, rooms

AHEAD: Final = timedelta(weeks=13)
"""How far gaps and shifts are looked for: as far as a schedule is compared before it is saved."""


class WarningLine(TypedDict):
    """One warning; `step` counts from 1 and is None where the policy as a whole is meant."""

    step: int | None
    kind: str
    sentence: str


@dataclass(frozen=True, slots=True)
class _World:
    """All that the steps of policies could ask, now and in the weeks to come; `turns` are the shifts until AHEAD."""

    at: datetime
    schedules: Mapping[int, Schedule]
    turns: Mapping[int, Sequence[OnCall]]
    teams: Mapping[int, Team]
    people: Mapping[int, Reachable]
    rooms: Mapping[int, Room]
    unset: Collection[str] = ()

    def asked(self, target: Target, *, ahead: bool = False) -> tuple[int, ...]:
        """Return whom a target stands for now, or for whom it will until AHEAD."""
        if target.kind is TargetKind.USER:
            return (target.id,)
        if target.kind in OF_TEAMS:
            team = self.teams.get(target.id, Team(""))
            return team.managers if target.kind is TargetKind.TEAM_MANAGERS else team.members
        schedule = self.schedules.get(target.id) if target.kind is TargetKind.SCHEDULE else None
        if schedule is None:
            return ()
        found = self.turns[target.id] if ahead else on_call(schedule, self.at)
        return tuple(dict.fromkeys(shift.user_id for shift in found))

    def reachable(self, user_id: int) -> bool:
        person = self.people.get(user_id)
        return person is not None and person.reach(self.at).reachable

    def posts(self, room: Room) -> bool:
        """Return whether what is posted in a room goes out."""
        return room.method.usable and room.method.channel not in self.unset


async def warnings(
    session: AsyncSession, policy: Policy, *, at: datetime, unset: Collection[str] = ()
) -> list[WarningLine]:
    """Return what may go wrong with `policy`, step by step; nothing where all is well.

    `unset` are the channels that are not set up.
    """
    return (await every_warning(session, [policy], at=at, unset=unset))[0]


async def every_warning(
    session: AsyncSession, policies: Sequence[Policy], *, at: datetime, unset: Collection[str] = ()
) -> Sequence[list[WarningLine]]:
    """Return the warnings of each of `policies`, in their order; people and schedules are read once for all."""
    world = await _world(session, policies, at, unset)
    return [_of_policy(world, policy) for policy in policies]


def _of_policy(world: _World, policy: Policy) -> list[WarningLine]:
    found: list[WarningLine] = []
    for number, step in enumerate(policy.steps, start=1):
        found += _of_step(world, number, step)
        found += _never_sent(world, policy, number, step)
    if policy.steps and all(step.conditions != ALWAYS for step in policy.steps):
        sentence = "Every step has conditions: where none of them holds, the safety net pages at once."
        found.append(WarningLine(step=None, kind="only_conditions", sentence=sentence))
    return found


async def _world(session: AsyncSession, policies: Sequence[Policy], at: datetime, unset: Collection[str]) -> _World:
    targets = {target for policy in policies for step in policy.steps for target in step.targets}
    known = await schedules(session, [one.id for one in targets if one.kind is TargetKind.SCHEDULE])
    turns = await asyncio.to_thread(_turns, known, at)  # pages must not wait for it
    of_teams = await teams(session, {one.id for one in targets if one.kind in OF_TEAMS})
    of_rooms = await rooms(session, [one.id for one in targets if one.kind is TargetKind.ROOM])
    world = _World(at, known, turns, of_teams, {}, of_rooms)
    ids = {user for target in targets for user in world.asked(target, ahead=True)}
    return replace(world, people=await people(session, ids, unset=unset), unset=unset)


def _turns(known: Mapping[int, Schedule], at: datetime) -> Mapping[int, Sequence[OnCall]]:
    return {number: shifts(schedule, at, at + AHEAD) for number, schedule in known.items()}


def _of_step(world: _World, number: int, step: Step) -> Iterator[WarningLine]:
    now = [user for target in step.targets for user in world.asked(target)]
    places = [world.rooms[one.id] for one in step.targets if one.kind is TargetKind.ROOM and one.id in world.rooms]
    for room in places:
        if not world.posts(room):
            why = ROOM_OFF if room.method.disabled else ROOM_UNVERIFIED
            if room.method.usable:
                why = f"{face(room.method.channel).label} is not set up on this installation"
            sentence = f"Step {number} posts in {room.name}, where nothing can be posted: {why}."
            yield WarningLine(step=number, kind="unreachable", sentence=sentence)
    if not any(world.reachable(user) for user in now) and not any(world.posts(room) for room in places):
        why = "nobody whom it asks can be reached" if now else "nobody is on call"
        yield WarningLine(step=number, kind="reaches_nobody", sentence=f"Step {number} reaches nobody now: {why}.")
    concerned = [user for target in step.targets for user in world.asked(target, ahead=True)]
    for user in dict.fromkeys(concerned):
        person = world.people.get(user)
        if person is not None and not (reached := person.reach(world.at)).reachable:
            planned = plan(person.methods, person.rules, urgency=Urgency.HIGH, at=world.at, active=person.active)
            why = reached.because if reached.channels else planned.reason
            sentence = f"Step {number} asks {person.name}, who cannot be reached: {why}."
            yield WarningLine(step=number, kind="unreachable", sentence=sentence)
        if person is not None and person.active and not person.may_respond:
            sentence = f"Step {number} asks {person.name}, an observer: they can acknowledge a page, and do no more."
            yield WarningLine(step=number, kind="observer", sentence=sentence)
    for target in step.targets:
        if target.kind is TargetKind.SCHEDULE and (schedule := world.schedules.get(target.id)) is not None:
            yield from _gaps(world, number, schedule, world.turns[target.id])


def _gaps(world: _World, number: int, schedule: Schedule, turns: Sequence[OnCall]) -> Iterator[WarningLine]:
    covers = merged((turn.start_at, turn.end_at) for turn in turns)
    found = list(uncovered((world.at, world.at + AHEAD), covers))
    if not found:
        return
    first, last = found[0]
    many = "a gap" if len(found) == 1 else f"{len(found)} gaps"
    begins = "now" if first <= world.at else f"in {span((first - world.at).total_seconds())}"
    lasting = f"for {span((last - first).total_seconds())}" if last < world.at + AHEAD else "to the end"
    which = "it begins" if len(found) == 1 else "the first begins"
    sentence = (
        f"Step {number}: {schedule.name} has {many} in the next {AHEAD.days // 7} weeks; {which} {begins}, {lasting}."
    )
    yield WarningLine(step=number, kind="gaps", sentence=sentence)


def _never_sent(world: _World, policy: Policy, number: int, step: Step) -> Iterator[WarningLine]:
    """Yield each message that the next step always cuts off before its time."""
    last = number == len(policy.steps)
    if last and not policy.repeats:
        return  # the safety net cuts nothing off
    waits = max(step.wait, LAP_AT_LEAST) if len(policy.steps) == 1 else step.wait
    follows = "the next round" if last else f"step {number + 1}"
    urgencies = [step.conditions.urgency] if step.conditions.urgency is not None else list(Urgency)
    concerned = [user for target in step.targets for user in world.asked(target, ahead=True)]
    for user in dict.fromkeys(concerned):
        person = world.people.get(user)
        if person is None:
            continue
        for urgency in urgencies:
            planned = plan(person.methods, person.rules, urgency=urgency, at=world.at, active=person.active)
            cut = [each for each in planned.notifications if each.due_at - world.at >= waits and each.due_at > world.at]
            for each in cut:
                after = span((each.due_at - world.at).total_seconds())
                sentence = (
                    f"Step {number}: {person.name}'s {each.channel} {after} after a page of {urgency} urgency is never"
                    f" sent: {follows} comes after {span(waits.total_seconds())}."
                )
                yield WarningLine(step=number, kind="never_sent", sentence=sentence)
