"""CloudEvents 1.0 (and 0.x) over HTTP: structured, batched, and binary with its attributes in headers.

Sources: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md and
https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
The format says who and what, and leaves the data to its sender; the state is read in whole words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from opsknight.api.envelopes import BINARY, attributes
from opsknight.api.limits import excess
from opsknight.api.providers.provider import IN_A_HEADER, MIB, Context, Provider, Said, each
from opsknight.api.reading import (
    ACTIONS,
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
    severity_of,
    stable,
    text,
    texts,
    word,
)
from opsknight.api.unknown import marked
from opsknight.domain.model.event import Event, Malformed, Severity, Unreadable

SLUG: Final = "cloudevents"
MAX_EVENTS: Final = 1_000

_OLDER: Final = {"eventtype": "type", "eventtime": "time", "eventid": "id", "cloudeventsversion": "specversion"}
"""The names of CloudEvents 0.1 in lower case."""
_STATUS: Final = ("status", "state", "action", "event_action")
_TITLE: Final = ("title", "summary", "message", "name", "alertname", "description", "text")
_KEY: Final = ("dedup_key", "fingerprint", "alert_id", "alertId", "incident_id", "incidentId")
_SEVERITY: Final = ("severity", "level", "priority")
_SOURCE: Final = ("host", "hostname", "instance", "resource")
_LINK: Final = ("url", "link", "href", "html_url")
_BEGAN: Final = frozenset(("created", "detected", "occurred", "raised", "reported", "started"))
"""How types end, beside the usual words, that tell of what others end."""
_VERSION: Final = re.compile(r"(?:\.v?\d{1,9})+$")
"""How types end that name the version of their data, as CDEvents' do."""
_INSIDE: Final = ("alert", "incident", "event")
_ATTRIBUTES: Final = frozenset(("specversion", "id", "source", "type", "time", "data", "data_base64"))
_REFUSAL: Final = "The CloudEvent has no type and source; send it as application/cloudevents+json."


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return one event for each CloudEvent; with ce- headers the payload is the data of one.

    Raises:
        Malformed: it is neither object nor list, or nothing in a single one says what is wrong.
    """
    if carried := attributes(context.headers):
        payload = {**carried, "data": payload}
    if is_list(payload) and payload:
        if len(payload) > MAX_EVENTS:
            raise Malformed(f"The batch holds more than {MAX_EVENTS:,} CloudEvents.")
        return each(payload, _one, what="CloudEvent", context=context)
    if not is_object(payload):
        raise Malformed("The CloudEvent is neither a JSON object nor a batch of them.")
    if context.may_exceed and (reason := excess(payload)):
        return [Unreadable(reason)]
    if not _is_cloud_event(said := _said(payload)):
        return marked(SLUG, payload, refusal=_REFUSAL)
    event = _event(said)
    return [] if event is None else [event]


def _one(payload: Said) -> Event | None:
    """Return the event of one of a batch, None where it pages nobody.

    Raises:
        Malformed: nothing in it says what is wrong.
    """
    said = _said(payload)
    return _event(said) if _is_cloud_event(said) else marked(SLUG, payload, refusal="it has no type and source.")[0]


def _said(payload: Said) -> Said:
    lowered = ((name.casefold(), value) for name, value in payload.items())
    return {_OLDER.get(name, name): value for name, value in lowered}


def _is_cloud_event(said: Said) -> bool:
    return bool(first(said, ("type",)) and first(said, ("source", "subject")))


def _event(said: Said) -> Event | None:
    data = _data(said)
    stem, _, last = _VERSION.sub("", text(said.get("type"))).rpartition(".")
    is_end = bool(stem) and (word(last) in ACTIONS or word(last) in QUIET or word(last) in _BEGAN)
    state = _state(said, data, last if is_end and word(last) not in _BEGAN else "")
    if state.action is None:
        return None
    kind = stem if is_end else text(said.get("type"))
    subject, source = first(said, ("subject",)), first(said, ("source",))
    title = first(data, _TITLE) or text(said.get("data")) or " ".join(part for part in (subject, kind) if part)
    key = first(data, _KEY) or stable(source, kind, subject or first(data, ("title", "name", "alertname")))
    found = (link(data.get(name), words="Source") for name in _LINK)
    extensions = {name: tag for name, value in said.items() if name not in _ATTRIBUTES and (tag := text(value))}
    return Event(
        action=state.action,
        dedup_key=scoped(SLUG, key),
        title=one_line(title) or "CloudEvent",
        severity=_severity(said, data),
        source=first(data, _SOURCE) or subject or source,
        component=first(data, ("component", "service")),
        occurred_at=instant(said.get("time")),
        started_at=instant(data.get("started_at") or data.get("startedAt") or data.get("startsAt")),
        tags=texts(data.get("tags") or data.get("labels")),
        links=tuple(one for one in found if one is not None)[:3],
        details=state.marked({"type": text(said.get("type")), "cloudevent": extensions, "data": said.get("data")}),
    )


def _data(said: Said) -> Said:
    """Return the data; with what an alert in it says, or what a CDEvent tells of its subject, where it says less."""
    data = inner(said, "data")
    if first(data, (*_STATUS, *_TITLE)):
        return data
    told = next((one for name in _INSIDE if (one := inner(data, name))), inner(data, "subject", "content"))
    return told | data


def _state(said: Said, data: Said, last: str) -> Asked:
    """Return what the data's status asks for, else an extension's, else the last part of the type."""
    stated = first(data, _STATUS) or first(said, _STATUS)
    return asked(ACTIONS, stated or last, quiet=QUIET)


def _severity(said: Said, data: Said) -> Severity:
    words = (severity_of(text(one.get(name))) for one in (data, said) for name in _SEVERITY)
    return next((severity for severity in words if severity is not None), Severity.ERROR)


PROVIDER: Final = Provider(
    slug=SLUG,
    label="CloudEvents",
    docs_url="https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md",
    signed_with=f"{IN_A_HEADER} Or sign by Standard Webhooks; the secret is then what begins with whsec_.",
    normalise=normalise,
    where="As the sink of a CloudEvents sender, such as a Knative trigger",
    setup="""{address}
In the data: status (firing, acknowledged, resolved), title, severity, and a dedup_key if the subject is not enough.""",
    sample={
        "specversion": "1.0",
        "id": "a1b2c3",
        "source": "/shop/monitor",
        "type": "com.example.alert",
        "subject": "shop-1",
        "time": "2026-11-24T12:00:00Z",
        "datacontenttype": "application/json",
        "data": {"status": "firing", "title": "OpsKnight test", "severity": "info"},
    },
    once=(f"{BINARY}id",),
    keeps=(BINARY,),
    max_body=4 * MIB,
)
