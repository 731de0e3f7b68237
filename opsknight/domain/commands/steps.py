"""Whom a step asks now: read once for all incidents of a unit, and only what their policies need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import text

from opsknight.domain.commands.firings import Held
from opsknight.domain.model.escalation import OF_TEAMS, Policy, Step, Target, TargetKind
from opsknight.domain.model.on_call_reason import on_call_on
from opsknight.domain.model.schedule import OnCall, Schedule, on_call
from opsknight.domain.model.speech import Sentence, to_say
from opsknight.domain.model.step_conditions import ALWAYS, Case
from opsknight.domain.model.support_hours import SupportHours
from opsknight.domain.queries import escalations as reading
from opsknight.domain.queries.escalations import Team
from opsknight.domain.queries.rooms import Room, rooms
from opsknight.domain.store.unit_of_work import UnitOfWork

_ALERTS: Final = text("""
    SELECT incident_id, count(*) FROM alerts WHERE incident_id = ANY(:ids) GROUP BY incident_id
""")
# Reads and holds the turns at once: who fires the same step meanwhile waits, and asks the next.
_TURNS: Final = text("""
    INSERT INTO escalation_turns AS t (policy_id, step)
    SELECT policy_id, step FROM unnest(CAST(:policies AS bigint[]), CAST(:steps AS smallint[])) u (policy_id, step)
    WHERE EXISTS (SELECT FROM escalation_policies p WHERE p.id = u.policy_id)
    ORDER BY policy_id, step
    ON CONFLICT (policy_id, step) DO UPDATE SET turn = t.turn
    RETURNING policy_id, step, turn
""")
_TURNS_NOW: Final = text("""
    SELECT policy_id, step, coalesce(t.turn, 0) AS turn
    FROM unnest(CAST(:policies AS bigint[]), CAST(:steps AS smallint[])) u (policy_id, step)
    LEFT JOIN escalation_turns t USING (policy_id, step)
""")
_TOOK: Final = text("UPDATE escalation_turns SET turn = :turn WHERE policy_id = :policy_id AND step = :step")

RECENT: Final = timedelta(days=62)
"""For how long overrides that are over are read: longer than most shifts last, of which they are a part."""
Whom = dict[int, Sentence]
"""People in the order in which they are asked, each with the reason."""


class Steps:
    """Resolves the steps of the policies at hand, and keeps whose turn it is."""

    def __init__(self, uow: UnitOfWork) -> None:
        """Know nothing yet; see `prepare`."""
        self._uow = uow
        self._schedules: Mapping[int, Schedule] = {}
        self._on_call: dict[tuple[int, datetime], Sequence[OnCall]] = {}
        self._teams: Mapping[int, Team] = {}
        self.known_rooms: Mapping[int, Room] = {}
        self._alerts: Mapping[UUID, int] = {}
        self._turns: dict[tuple[int, int], int] = {}
        self._taken: set[tuple[int, int]] = set()

    @classmethod
    async def prepare(cls, uow: UnitOfWork, held: Sequence[Held]) -> Steps:
        """Read what the steps of `held` need, one statement each, and nothing that none of them needs."""
        its = await cls.of_policies(uow, [each.policy for each in held])
        await its.count_alerts([each.incident.id for each in held if _counts_alerts(each.policy)])
        return its

    @classmethod
    async def of_policies(cls, uow: UnitOfWork, policies: Sequence[Policy], *, takes_turns: bool = True) -> Steps:
        """Read what the steps of `policies` need besides their incidents; who only looks on `takes_turns` not."""
        its = cls(uow)
        steps = [step for policy in policies for step in policy.steps]
        targets = {target for step in steps for target in step.targets}
        if schedules := {target.id for target in targets if target.kind is TargetKind.SCHEDULE}:
            its._schedules = await reading.schedules(uow.session, schedules, since=uow.now - RECENT)
        if teams := {target.id for target in targets if target.kind in OF_TEAMS}:
            its._teams = await reading.teams(uow.session, teams)
        if of_rooms := {target.id for target in targets if target.kind is TargetKind.ROOM}:
            its.known_rooms = await rooms(uow.session, of_rooms)
        if turns := sorted({turn for policy in policies for turn in _turns_of(policy)}):
            keys = {"policies": [policy_id for policy_id, _ in turns], "steps": [step for _, step in turns]}
            its._turns = {
                (row.policy_id, row.step): row.turn
                for row in await uow.session.execute(_TURNS if takes_turns else _TURNS_NOW, keys)
            }
        return its

    async def count_alerts(self, ids: Sequence[UUID]) -> None:
        """Read how many alerts each of the incidents `ids` has gathered."""
        if ids:
            self._alerts = dict((await self._uow.session.execute(_ALERTS, {"ids": list(ids)})).all())

    def suppose_alerts(self, counts: Mapping[UUID, int]) -> None:
        """Take it that incidents have gathered so many alerts: of what only could be, there is nothing to read."""
        self._alerts = counts

    def everybody_ever(self) -> set[int]:
        """Return all whom any of the schedules and teams could ever ask."""
        of_teams = {user_id for team in self._teams.values() for user_id in (*team.members, *team.managers)}
        return of_teams | {user_id for one in self._schedules.values() for user_id in one.people}

    def everybody(self) -> set[int]:
        """Return all whom any of the schedules and teams could ask now."""
        of_teams = {user_id for team in self._teams.values() for user_id in (*team.members, *team.managers)}
        return of_teams | {shift.user_id for one in self._schedules for shift in self._now_on(one)}

    def unmet(self, held: Held, step: int) -> str | None:
        """Return why step number `step` asks nobody on this incident now, or None where its conditions hold."""
        incident, conditions = held.incident, held.policy.steps[step].conditions
        if conditions == ALWAYS:
            return None
        case = Case(
            at=self._uow.now,
            urgency=incident.urgency,
            priority=held.priority,
            support_hours=_hours(held.support_hours),
            alerts=self._alerts.get(incident.id, 0),
        )
        return conditions.unmet(case)

    def candidates(self, policy: Policy, step: int) -> Iterator[tuple[int, Whom]]:
        """Yield whom the step asks, with its place; where it asks one after the other, whose turn it is first."""
        asks, named = policy.steps[step], _named(policy, step)
        if not asks.round_robin:
            whom: Whom = {}
            for target in asks.targets:
                for user, why in self._people(target, named).items():
                    whom.setdefault(user, why)
            yield 0, whom
            return
        in_turn = list(self._in_turn(asks, named))
        first = self._turns.get((policy.id or 0, step), 0)
        for offset in range(len(in_turn)):
            place = (first + offset) % len(in_turn)
            yield offset, {user: to_say("{why}, in turn", why=why) for user, why in in_turn[place].items()}

    def rooms(self, policy: Policy, step: int) -> Sequence[Room]:
        """Return the rooms in which the step posts, whoever else it asks."""
        asked = [target.id for target in policy.steps[step].targets if target.kind is TargetKind.ROOM]
        return [self.known_rooms[room_id] for room_id in asked if room_id in self.known_rooms]

    def took(self, policy: Policy, step: int, offset: int) -> None:
        """Move the turn on past the one who was asked; `offset` are those passed over before them."""
        key = (policy.id or 0, step)
        if policy.steps[step].round_robin and key in self._turns:
            self._turns[key] += offset + 1
            self._taken.add(key)

    async def write(self) -> None:
        """Write whose turn comes next."""
        rows = [{"policy_id": key[0], "step": key[1], "turn": self._turns[key]} for key in sorted(self._taken)]
        if rows:
            await self._uow.session.execute(_TOOK, rows)

    def _in_turn(self, asks: Step, named: Sentence) -> Iterator[Whom]:
        for target in asks.targets:
            if target.kind is TargetKind.ROOM:
                continue  # nobody's turn: it is posted there each time
            people = self._people(target, named)
            if target.kind in OF_TEAMS:
                yield from ({user: why} for user, why in people.items())
            else:
                yield people

    def _now_on(self, schedule_id: int) -> Sequence[OnCall]:
        """Return who has the shifts of a schedule at the unit's instant: many incidents ask for the same."""
        key = schedule_id, self._uow.now
        if key not in self._on_call:
            schedule = self._schedules.get(schedule_id)
            self._on_call[key] = on_call(schedule, self._uow.now) if schedule else ()
        return self._on_call[key]

    def _people(self, target: Target, named: Sentence) -> Whom:
        """Return whom a target stands for now."""
        match target.kind:
            case TargetKind.USER:
                return {target.id: to_say("named in {step}", step=named)}
            case TargetKind.SCHEDULE:
                schedule, now_on = self._schedules.get(target.id), self._now_on(target.id)
                return {one.user_id: on_call_on(schedule, one) for one in now_on} if schedule else {}
            case TargetKind.TEAM | TargetKind.TEAM_MANAGERS:
                team = self._teams.get(target.id, Team(""))
                if target.kind is TargetKind.TEAM_MANAGERS:
                    why = to_say("manager of {team}, in {step}", team=team.name, step=named)
                    return dict.fromkeys(team.managers, why)
                why = to_say("member of {team}, in {step}", team=team.name, step=named)
                return dict.fromkeys(team.members, why)
            case TargetKind.ROOM:
                return {}


def _named(policy: Policy, step: int) -> Sentence:
    if not policy.name:
        return to_say("step {number} of the policy", number=step + 1)
    return to_say("step {number} of {policy}", number=step + 1, policy=policy.name)


def _hours(stored: object) -> SupportHours | None:
    return SupportHours.from_json(cast("dict[str, Any]", stored)) if isinstance(stored, dict) else None


def _counts_alerts(policy: Policy) -> bool:
    return any(step.conditions.alerts_at_least for step in policy.steps)


def _turns_of(policy: Policy) -> Iterator[tuple[int, int]]:
    if policy.id is not None:
        yield from ((policy.id, number) for number, step in enumerate(policy.steps) if step.round_robin)
