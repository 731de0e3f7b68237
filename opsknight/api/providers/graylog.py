"""Graylog's HTTP notification of an event, and the alarm callback that came before it (Graylog 1 and 2).

Sources: https://go2docs.graylog.org/current/interacting_with_your_log_data/notifications.html and
https://docs.graylog.org/en/2.5/pages/streams/alerts.html (HTTP alarm callback). Neither ever tells of an end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from opsknight.api.limits import excess
from opsknight.api.providers.provider import Context, Provider, Said
from opsknight.api.reading import first, instant, is_list, is_object, link, scoped, stable, text, texts, titled
from opsknight.api.unknown import unknown_shape
from opsknight.domain.model.event import Action, Event, Malformed, Severity, Unreadable

SLUG: Final = "graylog"
MAX_BACKLOG: Final = 5
"""Messages of the backlog that are shown."""

_PRIORITIES: Final[Mapping[str, Severity]] = {
    "1": Severity.INFO,
    "2": Severity.WARNING,
    "3": Severity.ERROR,
    "4": Severity.CRITICAL,
}
"""Low, normal (now medium), high; critical came later."""


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return the trigger that `payload` is; the event's definition and the group it is about are its dedup key.

    Raises:
        Malformed: nothing in it says what is wrong.
    """
    if not is_object(payload):
        raise Malformed("The Graylog payload is not a JSON object; use the notification type HTTP Notification.")
    if context.may_exceed and (reason := excess(payload)):
        return [Unreadable(reason)]
    if is_object(check := payload.get("check_result")):
        event = _callback(payload, check)
        return [] if event is None else [event]
    if first(payload, ("event_definition_id", "event_definition_title")):
        return [_notification(payload)]
    event = unknown_shape(SLUG, payload)
    if event is None:
        raise Malformed("The Graylog payload has no event; use the notification type HTTP Notification.")
    return [event]


def _notification(payload: Said) -> Event:
    event = _object(payload, "event")
    definition = first(payload, ("event_definition_id",)) or first(payload, ("event_definition_title",))
    title = first(payload, ("event_definition_title",))
    message = first(event, ("message",))
    at = instant(event.get("timestamp"))
    return Event(
        action=Action.TRIGGER,
        dedup_key=scoped(SLUG, f"{definition}:{_group(event)}" if _group(event) else definition),
        title=titled(
            message if message and title in message else ": ".join(one for one in (title, message) if one),
            otherwise="Graylog event",
        ),
        severity=_PRIORITIES.get(text(event.get("priority")).removesuffix(".0"), Severity.ERROR),
        source=_source(event, payload),
        component=title,
        occurred_at=at,
        started_at=instant(event.get("timerange_start")),
        tags=texts(_object(event, "group_by_fields")) | texts(_object(event, "fields")),
        links=tuple(one for one in (link(event.get("url"), words="Monitor"),) if one is not None),
        details=_filled(
            description=first(payload, ("event_definition_description",)),
            definition=first(payload, ("event_definition_type",)),
            origin=first(event, ("origin_context",)),
            query=first(_object(event, "replay_info"), ("query",)),
            messages=_messages(payload.get("backlog")),
        ),
    )


def _group(event: Said) -> str:
    """Return which group of an aggregation it is about: its key, which a list of parts is in newer versions.

    An event definition without a key of its own still says what it groups by.
    """
    key, parts, groups = event.get("key"), event.get("key_tuple"), texts(_object(event, "group_by_fields"))
    if said := text(key):
        return said
    if is_list(parts) and parts:
        return stable(*map(text, parts))
    return stable(*(part for group in sorted(groups.items()) for part in group)) if groups else ""


def _source(event: Said, payload: Said) -> str:
    """Return the host whose messages it is about; the event's own source is the Graylog server."""
    for place in (_object(event, "group_by_fields"), _object(event, "fields"), *_list(payload.get("backlog"))):
        if host := first(place, ("source", "host", "hostname")):
            return host
    return first(event, ("source",))


def _callback(payload: Said, check: Said) -> Event | None:
    """Return the event of an alarm callback, None where its condition did not trigger."""
    if check.get("triggered") is False:
        return None
    stream, condition = _object(payload, "stream"), _object(check, "triggered_condition")
    stream_title, condition_title = first(stream, ("title",)), first(condition, ("title",))
    ids = [one for one in (first(stream, ("id",)), first(condition, ("id",))) if one]
    title = first(check, ("result_description",)) or condition_title or f"Alert in stream {stream_title or 'unnamed'}"
    messages = _list(check.get("matching_messages"))
    return Event(
        action=Action.TRIGGER,
        dedup_key=scoped(SLUG, ":".join(ids) if ids else stable(stream_title, condition_title, title)),
        title=titled(title, otherwise="Graylog alert"),
        source=next((host for one in messages if (host := first(one, ("source",)))), ""),
        component=stream_title,
        occurred_at=instant(check.get("triggered_at")),
        details=_filled(
            stream=first(stream, ("description",)),
            condition=first(condition, ("type",)),
            parameters=condition.get("parameters"),
            messages=_messages(messages),
        ),
    )


def _object(values: Said, name: str) -> Said:
    value = values.get(name)
    return value if is_object(value) else {}


def _list(value: Any) -> list[Said]:
    return [one for one in value if is_object(one)] if is_list(value) else []


def _filled(**details: object) -> dict[str, object]:
    return {name: value for name, value in details.items() if value}


def _messages(listed: Any) -> list[str]:
    return [said for one in _list(listed)[:MAX_BACKLOG] if (said := first(one, ("message",)))]


PROVIDER: Final = Provider(
    slug=SLUG,
    label="Graylog",
    docs_url="https://go2docs.graylog.org/current/interacting_with_your_log_data/notifications.html",
    normalise=normalise,
    where="Alerts → Notifications → Create notification, type HTTP Notification, URL; then at the event definition",
    sample={
        "event_definition_id": "64f0c0ffee",
        "event_definition_type": "aggregation-v1",
        "event_definition_title": "OpsKnight test",
        "event_definition_description": "This is only a test",
        "job_definition_id": "64f0c0ffe0",
        "job_trigger_id": "64f0c0ffe1",
        "event": {
            "id": "01JD0000000000000000000000",
            "event_definition_type": "aggregation-v1",
            "event_definition_id": "64f0c0ffee",
            "timestamp": "2026-11-24T10:23:20.000Z",
            "message": "OpsKnight test: count()=12.0",
            "source": "graylog-1",
            "key": "",
            "priority": 1,
            "alert": True,
            "fields": {},
            "group_by_fields": {},
        },
        "backlog": [],
    },
)
