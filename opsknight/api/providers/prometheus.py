"""Alerts as Prometheus and VictoriaMetrics' vmalert post them, without an Alertmanager between: a JSON list.

Sources: https://prometheus.io/docs/alerting/latest/alerts_api/ and https://docs.victoriametrics.com/victoriametrics/vmalert/
Such an alert has no status: it is over when its endsAt is. What Alertmanager sends is read as well, and what a script
hands on of Prometheus' own /api/v1/alerts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final

from opsknight.api.providers.provider import MIB, Context, Provider, Said, each
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
    severity_of,
    stable,
    text,
    texts,
)
from opsknight.api.unknown import marked
from opsknight.domain.model.event import Action, Event, Malformed, Severity, Unreadable

SLUG: Final = "prometheus"
MAX_ALERTS: Final = 20_000

_ACTIONS: Final[Mapping[str, Action]] = {"firing": Action.TRIGGER, "resolved": Action.RESOLVE}
_QUIET: Final = QUIET | {"unprocessed"}
_TITLE: Final = ("summary", "title", "message", "description")
_SOURCE: Final = ("instance", "host", "hostname", "node", "pod")
_COMPONENT: Final = ("component", "service", "job")
_REFUSAL: Final = "The payload has no list of alerts; is it what Prometheus sends to an Alertmanager?"


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return one event for each alert; its fingerprint is the dedup key, else a hash of its labels.

    Raises:
        Malformed: it is neither list nor object, or nothing in it says what is wrong.
    """
    group: Said = inner(payload, "data") or payload if is_object(payload) else {}
    alerts = group.get("alerts") if group else payload
    if is_object(payload) and "labels" in payload and not alerts:
        alerts = [payload]
    if not is_list(alerts) or not alerts:
        return marked(SLUG, payload, refusal=_REFUSAL)
    if len(alerts) > MAX_ALERTS:
        raise Malformed(f"The payload holds more than {MAX_ALERTS:,} alerts.")
    return each(alerts, partial(_event, group.get("status"), context.received_at), what="Alert", context=context)


def _event(group_status: Any, now: datetime, alert: Said) -> Event | None:
    """Return the event of one alert, None where its state pages nobody.

    Raises:
        Malformed: it has neither a fingerprint nor labels.
    """
    ends_at, started_at = instant(alert.get("endsAt")), instant(alert.get("startsAt") or alert.get("activeAt"))
    state = _state(alert.get("status") or alert.get("state") or group_status, ends_at, now)
    if state.action is None:
        return None
    labels, annotations = texts(inner(alert, "labels")), texts(inner(alert, "annotations"))
    title = first(annotations, _TITLE) or first(labels, ("alertname",))
    found = (
        link(annotations.get("runbook_url") or annotations.get("runbook"), words="Runbook"),
        link(annotations.get("dashboard_url") or annotations.get("dashboard"), words="Dashboard"),
        link(alert.get("generatorURL"), words="Graph"),
    )
    return Event(
        action=state.action,
        dedup_key=scoped(SLUG, _identity(alert, labels)),
        title=one_line(title) or "Alert without a name",
        severity=severity_of(labels.get("severity")) or Severity.ERROR,
        source=first(labels, _SOURCE),
        component=first(labels, _COMPONENT),
        occurred_at=(ends_at or started_at) if state.action is Action.RESOLVE else started_at,
        started_at=started_at,
        tags=labels,
        links=tuple(one for one in found if one is not None),
        details=state.marked({"annotations": annotations} if annotations else {}),
        expires_at=ends_at if state.action is Action.TRIGGER and ends_at is not None and ends_at > now else None,
    )


def _state(status: Any, ends_at: datetime | None, now: datetime) -> Asked:
    """Return what an alert asks for; /api/v2/alerts of Alertmanager has an object for its status."""
    said = status.get("state") if is_object(status) else status
    if said == "active":
        return Asked(Action.TRIGGER)
    if text(said):
        return asked(_ACTIONS, said, quiet=_QUIET)
    return Asked(Action.RESOLVE if ends_at is not None and ends_at <= now else Action.TRIGGER)


def _identity(alert: Said, labels: Mapping[str, str]) -> str:
    if fingerprint := text(alert.get("fingerprint")):
        return fingerprint
    if not labels:
        raise Malformed("it has neither a fingerprint nor labels.")
    return stable(*(part for label in sorted(labels.items()) for part in label))


PROVIDER: Final = Provider(
    slug=SLUG,
    label="Prometheus and vmalert",
    docs_url="https://prometheus.io/docs/alerting/latest/alerts_api/",
    normalise=normalise,
    where="In prometheus.yml, with this server under static_configs as the target; or vmalert's -notifier.url",
    setup="""alerting:
  alertmanagers:
    - path_prefix: /api/v1/events/{key}
      static_configs:
        - targets: [OPSKNIGHT-HOST:PORT]

-notifier.url={address}""",
    sample={
        "alerts": [
            {
                "labels": {"alertname": "OpsKnight test", "severity": "info", "instance": "shop-1:9100", "job": "node"},
                "annotations": {"summary": "OpsKnight test"},
                "startsAt": "2026-11-24T12:00:00Z",
                "endsAt": "0001-01-01T00:00:00Z",
                "generatorURL": "https://prometheus.example.com/graph",
            }
        ]
    },
    max_body=16 * MIB,
    retries_429=False,
)
