"""Grafana's webhooks: those of its own alerting (8 and later, a list of alerts) and the legacy ones (one rule).

Source: https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier/
and, for dashboard alerts before 9: https://grafana.com/docs/grafana/v7.5/alerting/old-alerting/notifications/#webhook
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

from opsknight.api.limits import excess
from opsknight.api.providers.provider import MIB, Context, Provider, Request, Said, each
from opsknight.api.reading import (
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
from opsknight.api.signatures import is_fresh, is_hex_hmac
from opsknight.api.unknown import unknown_shape
from opsknight.domain.model.event import Action, Event, Link, Malformed, Severity, Unreadable

SLUG: Final = "grafana"
MAX_ALERTS: Final = 20_000

_ACTIONS: Final[Mapping[str, Action]] = {
    "firing": Action.TRIGGER,
    "alerting": Action.TRIGGER,
    "no data": Action.TRIGGER,
    "nodata": Action.TRIGGER,
    "error": Action.TRIGGER,
    "resolved": Action.RESOLVE,
    "ok": Action.RESOLVE,
    "normal": Action.RESOLVE,
}
_QUIET: Final = frozenset(
    ("pending", "paused", "suppressed", "silenced", "muted", "unprocessed", "inactive", "maintenance", "recovering")
)
_SEVERITY: Final = ("severity", "priority", "level", "criticality")
_TITLE: Final = ("summary", "title", "message", "description")
_SOURCE: Final = ("instance", "host", "hostname", "node", "pod", "server")
_COMPONENT: Final = ("component", "service", "job")
_PREFIX: Final = re.compile(r"\A\[[^\[\]]{1,40}\] *")
"""The state before a title: “[Alerting] CPU of web-1”."""

_OF_DATA: Final[Mapping[str, str]] = {"DatasourceNoData": "No data", "DatasourceError": "Cannot be evaluated"}
"""Names of alerts that speak of a rule's data; the rule's annotations still say what it would find in them."""

_OF_ALERT: Final = ("annotations", "values", "valueString")
_OF_RULE: Final = ("message", "state", "evalMatches", "orgId", "dashboardId", "panelId", "ruleId", "title")
_OF_TEMPLATE: Final = ("alertname", "severity", "priority", "instance", "host", "service", "environment", "team")
"""Labels that a template of one's own writes beside an alert's state, where it has no object for them."""


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return one event for each alert, or that of the one rule of a legacy payload.

    An alert's fingerprint is its dedup key, else its labels; a legacy rule's is its id with its
    organisation and tags. What is pending or paused pages nobody. A list of alerts, and one alert
    alone, are read without what stands around them in a webhook.

    Raises:
        Malformed: it is no object, or holds neither alerts nor anything to say.
    """
    if is_list(payload) and payload:
        payload = {"alerts": payload}
    if not is_object(payload):
        raise Malformed("The Grafana payload is not a JSON object.")
    alerts = payload.get("alerts")
    if not alerts and is_object(payload.get("labels")) and "ruleId" not in payload:
        alerts = [payload]
    if is_list(alerts) and alerts:
        if len(alerts) > MAX_ALERTS:
            raise Malformed(f"The Grafana payload holds more than {MAX_ALERTS:,} alerts; set “Max Alerts”.")
        return each(alerts, partial(_alert, _group(payload)), what="Alert", context=context)
    if context.may_exceed and (reason := excess(payload)):
        return [Unreadable(reason)]
    if any(name in payload for name in ("ruleId", "ruleName", "ruleUrl")) or {"state", "title"} <= payload.keys():
        return _rule(payload)
    if (event := unknown_shape(SLUG, payload)) is not None:
        return [event]
    raise Malformed(
        "The Grafana payload has neither alerts nor a rule; leave the contact point's custom payload empty."
    )


class _Group(NamedTuple):
    """What a request says once for all its alerts."""

    status: Any
    title: str
    key: str
    receiver: str
    link: Link | None


def _group(payload: Said) -> _Group:
    return _Group(
        status=payload.get("status") or payload.get("state"),
        title=one_line(text(payload.get("title"))),
        key=text(payload.get("groupKey"))[:4096],
        receiver=text(payload.get("receiver"))[:4096],
        link=link(payload.get("externalURL"), words="Grafana"),
    )


def _alert(group: _Group, alert: Said) -> Event | None:
    """Return the event of one alert, None where its state pages nobody."""
    status = word(alert.get("status")) or word(group.status)
    if status in _QUIET:
        return None
    action = _ACTIONS.get(status, Action.TRIGGER)
    labels = texts(inner(alert, "labels") or kept(alert, _OF_TEMPLATE))
    annotations = texts(inner(alert, "annotations") or kept(alert, _TITLE))
    started_at = instant(alert.get("startsAt"))
    unknown = {} if status in _ACTIONS else {"unknown_status": status}
    known = (severity_of(labels.get(name)) for name in _SEVERITY)
    return Event(
        action=action,
        dedup_key=scoped(SLUG, _alert_identity(group, alert, labels)),
        title=_alert_title(labels, annotations) or group.title or "Grafana alert",
        severity=next((severity for severity in known if severity is not None), Severity.ERROR),
        source=first(labels, _SOURCE),
        component=first(labels, _COMPONENT),
        occurred_at=instant(alert.get("endsAt")) if action is Action.RESOLVE else started_at,
        started_at=started_at,
        tags=labels,
        links=_alert_links(group, alert, annotations),
        details=kept(alert, _OF_ALERT) | {"receiver": group.receiver, "group": group.key} | unknown,
    )


def _alert_title(labels: Mapping[str, str], annotations: Mapping[str, str]) -> str:
    name = first(labels, ("alertname",))
    if about := _OF_DATA.get(name):
        return one_line(f"{about}: {first(labels, ('rulename',)) or first(annotations, _TITLE) or name}")
    return one_line(first(annotations, _TITLE) or name)


def _alert_identity(group: _Group, alert: Said, labels: Mapping[str, str]) -> str:
    if fingerprint := text(alert.get("fingerprint")):
        return fingerprint
    if labels:
        return stable(*(part for label in sorted(labels.items()) for part in label))
    if not group.key and not group.title:
        raise Malformed("it has neither a fingerprint nor labels.")
    return stable("group", group.key or group.title)


def _alert_links(group: _Group, alert: Said, annotations: Mapping[str, str]) -> tuple[Link, ...]:
    """Return the alert's links; Grafana leaves out its address (“?orgId=1”) where it does not know it."""
    found = (
        link(annotations.get("runbook_url") or annotations.get("runbook"), words="Runbook"),
        link(alert.get("dashboardURL"), words="Dashboard"),
        link(alert.get("panelURL"), words="Panel"),
        link(alert.get("generatorURL"), words="Rule"),
        link(alert.get("silenceURL"), words="Silence"),
        link(alert.get("imageURL"), words="Graph"),
        group.link,
    )
    return tuple(one for one in found if one is not None)


def _rule(said: Said) -> list[Event | Unreadable]:
    """Return the event of a legacy rule, nothing where its state pages nobody."""
    status = word(said.get("state"))
    if status in _QUIET:
        return []
    title = one_line(first(said, ("ruleName", "title", "message")))
    tags = texts(inner(said, "tags"))
    matches: Any = said.get("evalMatches")
    of_match = texts(inner(matches[0], "tags")) if is_list(matches) and matches else {}
    known = (severity_of(tags.get(name)) for name in _SEVERITY)
    found = [link(said.get("ruleUrl"), words="Rule"), link(said.get("imageUrl"), words="Graph")]
    event = Event(
        action=_ACTIONS.get(status, Action.TRIGGER),
        dedup_key=scoped(SLUG, _rule_identity(said, tags, title)),
        title=title or "Grafana alert",
        severity=next((severity for severity in known if severity is not None), Severity.ERROR),
        source=first(of_match, _SOURCE) or first(tags, _SOURCE),
        component=first(tags, _COMPONENT) or first(of_match, _COMPONENT),
        tags=tags,
        links=tuple(one for one in found if one is not None),
        details=kept(said, _OF_RULE) | ({} if status in _ACTIONS else {"unknown_status": status or "none"}),
    )
    return [event]


def _rule_identity(said: Said, tags: Mapping[str, str], title: str) -> str:
    """Return the rule with its organisation and its own tags; what matched is not known when it is over."""
    rule = text(said.get("ruleId")) or text(said.get("ruleUrl")) or _PREFIX.sub("", title)
    if not rule:
        raise Malformed("The Grafana payload has no ruleId and no ruleName, so that its recovery could not be told.")
    named = (text(said.get("orgId")), rule, *(part for tag in sorted(tags.items()) for part in tag))
    return f"rule:{rule}:{stable(*named)}"


def verify(request: Request, secret: str) -> bool:
    """Say whether Grafana signed the body, with the time before it where it sends one.

    Source: https://github.com/grafana/alerting http/hmac.go
    """
    signature = request.headers.get("x-grafana-alerting-signature", "")
    timestamp = request.headers.get("x-grafana-alerting-timestamp", "")
    if not timestamp:
        return is_hex_hmac(signature, secret, request.body)
    signed = f"{timestamp}:".encode("utf-8", "surrogatepass") + request.body
    return is_fresh(timestamp, now=request.received_at) and is_hex_hmac(signature, secret, signed)


PROVIDER: Final = Provider(
    slug=SLUG,
    label="Grafana",
    docs_url="https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier/",
    normalise=normalise,
    where="Alerting → Contact points → Add contact point → Webhook: paste it as URL, method POST. "
    "For a signature, set HMAC with the timestamp header X-Grafana-Alerting-Timestamp",
    sample={
        "receiver": "opsknight",
        "status": "firing",
        "orgId": 1,
        "alerts": [
            {
                "status": "firing",
                "labels": {"alertname": "OpsKnight test", "severity": "info", "instance": "test"},
                "annotations": {"summary": "OpsKnight test: Grafana can reach OpsKnight"},
                "startsAt": "2026-01-01T00:00:00Z",
                "endsAt": "0001-01-01T00:00:00Z",
                "generatorURL": "",
                "fingerprint": "0b5c1a7d0e5f4e57",
            }
        ],
        "groupLabels": {},
        "commonLabels": {"alertname": "OpsKnight test"},
        "commonAnnotations": {},
        "externalURL": "",
        "version": "1",
        "groupKey": '{}:{alertname="OpsKnight test"}',
        "truncatedAlerts": 0,
        "title": "[FIRING:1] OpsKnight test",
        "state": "alerting",
    },
    verify=verify,
    signed_with="What you write in the contact point as HMAC secret. Name X-Grafana-Alerting-Timestamp as its "
    "timestamp header: without it whatever was overheard may be sent again.",
    once=("x-grafana-alerting-timestamp",),
    max_body=16 * MIB,
    retries_429=False,
)
