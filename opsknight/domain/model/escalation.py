"""Escalation: who is asked next, after how long, and what happens when nobody answers.

The engine fires a step, tells here whether it reached somebody, and arms what it is told. While
the safety net pages, `lap` counts its rounds on from the policy's last lap.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from opsknight.domain.model.incident import PAGE_ASSIGNEE
from opsknight.domain.model.ledger import REACHES_NOBODY
from opsknight.domain.model.speech import later
from opsknight.domain.model.step_conditions import ALWAYS, Conditions

LAP_AT_LEAST = timedelta(seconds=60)
ASSIGNEE_WAIT = timedelta(minutes=5)
"""How long the person it was reassigned to has before the policy starts at its first step."""
ANSWER_WITHIN = timedelta(minutes=5)
"""How long the owner has to answer “still on it?”."""
NET_ADMINS_AFTER = timedelta(minutes=5)
NET_AGAIN_AFTER = timedelta(minutes=30)
NET_RETRY_AFTER = timedelta(minutes=5)
"""When the safety net looks again after it found nobody whom it could reach."""


class TargetKind(StrEnum):
    """What a step can ask: of a team all its active members, or its managers only.

    A room is a channel that many read, such as one of a chat: a step posts there, besides asking people.
    """

    USER = "user"
    SCHEDULE = "schedule"
    TEAM = "team"
    TEAM_MANAGERS = "team_managers"
    ROOM = "room"


OF_TEAMS = frozenset({TargetKind.TEAM, TargetKind.TEAM_MANAGERS})


@dataclass(frozen=True, slots=True)
class Target:
    """Whom a step asks; who is on call on a schedule is resolved when the step fires."""

    kind: TargetKind
    id: int


@dataclass(frozen=True, slots=True)
class Step:
    """The targets that are asked at once, and the wait before the next step.

    `round_robin` asks one of them at a time, the next with each firing of the policy's step; the people of
    a team take turns there one by one. With `everyone` each of those it asks must acknowledge.
    """

    targets: tuple[Target, ...]
    wait: timedelta
    round_robin: bool = False
    everyone: bool = False
    conditions: Conditions = ALWAYS


@dataclass(frozen=True, slots=True)
class Policy:
    """Steps in order, gone through once and `repeats` times more. Without steps it reaches nobody."""

    steps: tuple[Step, ...]
    repeats: int = 2
    id: int | None = None
    name: str = ""

    @property
    def net_lap(self) -> int:
        """The lap at which the safety net's first round stands: the one after the last."""
        return self.repeats + 1

    def step_at(self, next_step: int, lap: int) -> Step | None:
        """Return the step that is due there, or None where the safety net has its turn."""
        return self.steps[next_step] if 0 <= next_step < len(self.steps) and lap <= self.repeats else None

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON: the copy on the incident that later edits do not disturb."""
        return {
            "id": self.id,
            "name": self.name,
            "repeats": self.repeats,
            "steps": [
                {
                    "wait_s": step.wait.total_seconds(),
                    "targets": [{"kind": target.kind.value, "id": target.id} for target in step.targets],
                    "round_robin": step.round_robin,
                    "everyone": step.everyone,
                    "conditions": step.conditions.to_json(),
                }
                for step in self.steps
            ],
        }

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Policy:
        """Return what `to_json` wrote, now or before there was more than targets and waits."""
        return cls(
            id=plain.get("id"),
            name=plain.get("name", ""),
            repeats=plain["repeats"],
            steps=tuple(
                Step(
                    wait=timedelta(seconds=step["wait_s"]),
                    targets=tuple(Target(TargetKind(target["kind"]), target["id"]) for target in step["targets"]),
                    round_robin=step.get("round_robin", False),
                    everyone=step.get("everyone", False),
                    conditions=Conditions.from_json(step.get("conditions", {})),
                )
                for step in plain["steps"]
            ),
        )


NO_POLICY = Policy(steps=(), repeats=0)
"""Of an incident that pages one person only: after them comes the safety net."""


class Why(StrEnum):
    """The named reason of a move."""

    WAITING = "waiting for an acknowledge"
    SKIPPED = "the step reached nobody"
    EXHAUSTED = "the policy is exhausted"
    REACHES_NOBODY = REACHES_NOBODY


@dataclass(frozen=True, slots=True)
class Move:
    """What is armed next: step `next_step` of `lap` at `due_at`, or the safety net (`to_net`)."""

    next_step: int
    lap: int
    due_at: datetime
    why: Why
    to_net: bool = False


def next_move(
    policy: Policy, *, next_step: int, lap: int, reached: bool, at: datetime, lap_started_at: datetime | None = None
) -> Move:
    """Return what follows after step `next_step` of `lap` fired `at` and reached somebody or nobody.

    `lap_started_at` is when this lap paged its first person, None while it has reached nobody:
    a lap that ends so leads to the safety net at once, every other lasts at least LAP_AT_LEAST.
    `next_step` may be PAGE_ASSIGNEE, or a step that the policy does not have any more.
    """
    if next_step == PAGE_ASSIGNEE:
        return _after_assignee(policy, reached=reached, at=at)
    step = policy.step_at(next_step, lap)
    if step is None:
        why = Why.EXHAUSTED if policy.steps else Why.REACHES_NOBODY
        return _net(policy, at, why)
    started_at = at if lap_started_at is None and reached else lap_started_at
    waited_until = at + step.wait if reached else at
    if next_step + 1 < len(policy.steps):
        return Move(next_step + 1, lap, waited_until, Why.WAITING if reached else Why.SKIPPED)
    if started_at is None:
        return _net(policy, at, Why.REACHES_NOBODY)
    lap_ends_at = max(waited_until, started_at + LAP_AT_LEAST)
    if lap >= policy.repeats:
        return _net(policy, lap_ends_at, Why.EXHAUSTED)
    return Move(0, lap + 1, lap_ends_at, Why.WAITING if reached else Why.SKIPPED)


def net_now(policy: Policy, at: datetime) -> Move:
    """Return what follows `at` once a whole lap has reached nobody, for not one of its messages arrived."""
    return _net(policy, at, Why.REACHES_NOBODY)


def _after_assignee(policy: Policy, *, reached: bool, at: datetime) -> Move:
    due_at = at + ASSIGNEE_WAIT if reached else at
    if not policy.steps:
        return _net(policy, due_at, Why.EXHAUSTED if reached else Why.REACHES_NOBODY)
    return Move(0, 0, due_at, Why.WAITING if reached else Why.SKIPPED)


def _net(policy: Policy, due_at: datetime, why: Why) -> Move:
    return Move(0, policy.net_lap, due_at, why, to_net=True)


@dataclass(frozen=True, slots=True)
class NetRound:
    """Whom the safety net pages now, the lap to store, and when it looks again."""

    user_ids: tuple[int, ...]
    lap: int
    again_at: datetime
    why: str


def net_round(
    policy: Policy, *, lap: int, managers: Collection[int], admins: Collection[int], at: datetime
) -> NetRound:
    """Return whom the safety net pages at `lap`, which is `policy.net_lap` for its first round.

    First the reachable managers of the team, 5 min later also all reachable admins; without a
    manager the admins at once; then all of them again every 30 min.
    """
    number = max(0, lap - policy.net_lap)
    first, second = policy.net_lap, policy.net_lap + 1
    everyone = tuple(dict.fromkeys((*managers, *admins)))
    if not everyone:
        return NetRound((), max(lap, first), at + NET_RETRY_AFTER, later("no manager and no admin can be reached"))
    if number == 0 and managers:
        return NetRound(tuple(managers), second, at + NET_ADMINS_AFTER, later("the team's managers"))
    if number == 0:
        return NetRound(tuple(admins), second + 1, at + NET_AGAIN_AFTER, later("the team has no manager: all admins"))
    if number == 1:
        late = tuple(user for user in everyone if user not in managers)
        again_at = at + NET_AGAIN_AFTER - NET_ADMINS_AFTER
        if late:
            why = later("the managers did not answer: all admins")
        elif admins:
            why = later("every admin was paged with the managers")
        else:
            why = later("no admin can be reached")
        return NetRound(late, second + 1, again_at, why)
    return NetRound(everyone, lap + 1, at + NET_AGAIN_AFTER, later("still unanswered: managers and admins again"))
