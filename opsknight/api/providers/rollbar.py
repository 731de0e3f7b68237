"""Rollbar's webhooks about items: new, reactivated, reopened, frequent and resolved ones.

Source: https://docs.rollbar.com/docs/webhooks
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from opsknight.api.providers.provider import MIB, Context, Provider, Said, within_limits
from opsknight.api.reading import (
    as_object,
    filled,
    first,
    inside,
    instant,
    is_object,
    link,
    one_line,
    scoped,
    severity_of,
    stable,
    text,
    word,
)
from opsknight.api.unknown import unknown_shape
from opsknight.domain.model.event import Action, Event, Malformed, Severity, Unreadable

SLUG: Final = "rollbar"

_ACTIONS: Final[Mapping[str, Action]] = {
    "new item": Action.TRIGGER,
    "reactivated item": Action.TRIGGER,
    "reopened item": Action.TRIGGER,
    "exp repeat item": Action.TRIGGER,
    "item velocity": Action.TRIGGER,
    "occurrence rate": Action.TRIGGER,
    "occurrence": Action.TRIGGER,
    "resolved item": Action.RESOLVE,
}
_QUIET: Final = frozenset(("deploy", "new version", "test", "assigned item", "muted item", "comment", "item comment"))
_NEW: Final = "new item"
"""What people reopen has the time of the activation before, so that it would seem a late copy of what was resolved."""
_LEVELS: Final[Mapping[str, Severity]] = {
    "50": Severity.CRITICAL,
    "40": Severity.ERROR,
    "30": Severity.WARNING,
    "20": Severity.INFO,
    "10": Severity.INFO,
}
_IN_WORDS: Final[Mapping[str, str]] = {
    "exp repeat item": "occurred again and again",
    "item velocity": "occurs often",
    "occurrence rate": "occurs often",
    "reactivated item": "occurred again",
    "reopened item": "was reopened",
}


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return the one event of `payload`, or none for a deploy or a test; the item is the identity.

    Raises:
        Malformed: it holds no item, and no text in it says what is wrong.
    """
    if not is_object(payload):
        raise Malformed("The Rollbar payload is not a JSON object.")
    kind, data = word(payload.get("event_name")), as_object(payload.get("data"))
    if kind in _QUIET:
        return []
    item = as_object(data.get("item")) or as_object(payload.get("item"))
    if not item:
        event = unknown_shape(SLUG, payload)
        if event is None:
            raise Malformed("The Rollbar payload holds no “data.item”; is it a webhook in the format JSON?")
        return [event]
    return [within_limits(_event(kind, data, item), may_exceed=context.may_exceed)]


def _event(kind: str, data: Said, item: Said) -> Event:
    occurrence = as_object(data.get("occurrence")) or as_object(item.get("last_occurrence"))
    title = one_line(first(item, ("title",)) or text(inside(occurrence, "body", "message", "body"))).strip()
    environment = first(item, ("environment",)) or first(occurrence, ("environment",))
    identity = first(item, ("id",)) or stable(first(item, ("hash", "counter")) or title, environment)
    action, again = _ACTIONS.get(kind), _IN_WORDS.get(kind, "")
    address = link(data.get("url") or item.get("url"), words="Item")
    return Event(
        action=action or Action.TRIGGER,
        dedup_key=scoped(SLUG, f"item:{identity}"),
        title=title or "Rollbar item without a title",
        severity=_severity(item, occurrence),
        source=text(inside(occurrence, "server", "host")),
        component=environment,
        occurred_at=instant(occurrence.get("timestamp")) or instant(item.get("last_occurrence_timestamp")),
        started_at=instant(item.get("last_activated_timestamp")) if kind == _NEW else None,
        tags=filled({"environment": environment, "project": text(item.get("project_id"))}),
        links=() if address is None else (address,),
        details=filled(
            {
                "event": kind,
                "what": again,
                "occurrences": item.get("total_occurrences"),
                "threshold": data.get("occurrences") or data.get("trigger") or data.get("rate"),
                "language": occurrence.get("language"),
                "framework": occurrence.get("framework"),
                "code_version": occurrence.get("code_version") or inside(occurrence, "server", "code_version"),
                "exception": inside(occurrence, "body", "trace", "exception"),
                "context": occurrence.get("context"),
                "request": inside(occurrence, "request", "url"),
                "unknown_status": "" if action else kind,
            }
        ),
    )


def _severity(item: Said, occurrence: Said) -> Severity:
    """Return how bad the level is, a number on items and a word on occurrences."""
    for level in (text(item.get("level")), text(occurrence.get("level"))):
        if found := _LEVELS.get(level) or severity_of(level):
            return found
    return Severity.ERROR


PROVIDER: Final = Provider(
    slug=SLUG,
    label="Rollbar",
    docs_url="https://docs.rollbar.com/docs/webhooks",
    normalise=normalise,
    where="Project → Settings → Notifications → Webhook",
    setup="""URL: {address}
Format: JSON
Rules: New Item, Item Reactivated, Item Resolved (and High Occurrence Rate)""",
    sample={
        "event_name": "new_item",
        "data": {
            "item": {
                "id": 1,
                "title": "OpsKnight test",
                "environment": "test",
                "level": 10,
                "status": 1,
                "total_occurrences": 1,
            }
        },
    },
    max_body=4 * MIB,
)
