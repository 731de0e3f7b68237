"""SigNoz's webhook channel, which speaks as Prometheus Alertmanager does, with OpenTelemetry's names for labels.

Source: https://signoz.io/docs/alerts-management/notification-channel/webhook/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

from opsknight.api.providers.provider import MIB, Context, Provider, Said, each
from opsknight.api.reading import (
    QUIET,
    asked,
    first,
    inner,
    instant,
    is_list,
    is_object,
    link,
    one_line,
    scoped,
    severity_of,
    stable,
    text,
    texts,
)
from opsknight.api.unknown import marked
from opsknight.domain.model.event import Action, Event, Link, Malformed, Severity, Unreadable

SLUG: Final = "signoz"
MAX_ALERTS: Final = 20_000

_ACTIONS: Final[Mapping[str, Action]] = {"firing": Action.TRIGGER, "resolved": Action.RESOLVE}
_TITLE: Final = ("summary", "title", "message", "description")
_SOURCE: Final = ("host.name", "instance", "k8s.pod.name", "k8s.node.name", "host", "hostname", "service.name")
_COMPONENT: Final = ("service.name", "service", "k8s.deployment.name", "job")
_LINKS: Final = (
    ("runbook_url", "Runbook"),
    ("runbook", "Runbook"),
    ("related_logs", "Logs"),
    ("related_traces", "Traces"),
)
_REFUSAL: Final = "The SigNoz payload has no list “alerts”; is it a webhook channel?"


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return one event for each alert; its fingerprint is the dedup key, else a hash of its labels.

    Raises:
        Malformed: it is no object, or nothing in it says what is wrong.
    """
    if not is_object(payload):
        raise Malformed("The SigNoz payload is not a JSON object.")
    alerts = payload.get("alerts")
    if not is_list(alerts) or not alerts:
        return marked(SLUG, payload, refusal=_REFUSAL)
    if len(alerts) > MAX_ALERTS:
        raise Malformed(f"The SigNoz payload holds more than {MAX_ALERTS:,} alerts.")
    status, page = payload.get("status"), link(payload.get("externalURL"), words="SigNoz")
    common = texts(inner(payload, "commonLabels")) | texts(inner(payload, "commonAnnotations"))
    return each(alerts, partial(_event, status, page, common), what="Alert", context=context)


def _event(group_status: Any, page: Link | None, common: Mapping[str, str], alert: Said) -> Event | None:
    """Return the event of one alert, None where its state pages nobody.

    Raises:
        Malformed: it has neither a fingerprint nor labels.
    """
    state = asked(_ACTIONS, alert.get("status") or group_status, quiet=QUIET)
    if state.action is None:
        return None
    labels, annotations = texts(inner(alert, "labels")), texts(inner(alert, "annotations"))
    started_at, is_over = instant(alert.get("startsAt")), state.action is Action.RESOLVE
    title = first(annotations, _TITLE) or first(labels, ("alertname",)) or first(common, (*_TITLE, "alertname"))
    rule = link(labels.get("ruleSource"), words="Rule") or link(alert.get("generatorURL"), words="Rule")
    found = (*(link(annotations.get(name), words=words) for name, words in _LINKS), rule or page)
    return Event(
        action=state.action,
        dedup_key=scoped(SLUG, _identity(alert, labels)),
        title=one_line(title) or "SigNoz alert",
        severity=severity_of(labels.get("severity")) or severity_of(labels.get("threshold.name")) or Severity.ERROR,
        source=first(labels, _SOURCE),
        component=first(labels, _COMPONENT),
        occurred_at=(instant(alert.get("endsAt")) or started_at) if is_over else started_at,
        started_at=started_at,
        tags=labels,
        links=tuple(one for one in found if one is not None),
        details=state.marked({"annotations": annotations} if annotations else {}),
    )


def _identity(alert: Said, labels: Mapping[str, str]) -> str:
    if fingerprint := text(alert.get("fingerprint")):
        return fingerprint
    if not labels:
        raise Malformed("it has neither a fingerprint nor labels.")
    return stable(*(part for label in sorted(labels.items()) for part in label))


PROVIDER: Final = Provider(
    slug=SLUG,
    label="SigNoz",
    docs_url="https://signoz.io/docs/alerts-management/notification-channel/webhook/",
    normalise=normalise,
    where="Settings → Notification channels → New → Webhook",
    sample={
        "receiver": "opsknight",
        "status": "firing",
        "alerts": [
            {
                "status": "firing",
                "labels": {"alertname": "OpsKnight test", "severity": "info", "service.name": "shop", "ruleId": "1"},
                "annotations": {"summary": "OpsKnight test", "description": "The current value is 12, over 10"},
                "startsAt": "2026-11-24T12:00:00Z",
                "endsAt": "0001-01-01T00:00:00Z",
                "generatorURL": "https://signoz.example.com/alerts/edit?ruleId=1",
                "fingerprint": "0a1b2c3d4e5f6071",
            }
        ],
        "groupLabels": {"alertname": "OpsKnight test"},
        "externalURL": "https://signoz.example.com",
        "version": "4",
        "groupKey": '{}:{alertname="OpsKnight test"}',
    },
    max_body=16 * MIB,
    retries_429=False,
)
