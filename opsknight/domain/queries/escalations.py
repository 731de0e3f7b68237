"""What the engine must know to fire a step: schedules, teams, and how people can be reached."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.model.escalation import NO_POLICY, Policy
from opsknight.domain.model.event import Urgency
from opsknight.domain.model.liveness import is_silent
from opsknight.domain.model.paging import ContactMethod, Rule
from opsknight.domain.model.permission import Role, may_respond
from opsknight.domain.model.person import Method, Reach, reach
from opsknight.domain.model.quiet_hours import NEVER, QuietHours, stored
from opsknight.domain.model.speech import ENGLISH
from opsknight.domain.model.standing_in import Undisturbed
from opsknight.domain.queries import schedules as of_schedules


@dataclass(frozen=True, slots=True)
class Reachable:
    """A person with what a page needs: if active, contact methods, own rules, when left alone, and what they read.

    `may_respond` says that their role lets them act on incidents: an observer only acknowledges what paged them.
    """

    id: int
    name: str
    active: bool
    methods: tuple[ContactMethod, ...]
    rules: tuple[Rule, ...]
    quiet: QuietHours = NEVER
    undisturbed: Undisturbed | None = None
    language: str = ENGLISH
    may_respond: bool = True

    def reach(self, at: datetime) -> Reach:
        """Return whether a page reaches them at `at`, as it is said to people."""
        methods = [
            Method(one.channel, one.verified, one.disabled, silent=is_silent(one.heard_at, at=at), unset=one.unset)
            for one in self.methods
        ]
        return reach(methods, active=self.active)

    @property
    def can_be_reached(self) -> bool:
        """Whether an active account has a usable contact method."""
        return self.active and any(method.usable for method in self.methods)

    def stands_in_at(self, at: datetime) -> bool:
        """Say whether they can be paged instead of somebody at `at`: not while they are not to be disturbed either."""
        return self.can_be_reached and not (self.undisturbed is not None and self.undisturbed.holds(at))


@dataclass(frozen=True, slots=True)
class Team:
    """The active people of a team, in the order of their names; its managers are among its members."""

    name: str
    members: tuple[int, ...] = ()
    managers: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Leads:
    """Whom the safety net may page for a team."""

    managers: tuple[int, ...]
    admins: tuple[int, ...]


# With each, whom they have named to be paged instead.
_ALL = """
    ANY(CAST(:ids AS bigint[]) || ARRAY(SELECT substitute_id FROM users
        WHERE id = ANY(:ids) AND undisturbed_until IS NOT NULL AND substitute_id IS NOT NULL))
"""
_PEOPLE = text(f"""
    SELECT u.id, u.name, u.active, m.id AS method_id, m.channel, m.verified_at IS NOT NULL AS verified,
           m.disabled_at IS NOT NULL AS disabled, m.heard_at, u.zone, u.quiet_hours, u.undisturbed_until,
           u.substitute_id, u.language, u.role
    FROM users u LEFT JOIN contact_methods m ON m.user_id = u.id
    WHERE u.id = {_ALL} ORDER BY u.id, m.id
""")  # noqa: S608  # words of ours
_RULES = text(f"""
    SELECT user_id, urgency, contact_method_id, delay_s FROM notification_rules
    WHERE user_id = {_ALL} ORDER BY delay_s, id
""")  # noqa: S608  # words of ours
_TEAMS = text("""
    SELECT t.id, t.name, u.id AS user_id, m.manages FROM teams t
    LEFT JOIN team_members m ON m.team_id = t.id AND EXISTS (SELECT FROM users a WHERE a.id = m.user_id AND a.active)
    LEFT JOIN users u ON u.id = m.user_id
    WHERE t.id = ANY(:ids) ORDER BY t.id, lower(u.name), u.id
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


async def people(
    session: AsyncSession, ids: Collection[int], *, unset: Collection[str] = ()
) -> Mapping[int, Reachable]:
    """Return how each of these people can be reached, and whoever is paged instead of one of them.

    `unset` are the channels of which it is known that nothing carries them.
    """
    methods: dict[int, list[ContactMethod]] = {}
    who: dict[int, Row[Any]] = {}
    for row in await session.execute(_PEOPLE, {"ids": list(ids)}):
        who[row.id] = row
        if row.method_id is not None:
            method = ContactMethod(
                row.method_id, row.channel, row.verified, row.disabled, row.heard_at, row.channel in unset
            )
            methods.setdefault(row.id, []).append(method)
    rules: dict[int, list[Rule]] = {}
    for row in await session.execute(_RULES, {"ids": list(ids)}):
        rule = Rule(Urgency(row.urgency), row.contact_method_id, timedelta(seconds=row.delay_s))
        rules.setdefault(row.user_id, []).append(rule)
    return {
        user_id: Reachable(
            id=user_id,
            name=row.name,
            active=row.active,
            methods=tuple(methods.get(user_id, ())),
            rules=tuple(rules.get(user_id, ())),
            quiet=stored(row.zone, row.quiet_hours),
            undisturbed=None
            if row.undisturbed_until is None
            else Undisturbed(row.undisturbed_until, row.substitute_id),
            language=row.language or ENGLISH,
            may_respond=may_respond(Role(row.role)),
        )
        for user_id, row in who.items()
    }


async def teams(session: AsyncSession, team_ids: Collection[int]) -> Mapping[int, Team]:
    """Return the active people of each team, by name of the team."""
    found = {team_id: Team("") for team_id in team_ids}
    for row in await session.execute(_TEAMS, {"ids": list(team_ids)}):
        team, its = found[row.id], () if row.user_id is None else (int(row.user_id),)
        found[row.id] = Team(row.name, (*team.members, *its), (*team.managers, *(its if row.manages else ())))
    return found


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
