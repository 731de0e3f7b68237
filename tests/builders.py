"""Things to test with. Say only what matters; everything else is filled in, and nothing collides.

The pure ones return values of the model. The others insert rows, committed, and return them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import select

from opsknight.crypto import new_id, sha256
from opsknight.domain.model.event import Action, Event, Urgency, dedup_sha
from opsknight.domain.model.incident import Incident, Status
from opsknight.domain.queries.catalogue import Integration
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import (
    AlertRow,
    ApiTokenRow,
    Base,
    CalendarFeedRow,
    CalendarSourceRow,
    ContactMethodRow,
    EscalationPolicyRow,
    EscalationStepRow,
    EscalationTargetRow,
    HeartbeatRow,
    IncidentRow,
    IntegrationRow,
    LayerMemberRow,
    LayerRow,
    NotificationRow,
    PageRow,
    ScheduleRow,
    ServiceRow,
    TeamMemberRow,
    TeamRow,
    TimerRow,
    UserRow,
)
from tests.clock import NOON

Row = TypeVar("Row", bound=Base)
Target = UserRow | ScheduleRow | TeamRow | ContactMethodRow

_numbers = count(1)


def an_incident(**changes: Any) -> Incident:
    """Return an open incident of high urgency that nobody has touched."""
    said = {"id": new_id(), "title": "Disk full on db-1", "status": Status.OPEN, "urgency": Urgency.HIGH}
    return Incident(**{**said, **changes})


def an_event(**changes: Any) -> Event:
    """Return a trigger for a full disk."""
    said = {"action": Action.TRIGGER, "dedup_key": "disk:db-1", "title": "Disk full on db-1"}
    return Event(**{**said, **changes})


def a_known_integration(**changes: Any) -> Integration:
    """Return an integration as ingest knows it."""
    said = {
        "id": 1, "key": "k" * 32, "provider": "generic", "name": "Checkout probes", "mapping": {}, "service_id": 1,
        "service": "Checkout", "urgency_mode": "severity", "runbook_url": "", "tags": {},
        "ack_timeouts_s": {"high": 1800, "low": None}, "reopen_window": timedelta(0), "resolves_with_last_alert": True,
        "actor": "integration:1",
    }  # fmt: skip
    return Integration(**{**said, **changes})


async def a_user(database: Database, name: str = "", *, reachable: bool = True, **columns: Any) -> UserRow:
    """Insert a responder; with a verified mail address unless `reachable` is False."""
    number = next(_numbers)
    columns = {"email": f"person-{number}@example.org", "role": "responder", "created_at": NOON, **columns}
    user = await _saved(database, UserRow(name=name or f"Person {number}", **columns))
    if reachable:
        await a_contact_method(database, user)
    return user


async def a_manager(database: Database, name: str = "", **columns: Any) -> UserRow:
    """Insert a manager of every team that is there."""
    manager = await a_user(database, name, role="manager", **columns)
    async with database.commands.begin() as session:
        for team_id in await session.scalars(select(TeamRow.id)):
            session.add(TeamMemberRow(team_id=team_id, user_id=manager.id, manages=True))
    return manager


async def a_contact_method(
    database: Database, user: UserRow, *, channel: str = "email", verified: bool = True, **columns: Any
) -> ContactMethodRow:
    """Insert a verified address of `user`; their own mail address unless said otherwise."""
    address = user.email if channel == "email" else f"https://push.example.org/{next(_numbers)}"
    columns = {"address": address, "verified_at": NOON if verified else None, "created_at": NOON, **columns}
    return await _saved(database, ContactMethodRow(user_id=user.id, channel=channel, **columns))


async def a_room(
    database: Database, team: TeamRow, *, channel: str = "email", verified: bool = True, **columns: Any
) -> ContactMethodRow:
    """Insert a room of `team`: a mailing list, unless said otherwise."""
    address = f"room-{next(_numbers)}@example.org"
    columns = {"address": address, "verified_at": NOON if verified else None, "created_at": NOON, **columns}
    return await _saved(database, ContactMethodRow(team_id=team.id, channel=channel, **columns))


async def a_team(
    database: Database, name: str = "", *, members: Sequence[UserRow] = (), managers: Sequence[UserRow] = ()
) -> TeamRow:
    """Insert a team of `members` and `managers`."""
    team = await _saved(database, TeamRow(name=name or f"Team {next(_numbers)}", created_at=NOON))
    for user in (*members, *managers):
        await _saved(database, TeamMemberRow(team_id=team.id, user_id=user.id, manages=user in managers))
    return team


async def a_schedule(
    database: Database,
    *people: UserRow,
    team: TeamRow | None = None,
    starts_at: datetime = NOON - timedelta(days=7),
    unit: str = "weeks",
    **columns: Any,
) -> ScheduleRow:
    """Insert a schedule with one layer in which `people` take turns from `starts_at`; weekly unless said otherwise."""
    team = team or await a_team(database)
    columns = {"name": f"Schedule {next(_numbers)}", "zone": "UTC", **columns}
    schedule = await _saved(database, ScheduleRow(team_id=team.id, **columns))
    layer = LayerRow(
        schedule_id=schedule.id, position=0, name="Primary", starts_at=starts_at.replace(tzinfo=None), unit=unit
    )
    layer = await _saved(database, layer)
    for position, user in enumerate(people):
        await _saved(database, LayerMemberRow(layer_id=layer.id, position=position, user_id=user.id))
    return schedule


async def a_calendar_source(
    database: Database, schedule: ScheduleRow | None = None, **columns: Any
) -> CalendarSourceRow:
    """Insert an imported calendar of `schedule`, or of a new one, that was read at noon and had nothing in it."""
    schedule = schedule or await a_schedule(database)
    number = next(_numbers)
    layer = LayerRow(
        schedule_id=schedule.id, position=number, name=f"Calendar {number}", kind="fixed", unit="weeks",
        starts_at=NOON.replace(tzinfo=None),
    )  # fmt: skip
    layer = await _saved(database, layer)
    columns = {
        "name": layer.name, "url": "https://calendar.example.org/a.ics", "zone": "UTC", "shifts_sha": b"",
        "read_at": NOON, "tried_at": NOON, "created_at": NOON, **columns,
    }  # fmt: skip
    return await _saved(database, CalendarSourceRow(schedule_id=schedule.id, layer_id=layer.id, **columns))


async def a_calendar_feed(
    database: Database, token: str, *, made_by: UserRow | None = None, **columns: Any
) -> CalendarFeedRow:
    """Insert a calendar link with `token` that somebody has made for their own shifts, unless said otherwise."""
    made_by = made_by or await a_user(database)
    if not columns.keys() & {"schedule_id", "team_id"}:
        columns["user_id"] = made_by.id
    columns = {"name": "My phone", "created_at": NOON, **columns}
    return await _saved(database, CalendarFeedRow(token_sha=sha256(token), made_by=made_by.id, **columns))


async def an_api_token(database: Database, *, of: UserRow | None = None, **columns: Any) -> ApiTokenRow:
    """Insert a token of `of`, or of a new person, that reads and writes until it is revoked, unless said otherwise."""
    user, number = of or await a_user(database), next(_numbers)
    columns = {"name": f"Script {number}", "reads_only": False, "created_at": NOON, **columns}
    return await _saved(database, ApiTokenRow(token_sha=sha256(f"{number}"), user_id=user.id, **columns))


async def a_policy(
    database: Database,
    *steps: Target | Sequence[Target],
    team: TeamRow | None = None,
    wait_s: int | Sequence[int] = 300,
    repeats: int = 2,
    **of_steps: Any,
) -> EscalationPolicyRow:
    """Insert a policy; each of `steps` is a user, schedule or team, or several. `wait_s` is of every step, or one each.

    What else is said, `round_robin` for instance, is so of every step; `managers_only` of every team.
    """
    managers_only, deleted_at = of_steps.pop("managers_only", False), of_steps.pop("deleted_at", None)
    team = team or await a_team(database)
    row = EscalationPolicyRow(team_id=team.id, name=f"Policy {next(_numbers)}", repeats=repeats, deleted_at=deleted_at)
    policy = await _saved(database, row)
    for position, targets in enumerate(steps):
        wait = wait_s if isinstance(wait_s, int) else wait_s[position]
        step = await _saved(
            database, EscalationStepRow(policy_id=policy.id, position=position, wait_s=wait, **of_steps)
        )
        for place, target in enumerate([targets] if isinstance(targets, Base) else targets):
            who: dict[str, Any] = {_ASKED[type(target)]: target.id, "managers_only": managers_only}
            await _saved(database, EscalationTargetRow(step_id=step.id, position=place, **who))
    return policy


_ASKED: dict[type[Base], str] = {
    UserRow: "user_id", ScheduleRow: "schedule_id", TeamRow: "team_id", ContactMethodRow: "room_id",
}  # fmt: skip


async def a_service(
    database: Database,
    name: str = "",
    *,
    pages: Sequence[Target | Sequence[Target]] = (),
    team: TeamRow | None = None,
    policy: EscalationPolicyRow | None = None,
    **columns: Any,
) -> ServiceRow:
    """Insert a service whose policy has the steps `pages`: nobody's, unless said otherwise."""
    team = team or await a_team(database)
    policy = policy or await a_policy(database, *pages, team=team)
    columns = {"created_at": NOON, **columns}
    row = ServiceRow(name=name or f"Service {next(_numbers)}", team_id=team.id, policy_id=policy.id, **columns)
    return await _saved(database, row)


async def an_integration(
    database: Database, service: ServiceRow | None = None, *, provider: str = "generic", **columns: Any
) -> IntegrationRow:
    """Insert a key by which a monitor speaks for `service`, or for a new one."""
    service = service or await a_service(database)
    columns = {"name": f"{service.name} by {provider}", "key": f"{next(_numbers):032x}", "created_at": NOON, **columns}
    return await _saved(database, IntegrationRow(service_id=service.id, provider=provider, **columns))


async def a_stored_incident(
    database: Database, service: ServiceRow | None = None, *, alert: bool = False, timer: str = "", **columns: Any
) -> IncidentRow:
    """Insert an open incident of high urgency.

    With `alert`, an open alert of it too; with `timer`, a timer of that kind that is due at its creation.
    """
    service = service or await a_service(database)
    columns = {
        "id": new_id(), "title": "Disk full on db-1", "status": "open", "urgency": "high", "severity": "critical",
        "opened_by": "integration:1", "created_at": NOON, **columns,
    }  # fmt: skip
    columns = {"highest_urgency": columns["urgency"], "updated_at": columns["created_at"], **columns}
    incident = await _saved(database, IncidentRow(service_id=service.id, **columns))
    if alert:
        await an_alert(database, incident)
    if timer:
        await a_timer(database, incident.id, kind=timer, due_at=incident.created_at, generation=incident.generation)
    return incident


async def an_alert(
    database: Database, incident: IncidentRow, *, dedup_key: str = "disk:db-1", **columns: Any
) -> AlertRow:
    """Insert an open alert of `incident`."""
    at = incident.created_at
    columns = {
        "id": new_id(), "status": "open", "severity": incident.severity, "urgency": incident.urgency,
        "title": incident.title, "opened_at": at, "last_seen_at": at, "counted_at": at, **columns,
    }  # fmt: skip
    row = AlertRow(
        service_id=incident.service_id, incident_id=incident.id, dedup_key=dedup_key,
        dedup_sha=dedup_sha(dedup_key), **columns,
    )  # fmt: skip
    return await _saved(database, row)


async def a_timer(
    database: Database, subject: UUID | None = None, *, kind: str = "escalation", **columns: Any
) -> TimerRow:
    """Insert a timer that is due at noon and that nobody has claimed."""
    columns = {"id": new_id(), "generation": 1, "due_at": NOON, "created_at": NOON, **columns}
    return await _saved(database, TimerRow(subject=subject or new_id(), kind=kind, **columns))


async def a_heartbeat(database: Database, service: ServiceRow | None = None, **columns: Any) -> HeartbeatRow:
    """Insert a heartbeat that must report every hour, ten minutes late at most, and has never done so."""
    service = service or await a_service(database)
    number = next(_numbers)
    columns = {
        "id": new_id(), "name": f"Heartbeat {number}", "key": f"{number:032x}", "badge_key": f"{number:020x}",
        "grace_s": 600, "created_at": NOON, **columns,
    }  # fmt: skip
    if not columns.get("cron"):
        columns.setdefault("period_s", 3600)
    return await _saved(database, HeartbeatRow(service_id=service.id, **columns))


async def a_page(database: Database, incident: IncidentRow, user: UserRow, **columns: Any) -> PageRow:
    """Insert the page of `incident`'s first step to `user`."""
    columns = {
        "id": new_id(), "generation": incident.generation, "step": 0, "lap": 0, "kind": "page", "reason": "step 1",
        "due_at": NOON, "created_at": NOON, **columns,
    }  # fmt: skip
    return await _saved(database, PageRow(incident_id=incident.id, user_id=user.id, **columns))


async def a_notification(
    database: Database, page: PageRow, method: ContactMethodRow, *, urgency: str = "high", **columns: Any
) -> NotificationRow:
    """Insert a message of `page` to `method`, queued and due with the page."""
    columns = {
        "id": new_id(), "position": next(_numbers), "status": "queued", "due_at": page.due_at,
        "created_at": page.created_at, **columns,
    }  # fmt: skip
    row = NotificationRow(
        page_id=page.id, incident_id=page.incident_id, generation=page.generation, user_id=page.user_id,
        contact_method_id=method.id, channel=method.channel, urgency=urgency, **columns,
    )  # fmt: skip
    return await _saved(database, row)


async def _saved(database: Database, row: Row) -> Row:
    async with database.commands() as session:
        session.add(row)
        await session.commit()
    return row
