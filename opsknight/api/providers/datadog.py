"""Datadog's webhook: the body it sends by default, and the custom ones that people write.

Source: https://docs.datadoghq.com/integrations/webhooks/
A custom payload names its fields freely; those that its variables suggest are known here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from opsknight.api.limits import excess
from opsknight.api.providers.provider import Context, Provider, Said, each
from opsknight.api.reading import (
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
from opsknight.api.unknown import unknown_shape
from opsknight.domain.model.event import Action, Event, Link, Malformed, Severity, Unreadable

SLUG: Final = "datadog"
MAX_EVENTS: Final = 1_000
MAX_LINKS: Final = 5
MAX_PREFIXES: Final = 8
MAX_PREFIXED: Final = 4096
"""Characters of a title that are looked at."""

_TRIGGERS: Final[Mapping[str, Severity]] = {
    "triggered": Severity.ERROR,
    "re triggered": Severity.ERROR,
    "alert": Severity.ERROR,
    "error": Severity.ERROR,
    "renotify": Severity.ERROR,
    "no data": Severity.ERROR,
    "re no data": Severity.ERROR,
    "warn": Severity.WARNING,
    "re warn": Severity.WARNING,
    "warning": Severity.WARNING,
}
"""Transitions that ask for a page, with how bad they are at most when the monitor has no priority."""
_RESOLVES: Final = frozenset(
    ("recovered", "ok", "success", "resolved", "resolve", "completed", "warn recovered", "no data recovered")
)
"""An incident is completed after it was resolved."""
_QUIET: Final = frozenset(("muted", "unmuted", "paused", "pending", "maintenance", "downtime", "stable"))
_PRIORITIES: Final[Mapping[str, Severity]] = {
    "1": Severity.CRITICAL,
    "2": Severity.ERROR,
    "3": Severity.WARNING,
    "4": Severity.INFO,
    "5": Severity.INFO,
}
_WARNINGS: Final = frozenset(("warn", "re warn", "warning"))

_TRANSITION: Final = (
    "alert_transition", "transition", "alert_state", "state", "status", "monitor_status", "alert_status",
    "incident_status", "event_action",
)  # fmt: skip
_TITLE: Final = (
    "title", "alert_title", "event_title", "monitor_name", "name", "incident_title", "security_signal_title",
)  # fmt: skip
_MESSAGE: Final = ("body", "text_only_msg", "event_msg", "event_message", "message", "msg", "text", "description")
_MONITOR: Final = ("monitor_id", "alert_id", "incident_public_id")
_SUBJECTS: Final = ("alert", "monitor", "event", "incident")
"""Objects that custom payloads put a monitor's fields into."""
_ENVELOPES: Final = ("metadata", "data", "payload", "custom_details", "details")
"""Objects that custom payloads put the variables into, under their own names."""
_SCOPE: Final = ("alert_scope", "scopes", "scope", "monitor_groups", "group")
_PRIORITY: Final = (
    "alert_priority", "monitor_priority", "severity", "alert_severity", "incident_severity", "security_signal_severity",
    "priority",
)  # fmt: skip
_AT: Final = ("date_posix", "date", "last_updated", "timestamp")
_HOST: Final = ("hostname", "host_name", "host")
_ELSEWHERE: Final = frozenset(("tags", "routing_key"))
"""Fields that stand in the event itself, or are nobody's business."""
_LINK: Final = (
    ("link", "Event"),
    ("url", "Event"),
    ("event_url", "Event"),
    ("alert_url", "Event"),
    ("incident_url", "Incident"),
    ("snapshot", "Graph"),
)

_UNRENDERED: Final = re.compile(r"\$[A-Z][A-Z0-9_]*(\[[^\]]*\])?|\{\{[^{}]*\}\}")
_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
"""Where a word begins in alertId, which some templates write for alert_id."""
_PREFIX: Final = re.compile(r"\s*\[([^\[\]]*)\]\s*")
_GROUP: Final = re.compile(r"(.+?) on \{(.*)\}", re.IGNORECASE | re.DOTALL)
_IN_TEXT: Final = re.compile(r"\[([^\[\]]{1,80})\]\((https?://[^\s()]{1,2000})\)")


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return the one event of an object, or one for each object of a list; none where a transition pages nobody.

    Without a transition the title's prefix ([Triggered], [Recovered], …) says it, and without
    either it is a trigger.

    Raises:
        Malformed: it is neither object nor list, or has neither a title nor a monitor.
    """
    if is_list(payload) and payload:
        if len(payload) > MAX_EVENTS:
            raise Malformed(f"The Datadog payload holds more than {MAX_EVENTS:,} events; send fewer at once.")
        return each(payload, _event, what="Event", context=context)
    if not is_object(payload):
        raise Malformed("The Datadog payload is not a JSON object.")
    if context.may_exceed and (reason := excess(payload)):
        return [Unreadable(reason)]
    event = _event(payload)
    return [] if event is None else [event]


def _event(payload: Said) -> Event | None:
    """Return the event of one object, None where its transition pages nobody.

    Raises:
        Malformed: it has neither a title nor a monitor.
    """
    said = _rendered(payload)
    title = _title(_first(said, (*_TITLE, "summary", "alert_name")) or _begun(said))
    transition = _transition(said, title.state)
    if transition in _QUIET:
        return None
    identity = _identity(said, title)
    if identity is None:  # better a page that shows its template than none
        said |= _as_written(payload)
        title = _title(_first(said, _TITLE))
        identity = stable(*(_first(said, (name,)) for name in (*_MONITOR, *_TITLE))) if title.text else None
    if identity is None and (event := unknown_shape(SLUG, payload)) is not None:
        return event
    if identity is None:
        raise Malformed("The Datadog payload has neither a title nor a monitor; does its template use $EVENT_TITLE?")
    message = _first(said, _MESSAGE)
    return Event(
        action=Action.RESOLVE if transition in _RESOLVES else Action.TRIGGER,
        dedup_key=scoped(SLUG, identity),
        title=one_line(title.text or message) or "Datadog monitor",
        severity=_severity(said, title.priority, transition),
        source=_first(said, _HOST),
        occurred_at=next((at for name in _AT if (at := instant(said.get(name))) is not None), None),
        tags=texts(said.get("tags")),
        links=_links(said, message),
        details={name: value for name, value in said.items() if not _is_elsewhere(name, value)},
    )


def _begun(said: Said) -> str:
    """Return the first line of a message that begins as a title does, which is all that some payloads hold."""
    begins = _first(said, _MESSAGE).partition("\n")[0]
    return begins if _title(begins).state else ""


def _is_elsewhere(name: str, value: Any) -> bool:
    return name in _ELSEWHERE or (name in _ENVELOPES and is_object(value))


def _rendered(payload: Said) -> Said:
    """Return the fields by lower-case name, without those whose template variable stayed as it was."""
    return {
        name: value
        for name, value in _named(payload).items()
        if value is not None and not (isinstance(value, str) and _UNRENDERED.fullmatch(value.strip()))
    }


def _named(payload: Said) -> Said:
    """Return the fields by lower-case name, words joined by "_", those of an object inside after its own name too."""
    fields = {_name(name): value for name, value in payload.items()}
    for envelope in _ENVELOPES:
        for name, value in inner(fields, envelope).items():
            fields.setdefault(_name(name), value)
    for outer in _SUBJECTS:
        for name, value in inner(fields, outer).items():
            fields.setdefault(f"{outer}_{_name(name)}", value)
    return fields


def _name(name: str) -> str:
    return _HUMP.sub("_", name).lower().lstrip("$")


def _as_written(payload: Said) -> Said:
    """Return what names a monitor, its variables left as they are."""
    fields = _named(payload)
    return {name: fields[name] for name in (*_TITLE, *_MONITOR) if text(fields.get(name))}


def _first(said: Said, names: Iterable[str]) -> str:
    """Return the first of the named fields that is text and not blank, or ""."""
    return next((found for name in names if (found := text(said.get(name)))), "")


class _Title(NamedTuple):
    """A title without the prefixes that tell its state, and what these said."""

    text: str
    state: str
    group: str
    priority: str


def _title(title: str) -> _Title:
    """Return "[P2] [Triggered on {host:a}] [TEST] CPU" as "[TEST] CPU", "triggered", "host:a", "p2"."""
    state, group, priority, kept = "", "", "", ""
    rest = title[:MAX_PREFIXED]
    for _ in range(MAX_PREFIXES):
        match = _PREFIX.match(rest)
        if match is None:
            break
        within = match[1].strip()
        on = _GROUP.fullmatch(within)
        said = word(on[1] if on else within)
        if said in _TRIGGERS or said in _RESOLVES or said in _QUIET:
            state, group = state or said, group or (on[2].strip() if on else "")
        elif said.removeprefix("p") in _PRIORITIES:
            priority = said
        else:
            kept += f"[{within}] "
        rest = rest[match.end() :]
    return _Title((kept + rest).strip(), state, group, priority)


def _transition(said: Said, prefix: str) -> str:
    """Return the first state that is known: of a field, of the title's prefix, of the type; else that it triggered."""
    states = (*(word(said.get(name)) for name in _TRANSITION), prefix, word(said.get("alert_type")))
    known = (state for state in states if state in _TRIGGERS or state in _RESOLVES or state in _QUIET)
    return next(known, "triggered")


def _identity(said: Said, title: _Title) -> str | None:
    """Return what stays the same from trigger to recovery, None where nothing does.

    The monitor (or the aggregation key) and the group it triggered for; without a monitor, the
    title. The event's own id is new each time.
    """
    scope = ",".join(sorted(_scope(said))) or title.group
    given = text(said.get("dedup_key"))
    if given and not _UNRENDERED.search(given):
        return given
    for name in (*_MONITOR, "aggreg_key", "aggregation_key", "alert_cycle_key"):
        key = text(said.get(name))
        if key and not _UNRENDERED.search(key):
            return f"{name}:{key}:{scope}" if scope else f"{name}:{key}"
    return stable(title.text, scope) if title.text else None


def _scope(said: Said) -> Iterable[str]:
    value: Any = next((said[name] for name in _SCOPE if said.get(name)), "")
    parts = value.split(",") if isinstance(value, str) else value
    named = (text(one) for one in parts) if is_list(parts) else ()
    return (part for part in named if part not in {"", "*"} and not _UNRENDERED.search(part))


def _severity(said: Said, prefix: str, transition: str) -> Severity:
    """Return how bad it is by the monitor's priority, else the alert's type, else the transition.

    What a transition calls a warning is never more than one.
    """
    for value in (*(text(said.get(name)).lower() for name in _PRIORITY), prefix):
        if value in {"", "normal", "low"}:  # $PRIORITY says one of these for every event, whatever the monitor's
            continue
        found = _PRIORITIES.get(value.removeprefix("p")) or severity_of(value)
        if found is not None:
            is_milder = transition in _WARNINGS and found in {Severity.CRITICAL, Severity.ERROR}
            return Severity.WARNING if is_milder else found
    by_transition = _TRIGGERS.get(transition, Severity.ERROR)
    return Severity.INFO if word(said.get("alert_type")) == "info" else by_transition


def _links(said: Said, message: str) -> tuple[Link, ...]:
    """Return the event's own link, the graph, and the first links of the message."""
    named = [link(said.get(name), words=words) for name, words in _LINK]
    written = [link(href, words=one_line(words.strip("[] "))) for words, href in _IN_TEXT.findall(message[:20_000])]
    distinct = {one.href: one for one in reversed([*named, *written]) if one is not None}
    return tuple(reversed(distinct.values()))[:MAX_LINKS]


PROVIDER: Final = Provider(
    slug=SLUG,
    label="Datadog",
    docs_url="https://docs.datadoghq.com/integrations/webhooks/",
    normalise=normalise,
    form=True,
    retries_429=False,
)
