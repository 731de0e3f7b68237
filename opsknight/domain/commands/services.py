"""Services as people arrange them: made and changed. How loudly each pages is set by service_quiet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from opsknight.domain.commands.authority import require, require_team
from opsknight.domain.commands.live_services import refuse_archived
from opsknight.domain.model import service_plan
from opsknight.domain.model.ledger import Fact, people
from opsknight.domain.model.permission import Need
from opsknight.domain.model.service_plan import BadService, Plan
from opsknight.domain.store.tables import EscalationPolicyRow, ServiceRow, TeamRow
from opsknight.domain.store.unit_of_work import UnitOfWork
from opsknight.errors import Conflict, Invalid, NotFound

MODES: Final = ("severity", "high", "low")
"""How loudly a new service may page; support hours are said once it is there."""
_WORDS: Final = {
    "name": "name", "team_id": "team", "policy_id": "escalation policy", "description": "description",
    "runbook_url": "runbook", "tags": "tags", "ack_timeout_high_s": "ack timeout", "ack_timeout_low_s": "ack timeout",
    "reopen_window_s": "reopen window", "resolves_with_last_alert": "when it resolves",
}  # fmt: skip
_ACK_TIMEOUTS: Final = ("ack_timeout_high_s", "ack_timeout_low_s")


@dataclass(frozen=True, slots=True)
class Done:
    """Which service was changed, and the sentence that says how."""

    id: int
    sentence: str


async def make(uow: UnitOfWork, plan: Plan, *, mode: str = "severity") -> Done:
    """Make a service that pages as `mode` says; monitors speak for it once it has an integration.

    Raises:
        Invalid: something that is said of it cannot be kept, or there is no such team or policy.
        Conflict: there is a service of that name.
    """
    await require(uow, Need.MANAGE_TEAM)
    if mode not in MODES:
        raise Invalid(f"“{mode}” is no way for a new service to page: choose {', '.join(MODES)}.")
    plan = await _checked(uow, plan)
    row = ServiceRow(urgency_mode=mode, created_at=uow.now, **_columns(plan))
    uow.session.add(row)
    await _flush(uow, plan.name)
    _record(uow, row, f"the service {row.name} (new)")
    return Done(
        row.id, f"“{row.name}” is made. Now add the monitor that watches it: until then nothing sends events for it."
    )


async def change(uow: UnitOfWork, service_id: int, plan: Plan) -> Done:
    """Make a service what `plan` says; incidents that are open go on as they began.

    Raises:
        NotFound: there is no such service.
        Invalid: something that is said of it cannot be kept, or there is no such team or policy.
        Conflict: there is another service of that name.
    """
    await require(uow, Need.MANAGE_TEAM)
    held = select(ServiceRow).where(ServiceRow.id == service_id).with_for_update(key_share=True)
    row = await uow.session.scalar(held)
    if row is None:
        raise NotFound("There is no such service.")
    refuse_archived(row)
    await require_team(uow, await uow.session.get_one(TeamRow, row.team_id))
    columns = _columns(await _checked(uow, plan, besides=service_id))
    changed = list(dict.fromkeys(words for column, words in _WORDS.items() if getattr(row, column) != columns[column]))
    if not changed:
        return Done(row.id, f"Nothing has changed for “{row.name}”.")
    if any(getattr(row, column) != columns[column] for column in _ACK_TIMEOUTS):
        row.ack_timeouts_since = uow.now
    for column, value in columns.items():
        setattr(row, column, value)
    await _flush(uow, row.name)
    what = people(changed)
    _record(uow, row, f"the service {row.name}: {what}")
    return Done(row.id, f"“{row.name}” is changed: {what}. What is open goes on as it began.")


async def _checked(uow: UnitOfWork, plan: Plan, *, besides: int | None = None) -> Plan:
    """Return `plan` as it is stored, having made sure that the actor may give a service to its team."""
    try:
        plan = service_plan.checked(plan)
    except BadService as refusal:
        raise Invalid(str(refusal)) from refusal
    team = await uow.session.get(TeamRow, plan.team_id)
    if team is None:
        raise Invalid("There is no such team; choose one from the list.")
    await require_team(uow, team)
    policy = await uow.session.get(EscalationPolicyRow, plan.policy_id)
    if policy is None or policy.deleted_at is not None:
        raise Invalid("There is no such escalation policy; choose one from the list.")
    same = select(ServiceRow).where(func.lower(ServiceRow.name) == plan.name.lower(), ServiceRow.id != (besides or 0))
    if (other := await uow.session.scalar(same.limit(1))) is not None:
        there = "an archived service" if other.archived_at else "a service"
        raise Conflict(f"There is {there} called “{plan.name}” already; choose another name.")
    return plan


def _columns(plan: Plan) -> dict[str, Any]:
    return {
        "name": plan.name,
        "team_id": plan.team_id,
        "policy_id": plan.policy_id,
        "description": plan.description,
        "runbook_url": plan.runbook_url,
        "tags": dict(plan.tags),
        "ack_timeout_high_s": _seconds(plan.ack_timeout_high),
        "ack_timeout_low_s": _seconds(plan.ack_timeout_low),
        "reopen_window_s": _seconds(plan.reopen_window),
        "resolves_with_last_alert": plan.resolves_with_last_alert,
    }


def _seconds(span: timedelta | None) -> int | None:
    return None if span is None else int(span.total_seconds())


async def _flush(uow: UnitOfWork, name: str) -> None:
    try:
        await uow.session.flush()
    except IntegrityError as same:  # somebody took the name in this very moment
        raise Conflict(f"There is a service called “{name}” already; choose another name.") from same


def _record(uow: UnitOfWork, row: ServiceRow, name: str) -> None:
    uow.record(Fact.CONFIGURED, subject=f"service:{row.id}", name=name)
