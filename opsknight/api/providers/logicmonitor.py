"""LogicMonitor's Custom HTTP Delivery: a body that the user makes of tokens.

Sources: https://www.logicmonitor.com/support/alerts/integrations/custom-http-delivery and
https://www.logicmonitor.com/support/tokens-available-in-alert-messages
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from opsknight.api.limits import excess
from opsknight.api.providers.provider import Context, Provider, Said
from opsknight.api.reading import QUIET, first, flat, is_object, link, rest, scoped, stable, titled, word, zoned_instant
from opsknight.api.unknown import unknown_shape
from opsknight.domain.model.event import Action, Event, Link, Malformed, Severity, Unreadable

SLUG: Final = "logicmonitor"

_ACTIONS: Final[Mapping[str, Action]] = {
    "active": Action.TRIGGER,
    "new": Action.TRIGGER,
    "create": Action.TRIGGER,
    "trigger": Action.TRIGGER,
    "test": Action.TRIGGER,
    "escalated": Action.TRIGGER,
    "escalate": Action.TRIGGER,
    "de escalated": Action.TRIGGER,
    "level up": Action.TRIGGER,
    "level down": Action.TRIGGER,
    "ack": Action.ACKNOWLEDGE,
    "acked": Action.ACKNOWLEDGE,
    "acknowledge": Action.ACKNOWLEDGE,
    "acknowledged": Action.ACKNOWLEDGE,
    "clear": Action.RESOLVE,
    "cleared": Action.RESOLVE,
    "resolved": Action.RESOLVE,
}
"""By ##ALERTSTATUS##."""
_QUIET: Final = QUIET | {"sdt", "in sdt"}
"""SDT: scheduled down time."""
_LEVELS: Final[Mapping[str, Severity]] = {
    "critical": Severity.CRITICAL,
    "4": Severity.CRITICAL,
    "error": Severity.ERROR,
    "3": Severity.ERROR,
    "warning": Severity.WARNING,
    "warn": Severity.WARNING,
    "2": Severity.WARNING,
    "do mapping": Severity.INFO,
}

_STATUS: Final = ("alertstatus", "status", "state")
_LEVEL: Final = ("level", "severity", "alertlevel", "errorlevel")
_ID: Final = ("alertid", "internalid", "id", "externalticketid")
_TITLE: Final = ("eventmsg", "limitedmessage", "subject", "title", "alertmessage", "message", "eventlogmsg", "summary")
_HOST: Final = ("host", "hostname", "device", "devicename", "resource", "service", "websitename", "hostips")
_SOURCE: Final = ("datasource", "dsname", "eventsource", "batchjob", "monitor", "logicmodule")
_INSTANCE: Final = ("datasource", "instance", "dsiname", "instancename", "datapoint")
_AT: Final = ("date", "dateepoch", "timestamp")
_SINCE: Final = ("start", "startepoch", "startdate")
_LINKS: Final = (
    ("alerturl", "Monitor"), ("alertdetailurl", "Monitor"), ("detailurl", "Monitor"), ("logicmonitorurl", "Monitor"),
    ("hosturl", "Device"),
    ("deviceurl", "Device"), ("serviceurl", "Service"), ("runbook", "Runbook"), ("dsdocumentation", "Runbook"),
)  # fmt: skip
_SHOWN: Final = frozenset((
    *_STATUS, *_LEVEL, "alertid", "eventmsg", "host", "datasource", "group", "date", "start",
    *(name for name, _ in _LINKS),
))  # fmt: skip

_UNRENDERED: Final = re.compile(r"##[A-Za-z0-9_. ]{1,80}##")


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return the one event of `payload`, none in scheduled down time.

    The alert's id, which it keeps until it is cleared, is the dedup key; else what it is about.

    Raises:
        Malformed: nothing in it says what is wrong.
    """
    if not is_object(payload):
        raise Malformed("The LogicMonitor payload is not a JSON object; choose POST and the alert data format JSON.")
    if context.may_exceed and (reason := excess(payload)):
        return [Unreadable(reason)]
    said = flat(payload, unrendered=_UNRENDERED)
    host = first(said, _HOST)
    title = _title(said, host)
    identity = _identity(said, host)
    if not identity or not title:
        return [_unknown(payload)]
    status = next((one for name in _STATUS if (one := word(said.get(name)))), "")
    if status in _QUIET:
        return []
    groups = first(said, ("group", "groups", "hostgroup"))
    return [
        Event(
            action=_ACTIONS.get(status, Action.TRIGGER),
            dedup_key=scoped(SLUG, identity),
            title=titled(title, otherwise="LogicMonitor alert"),
            severity=_severity(said),
            source=host,
            component=first(said, _SOURCE),
            occurred_at=_instant(said, _AT),
            started_at=_instant(said, _SINCE),
            tags={"group": groups} if groups else {},
            links=_links(said),
            details=rest(payload, _SHOWN, unrendered=_UNRENDERED)
            | ({"unknown_status": status} if status and status not in _ACTIONS else {}),
        )
    ]


def _unknown(payload: Said) -> Event:
    event = unknown_shape(SLUG, payload)
    if event is None:
        raise Malformed("The LogicMonitor payload names no alert; send alertid, alertstatus, host and eventmsg.")
    return event


def _identity(said: Said, host: str) -> str:
    if alert := first(said, _ID):
        return alert
    parts = [first(said, (name,)) for name in _INSTANCE]
    return stable(host, *parts) if host and any(parts) else ""


def _title(said: Said, host: str) -> str:
    """Return the alert's message, else what it is about with its value."""
    if message := first(said, _TITLE):
        return message
    source, point, value = first(said, _SOURCE), first(said, ("datapoint",)), first(said, ("value",))
    about = " ".join(one for one in (source, point) if one)
    subject = " on ".join(one for one in (about, host) if one)
    return f"{subject} is {value}" if subject and value else subject


def _severity(said: Said) -> Severity:
    words = (word(first(said, (name,))) for name in _LEVEL)
    return next((_LEVELS[one] for one in words if one in _LEVELS), Severity.ERROR)


def _instant(said: Said, names: Sequence[str]) -> datetime | None:
    return next((at for name in names if (at := zoned_instant(said.get(name))) is not None), None)


def _links(said: Said) -> tuple[Link, ...]:
    found = (link(said.get(name), words=words) for name, words in _LINKS)
    return tuple({one.href: one for one in found if one is not None}.values())


PROVIDER: Final = Provider(
    slug=SLUG,
    label="LogicMonitor",
    docs_url="https://www.logicmonitor.com/support/alerts/integrations/custom-http-delivery",
    normalise=normalise,
    form=True,
    query=True,
    where="Settings → Integrations → Add → Custom HTTP Delivery, same URL for all activity, HTTP POST, raw JSON; then"
    " in an escalation chain",
    setup="""\
URL: {address}
{"alertid": "##ALERTID##", "alertstatus": "##ALERTSTATUS##", "level": "##LEVEL##", "host": "##HOST##", \
"datasource": "##DATASOURCE##", "instance": "##INSTANCE##", "datapoint": "##DATAPOINT##", "value": "##VALUE##", \
"threshold": "##THRESHOLD##", "eventmsg": "##LIMITEDMESSAGE##", "subject": "##EXTERNALSUBJECT##", \
"group": "##GROUP##", "start": "##START##", "alerturl": "##ALERTDETAILURL##"}""",
    sample={
        "alertid": "LMD1001",
        "alertstatus": "active",
        "level": "warning",
        "host": "web-1",
        "datasource": "Ping",
        "datapoint": "PingLossPercent",
        "value": "12",
        "subject": "OpsKnight test: web-1 loses pings",
    },
)
