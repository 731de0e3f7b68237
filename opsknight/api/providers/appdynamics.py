"""Splunk AppDynamics: HTTP request actions, whose body is a template.

Source: https://help.splunk.com/en/appdynamics-saas/get-started/26.4.0/alert-and-respond/actions/predefined-templating-variables
A template names its fields freely; those that its variables suggest are known here, also inside
“event”, “latestEvent” or “details”, and several at once in “events”.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from opsknight.api.limits import excess
from opsknight.api.providers.provider import Context, Provider, Said, each
from opsknight.api.reading import (
    by_path,
    inner,
    instant,
    is_list,
    is_object,
    link,
    one_line,
    scoped,
    stable,
    text,
    word,
)
from opsknight.api.unknown import unknown_shape
from opsknight.domain.model.event import Action, Event, Link, Malformed, Severity, Unreadable

SLUG: Final = "appdynamics"
MAX_EVENTS: Final = 1000
MAX_SUMMARY: Final = 4096
"""Characters of a summary that are looked at."""


def _types(names: str, action: Action) -> dict[str, Action]:
    """Return the types of health rule and anomaly events, as AppDynamics and its screens write them."""
    return {
        written.format(name, level): action
        for name in names.split(", ")
        for level in ("warning", "critical")
        for written in ("policy {} {}", "anomaly {} {}")
    }


_ACTIONS: Final[Mapping[str, Action]] = {
    **_types("open, continues, upgraded, downgraded", Action.TRIGGER),
    **_types("close, closed, canceled, cancelled", Action.RESOLVE),
    **dict.fromkeys(("policy open", "policy violation open", "policy violation opened"), Action.TRIGGER),
    **dict.fromkeys(("policy violation started", "policy violation continues"), Action.TRIGGER),
    **dict.fromkeys(("policy close", "policy closed", "policy canceled", "policy cancelled"), Action.RESOLVE),
    **dict.fromkeys(("policy violation close", "policy violation closed", "policy violation ended"), Action.RESOLVE),
    **dict.fromkeys(("policy violation canceled", "policy violation cancelled"), Action.RESOLVE),
    "policy upgraded": Action.TRIGGER,
    "policy downgraded": Action.TRIGGER,
    "anomaly upgraded": Action.TRIGGER,
    "anomaly downgraded": Action.TRIGGER,
    "health rule violation started warning": Action.TRIGGER,
    "health rule violation started critical": Action.TRIGGER,
    "health rule violation continues warning": Action.TRIGGER,
    "health rule violation continues critical": Action.TRIGGER,
    "health rule violation upgraded warning to critical": Action.TRIGGER,
    "health rule violation downgraded critical to warning": Action.TRIGGER,
    "health rule violation ended warning": Action.RESOLVE,
    "health rule violation ended critical": Action.RESOLVE,
    "health rule violation canceled warning": Action.RESOLVE,
    "health rule violation canceled critical": Action.RESOLVE,
    "ended health rule violation": Action.RESOLVE,
    "canceled health rule violation": Action.RESOLVE,
    "trigger": Action.TRIGGER,
    "create": Action.TRIGGER,
    "open": Action.TRIGGER,
    "acknowledge": Action.ACKNOWLEDGE,
    "resolve": Action.RESOLVE,
    "resolved": Action.RESOLVE,
    "close": Action.RESOLVE,
    "closed": Action.RESOLVE,
}
_SEVERITIES: Final[Mapping[str, Severity]] = {
    "critical": Severity.CRITICAL,
    "error": Severity.ERROR,
    "warn": Severity.WARNING,
    "warning": Severity.WARNING,
    "info": Severity.INFO,
}
_TYPE: Final = ("eventtypekey", "eventtype", "type", "class")
"""The key first: what is written for PagerDuty calls event_type what it asks for."""
_STATE: Final = ("eventaction", "action", "status", "state")
_NAME: Final = ("displayname", "eventname", "name")
_TITLE: Final = ("summarymessage", "summary", "description", "displayname", "eventname", "name", "eventmessage")
_IDENTITY: Final = ("incidentid", "incidentkey", "dedupkey")
_RULE: Final = ("healthrulename", "healthruleid", "anomalyname")
_APPLICATION: Final = ("applicationname", "appname", "app", "application")
_SOURCE: Final = ("nodename", "node", "tiername", "affectedentityname", "dbname")
_URL: Final = ("deeplink", "eventdeeplink", "url", "href", "link")
_DETAIL_NAMES: Final = (
    "displayname, eventname, summarymessage, summary, eventmessage, message, eventtype, healthrulename, incidentname,"
    " tiername, nodename, applicationname, policyname, guid"
)
_DETAILS: Final = _DETAIL_NAMES.split(", ")
_INSIDE: Final = ("event", "latestEvent", "latest_event", "details", "payload")
_TAG: Final = re.compile(r"<[^<>]{1,80}>")
_BOLD: Final = re.compile(r"<b>([^<>]{1,400})</b>")
"""AppDynamics writes first what has a problem in bold, then which rule, last how bad it is."""

_UNRENDERED: Final = re.compile(r"\$!?\{[^{}]*\}|\$!?[A-Za-z][\w.]*")


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return the event of each health rule violation or other event that the template lists.

    The dedup key is the violation (incident) where the template names it, else the key that it gives,
    else the rule with its application, tier and node.

    Raises:
        Malformed: it is no object, or says nothing.
    """
    if not is_object(payload):
        raise Malformed("The AppDynamics payload is not a JSON object.")
    listed: Any = payload.get("events")
    if is_list(listed) and listed:
        if len(listed) > MAX_EVENTS:
            raise Malformed(f"The AppDynamics payload holds more than {MAX_EVENTS:,} events; clamp its event list.")
        outer = {name: value for name, value in payload.items() if not isinstance(value, list | dict)}
        return each(listed, partial(_one, outer), what="Event", context=context)
    if context.may_exceed and (reason := excess(payload)):
        return [Unreadable(reason)]
    event = _event(payload) or unknown_shape(SLUG, payload)
    if event is None:
        raise Malformed(
            "The AppDynamics payload says nothing that is known; use the template on the integration's page."
        )
    return [event]


def _one(outer: Said, element: Said) -> Event:
    event = _event(outer | element)
    if event is None:
        raise Malformed("it has neither a name nor a summary.")
    return event


def _event(payload: Said) -> Event | None:
    """Return the event of one template's body, None where nothing in it is known."""
    said = _fields(payload)
    status, action = _status(said, payload)
    title = _title(_first(said, _TITLE) or _raw(payload))
    identity = _identity(said, payload, title)
    if not title or not identity:
        return None
    severity = _SEVERITIES.get(word(said.get("severity")), Severity.ERROR)
    if status.endswith(" critical") and severity is Severity.ERROR:
        severity = Severity.CRITICAL
    around = inner(payload, "payload")  # of a template that is written for PagerDuty
    details = {name: said[name] for name in _DETAILS if said.get(name) not in (None, "", [], {})}
    return Event(
        action=action or Action.TRIGGER,
        dedup_key=scoped(SLUG, identity),
        title=title,
        severity=severity,
        source=_first(said, _SOURCE) or _first(around, ("source",)),
        component=_first(said, ("tiername", *_APPLICATION)) or _first(around, ("component", "group")),
        occurred_at=_instant(_first(said, ("eventtime", "lastreceived", "triggertime"))),
        tags={name: tag for name in _APPLICATION[:2] if (tag := _first(said, (name,)))},
        links=_links(said, payload),
        details=details if action or not status else details | {"unknown_status": status},
    )


def _status(said: Said, payload: Said) -> tuple[str, Action | None]:
    """Return the words that tell what happened, and what they ask for.

    First by the event's own type, then by what a template of PagerDuty's shape says around it, else
    by the event's name. Other types of events (a slow transaction, a deployment) trigger and have no end.
    """
    around = payload.get("event_type") or payload.get("eventType")
    words = [found for one in (*map(said.get, _TYPE), around, *map(said.get, _STATE)) if (found := word(one))]
    words = words or [found for one in map(said.get, _NAME) if (found := word(one)) in _ACTIONS]
    known = next((one for one in words if one in _ACTIONS), "")
    return known or (words[0] if words else ""), _ACTIONS.get(known)


def _fields(payload: Said) -> Said:
    """Return the fields by plain names, the innermost first, without variables that stayed as they were."""
    fields: Said = {}
    for inside in (*(inner(payload, name) for name in _INSIDE), payload):
        rendered = {name: value for name, value in inside.items() if not _is_unrendered(value)}
        for name, value in by_path(rendered).items():
            if value is not None and not _is_unrendered(value):
                fields.setdefault(name, value)
    return fields


def _is_unrendered(value: Any) -> bool:
    return isinstance(value, str) and _UNRENDERED.fullmatch(value.strip()) is not None


def _first(said: Said, names: Iterable[str]) -> str:
    return next((found for name in names if (found := text(said.get(name)))), "")


def _title(summary: str) -> str:
    """Return a summary on one line, without the HTML that AppDynamics writes it in."""
    return one_line(_TAG.sub("", summary[:MAX_SUMMARY].replace("<br>", " "))).strip()


def _raw(payload: Said) -> str:
    """Return a title that a template left unfilled: better than no page."""
    titles = (
        _first(by_path(inside, deep=1), _TITLE) for inside in (payload, *(inner(payload, name) for name in _INSIDE))
    )
    return next(filter(None, titles), "")


def _identity(said: Said, payload: Said, title: str) -> str:
    if given := _first(said, _IDENTITY):
        return given
    place = [_first(said, names) for names in (_APPLICATION, ("tiername",), ("nodename",))]
    if rule := _first(said, _RULE):
        return f"{rule}:{stable(*place)}"
    named = _BOLD.findall(_first(said, ("summarymessage", "summary", "description"))[:MAX_SUMMARY])
    if len(named) > 1:
        return stable("violation", *named[:2], *place)
    return _first(by_path(payload, deep=1), _IDENTITY) or (stable("title", title, *place) if title else "")


def _links(said: Said, payload: Said) -> tuple[Link, ...]:
    found = [link(said.get(name), words="AppDynamics") for name in _URL]
    contexts: Any = payload.get("contexts")
    shown = [one for one in contexts if is_object(one)] if is_list(contexts) else []
    found += [link(one.get("href"), words=one_line(text(one.get("text"))) or "AppDynamics") for one in shown]
    found.append(link(said.get("controllerurl"), words="Controller"))
    distinct = {one.href: one for one in found if one is not None}
    return tuple(distinct.values())[:5]


def _instant(value: str) -> datetime | None:
    """Return what a time means; Java writes “Mon Apr 03 02:04:55 UTC 2023”."""
    if (at := instant(value)) is not None:
        return at
    with suppress(ValueError):
        return datetime.strptime(value[:40].replace(" GMT ", " UTC "), "%a %b %d %H:%M:%S UTC %Y").replace(tzinfo=UTC)
    return None


_TEMPLATE: Final = """\
{address}

{
  "event": {
    "eventType": "${latestEvent.eventType}",
    "id": "${latestEvent.id}",
    "guid": "${latestEvent.guid}",
    "eventTime": "${latestEvent.eventTime}",
    "displayName": "${latestEvent.displayName}",
    "summaryMessage": "${latestEvent.summaryMessage}",
    "severity": "${latestEvent.severity}",
    "application": {"name": "${latestEvent.application.name}"},
    "tier": {"name": "${latestEvent.tier.name}"},
    "node": {"name": "${latestEvent.node.name}"},
    "healthRule": {"name": "${latestEvent.healthRule.name}"},
    "incident": {"id": "${latestEvent.incident.id}"},
    "deepLink": "${latestEvent.deepLink}"
  }
}"""

PROVIDER: Final = Provider(
    slug=SLUG,
    label="AppDynamics",
    docs_url="https://help.splunk.com/en/appdynamics-saas/get-started/26.4.0/alert-and-respond/actions/http-request-actions-and-templates",
    normalise=normalise,
    where="Alert & Respond → HTTP Request Templates → New: the address as Raw URL with method POST, the rest as "
    "payload of MIME type application/json, One Request Per Event; then let your policies' actions use it, "
    "also when a health rule violation ends",
    setup=_TEMPLATE,
    sample={
        "event": {
            "eventType": "POLICY_OPEN_WARNING",
            "id": "0",
            "guid": "00000000-0000-0000-0000-000000000000",
            "eventTime": "Thu Jan 01 00:00:00 UTC 2026",
            "displayName": "Health Rule Violation Started - Warning",
            "summaryMessage": "OpsKnight test: AppDynamics can reach OpsKnight",
            "severity": "INFO",
            "application": {"name": "test"},
            "tier": {"name": "test"},
            "node": {"name": "test"},
            "healthRule": {"name": "OpsKnight test"},
            "incident": {"id": "0"},
            "deepLink": "",
        }
    },
    retries_429=False,
)
