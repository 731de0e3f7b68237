"""What Splunk On-Call itself tells of its incidents: by outgoing webhooks, escalation webhooks and its API.

Sources: https://help.victorops.com/knowledge-base/custom-outbound-webhooks/ (whose default payload names
INCIDENT.…, ALERT.… and STATE.… without nesting them), https://portal.victorops.com/public/api-docs.html
and https://help.victorops.com/knowledge-base/escalation-webhooks/
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from opsknight.api.reading import asked, first, inner, instant, is_object, kept, link, one_line, scoped, word
from opsknight.domain.model.event import Action, Event, Link, Severity

Said: TypeAlias = dict[str, Any]
SLUG: Final = "splunk-oncall"

_PHASES: Final[Mapping[str, Action]] = {
    "unacked": Action.TRIGGER,
    "triggered": Action.TRIGGER,
    "acked": Action.ACKNOWLEDGE,
    "acknowledged": Action.ACKNOWLEDGE,
    "resolved": Action.RESOLVE,
}
_LAST_ALERTS: Final[Mapping[str, str]] = {
    "critical": "unacked",
    "warning": "unacked",
    "acknowledgement": "acked",
    "recovery": "resolved",
}
"""The phase that an alert leaves its incident in, where only the alert is told."""
_QUIET: Final = frozenset(("maintenance", "snoozed", "muted"))
_SEVERITIES: Final[Mapping[str, Severity]] = {
    "critical": Severity.CRITICAL,
    "warning": Severity.WARNING,
    "warn": Severity.WARNING,
}
_PHASE: Final = ("current_phase", "current_alert_phase", "alert_phase")
_NUMBER: Final = ("incident_id", "incident_number", "incident_num", "incident_name", "incident")
_TITLE: Final = (
    "entity_display_name", "display_name", "title", "service", "state_message", "summary", "incident_name", "message",
    "entity", "entity_id",
)  # fmt: skip
_STATE: Final = ("entity_state", "current_state", "message_type")
_DETAILS: Final = (
    "incident_name", "entity_id", "entity_state", "monitor_name", "monitor_type", "alert_count", "state_message",
    "routing_key", "ack_user", "ack_msg", "resolved_by",
)  # fmt: skip
_OTHERS: Final = frozenset(("chat", "oncall", "paging"))
_OTHER_NAMES: Final = ("chat.", "oncall.", "page.")
"""Of a chat, a shift and a page: that is no news of an incident."""
_HUMP: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")


class _Told(NamedTuple):
    incident: Said
    alert: Said
    state: Said
    beside: Said

    def first(self, *names: str) -> str:
        return next((said for one in self if (said := first(one, names))), "")


def read(payload: Said) -> list[Event] | None:
    """Return the event of an incident by its phase, none of one that is muted; None for anything else."""
    if "sourcetype" in payload and (event := inner(payload, "event")):  # as written for Splunk's own collector
        if word(event.get("type")) in _OTHERS:
            return []
        payload = event
    told = _told(payload)
    if not told.incident and any(name.lower().startswith(_OTHER_NAMES) for name in payload):
        return []
    phase = told.first(*_PHASE) or _LAST_ALERTS.get(word(told.alert.get("message_type")), "")
    if not phase and "message_type" not in payload and word(told.beside.get("state")) in _PHASES:
        phase = first(told.beside, ("state",))
    if not phase and not told.incident and ("message_type" in payload or not first(told.beside, _NUMBER)):
        return None
    number = (
        first(told.incident, _NUMBER)
        or first(told.state, _NUMBER)
        or first(told.beside, _NUMBER)
        or told.first("entity_id")
    )
    title = one_line(told.first(*_TITLE))
    if not number or not (phase or title):
        return None
    return _event(told, number.removeprefix("#"), title, phase)


def _event(told: _Told, number: str, title: str, phase: str) -> list[Event]:
    state = asked(_PHASES, phase or "none", quiet=_QUIET)
    is_muted = state.action is Action.TRIGGER and first(told.incident, ("is_muted",)).lower() == "true"
    if state.action is None or is_muted:
        return []
    details: Said = {}
    for one in reversed(told):
        details |= kept(one, _DETAILS)
    event = Event(
        action=state.action,
        dedup_key=scoped(SLUG, f"incident:{number}"),
        title=title or f"Splunk On-Call incident {one_line(number)}"[:1024],
        severity=next((_SEVERITIES[said] for one in told if (said := _bad(one))), Severity.ERROR),
        source=told.first("host", "host_name", "hostname"),
        component=told.first("service"),
        occurred_at=instant(told.first("last_timestamp")),
        started_at=instant(told.first("incident_timestamp", "start_time")),
        links=_links(told),
        details=state.marked(details),
    )
    return [event]


def _told(payload: Said) -> _Told:
    """Return what is said of the incident, of its last alert, of what it is about, and the rest."""
    told = _Told({}, {}, {}, {})
    parts = told._asdict()
    for name, value in payload.items():
        part, dot, within = name.partition(".")
        section = parts.get(part.lower())
        if section is not None and dot:
            section[_plainly(within)] = value
        elif section is not None and is_object(value):
            section.update((_plainly(inside), said) for inside, said in value.items())
        else:
            told.beside[_plainly(name)] = value
    return told


def _plainly(name: str) -> str:
    """Return a name as the incident's own fields are written: incidentNumber and INCIDENT_NUMBER are one."""
    return _HUMP.sub("_", name).lower()


def _bad(said: Said) -> str:
    return next((known for name in _STATE if (known := word(said.get(name))) in _SEVERITIES), "")


def _links(told: _Told) -> tuple[Link, ...]:
    found = (link(told.first(name), words=words) for name, words in (("alert_url", "Monitor"), ("info_url", "Info")))
    return tuple(one for one in found if one is not None)
