"""Escalation policies as people arrange them: made, changed as a whole, and deleted."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import delete as delete_rows
from sqlalchemy import func, select, text

from opsknight.domain.commands.authority import require_configuring
from opsknight.domain.model.escalation import OF_TEAMS, Policy, Target, TargetKind
from opsknight.domain.model.ledger import Fact, people
from opsknight.domain.model.policy_check import BadPolicy, check
from opsknight.domain.queries.policies import policies
from opsknight.domain.store.tables import (
    ContactMethodRow,
    EscalationPolicyRow,
    EscalationStepRow,
    EscalationTargetRow,
    ScheduleRow,
    ServiceRow,
    TeamRow,
    UserRow,
)
from opsknight.domain.store.unit_of_work import UnitOfWork
from opsknight.errors import Conflict, Invalid, NotFound, Stale

_RUNNING: Final = text("""
    SELECT count(*) FROM incidents WHERE status <> 'resolved' AND CAST(policy ->> 'id' AS bigint) = :id
""")
_TABLES: Final = {"person": UserRow, "schedule": ScheduleRow, "team": TeamRow, "channel": ContactMethodRow}


@dataclass(frozen=True, slots=True)
class Done:
    """Which policy was changed, the sentence that says how, and how many incidents go on by what it was."""

    id: int
    sentence: str
    running: int = 0


async def create(uow: UnitOfWork, policy: Policy, *, team_id: int) -> Done:
    """Add a policy of a team.

    Raises:
        Invalid: it cannot be kept, or it names what there is not.
        Forbidden: the actor does not manage the team.
    """
    await require_configuring(uow, team_id)
    await _checked(uow, policy)
    row = EscalationPolicyRow(team_id=team_id, name=policy.name.strip(), repeats=policy.repeats, version=1)
    uow.session.add(row)
    await uow.session.flush()
    await _write_steps(uow, row.id, policy)
    _record(uow, row, after=policy)
    return Done(row.id, f"“{row.name}” can be used now: choose it for a service.")


async def change(
    uow: UnitOfWork, policy_id: int, policy: Policy, *, team_id: int, seen_version: int | None = None
) -> Done:
    """Make a policy what `policy` says; incidents that are being paged keep what they started with.

    Raises:
        NotFound: there is no such policy.
        Stale: somebody else changed it since `seen_version`.
        Invalid: it cannot be kept, or it names what there is not.
        Forbidden: the actor does not manage its team, or the one it shall belong to.
    """
    row = await _held(uow, policy_id)
    await require_configuring(uow, row.team_id)
    if team_id != row.team_id:
        await require_configuring(uow, team_id)
    if seen_version is not None and seen_version != row.version:
        raise Stale(f"“{row.name}” was changed by somebody else meanwhile; look at it again.")
    await _checked(uow, policy)
    before = (await policies(uow.session, [policy_id]))[policy_id]
    await uow.session.execute(delete_rows(EscalationStepRow).where(EscalationStepRow.policy_id == policy_id))
    row.name, row.repeats, row.team_id, row.version = policy.name.strip(), policy.repeats, team_id, row.version + 1
    await uow.session.flush()
    await _write_steps(uow, policy_id, policy)
    _record(uow, row, before=before, after=policy)
    running = int((await uow.session.execute(_RUNNING, {"id": policy_id})).scalar_one())
    return Done(policy_id, f"“{row.name}” is changed.{_keep(running)}", running)


async def delete(uow: UnitOfWork, policy_id: int) -> Done:
    """Remove a policy that no service uses but archived ones; incidents that it pages go on by their copy.

    Raises:
        NotFound: there is no such policy.
        Conflict: services use it.
        Forbidden: the actor does not manage its team.
    """
    row = await _held(uow, policy_id)
    await require_configuring(uow, row.team_id)
    using = (
        await uow.session.execute(
            select(ServiceRow.name)
            .where(ServiceRow.policy_id == policy_id, ServiceRow.archived_at.is_(None))
            .order_by(func.lower(ServiceRow.name))
        )
    ).scalars()
    if names := list(using):
        shown = people([f"“{name}”" for name in names[:3]] + ([f"{len(names) - 3} more"] if len(names) > 3 else []))
        raise Conflict(f"“{row.name}” pages for {shown}: give them another policy first, then delete this one.")
    row.deleted_at, row.version = uow.now, row.version + 1
    _record(uow, row, before=(await policies(uow.session, [policy_id]))[policy_id])
    running = int((await uow.session.execute(_RUNNING, {"id": policy_id})).scalar_one())
    return Done(policy_id, f"Deleted “{row.name}”.{_keep(running)}", running)


def _keep(running: int) -> str:
    if not running:
        return ""
    return f" {running} running incident{' keeps' if running == 1 else 's keep'} the policy they started with."


async def _checked(uow: UnitOfWork, policy: Policy) -> None:
    try:
        check(policy)
    except BadPolicy as refusal:
        raise Invalid(str(refusal)) from refusal
    wanted: dict[str, dict[int, int]] = {kind: {} for kind in _TABLES}
    for number, step in enumerate(policy.steps, start=1):
        for target in step.targets:
            wanted[_kind(target)].setdefault(target.id, number)
    for kind, steps in wanted.items():
        missing = steps.keys() - await _known(uow, kind, steps)
        if missing:
            which = min(missing)
            raise Invalid(f"Step {steps[which]} asks {kind} {which}, which does not exist; choose from the list.")


async def _known(uow: UnitOfWork, kind: str, ids: Collection[int]) -> set[int]:
    if not ids:
        return set()
    table: Any = _TABLES[kind]
    found = select(table.id).where(table.id.in_(ids))
    if table is ContactMethodRow:  # a person's own address is asked by naming the person
        found = found.where(table.user_id.is_(None), table.team_id.is_not(None))
    return set((await uow.session.execute(found)).scalars())


def _kind(target: Target) -> str:
    if target.kind is TargetKind.ROOM:
        return "channel"
    return "person" if target.kind is TargetKind.USER else "team" if target.kind in OF_TEAMS else "schedule"


async def _held(uow: UnitOfWork, policy_id: int) -> EscalationPolicyRow:
    its = EscalationPolicyRow.id == policy_id, EscalationPolicyRow.deleted_at.is_(None)
    row = await uow.session.scalar(select(EscalationPolicyRow).where(*its).with_for_update())
    if row is None:
        raise NotFound("There is no such escalation policy; it may have been deleted.")
    return row


async def _write_steps(uow: UnitOfWork, policy_id: int, policy: Policy) -> None:
    rows = [
        EscalationStepRow(
            policy_id=policy_id,
            position=position,
            wait_s=int(step.wait.total_seconds()),
            round_robin=step.round_robin,
            everyone=step.everyone,
            conditions=step.conditions.to_json(),
        )
        for position, step in enumerate(policy.steps)
    ]
    uow.session.add_all(rows)
    await uow.session.flush()
    for row, step in zip(rows, policy.steps, strict=True):
        uow.session.add_all(_target(row.id, place, target) for place, target in enumerate(step.targets))
    await uow.session.flush()


def _target(step_id: int, position: int, target: Target) -> EscalationTargetRow:
    row = EscalationTargetRow(step_id=step_id, position=position)
    if target.kind is TargetKind.USER:
        row.user_id = target.id
    elif target.kind is TargetKind.SCHEDULE:
        row.schedule_id = target.id
    elif target.kind is TargetKind.ROOM:
        row.room_id = target.id
    else:
        row.team_id, row.managers_only = target.id, target.kind is TargetKind.TEAM_MANAGERS
    return row


def _record(
    uow: UnitOfWork, row: EscalationPolicyRow, *, before: Policy | None = None, after: Policy | None = None
) -> None:
    what = " (made)" if before is None else " (deleted)" if after is None else ""
    told: dict[str, Any] = {}
    if before is not None:
        told["was"] = before.to_json()
    if after is not None:
        told["becomes"] = after.to_json()
    uow.record(Fact.CONFIGURED, subject=f"policy:{row.id}", name=f"the escalation policy {row.name}{what}", **told)
