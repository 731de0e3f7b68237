"""Dash0's webhook notification channel: failed checks that are degraded, critical or resolved.

Sources: https://www.dash0.com/documentation/dash0/alerting/notifications,
https://www.dash0.com/hub/integrations/int_alerting_webhook/overview and the payloads that keephq/keep knows.
An issue that is superseded is over: another one with an id of its own is told in its place.
Labels are OpenTelemetry attributes: [{"key": "service.name", "value": {"stringValue": "shop"}}, …]; of synthetic
checks each stands in a list, after its number.
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
    link,
    one_line,
    scoped,
    stable,
    text,
    texts,
    word,
)
from opsknight.api.unknown import marked
from opsknight.domain.model.event import Action, Event, Malformed, Severity, Unreadable

SLUG: Final = "dash0"

_ACTIONS: Final[Mapping[str, Action]] = {
    "alert.ongoing": Action.TRIGGER,
    "alert.opened": Action.TRIGGER,
    "synthetic.alert.ongoing": Action.TRIGGER,
    "synthetic.alert.opened": Action.TRIGGER,
    "critical": Action.TRIGGER,
    "failed": Action.TRIGGER,
    "degraded": Action.TRIGGER,
    "alert.resolved": Action.RESOLVE,
    "alert.closed": Action.RESOLVE,
    "alert.superseded": Action.RESOLVE,
    "synthetic.alert.superseded": Action.RESOLVE,
    "synthetic.alert.resolved": Action.RESOLVE,
    "synthetic.alert.closed": Action.RESOLVE,
    "resolved": Action.RESOLVE,
    "closed": Action.RESOLVE,
}
_SEVERITIES: Final[Mapping[str, Severity]] = {
    "critical": Severity.CRITICAL,
    "failed": Severity.CRITICAL,
    "degraded": Severity.WARNING,
}
_SOURCE: Final = (
    "host.name", "k8s.pod.name", "k8s.node.name", "dash0.resource.name", "dash0.synthetic_check.name", "service.name",
    "service",
)  # fmt: skip
_RULE: Final = ("id", "name", "expression", "thresholds", "interval", "for")
_REFUSAL: Final = "The Dash0 payload has no issue under “data”; is it a webhook notification channel?"


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return the one event of `payload`.

    Raises:
        Malformed: it is no object, or nothing in it says what is wrong.
    """
    if not is_object(payload):
        raise Malformed("The Dash0 payload is not a JSON object.")
    if context.may_exceed and (reason := excess(payload)):
        return [Unreadable(reason)]
    issue = inner(payload, "data", "issue")
    if not first(issue, ("id", "issueIdentifier", "summary")):
        return marked(SLUG, payload, refusal=_REFUSAL)
    state = asked(_ACTIONS, payload.get("type"), issue.get("status"), quiet=QUIET)
    return [] if state.action is None else [_event(issue, state)]


def _event(issue: Said, state: Asked) -> Event:
    rules: Any = issue.get("checkrules") or issue.get("checkRules")
    rule = inner(rules[0]) if is_list(rules) and rules else {}
    labels, annotations = _attributes(issue.get("labels")), _attributes(issue.get("annotations"))
    started_at, summary = instant(issue.get("start")), first(issue, ("summary",)) or first(rule, ("name",))
    found = (
        link(annotations.get("runbook_url") or annotations.get("runbook"), words="Runbook"),
        link(issue.get("url"), words="Failed check"),
        link(rule.get("url"), words="Check rule"),
    )
    details = {
        "description": first(issue, ("description",)),
        "dataset": first(issue, ("dataset",)),
        "annotations": annotations,
        "check_rule": {name: rule[name] for name in _RULE if rule.get(name)},
    }
    return Event(
        action=state.action or Action.TRIGGER,
        dedup_key=scoped(SLUG, first(issue, ("id", "issueIdentifier")) or stable(summary)),
        title=one_line(summary) or "Dash0 failed check",
        severity=_SEVERITIES.get(word(issue.get("status")), Severity.ERROR),
        source=first(labels, _SOURCE),
        component=first(labels, ("service.name", "service")),
        occurred_at=instant(issue.get("end")) or started_at,
        started_at=started_at,
        tags=labels,
        links=tuple(one for one in found if one is not None),
        details=state.marked({name: value for name, value in details.items() if value}),
    )


def _attributes(value: Any) -> dict[str, str]:
    """Return OpenTelemetry attributes, or a plain object, as names and texts."""
    if not is_list(value):
        return texts(value) if is_object(value) else {}
    listed = (one[1] if is_list(one) and len(one) == 2 else one for one in value)
    named = [one for one in listed if is_object(one) and first(one, ("key",))]
    return {first(one, ("key",)): _value(one.get("value")) for one in named}


def _value(value: Any) -> str:
    return next((text(one) for one in value.values()), "") if is_object(value) else text(value)


PROVIDER: Final = Provider(
    slug=SLUG,
    label="Dash0",
    docs_url="https://www.dash0.com/documentation/dash0/alerting/notifications",
    normalise=normalise,
    where="Organization settings → Notification channels → Add → Webhook",
    sample={
        "type": "alert.ongoing",
        "data": {
            "issue": {
                "id": "5f0c3a52-6f0b-4a55-9be1-94a2a2c7a001",
                "issueIdentifier": "1234567890123456789",
                "dataset": "default",
                "start": "2026-11-24T12:00:00Z",
                "status": "degraded",
                "summary": "OpsKnight test",
                "description": "Error rate over 1 %",
                "labels": [{"key": "service.name", "value": {"stringValue": "shop"}}],
                "annotations": [],
                "checkrules": [{"id": "c1", "name": "Error rate", "expression": "rate > 1"}],
                "url": "https://app.dash0.com/alerting/failed-checks",
            }
        },
    },
)
