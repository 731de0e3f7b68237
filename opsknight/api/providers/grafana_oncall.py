"""Grafana OnCall (and Grafana IRM): its outgoing webhooks, and the “formatted webhook” that many tools can send.

Sources: https://grafana.com/docs/oncall/latest/configure/integrations/outgoing-webhooks/,
https://grafana.com/docs/oncall/latest/configure/integrations/references/webhook/ and, for incidents of Grafana
Incident, https://github.com/grafana/incident-go
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from opsknight.api.limits import excess
from opsknight.api.providers.provider import Context, Provider, Said
from opsknight.api.reading import (
    QUIET,
    Asked,
    asked,
    first,
    inner,
    instant,
    is_list,
    is_object,
    kept,
    link,
    one_line,
    scoped,
    severity_of,
    stable,
    text,
    texts,
    word,
)
from opsknight.api.unknown import marked
from opsknight.domain.model.event import Action, Event, Malformed, Severity, Unreadable

SLUG: Final = "grafana_oncall"

_ACTIONS: Final[Mapping[str, Action]] = {
    "alert group created": Action.TRIGGER,
    "escalation": Action.TRIGGER,
    "unacknowledge": Action.TRIGGER,
    "unresolve": Action.TRIGGER,
    "unsilence": Action.TRIGGER,
    "firing": Action.TRIGGER,
    "new": Action.TRIGGER,
    "active": Action.TRIGGER,
    "alerting": Action.TRIGGER,
    "acknowledge": Action.ACKNOWLEDGE,
    "acknowledged": Action.ACKNOWLEDGE,
    "resolve": Action.RESOLVE,
    "resolved": Action.RESOLVE,
    "ok": Action.RESOLVE,
}
_CREATED: Final = "alert group created"
"""Only then did the group begin to fire when it was created: it may be unresolved, and escalate again."""
_QUIET: Final = QUIET | {"silence", "resolution note added", "resolution note removed", "personal notification"}
_INCIDENTS: Final = "grafana.incident."
"""Begins the events of Grafana Incident."""
_ASIDE: Final = frozenset(("role", "roles", "label", "labels", "task", "tasks", "title", "summary", "activity"))
"""What may change about an incident without its becoming better or worse."""
_BY_STATE: Final = "status change"
"""With this event the state of the alert group says what happened."""
_TITLE: Final = ("title", "message")
_READ: Final = frozenset((*_TITLE, "alert_uid", "state", "link_to_upstream_details", "image_url", "severity"))
_REFUSAL: Final = "The Grafana OnCall payload has neither an alert group nor a title; switch on “Forward all”."


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return the one event of `payload`; silencing an alert group pages nobody and ends nothing.

    Raises:
        Malformed: it is no object, or nothing in it says what is wrong.
    """
    if not is_object(payload):
        raise Malformed("The Grafana OnCall payload is not a JSON object.")
    if context.may_exceed and (reason := excess(payload)):
        return [Unreadable(reason)]
    happened = text(payload.get("event"))
    if happened.startswith(_INCIDENTS) and (incident := inner(payload, "incident")):
        return _incident(payload, incident, happened.rpartition(".")[2])
    group = inner(payload, "alert_group")
    if first(group, ("id", "title")) or (inner(payload, "event") and first(payload, ("alert_group_id",))):
        state = _state(inner(payload, "event").get("type"), group.get("state"))
        return [] if state.action is None else [_grouped(payload, group, state)]
    if not first(payload, (*_TITLE, "alert_uid")):
        return marked(SLUG, payload, refusal=_REFUSAL)
    state = asked(_ACTIONS, payload.get("state"), quiet=_QUIET)
    return [] if state.action is None else [_formatted(payload, state)]


def _state(event: Any, group: Any) -> Asked:
    """Return what the event and the alert group's state ask for; a silenced group may still be resolved."""
    if text(event).strip().casefold() in {"", _BY_STATE}:
        return asked(_ACTIONS, group, quiet=_QUIET)
    state = asked(_ACTIONS, event, quiet=_QUIET)
    unknown = asked(_ACTIONS, group, quiet=_QUIET).unknown
    return Asked(Action.TRIGGER, unknown) if unknown and state.action is not None else state


def _grouped(said: Said, group: Said, state: Asked) -> Event:
    alert, source = inner(said, "alert_payload"), inner(said, "integration")
    labels = texts(inner(alert, "commonLabels")) | texts(inner(alert, "labels")) | texts(inner(group, "labels"))
    number, title = first(group, ("id",)) or first(said, ("alert_group_id",)), first(group, ("title",))
    page = link(inner(group, "permalinks").get("web"), words="Grafana OnCall")
    created_at, happened = instant(group.get("created_at")), inner(said, "event")
    details = {
        "integration": first(source, ("name",)),
        "team": first(source, ("team",)),
        "alerts_count": group.get("alerts_count"),
        "user": first(inner(said, "user"), ("username",)),
        "annotations": inner(alert, "annotations") or inner(alert, "commonAnnotations"),
    }
    return Event(
        action=state.action or Action.TRIGGER,
        dedup_key=scoped(SLUG, f"group:{number}" if number else stable(title)),
        title=one_line(title) or "Grafana OnCall alert group",
        severity=severity_of(labels.get("severity")) or Severity.ERROR,
        source=first(labels, ("instance", "host", "hostname", "node", "pod")) or first(source, ("name",)),
        component=first(labels, ("service", "service_name", "job")),
        occurred_at=instant(happened.get("time")) or created_at,
        started_at=created_at if word(happened.get("type")) == _CREATED else None,
        tags=labels,
        links=(page,) if page else (),
        details=state.marked({name: value for name, value in details.items() if value}),
    )


def _incident(said: Said, incident: Said, change: str) -> Sequence[Event]:
    """Return the event of an incident of Grafana Incident by its status, none of what else changes about it.

    A drill is no more than info.
    """
    state = asked(_ACTIONS, incident.get("status"), quiet=_QUIET)
    number, title = first(incident, ("incidentID",)), first(incident, ("title",))
    if state.action is None or change in _ASIDE:
        return []
    is_drill = incident.get("isDrill") is True
    labels = incident.get("labels")
    named = (text(one.get("label")) for one in labels if is_object(one)) if is_list(labels) else ()
    ended = incident.get("incidentEnd") or incident.get("closedTime")
    event = Event(
        action=state.action,
        dedup_key=scoped(SLUG, f"incident:{number}" if number else stable("incident", title)),
        title=one_line(f"Drill: {title}" if is_drill else title) or "Grafana incident",
        severity=Severity.INFO if is_drill else severity_of(incident.get("severity")) or Severity.ERROR,
        component="Grafana Incident",
        occurred_at=instant(ended if state.action is Action.RESOLVE else said.get("time")),
        tags=texts(list(named)),
        details=state.marked(kept(incident, ("incidentID", "status", "summary", "overviewURL", "incidentStart"))),
    )
    return [event]


def _formatted(said: Said, state: Asked) -> Event:
    uid, title = first(said, ("alert_uid",)), first(said, _TITLE)
    found = (
        link(said.get("link_to_upstream_details"), words="Details"),
        link(said.get("image_url"), words="Graph"),
    )
    details = {name: value for name, value in said.items() if name not in _READ and value}
    if (message := first(said, ("message",))) and message != title:
        details["message"] = message
    return Event(
        action=state.action or Action.TRIGGER,
        dedup_key=scoped(SLUG, uid or stable(title)),
        title=one_line(title) or f"Alert {uid}"[:200],
        severity=severity_of(said.get("severity")) or Severity.ERROR,
        links=tuple(one for one in found if one is not None),
        details=state.marked(details),
    )


PROVIDER: Final = Provider(
    slug=SLUG,
    label="Grafana OnCall",
    docs_url="https://grafana.com/docs/oncall/latest/configure/integrations/outgoing-webhooks/",
    normalise=normalise,
    where="Outgoing webhooks → New → Advanced: one for each of the trigger types you want, “Forward all” on",
    sample={
        "event": {"type": "alert group created", "time": "2026-11-24T12:00:00+00:00"},
        "user": None,
        "alert_group": {
            "id": "IOPSKNIGHT1",
            "integration_id": "C1",
            "alerts_count": 1,
            "state": "firing",
            "created_at": "2026-11-24T12:00:00Z",
            "resolved_at": None,
            "acknowledged_at": None,
            "title": "OpsKnight test",
            "permalinks": {"web": "https://example.grafana.net/a/grafana-oncall-app/alert-groups/IOPSKNIGHT1"},
            "labels": {"severity": "info"},
        },
        "alert_group_id": "IOPSKNIGHT1",
        "alert_payload": {"labels": {"alertname": "OpsKnight test"}, "status": "firing"},
        "integration": {"id": "C1", "type": "webhook", "name": "Shop"},
    },
)
