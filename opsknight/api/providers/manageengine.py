"""What ManageEngine posts: OpManager's webhooks, Applications Manager's actions, ServiceDesk Plus's callouts.

Sources: https://www.manageengine.com/network-monitoring/help/workflow-variables.html (OpManager's variables),
https://www.manageengine.com/network-monitoring/help/notification-profiles.html and
https://www.manageengine.com/products/applications_manager/help/rest-api-action.html
The body is the user's, as JSON or as a form; fields that the variables suggest are known here, in any case and with or
without "_".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from opsknight.api.limits import excess
from opsknight.api.parse import parse
from opsknight.api.providers.provider import Context, Provider, Said, each
from opsknight.api.reading import (
    QUIET,
    first,
    flat,
    is_list,
    is_object,
    link,
    rest,
    scoped,
    stable,
    text,
    titled,
    word,
    zoned_instant,
)
from opsknight.api.unknown import of_another_pager, unknown_shape
from opsknight.domain.model.event import Action, Event, Link, Malformed, Severity, Unreadable

SLUG: Final = "manageengine"
MAX_EVENTS: Final = 1_000

_SEVERITIES: Final[Mapping[str, Severity]] = {
    one: severity
    for severity, words in {
        Severity.CRITICAL: "critical, 1, service down, servicedown, device down, 4, down, urgent, emergency",
        Severity.ERROR: "trouble, 2, error, high, major, high medium, unavailable",
        Severity.WARNING: "attention, 3, warning, medium, moderate, minor, normal priority, low medium",
        Severity.INFO: "info, information, 6, low, clear, 5, up, ok, normal, 0",
    }.items()
    for one in words.split(", ")
}
"""OpManager's severities by word and number, the health and availability of Applications Manager, and urgencies."""
_CLEAR: Final = frozenset(("clear", "cleared", "5", "up", "ok", "normal", "good", "healthy", "available"))
_ACTIONS: Final[Mapping[str, Action]] = {
    "acknowledge": Action.ACKNOWLEDGE,
    "acknowledged": Action.ACKNOWLEDGE,
    "ack": Action.ACKNOWLEDGE,
    "clear": Action.RESOLVE,
    "cleared": Action.RESOLVE,
    "resolve": Action.RESOLVE,
    "resolved": Action.RESOLVE,
    "close": Action.RESOLVE,
    "closed": Action.RESOLVE,
    "recovered": Action.RESOLVE,
    "trigger": Action.TRIGGER,
    "unacknowledge": Action.TRIGGER,
    "unacknowledged": Action.TRIGGER,
    "open": Action.TRIGGER,
    "reopen": Action.TRIGGER,
    "reopened": Action.TRIGGER,
    "active": Action.TRIGGER,
    "new": Action.TRIGGER,
    "problem": Action.TRIGGER,
    "down": Action.TRIGGER,
    "trouble": Action.TRIGGER,
    "critical": Action.TRIGGER,
    "warning": Action.TRIGGER,
    "attention": Action.TRIGGER,
}
"""What an action or a status asks for."""
_QUIET: Final = QUIET | {"assign", "pickup", "on hold", "onhold", "suppress", "note", "note added", "add note"}

_STATUS: Final = ("status", "eventstatus", "state", "alarmstatus")
_SEVERITY: Final = ("stringseverity", "severitystring", "severity", "alarmseverity", "severityid")
_HEALTH: Final = ("health", "healthstatus", "availability", "availabilitystatus")
_URGENCY: Final = ("urgency", "priority", "level")
_TITLE: Final = (
    "message", "subject", "alarmmessage", "rcamsgplaintext", "rcamessage", "incidentreason", "title", "description",
    "text",
)  # fmt: skip
_HOST: Final = (
    "displayname", "devicename", "monitorname", "resourcename", "hostname", "host", "source", "ipaddress", "hostip",
)  # fmt: skip
_PART: Final = ("attribute", "attributename", "ifname", "interfacename", "monitor")
_AT: Final = ("modtime", "timestamp", "incidenttimeiso", "time", "strmodtime", "date")
_LINKS: Final = (
    ("alarmurl", "Monitor"), ("url", "Monitor"), ("link", "Monitor"), ("rcalinkofthealarm", "Root cause"),
    ("rcalink", "Root cause"), ("monitorurl", "Website"),
)  # fmt: skip
_SHOWN: Final = frozenset((*_STATUS, *_SEVERITY, "message", "displayname", "action", *(name for name, _ in _LINKS)))
_INSIDE: Final = ("alarm", "alert", "request", "event", "data", "incident")
_FORM: Final = ("input_data", "payload", "data")

_TAG: Final = re.compile(r"<[^<>]{1,200}>")
MAX_MESSAGE: Final = 8192
"""Characters of a message that are looked at."""

_UNRENDERED: Final = re.compile(r"\$[A-Za-z_][A-Za-z0-9_]*(?:\([^()]{0,80}\))?")


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return the one event of an object, or one for each object of a list; none for what is assigned or in maintenance.

    OpManager's entity is the dedup key, which an alarm and its clear share; else the alarm's id;
    else the resource and its attribute; else the device.

    Raises:
        Malformed: nothing in it says what is wrong.
    """
    if is_list(payload) and payload:
        if len(payload) > MAX_EVENTS:
            raise Malformed(f"The ManageEngine payload holds more than {MAX_EVENTS:,} alarms; send fewer at once.")
        return each(payload, _event, what="Alarm", context=context)
    if not is_object(payload):
        raise Malformed("The ManageEngine payload is not a JSON object and no form; paste the body into its webhook.")
    if context.may_exceed and (reason := excess(payload)):
        return [Unreadable(reason)]
    if written := of_another_pager(SLUG, payload):
        return written
    event = _event(payload)
    return [] if event is None else [event]


def _event(payload: Said) -> Event | None:
    values = _opened(payload)
    said = {name: _named(value) for name, value in flat(values, unrendered=_UNRENDERED).items()}
    said = {
        name: value for name, value in said.items() if not (isinstance(value, str) and _UNRENDERED.fullmatch(value))
    }
    host, part = first(said, _HOST), first(said, _PART)
    title = " ".join(_TAG.sub(" ", first(said, _TITLE)[:MAX_MESSAGE]).split())
    identity = _identity(said, host, part)
    if not identity:
        return _unknown(payload)
    action, unknown = _action(said)
    if action is None:
        return None
    subject = " on ".join(one for one in (part, host) if one)
    return Event(
        action=action,
        dedup_key=scoped(SLUG, identity),
        title=titled(title, f"Alarm: {subject or identity}", otherwise="ManageEngine alarm"),
        severity=_severity(said, action, unknown),
        source=host,
        component=part or first(said, ("category",)),
        occurred_at=next((at for name in _AT if (at := zoned_instant(said.get(name))) is not None), None),
        links=_links(said),
        details=rest(values, _SHOWN, unrendered=_UNRENDERED) | ({"unknown_status": unknown} if unknown else {}),
    )


def _unknown(payload: Said) -> Event:
    event = unknown_shape(SLUG, payload)
    if event is None:
        raise Malformed("The ManageEngine payload names no alarm; send displayName, entity and message.")
    return event


def _opened(payload: Said) -> Said:
    """Return the alarm without what it is wrapped in: an object, or JSON as a field of a form."""
    for name in _FORM:
        written = payload.get(name)
        if isinstance(written, str) and written.strip().startswith("{"):
            try:
                payload = payload | {name: parse(written.encode(errors="replace")).payload}
            except Malformed:
                continue
            break
    for name in (*_FORM, *_INSIDE):
        inner = payload.get(name)
        if is_object(inner):
            outer = {field: value for field, value in payload.items() if field != name}
            within = next((one for deeper in _INSIDE if is_object(one := inner.get(deeper))), inner)
            return outer | within
    return payload


def _named(value: Any) -> Any:
    """Return the name of what ServiceDesk Plus sends as {"id": …, "name": …}."""
    return first(value, ("name", "label", "value")) if is_object(value) else value


def _identity(said: Said, host: str, part: str) -> str:
    if entity := first(said, ("dedupkey", "entity")):
        return entity
    if alarm := first(said, ("alarmid", "alarmcode")):
        return f"alarm:{alarm}"
    if resource := first(said, ("resourceid", "monitorid")):
        return f"resource:{resource}:{first(said, ('attributeid', 'attribute', 'attributename'))}"
    if host:
        return stable(host, part)
    request = first(said, ("id", "requestid", "displayid"))
    return f"request:{request}" if request else ""


def _words(said: Said, names: Iterable[str]) -> list[str]:
    return [one for name in names if (one := word(text(said.get(name))))]


def _action(said: Said) -> tuple[Action | None, str]:
    """Return what is asked for, None for what pages nobody, and the word that is not known.

    Whatever says first that something is wrong decides: clear are only those of which each says so.
    """
    flags = _words(said, ("acknowledged", "isacknowledged"))
    if any(one in {"true", "yes", "1", "acknowledged"} for one in flags):
        return Action.ACKNOWLEDGE, ""
    asked = next(iter(_words(said, ("action", "operation"))), "")
    if asked in _QUIET:
        return None, ""
    if asked in _ACTIONS:
        return _ACTIONS[asked], ""
    status = _words(said, _STATUS)[:1]
    if status and status[0] in _QUIET:
        return None, ""
    if status and status[0] not in _CLEAR - _ACTIONS.keys():
        return _ACTIONS.get(status[0], Action.TRIGGER), "" if status[0] in _ACTIONS else status[0]
    stated = status + _words(said, _SEVERITY)[:1] + _words(said, _HEALTH)
    if stated and all(one in _CLEAR for one in stated):
        return Action.RESOLVE, ""
    unknown = next((one for one in stated if one not in _SEVERITIES and one not in _CLEAR), "")
    return Action.TRIGGER, unknown


def _severity(said: Said, action: Action, unknown: str) -> Severity:
    """Return how bad it is by the alarm's severity, else the worst of health, availability, urgency and status.

    What says a word that is not known is an error at least.
    """
    if action is Action.RESOLVE:
        return Severity.INFO
    for names in (_SEVERITY, (*_HEALTH, *_URGENCY), _STATUS):
        found = [_SEVERITIES[one] for one in _words(said, names) if one in _SEVERITIES]
        if names is _SEVERITY:
            found = found[:1]
        if found:
            return min([*found, Severity.ERROR] if unknown else found, key=list(Severity).index)
    return Severity.ERROR


def _links(said: Said) -> tuple[Link, ...]:
    found = (link(said.get(name), words=words) for name, words in _LINKS)
    return tuple({one.href: one for one in found if one is not None}.values())


PROVIDER: Final = Provider(
    slug=SLUG,
    label="ManageEngine",
    docs_url="https://www.manageengine.com/network-monitoring/help/notification-profiles.html",
    normalise=normalise,
    form=True,
    where="OpManager: Settings → Notifications → Notification Profiles → Add → Invoke a Webhook, POST, raw JSON; also"
    " for when the alarm is cleared",
    setup="""\
Hook URL: {address}
{"alarmid": "$alarmid", "entity": "$entity", "displayName": "$displayName", "stringseverity": "$stringseverity", \
"severity": "$severity", "message": "$message", "category": "$category", "eventType": "$eventType", \
"strModTime": "$strModTime", "ipAddress": "$DeviceField(ipAddress)"}""",
    sample={
        "alarmid": "4092",
        "entity": "web-1_OpsKnight_test",
        "displayName": "web-1",
        "stringseverity": "Attention",
        "severity": "3",
        "message": "OpsKnight test: this is only a test",
        "category": "Server",
    },
)
