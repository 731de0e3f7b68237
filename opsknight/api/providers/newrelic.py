"""New Relic's webhooks: those of workflows (issues), and the two generations of notification channels before.

Sources: https://docs.newrelic.com/docs/alerts/get-notified/notification-integrations/#webhook
and, for the older ones, https://docs.newrelic.com/docs/alerts-applied-intelligence/new-relic-alerts/advanced-alerts/
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from opsknight.api.limits import excess
from opsknight.api.providers.provider import Context, Provider, Said
from opsknight.api.reading import (
    first,
    inner,
    instant,
    is_list,
    is_object,
    kept,
    link,
    one_line,
    scoped,
    stable,
    text,
    texts,
    word,
)
from opsknight.api.unknown import unknown_shape
from opsknight.domain.model.event import Action, Event, Link, Malformed, Severity, Unreadable

SLUG: Final = "newrelic"

_ACTIONS: Final[Mapping[str, Action]] = {
    "open": Action.TRIGGER,
    "opened": Action.TRIGGER,
    "created": Action.TRIGGER,
    "activated": Action.TRIGGER,
    "active": Action.TRIGGER,
    "trigger": Action.TRIGGER,
    "test": Action.TRIGGER,
    "acknowledged": Action.ACKNOWLEDGE,
    "acknowledge": Action.ACKNOWLEDGE,
    "closed": Action.RESOLVE,
    "close": Action.RESOLVE,
    "resolved": Action.RESOLVE,
    "resolve": Action.RESOLVE,
    "incident open": Action.TRIGGER,
    "incident acknowledged": Action.ACKNOWLEDGE,
    "incident resolved": Action.RESOLVE,
    "incident closed": Action.RESOLVE,
}
_QUIET: Final = frozenset(("deactivated", "investigating", "muted", "snoozed", "merged", "deployment"))
_SEVERITIES: Final[Mapping[str, Severity]] = {
    "critical": Severity.CRITICAL,
    "high": Severity.ERROR,
    "warning": Severity.WARNING,
    "warn": Severity.WARNING,
    "medium": Severity.WARNING,
    "low": Severity.INFO,
    "info": Severity.INFO,
}
_STATE: Final = ("current_state", "state", "status", "issueState", "event_type", "event_action")
_PRIORITY: Final = ("priority", "severity", "issuePriority", "alertSeverity")
_IDENTITY: Final = ("id", "issueId", "issue_id", "incident_id", "incidentId", "dedup_key")
_TITLE: Final = (
    "title", "issueTitle", "alertTitle", "summary", "details", "condition_name", "message", "alertMessage",
    "short_description", "alert_condition_name", "policy_name", "description", "conditionNames", "alertConditionNames",
    "alert",
)  # fmt: skip
_DETAIL_NAMES: Final = (
    "details, condition_name, policy_name, account_name, alertPolicyNames, alertConditionNames, impactedEntities,"
    " totalIncidents, isCorrelated, workflowName, trigger, sources, owner, duration, description, timestamp_utc_string,"
    " open_violations_count, long_description"
)
_DETAILS: Final = _DETAIL_NAMES.split(", ")
_LINKS: Final = (
    ("issueUrl", "Issue"),
    ("issuePageUrl", "Issue"),
    ("issue_url", "Issue"),
    ("incident_url", "Incident"),
    ("alert_url", "Alert"),
    ("url", "Issue"),
    ("runbook_url", "Runbook"),
    ("runbookUrl", "Runbook"),
    ("violation_chart_url", "Graph"),
    ("chart_url", "Graph"),
    ("policy_url", "Policy"),
)
_AT: Final = ("updatedAt", "timestamp", "created_at", "alertTimestamp")
_UNRENDERED: Final = re.compile(r"\$[A-Z][A-Z0-9_]*|\{\{[^{}]*\}\}")
_TAKEN: Final = ("issueAcknowledgedAt", "acknowledgedAt", "acknowledgedBy")
_NOBODY: Final = frozenset(("", "n/a", "none", "null"))


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return the event of an issue (its id is the dedup key) or of an incident of the older kinds (its incident_id).

    What is fully muted pages nobody; deployments are no alerts.

    Raises:
        Malformed: it is no object, or has neither an id nor anything to say.
    """
    if not is_object(payload):
        raise Malformed("The New Relic payload is not a JSON object.")
    if context.may_exceed and (reason := excess(payload)):
        return [Unreadable(reason)]
    if "deployment" in payload and "alert" not in payload:
        return []
    opened = _opened(_oldest(payload))
    said = _rendered(opened)
    state = next((found for name in _STATE if (found := word(_first(said, (name,))))), "")
    action = _action(said, state)
    if state in _QUIET or (action is Action.TRIGGER and word(said.get("mutingState")) == "fully muted"):
        return []
    identity = _first(said, _IDENTITY) or _named(said)
    if not identity:  # better a page that shows its template than none
        said, identity = opened, _first(opened, _IDENTITY) or _named(opened)
    if identity:
        return [_event(said, identity, action, state)]
    if (event := unknown_shape(SLUG, payload)) is not None:
        return [event]
    raise Malformed("The New Relic payload has neither an id nor a title; use the default template of webhooks.")


def _event(said: Said, identity: str, action: Action, state: str) -> Event:
    known = (_SEVERITIES.get(word(_first(said, (name,)))) for name in _PRIORITY)
    details = kept(said, _DETAILS)
    return Event(
        action=action,
        dedup_key=scoped(SLUG, identity),
        title=one_line(_first(said, _TITLE)) or "New Relic issue",
        severity=next((severity for severity in known if severity is not None), Severity.ERROR),
        source=_source(said),
        component=first(said, ("condition_name", "application_name"))
        or _first(inner(said, "accumulations"), ("conditionName",)),
        occurred_at=instant(next((at for name in _AT if (at := said.get(name))), None)),
        started_at=instant(said.get("createdAt")),
        tags=_tags(said),
        links=_links(said),
        details=details if state in _ACTIONS else details | {"unknown_status": state or "none"},
    )


def _action(said: Said, state: str) -> Action:
    """Return what a state asks for; an active issue that a person took is acknowledged.

    Workflows say of an acknowledged issue only that it is ACTIVATED, with its owner, the time, or
    that a user's action was why they wrote. Where they say that nobody owns it, that action gave it back.
    """
    action = _ACTIONS.get(state, Action.TRIGGER)
    if state not in {"activated", "created", "active"}:
        return action
    is_given_back = "owner" in said and word(said["owner"]) in _NOBODY
    is_taken = (
        word(said.get("owner")) not in _NOBODY
        or any(text(said.get(name)).lower() not in _NOBODY for name in _TAKEN)
        or word(said.get("trigger")) in {"issue acknowledged", "acknowledged"}
        or (word(said.get("trigger")) == "user action" and not is_given_back)
    )
    return Action.ACKNOWLEDGE if is_taken else action


def _oldest(payload: Said) -> Said:
    """Return the alert of the oldest webhooks, which came as JSON in a form's field "alert"."""
    alert: Any = payload.get("alert")
    if isinstance(alert, str) and alert.lstrip().startswith("{") and len(alert) <= 65_536:
        try:
            alert = json.loads(alert)
        except (ValueError, RecursionError):
            return payload
    return payload if not is_object(alert) else alert | {name: payload[name] for name in payload if name not in alert}


def _opened(payload: Said) -> Said:
    """Return the issue or incident where a custom payload wraps it, with what stands around it.

    One written for PagerDuty says in an object inside what is wrong, and around it which issue it is.
    """
    within = inner(payload, "issue") or inner(payload, "incident")
    if _first(within, _IDENTITY):
        return payload | within
    return inner(payload, "payload") | payload if "event_action" in payload else payload


def _rendered(said: Said) -> Said:
    """Return the fields without those whose variable stayed as it was."""
    return {
        name: value for name, value in said.items() if not (isinstance(value, str) and _UNRENDERED.fullmatch(value))
    }


def _first(said: Said, names: Iterable[str]) -> str:
    """Return the first text; workflows' variables are often lists of one."""
    for name in names:
        value: Any = said.get(name)
        if found := text(value[0] if is_list(value) and value else value):
            return found
    return ""


def _named(said: Said) -> str:
    """Return an identity without an id: the condition and what it is about, else what the oldest alerts say."""
    targets = ",".join(sorted(text(one.get("name")) for one in _targets(said)))
    condition = text(said.get("condition_id")) or text(said.get("condition_name"))
    if condition:
        return stable("condition", condition, targets)
    message, application = first(said, ("message", "title", "alertTitle", "alert")), first(said, ("application_name",))
    return stable("message", message, application) if message else ""


def _targets(said: Said) -> list[Said]:
    return _objects(said.get("targets"))


def _objects(listed: Any) -> list[Said]:
    return [one for one in listed if is_object(one)] if is_list(listed) else []


def _source(said: Said) -> str:
    data, gathered = inner(said, "entitiesData"), inner(said, "accumulations")
    entity = _first(said, ("impactedEntities", "entityNames")) or _first(data, ("names",))
    entities = (text(one.get("name")) for one in _objects(data.get("entities")))
    if entity := entity or next(filter(None, entities), "") or _first(gathered, ("targetName",)):
        return entity
    target = next((name for one in _targets(said) if (name := text(one.get("name")))), "")
    return target or first(said, ("application_name", "host", "entity_name", "source"))


def _tags(said: Said) -> dict[str, str]:
    gathered = inner(said, "accumulations", "rawTag") or inner(said, "accumulations", "tag")
    tags = {name: _first(gathered, (name,)) for name in gathered} | texts(inner(said, "labels"))
    for target in _targets(said):
        tags |= texts(inner(target, "labels"))
    return tags


def _links(said: Said) -> tuple[Link, ...]:
    said = inner(said, "accumulations") | said
    found = {one.href: one for name, words in _LINKS if (one := link(_first(said, (name,)), words=words)) is not None}
    return tuple(found.values())


PROVIDER: Final = Provider(
    slug=SLUG,
    label="New Relic",
    docs_url="https://docs.newrelic.com/docs/alerts/get-notified/notification-integrations/",
    normalise=normalise,
    where="Alerts → Destinations → Webhook: paste it as Endpoint URL; then Alerts → Workflows → Add workflow → "
    "Webhook with that destination and its default payload",
    sample={
        "id": "00000000-0000-0000-0000-000000000000",
        "issueUrl": "https://radar-api.service.newrelic.com/accounts/1/issues/0?notifier=WEBHOOK",
        "title": "OpsKnight test: New Relic can reach OpsKnight",
        "priority": "LOW",
        "impactedEntities": ["test"],
        "totalIncidents": 1,
        "state": "ACTIVATED",
        "trigger": "STATE_CHANGE",
        "isCorrelated": False,
        "createdAt": 1767225600000,
        "updatedAt": 1767225600000,
        "sources": ["newrelic"],
        "alertPolicyNames": ["OpsKnight test"],
        "alertConditionNames": ["OpsKnight test"],
        "workflowName": "OpsKnight",
    },
    form=True,
    retries_429=False,
)
