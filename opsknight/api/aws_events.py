"""Events of AWS' other services, as EventBridge and SNS carry them: findings, health, changes of state, jobs.

Sources: https://docs.aws.amazon.com/eventbridge/latest/ref/welcome.html,
https://docs.aws.amazon.com/health/latest/ug/aws-health-events-eventbridge-schema.html,
https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-cwe-event-formats.html and
https://docs.aws.amazon.com/aws-backup/latest/devguide/backup-notifications.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from opsknight.api.reading import (
    as_object,
    filled,
    first,
    inside,
    instant,
    is_list,
    is_object,
    link,
    one_line,
    scoped,
    severity_of,
    stable,
    text,
    word,
)
from opsknight.domain.model.event import Action, Event, Severity

Said: TypeAlias = dict[str, Any]
SLUG: Final = "cloudwatch"

_SCORES: Final = ((9.0, Severity.CRITICAL), (7.0, Severity.ERROR), (4.0, Severity.WARNING), (0.0, Severity.INFO))
"""GuardDuty's and Security Hub's severities, 0 to 10, from which number on."""
_HEALTH: Final[Mapping[str, Severity]] = {
    "issue": Severity.ERROR,
    "investigation": Severity.WARNING,
    "scheduledchange": Severity.INFO,
    "accountnotification": Severity.INFO,
}
_CHANGES: Final = ("state change", "status change", "state change notification")
"""How kinds of events end that tell of each state a job or a pipeline goes through."""
_STATE: Final = ("state", "status", "build-status", "lastStatus")
_GOOD: Final = frozenset(("succeeded", "success", "completed"))
_BUSY: Final = frozenset((
    "started", "starting", "running", "in progress", "pending", "queued", "submitted", "runnable", "resumed",
    "superseded", "canceled", "cancelled", "canceling", "stopping",
))  # fmt: skip
_SUBJECT: Final = ("jobName", "project-name", "pipeline", "stateMachineArn", "name", "instance-id", "jobDefinition")
_OVER: Final = frozenset(("closed", "archived", "resolved", "suppressed", "passed"))
"""What a finding's states say once nobody needs to act on it."""
_OF_JOBS: Final = frozenset(("backup job", "copy job", "restore job"))


def is_fine(said: Said, envelope: Said) -> bool:
    """Say whether a message only tells that a backup or a command came to a good end, or is under way."""
    state = word(inside(envelope, "MessageAttributes", "State", "Value"))
    kind = word(inside(envelope, "MessageAttributes", "EventType", "Value"))
    if kind in _OF_JOBS:
        return state in _GOOD or state in _BUSY
    done = word(said.get("detailedStatus") or said.get("status"))
    return "commandId" in said and (done in _GOOD or done in _BUSY)


def apart(said: Said) -> list[Said]:
    """Return an event once for each of its findings, which Security Hub gathers; as it is where it has one or none."""
    detail, listed = as_object(said.get("detail")), said.get("resources")
    findings = _objects(detail.get("findings"))
    if len(findings) < 2:
        return [said]
    resources = listed if is_list(listed) and len(listed) == len(findings) else []
    return [
        {**said, "detail": {**detail, "findings": [one]}, "resources": resources[at : at + 1]}
        for at, one in enumerate(findings)
    ]


def read(said: Said) -> Event | None:
    """Return the event of another service than CloudWatch, None where it is none that is known here."""
    kind, detail = text(said.get("detail-type")), as_object(said.get("detail"))
    if health := _health(said, detail or said):
        return health
    if not kind or not detail:
        return None
    resources = said.get("resources")
    resource = text(resources[0]) if is_list(resources) and resources else ""
    findings = _objects(detail.get("findings"))
    about = findings[0] if findings else detail
    title = first(about, ("title", "Title", "description", "Description", "message", "reason"))
    action, identity, title = _meant(said, kind, about, resource, title)
    at = (inside(about, "service", "eventLastSeen"), about.get("updatedAt"), about.get("UpdatedAt"), said.get("time"))
    return Event(
        action=action,
        dedup_key=scoped(SLUG, f"event:{identity}"),
        title=one_line(title or (f"{kind}: {resource}" if resource else kind)),
        severity=Severity.INFO if word(kind).endswith(" scan") else _severity(about),
        source=_affected(about) or resource or first(said, ("account", "source")) or first(about, ("accountId",)),
        component=kind,
        occurred_at=next((found for one in at if (found := instant(one)) is not None), None),
        tags=filled({"region": text(said.get("region")), "account": first(said, ("account",))}),
        links=tuple(one for one in (link(about.get("SourceUrl"), words="Finding"),) if one is not None),
        details=filled(
            {
                "source": said.get("source"),
                "type": about.get("type"),
                "description": first(about, ("description", "Description"))[:4000],
                "count": inside(about, "service", "count"),
            }
        ),
    )


def _affected(about: Said) -> str:
    """Return what a finding of Security Hub was found in; "" for anything else."""
    found = _objects(about.get("Resources"))
    return text(found[0].get("Id")) if found else ""


def is_under_way(said: Said) -> bool:
    """Say whether an event only tells that a job or a pipeline has begun, goes on, or was called off."""
    kind, detail = word(said.get("detail-type")), as_object(said.get("detail"))
    return kind.endswith(_CHANGES) and word(first(detail, _STATE)) in _BUSY


def _meant(said: Said, kind: str, about: Said, resource: str, title: str) -> tuple[Action, str, str]:
    """Return what an event asks for, its identity and its title.

    A job that succeeded ends what its failure began: its name is its identity, not what it said.
    """
    source, state = text(said.get("source")), first(about, _STATE)
    if word(kind).endswith(_CHANGES) and state:
        name = first(about, _SUBJECT) or resource
        subject = f"{kind}: {name} is {state}" + (f" ({title})" if title else "")
        action = Action.RESOLVE if word(state) in _GOOD else Action.TRIGGER
        return action, stable(source, kind, name), subject
    given = first(about, ("id", "Id", "findingArn"))
    states = (about.get("status"), about.get("RecordState"), inside(about, "Workflow", "Status"))
    is_over = bool(given) and any(word(one) in _OVER for one in (*states, inside(about, "Compliance", "Status")))
    return Action.RESOLVE if is_over else Action.TRIGGER, given or stable(source, kind, resource, title), title


def _severity(about: Said) -> Severity:
    stated = about.get("severity") or inside(about, "Severity", "Label")
    if stated is None and isinstance(normal := inside(about, "Severity", "Normalized"), int | float):
        stated = normal / 10
    if isinstance(stated, int | float) and not isinstance(stated, bool):
        return next((severity for least, severity in _SCORES if stated >= least), Severity.INFO)
    return severity_of(stated) or Severity.ERROR


def _health(said: Said, detail: Said) -> Event | None:
    """Return the event of AWS Health, which says itself when an issue is over; None where it is none."""
    arn = text(detail.get("eventArn"))
    if not arn:
        return None
    status, category = word(detail.get("statusCode")), word(detail.get("eventTypeCategory"))
    descriptions = _objects(detail.get("eventDescription"))
    description = text(descriptions[0].get("latestDescription")) if descriptions else ""
    kind = text(detail.get("eventTypeCode"))
    return Event(
        action=Action.RESOLVE if status == "closed" else Action.TRIGGER,
        dedup_key=scoped(SLUG, f"health:{arn}"),
        title=one_line(f"AWS {text(detail.get('service'))}: {description or kind or 'event of AWS Health'}"),
        severity=_HEALTH.get(category, Severity.ERROR),
        source=first(detail, ("eventRegion", "service")),
        component=text(detail.get("service")),
        occurred_at=instant(detail.get("lastUpdatedTime")) or instant(said.get("time")),
        details=filled({"type": kind, "category": category, "status": status, "description": description[:4000]}),
    )


def _objects(listed: Any) -> list[Said]:
    return [one for one in listed if is_object(one)] if is_list(listed) else []
