"""What a service would make of an event at an instant: its rules, its silences, its urgency, its policy."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.model.escalation import Policy
from opsknight.domain.model.event import Event, Severity, Urgency, urgency_of
from opsknight.domain.model.ledger import span
from opsknight.domain.model.matcher import Subject, subject_of
from opsknight.domain.model.rule_set import Ruling
from opsknight.domain.model.silencing import Silencing, under_maintenance
from opsknight.domain.model.support_hours import SupportHours
from opsknight.domain.queries import silencing
from opsknight.domain.queries.catalogue import Integration
from opsknight.domain.queries.policies import policies
from opsknight.errors import NotFound

_WINDOWS_AT_MOST: Final = 50
"""So many are waited for, one after the other."""
_SERVICE = text("""
    SELECT s.id, s.name, s.urgency_mode, s.support_hours, s.team_id, s.policy_id, s.flap_limits, t.name AS team,
        s.tags || jsonb_build_object('team', t.name) AS tags
    FROM services s JOIN teams t ON t.id = s.team_id WHERE s.id = :id AND s.archived_at IS NULL
""")


@dataclass(frozen=True, slots=True)
class Opening:
    """What would become of the event: when its incident would be paged first, by which policy and how loudly then.

    `pages_at` None means that nobody would be; `reasons` are sentences, in the order in which they decide.
    """

    title: str
    severity: Severity
    service: str
    team_id: int
    urgency: Urgency
    policy: Policy
    pages_at: datetime | None
    reasons: tuple[str, ...]
    priority: str | None = None
    support_hours: SupportHours | None = None
    gets_loud: bool = False


async def opening(
    session: AsyncSession, *, sender: Integration, event: Event, at: datetime, urgency: Urgency | None = None
) -> Opening:
    """Return what the service of `sender`, or the one that its rules name, would make of `event` at `at`.

    `urgency` decides instead of the service and the rules. Thresholds and groups depend on other events:
    what a rule says about them is told, and otherwise left aside; so are inhibition and flapping.

    Raises:
        NotFound: the service has gone.
    """
    ruling, reasons = sender.ruling(event, at), list[str]()
    there = sender.elsewhere.get(ruling.service_id or 0, sender)
    row = await _service(session, there.service_id)
    if there is not sender:
        reasons.append(f"It belongs to {row.name}, whose policy it goes by.")
    elif ruling.service_id not in (None, row.id):
        reasons.append(f"It stays with {row.name}: the service that a rule names is archived.")
    reasons = [*(f"The rule “{one.rule}”: {', '.join(one.did)}." for one in ruling.reasons if one.did), *reasons]
    reasons += [f"The rule “{one.rule}” is skipped: {one.why}." for one in ruling.skipped]
    if sender.is_nobody and any(one and one.asks_who_sent for one in (sender.common_rules, there.own_rules)):
        reasons.append("No integration is said to have sent it: rules that ask for one do not match.")
    policy = (await policies(session, [row.policy_id]))[row.policy_id]
    hours = None if row.support_hours is None else SupportHours.from_json(row.support_hours)
    pages_at, why = await _first_paged_at(session, row, ruling, at)
    loudness = urgency or ruling.urgency or _urgency(row, hours, ruling.event.severity, at)
    if loudness is Urgency.LOW and (begin_at := _raised_at(row, hours, at, until=pages_at)) is not None:
        loudness, lasts = Urgency.HIGH, span((begin_at - at).total_seconds())
        why = (*why, f"Support hours begin before that, in {lasts}: then it becomes loud.")
    return Opening(
        title=ruling.event.title,
        severity=ruling.event.severity,
        service=row.name,
        team_id=row.team_id,
        urgency=loudness,
        policy=policy,
        pages_at=pages_at,
        reasons=(*reasons, *why),
        priority=ruling.priority,
        support_hours=hours,
        gets_loud=row.urgency_mode == "support_hours" and urgency is None and ruling.urgency is None,
    )


async def _service(session: AsyncSession, service_id: int) -> Any:  # a row of _SERVICE
    row = (await session.execute(_SERVICE, {"id": service_id})).one_or_none()
    if row is None:
        raise NotFound("There is no such service; choose one from the list.")
    return row


async def _first_paged_at(
    session: AsyncSession, row: Any, ruling: Ruling, at: datetime
) -> tuple[datetime | None, tuple[str, ...]]:
    """Return when somebody would be paged first, None for never, and the sentences that say why not at once."""
    if ruling.dropped:
        return None, ("So nothing is opened, and nobody is paged.",)
    if ruling.suppressed:
        return None, ("So its incident is suppressed until its alert resolves, and nobody is paged.",)
    known = (await silencing.known(session, at=at)).of(
        service_id=row.id, team_id=row.team_id, service=row.name, team=row.team, limits=row.flap_limits
    )
    subject = subject_of(ruling.event, service=row.name, tags=row.tags)
    return _wakes(known, subject, at, pause=ruling.pause or timedelta())


def _wakes(
    known: Silencing, subject: Subject, at: datetime, *, pause: timedelta
) -> tuple[datetime | None, tuple[str, ...]]:
    """Return when what opens at `at` pages: after its pause, and each window that covers it when it would wake."""
    wakes_at, paused_until, why = at, at + pause, list[str]()
    for _ in range(_WINDOWS_AT_MOST):
        silence = under_maintenance(known.running(wakes_at), subject, wakes_at)
        if silence is not None:
            quiet = f"It is quiet because of {silence.reason}"
            if silence.until is None:
                return None, (*why, f"{quiet}, for as long as that lasts.")
            wakes_at = silence.until
            lasts = span((wakes_at - at).total_seconds())
            if wakes_at >= paused_until:
                why.append(f"{quiet}; if its alert still fires when that is over, in {lasts}, paging starts.")
        elif wakes_at < paused_until:
            wakes_at = paused_until
            why.append(f"Paging starts after {span(pause.total_seconds())}, unless it resolves before.")
        else:
            return wakes_at, tuple(why)
    return None, (*why, "One window follows another, so it is not to be foreseen when paging starts.")


def _raised_at(row: Any, hours: SupportHours | None, at: datetime, *, until: datetime | None) -> datetime | None:
    """Return when support hours make loud what opened quietly at `at`, whoever said so; None if not by `until`."""
    if row.urgency_mode != "support_hours" or hours is None or until is None:
        return None
    begin_at = hours.next_begin(at)
    return begin_at if begin_at is not None and begin_at <= until else None


def _urgency(row: Any, hours: SupportHours | None, severity: Severity, at: datetime) -> Urgency:
    if row.urgency_mode == "support_hours" and hours is not None:
        return hours.urgency(at)
    return urgency_of(severity, row.urgency_mode)


def with_policy(one: Opening, policy: Policy) -> Opening:
    """Return it with another policy than the service goes by: one that is not saved yet."""
    return replace(one, policy=policy)
