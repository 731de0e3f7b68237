"""Google Cloud Monitoring (Stackdriver): its webhook channel, and its Pub/Sub channel by push.

Sources: https://cloud.google.com/monitoring/support/notification-options#webhooks,
https://cloud.google.com/pubsub/docs/push and, for what comes the same ways,
https://cloud.google.com/error-reporting/docs/notifications,
https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry and
https://cloud.google.com/billing/docs/how-to/budgets-programmatic-notifications
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from opsknight.api.envelopes import is_pushed, unwrapped
from opsknight.api.limits import excess
from opsknight.api.providers.provider import Context, Provider, Said
from opsknight.api.reading import (
    asked,
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
    titled,
    word,
)
from opsknight.api.unknown import unknown_shape
from opsknight.domain.model.event import Action, Event, Link, Malformed, Severity, Unreadable

SLUG: Final = "google-cloud-monitoring"

_ACTIONS: Final[Mapping[str, Action]] = {
    "open": Action.TRIGGER,
    "acknowledged": Action.ACKNOWLEDGE,
    "closed": Action.RESOLVE,
}
_QUIET: Final = frozenset(("snoozed", "muted", "disabled"))
_SEVERITIES: Final[Mapping[str, Severity]] = {
    "critical": Severity.CRITICAL,
    "error": Severity.ERROR,
    "warning": Severity.WARNING,
    "info": Severity.INFO,
}
_FOUND: Final[Mapping[str, Action]] = {"active": Action.TRIGGER, "inactive": Action.RESOLVE}
"""States of a finding of Security Command Center."""
_BUILT: Final[Mapping[str, Action]] = {
    "success": Action.RESOLVE,
    "failure": Action.TRIGGER,
    "internal error": Action.TRIGGER,
    "timeout": Action.TRIGGER,
    "expired": Action.TRIGGER,
}
_BUILDING: Final = frozenset(("pending", "queued", "working", "cancelled"))
"""States of a build that page nobody: it goes on, or somebody stopped it."""
_TITLE: Final = ("summary", "condition_name", "policy_name")
_SOURCE: Final = (
    "instance_name", "host", "instance_id", "pod_name", "database_id", "service_name", "module_id", "function_name",
    "job_name", "container_name", "subscription_id", "topic_id", "queue_id", "bucket_name", "backend_service_name",
)  # fmt: skip
_OF_LOG: Final = ("textPayload", "jsonPayload", "protoPayload")
_DETAIL_NAMES: Final = (
    "summary, policy_name, condition_name, observed_value, threshold_value, resource_id, resource_name,"
    " resource_type_display_name, scoping_project_id, resource, metric, documentation, metadata, apigee_url"
)
_DETAILS: Final = _DETAIL_NAMES.split(", ")
_OF_ERROR: Final = ("log_message", "request_method", "request_url", "response_status", "user_agent", "version")


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return the event of one incident; its incident_id is the dedup key. None of a budget that is not used up.

    What Pub/Sub carries of budgets, new errors, findings of Security Command Center, builds and lines of logs is
    read as well.

    Raises:
        Malformed: it is no object, holds no incident, or wraps something that is not JSON.
    """
    if not is_object(payload):
        raise Malformed("The Google Cloud Monitoring payload is not a JSON object.")
    if context.may_exceed and (reason := excess(payload)):
        return [Unreadable(reason)]
    attributes: Said = {}
    if is_pushed(payload):
        attributes = inner(payload, "message", "attributes")
        payload = unwrapped(payload)
        if reason := excess(payload):
            return [Unreadable(reason)]
        if not is_object(payload):
            raise Malformed("The Pub/Sub message carries a list, not an incident.")
    incident = inner(payload, "incident") or (payload if "incident_id" in payload else {})
    identity = _identity(incident)
    if not identity and (told := _other(payload, attributes)) is not None:
        return told
    if not identity:
        if (event := unknown_shape(SLUG, payload)) is not None:
            return [event]
        raise Malformed("The Google Cloud Monitoring payload has no incident; is it from a notification channel?")
    state = word(incident.get("state"))
    return [] if state in _QUIET else [_event(incident, identity, state)]


def _other(said: Said, attributes: Said) -> list[Event | Unreadable] | None:
    """Return the events of what is no incident, though it comes the same way; None if that is unknown."""
    if "budgetDisplayName" in said:
        return _budget(said, attributes)
    if group := inner(said, "group_info"):
        return [_error(said, group)]
    if finding := inner(said, "finding"):
        return _finding(finding)
    if "status" in said and ("logUrl" in said or "buildTriggerId" in said):
        return _build(said)
    if "logName" in said and any(name in said for name in _OF_LOG):
        return [_log_entry(said)]
    return None


def _budget(said: Said, attributes: Said) -> list[Event | Unreadable]:
    """Return the event of a budget that is spent up to a threshold; how much is spent is told several times a day."""
    threshold = first(said, ("alertThresholdExceeded", "forecastThresholdExceeded"))
    if not threshold:
        return []
    name, spent, budget, currency = (
        text(said.get(part)) for part in ("budgetDisplayName", "costAmount", "budgetAmount", "currencyCode")
    )
    account, given = first(attributes, ("billingAccountId",)), first(attributes, ("budgetId",))
    since = text(said.get("costIntervalStart"))
    event = Event(
        action=Action.TRIGGER,
        dedup_key=scoped(SLUG, f"budget:{stable(account, given or name, since, threshold)}"),
        title=one_line(f"Budget {name}: {spent} of {budget} {currency} spent"),
        severity=Severity.WARNING,
        source=account,
        component="Budget",
        started_at=instant(since),
        details=kept(said, ("alertThresholdExceeded", "forecastThresholdExceeded", "budgetAmountType")),
    )
    return [event]


def _error(said: Said, group: Said) -> Event:
    """Return the event of an error that Error Reporting has not seen before, or that came back."""
    exception, about = inner(said, "exception_info"), inner(said, "event_info")
    page, project = text(group.get("detail_link")), first(group, ("project_id",))
    kind, message = first(exception, ("type",)), first(exception, ("message",))
    title = ": ".join(one for one in (kind, message) if one) or text(said.get("subject"))
    found = link(page, words="Error")
    return Event(
        action=Action.TRIGGER,
        dedup_key=scoped(SLUG, f"error:{page or stable(project, title)}"),
        title=titled(title, text(said.get("subject")), otherwise="Google Cloud error"),
        source=first(about, ("service",)) or project,
        tags={"project_id": project} if project else {},
        links=() if found is None else (found,),
        details=kept(about, _OF_ERROR) | kept(said, ("subject",)),
    )


def _finding(said: Said) -> list[Event | Unreadable]:
    """Return the event of what Security Command Center found; none of what its people muted.

    Source: https://cloud.google.com/security-command-center/docs/how-to-notifications
    """
    if word(said.get("mute")) in _QUIET:
        return []
    state, resource = asked(_FOUND, said.get("state"), quiet=_QUIET), first(said, ("resourceName",))
    category = first(said, ("category", "description")) or "Finding"
    found = link(said.get("externalUri"), words="Finding")
    event = Event(
        action=state.action or Action.TRIGGER,
        dedup_key=scoped(SLUG, f"finding:{first(said, ('canonicalName', 'name')) or stable(category, resource)}"),
        title=one_line(f"{category}: {resource}" if resource else category),
        severity=severity_of(said.get("severity")) or Severity.ERROR,
        source=resource,
        component="Security Command Center",
        occurred_at=instant(said.get("eventTime")),
        links=() if found is None else (found,),
        details=state.marked(kept(said, ("name", "description", "findingClass", "state"))),
    )
    return [event]


def _build(said: Said) -> list[Event | Unreadable]:
    """Return the event of a build's end; the next good one of the same trigger and branch ends a bad one.

    Source: https://cloud.google.com/build/docs/subscribe-build-notifications
    """
    state, about = asked(_BUILT, said.get("status"), quiet=_BUILDING), texts(inner(said, "substitutions"))
    if state.action is None:
        return []
    project, branch = first(said, ("projectId",)), first(about, ("BRANCH_NAME", "TAG_NAME"))
    trigger = first(said, ("buildTriggerId",)) or first(about, ("TRIGGER_NAME",))
    name = first(about, ("TRIGGER_NAME", "REPO_NAME")) or project
    found = link(said.get("logUrl"), words="Log")
    event = Event(
        action=state.action,
        dedup_key=scoped(SLUG, f"build:{stable(project, trigger, branch) if trigger else first(said, ('id',))}"),
        title=one_line(f"Build {name}{f' of {branch}' if branch else ''}: {text(said.get('status'))}"),
        severity=Severity.ERROR,
        source=first(about, ("REPO_NAME",)) or project,
        component="Cloud Build",
        occurred_at=instant(said.get("finishTime")),
        started_at=instant(said.get("startTime")),
        tags={"project_id": project} if project else {},
        links=() if found is None else (found,),
        details=state.marked(kept(about, ("REPO_NAME", "BRANCH_NAME", "COMMIT_SHA")) | kept(said, ("failureInfo",))),
    )
    return [event]


def _log_entry(said: Said) -> Event:
    """Return the event of a log's line that a sink routes to Pub/Sub; it has no recovery."""
    labels, log = texts(inner(said, "resource", "labels")), first(said, ("logName",))
    line, audit = inner(said, "jsonPayload"), inner(said, "protoPayload")
    called = ": ".join(
        one for one in (first(audit, ("methodName",)), first(inner(audit, "status"), ("message",))) if one
    )
    title = titled(
        first(said, ("textPayload",)).partition("\n")[0],
        first(line, ("message", "msg", "error", "textPayload")).partition("\n")[0],
        called,
        otherwise=log,
    )
    where = first(labels, _SOURCE)
    return Event(
        action=Action.TRIGGER,
        dedup_key=scoped(SLUG, f"log:{stable(log, where, title)}"),
        title=title,
        severity=severity_of(said.get("severity")) or Severity.ERROR,
        source=where or first(labels, ("project_id",)),
        component=first(inner(said, "resource"), ("type",)),
        occurred_at=instant(said.get("timestamp") or said.get("receiveTimestamp")),
        tags=labels,
        details=kept(said, ("logName", "insertId", *_OF_LOG, "labels", "trace")),
    )


def _identity(incident: Said) -> str:
    if named := text(incident.get("incident_id")):
        return named
    policy, condition = first(incident, ("policy_name",)), first(incident, ("condition_name",))
    resource = first(incident, ("resource_name", "resource_id"))
    return stable(policy, condition, resource) if policy or condition else ""


def _event(incident: Said, identity: str, state: str) -> Event:
    action = _ACTIONS.get(state, Action.TRIGGER)
    documentation, labels = inner(incident, "documentation"), texts(inner(incident, "resource", "labels"))
    title = one_line(first(incident, _TITLE) or first(documentation, ("subject",)))
    started_at, ended_at = instant(incident.get("started_at")), instant(incident.get("ended_at"))
    details = kept(incident, _DETAILS)
    return Event(
        action=action,
        dedup_key=scoped(SLUG, identity),
        title=title or "Google Cloud Monitoring incident",
        severity=_severity(incident),
        source=first(incident, ("resource_display_name",))
        or first(labels, _SOURCE)
        or first(incident, ("resource_name", "resource_id")),
        component=first(incident, ("condition_name",)),
        occurred_at=ended_at if action is Action.RESOLVE else started_at,
        started_at=started_at,
        tags=_tags(incident, labels),
        links=_links(incident, documentation),
        details=details if state in _ACTIONS else details | {"unknown_status": state or "none"},
    )


def _severity(incident: Said) -> Severity:
    """Return the policy's severity, else what a label calls severity; “No Severity” says nothing."""
    said = (
        incident.get("severity"),
        inner(incident, "policy_user_labels").get("severity"),
        inner(incident, "metadata", "user_labels").get("severity"),
        inner(incident, "metadata", "system_labels").get("severity"),
    )
    return next((known for one in said if (known := _SEVERITIES.get(word(one)))), Severity.ERROR)


def _tags(incident: Said, labels: Mapping[str, str]) -> dict[str, str]:
    tags = {**labels, **texts(inner(incident, "metric", "labels")), **texts(inner(incident, "metadata", "user_labels"))}
    tags |= texts(inner(incident, "policy_user_labels"))
    if project := text(incident.get("scoping_project_id")):
        tags.setdefault("project_id", project)
    return tags


def _links(incident: Said, documentation: Said) -> tuple[Link, ...]:
    found = [link(incident.get("url"), words="Incident")]
    named: Any = documentation.get("links")
    written = [one for one in named if is_object(one)] if is_list(named) else []
    found += [link(one.get("url"), words=one_line(first(one, ("displayName", "display_name")))) for one in written]
    return tuple(one for one in found if one is not None)[:5]


PROVIDER: Final = Provider(
    slug=SLUG,
    label="Google Cloud Monitoring",
    docs_url="https://cloud.google.com/monitoring/support/notification-options",
    normalise=normalise,
    where="Monitoring → Alerting → Edit notification channels → Webhooks → Add new: paste it as Endpoint URL. "
    "A Pub/Sub channel works, too: paste it as the endpoint of a push subscription",
    sample={
        "version": "1.2",
        "incident": {
            "incident_id": "0.opsknighttest",
            "scoping_project_id": "test",
            "url": "",
            "severity": "Warning",
            "started_at": 1767225600,
            "ended_at": None,
            "state": "open",
            "summary": "OpsKnight test: Google Cloud Monitoring can reach OpsKnight",
            "resource": {"type": "global", "labels": {"project_id": "test"}},
            "resource_name": "test",
            "policy_name": "OpsKnight test",
            "condition_name": "OpsKnight test",
        },
    },
)
