"""Uptime Kuma's notification of kind Webhook, with its preset body or one of the user's own.

Source: https://github.com/louislam/uptime-kuma (server/notification-providers: webhook.js, and those for others whose
address is the user's: grafana-oncall.js, pagertree.js, signl4.js, squadcast.js; src/util.ts for its codes)
A notice without a heartbeat is a test, or tells of a certificate that is about to expire.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from opsknight.api.limits import excess
from opsknight.api.parse import parse
from opsknight.api.providers.provider import Context, Provider, Said
from opsknight.api.reading import (
    QUIET,
    Asked,
    asked,
    first,
    inner,
    instant,
    is_list,
    is_object,
    link,
    one_line,
    scoped,
    stable,
    text,
    texts,
    word,
)
from opsknight.api.unknown import marked
from opsknight.domain.model.event import Action, Event, Malformed, Severity, Unreadable

SLUG: Final = "uptime_kuma"

_ACTIONS: Final[Mapping[str, Action]] = {
    "0": Action.TRIGGER,
    "down": Action.TRIGGER,
    "1": Action.RESOLVE,
    "up": Action.RESOLVE,
}
_QUIET: Final = QUIET | {"2", "3"}
"""Pending and maintenance."""
_ASKED: Final[Mapping[str, Action]] = {"create": Action.TRIGGER, "resolve": Action.RESOLVE}
_NO_URL: Final = frozenset(("", "https://", "http://"))
_HEARTBEAT: Final = ("msg", "important", "duration", "ping", "retries", "down_count")
_MONITOR: Final = ("type", "url", "hostname", "port", "pathName", "description", "keyword", "method")
_IN_ADDRESS: Final = ("heartbeat", "monitor")
_ALONE: Final = frozenset(("msg",))
"""Method GET leaves a heartbeat out where there is none."""
_MESSAGES: Final = ("msg", "body", "message", "text", "content")
_BEGINS: Final = re.compile(r"\[(.{1,300}?)\] \[[^\w\[\]]{0,4}(Up|Down)\] ?", re.IGNORECASE)
"""“[Shop] [🔴 Down] timeout”"""
_SAYS: Final = re.compile(r"(.{1,300}) is (up|down)", re.IGNORECASE)
"""“Shop is down”, as the title that is made for Grafana OnCall."""
_NO_SIGN: Final = re.compile(r"\A[^\w]{1,4}")
_EXPIRY: Final = " will expire in "
_REFUSAL: Final = (
    "The Uptime Kuma payload has neither a heartbeat nor a message; set its request body to the JSON preset."
)


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return the one event of `payload`, none while a monitor is pending or in maintenance.

    Raises:
        Malformed: it is no object, or nothing in it says what is wrong.
    """
    if not is_object(payload):
        raise Malformed("The Uptime Kuma payload is not a JSON object.")
    if context.may_exceed and (reason := excess(payload)):
        return [Unreadable(reason)]
    said = _said(payload)
    if inner(said, "heartbeat"):
        event = _beat(said)
        return [] if event is None else [event]
    if (told := _told(said)) is not None:
        return told
    if ("heartbeat" in said or said.keys() == _ALONE) and (message := first(said, ("msg",))):
        return [_notice(message)]
    return marked(SLUG, payload, refusal=_REFUSAL)


def _said(payload: Said) -> Said:
    """Return what was sent out of a form: in its field “data”, or out of an address each object in its own."""
    if "heartbeat" in payload:
        return payload | {one: opened for one in _IN_ADDRESS if (opened := _opened(payload.get(one)))}
    return _opened(payload.get("data")) or payload


def _opened(value: Any) -> Said | None:
    """Return the object that a text holds as JSON, None where it holds none that may be an event."""
    if not isinstance(value, str):
        return None
    try:
        found = parse(value.encode()).payload
    except Malformed:
        return None
    return found if is_object(found) and not excess(found) else None


def _beat(said: Said) -> Event | None:
    beat, monitor = inner(said, "heartbeat"), inner(said, "monitor")
    state = _state(said, beat)
    if state.action is None:
        return None
    name, message, url = first(monitor, ("name", "pathName")), first(beat, ("msg",)), text(monitor.get("url"))
    number = first(monitor, ("id",)) or first(beat, ("monitorID", "monitorId", "monitor_id"))
    source = first(monitor, ("hostname",)) or ("" if url in _NO_URL else url)
    at, site = _at(beat), link(url, words="Site")
    named = name or source or first(said, ("title", "message"))
    title = ": ".join(part for part in (named, message or first(said, ("msg", "title"))) if part)
    details = {one: said_so for one in _HEARTBEAT if (said_so := text(beat.get(one)))}
    details |= {f"monitor_{one}": said_so for one in _MONITOR if (said_so := text(monitor.get(one)))}
    return Event(
        action=state.action,
        dedup_key=scoped(SLUG, f"monitor:{number}" if number else stable(name, source)),
        title=one_line(title) or "Uptime Kuma monitor",
        severity=Severity.ERROR,
        source=source,
        occurred_at=at,
        started_at=at if state.action is Action.TRIGGER and beat.get("important") is True else None,
        tags=_tags(monitor.get("tags")),
        links=(site,) if site else (),
        details=state.marked(details),
    )


def _state(said: Said, beat: Said) -> Asked:
    """Return what the heartbeat asks for, or the field event_type of those who send one to a pager."""
    state = asked(_ACTIONS, beat.get("status"), quiet=_QUIET)
    wish = _ASKED.get(word(said.get("event_type")))
    return state if wish is None or state.unknown or state.action is None else Asked(wish)


def _at(beat: Said) -> datetime | None:
    """Return when the heartbeat was; its “time” is in UTC, its localDateTime has its offset beside it."""
    local, offset = first(beat, ("localDateTime",)), first(beat, ("timezoneOffset",))
    return instant(beat.get("time")) or instant(local + offset)


def _tags(listed: Any) -> dict[str, str]:
    if not is_list(listed):
        return {}
    named = [one for one in listed if is_object(one) and first(one, ("name",))]
    return {first(one, ("name",)): text(one.get("value")) for one in named} or texts(listed)


def _told(said: Said) -> list[Event] | None:
    """Return the event of a body of the user's own, by its status or by how Uptime Kuma's messages begin; None of none.

    Uptime Kuma itself suggests a title and the message alone.
    """
    fields = {name.casefold(): value for name, value in said.items()}
    message, status = first(fields, _MESSAGES), _NO_SIGN.sub("", first(fields, ("status",)))
    begins = _BEGINS.match(message)
    says = begins or (None if status else _SAYS.fullmatch(first(fields, ("title",))))
    state = asked(_ACTIONS, says[2] if says else status, quiet=_QUIET)
    name = says[1] if says else first(fields, ("name", "monitor"))
    if not name or (says is None and (state.unknown or not status)):
        return None
    if state.action is None:
        return []
    title = ": ".join(one for one in (name, message[begins.end() :] if begins else message) if one)
    event = Event(
        action=state.action,
        dedup_key=scoped(SLUG, stable(name)),
        title=one_line(title) or "Uptime Kuma monitor",
        source=first(fields, ("hostnameorurl", "url", "hostname")),
        details={one: value for one, value in said.items() if text(value)},
    )
    return [event]


def _notice(message: str) -> Event:
    """Return the event of a test, or of a certificate that expires, whose days left are not its identity."""
    return Event(
        action=Action.TRIGGER,
        dedup_key=scoped(SLUG, f"notice:{stable(message.partition(_EXPIRY)[0])}"),
        title=one_line(message) or "Uptime Kuma notice",
        severity=Severity.WARNING,
    )


PROVIDER: Final = Provider(
    slug=SLUG,
    label="Uptime Kuma",
    docs_url="https://github.com/louislam/uptime-kuma/wiki/Notification-Methods",
    normalise=normalise,
    where="Settings → Notifications → Setup notification → Webhook, request body “Preset: application/json”",
    sample={
        "heartbeat": {
            "monitorID": 1,
            "status": 0,
            "time": "2026-11-24 12:00:00.000",
            "msg": "Request failed with status code 503",
            "important": True,
            "duration": 60,
            "timezone": "UTC",
            "timezoneOffset": "+00:00",
            "localDateTime": "2026-11-24 12:00:00",
        },
        "monitor": {"id": 1, "name": "OpsKnight test", "url": "https://shop.example.com", "type": "http", "tags": []},
        "msg": "[OpsKnight test] [Down] Request failed with status code 503",
    },
    form=True,
    query=True,
)
