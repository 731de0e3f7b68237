"""Splunk On-Call (VictorOps): what tools send to its REST endpoint, and the incidents it sends itself.

Sources: https://help.splunk.com/splunk-observability-cloud/splunk-on-call/integrations-with-splunk-on-call/rest-endpoint-integration-for-splunk-on-call
and https://help.splunk.com/splunk-observability-cloud/splunk-on-call/incident-fields-in-splunk-on-call/incident-fields-glossary
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from opsknight.api import splunk_oncall_incidents
from opsknight.api.limits import excess
from opsknight.api.providers.provider import Context, Provider, Said
from opsknight.api.reading import first, instant, is_object, link, one_line, scoped, stable, text, word
from opsknight.api.unknown import unknown_shape
from opsknight.domain.model.event import Action, Event, Link, Malformed, Severity, Unreadable

SLUG: Final = "splunk-oncall"

_ACTIONS: Final[Mapping[str, Action]] = {
    "critical": Action.TRIGGER,
    "warning": Action.TRIGGER,
    "warn": Action.TRIGGER,
    "problem": Action.TRIGGER,
    "acknowledgement": Action.ACKNOWLEDGE,
    "acknowledgment": Action.ACKNOWLEDGE,
    "acknowledged": Action.ACKNOWLEDGE,
    "ack": Action.ACKNOWLEDGE,
    "recovery": Action.RESOLVE,
    "recovered": Action.RESOLVE,
    "resolved": Action.RESOLVE,
    "ok": Action.RESOLVE,
}
_QUIET: Final = frozenset(("info", "information", "log", "maintenance", "snoozed"))
"""Splunk On-Call puts INFO into the timeline and opens no incident for it."""

_SEVERITIES: Final[Mapping[str, Severity]] = {
    "critical": Severity.CRITICAL,
    "warning": Severity.WARNING,
    "warn": Severity.WARNING,
}
_TITLE: Final = ("entity_display_name", "state_message", "entity_id")
_SOURCE: Final = ("host_name", "hostname", "host", "entity_host")
_ANNOTATION: Final = "vo_annotate."
_LINKED: Final = ("vo_annotate.u.", "vo_annotate.i.")
_ELSEWHERE: Final = frozenset(
    ("message_type", "entity_id", "entity_display_name", "host_name", "timestamp", "state_start_time", "routing_key")
) | {"api_key"}
"""Fields that stand in the event itself, or are nobody's business."""

_ADDRESSES: Final = (
    ("alert_url", "Monitor"),
    ("detector_url", "Monitor"),
    ("runbook_url", "Runbook"),
    ("image_url", "Graph"),
    ("ruleUrl", "Monitor"),
    ("event_info", "Monitor"),
)


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return the event of one alert; its entity_id is the dedup key. INFO pages nobody.

    Raises:
        Malformed: it is no object, or says neither what it is about nor what happened.
    """
    if not is_object(payload):
        raise Malformed("The Splunk On-Call payload is not a JSON object.")
    if context.may_exceed and (reason := excess(payload)):
        return [Unreadable(reason)]
    if (told := splunk_oncall_incidents.read(payload)) is not None:
        return told
    said = {name.lower() if name.isupper() else name: value for name, value in payload.items()}
    status = word(said.get("message_type"))
    if status in _QUIET:
        return []
    title = one_line(first(said, _TITLE))
    if not status and title and first(said, ("entity_id",)):
        return [_event(said, "none", title)]
    if not status or not title:
        if (event := unknown_shape(SLUG, payload)) is not None:
            return [event]
        raise Malformed("The Splunk On-Call payload has no message_type and entity_id; see its REST endpoint's guide.")
    return [_event(said, status, title)]


def _event(said: Said, status: str, title: str) -> Event:
    entity, source = text(said.get("entity_id")), first(said, _SOURCE)
    details = {
        name: value
        for name, value in said.items()
        if name not in _ELSEWHERE and not name.startswith(_LINKED) and value not in (None, "", [], {})
    }
    return Event(
        action=_ACTIONS.get(status, Action.TRIGGER),
        dedup_key=scoped(SLUG, entity or stable(title, source)),
        title=title,
        severity=_SEVERITIES.get(status, Severity.ERROR),
        source=source,
        component=first(said, ("service", "service_name", "component")),
        occurred_at=instant(said.get("timestamp")),
        started_at=instant(said.get("state_start_time")),
        tags={name: tag for name in ("monitoring_tool", "routing_key") if (tag := first(said, (name,)))},
        links=_links(said),
        details=details if status in _ACTIONS else details | {"unknown_status": status},
    )


def _links(said: Said) -> tuple[Link, ...]:
    """Return the annotations that are addresses: "vo_annotate.u.Runbook" and pictures as "vo_annotate.i.Graph"."""
    found = [link(said.get(name), words=words) for name, words in _ADDRESSES]
    for name, value in said.items():
        kind, _, words = name.removeprefix(_ANNOTATION).partition(".")
        if name.startswith(_ANNOTATION) and kind in {"u", "i"}:
            found.append(link(value, words=one_line(words) or "Link"))
    distinct = {one.href: one for one in found if one is not None}
    return tuple(distinct.values())[:10]


PROVIDER: Final = Provider(
    slug=SLUG,
    label="Splunk On-Call",
    docs_url="https://help.splunk.com/splunk-observability-cloud/splunk-on-call/integrations-with-splunk-on-call/rest-endpoint-integration-for-splunk-on-call",
    normalise=normalise,
    where="In each tool that alerts Splunk On-Call (VictorOps): in place of its REST endpoint, "
    "https://alert.victorops.com/integrations/generic/…",
    setup="{base}/integrations/generic/20131114/alert/{key}/YOUR-ROUTING-KEY",
    sample={
        "message_type": "WARNING",
        "entity_id": "opsknight-test",
        "entity_display_name": "OpsKnight test",
        "state_message": "A tool that alerts Splunk On-Call can reach OpsKnight",
        "monitoring_tool": "test",
    },
    form=True,
    retries_429=False,
)
