"""Coralogix's generic outbound webhook, with its default body and those that people shorten it to, and its cases.

Sources: https://coralogix.com/docs/user-guides/alerting/outbound-webhooks/generic-outbound-webhooks-alert-webhooks/,
https://coralogix.com/docs/user-guides/notification-center/entity-types/cases/ and
https://coralogix.com/docs/user-guides/data-layer/system_dataspace/cases (what a case is made of)
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from opsknight.api.limits import excess
from opsknight.api.providers.provider import Context, Provider, Said
from opsknight.api.reading import (
    by_path,
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
    word,
)
from opsknight.api.unknown import of_another_pager, unknown_shape
from opsknight.domain.model.event import Action, Event, Malformed, Severity, Unreadable

SLUG: Final = "coralogix"

_ACTIONS: Final[Mapping[str, Action]] = {
    "trigger": Action.TRIGGER,
    "triggered": Action.TRIGGER,
    "active": Action.TRIGGER,
    "firing": Action.TRIGGER,
    "acknowledge": Action.ACKNOWLEDGE,
    "acknowledged": Action.ACKNOWLEDGE,
    "resolve": Action.RESOLVE,
    "resolved": Action.RESOLVE,
    "closed": Action.RESOLVE,
}
_QUIET: Final = frozenset(("snoozed", "muted", "suppressed", "disabled"))
_CASES: Final[Mapping[str, Action]] = {
    "created": Action.TRIGGER,
    "active": Action.TRIGGER,
    "open": Action.TRIGGER,
    "acknowledged": Action.ACKNOWLEDGE,
    "resolved": Action.RESOLVE,
    "closed": Action.RESOLVE,
}
"""States and statuses of a case."""
_SEVERITIES: Final[Mapping[str, Severity]] = {
    "critical": Severity.CRITICAL,
    "error": Severity.ERROR,
    "warning": Severity.WARNING,
    "info": Severity.INFO,
    "verbose": Severity.INFO,
    "debug": Severity.INFO,
}
_ACTION: Final = ("alertaction", "action", "alertstatus", "alertstate", "status", "state")
_TITLE: Final = ("name", "alertname", "title", "description", "text")
_IDENTITY: Final = ("alertid", "alertuniqueidentifier", "dedupkey")
_SEVERITY: Final = (
    "severity", "severitylowercase", "eventseverity", "alertseverity", "priority", "alertpriority", "opsgeniepriority",
)  # fmt: skip
_AT: Final = ("timestampms", "timestampiso", "timestamp")
_TAGS: Final = ("team", "application", "subsystem", "computer", "category")
_DETAIL_NAMES: Final = (
    "description, threshold, timewindow, duration, errors, spans, hitcount, text, querytext, metrickey, metricoperator,"
    " metriccriteria, timeframe, ipaddress, threadid, alertgroupbyvalues"
)
_DETAILS: Final = _DETAIL_NAMES.split(", ")
_LINKS: Final = (("alerturl", "Alert"), ("logurl", "Logs"))
_GROUPS: Final = tuple(f"groupbyvalue{number}" for number in range(1, 6))

_UNRENDERED: Final = re.compile(r"\$[A-Z][A-Z0-9_]*|\$\{[A-Z][A-Z0-9_]*\}|\*insert [^*]*\*", re.IGNORECASE)


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return the event of one alert; its id with the values that it is grouped by is the dedup key.

    Raises:
        Malformed: it is no object, or says nothing.
    """
    if not is_object(payload):
        raise Malformed("The Coralogix payload is not a JSON object.")
    if context.may_exceed and (reason := excess(payload)):
        return [Unreadable(reason)]
    if written := of_another_pager(SLUG, payload):
        return written
    if text((case := inner(payload, "case")).get("id")):
        return [_case(case)]
    said = _fields(payload)
    status = next((found for name in _ACTION if (found := word(said.get(name)))), "")
    if status in _QUIET:
        return []
    title = one_line(_first(said, _TITLE))
    identity = _identity(said, title)
    if not identity or not (status or _first(said, _IDENTITY)):
        if (event := unknown_shape(SLUG, payload)) is not None:
            return [event]
        raise Malformed("The Coralogix payload has no alert_id and name; use the webhook's default body.")
    details = {name: said[name] for name in _DETAILS if said.get(name) not in (None, "", "null", [], {})}
    links = (link(said.get(name), words=words) for name, words in _LINKS)
    event = Event(
        action=_ACTIONS.get(status, Action.TRIGGER),
        dedup_key=scoped(SLUG, identity),
        title=title or "Coralogix alert",
        severity=_severity(said),
        source=_first(said, ("computer", "service", "application")),
        component=_first(said, ("subsystem",)),
        occurred_at=next((at for name in _AT if (at := instant(said.get(name))) is not None), None),
        tags=_tags(said),
        links=tuple(one for one in links if one is not None),
        details=details if status in _ACTIONS else details | {"unknown_status": status or "none"},
    )
    return [event]


def _fields(payload: Said) -> Said:
    """Return the fields and the pairs of the list "fields", by plain names, without variables left as they were."""
    payload = _as_alertmanager(payload)
    listed: Any = payload.get("fields")
    pairs = [one for one in listed if is_object(one)] if is_list(listed) else []
    named = {text(one.get("key")): one.get("value") for one in reversed(pairs) if text(one.get("key"))}
    given = by_path(named, deep=1) | by_path(payload, deep=1)
    return {
        name: value
        for name, value in given.items()
        if not (isinstance(value, str) and _UNRENDERED.fullmatch(value.strip()))
    }


def _as_alertmanager(payload: Said) -> Said:
    """Return the one alert of a body that is written as Alertmanager's, which others ask for; any other as it is."""
    alerts: Any = payload.get("alerts")
    if not is_list(alerts) or len(alerts) != 1 or not is_object(alerts[0]):
        return payload
    alert = alerts[0]
    labels, annotations = texts(inner(alert, "labels")), texts(inner(alert, "annotations"))
    return {
        **labels,
        "alert_id": alert.get("fingerprint"),
        "name": labels.get("alertname") or annotations.get("summary"),
        "description": alert.get("description") or annotations.get("description"),
        "status": alert.get("status") or payload.get("status"),
        "alert_url": alert.get("generatorURL"),
        "timestamp": alert.get("startsAt"),
    }


def _first(said: Said, names: Iterable[str]) -> str:
    """Return the first text that is there; Coralogix says "null" of what an alert does not have."""
    return next((found for name in names if (found := text(said.get(name))) and found != "null"), "")


def _identity(said: Said, title: str) -> str:
    groups = [group for name in _GROUPS if (group := _first(said, (name,)))]
    if not groups and (values := _first(said, ("alertgroupbyvalues",))):
        groups = [values]
    alert = _first(said, _IDENTITY)
    if not alert:
        return stable("name", title, *groups) if title else ""
    return f"{alert}:{stable(*groups)}" if groups else alert


def _case(case: Said) -> Event:
    """Return the event of a case, by its state, which says whether it is over, and its status: whether one has it."""
    words = [said for name in ("state", "status") if (said := word(text(case.get(name))))]
    unknown = "" if words and all(one in _CASES for one in words) else " ".join(words) or "none"
    asked = {Action.TRIGGER} if unknown else {_CASES[one] for one in words}
    alerts: Any = inner(case, "indicators").get("alerts")
    page = link(case.get("caseDetailUrl"), words="Case")
    priorities = (severity_of(text(case.get(name))) for name in ("casePriority", "priority"))
    details = {
        "description": case.get("description"),
        "alert": inner(alerts[0]) if is_list(alerts) and alerts else {},
        "unknown_status": unknown,
    }
    return Event(
        action=next(one for one in (Action.RESOLVE, Action.ACKNOWLEDGE, Action.TRIGGER) if one in asked),
        dedup_key=scoped(SLUG, f"case:{text(case.get('id'))}"),
        title=one_line(text(case.get("title")) or text(case.get("description"))) or "Coralogix case",
        severity=next((found for found in priorities if found is not None), Severity.ERROR),
        component=text(case.get("category")),
        occurred_at=instant(case.get("updatedAt")) or instant(case.get("createdAt")),
        started_at=instant(case.get("createdAt")),
        links=() if page is None else (page,),
        details={name: said for name, said in details.items() if said},
    )


def _severity(said: Said) -> Severity:
    for name in _SEVERITY:
        known = _SEVERITIES.get(word(said.get(name))) or severity_of(text(said.get(name)))
        if known is not None:
            return known
    return Severity.ERROR


def _tags(said: Said) -> dict[str, str]:
    tags = texts(said.get("metalabelslist") or said.get("metalabels"))
    return {name: tag for name in _TAGS if (tag := _first(said, (name,)))} | tags


_TEMPLATE: Final = """\
{address}

{
  "alert_id": "$ALERT_ID",
  "name": "$ALERT_NAME",
  "description": "$ALERT_DESCRIPTION",
  "alert_action": "$ALERT_ACTION",
  "alert_url": "$ALERT_URL",
  "log_url": "$LOG_URL",
  "threshold": "$ALERT_THRESHOLD",
  "timewindow": "$ALERT_TIMEWINDOW_MINUTES",
  "fields": [
    {"key": "team", "value": "$TEAM_NAME"},
    {"key": "application", "value": "$APPLICATION_NAME"},
    {"key": "subsystem", "value": "$SUBSYSTEM_NAME"},
    {"key": "severity", "value": "$EVENT_SEVERITY"},
    {"key": "priority", "value": "$ALERT_PRIORITY"},
    {"key": "computer", "value": "$COMPUTER_NAME"},
    {"key": "timestampISO", "value": "$EVENT_TIMESTAMP_ISO"},
    {"key": "hitCount", "value": "$HIT_COUNT"},
    {"key": "Group-by Value1", "value": "$GROUP_BY_VALUE_1"},
    {"key": "Group-by Value2", "value": "$GROUP_BY_VALUE_2"}
  ]
}"""

PROVIDER: Final = Provider(
    slug=SLUG,
    label="Coralogix",
    docs_url="https://coralogix.com/docs/user-guides/alerting/outbound-webhooks/generic-outbound-webhooks-alert-webhooks/",
    normalise=normalise,
    where="Integrations → Outbound Webhooks → Generic Webhook → Add New: the address as URL, method POST, the rest as "
    "body; in each alert, notify it and turn on “Notify when resolved”",
    setup=_TEMPLATE,
    sample={
        "uuid": "00000000-0000-0000-0000-000000000000",
        "alert_id": "opsknight-test",
        "name": "OpsKnight test",
        "description": "Coralogix can reach OpsKnight",
        "alert_action": "trigger",
        "alert_url": "",
        "log_url": "",
        "fields": [
            {"key": "team", "value": "test"},
            {"key": "severity", "value": "INFO"},
            {"key": "priority", "value": "P5"},
        ],
    },
    retries_429=False,
)
