"""Alerts that Amazon Managed Service for Prometheus tells a topic, in Alertmanager's fields.

Source: https://docs.aws.amazon.com/prometheus/latest/userguide/AMP-alertmanager-receiver-JSON.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from opsknight.api.reading import (
    Asked,
    as_object,
    asked,
    filled,
    first,
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
from opsknight.domain.model.event import Action, Event, Severity

Said: TypeAlias = dict[str, Any]
SLUG: Final = "cloudwatch"

_ACTIONS: Final[Mapping[str, Action]] = {"firing": Action.TRIGGER, "resolved": Action.RESOLVE}
_TITLE: Final = ("summary", "title", "message", "description")
_SOURCE: Final = ("instance", "host", "hostname", "node", "pod", "cluster")


def apart(said: Said) -> list[Said]:
    """Return a group of alerts once for each alert in it; nothing where it is none, or holds one."""
    alerts = said.get("alerts")
    if not is_list(alerts) or len(alerts) < 2 or not all(_labels(one) for one in alerts):
        return []
    return [{**said, "alerts": [one]} for one in alerts]


def read(said: Said) -> Event | None:
    """Return the event of a group with one alert, None where it is none."""
    alerts = said.get("alerts")
    if not is_list(alerts) or len(alerts) != 1 or not (labels := _labels(alerts[0])):
        return None
    alert, annotations = as_object(alerts[0]), texts(alerts[0].get("annotations"))
    state = _state(said, alert)
    started_at, name = instant(alert.get("startsAt")), labels.get("alertname", "")
    ended_at = instant(alert.get("endsAt")) if state.action is Action.RESOLVE else None
    pages = (
        link(annotations.get("runbook_url"), words="Runbook"),
        link(alert.get("generatorURL"), words="Graph"),
        link(said.get("externalURL"), words="Alertmanager"),
    )
    return Event(
        action=state.action or Action.TRIGGER,
        dedup_key=scoped(SLUG, f"prometheus:{_identity(alert, labels)}"),
        title=one_line(first(annotations, _TITLE) or name) or "Alert without a name",
        severity=severity_of(labels.get("severity")) or Severity.ERROR,
        source=first(labels, _SOURCE),
        component=first(labels, ("service", "job")),
        occurred_at=ended_at or started_at,
        started_at=started_at,
        tags=labels,
        links=tuple(one for one in pages if one is not None),
        details=state.marked(filled({"annotations": annotations, "receiver": said.get("receiver")})),
    )


def _identity(alert: Said, labels: Mapping[str, str]) -> str:
    return text(alert.get("fingerprint")) or stable(*(f"{name}={labels[name]}" for name in sorted(labels)))


def _labels(alert: Any) -> dict[str, str]:
    return texts(alert.get("labels")) if is_object(alert) and is_object(alert.get("labels")) else {}


def _state(said: Said, alert: Said) -> Asked:
    """Return what an alert's own status asks for, or that of its group."""
    return asked(_ACTIONS, first(alert, ("status",)) or said.get("status"), quiet=())
