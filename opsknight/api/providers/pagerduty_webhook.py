"""PagerDuty's outgoing webhooks about incidents: version 3, and versions 2 and 1, which old extensions send.

Source: https://developer.pagerduty.com/docs/webhooks-overview
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from opsknight.api.limits import excess
from opsknight.api.providers.provider import Context, Provider, Request, Said, each
from opsknight.api.reading import (
    as_object,
    filled,
    first,
    inside,
    instant,
    is_list,
    is_object,
    link,
    one_line,
    scoped,
    severity_of,
    text,
    word,
)
from opsknight.api.signatures import is_hex_hmac
from opsknight.api.unknown import unknown_shape
from opsknight.domain.model.event import Action, Event, Malformed, Severity, Unreadable

SLUG: Final = "pagerduty_webhook"
MAX_MESSAGES: Final = 1000

_ACTIONS: Final[Mapping[str, Action]] = {
    "incident.triggered": Action.TRIGGER,
    "incident.trigger": Action.TRIGGER,
    "incident.reopened": Action.TRIGGER,
    "incident.reopen": Action.TRIGGER,
    "incident.unacknowledged": Action.TRIGGER,
    "incident.unacknowledge": Action.TRIGGER,
    "incident.acknowledged": Action.ACKNOWLEDGE,
    "incident.acknowledge": Action.ACKNOWLEDGE,
    "incident.resolved": Action.RESOLVE,
    "incident.resolve": Action.RESOLVE,
}
_QUIET: Final = frozenset((
    "incident.annotated", "incident.annotate", "incident.assigned", "incident.assign", "incident.escalated",
    "incident.escalate", "incident.delegated", "incident.delegate", "incident.reassigned", "incident.reassign",
    "incident.priority updated", "incident.responder.added", "incident.responder.replied",
    "incident.status update published", "incident.custom field values.updated", "incident.conference bridge.updated",
    "incident.incident type.changed", "incident.workflow.started", "incident.workflow.completed",
    "incident.action invocation.created", "incident.action invocation.updated", "incident.action invocation.terminated",
    "incident.service updated", "incident.role.assigned", "incident.task.created", "incident.merged",
))  # fmt: skip
"""What happens to an incident without changing its state."""
_OPEN: Final = frozenset(("triggered", "open"))
_CLOSED: Final = frozenset(("acknowledged", "resolved"))
_URGENCIES: Final[Mapping[str, Severity]] = {"high": Severity.ERROR, "low": Severity.WARNING}
_FRESH: Final = frozenset(("incident.triggered", "incident.trigger"))


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return an event for each message that changes an incident's state, none for other messages and pings.

    Raises:
        Malformed: it is no webhook of PagerDuty, and no text in it says what is wrong.
    """
    if not is_object(payload):
        raise Malformed("The PagerDuty payload is not a JSON object.")
    messages = payload.get("messages")
    if is_list(messages) and messages:
        if len(messages) > MAX_MESSAGES:
            raise Malformed(f"The PagerDuty payload holds more than {MAX_MESSAGES:,} messages.")
        return each(messages, _of_message, what="Message", context=context)
    if context.may_exceed and (reason := excess(payload)):
        return [Unreadable(reason)]
    said = payload.get("event")
    if is_object(said) and text(said.get("event_type")):
        event = _of_event(said)
    elif isinstance(said, str) and is_object(payload.get("incident")):
        event = _of_message(payload)
    else:
        event = unknown_shape(SLUG, payload)
        if event is None:
            raise Malformed("The PagerDuty payload holds neither an “event” nor “messages”; is it a webhook of V3?")
    return [] if event is None else [event]


def _of_event(said: Said) -> Event | None:
    """Return the event of a webhook of version 3."""
    data = as_object(said.get("data"))
    incident = as_object(data.get("incident")) if is_object(data.get("incident")) and "title" not in data else data
    return _event(
        word(said.get("event_type")), incident, at=said.get("occurred_at"), agent=inside(said, "agent", "summary")
    )


def _of_message(said: Said) -> Event | None:
    """Return the event of a message of version 2, or of version 1, which calls its parts otherwise."""
    kind = word(said.get("event")) or word(said.get("type"))
    incident = as_object(said.get("incident")) or as_object(inside(said, "data", "incident"))
    if not incident and kind.partition(".")[0] == "incident":
        raise Malformed("it holds no incident.")
    entries = said.get("log_entries")
    entry = entries[0] if is_list(entries) and entries else None
    return _event(kind, incident, at=said.get("created_on"), agent=inside(entry, "agent", "summary"))


def _event(kind: str, incident: Said, *, at: Any, agent: Any) -> Event | None:
    """Return the event of an incident to which something happened, None where its state is as before.

    Raises:
        Malformed: nothing identifies the incident.
    """
    status = word(incident.get("status"))
    action = _ACTIONS.get(kind)
    if action is None and (kind in _QUIET or kind.partition(".")[0] != "incident" or status in _CLOSED):
        return None
    if not _agrees(action, status):
        action = None
    unknown = "" if action else kind if status in _OPEN else status or kind
    title = one_line(_title(incident)).strip()
    identity = first(incident, ("id", "incident_key", "number", "incident_number")) or title
    if not identity:
        raise Malformed("The PagerDuty incident has neither an id nor a title.")
    services = as_object(incident.get("service")) or as_object(incident.get("impacted_services"))
    address = link(incident.get("html_url"), words="PagerDuty")
    return Event(
        action=action or Action.TRIGGER,
        dedup_key=scoped(SLUG, f"incident:{identity}"),
        title=title or f"PagerDuty incident {identity}"[:1000],
        severity=_severity(incident),
        source=first(services, ("summary", "name")),
        component=first(as_object(incident.get("escalation_policy")), ("summary", "name")),
        occurred_at=instant(at)
        or instant(incident.get("last_status_change_on") or incident.get("last_status_change_at")),
        started_at=instant(incident.get("created_at") or incident.get("created_on")) if kind in _FRESH else None,
        links=() if address is None else (address,),
        details=filled(_details(incident) | {"by": agent, "unknown_status": unknown}),
    )


def _details(incident: Said) -> Said:
    return {
        "number": incident.get("number") or incident.get("incident_number"),
        "incident_key": incident.get("incident_key"),
        "urgency": incident.get("urgency"),
        "priority": inside(incident, "priority", "summary") or inside(incident, "priority", "name"),
        "teams": _summaries(incident.get("teams")),
        "description": text(incident.get("description"))[:4000],
    }


def _agrees(action: Action | None, status: str) -> bool:
    """Say whether the incident's status does not contradict that it was acknowledged or resolved.

    It may lag behind, so any status that is known agrees; a word that is none ends nothing.
    """
    return action is Action.TRIGGER or status in {"", *_OPEN, *_CLOSED}


def _title(incident: Said) -> str:
    trigger = as_object(incident.get("trigger_summary_data"))
    return first(incident, ("title", "summary", "description")) or first(trigger, ("subject", "description"))


def _summaries(listed: Any) -> list[str]:
    return [text(inside(one, "summary")) or text(inside(one, "name")) for one in listed[:20]] if is_list(listed) else []


def _severity(incident: Said) -> Severity:
    """Return how bad the priority says it is, else the urgency."""
    priority = inside(incident, "priority", "summary") or inside(incident, "priority", "name")
    return severity_of(priority) or _URGENCIES.get(word(incident.get("urgency")), Severity.ERROR)


def verify(request: Request, secret: str) -> bool:
    """Say whether one of the signatures is right: HMAC-SHA256 in hexadecimal digits after "v1=".

    Source: https://developer.pagerduty.com/docs/verifying-signatures
    """
    given = (one.strip() for one in request.headers.get("x-pagerduty-signature", "").split(",")[:10])
    return any(one.startswith("v1=") and is_hex_hmac(one[3:], secret, request.body) for one in given)


PROVIDER: Final = Provider(
    slug=SLUG,
    label="PagerDuty webhooks",
    docs_url="https://developer.pagerduty.com/docs/webhooks-overview",
    normalise=normalise,
    where="Integrations → Generic Webhooks (v3) → New Webhook",
    setup="""Webhook URL: {address}
Event subscription: incident.triggered, .acknowledged, .unacknowledged, .reopened, .resolved
Copy the secret that PagerDuty shows once into the integration.""",
    sample={
        "event": {
            "id": "OPSKNIGHTTEST",
            "event_type": "incident.triggered",
            "resource_type": "incident",
            "occurred_at": "2026-11-24T03:31:07.512Z",
            "data": {
                "id": "POPSTEST",
                "type": "incident",
                "status": "triggered",
                "title": "OpsKnight test",
                "urgency": "low",
                "html_url": "https://example.pagerduty.com/incidents/POPSTEST",
            },
        }
    },
    verify=verify,
    signed_with="What PagerDuty shows once, when the webhook is made.",
    once=("x-webhook-id",),
)
