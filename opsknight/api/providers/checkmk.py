"""What notification scripts of Checkmk post: its NOTIFY_ variables, or fields made of them.

Source: https://docs.checkmk.com/latest/en/notifications.html#scripts
The names of the fields are the script's; those that the variables suggest are known here, in any case and with or
without "_" and "NOTIFY_".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from opsknight.api.limits import excess
from opsknight.api.providers.provider import Context, Provider, Said, each
from opsknight.api.reading import (
    first,
    flat,
    instant,
    is_list,
    is_object,
    link,
    rest,
    scoped,
    titled,
    word,
    zoned_instant,
)
from opsknight.api.unknown import unknown_shape
from opsknight.domain.model.event import Action, Event, Link, Malformed, Severity, Unreadable

SLUG: Final = "checkmk"
MAX_EVENTS: Final = 5_000

_TYPES: Final[Mapping[str, Action]] = {
    "problem": Action.TRIGGER,
    "recovery": Action.RESOLVE,
    "acknowledgement": Action.ACKNOWLEDGE,
    "acknowledgment": Action.ACKNOWLEDGE,
}
"""By NOTIFY_NOTIFICATIONTYPE."""
_QUIET_TYPES: Final = frozenset((
    "flappingstart", "flappingstop", "flappingdisabled", "downtimestart", "downtimeend", "downtimecancelled", "custom",
))  # fmt: skip
_STATES: Final[Mapping[str, Action]] = {
    "ok": Action.RESOLVE,
    "up": Action.RESOLVE,
    "warning": Action.TRIGGER,
    "warn": Action.TRIGGER,
    "critical": Action.TRIGGER,
    "crit": Action.TRIGGER,
    "unknown": Action.TRIGGER,
    "unkn": Action.TRIGGER,
    "down": Action.TRIGGER,
    "unreachable": Action.TRIGGER,
    "unreach": Action.TRIGGER,
    "unre": Action.TRIGGER,
    "acknowledged": Action.ACKNOWLEDGE,
}
_SEVERITIES: Final[Mapping[str, Severity]] = {
    "critical": Severity.CRITICAL,
    "crit": Severity.CRITICAL,
    "down": Severity.CRITICAL,
    "unknown": Severity.ERROR,
    "unkn": Severity.ERROR,
    "unreachable": Severity.ERROR,
    "unreach": Severity.ERROR,
    "unre": Severity.ERROR,
    "warning": Severity.WARNING,
    "warn": Severity.WARNING,
    "ok": Severity.INFO,
    "up": Severity.INFO,
}

_WITHOUT_STATE: Final[Mapping[Action, str]] = {
    Action.TRIGGER: "in trouble",
    Action.ACKNOWLEDGE: "acknowledged",
    Action.RESOLVE: "well again",
}

_HOST: Final = ("hostname", "host", "hostalias", "alias", "hostaddress", "address")
_SERVICE: Final = ("servicedesc", "servicedescription", "servicename", "service", "servicedisplayname")
_SERVICE_STATE: Final = ("servicestate", "serviceshortstate", "state", "severity", "status")
_HOST_STATE: Final = ("hoststate", "hostshortstate", "status", "state", "severity")
_SERVICE_OUTPUT: Final = ("serviceoutput", "output", "text", "message")
_HOST_OUTPUT: Final = ("hostoutput", "output", "text", "message")
"""What a service says, and its host: a script may send both, and the host's is good while a service fails."""
_AT: Final = ("microtime", "longdatetime", "shortdatetime", "timestamp", "datetime")
_SHOWN: Final = frozenset((
    "what", "notificationtype", "hostname", "host", "servicedesc", "service", "servicestate", "hoststate", "status",
    "severity", "summary", *_AT,
))  # fmt: skip


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return the one event of `payload`, or one for each object of a list, as scripts for bulk notifications send.

    None is made of downtime, flapping and custom notifications. Site, host and service are the dedup key: the id of
    a notification is new each time.

    Raises:
        Malformed: nothing in it says what is wrong.
    """
    if is_list(payload) and payload:
        if len(payload) > MAX_EVENTS:
            raise Malformed(f"The Checkmk payload holds more than {MAX_EVENTS:,} notifications; send fewer at once.")
        return each(payload, _said, what="Notification", context=context)
    if not is_object(payload):
        raise Malformed("The Checkmk payload is not a JSON object; does its notification script send one?")
    if context.may_exceed and (reason := excess(payload)):
        return [Unreadable(reason)]
    event = _said(payload)
    return [] if event is None else [event]


def _said(payload: Said) -> Event | None:
    values = {name.removeprefix("NOTIFY_"): value for name, value in payload.items()}
    said = flat(values)
    host, service = first(said, _HOST), first(said, _SERVICE)
    if not host:
        return _unknown(payload)
    return _event(values, said, host, "" if word(said.get("what")) == "host" else service)


def _unknown(payload: Said) -> Event:
    event = unknown_shape(SLUG, payload)
    if event is None:
        raise Malformed("The Checkmk payload names no host; send NOTIFY_HOSTNAME as host.")
    return event


def _event(values: Said, said: Said, host: str, service: str) -> Event | None:
    names = _SERVICE_STATE if service else _HOST_STATE
    state = next((one for name in names if (one := word(said.get(name)))), "")
    action, unknown = _action(said, state)
    if action is None:
        return None
    output = first(said, _SERVICE_OUTPUT if service else _HOST_OUTPUT)
    subject = f"{service} on {host}" if service else f"Host {host}"
    title = f"{subject} is {state.upper() or _WITHOUT_STATE[action]}" + (f": {output}" if output else "")
    site = first(said, ("omdsite", "site"))
    return Event(
        action=action,
        dedup_key=scoped(SLUG, "!".join(one for one in (site, host, service) if one)),
        title=titled(first(said, ("summary",)), title, otherwise="Checkmk notification"),
        severity=Severity.ERROR if unknown else _SEVERITIES.get(state, Severity.ERROR),
        source=host,
        component=service,
        occurred_at=next((at for name in _AT if (at := zoned_instant(said.get(name))) is not None), None),
        started_at=_since(said, service) if action is not Action.RESOLVE else None,
        tags={"site": site} if site else {},
        links=_links(said),
        details=rest(values, _SHOWN) | ({"unknown_status": unknown} if unknown else {}),
    )


def _since(said: Said, service: str) -> datetime | None:
    return instant(said.get("lastservicestatechange" if service else "lasthoststatechange"))


def _action(said: Said, state: str) -> tuple[Action | None, str]:
    """Return what is asked for, None for what pages nobody, and the word that is not known.

    The notification's type decides, else the state.
    """
    asked = word(said.get("notificationtype"))
    kind = asked.replace(" ", "")
    if kind in _QUIET_TYPES or kind.startswith("alerthandler(") or state == "pending":
        return None, ""
    if kind in _TYPES:
        return _TYPES[kind], ""
    if kind or state not in _STATES:
        return Action.TRIGGER, asked or state
    return _STATES[state], ""


def _links(said: Said) -> tuple[Link, ...]:
    names = (("servicenotesurl", "Runbook"), ("hostnotesurl", "Runbook"), ("serviceurl", "Monitor"), ("url", "Monitor"))
    found = (link(said.get(name), words=words) for name, words in names)
    return tuple({one.href: one for one in found if one is not None}.values())


PROVIDER: Final = Provider(
    slug=SLUG,
    label="Checkmk",
    docs_url="https://docs.checkmk.com/latest/en/notifications.html#scripts",
    normalise=normalise,
    form=True,
    where="As ~/local/share/check_mk/notifications/opsknight of your site, executable; then Setup → Notifications",
    setup="""\
#!/usr/bin/env python3
# OpsKnight
import json, os, urllib.request
said = {name[7:].lower(): value for name, value in os.environ.items() if name.startswith("NOTIFY_")}
kept = "notificationtype what hostname hostaddress hoststate hostoutput servicedesc servicestate serviceoutput " \\
       "omd_site microtime lasthoststatechange lastservicestatechange"
body = json.dumps({name: said[name] for name in kept.split() if name in said}).encode()
request = urllib.request.Request("{address}", body, {"Content-Type": "application/json"})
urllib.request.urlopen(request, timeout=10)""",
    sample={
        "notificationtype": "PROBLEM",
        "what": "SERVICE",
        "hostname": "web-1",
        "hoststate": "UP",
        "servicedesc": "OpsKnight test",
        "servicestate": "WARNING",
        "serviceoutput": "This is only a test",
        "omd_site": "main",
        "microtime": "1795487000000000",
    },
)
