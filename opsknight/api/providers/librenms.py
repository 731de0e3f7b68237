"""What LibreNMS's alert transport API sends: its own fields, or what an alert template makes of them.

Sources: https://docs.librenms.org/Alerting/Transports/ (API), https://docs.librenms.org/Alerting/Templates/ (fields)
and https://github.com/librenms/librenms/blob/master/LibreNMS/Enum/AlertState.php (states).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from opsknight.api.limits import excess
from opsknight.api.providers.provider import Context, Provider, Said
from opsknight.api.reading import (
    QUIET,
    first,
    flat,
    instant,
    is_object,
    link,
    rest,
    scoped,
    severity_of,
    stable,
    text,
    titled,
    word,
)
from opsknight.api.unknown import unknown_shape
from opsknight.domain.model.event import Action, Event, Malformed, Severity, Unreadable

SLUG: Final = "librenms"

_ACTIONS: Final[Mapping[str, Action]] = {
    "0": Action.RESOLVE,
    "1": Action.TRIGGER,
    "2": Action.ACKNOWLEDGE,
    "3": Action.TRIGGER,
    "4": Action.TRIGGER,
    "5": Action.TRIGGER,
    "ok": Action.RESOLVE,
    "clear": Action.RESOLVE,
    "recovered": Action.RESOLVE,
    "recovery": Action.RESOLVE,
    "resolved": Action.RESOLVE,
    "alert": Action.TRIGGER,
    "active": Action.TRIGGER,
    "alerting": Action.TRIGGER,
    "firing": Action.TRIGGER,
    "worse": Action.TRIGGER,
    "better": Action.TRIGGER,
    "changed": Action.TRIGGER,
    "acknowledged": Action.ACKNOWLEDGE,
    "ack": Action.ACKNOWLEDGE,
}
"""By state: clear, active, acknowledged, worse, better (some of it is still wrong), changed."""

_STATE: Final = ("alertstate", "state")
_STATUS: Final = ("alertstatus", "status")
_RECOVERED: Final = re.compile(r"Device [^\n]{1,200}? recovered from ", re.IGNORECASE)
_HOST: Final = ("hostname", "host", "devicehostname", "display", "sysname", "devicesysname", "ip", "deviceip")
_RULE: Final = ("name", "alertname", "rulename", "alertrule")
_TITLE: Final = ("title", "alerttitle", "subject", "summary")
_MESSAGE: Final = ("msg", "message", "alertmsg")
_TIME: Final = ("timestamp", "eventtimestamp", "alerttimestamp")
_LINK: Final = ("url", "alerturl", "deviceurl", "link")
_RUNBOOK: Final = ("proc", "runbook", "alertproc")
_SHOWN: Final = frozenset((
    "title", "hostname", "state", "severity", "name", "timestamp", "builder", "rule", "type", "os", "location",
    "display",
))  # fmt: skip


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return the one event of `payload`; device and rule are its dedup key, else the alert's id.

    Raises:
        Malformed: nothing in it says what is wrong.
    """
    if not is_object(payload):
        raise Malformed("The LibreNMS payload is not a JSON object and no form; choose POST and the body format JSON.")
    if context.may_exceed and (reason := excess(payload)):
        return [Unreadable(reason)]
    said = flat(payload)
    host, rule = first(said, _HOST), _rule(said)
    identity = _identity(said, host, rule)
    if not identity:
        return [_unknown(payload)]
    state = _state(said)
    if state in QUIET:
        return []
    message = first(said, _MESSAGE).partition("\n")[0]
    title = first(said, _TITLE) or (f"{rule} on {host}" if host and rule else rule or message or f"Alert on {host}")
    links = [link(said.get(name), words="Monitor") for name in _LINK]
    links += [link(said.get(name), words="Runbook") for name in _RUNBOOK]
    details = rest(payload, _SHOWN) | ({"unknown_status": state} if state and state not in _ACTIONS else {})
    return [
        Event(
            action=_ACTIONS.get(state, Action.TRIGGER),
            dedup_key=scoped(SLUG, identity),
            title=titled(title, otherwise="LibreNMS alert"),
            severity=_severity(said),
            source=host,
            component=rule,
            occurred_at=next((at for name in _TIME if (at := instant(said.get(name))) is not None), None),
            tags=_tags(said),
            links=tuple({one.href: one for one in links if one is not None}.values()),
            details=details,
        )
    ]


def _unknown(payload: Said) -> Event:
    event = unknown_shape(SLUG, payload)
    if event is None:
        raise Malformed("The LibreNMS payload has neither a device nor a rule; send device_id and rule_id.")
    return event


def _state(said: Said) -> str:
    """Return the alert's state; without one what a template calls its status, else what the title says.

    A status of 0 or 1 is the device's. Titles that LibreNMS makes are “Device sw-1 recovered from CPU”.
    """
    if state := next((one for name in _STATE if (one := word(text(said.get(name))))), ""):
        return state
    if (status := word(first(said, _STATUS))) in _ACTIONS and not status.isdigit():
        return status
    return "recovered" if _RECOVERED.match(first(said, _TITLE)) else ""


def _identity(said: Said, host: str, rule: str) -> str:
    """Return device and rule; `id` and `uid` are new with each change of the alert."""
    device = first(said, ("deviceid", "devicedeviceid"))
    rule_id = first(said, ("ruleid", "alertruleid"))
    if device and rule_id:
        return f"device:{device}:rule:{rule_id}"
    if alert := first(said, ("alertid",)):
        return f"alert:{alert}"
    if (host or device) and (rule or rule_id):
        return stable(host or device, rule or rule_id)
    if first(said, _TITLE) and (host or device):
        return stable(host or device)
    return ""


def _rule(said: Said) -> str:
    """Return the rule's name; `rule` itself is its query as JSON, except where a template says otherwise."""
    if name := first(said, _RULE):
        return name
    rule = first(said, ("rule",))
    return "" if rule.startswith(("{", "[")) else rule


def _severity(said: Said) -> Severity:
    return severity_of(first(said, ("severity", "alertseverity"))) or Severity.ERROR


def _tags(said: Said) -> dict[str, str]:
    return {name: tag for name in ("os", "type", "location") if (tag := first(said, (name, f"device{name}")))}


PROVIDER: Final = Provider(
    slug=SLUG,
    label="LibreNMS",
    docs_url="https://docs.librenms.org/Alerting/Transports/#api",
    normalise=normalise,
    form=True,
    query=True,
    where="Alerts → Alert Transports → Create alert transport, type API, method POST; then at the alert rules, with"
    " Recovery alerts on",
    setup="""\
API URL: {address}
Headers: Content-Type=application/json
Body: {"device_id": "{{ $device_id }}", "rule_id": "{{ $rule_id }}", "hostname": "{{ $hostname }}", \
"title": "{{ $title }}", "name": "{{ $name }}", "state": "{{ $state }}", "severity": "{{ $severity }}", \
"timestamp": "{{ $timestamp }}"}""",
    sample={
        "title": "Alert for device web-1 - OpsKnight test",
        "hostname": "web-1",
        "device_id": "7",
        "rule_id": "3",
        "name": "OpsKnight test",
        "severity": "warning",
        "state": "1",
        "timestamp": "2026-11-24 10:23:20",
    },
)
