"""Escalation policies as people and programs read them: whole documents, with the names of whom they ask."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypedDict

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.model.escalation import OF_TEAMS, Policy, Step, Target, TargetKind
from opsknight.domain.model.support_hours import SupportHours
from opsknight.domain.queries.policies import policies
from opsknight.domain.queries.rooms import rooms
from opsknight.domain.store.tables import EscalationPolicyRow, ScheduleRow, ServiceRow, TeamRow, UserRow
from opsknight.errors import NotFound

_RUNNING = text("""
    SELECT CAST(policy ->> 'id' AS bigint), count(*) FROM incidents
    WHERE status <> 'resolved' AND CAST(policy ->> 'id' AS bigint) = ANY(:ids) GROUP BY 1
""")


class TargetLine(TypedDict):
    """Whom a step asks: a user, a schedule, a team or its managers (`team_managers`)."""

    kind: str
    id: int
    name: str


class StepLine(TypedDict):
    """One step; `when` holds its conditions, only those that are said."""

    wait_s: int
    targets: list[TargetLine]
    round_robin: bool
    everyone: bool
    when: dict[str, Any]


class Used(TypedDict):
    """A service that goes by a policy."""

    id: int
    name: str


class PolicyLine(TypedDict):
    """One policy as a whole; `running` counts the open incidents that go by a copy of it."""

    id: int
    name: str
    team_id: int
    team: str
    repeats: int
    version: int
    steps: list[StepLine]
    services: list[Used]
    running: int


Names = Mapping[str, Mapping[int, str]]


async def policy_lines(session: AsyncSession, ids: Collection[int] | None = None) -> Sequence[PolicyLine]:
    """Return policies by name: all that were not deleted, or those of `ids`."""
    lines = (
        select(EscalationPolicyRow, TeamRow.name)
        .join(TeamRow, TeamRow.id == EscalationPolicyRow.team_id)
        .where(EscalationPolicyRow.deleted_at.is_(None))
        .order_by(func.lower(EscalationPolicyRow.name), EscalationPolicyRow.id)
    )
    rows = (await session.execute(lines if ids is None else lines.where(EscalationPolicyRow.id.in_(ids)))).all()
    found = [row.id for row, _ in rows]
    known = await policies(session, found)
    names = await names_of(session, known.values())
    running: dict[int, int] = dict((await session.execute(_RUNNING, {"ids": found})).all())
    used: dict[int, list[Used]] = {}
    services = select(ServiceRow.id, ServiceRow.name, ServiceRow.policy_id).where(
        ServiceRow.policy_id.in_(found), ServiceRow.archived_at.is_(None)
    )
    for each in await session.execute(services.order_by(func.lower(ServiceRow.name))):
        used.setdefault(each.policy_id, []).append(Used(id=each.id, name=each.name))
    return [
        PolicyLine(
            id=row.id,
            name=row.name,
            team_id=row.team_id,
            team=team,
            repeats=row.repeats,
            version=row.version,
            steps=[step_line(step, names) for step in known[row.id].steps],
            services=used.get(row.id, []),
            running=running.get(row.id, 0),
        )
        for row, team in rows
    ]


async def policy_line(session: AsyncSession, policy_id: int) -> PolicyLine:
    """Return one policy.

    Raises:
        NotFound: there is none, or it was deleted.
    """
    found = await policy_lines(session, [policy_id])
    if not found:
        raise NotFound("There is no such escalation policy; it may have been deleted.")
    return found[0]


async def names_of(session: AsyncSession, known: Collection[Policy]) -> Names:
    """Return the names of everybody and everything that these policies ask, by kind and id."""
    targets = {target for policy in known for step in policy.steps for target in step.targets}
    wanted = {
        "user": (UserRow, [one.id for one in targets if one.kind is TargetKind.USER]),
        "schedule": (ScheduleRow, [one.id for one in targets if one.kind is TargetKind.SCHEDULE]),
        "team": (TeamRow, [one.id for one in targets if one.kind in OF_TEAMS]),
    }
    names: dict[str, Mapping[int, str]] = {}
    for kind, (table, ids) in wanted.items():
        found: Any = select(table.id, table.name).where(table.id.in_(ids))
        names[kind] = {row.id: row.name for row in await session.execute(found)} if ids else {}
    of_rooms = await rooms(session, [one.id for one in targets if one.kind is TargetKind.ROOM])
    names[TargetKind.ROOM.value] = {room.id: room.name for room in of_rooms.values()}
    return names


def name_of(target: Target, names: Names) -> str:
    """Return how a target is called."""
    kind = "team" if target.kind in OF_TEAMS else target.kind.value
    return names[kind].get(target.id, f"{kind} {target.id}")


def step_line(step: Step, names: Names) -> StepLine:
    """Return a step as it is read, and can be sent back."""
    when = step.conditions.to_json()
    if step.conditions.hours is not None:
        when["hours"] = _week(step.conditions.hours)
    return StepLine(
        wait_s=int(step.wait.total_seconds()),
        targets=[TargetLine(kind=one.kind.value, id=one.id, name=name_of(one, names)) for one in step.targets],
        round_robin=step.round_robin,
        everyone=step.everyone,
        when=when,
    )


def _week(hours: SupportHours) -> dict[str, Any]:
    parts = [
        {"weekday": part.weekday, "start": _clock(part.start_min), "end": _clock(part.end_min)} for part in hours.parts
    ]
    return {"zone": hours.zone, "parts": parts}


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
