"""What is made of a payload that no shape of its monitor fits: an event with what can be read, marked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from opsknight.api.limits import excess
from opsknight.api.reading import first, is_object, link, one_line, plain, scoped, severity_of, stable, text, word
from opsknight.domain.model.event import Action, Event, Malformed, Severity

MARK: Final = "unknown_shape"
"""Stands in the details of an event that was read this way."""

_TITLES: Final = (
    "title, subject, summary, headline, name, alertname, alert, rulename, monitorname, checkname, searchname, message,"
    " description, text, body, msg, humanreadable, errormessage"
)
_WEAK: Final = (
    "name, reason, event, rule, output, content, info, detail, eventtypename, entitydisplayname, statemessage"
)
"""Titles where nothing else says more: a name of something inside may be that of a project or a person."""
_IDENTITIES: Final = (
    "dedupkey, deduplicationkey, alertuid, alertid, incidentid, problemid, monitorid, checkid, ruleid, issueid,"
    " fingerprint, entityid"
)
_TITLE: Final = _TITLES.split(", ")
_TITLE_INSIDE: Final = [name for name in _TITLE if name != "name"]
_TITLE_ELSE: Final = _WEAK.split(", ")
_IDENTITY: Final = _IDENTITIES.split(", ")
_OF_CHECK: Final = frozenset(("monitorid", "checkid", "ruleid"))
"""Names of what is checked on more than one host: with that they are an identity."""
_SEVERITY: Final = ("severity", "level", "priority")
_SOURCE: Final = ("host", "hostname", "instance", "node", "server", "source", "resource")
LINK: Final = ("url", "link", "htmlurl", "href", "weburl", "permalink", "resultslink", "endpointurl", "deviceurl")
"""Names of an address where more is to be read, as `plain` writes them."""
_OF_PAGERDUTY: Final[Mapping[str, Action]] = {
    "trigger": Action.TRIGGER,
    "acknowledge": Action.ACKNOWLEDGE,
    "resolve": Action.RESOLVE,
}
_OF_SPLUNK_ON_CALL: Final[Mapping[str, Action]] = {
    "critical": Action.TRIGGER,
    "warning": Action.TRIGGER,
    "acknowledgement": Action.ACKNOWLEDGE,
    "recovery": Action.RESOLVE,
}
_WRITTEN_FOR: Final[tuple[tuple[str, str, Mapping[str, Action]], ...]] = (
    ("event_action", "dedup_key", _OF_PAGERDUTY),
    ("event_type", "incident_key", _OF_PAGERDUTY),
    ("message_type", "entity_id", _OF_SPLUNK_ON_CALL),
    ("status", "deduplication_key", {"firing": Action.TRIGGER, "resolved": Action.RESOLVE}),
)
"""What PagerDuty (its version 1, too), Splunk On-Call and incident.io are told what is asked and of what with.

Many monitors offer such a body as a template; with both fields it is known what is meant.
"""
_DEEP: Final = 3
_OF_CARDS: Final = 12
"""How deep is looked where no text is nearer: those of a chat's cards stand in columns of sections of attachments."""


def unknown_shape(slug: str, payload: Any) -> Event | None:
    """Return a trigger with what can be read of `payload`, or None where no text says what is wrong.

    It never acknowledges and never resolves, unless it is written for another pager in whose format
    it says that: a payload that is not understood ends nothing. The same payload gives the same
    dedup key where it names its alert, or says the same.
    """
    if not is_object(payload) or excess(payload):
        return None
    objects = [_plainly(one) for one in _objects(payload, _DEEP)]
    title, about = _title(objects)
    if not title:
        title, about = _title([_plainly(one) for one in _objects(payload, _OF_CARDS)])
    action, key = _written_for_another(payload)
    if not title and action is not Action.TRIGGER:  # PagerDuty is not told again what was wrong
        title = one_line(key)
    if not title:
        return None
    source = next((said for one in objects if (said := first(one, _SOURCE))), "")
    identity = key or next((said for one in objects if (said := _identity(one, source))), "")
    identity = identity or first(objects[0], ("id",)) or first(about, ("id",))
    if first(objects[0], ("message",)):  # Opsgenie's name for the key, which elsewhere is a name of something
        identity = identity or first(objects[0], ("alias",))
    known = (severity_of(text(one.get(name))) for one in objects for name in _SEVERITY)
    links = (link(one.get(name), words="Source") for one in objects for name in LINK)
    return Event(
        action=action,
        dedup_key=scoped(slug, f"unknown:{identity}" if identity else stable("unknown", title, source)),
        title=title,
        severity=next((severity for severity in known if severity is not None), Severity.ERROR),
        source=source,
        links=tuple(one for one in links if one is not None)[:3],
        details={MARK: True, "payload": payload},
    )


def _written_for_another(payload: dict[str, Any]) -> tuple[Action, str]:
    """Return what a body that is written for another pager asks for and of what; a trigger of "" for any other."""
    for asks, names, words in _WRITTEN_FOR:
        if (key := text(payload.get(names))) and (action := words.get(word(payload.get(asks)))):
            return action, key
    return Action.TRIGGER, ""


def of_another_pager(slug: str, payload: dict[str, Any]) -> list[Event]:
    """Return the event of a body that is written for another pager, none of any other."""
    event = unknown_shape(slug, payload) if _written_for_another(payload)[1] else None
    return [] if event is None else [event]


def marked(slug: str, payload: Any, *, refusal: str) -> list[Event]:
    """Return the one event that unknown_shape makes of `payload`.

    Raises:
        Malformed: no text in it says what is wrong; `refusal` tells a person what to do.
    """
    event = unknown_shape(slug, payload)
    if event is None:
        raise Malformed(refusal)
    return [event]


def _objects(value: Any, deep: int) -> Iterator[dict[str, Any]]:
    """Yield the object, then those inside it, the outer ones first."""
    level = [value]
    for _ in range(deep):
        below: list[Any] = []
        for one in level:
            if is_object(one):
                yield one
                below += one.values()
            elif isinstance(one, list):
                below += one
        level = below


def _title(objects: list[dict[str, Any]]) -> tuple[str, dict[str, Any]]:
    """Return what says best what is wrong, and the object in which it stands: an id of it counts, too."""
    inside = [(one, _TITLE_INSIDE) for one in objects[1:]]
    ranked = [(objects[0], _TITLE), *inside, *((one, _TITLE_ELSE) for one in objects)]
    return next(
        ((said, one) for one, names in ranked if (said := one_line(first(one, names)).strip())), ("", objects[0])
    )


def _identity(one: dict[str, Any], source: str) -> str:
    for name in _IDENTITY:
        if said := first(one, (name,)):
            return f"{said}:{source}" if source and name in _OF_CHECK else said
    return ""


def _plainly(one: dict[str, Any]) -> dict[str, Any]:
    """Return the fields by their plain names; of two that are the same then, the first counts."""
    found: dict[str, Any] = {}
    for name, value in one.items():
        found.setdefault(plain(name), value)
    return found
