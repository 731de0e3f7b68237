"""Splunk Observability Cloud (SignalFx): the webhook of its detectors.

Sources: https://docs.splunk.com/observability/en/admin/notif-services/webhook.html
and https://dev.splunk.com/observability/docs/integrations/webhook_integration_overview
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from opsknight.api.limits import excess
from opsknight.api.providers.provider import Context, Provider, Request, Said
from opsknight.api.reading import (
    first,
    inner,
    instant,
    is_object,
    kept,
    link,
    one_line,
    scoped,
    stable,
    text,
    texts,
    word,
)
from opsknight.api.signatures import is_base64_hmac
from opsknight.api.unknown import unknown_shape
from opsknight.domain.model.event import Action, Event, Malformed, Severity, Unreadable

SLUG: Final = "splunk-observability"

_ACTIONS: Final[Mapping[str, Action]] = {
    "anomalous": Action.TRIGGER,
    **dict.fromkeys(("active", "triggered", "firing"), Action.TRIGGER),
    **dict.fromkeys(("cleared", "closed"), Action.RESOLVE),
    "ok": Action.RESOLVE,
    "manually resolved": Action.RESOLVE,
    "auto resolved": Action.RESOLVE,
    "resolved": Action.RESOLVE,
    "stopped": Action.RESOLVE,
}
"""“stopped” is said of the alerts of a detector that was changed or deleted: nobody will clear them."""
_QUIET: Final = frozenset(("muted", "paused", "disabled"))
_SEVERITIES: Final[Mapping[str, Severity]] = {
    "critical": Severity.CRITICAL,
    "major": Severity.ERROR,
    "minor": Severity.WARNING,
    "warning": Severity.WARNING,
    "info": Severity.INFO,
}
_DETAIL_NAMES: Final = (
    "messageBody, description, detector, rule, detectOnCondition, detectOffCondition, eventType, tip, inputs,"
    " triggeredWhileMuted, originatingMetric, orgId"
)
_DETAILS: Final = _DETAIL_NAMES.split(", ")
_LINKS: Final = (
    ("detectorUrl", "Detector"),
    ("link", "Detector"),
    ("runbookUrl", "Runbook"),
    ("imageUrl", "Graph"),
)
_SOURCE: Final = ("host", "host.name", "hostname", "instance", "InstanceId", "k8s.pod.name", "k8s.node.name")
_COMPONENT: Final = ("service", "service.name", "sf_service", "originatingMetric")


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return the event of one alert; its incidentId is the dedup key, else its detector, rule and dimensions.

    Raises:
        Malformed: it is no object, or says nothing.
    """
    if not is_object(payload):
        raise Malformed("The Splunk Observability payload is not a JSON object.")
    if context.may_exceed and (reason := excess(payload)):
        return [Unreadable(reason)]
    payload = _opened(payload)
    status = _status(payload)
    if status in _QUIET:
        return []
    dimensions = _dimensions(payload)
    identity, title = _identity(payload, dimensions), _title(payload)
    if not status or not (identity or title):
        if (event := unknown_shape(SLUG, payload)) is not None:
            return [event]
        raise Malformed("The Splunk Observability payload has no status; leave its default payload, or keep that name.")
    unknown = {} if status in _ACTIONS else {"unknown_status": status}
    links = (link(payload.get(name), words=words) for name, words in _LINKS)
    event = Event(
        action=_ACTIONS.get(status, Action.TRIGGER),
        dedup_key=scoped(SLUG, identity or stable("title", title)),
        title=title or "Splunk Observability alert",
        severity=_SEVERITIES.get(word(payload.get("severity")), Severity.ERROR),
        source=first(dimensions, _SOURCE),
        component=first(dimensions, _COMPONENT[:3]) or first(payload, _COMPONENT[3:]),
        occurred_at=instant(payload.get("timestamp")),
        tags=dimensions,
        links=tuple(one for one in links if one is not None),
        details=kept(payload, _DETAILS) | unknown,
    )
    return [event]


def _opened(payload: Said) -> Said:
    """Return the alert out of "properties", as what is written for xMatters wraps it, with a rule by its name."""
    said = inner(payload, "properties") or payload
    rule = inner(said, "rule")
    named = {"rule": first(rule, ("detectLabel", "name")), "severity": said.get("severity") or rule.get("severity")}
    return said | named if rule else said


def _status(said: Said) -> str:
    """Return the status; where a custom payload has none, the kind of event that tells it."""
    if status := word(said.get("statusExtended")) or word(said.get("status")):
        return status
    kind = word(said.get("eventType"))
    return kind if kind in _ACTIONS else ""


def _title(said: Said) -> str:
    rule, detector = first(said, ("rule", "ruleName")), first(said, ("detector", "detectorName"))
    named = f"{rule} ({detector})" if rule and detector else rule or detector
    body = text(said.get("messageBody")).partition("\n")[0]
    return one_line(
        first(said, ("messageTitle", "title")) or named or body or first(said, ("description", "originatingMetric"))
    )


def _identity(said: Said, dimensions: Mapping[str, str]) -> str:
    if incident := text(said.get("incidentId")):
        return incident
    detector, rule = first(said, ("detectorId", "detector", "detectorName")), first(said, ("rule", "ruleName"))
    if not detector:
        return ""
    return stable(detector, rule, *(part for pair in sorted(dimensions.items()) for part in pair))


def _dimensions(said: Said) -> dict[str, str]:
    """Return the dimensions of the signal: its own field, else those of the inputs that have any, also called key."""
    found = texts(inner(said, "dimensions"))
    for one in inner(said, "inputs").values():
        of_input = texts(inner(one, "dimensions") or inner(one, "key"))
        found |= {name: value for name, value in of_input.items() if name not in found}
    return found


def verify(request: Request, secret: str) -> bool:
    """Say whether X-SFX-Signature is the HMAC-SHA256 of the body in base64."""
    return is_base64_hmac(request.headers.get("x-sfx-signature", ""), secret, request.body)


PROVIDER: Final = Provider(
    slug=SLUG,
    label="Splunk Observability Cloud",
    docs_url="https://docs.splunk.com/observability/en/admin/notif-services/webhook.html",
    normalise=normalise,
    where="Data Management → Available integrations → Webhook: paste it as URL and leave the default payload; "
    "then add that webhook to the recipients of each detector's rules",
    sample={
        "sf_schema": 2,
        "severity": "Info",
        "status": "anomalous",
        "statusExtended": "anomalous",
        "detector": "OpsKnight test",
        "rule": "OpsKnight test",
        "messageTitle": "Info Alert: OpsKnight test",
        "messageBody": "Splunk Observability Cloud can reach OpsKnight",
        "incidentId": "opsknight-test",
        "detectorUrl": "",
        "inputs": {},
    },
    verify=verify,
    signed_with="What you write in the webhook integration as Shared secret.",
)
