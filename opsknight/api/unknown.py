"""What is made of a payload that no shape of its monitor fits: an event with what can be read, marked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from opsknight.api.limits import excess
from opsknight.api.reading import first, is_object, link, one_line, scoped, severity_of, stable, text, word
from opsknight.domain.model.event import Action, Event, Malformed, Severity

MARK: Final = "unknown_shape"
"""Stands in the details of an event that was read this way."""

_TITLES: Final = (
    "title, subject, summary, headline, name, alert_name, alertname, rule_name, monitor_name, check_name, message,"
    " description, text, body, msg, reason, event"
)
_IDENTITIES: Final = (
    "dedup_key, deduplication_key, alert_uid, alert_id, alertid, incident_id, problem_id, monitor_id, check_id,"
    " rule_id, issue_id, fingerprint, id, uuid"
)
_TITLE: Final = _TITLES.split(", ")
_IDENTITY: Final = _IDENTITIES.split(", ")
_SEVERITY: Final = ("severity", "level", "priority")
_SOURCE: Final = ("host", "hostname", "host_name", "instance", "node", "server", "source", "resource")
_LINK: Final = ("url", "link", "html_url", "href", "web_url", "permalink")
_DEEP: Final = 3


def unknown_shape(slug: str, payload: Any) -> Event | None:
    """Return a trigger with what can be read of `payload`, or None where no text says what is wrong.

    It never acknowledges and never resolves: a payload that is not understood ends nothing. The
    same payload gives the same dedup key where it names its alert, or says the same.
    """
    if not is_object(payload) or excess(payload):
        return None
    objects = [_lowered(one) for one in _objects(payload, _DEEP)]
    title = next((said for one in objects if (said := one_line(first(one, _TITLE)).strip())), "")
    if not title:
        return None
    identity = next((said for one in objects if (said := first(one, _IDENTITY))), "")
    source = next((said for one in objects if (said := first(one, _SOURCE))), "")
    known = (severity_of(text(one.get(name))) for one in objects for name in _SEVERITY)
    links = (link(one.get(name), words="Source") for one in objects for name in _LINK)
    return Event(
        action=Action.TRIGGER,
        dedup_key=scoped(slug, f"unknown:{identity}" if identity else stable("unknown", title, source)),
        title=title,
        severity=next((severity for severity in known if severity is not None), Severity.ERROR),
        source=source,
        links=tuple(one for one in links if one is not None)[:3],
        details={MARK: True, "payload": payload},
    )


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


def _lowered(one: dict[str, Any]) -> dict[str, Any]:
    """Return the fields by their names in lower case, words joined by "_"."""
    return {word(name).replace(" ", "_"): value for name, value in one.items()}
