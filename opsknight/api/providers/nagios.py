"""What notification commands of Nagios Core and Nagios XI post: its macros as JSON or a form.

Sources: https://assets.nagios.com/downloads/nagioscore/docs/nagioscore/4/en/macrolist.html and
https://assets.nagios.com/downloads/nagioscore/docs/nagioscore/4/en/notifications.html
The names of the fields are the user's; those that the macros suggest are known here, in any case and with or
without "_". Also read is what forks of it (Naemon, Shinken) send.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from opsknight.api.limits import excess
from opsknight.api.providers.provider import Context, Provider, Said
from opsknight.api.reading import first, flat, instant, is_object, link, rest, scoped, text, titled, word, zoned_instant
from opsknight.api.unknown import unknown_shape
from opsknight.domain.model.event import Action, Event, Link, Malformed, Severity, Unreadable

SLUG: Final = "nagios"

_TYPES: Final[Mapping[str, Action]] = {
    "problem": Action.TRIGGER,
    "recovery": Action.RESOLVE,
    "acknowledgement": Action.ACKNOWLEDGE,
    "acknowledgment": Action.ACKNOWLEDGE,
    "acknowledged": Action.ACKNOWLEDGE,
}
"""By $NOTIFICATIONTYPE$."""
_QUIET_TYPES: Final = frozenset((
    "flappingstart", "flappingstop", "flappingdisabled", "downtimestart", "downtimeend", "downtimecancelled", "custom",
))  # fmt: skip
"""Notifications of what is neither a problem nor its end."""
_OBJECTS: Final = frozenset(("service", "host", "nagios", "icinga"))
"""What some commands write as the type: of what it is a notification, or who sends it, not which."""
_STATES: Final[Mapping[str, Action]] = {
    "ok": Action.RESOLVE,
    "up": Action.RESOLVE,
    "warning": Action.TRIGGER,
    "critical": Action.TRIGGER,
    "unknown": Action.TRIGGER,
    "down": Action.TRIGGER,
    "unreachable": Action.TRIGGER,
}
_SEVERITIES: Final[Mapping[str, Severity]] = {
    "critical": Severity.CRITICAL,
    "down": Severity.CRITICAL,
    "unknown": Severity.ERROR,
    "unreachable": Severity.ERROR,
    "warning": Severity.WARNING,
    "ok": Severity.INFO,
    "up": Severity.INFO,
}
_SERVICE_STATES: Final = ("ok", "warning", "critical", "unknown")
_HOST_STATES: Final = ("up", "down", "unreachable")
"""By $SERVICESTATEID$ and $HOSTSTATEID$."""

_TYPE: Final = ("notificationtype", "type")
_HOST: Final = ("hostname", "host", "hostdisplayname", "hostalias", "hostaddress")
_SERVICE: Final = ("servicedescription", "servicedesc", "servicename", "service", "servicedisplayname")
_STATE: Final = ("servicestate", "hoststate", "state", "servicestateid", "hoststateid", "status")
_OUTPUT: Final = ("serviceoutput", "hostoutput", "pluginoutput", "output", "message", "text")
_AT: Final = ("timet", "timestamp", "longdatetime", "datetime")
_SINCE: Final = ("lastservicestatechange", "lasthoststatechange")
_LINKS: Final = (
    ("servicenotesurl", "Runbook"), ("hostnotesurl", "Runbook"), ("notesurl", "Runbook"),
    ("serviceactionurl", "Graph"), ("hostactionurl", "Graph"), ("actionurl", "Graph"), ("url", "Monitor"),
)  # fmt: skip
_SHOWN: Final = frozenset((
    *_TYPE, *_STATE, *_AT, *_SINCE, "hostname", "servicedescription", "servicedesc", "contactpager",
    *(name for name, _ in _LINKS),
))  # fmt: skip
_INSIDE: Final = ("details", "macros", "payload", "data")

_UNRENDERED: Final = re.compile(r"\$[A-Z_]+\$")


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return the one event of `payload`, none for downtime, flapping and custom notifications.

    Host and service are the dedup key: the problem's id is 0 in its recovery.

    Raises:
        Malformed: nothing in it says what is wrong.
    """
    if not is_object(payload):
        raise Malformed("The Nagios payload is not a JSON object; does its notification command send one?")
    if context.may_exceed and (reason := excess(payload)):
        return [Unreadable(reason)]
    values = _opened(payload)
    said = flat(values, unrendered=_UNRENDERED)
    host, service = first(said, _HOST), first(said, _SERVICE)
    if not host:
        return [_unknown(payload)]
    event = _event(values, said, host, service)
    return [] if event is None else [event]


def _opened(payload: Said) -> Said:
    """Return the macros, with those in an object inside, and without the prefix "NAGIOS_" of the environment."""
    inner = next(((name, one) for name in _INSIDE if is_object(one := payload.get(name))), None)
    if inner is not None:
        payload = {name: value for name, value in payload.items() if name != inner[0]} | inner[1]
    return {name.removeprefix("NAGIOS_"): value for name, value in payload.items()}


def _unknown(payload: Said) -> Event:
    event = unknown_shape(SLUG, payload)
    if event is None:
        raise Malformed("The Nagios payload names no host; send $HOSTNAME$ as host_name.")
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
        title=titled(title, otherwise="Nagios notification"),
        severity=Severity.ERROR if unknown else _SEVERITIES.get(state, Severity.ERROR),
        source=host,
        component=service,
        occurred_at=next((at for name in _AT if (at := zoned_instant(said.get(name))) is not None), None),
        started_at=_since(said) if action is not Action.RESOLVE else None,
        links=_links(said),
        details=rest(values, _SHOWN, unrendered=_UNRENDERED) | ({"unknown_status": unknown} if unknown else {}),
    )


def _since(said: Said) -> datetime | None:
    return next((at for name in _SINCE if (at := instant(said.get(name))) is not None), None)


def _state(said: Said, *, is_service: bool) -> str:
    names = _STATE if is_service else _STATE[1:]
    state = next((one for name in names if (one := word(text(said.get(name))))), "")
    ids = _SERVICE_STATES if is_service else _HOST_STATES
    return ids[int(state)] if state in {"0", "1", "2", "3"} and int(state) < len(ids) else state


def _action(said: Said, state: str) -> tuple[Action | None, str]:
    """Return what is asked for, None for what pages nobody, and the word that is not known.

    The notification's type decides, else the state. A state that is not confirmed yet (SOFT) pages nobody.
    """
    asked = word(first(said, _TYPE))
    kind = "" if asked in _OBJECTS else asked.replace(" ", "")
    if kind in _QUIET_TYPES or (not kind and _is_soft(said)) or state == "pending":
        return None, ""
    if kind in _TYPES:
        return _TYPES[kind], ""
    if kind or state not in _STATES:
        return Action.TRIGGER, asked or state
    return _STATES[state], ""


def _is_soft(said: Said) -> bool:
    """Say whether a state is not confirmed yet; of a service its own counts, not its host's."""
    names = ("statetype", "servicestatetype" if first(said, _SERVICE) else "hoststatetype")
    return "soft" in {word(said.get(name)) for name in names}


def _links(said: Said) -> tuple[Link, ...]:
    found = (link(said.get(name), words=words) for name, words in _LINKS)
    return tuple({one.href: one for one in found if one is not None}.values())


PROVIDER: Final = Provider(
    slug=SLUG,
    label="Nagios",
    docs_url="https://assets.nagios.com/downloads/nagioscore/docs/nagioscore/4/en/notifications.html",
    normalise=normalise,
    form=True,
    where="In a configuration file of Nagios (commands.cfg); then set both commands at the contact oncall",
    setup="""\
define command {
  command_name  notify-service-by-opsknight
  command_line  /usr/bin/curl -sS -m 10 --retry 3 \
-d notification_type='$NOTIFICATIONTYPE$' --data-urlencode host_name='$HOSTNAME$' \
--data-urlencode service_description='$SERVICEDESC$' -d service_state='$SERVICESTATE$' \
--data-urlencode service_output='$SERVICEOUTPUT$' -d timet='$TIMET$' '{address}'
}
define command {
  command_name  notify-host-by-opsknight
  command_line  /usr/bin/curl -sS -m 10 --retry 3 \
-d notification_type='$NOTIFICATIONTYPE$' --data-urlencode host_name='$HOSTNAME$' \
-d host_state='$HOSTSTATE$' --data-urlencode host_output='$HOSTOUTPUT$' -d timet='$TIMET$' '{address}'
}""",
    sample={
        "notification_type": "PROBLEM",
        "host_name": "web-1",
        "service_description": "OpsKnight test",
        "service_state": "WARNING",
        "service_output": "WARNING: this is only a test",
        "timet": "1795487000",
    },
)
