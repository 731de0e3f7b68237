"""What Icinga 2 sends: notification scripts, its event streams, and Icinga Notifications.

Sources: https://icinga.com/docs/icinga-2/latest/doc/03-monitoring-basics/#notifications (types and states),
https://icinga.com/docs/icinga-2/latest/doc/12-icinga2-api/#event-stream-types and
https://icinga.com/docs/icinga-notifications/latest/doc/10-Channels/ (object, event and incident).
The names of a script's fields are the user's; those that Icinga's own scripts use are known here, in any case and
with or without "_".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from opsknight.api.limits import excess
from opsknight.api.providers.provider import Context, Provider, Said
from opsknight.api.reading import first, flat, instant, is_object, link, rest, scoped, text, titled, word, zoned_instant
from opsknight.api.unknown import unknown_shape
from opsknight.domain.model.event import Action, Event, Link, Malformed, Severity, Unreadable

SLUG: Final = "icinga"

_TYPES: Final[Mapping[str, Action]] = {
    "problem": Action.TRIGGER,
    "recovery": Action.RESOLVE,
    "acknowledgement": Action.ACKNOWLEDGE,
    "acknowledgment": Action.ACKNOWLEDGE,
    "acknowledgementset": Action.ACKNOWLEDGE,
}
"""By the notification's type, and by the type of an event in a stream or of Icinga Notifications."""
_STATE_TYPES: Final = frozenset(
    ("", "statechange", "checkresult", "notification", "state", "host", "service", "incidentage", "icinga", "nagios")
)
"""Types after which the state decides."""
_QUIET_TYPES: Final = frozenset((
    "custom", "flapping", "flappingstart", "flappingend", "flappingstop", "downtime", "downtimestart", "downtimeend",
    "downtimeremoved", "downtimeadded", "downtimestarted", "downtimetriggered", "downtimecancelled", "commentadded",
    "commentremoved", "acknowledgementcleared", "objectcreated", "objectmodified", "objectdeleted", "mute", "unmute",
))  # fmt: skip
_STATES: Final[Mapping[str, Action]] = {
    "ok": Action.RESOLVE,
    "up": Action.RESOLVE,
    "warning": Action.TRIGGER,
    "critical": Action.TRIGGER,
    "unknown": Action.TRIGGER,
    "down": Action.TRIGGER,
    "unreachable": Action.TRIGGER,
    "crit": Action.TRIGGER,
    "err": Action.TRIGGER,
    "alert": Action.TRIGGER,
    "emerg": Action.TRIGGER,
    "notice": Action.TRIGGER,
    "info": Action.TRIGGER,
    "debug": Action.TRIGGER,
}
"""States of services and hosts, and the severities of Icinga Notifications."""
_SEVERITIES: Final[Mapping[str, Severity]] = {
    "critical": Severity.CRITICAL,
    "down": Severity.CRITICAL,
    "crit": Severity.CRITICAL,
    "alert": Severity.CRITICAL,
    "emerg": Severity.CRITICAL,
    "unknown": Severity.ERROR,
    "unreachable": Severity.ERROR,
    "err": Severity.ERROR,
    "warning": Severity.WARNING,
    "ok": Severity.INFO,
    "up": Severity.INFO,
    "notice": Severity.INFO,
    "info": Severity.INFO,
    "debug": Severity.INFO,
}
_SERVICE_STATES: Final = ("ok", "warning", "critical", "unknown")
_HOST_STATES: Final = ("up", "down")

_TYPE: Final = ("notificationtype", "eventtype", "type")
_HOST: Final = ("hostname", "host", "hostdisplayname", "hostalias", "hostaddress")
_SERVICE: Final = ("servicename", "servicedesc", "servicedescription", "service", "servicedisplayname")
_STATE: Final = (
    "servicestate",
    "hoststate",
    "state",
    "checkresultstate",
    "checkresultexitstatus",
    "incidentseverity",
    "status",
)
_OUTPUT: Final = ("serviceoutput", "hostoutput", "checkresultoutput", "output", "eventmessage", "message", "text")
_AT: Final = ("timestamp", "eventtime", "checkresultexecutionend", "longdatetime", "datetime", "timet")
_SINCE: Final = ("lastservicestatechange", "lasthoststatechange", "laststatechange")
_LINKS: Final = (
    ("servicenotesurl", "Runbook"), ("hostnotesurl", "Runbook"), ("notesurl", "Runbook"),
    ("incidenturl", "Incident"), ("objecturl", "Monitor"), ("url", "Monitor"), ("link", "Monitor"),
)  # fmt: skip
_INSIDE: Final = ("data", "payload", "details", "fields")
"""Objects that scripts put the fields of a host or a service into."""
_SHOWN: Final = frozenset(
    (*_TYPE, *_STATE, *_AT, *_SINCE, "hostname", "servicename", "servicedesc", "incident", "object", "statetype")
) | {"contactpager", "token", "escalationlevel"}
"""Fields that stand in the event itself, or are nobody's business: the pager holds the key of another product."""
_AS_MACRO: Final = {
    f"notification_{one}{said}": f"{one}_{said}"
    for one in ("host", "service")
    for said in ("name", "displayname", "state", "output")
} | {"notification_date": "datetime"}
"""Names of the variables of Icinga's own mail commands, by the macros that they hold."""


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return the one event of `payload`, none for downtime, flapping, comments and states not confirmed yet.

    Host and service are the dedup key.

    Raises:
        Malformed: nothing in it says what is wrong.
    """
    if not is_object(payload):
        raise Malformed("The Icinga payload is not a JSON object; does its notification command send one?")
    if context.may_exceed and (reason := excess(payload)):
        return [Unreadable(reason)]
    values = _opened(payload)
    said = _said(values)
    host, service = first(said, _HOST), first(said, _SERVICE)
    if not host and word(first(said, _TYPE)).replace(" ", "") in _QUIET_TYPES:  # a stream names it further inside
        return []
    if not host:
        return [_unknown(payload)]
    event = _event(values, said, host, service)
    return [] if event is None else [event]


def _opened(payload: Said) -> Said:
    """Return the fields, with those in an object inside, and without the prefix "ICINGA_" of the environment."""
    wrapped = next((name for name in _INSIDE if is_object(payload.get(name))), "")
    if wrapped:
        payload = {name: value for name, value in payload.items() if name != wrapped} | payload[wrapped]
    if kind := text(payload.get("escalation_level")):  # Zenduty's script names so what a notification is
        payload = {**payload, "notification_type": kind}
    names = ((name.removeprefix("ICINGA_"), value) for name, value in payload.items())
    return {_AS_MACRO.get(name, name): value for name, value in names}


def _said(values: Said) -> Said:
    """Return the fields by plain name, those that tell the object of Icinga Notifications too."""
    fields = flat(values)
    tags = fields.get("objecttags")
    if is_object(tags):
        fields.setdefault("hostname", tags.get("host"))
        fields.setdefault("servicename", tags.get("service"))
    return fields


def _unknown(payload: Said) -> Event:
    event = unknown_shape(SLUG, payload)
    if event is None:
        raise Malformed("The Icinga payload names no host; send $host.name$ as host_name.")
    return event


def _event(values: Said, said: Said, host: str, service: str) -> Event | None:
    state = _state(said, is_service=bool(service))
    action, unknown = _action(said, state)
    if action is None:
        return None
    output = first(said, _OUTPUT)
    subject = f"{service} on {host}" if service else f"Host {host}"
    title = f"{subject} is {state.upper() or action.upper()}" + (f": {output}" if output else "")
    return Event(
        action=action,
        dedup_key=scoped(SLUG, f"{host}!{service}" if service else host),
        title=titled(title, otherwise="Icinga notification"),
        severity=Severity.ERROR if unknown else _SEVERITIES.get(state, Severity.ERROR),
        source=host,
        component=service,
        occurred_at=next((at for name in _AT if (at := zoned_instant(said.get(name))) is not None), None),
        started_at=_since(said) if action is not Action.RESOLVE else None,
        links=_links(said),
        details=rest(values, _SHOWN) | ({"unknown_status": unknown} if unknown else {}),
    )


def _since(said: Said) -> datetime | None:
    return next((at for name in _SINCE if (at := instant(said.get(name))) is not None), None)


def _state(said: Said, *, is_service: bool) -> str:
    """Return the state in words; in streams it is a number: 0 to 3 of a service, 0 or 1 of a host."""
    names = _STATE if is_service else _STATE[1:]
    state = next((one for name in names if (one := word(text(said.get(name))))), "").removesuffix(".0")
    ids = _SERVICE_STATES if is_service else _HOST_STATES
    return ids[int(state)] if state in {"0", "1", "2", "3"} and int(state) < len(ids) else state


def _action(said: Said, state: str) -> tuple[Action | None, str]:
    """Return what is asked for, None for what pages nobody, and the word that is not known.

    The type decides where it does, else the state. One that is not confirmed yet (soft) pages nobody.
    """
    asked = word(first(said, _TYPE))
    kind = asked.replace(" ", "")
    of_object = "servicestatetype" if first(said, _SERVICE) else "hoststatetype"
    is_soft = first(said, ("statetype", of_object)).lower() in {"0", "0.0", "soft"}
    if kind in _QUIET_TYPES or (is_soft and kind not in _TYPES) or state == "pending":
        return None, ""
    if kind in _TYPES:
        return _TYPES[kind], ""
    if kind in _STATE_TYPES and state in _STATES:
        return _STATES[state], ""
    return Action.TRIGGER, state if kind in _STATE_TYPES else asked


def _links(said: Said) -> tuple[Link, ...]:
    found = (link(said.get(name), words=words) for name, words in _LINKS)
    return tuple({one.href: one for one in found if one is not None}.values())


PROVIDER: Final = Provider(
    slug=SLUG,
    label="Icinga",
    docs_url="https://icinga.com/docs/icinga-2/latest/doc/03-monitoring-basics/#notifications",
    normalise=normalise,
    form=True,
    where="In /etc/icinga2/conf.d/commands.conf; then apply notifications with them to hosts and services",
    setup="""\
object NotificationCommand "opsknight-host" {
  command = [ "/usr/bin/curl", "-sS", "-m", "10", "--retry", "3",
    "--data-urlencode", "notification_type=$notification.type$", "--data-urlencode", "host_name=$host.name$",
    "--data-urlencode", "host_state=$host.state$", "--data-urlencode", "host_output=$host.output$", "{address}" ]
}
object NotificationCommand "opsknight-service" {
  command = [ "/usr/bin/curl", "-sS", "-m", "10", "--retry", "3",
    "--data-urlencode", "notification_type=$notification.type$", "--data-urlencode", "host_name=$host.name$",
    "--data-urlencode", "service_name=$service.name$", "--data-urlencode", "service_state=$service.state$",
    "--data-urlencode", "service_output=$service.output$", "{address}" ]
}""",
    sample={
        "notification_type": "PROBLEM",
        "host_name": "web-1",
        "host_state": "UP",
        "service_name": "OpsKnight test",
        "service_state": "WARNING",
        "service_output": "WARNING - this is only a test",
    },
)
