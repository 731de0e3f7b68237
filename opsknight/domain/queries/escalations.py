"""What the engine must know to fire a step: policies, schedules, and how people can be reached."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.model.escalation import NO_POLICY, Policy, Step, Target, TargetKind
from opsknight.domain.model.event import Urgency
from opsknight.domain.model.paging import ContactMethod, Rule
from opsknight.domain.queries import schedules as of_schedules


@dataclass(frozen=True, slots=True)
class Reachable:
    """A person with what a page needs: whether active, contact methods, own rules."""

    id: int
    name: str
    active: bool
    methods: tuple[ContactMethod, ...]
    rules: tuple[Rule, ...]

    @property
    def can_be_reached(self) -> bool:
        """Whether an active account has a usable contact method."""
        return self.active and any(method.usable for method in self.methods)


@dataclass(frozen=True, slots=True)
class Leads:
    """Whom the safety net may page for a team."""

    managers: tuple[int, ...]
    admins: tuple[int, ...]


_POLICIES = text("""
    SELECT p.id, p.name, p.repeats, s.position, s.wait_s, t.user_id, t.schedule_id
    FROM escalation_policies p
    LEFT JOIN escalation_steps s ON s.policy_id = p.id
    LEFT JOIN escalation_targets t ON t.step_id = s.id
    WHERE p.id = ANY(:ids) ORDER BY p.id, s.position, t.position
""")
_PEOPLE = text("""
    SELECT u.id, u.name, u.active, m.id AS method_id, m.channel, m.verified_at IS NOT NULL AS verified,
           m.disabled_at IS NOT NULL AS disabled
    FROM users u LEFT JOIN contact_methods m ON m.user_id = u.id
    WHERE u.id = ANY(:ids) ORDER BY u.id, m.id
""")
_RULES = text("""
    SELECT user_id, urgency, contact_method_id, delay_s FROM notification_rules
    WHERE user_id = ANY(:ids) ORDER BY delay_s, id
""")
_LEADS = text("""
    SELECT m.team_id, u.id FROM team_members m JOIN users u ON u.id = m.user_id
    WHERE m.team_id = ANY(:teams) AND m.manages AND u.active
    UNION ALL
    SELECT NULL, id FROM users WHERE role = 'admin' AND active
    ORDER BY 2
""")


schedules = of_schedules.schedules
"""Return the schedules as the model reads them."""


async def policies(session: AsyncSession, ids: Collection[int]) -> Mapping[int, Policy]:
    """Return the escalation policies as they are now."""
    found: dict[int, Policy] = {}
    steps: dict[int, dict[int, tuple[int, list[Target]]]] = {}
    for row in await session.execute(_POLICIES, {"ids": list(ids)}):
        found[row.id] = Policy(steps=(), repeats=row.repeats, id=row.id, name=row.name)
        if row.position is None:
            continue
        _, targets = steps.setdefault(row.id, {}).setdefault(row.position, (row.wait_s, []))
        if row.user_id is not None:
            targets.append(Target(TargetKind.USER, row.user_id))
        elif row.schedule_id is not None:
            targets.append(Target(TargetKind.SCHEDULE, row.schedule_id))
    return {
        policy_id: Policy(
            steps=tuple(
                Step(targets=tuple(targets), wait=timedelta(seconds=wait_s))
                for wait_s, targets in steps.get(policy_id, {}).values()
            ),
            repeats=policy.repeats,
            id=policy_id,
            name=policy.name,
        )
        for policy_id, policy in found.items()
    }


async def people(session: AsyncSession, ids: Collection[int]) -> Mapping[int, Reachable]:
    """Return how each of these people can be reached."""
    methods: dict[int, list[ContactMethod]] = {}
    who: dict[int, tuple[str, bool]] = {}
    for row in await session.execute(_PEOPLE, {"ids": list(ids)}):
        who[row.id] = (row.name, row.active)
        if row.method_id is not None:
            method = ContactMethod(row.method_id, row.channel, verified=row.verified, disabled=row.disabled)
            methods.setdefault(row.id, []).append(method)
    rules: dict[int, list[Rule]] = {}
    for row in await session.execute(_RULES, {"ids": list(ids)}):
        rule = Rule(Urgency(row.urgency), row.contact_method_id, timedelta(seconds=row.delay_s))
        rules.setdefault(row.user_id, []).append(rule)
    return {
        user_id: Reachable(user_id, name, active, tuple(methods.get(user_id, ())), tuple(rules.get(user_id, ())))
        for user_id, (name, active) in who.items()
    }


async def leads(session: AsyncSession, team_ids: Collection[int]) -> Mapping[int, Leads]:
    """Return the active managers of each team, and all active admins with each."""
    rows = (await session.execute(_LEADS, {"teams": list(team_ids)})).all()
    admins = tuple(user_id for team_id, user_id in rows if team_id is None)
    return {team: Leads(tuple(user_id for team_id, user_id in rows if team_id == team), admins) for team in team_ids}


def snapshot(stored: object, current: Policy | None) -> Policy:
    """Return the policy that an incident goes by: its own copy, else the present one."""
    if isinstance(stored, dict):
        return Policy.from_json(cast("dict[str, Any]", stored))
    return current or NO_POLICY
