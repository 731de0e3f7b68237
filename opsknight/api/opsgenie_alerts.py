"""What Opsgenie tells of its alerts, and Jira Service Management alike.

Source: https://support.atlassian.com/opsgenie/docs/opsgenie-edge-connector-alert-action-data/
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from opsknight.api.reading import (
    as_object,
    filled,
    first,
    instant,
    is_list,
    is_object,
    one_line,
    scoped,
    severity_of,
    text,
    texts,
    word,
)
from opsknight.api.unknown import unknown_shape
from opsknight.domain.model.event import Action, Event, Malformed, Severity

Said: TypeAlias = Mapping[str, Any]

SLUG: Final = "opsgenie_webhook"
"""The kind of monitor whose identities these are, whoever sends them."""

_ACTIONS: Final[Mapping[str, Action]] = {
    "create": Action.TRIGGER,
    "unacknowledge": Action.TRIGGER,
    "acknowledge": Action.ACKNOWLEDGE,
    "close": Action.RESOLVE,
    "delete": Action.RESOLVE,
    "created": Action.TRIGGER,
    "unacknowledged": Action.TRIGGER,
    "acknowledged": Action.ACKNOWLEDGE,
    "closed": Action.RESOLVE,
    "deleted": Action.RESOLVE,
}
"""What happened to an alert; flows that pass it on say it in the past."""
_QUIET: Final = frozenset((
    "addnote", "addtags", "removetags", "addrecipient", "addteam", "addresponder", "addresponders", "adddetails",
    "removedetails", "assignownership", "takeownership", "assign", "escalate", "escalatenext", "escalatetonext",
    "snooze", "snoozeended", "unsnooze", "updatemessage", "updatedescription", "updatepriority", "seen", "view",
    "executecustomaction", "addattachment", "associateincident", "notify",
))  # fmt: skip
"""What people do with an alert without changing its state."""


def read_alert(payload: Any) -> Event | None:
    """Return the one event of `payload`, None where an alert was only noted, assigned or escalated.

    A deleted alert resolves: nothing will ever close it. An action that Opsgenie does not know
    itself is one that its user defined; it triggers, and is marked.

    Raises:
        Malformed: it holds no alert, and no text in it says what is wrong.
    """
    if not is_object(payload):
        raise Malformed("The Opsgenie payload is not a JSON object.")
    alert = as_object(payload.get("alert"))
    action = word(payload.get("action"))
    if not alert or not action:
        event = unknown_shape(SLUG, payload)
        if event is None:
            raise Malformed("The Opsgenie payload holds no “action” and no “alert”; is it an outgoing webhook?")
        return event
    if action.replace(" ", "") in _QUIET:
        return None
    return _event(action, payload, alert)


def _event(asked: str, said: Said, alert: Said) -> Event:
    """Return the event of an alert to which something happened.

    Raises:
        Malformed: nothing identifies the alert.
    """
    action = _ACTIONS.get(asked)
    title = one_line(first(alert, ("message", "description"))).strip()
    identity = first(alert, ("alertId", "id", "alias", "tinyId")) or title
    if not identity:
        raise Malformed("The alert of the Opsgenie payload has neither an “alertId” nor a “message”.")
    details, listed = alert.get("details"), alert.get("responders")
    return Event(
        action=action or Action.TRIGGER,
        dedup_key=scoped(SLUG, f"alert:{identity}"),
        title=title or "Opsgenie alert without a message",
        severity=_severity(text(alert.get("priority"))),
        source=first(alert, ("entity", "source")),
        component=first(as_object(said.get("source")), ("name",)) or first(said, ("integrationName",)),
        occurred_at=instant(alert.get("updatedAt")) or instant(alert.get("createdAt")),
        started_at=instant(alert.get("createdAt")) if action is Action.TRIGGER and asked == "create" else None,
        tags=texts(alert.get("tags")),
        details=filled(
            {
                "alias": alert.get("alias"),
                "tiny_id": alert.get("tinyId"),
                "priority": alert.get("priority"),
                "by": first(alert, ("username",)),
                "note": text(alert.get("note"))[:4000],
                "description": text(alert.get("description"))[:4000],
                "details": details if is_object(details) else None,
                "responders": [first(as_object(one), ("name", "id")) for one in listed[:20]]
                if is_list(listed)
                else None,
                "unknown_status": "" if action else asked,
            }
        ),
    )


def _severity(priority: str) -> Severity:
    """Return what a priority stands for; older webhooks say 3 for P3."""
    return severity_of(f"P{priority}" if priority in {"1", "2", "3", "4", "5"} else priority) or Severity.ERROR
