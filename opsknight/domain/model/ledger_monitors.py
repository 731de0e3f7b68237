"""The ledger's sentences for what monitors say that pages nobody, or not as loudly as it might, and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from opsknight.domain.model.fact import Fact

Data = Mapping[str, Any]


def article(noun: str) -> str:
    """Return a noun with its article."""
    return f"an {noun}" if noun[0] in "aeio" else f"a {noun}"


def _titled(data: Data) -> str:
    return f"“{title}”" if (title := data.get("title")) else "an alert"


def _quietly(data: Data) -> str:
    """Return for what reason nobody is paged for it now."""
    return f"; nobody is paged for that: {quiet}" if (quiet := data.get("quiet")) else ""


def _joined(_actor: str, data: Data) -> str:
    return f"The alert “{data.get('title', '')}” joined the incident{_quietly(data)}."


def _late_copy(actor: str, data: Data) -> str:
    return f"{actor} sent a late copy of {_titled(data)}, which had cleared; nobody was paged."


def _recorded(actor: str, data: Data) -> str:
    what, why = str(data.get("action", "event")), data.get("reason", "no alert was open")
    return f"{actor} sent {article(what)}, but {why}: nothing changed."


def _raised(actor: str, data: Data) -> str:
    because = f": {reason}" if (reason := data.get("reason")) else ""
    return f"{actor} raised the urgency to {data.get('urgency', 'high')}{because}{_quietly(data)}."


def _by_hours(_actor: str, data: Data) -> str:
    service, severity = data.get("service", "its service"), data.get("severity", "its severity")
    if data.get("urgency") == "low":
        return f"It came outside the support hours of {service}: low urgency until they begin, though it is {severity}."
    return f"It came within the support hours of {service}: high urgency, though it is {severity}."


SENTENCES: Final[Mapping[str, Callable[[str, Data], str]]] = {
    Fact.ALERT_JOINED: _joined,
    Fact.LATE_COPY: _late_copy,
    Fact.RECORDED: _recorded,
    Fact.RAISED: _raised,
    Fact.BY_HOURS: _by_hours,
}
