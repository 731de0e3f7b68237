"""Working copies of the alerts and incidents that one batch of deliveries touches.

Events are applied to them in order of arrival; only where they end is written.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from opsknight.crypto import new_id
from opsknight.domain.model.event import Event, Severity, Urgency, urgency_of
from opsknight.domain.model.incident import Incident, Status, Verb, carrying, raised, transition
from opsknight.domain.model.intake import COUNT_FACT, Latest, Verdict, exceeds
from opsknight.domain.model.ledger import Fact
from opsknight.domain.model.ruled import RuledEvent
from opsknight.domain.queries.catalogue import Integration

if TYPE_CHECKING:
    from opsknight.domain.commands.quieting import Quiet

_WORST_FIRST = tuple(Severity)


@dataclass(slots=True)
class Opening:
    """Where the event stands that opened an incident, and how loudly it did; our own reports stand in no delivery."""

    delivery_id: UUID | None
    ordinal: int
    urgency: Urgency


@dataclass(slots=True, kw_only=True)
class WorkingAlert(Latest):
    """An alert as this batch leaves it.

    `opened_by` holds its first event while its row is not yet written, `opens` how it opened its
    incident where that is as new.
    """

    id: UUID
    incident_id: UUID
    severity: Severity
    urgency: Urgency
    count: int
    counted_at: datetime
    added: int = 0
    opened_by: Event | None = None
    opens: Opening | None = None
    integration: Integration | None = None
    sha: bytes = b""
    changed: bool = False


@dataclass(slots=True, kw_only=True)
class WorkingIncident:
    """An incident as this batch leaves it. `due` is its timer to arm: kind and instant; None disarms.

    `seen` is the transaction that wrote its row, where the batch does not hold it. `joined` says that
    alerts have joined of which its owner shall hear.
    """

    value: Incident
    severity: Severity
    highest_urgency: Urgency
    open_alerts: int
    opened_by: Event | None = None
    changed: bool = False
    timer_changed: bool = False
    due: tuple[str, datetime] | None = None
    seen: int | None = None
    joined: bool = False


class Desk:
    """Takes events one by one, keeps the working copies and the facts of what happened.

    `quiet` decides what opens without paging; it is None where nothing can keep an alert of the batch quiet.
    """

    def __init__(self, now: datetime) -> None:
        """Begin an empty desk for a batch of the instant `now`."""
        self.now = now
        self.quiet: Quiet | None = None
        self.alerts: dict[tuple[int, bytes], WorkingAlert] = {}
        self.past: list[WorkingAlert] = []
        self.incidents: dict[UUID, WorkingIncident] = {}
        self.facts: list[tuple[str, str, UUID | None, dict[str, object]]] = []
        self.repeated: dict[tuple[Fact, UUID], tuple[str, dict[str, object]]] = {}
        """Facts of what monitors tell over and over, which are written once a minute, by their incident."""
        self.waiting: set[UUID] = set()
        """Those of the suppressed incidents that a rule lets wait before they page."""

    def record(self, kind: Fact, integration: Integration, incident_id: UUID | None, data: dict[str, object]) -> None:
        """Note one fact of what a monitor did."""
        self.facts.append((kind, integration.actor, incident_id, data))

    def apply(
        self, verdict: Verdict, event: Event, sha: bytes, integration: Integration, urgency: Urgency
    ) -> WorkingAlert | None:
        """Do what `verdict` says, which is not that it opened; return the alert that the event belongs to, if any."""
        alert = self.alerts.get((integration.service_id, sha))
        if alert is None or verdict in (Verdict.LATE_COPY, Verdict.TOLD_LATELY, Verdict.NOTHING_OPEN):
            if alert is not None and verdict is Verdict.LATE_COPY:
                self.repeated[Fact.LATE_COPY, alert.incident_id] = integration.actor, {"title": event.title}
            return alert
        if verdict is Verdict.OCCURRENCE:
            self._count(alert, event, integration)
        elif verdict is Verdict.RAISED:
            self._count(alert, event, integration)
            silence = None if self.quiet is None else self.quiet.over(alert, event, sha, integration)
            self._raise(alert, urgency, integration, quiet="" if silence is None else silence.reason)
        elif verdict is Verdict.REOPENED:
            return self._reopen(alert, event, sha, integration, urgency)
        elif verdict is Verdict.RESOLVED:
            self._resolve(alert, event, integration)
            if self.quiet is not None:
                self.quiet.changed(self, alert, event, sha, integration)
        else:
            self._acknowledge(alert, integration)
        return alert

    def open(self, event: Event, sha: bytes, integration: Integration, opening: Opening) -> WorkingAlert:
        """Open an alert and its incident, due at once; the fact of it follows from the rows."""
        incident_id, urgency = new_id(), opening.urgency
        self.incidents[incident_id] = WorkingIncident(
            value=Incident(id=incident_id, title=event.title, status=Status.OPEN, urgency=urgency),
            severity=event.severity,
            highest_urgency=urgency,
            open_alerts=1,
            opened_by=event,
            timer_changed=True,
            due=("escalation", self.now),
        )
        alert = self._alert(event, sha, integration, urgency, incident_id)
        alert.opens = opening
        if integration.support_hours is not None:
            self._tell_hours(event, integration, urgency, incident_id)
        if self.quiet is not None:
            self.quiet.opened(self, alert, event, sha, integration)
        return alert

    def _tell_hours(self, event: Event, integration: Integration, urgency: Urgency, incident_id: UUID) -> None:
        """Record that support hours decided how loud an alert is, where its severity would have said otherwise."""
        by_rule = isinstance(event, RuledEvent) and event.ruling.urgency is not None
        if by_rule or urgency is urgency_of(event.severity, "severity"):
            return
        told: dict[str, object] = {"service": integration.service, "severity": event.severity, "urgency": urgency}
        self.facts.append((Fact.BY_HOURS, "support_hours", incident_id, told))

    def _alert(
        self, event: Event, sha: bytes, integration: Integration, urgency: Urgency, incident_id: UUID
    ) -> WorkingAlert:
        key = (integration.service_id, sha)
        if key in self.alerts:
            self.past.append(self.alerts[key])
        alert = self.alerts[key] = WorkingAlert(
            is_open=True,
            highest_urgency=urgency,
            started_at=event.started_at,
            opened_at=self.now,
            resolved_at=None,
            resolved_by=None,
            id=new_id(),
            incident_id=incident_id,
            severity=event.severity,
            urgency=urgency,
            count=1,
            counted_at=self.now,
            opened_by=event,
            integration=integration,
            sha=sha,
        )
        return alert

    def _count(self, alert: WorkingAlert, event: Event, integration: Integration) -> None:
        alert.count += 1
        alert.added += 1
        alert.changed = True
        if event.severity is not alert.severity:
            alert.severity = event.severity
            self._judge(self.incidents[alert.incident_id], event.severity)
            if self.quiet is not None:
                self.quiet.as_bad_now(alert, event, integration)
        if self.now - alert.counted_at >= COUNT_FACT:
            alert.counted_at = self.now
            self.record(Fact.OCCURRED, integration, alert.incident_id, {"count": alert.count, "title": event.title})

    def _judge(self, incident: WorkingIncident, severity: Severity) -> None:
        """Carry an alert's new severity to its incident: the worst, or its own when it is the only alert."""
        if _is_worse(severity, incident.severity) or incident.open_alerts == 1:
            incident.severity = severity
            incident.changed = True

    def _raise(self, alert: WorkingAlert, urgency: Urgency, integration: Integration, *, quiet: str) -> None:
        """Raise an incident's urgency; where something keeps its alert `quiet`, nobody is paged for that."""
        incident = self.incidents[alert.incident_id]
        if not quiet and incident.value.status is Status.SUPPRESSED:
            quiet = "the incident is suppressed"
        incident.value = carrying(incident.value, urgency) if quiet else raised(incident.value, urgency)
        incident.highest_urgency = alert.highest_urgency = alert.urgency = urgency
        incident.changed = True
        if incident.value.status is Status.OPEN and not quiet:
            self._due(incident, "escalation", self.now)
        elif incident.value.status is Status.ACKNOWLEDGED:
            self._ask_later(incident, integration)
        told: dict[str, object] = {"urgency": urgency, "severity": alert.severity}
        self.record(Fact.RAISED, integration, alert.incident_id, _with_reason(told, quiet))

    def _reopen(
        self, before: WorkingAlert, event: Event, sha: bytes, integration: Integration, urgency: Urgency
    ) -> WorkingAlert:
        """Open the alert again. A resolved incident begins anew, also in how loud and how bad it has been."""
        incident = self.incidents[before.incident_id]
        incident.open_alerts += 1
        incident.changed = True
        alert = self._alert(event, sha, integration, urgency, before.incident_id)
        if incident.value.status is Status.RESOLVED:
            incident.value = replace(transition(incident.value, Verb.REOPEN), urgency=urgency)
            incident.severity, incident.highest_urgency = event.severity, urgency
            self._due(incident, "escalation", self.now)
            self.record(Fact.REOPENED, integration, before.incident_id, {"title": event.title})
            if integration.support_hours is not None:
                self._tell_hours(event, integration, urgency, before.incident_id)
            if self.quiet is not None:
                self.quiet.opened(self, alert, event, sha, integration)
            return alert
        return self._joined(alert, event, integration, urgency)

    def join(
        self, event: Event, sha: bytes, integration: Integration, urgency: Urgency, incident_id: UUID
    ) -> WorkingAlert:
        """Open an alert that belongs to an incident on the desk which is not resolved."""
        incident = self.incidents[incident_id]
        incident.open_alerts += 1
        incident.changed = True
        return self._joined(self._alert(event, sha, integration, urgency, incident_id), event, integration, urgency)

    def _joined(self, alert: WorkingAlert, event: Event, integration: Integration, urgency: Urgency) -> WorkingAlert:
        """Carry how bad and how loud a further alert is to its incident; one that is quiet itself disturbs nobody."""
        incident = self.incidents[alert.incident_id]
        silence = None if self.quiet is None else self.quiet.joined(self, alert, event, alert.sha, integration)
        by_rule = "a rule suppresses it" if isinstance(event, RuledEvent) and event.ruling.suppressed else ""
        quiet = by_rule if silence is None else silence.reason
        self.record(Fact.ALERT_JOINED, integration, alert.incident_id, _with_reason({"title": event.title}, quiet))
        if integration.support_hours is not None and _is_worse(event.severity, incident.severity):
            self._tell_hours(event, integration, urgency, alert.incident_id)
        self._judge(incident, event.severity)
        if exceeds(urgency, incident.highest_urgency):
            self._raise(alert, urgency, integration, quiet=quiet)
        alert.highest_urgency = incident.highest_urgency
        if incident.value.status is Status.ACKNOWLEDGED and incident.value.assignee_id is not None:
            incident.joined = incident.joined or not quiet
        return alert

    def _resolve(self, alert: WorkingAlert, event: Event, integration: Integration) -> None:
        alert.is_open, alert.changed = False, True
        alert.resolved_at, alert.resolved_by = self.now, integration.actor
        incident = self.incidents[alert.incident_id]
        incident.open_alerts -= 1
        if incident.open_alerts > 0 or not integration.resolves_with_last_alert:
            told: dict[str, object] = {"title": event.title, "open_alerts": incident.open_alerts}
            self.record(Fact.ALERT_RESOLVED, integration, alert.incident_id, told)
            return
        after = transition(incident.value, Verb.RESOLVE)
        if after is not incident.value:
            incident.value, incident.changed = after, True
            self._due(incident, None, self.now)
            self.record(Fact.RESOLVED, integration, alert.incident_id, {"count": alert.count})

    def _acknowledge(self, alert: WorkingAlert, integration: Integration) -> None:
        """Take a monitor's acknowledge; what rests rests on, for it would page once nobody can be asked about that."""
        incident = self.incidents[alert.incident_id]
        if incident.value.status is Status.RESOLVED:
            return
        if incident.value.status is Status.SUPPRESSED and not self._waits(incident):
            told: dict[str, object] = {"action": "acknowledge", "reason": "the incident is suppressed"}
            self.repeated[Fact.RECORDED, alert.incident_id] = integration.actor, told
            return
        after = transition(incident.value, Verb.ACKNOWLEDGE)
        if after is incident.value:
            return
        incident.value, incident.changed = after, True
        self._ask_later(incident, integration)
        self.record(Fact.ACKNOWLEDGED, integration, alert.incident_id, {})

    def _waits(self, incident: WorkingIncident) -> bool:
        """Return whether an incident rests only until a rule's pause is over."""
        return incident.value.id in self.waiting or (incident.due is not None and incident.due[0] == "pause")

    def _ask_later(self, incident: WorkingIncident, integration: Integration) -> None:
        """Have the owner of an acknowledged incident asked “still on it?” in time."""
        timeout_s = integration.ack_timeouts_s[incident.value.urgency]
        kind = None if timeout_s is None else "ack_timeout"
        self._due(incident, kind, self.now + timedelta(seconds=timeout_s or 0))

    def _due(self, incident: WorkingIncident, kind: str | None, at: datetime) -> None:
        incident.timer_changed = True
        incident.due = None if kind is None else (kind, at)


def _is_worse(severity: Severity, than: Severity) -> bool:
    return _WORST_FIRST.index(severity) < _WORST_FIRST.index(than)


def _with_reason(told: dict[str, object], quiet: str) -> dict[str, object]:
    """Return what a fact tells, with the reason for which nobody is paged for it, if there is one."""
    return {**told, "quiet": quiet} if quiet else told
