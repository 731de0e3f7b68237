"""Prometheus Alertmanager's webhook, payload versions 4 and 3, and what speaks like it.

Source: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Final

from opsknight.api.providers.provider import MIB, Context, Provider, Said, each
from opsknight.api.reading import (
    MAX_WORD,
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
    word,
)
from opsknight.api.unknown import marked
from opsknight.domain.model.event import Action, Event, Link, Malformed, Severity, Unreadable

SLUG: Final = "alertmanager"
MAX_ALERTS: Final = 20_000
"""In one request; a group of a thousand is common after a network cut."""

MAX_GROUP_KEY: Final = 4096

_ACTIONS: Final[Mapping[str, Action]] = {
    "firing": Action.TRIGGER,
    "alerting": Action.TRIGGER,
    "active": Action.TRIGGER,
    "resolved": Action.RESOLVE,
    "ok": Action.RESOLVE,
    "normal": Action.RESOLVE,
}
_QUIET: Final = frozenset(("pending", "paused", "suppressed", "unprocessed", "inactive", "maintenance"))
_TITLE: Final = ("summary", "title", "message", "description")
_SOURCE: Final = ("instance", "host", "hostname", "node", "pod")
_COMPONENT: Final = ("component", "service", "job")

_REFUSAL: Final = "The Alertmanager payload has no list “alerts”; is it a webhook of version 4?"


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return one event for each alert; its fingerprint is the dedup key, else a hash of its labels.

    A list of alerts, and one alert alone, are read without what stands around them in a webhook.

    Raises:
        Malformed: it holds no alert, and no text in it says what is wrong.
    """
    group: Said = payload if is_object(payload) else {}
    alerts = group.get("alerts") if "alerts" in group else [payload] if "labels" in group else payload
    if not is_list(alerts) or not alerts:
        return _without_alerts(group)
    if len(alerts) > MAX_ALERTS:
        raise Malformed(f"The Alertmanager payload holds more than {MAX_ALERTS:,} alerts; set max_alerts.")
    return each(alerts, partial(_event, _group(group, context.received_at)), what="Alert", context=context)


def _without_alerts(payload: Said) -> list[Event]:
    """Return what can be read of a webhook whose receiver has a payload of its own.

    Alertmanager drops what is refused, so that nobody would hear of it.
    """
    if "alerts" in payload:
        raise Malformed(_REFUSAL)
    return marked(SLUG, payload, refusal=_REFUSAL)


@dataclass(slots=True)
class _Group:
    """What a request says once for all its alerts, and what more than one of them says.

    `links` are by what they are made of; `details` are those of the alert before.
    """

    status: Any
    link: Link | None
    receiver: str
    key: str
    now: datetime
    links: dict[tuple[object, ...], tuple[Link, ...]] = field(
        default_factory=dict[tuple[object, ...], tuple[Link, ...]]
    )
    details: Mapping[str, object] = field(default_factory=dict[str, object])


def _group(payload: Said, now: datetime) -> _Group:
    return _Group(
        now=now,
        status=payload.get("status"),
        link=link(payload.get("externalURL"), words="Alertmanager"),
        receiver=text(payload.get("receiver"))[:MAX_GROUP_KEY],
        key=text(payload.get("groupKey"))[:MAX_GROUP_KEY],
    )


def _event(group: _Group, alert: Said) -> Event | None:
    """Return the event of one alert, None where its state pages nobody.

    Raises:
        Malformed: it has no identity.
    """
    action, unknown = _action(alert.get("status") or group.status, alert, group.now)
    if action is None:
        return None
    labels = _texts(alert, "labels")
    annotations = _texts(alert, "annotations")
    started_at = instant(alert.get("startsAt"))
    is_over = action is Action.RESOLVE
    return Event(
        action=action,
        dedup_key=_dedup_key(alert.get("fingerprint"), labels),
        title=one_line(first(annotations, _TITLE) or labels.get("alertname", "").strip()) or "Alert without a name",
        severity=severity_of(labels.get("severity")) or Severity.ERROR,
        source=first(labels, _SOURCE),
        component=first(labels, _COMPONENT),
        occurred_at=instant(alert.get("endsAt")) if is_over else started_at,
        started_at=started_at,
        tags=labels,
        links=_links(alert, annotations, group),
        details={**_details(annotations, group), "unknown_status": unknown}
        if unknown
        else _details(annotations, group),
    )


def _action(status: Any, alert: Said, now: datetime) -> tuple[Action | None, str]:
    """Return what an alert asks for, None for nothing, and the word that is not known, which triggers.

    Alertmanager's own API has an object for the status; one without any is over when its endsAt is.
    """
    if status.__class__ is str and (known := _ACTIONS.get(status)):
        return known, ""
    said = word(status.get("state") if is_object(status) else status)
    if said in _QUIET:
        return None, ""
    if said:
        return _ACTIONS.get(said, Action.TRIGGER), "" if said in _ACTIONS else said[:MAX_WORD]
    ends_at = instant(alert.get("endsAt"))
    return (Action.RESOLVE, "") if ends_at is not None and ends_at <= now else (Action.TRIGGER, "none")


def _texts(alert: Said, name: str) -> dict[str, str]:
    """Return labels or annotations; Alertmanager sends texts only, those who imitate it also numbers."""
    values: Any = alert.get(name)
    if values is None:
        return {}
    if values.__class__ is not dict:
        raise Malformed(f"its {name} are not a JSON object.")
    for value in values.values():
        if value.__class__ is not str:
            return texts(values)
    return values


def _dedup_key(fingerprint: Any, labels: Mapping[str, str]) -> str:
    if fingerprint.__class__ is str and fingerprint:
        return scoped(SLUG, fingerprint)
    if not labels:
        raise Malformed("it has neither a fingerprint nor labels.")
    return f"{SLUG}:{stable(*(part for label in sorted(labels.items()) for part in label))}"


def _links(alert: Said, annotations: Mapping[str, str], group: _Group) -> tuple[Link, ...]:
    """Return the links of an alert, the same ones for all that name the same addresses."""
    runbook = annotations.get("runbook_url") or annotations.get("runbook")
    dashboard = annotations.get("dashboard_url") or annotations.get("dashboard") or alert.get("dashboardURL")
    graph = alert.get("generatorURL")
    if dashboard.__class__ is list or dashboard.__class__ is dict:
        dashboard = None
    if graph.__class__ is list or graph.__class__ is dict:
        graph = None
    addresses = (runbook, dashboard, graph)
    known = group.links.get(addresses)
    if known is None:
        found = (
            link(runbook, words="Runbook"),
            link(dashboard, words="Dashboard"),
            link(graph, words="Graph"),
            group.link,
        )
        known = group.links[addresses] = tuple(one for one in found if one is not None)
    return known


def _details(annotations: Mapping[str, str], group: _Group) -> Mapping[str, object]:
    """Return the details of an alert, the same ones where it is annotated like the alert before."""
    if group.details.get("annotations") != annotations:
        group.details = {"annotations": annotations, "receiver": group.receiver, "group": group.key}
    return group.details


PROVIDER: Final = Provider(
    slug=SLUG,
    label="Prometheus Alertmanager",
    docs_url="https://prometheus.io/docs/alerting/latest/configuration/#webhook_config",
    normalise=normalise,
    max_body=16 * MIB,
    retries_429=False,
)
