"""Site24x7's webhook: its incident parameters, as JSON or as a form.

Sources: https://www.site24x7.com/help/admin/third-party-integration/webhooks.html and
https://www.site24x7.com/help/admin/configuration-profiles/incident-parameters.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from opsknight.api.limits import excess
from opsknight.api.providers.provider import Context, Provider, Said
from opsknight.api.reading import (
    QUIET,
    first,
    flat,
    instant,
    is_list,
    is_object,
    link,
    rest,
    scoped,
    stable,
    text,
    texts,
    titled,
    word,
    zoned_instant,
)
from opsknight.api.unknown import unknown_shape
from opsknight.domain.model.event import Action, Event, Link, Malformed, Severity, Unreadable

SLUG: Final = "site24x7"

_TRIGGERS: Final[Mapping[str, Severity]] = {
    "down": Severity.CRITICAL,
    "critical": Severity.CRITICAL,
    "trouble": Severity.WARNING,
    "configuration error": Severity.WARNING,
    "anomaly": Severity.WARNING,
}
"""Down: it does not answer. Critical and trouble: it does, beyond its higher and its lower threshold."""
_ENDINGS: Final[Mapping[str, Action]] = {
    "up": Action.RESOLVE,
    "clear": Action.RESOLVE,
    "cleared": Action.RESOLVE,
    "resolved": Action.RESOLVE,
    "acknowledged": Action.ACKNOWLEDGE,
}
_QUIET: Final = QUIET | {"discovery", "discovered", "discovery in progress", "polling", "profiled"}

_STATUS: Final = ("status", "monitorstatus", "state")
_ID: Final = ("monitorid", "incidentnumber")
_NAME: Final = ("monitorname", "displayname", "name", "title")
_REASON: Final = ("incidentreason", "incidentdetails", "reason", "message")
_AT: Final = ("incidenttimeiso", "timestamp", "incidenttime", "ct")
_SINCE: Final = ("outagetimeunixformat", "outagetime")
_LINKS: Final = (
    ("monitordashboardlink", "Monitor"), ("rcalink", "Root cause"), ("monitorurl", "Website"), ("linkurl", "Monitor"),
)  # fmt: skip
_SHOWN: Final = frozenset((
    *_STATUS, *_AT, *_SINCE, "monitorname", "incidentreason", "tags", *(name for name, _ in _LINKS),
))  # fmt: skip

_UNRENDERED: Final = re.compile(r"\$[A-Z][A-Z0-9_]*")


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return the one event of `payload`, none in maintenance or while suspended.

    The monitor's id is the dedup key, else its name and address.

    Raises:
        Malformed: nothing in it says what is wrong.
    """
    if not is_object(payload):
        raise Malformed("The Site24x7 payload is not a JSON object and no form; tick Send Incident Parameters.")
    if context.may_exceed and (reason := excess(payload)):
        return [Unreadable(reason)]
    said = flat(payload, unrendered=_UNRENDERED)
    name, monitor = first(said, _NAME), first(said, _ID)
    status = next((one for field in _STATUS if (one := word(said.get(field)))), "")
    if not (name or monitor) or not (status or "incidentreason" in said):
        return [_unknown(payload)]
    if status in _QUIET:
        return []
    known = not status or status in _TRIGGERS or status in _ENDINGS
    reason, subject = first(said, _REASON), name or f"Monitor {monitor}"
    title = f"{subject} is {status.upper() or 'in trouble'}"
    return [
        Event(
            action=_ENDINGS.get(status, Action.TRIGGER),
            dedup_key=scoped(SLUG, f"monitor:{monitor}" if monitor else stable(name, first(said, ("monitorurl",)))),
            title=titled(f"{title}: {reason}" if reason else title, otherwise="Site24x7 alert"),
            severity=_TRIGGERS.get(status, Severity.INFO if status in _ENDINGS else Severity.ERROR),
            source=first(said, ("monitorurl", "hostname", "ipaddress")) or name,
            component=first(said, ("monitortype",)),
            occurred_at=next((at for field in _AT if (at := zoned_instant(said.get(field))) is not None), None),
            started_at=_since(said) if status not in _ENDINGS else None,
            tags=_tags(said),
            links=_links(said),
            details=rest(payload, _SHOWN, unrendered=_UNRENDERED) | ({} if known else {"unknown_status": status}),
        )
    ]


def _unknown(payload: Said) -> Event:
    event = unknown_shape(SLUG, payload)
    if event is None:
        raise Malformed("The Site24x7 payload names no monitor; tick Send Incident Parameters in its webhook.")
    return event


def _since(said: Said) -> datetime | None:
    return next((at for name in _SINCE if (at := instant(said.get(name))) is not None), None)


def _tags(said: Said) -> dict[str, str]:
    """Return the tags: "env:prod, …", a list of such, or objects with a name and a value."""
    tags = said.get("tags")
    if is_list(tags) and any(is_object(tag) for tag in tags):
        pairs = [(first(tag, ("name", "tag_name", "key")), text(tag.get("value"))) for tag in tags if is_object(tag)]
        return {name: value for name, value in pairs if name}
    return texts(tags) if tags else {}


def _links(said: Said) -> tuple[Link, ...]:
    found = (link(said.get(name), words=words) for name, words in _LINKS)
    return tuple({one.href: one for one in found if one is not None}.values())


PROVIDER: Final = Provider(
    slug=SLUG,
    label="Site24x7",
    docs_url="https://www.site24x7.com/help/admin/third-party-integration/webhooks.html",
    normalise=normalise,
    form=True,
    query=True,
    where="Admin → Third-Party Integrations → Webhooks → Hook URL, method POST, Post as JSON, Send Incident Parameters,"
    " and an alert for up, down, trouble and critical",
    sample={
        "MONITOR_ID": 285731000000025120,
        "MONITORNAME": "OpsKnight test",
        "MONITORTYPE": "URL",
        "MONITORURL": "https://www.example.org",
        "STATUS": "TROUBLE",
        "INCIDENT_REASON": "This is only a test",
        "INCIDENT_TIME_ISO": "2026-11-24T10:23:20+0000",
        "MONITOR_DASHBOARD_LINK": "https://www.site24x7.com/app/client#/home/monitors/285731000000025120/Summary",
    },
)
