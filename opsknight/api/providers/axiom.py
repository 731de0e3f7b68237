"""Axiom's custom webhook for monitors, with its default template and those that people write.

Source: https://axiom.co/docs/monitor-data/custom-webhook-notifier
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from opsknight.api.limits import excess
from opsknight.api.providers.provider import Context, Provider, Said
from opsknight.api.reading import (
    by_path,
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
from opsknight.api.unknown import unknown_shape
from opsknight.domain.model.event import Action, Event, Malformed, Severity, Unreadable

SLUG: Final = "axiom"

_ACTIONS: Final[Mapping[str, Action]] = {
    "open": Action.TRIGGER,
    "opened": Action.TRIGGER,
    "triggered": Action.TRIGGER,
    "monitor.open": Action.TRIGGER,
    "closed": Action.RESOLVE,
    "close": Action.RESOLVE,
    "resolved": Action.RESOLVE,
    "monitor.resolved": Action.RESOLVE,
    "monitor.closed": Action.RESOLVE,
}
_QUIET: Final = frozenset(("muted", "disabled", "paused", "snoozed"))
_ACTION: Final = ("action", "status", "state", "type")
_TITLE: Final = ("title", "name", "monitorname", "body", "description", "message", "text")
_LINK: Final = ("sourceurl", "monitorurl", "url", "link")
_AT: Final = ("timestamp", "queryendtime")
_DETAILS: Final = ("body", "description", "value", "matchedevent", "querystarttime", "queryendtime")


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return the event of one monitor; its id and the group that it speaks of are the dedup key.

    Raises:
        Malformed: it is no object, or says nothing.
    """
    if not is_object(payload):
        raise Malformed("The Axiom payload is not a JSON object.")
    if context.may_exceed and (reason := excess(payload)):
        return [Unreadable(reason)]
    said = by_path(payload, deep=1) | by_path(inner(payload, "event"), deep=1)
    status = next((found for name in _ACTION if (found := word(said.get(name)))), "")
    if status in _QUIET:
        return []
    title = one_line(first(said, _TITLE))
    identity = _identity(said, title)
    if not status or not identity:
        if (event := unknown_shape(SLUG, payload)) is not None:
            return [event]
        raise Malformed("The Axiom payload has no action and monitorID; use the notifier's default template.")
    details = {name: said[name] for name in _DETAILS if said.get(name) not in (None, "", [], {})}
    links = (link(said.get(name), words="Monitor") for name in _LINK)
    event = Event(
        action=_ACTIONS.get(status, Action.TRIGGER),
        dedup_key=scoped(SLUG, identity),
        title=title or "Axiom monitor",
        severity=severity_of(said.get("severity")) or Severity.ERROR,
        source=first(_groups(said), ("host", "hostname", "instance", "node", "pod")),
        component=first(_groups(said), ("service", "service.name")),
        occurred_at=next((at for name in _AT if (at := _instant(said.get(name))) is not None), None),
        tags=_groups(said),
        links=tuple(one for one in links if one is not None)[:1],
        details=details if status in _ACTIONS else details | {"unknown_status": status},
    )
    return [event]


def _identity(said: Said, title: str) -> str:
    """Return the monitor and its group; without a monitor the title without the state before it."""
    groups = [part for pair in sorted(_groups(said).items()) for part in pair]
    monitor = text(said.get("monitorid"))
    if monitor:
        return f"{monitor}:{stable(*groups)}" if groups else monitor
    state, colon, name = title.partition(": ")
    plain = name if colon and word(state) in _ACTIONS else title
    return stable("title", plain, *groups) if plain else ""


def _groups(said: Said) -> dict[str, str]:
    """Return what the monitor groups by, with the values of this group."""
    names, values = said.get("groupkeys"), said.get("groupvalues")
    if is_list(names) and is_list(values):
        return {text(name): text(value) for name, value in zip(names, values, strict=False) if text(name)}
    return texts(said["group"]) if is_object(said.get("group")) else {}


def _instant(value: Any) -> datetime | None:
    """Return what a time means; Go writes “2025-02-15 14:59:03.26 +0000 UTC”."""
    return instant(value.removesuffix(" UTC") if isinstance(value, str) else value)


_TEMPLATE: Final = """\
{address}

{
  "action": "{{.Action}}",
  "event": {
    "monitorID": "{{.MonitorID}}",
    "body": "{{.Body}}",
    "description": "{{.Description}}",
    "queryEndTime": "{{.QueryEndTime}}",
    "queryStartTime": "{{.QueryStartTime}}",
    "timestamp": "{{.Timestamp}}",
    "title": "{{.Title}}",
    "value": {{.Value}},
    "matchedEvent": {{jsonObject .MatchedEvent}},
    "groupKeys": {{jsonArray .GroupKeys}},
    "groupValues": {{jsonArray .GroupValues}}
  }
}"""

PROVIDER: Final = Provider(
    slug=SLUG,
    label="Axiom",
    docs_url="https://axiom.co/docs/monitor-data/custom-webhook-notifier",
    normalise=normalise,
    where="Monitors → Manage notifiers → New notifier → Custom webhook: the address as Webhook URL, the rest as body",
    setup=_TEMPLATE,
    sample={
        "action": "Open",
        "event": {
            "monitorID": "opsknight-test",
            "body": "Axiom can reach OpsKnight",
            "description": "",
            "queryEndTime": "2026-01-01 00:01:00 +0000 UTC",
            "queryStartTime": "2026-01-01 00:00:00 +0000 UTC",
            "timestamp": "2026-01-01 00:01:00 +0000 UTC",
            "title": "Triggered: OpsKnight test",
            "value": 0,
            "matchedEvent": {},
            "severity": "info",
        },
    },
    retries_429=False,
)
