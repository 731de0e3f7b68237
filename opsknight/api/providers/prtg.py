"""What PRTG's notification "Execute HTTP Action" posts: a form (or JSON) of its placeholders.

Sources: https://www.paessler.com/manuals/prtg/notifications_based_on_sensor_thresholds_example,
https://kb.paessler.com/en/topic/373-what-placeholders-can-i-use-with-prtg (placeholders),
https://www.paessler.com/manuals/prtg/sensor_states (states), and for what a script makes of them for Grafana OnCall
https://grafana.com/docs/oncall/latest/configure/integrations/references/prtg/.
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
    one_line,
    rest,
    scoped,
    stable,
    text,
    texts,
    word,
)
from opsknight.api.unknown import unknown_shape
from opsknight.domain.model.event import Action, Event, Link, Malformed, Severity, Unreadable

SLUG: Final = "prtg"
MAX_MESSAGE: Final = 4096
"""Characters of a message that are looked at."""

_TRIGGERS: Final[Mapping[str, Severity]] = {
    "down": Severity.CRITICAL,
    "down escalation": Severity.CRITICAL,
    "down repeat": Severity.CRITICAL,
    "error": Severity.CRITICAL,
    "alerting": Severity.ERROR,
    "down (simulated error)": Severity.CRITICAL,
    "down (partial)": Severity.ERROR,
    "partial down": Severity.ERROR,
    "warning": Severity.WARNING,
    "warning escalation": Severity.WARNING,
    "unusual": Severity.WARNING,
}
"""By %status: what a sensor's state, or the trigger that it set off, asks for."""
_RESOLVES: Final = frozenset(("up", "ok"))
_ACKNOWLEDGES: Final = frozenset(("down (acknowledged)", "down acknowledged", "acknowledged"))
_QUIET: Final = QUIET | {"unknown", "none", "collecting"}
"""Unknown: no data received yet, or not any more because it is paused."""

_BY_NUMBER: Final[Mapping[str, str]] = {
    **dict.fromkeys(("1", "2"), "unknown"),
    "3": "up",
    "4": "warning",
    "5": "down",
    "6": "unknown",
    **dict.fromkeys(("7", "8", "9", "11", "12"), "paused"),
    "10": "unusual",
    "13": "down (acknowledged)",
    "14": "down (partial)",
}
"""States as PRTG's API numbers them."""

_NAME: Final = ("name", "sensorname", "sensor", "shortname")
_MESSAGE: Final = ("message", "lastmessage", "text")
_DEVICE: Final = ("device", "devicename", "host", "hostname")
_TITLE: Final = ("title", "subject")
"""Of those who name no sensor."""
_SENSOR: Final = ("linksensor", "sensorurl", "url", "linktoupstreamdetails")
"""Addresses that say which sensor it is."""
_LINKS: Final = (*((name, "Monitor") for name in _SENSOR), ("linkdevice", "Device"))
_SHOWN: Final = frozenset(
    ("sensorid", "status", "state", "tags", "objecttags", *_NAME, "message", "device", *(n for n, _ in _LINKS))
)

_UNRENDERED: Final = re.compile(r"%[a-z]+", re.IGNORECASE)
_ENDED: Final = re.compile(r"[^()]{1,60} (?:ended \(now|beendet \(jetzt): ([^()]{1,60}(?:\([^()]{1,40}\))?)\)")
_GERMAN: Final[Mapping[str, str]] = {
    "fehler": "down",
    "fehler eskalation": "down escalation",
    "fehler (teilweise)": "down (partial)",
    "fehler (bestätigt)": "down (acknowledged)",
    "warnung": "warning",
    "warnung eskalation": "warning escalation",
    "ungewöhnlich": "unusual",
    "unbekannt": "unknown",
    "pausiert": "paused",
}
"""States as PRTG tells them where its language is German; OK is OK."""
_TAG: Final = re.compile(r"<[^<>]{1,200}>")
"""PRTG writes messages in HTML where it shows them itself."""
_SENSOR_ID: Final = re.compile(r"sensor\.htm\?(?:[^#\s]{0,200}&)?id=(\d{1,12})")


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return the one event of `payload`, none for a sensor that is paused or has no state yet.

    "Down ended (now: Up)" is over because of the state that it has now. The sensor's id is the
    dedup key, else its device and name.

    Raises:
        Malformed: nothing in it says what is wrong.
    """
    if not is_object(payload):
        raise Malformed("The PRTG payload is not a JSON object and no form; paste the placeholders into its Payload.")
    if context.may_exceed and (reason := excess(payload)):
        return [Unreadable(reason)]
    said = flat(payload, unrendered=_UNRENDERED)
    name, device = first(said, _NAME), first(said, _DEVICE)
    identity = _identity(said, name, device)
    if not identity:
        return [_unknown(payload)]
    status = word(first(said, ("status", "state")))
    status = _BY_NUMBER.get(status, status)
    ended = _ENDED.fullmatch(status)
    state = ended[1].strip() if ended else status
    state = _GERMAN.get(state, state)
    if state in _QUIET or state.startswith(("paused ", "paused(", "pausiert ", "pausiert(")):
        return []
    known = state in _TRIGGERS or state in _RESOLVES or state in _ACKNOWLEDGES or not state
    details = rest(payload, _SHOWN, unrendered=_UNRENDERED) | ({} if known else {"unknown_status": status})
    return [
        Event(
            action=_action(state),
            dedup_key=scoped(SLUG, identity),
            title=_title(said, name or first(said, _TITLE) or f"Sensor {first(said, ('sensorid',))}", device),
            severity=Severity.INFO if state in _RESOLVES else _TRIGGERS.get(state, Severity.ERROR),
            source=device,
            component=name,
            occurred_at=instant(said.get("timestamp")),
            tags=texts(first(said, ("tags", "objecttags")).replace(" ", ",")),
            links=_links(said),
            details=details,
        )
    ]


def _unknown(payload: Said) -> Event:
    event = unknown_shape(SLUG, payload)
    if event is None:
        raise Malformed("The PRTG payload names no sensor; send sensorid=%sensorid and name=%name in its Payload.")
    return event


def _identity(said: Said, name: str, device: str) -> str:
    if sensor_id := first(said, ("sensorid", "objid", "objectid")):
        return f"sensor:{sensor_id}"
    for field in _SENSOR:
        if found := _SENSOR_ID.search(text(said.get(field))[:2048]):
            return f"sensor:{found[1]}"
    return stable(device, name) if name else ""


def _action(state: str) -> Action:
    if state in _RESOLVES:
        return Action.RESOLVE
    return Action.ACKNOWLEDGE if state in _ACKNOWLEDGES else Action.TRIGGER


def _title(said: Said, name: str, device: str) -> str:
    subject = f"{name} on {device}" if device and device not in name else name
    message = _TAG.sub("", first(said, _MESSAGE)[:MAX_MESSAGE]).strip()
    return one_line(
        f"{subject}: {message}" if message else f"{subject} is {first(said, ('status', 'state')) or 'down'}"
    )


def _links(said: Said) -> tuple[Link, ...]:
    found = (link(said.get(name), words=words) for name, words in _LINKS)
    return tuple({one.href: one for one in found if one is not None}.values())


PROVIDER: Final = Provider(
    slug=SLUG,
    label="PRTG",
    docs_url="https://www.paessler.com/manuals/prtg/notification_templates",
    normalise=normalise,
    form=True,
    query=True,
    where="Setup → Account Settings → Notification Templates → Execute HTTP Action, method POST; then at a sensor's"
    " Notification Triggers, also for “when condition clears”",
    setup="""\
URL: {address}
Payload: sensorid=%sensorid&status=%status&name=%name&device=%device&message=%message&linksensor=%linksensor\
&laststatus=%laststatus&lastvalue=%lastvalue&group=%group&probe=%probe""",
    sample={
        "sensorid": "2004",
        "status": "Warning",
        "name": "OpsKnight test",
        "device": "web-1",
        "message": "This is only a test",
        "linksensor": "https://prtg.example.org/sensor.htm?id=2004",
    },
)
