"""Auvik's webhook notification of an alert.

Source: https://support.auvik.com/hc/en-us/articles/360031210012 (how to set up webhooks)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from opsknight.api.limits import excess
from opsknight.api.providers.provider import Context, Provider, Said
from opsknight.api.reading import QUIET, first, instant, is_object, link, rest, scoped, stable, text, titled, word
from opsknight.api.unknown import unknown_shape
from opsknight.domain.model.event import Action, Event, Malformed, Severity, Unreadable

SLUG: Final = "auvik"

_STATUSES: Final[Mapping[str, Action]] = {
    "0": Action.TRIGGER,
    "1": Action.RESOLVE,
    "triggered": Action.TRIGGER,
    "created": Action.TRIGGER,
    "open": Action.TRIGGER,
    "cleared": Action.RESOLVE,
    "resolved": Action.RESOLVE,
    "dismissed": Action.RESOLVE,
    "acknowledged": Action.ACKNOWLEDGE,
}
_SEVERITIES: Final[Mapping[str, Severity]] = {
    "emergency": Severity.CRITICAL,
    "1": Severity.CRITICAL,
    "critical": Severity.CRITICAL,
    "2": Severity.CRITICAL,
    "warning": Severity.WARNING,
    "3": Severity.WARNING,
    "info": Severity.INFO,
    "informational": Severity.INFO,
    "4": Severity.INFO,
}
_SHOWN: Final = frozenset((
    "alertstatus", "alertstatusstring", "alertname", "entityname", "date", "link", "alertseverity",
    "alertseveritystring", "companyname", "entitytype",
))  # fmt: skip


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return the one event of `payload`, none for an alert that is paused.

    The correlation id is the dedup key: an alert and its clear share it. The status's number
    counts before its word, which may stay "Triggered" when an alert is cleared.

    Raises:
        Malformed: nothing in it says what is wrong.
    """
    if not is_object(payload):
        raise Malformed("The Auvik payload is not a JSON object.")
    if context.may_exceed and (reason := excess(payload)):
        return [Unreadable(reason)]
    name, entity = first(payload, ("alertName", "subject")), first(payload, ("entityName",))
    correlation = first(payload, ("correlationId", "alertId"))
    about = first(payload, ("entityId",)) or entity
    if not correlation and not (about and name):
        return [_unknown(payload)]
    status = word(text(payload.get("alertStatus"))) or word(payload.get("alertStatusString"))
    if status in QUIET:
        return []
    description = first(payload, ("alertDescription",))
    page = link(payload.get("link"), words="Monitor")
    company = first(payload, ("companyName",))
    severities = (word(text(payload.get(one))) for one in ("alertSeverityString", "alertSeverity"))
    return [
        Event(
            action=_STATUSES.get(status, Action.TRIGGER),
            dedup_key=scoped(SLUG, correlation or stable(first(payload, ("companyId",)), about, name)),
            title=titled(name, description, f"Alert on {entity or correlation}", otherwise="Auvik alert"),
            severity=next((_SEVERITIES[one] for one in severities if one in _SEVERITIES), Severity.ERROR),
            source=entity,
            component=first(payload, ("entityType",)),
            occurred_at=instant(payload.get("date")),
            tags={"company": company} if company else {},
            links=() if page is None else (page,),
            details=rest(payload, _SHOWN) | ({"unknown_status": status} if status and status not in _STATUSES else {}),
        )
    ]


def _unknown(payload: Said) -> Event:
    event = unknown_shape(SLUG, payload)
    if event is None:
        raise Malformed("The Auvik payload names no alert; choose Webhook as the type of the notification channel.")
    return event


PROVIDER: Final = Provider(
    slug=SLUG,
    label="Auvik",
    docs_url="https://support.auvik.com/hc/en-us/articles/360031210012",
    normalise=normalise,
    where="Admin → Integrations → Add integration → Webhook; then as a notification channel of the alerts, also for"
    " when they clear",
    sample={
        "alertId": "NzA4MjA3MTIw",
        "correlationId": "NzA4MjA3MTIw",
        "alertName": "OpsKnight test",
        "alertDescription": "This is only a test",
        "alertStatus": 0,
        "alertStatusString": "Triggered",
        "alertSeverity": 4,
        "alertSeverityString": "Info",
        "entityName": "switch-1",
        "companyName": "Example",
        "date": "2026-11-24T10:23:20.000Z",
        "link": "https://example.my.auvik.com/alert/1/summary",
    },
)
