"""Honeycomb's webhooks for triggers and SLO burn alerts.

Source: https://docs.honeycomb.io/notify/webhooks/ and https://github.com/honeycombio/examples/tree/main/webhook-listener-triggers
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from opsknight.api.limits import excess
from opsknight.api.providers.provider import Context, Provider, Request, Said
from opsknight.api.reading import (
    as_object,
    filled,
    first,
    inner,
    instant,
    is_list,
    is_object,
    kept,
    link,
    one_line,
    scoped,
    severity_of,
    stable,
    text,
    texts,
    word,
)
from opsknight.api.signatures import is_token
from opsknight.api.unknown import unknown_shape
from opsknight.domain.model.event import Action, Event, Link, Malformed, Severity, Unreadable

SLUG: Final = "honeycomb"

_ACTIONS: Final[Mapping[str, Action]] = {
    **dict.fromkeys(("triggered", "triggering", "trigger", "alert", "alerting", "firing", "open"), Action.TRIGGER),
    **dict.fromkeys(("ok", "resolved", "resolve", "recovered", "closed"), Action.RESOLVE),
}
_QUIET: Final = frozenset(("disabled", "muted", "paused", "snoozed"))
_IDENTITY: Final = ("id", "trigger_id", "burn_alert_id", "alert_id", "deduplication_key", "dedup_key")
_NAME: Final = ("name", "trigger_name", "alert_name", "title")
_TITLE: Final = ("summary", *_NAME, "description", "message")
_DETAIL_NAMES: Final = (
    "name, description, trigger_description, alert_type, operator, threshold, is_test, dataset_name, dataset,"
    " result_groups_triggered, exhaustion_minutes, budget_rate_window_minutes, budget_rate_decrease_percent, slo"
)
_DETAILS: Final = _DETAIL_NAMES.split(", ")
_LINKS: Final = (
    ("trigger_url", "Trigger"),
    ("result_url", "Query"),
    ("slo_url", "SLO"),
    ("sli_url", "SLI"),
    ("url", "Monitor"),
    ("source_url", "Monitor"),
)
_SECRET: Final = frozenset(("shared_secret", "secret", "routing_key"))
"""What proves the sender is nobody's business."""
_AT: Final = ("timestamp", "triggered_at", "date")


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return the event of a trigger or burn alert; its id is the dedup key, and without one its name.

    A trigger with groups speaks of all of them at once, so they are in the details only.

    Raises:
        Malformed: it is no object, or says nothing.
    """
    if not is_object(payload):
        raise Malformed("The Honeycomb payload is not a JSON object.")
    if context.may_exceed and (reason := excess(payload)):
        return [Unreadable(reason)]
    payload = {name: value for name, value in payload.items() if name not in _SECRET}
    said = _opened(payload)
    status = word(said.get("status"))
    if status in _QUIET:
        return []
    identity, title = _identity(said), one_line(first(said, _TITLE))
    if not status or not identity:
        if (event := unknown_shape(SLUG, payload)) is not None:
            return [event]
        raise Malformed("The Honeycomb payload has no status and name; leave its default payload, or name them so.")
    unknown = {} if status in _ACTIONS else {"unknown_status": status}
    return [
        Event(
            action=_ACTIONS.get(status, Action.TRIGGER),
            dedup_key=scoped(SLUG, identity),
            title=title or "Honeycomb trigger",
            severity=severity_of(first(said, ("severity", "alert_severity"))) or Severity.ERROR,
            source=first(said, ("dataset_name", "dataset", "environment")),
            occurred_at=next((at for name in _AT if (at := instant(said.get(name))) is not None), None),
            tags=_tags(said),
            links=_links(said),
            details=kept(said, _DETAILS) | unknown,
        )
    ]


def _opened(said: Said) -> Said:
    """Return the fields, those too that Honeycomb's own template for any webhook, or one for PagerDuty, puts inside."""
    alert: Any = said.get("alert")
    about, result = as_object(alert), inner(said, "result")
    inside = {
        "status": about.get("status") or said.get("alertStatus") or said.get("event_action"),
        "summary": about.get("summary") or inner(said, "payload").get("summary"),
        "name": about.get("name") or text(alert),
        "severity": about.get("severity") or inner(said, "payload").get("severity"),
        "alert_id": about.get("id") or about.get("instanceId") or about.get("instanceID"),
        "timestamp": about.get("timestamp"),
        "is_test": about.get("isTest"),
        "trigger_url": inner(said, "links").get("url") or about.get("url"),
        "result_url": inner(result, "links").get("url") or result.get("url"),
    }
    return filled(inside) | said


def _identity(said: Said) -> str:
    if known := next((named for name in _IDENTITY if (named := text(said.get(name)))), ""):
        return known
    if slo := text(inner(said, "slo").get("id")):
        return f"slo:{slo}"
    name = first(said, _NAME)
    return stable("name", name) if name else ""


def _tags(said: Said) -> dict[str, str]:
    """Return the group that triggered, where it is only one."""
    groups: Any = said.get("result_groups_triggered") or inner(said, "result").get("groupsTriggered")
    if not is_list(groups) or len(groups) != 1:
        return {}
    field = first(as_object(groups[0]), ("field",))
    tags = texts(inner(groups[0], "Group")) | ({field: first(groups[0], ("value",))} if field else {})
    return {name: value for name, value in tags.items() if value}


def _links(said: Said) -> tuple[Link, ...]:
    found = (link(said.get(name), words=words) for name, words in _LINKS)
    return tuple(one for one in found if one is not None)


def verify(request: Request, secret: str) -> bool:
    """Say whether the request carries the recipient's shared secret."""
    return is_token(request.headers.get("x-honeycomb-webhook-token", ""), secret)


PROVIDER: Final = Provider(
    slug=SLUG,
    label="Honeycomb",
    docs_url="https://docs.honeycomb.io/notify/webhooks/",
    normalise=normalise,
    where="Team settings → Integrations → Add Integration → Webhook: paste it as Webhook URL, "
    "then add that recipient to each trigger and burn alert",
    sample={
        "version": "v0.1.0",
        "id": "opsknight-test",
        "name": "OpsKnight test",
        "trigger_description": "",
        "trigger_url": "",
        "status": "TRIGGERED",
        "severity": "info",
        "alert_type": "on_change",
        "summary": "Triggered: OpsKnight test",
        "description": "Honeycomb can reach OpsKnight",
        "operator": "greater than",
        "threshold": 0,
        "result_url": "",
        "result_groups": [],
        "result_groups_triggered": [],
        "is_test": True,
    },
    verify=verify,
    signed_with="What you write in the webhook recipient as Shared Secret.",
    once=("x-honeycomb-webhook-delivery-id",),
)
