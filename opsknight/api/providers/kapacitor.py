"""The alert data that Kapacitor's POST handler sends (alert().post(), [[httppost]]), and InfluxDB 2's own checks.

Sources: https://docs.influxdata.com/kapacitor/v1/reference/event_handlers/post/ and, for what a notification
endpoint of the kind HTTP is sent, https://docs.influxdata.com/influxdb/v2/monitor-alert/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from opsknight.api.limits import excess
from opsknight.api.providers.provider import Context, Provider, Said
from opsknight.api.reading import first, instant, is_list, is_object, kept, rest, scoped, stable, texts, titled, word
from opsknight.api.unknown import unknown_shape
from opsknight.domain.model.event import Action, Event, Malformed, Severity, Unreadable

SLUG: Final = "kapacitor"
MAX_DURATION_NS: Final = 10**18
"""Some 30 years; more is no duration."""

_LEVELS: Final[Mapping[str, Severity]] = {
    "critical": Severity.CRITICAL,
    "crit": Severity.CRITICAL,
    "warning": Severity.WARNING,
    "warn": Severity.WARNING,
    "info": Severity.INFO,
    "ok": Severity.INFO,
}
_HOST: Final = ("host", "hostname", "instance", "server")
_OF_CHECKS: Final = ("_check_id", "_check_name", "_source_measurement", "_message")
"""What tells checks apart, best first; a task that notifies by itself, without a check, has not all of them."""
_SHOWN: Final = frozenset(("id", "message", "time", "level"))


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return the one event of `payload`; its dedup key is the alert's id, which its task and group make.

    Raises:
        Malformed: nothing in it says what is wrong.
    """
    if not is_object(payload):
        raise Malformed("The Kapacitor payload is not a JSON object; use its POST handler without a template.")
    if context.may_exceed and (reason := excess(payload)):
        return [Unreadable(reason)]
    if "_level" in payload and first(payload, _OF_CHECKS):
        return [_check(payload)]
    alert, message = first(payload, ("id",)), first(payload, ("message",))
    if not alert and not (message and "level" in payload):
        return [_unknown(payload)]
    level = word(payload.get("level"))
    tags = _tags(payload.get("data"))
    at = instant(payload.get("time"))
    unknown = {"unknown_status": level} if level and level not in _LEVELS else {}
    return [
        Event(
            action=Action.RESOLVE if level == "ok" else Action.TRIGGER,
            dedup_key=scoped(SLUG, alert or stable(message)),
            title=titled(message, alert, otherwise="Kapacitor alert"),
            severity=_LEVELS.get(level, Severity.ERROR),
            source=first(tags, _HOST),
            component=_measurement(payload.get("data")),
            occurred_at=at,
            started_at=_started(at, payload.get("duration")),
            tags=tags,
            details=rest(payload, _SHOWN) | unknown,
        )
    ]


def _check(said: Said) -> Event:
    """Return the event of a check of InfluxDB 2, whose columns are told one by one: a row of its statuses.

    Columns without "_" before their name are tags, which are texts, or fields, which are numbers.
    """
    level, name = word(said.get("_level")), first(said, ("_check_name", "_check_id", "_source_measurement"))
    tags = {one: value for one, value in said.items() if not one.startswith("_") and isinstance(value, str)}
    parts = (part for tag in sorted(tags.items()) for part in tag)
    fields = {one: value for one, value in said.items() if not one.startswith("_") and one not in tags}
    return Event(
        action=Action.RESOLVE if level == "ok" else Action.TRIGGER,
        dedup_key=scoped(SLUG, f"check:{first(said, _OF_CHECKS)}:{stable(*parts)}"),
        title=titled(first(said, ("_message",)), name, otherwise="InfluxDB check"),
        severity=_LEVELS.get(level, Severity.ERROR),
        source=first(tags, _HOST),
        component=first(said, ("_source_measurement",)),
        occurred_at=instant(said.get("_time")),
        tags=tags,
        details={"check": name, "level": level}
        | fields
        | kept(said, ("_type", "_notification_rule_name"))
        | ({} if level in _LEVELS else {"unknown_status": level or "none"}),
    )


def _unknown(payload: Said) -> Event:
    event = unknown_shape(SLUG, payload)
    if event is None:
        raise Malformed("The Kapacitor payload has neither an id nor a message; leave the handler's template out.")
    return event


def _series(data: Any) -> Said:
    series = data.get("series") if is_object(data) else None
    return series[0] if is_list(series) and series and is_object(series[0]) else {}


def _tags(data: Any) -> dict[str, str]:
    tags = _series(data).get("tags")
    return texts(tags) if is_object(tags) else {}


def _measurement(data: Any) -> str:
    return first(_series(data), ("name",))


def _started(at: datetime | None, duration_ns: Any) -> datetime | None:
    """Return when the alert left OK: its time less its duration."""
    if at is None or not isinstance(duration_ns, int | float) or not 0 < duration_ns < MAX_DURATION_NS:
        return None
    return at - timedelta(microseconds=int(duration_ns) // 1000)


PROVIDER: Final = Provider(
    slug=SLUG,
    label="Kapacitor",
    docs_url="https://docs.influxdata.com/kapacitor/v1/reference/event_handlers/post/",
    normalise=normalise,
    where="In kapacitor.conf; then call .post().endpoint('opsknight') at the alert node",
    setup="""\
[[httppost]]
  endpoint = "opsknight"
  url = "{address}\"""",
    sample={
        "id": "cpu:host=web-1",
        "message": "OpsKnight test: cpu:host=web-1 is INFO",
        "details": "This is only a test",
        "time": "2026-11-24T10:23:20Z",
        "duration": 60000000000,
        "level": "INFO",
        "previousLevel": "OK",
        "recoverable": True,
        "data": {"series": [{"name": "cpu", "tags": {"host": "web-1"}, "columns": ["time", "usage"], "values": []}]},
    },
)
