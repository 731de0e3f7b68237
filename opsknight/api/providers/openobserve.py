"""OpenObserve's alert destination of kind webhook, whose body is a template of the user's.

Source: https://openobserve.ai/docs/user-guide/account-administration/management/templates/
Of its two sample templates, that for Alertmanager is a list of alerts with labels and annotations. It tells when an
alert fires and never when it is over.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from opsknight.api.limits import excess
from opsknight.api.providers.provider import Context, Provider, Said, each
from opsknight.api.reading import (
    first,
    inner,
    instant,
    is_list,
    is_object,
    link,
    one_line,
    plain,
    scoped,
    severity_of,
    stable,
    text,
    texts,
)
from opsknight.api.unknown import marked
from opsknight.domain.model.event import Action, Event, Malformed, Severity, Unreadable

SLUG: Final = "openobserve"

MAX_ALERTS: Final = 1000
_NAME: Final = ("alert_name", "alertname", "name")
_TITLE: Final = ("title", "summary", "message", "text", "description")
_IDENTITY: Final = ("org_name", "stream_type", "stream_name", "alert_name", "alertname", "name", "host", "instance")
_AT: Final = ("alert_trigger_time", "alert_trigger_time_str", "alert_end_time", "timestamp")
_SEVERITY: Final = ("severity", "alert_level", "level", "priority")
_VARIABLES: Final = (
    "org_name, stream_type, stream_name, alert_name, alert_type, alert_url, alert_description, alert_count,"
    " alert_agg_value, alert_threshold, alert_operator, alert_start_time, alert_end_time, alert_trigger_time,"
    " alert_level"
)
_ALIKE: Final = {plain(name): name for name in _VARIABLES.split(", ")} | {
    "alert": "alert_name",
    "organization": "org_name",
    "stream": "stream_name",
    "triggertime": "alert_trigger_time",
}
"""The variables' names as others spell them who write templates of their own: streamName, AlertName."""
_READ: Final = frozenset((*_NAME, "alert_url", "tags", "severity", "alert_start_time", "org_name"))
_OF_ALERTMANAGER: Final = frozenset(("labels", "annotations"))
_UNEXPANDED: Final = re.compile(r"\{[a-z_][a-z0-9_.:]*\}", re.IGNORECASE)
_REFUSAL: Final = "The OpenObserve payload names no alert; paste our body into its template."


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return the trigger of `payload`, or of each alert in a list; organization, stream and name are the dedup key.

    Raises:
        Malformed: it is neither an object nor a list of such, or nothing in it says what is wrong.
    """
    if is_list(payload) and payload and is_object(payload[0]):
        if len(payload) > MAX_ALERTS:
            raise Malformed(f"The OpenObserve payload holds more than {MAX_ALERTS:,} alerts.")
        return each(payload, _read, what="Alert", context=context)
    if not is_object(payload):
        raise Malformed("The OpenObserve payload is not a JSON object.")
    if context.may_exceed and (reason := excess(payload)):
        return [Unreadable(reason)]
    return [_read(payload)]


def _read(payload: Said) -> Event:
    said = _said(payload)
    return _event(said) if first(said, _NAME) else marked(SLUG, said, refusal=_REFUSAL)[0]


def _opened(payload: Said) -> Said:
    """Return the fields with those that a template for Alertmanager or PagerDuty puts inside others."""
    labels, event = inner(payload, "labels"), inner(payload, "payload")
    if labels:
        return {name: value for name, value in payload.items() if name not in _OF_ALERTMANAGER} | {
            **inner(payload, "annotations"),
            **labels,
        }
    if "event_action" in payload and event:
        return {name: value for name, value in event.items() if name != "custom_details"} | inner(
            event, "custom_details"
        )
    return payload


def _said(payload: Said) -> Said:
    """Return the fields by the variables' names or in lower case, without variables that were not filled in."""
    return {
        _ALIKE.get(plain(name), name.casefold()): value
        for name, value in _opened(payload).items()
        if not (isinstance(value, str) and _UNEXPANDED.fullmatch(value.strip()))
    }


def _event(said: Said) -> Event:
    page = link(said.get("alert_url"), words="OpenObserve")
    return Event(
        action=Action.TRIGGER,
        dedup_key=scoped(SLUG, stable(*(text(said.get(name)) for name in _IDENTITY))),
        title=one_line(first(said, _TITLE) or first(said, _NAME)) or "OpenObserve alert",
        severity=severity_of(first(said, _SEVERITY)) or Severity.ERROR,
        source=first(said, ("host", "hostname", "instance", "stream_name")),
        component=first(said, ("stream_name",)),
        occurred_at=next((at for name in _AT if (at := instant(said.get(name))) is not None), None),
        started_at=instant(said.get("alert_start_time")),
        tags=texts(said.get("tags")),
        links=(page,) if page else (),
        details={name: value for name, value in said.items() if name not in _READ and value},
    )


PROVIDER: Final = Provider(
    slug=SLUG,
    label="OpenObserve",
    docs_url="https://openobserve.ai/docs/user-guide/account-administration/management/templates/",
    normalise=normalise,
    where="Management → Templates → Add template; then Alert destinations → Add → Webhook, method POST",
    setup="""URL: {address}
Template body:
{
  "org_name": "{org_name}",
  "stream_type": "{stream_type}",
  "stream_name": "{stream_name}",
  "alert_name": "{alert_name}",
  "alert_type": "{alert_type}",
  "alert_period": "{alert_period}",
  "alert_operator": "{alert_operator}",
  "alert_threshold": "{alert_threshold}",
  "alert_count": "{alert_count}",
  "alert_agg_value": "{alert_agg_value}",
  "alert_start_time": "{alert_start_time}",
  "alert_end_time": "{alert_end_time}",
  "alert_url": "{alert_url}",
  "severity": "error"
}""",
    sample={
        "org_name": "default",
        "stream_type": "logs",
        "stream_name": "shop",
        "alert_name": "OpsKnight test",
        "alert_type": "scheduled",
        "alert_operator": ">",
        "alert_threshold": "10",
        "alert_count": "12",
        "alert_start_time": "2026-11-24T11:55:00",
        "alert_end_time": "2026-11-24T12:00:00",
        "alert_url": "https://observe.example.com/web/logs",
        "severity": "info",
    },
)
