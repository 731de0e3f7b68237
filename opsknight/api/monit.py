"""What a script of Monit sends on: the variables that Monit gives it, under their own names or shorter ones.

Monit has no hook of its own; people send MONIT_HOST, MONIT_SERVICE, MONIT_EVENT and MONIT_DESCRIPTION as JSON. The
words of an event are those of Monit's event.c, compared as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from opsknight.api.reading import first, one_line, stable, word

_KINDS: Final = (
    "checksum, connection, content, data access, execution, filesystem flags, gid, heartbeat, icmp, link, permission,"
    " pid, ping, ppid, resource limit, saturation, size, speed, status, timestamp, type, uid, uptime"
)
_ENDED: Final[Mapping[str, str]] = {
    **{f"{kind} succeeded": kind for kind in _KINDS.split(", ")},
    "exists": "existence",
    "link up": "link",
    "saturation ok": "saturation",
    "speed ok": "speed",
    "timeout recovery": "timeout",
}
_BEGUN: Final[Mapping[str, str]] = {
    **{f"{kind} failed": kind for kind in _KINDS.split(", ")},
    "data access error": "data access",
    "does not exist": "existence",
    "invalid type": "type",
    "link down": "link",
    "resource limit matched": "resource limit",
    "saturation exceeded": "saturation",
    "timeout": "timeout",
}
_TITLE: Final = ("title", "subject")
_SAID: Final = ("description", "monitdescription", "message", "event", "monitevent")


def of_monit(named: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an event of Monit says in the generic format's names, and nothing of anything else.

    `named` are its fields by their plain names. A connection that succeeds ends what one that failed began, of
    this service on this host; what Monit does about it, such as to restart, is no action of ours.
    """
    service, host = first(named, ("service", "monitservice")), first(named, ("host", "hostname", "monithost"))
    event = word(first(named, ("event", "monitevent")))
    kind = _ENDED.get(event) or _BEGUN.get(event)
    if not service or not kind:
        return {}
    return {
        "title": one_line(first(named, _TITLE) or f"{service}: {first(named, _SAID)}"),
        "status": "resolved" if event in _ENDED else "firing",
        "source": host,
        "component": service,
        "dedup_key": stable("monit", host, service, kind),
    }
