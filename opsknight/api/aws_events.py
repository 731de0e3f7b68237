"""Events of AWS' other services, as EventBridge and SNS carry them: findings, health, changes of state, jobs.

Sources: https://docs.aws.amazon.com/eventbridge/latest/ref/welcome.html,
https://docs.aws.amazon.com/health/latest/ug/aws-health-events-eventbridge-schema.html,
https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-cwe-event-formats.html,
https://docs.aws.amazon.com/aws-backup/latest/devguide/backup-notifications.html and
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_events.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from opsknight.api import aws_notices, aws_runs
from opsknight.api.aws_runs import Found
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
_CHANGES: Final = ("state change", "status change", "state change notification", "phase change")
"""How kinds of events end that tell of each state a job or a pipeline goes through."""
_STATE: Final = ("state", "status", "build-status", "lastStatus", "completed-phase-status")
_GOOD: Final = frozenset(("succeeded", "success", "completed"))
_BUSY: Final = frozenset((
    "started", "starting", "running", "in progress", "pending", "queued", "submitted", "runnable", "resumed",
    "superseded", "canceled", "cancelled", "canceling", "stopping", "provisioning", "activating", "deactivating",
    "deprovisioning", "shutting down", "start", "ready", "stop",
))  # fmt: skip
_SUBJECT: Final = (
    "jobName", "project-name", "pipeline", "stateMachineArn", "name", "instance-id", "jobDefinition", "group",
    "resourceArn",
)  # fmt: skip
_PARTS: Final = ("stage", "action", "completed-phase")
"""What of a pipeline or a build an event is about: one part that succeeds does not end the failure of another."""
_WHERE: Final = ("SourceIdentifier", "AutoScalingGroupName", "instance-id", "EC2InstanceId", "canary-name")
"""What names the thing that something happened to, where an event has no state."""
_TITLE: Final = ("title", "Title", "description", "Description", "message", "Message", "reason", "stoppedReason")
_OVER: Final = frozenset(("closed", "archived", "resolved", "suppressed", "passed"))
"""What a finding's states say once nobody needs to act on it."""
_OF_SERVICES: Final = frozenset(("ecs service action", "ecs deployment state change"))
_WELL: Final = frozenset((
    "service steady state", "taskset steady state", "capacity provider steady state", "service deployment completed",
))  # fmt: skip
"""Events of ECS that say that a service is as it should be."""
_BY_PLAN: Final = "Scaling activity initiated by"
"""How ECS begins to say why a task stopped that a deployment replaced, or of which there were too many."""
_COMPLIANCE: Final[Mapping[str, Action | None]] = {
    "compliant": Action.RESOLVE,
    "not applicable": Action.RESOLVE,
    "insufficient data": None,
}
"""What a rule of AWS Config found; a resource that is gone is not applicable."""
_OF_INSTANCES: Final = "ec2 instance state change notification"
_AS_PLANNED: Final = (" launch successful", " terminate successful", " lifecycle action")
"""How kinds of events end by which an Auto Scaling group tells what it does of itself."""
_OF_ALARMS: Final = "cloudwatch alarm configuration change"
_OF_JOBS: Final = frozenset(("backup job", "copy job", "restore job"))


def named(said: Said) -> Said:
    """Return an event under EventBridge's names; notification rules of developer tools call its kind detailType."""
    kind = text(said.get("detailType"))
    return {**said, "detail-type": kind} if kind and "detail-type" not in said else said


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
    action, identity, title = _meant(said, kind, about, resource, first(about, _TITLE))
    pages = (link(about.get("SourceUrl"), words="Finding"), link(about.get("resourceLink"), words="Console"))
    at = (inside(about, "service", "eventLastSeen"), about.get("updatedAt"), about.get("UpdatedAt"), said.get("time"))
    return Event(
        action=action,
        dedup_key=scoped(SLUG, f"event:{identity}"),
        title=one_line(title or (f"{kind}: {resource}" if resource else kind)),
        severity=_severity(about, kind),
        source=_affected(about)
        or resource
        or first(about, _WHERE)
        or first(said, ("account", "source"))
        or first(about, ("accountId",)),
        component=kind,
        occurred_at=next((found for one in at if (found := instant(one)) is not None), None),
        tags=filled({"region": text(said.get("region")), "account": first(said, ("account",))}),
        links=tuple(one for one in pages if one is not None),
        details=filled(
            {
                "source": said.get("source"),
                "type": about.get("type"),
                "description": first(about, ("description", "Description"))[:4000],
                "count": inside(about, "service", "count"),
            }
        ),
    )


def _is_hushed(kind: str, said: Said, detail: Said) -> bool:
    """Say whether an alarm is only written, suppressed or muted, a stack is on its way, or advice is given."""
    alarm = as_object(detail.get("state"))
    if kind == _OF_ALARMS:
        return word(detail.get("operation")) != "delete"
    if text(alarm.get("actionsSuppressedBy")) or as_object(detail.get("muteDetail")):
        return word(alarm.get("value")) != "ok"
    if stack := _state_of_a_stack(detail):
        return aws_notices.stack_end(stack) is None
    return word(first({**said, **detail}, ("messageType", "MessageType"))) == "new recommendation"


def _state_of_a_stack(about: Said) -> str:
    return text(inside(about, "status-details", "status")) if "stack-id" in about else ""


def _affected(about: Said) -> str:
    """Return what a finding of Security Hub was found in; "" for anything else."""
    found = _objects(about.get("Resources"))
    return text(found[0].get("Id")) if found else ""


def is_under_way(said: Said) -> bool:
    """Say whether an event only tells of what goes on, is called off or goes as planned, or of a scan without finds."""
    kind, detail = word(said.get("detail-type")), as_object(said.get("detail"))
    if kind in _OF_SERVICES:
        return word(detail.get("eventType")) == "info" and word(detail.get("eventName")) not in _WELL
    if found := word(inside(detail, "newEvaluationResult", "complianceType")):
        return _COMPLIANCE.get(found, Action.TRIGGER) is None
    if text(detail.get("stoppedReason")).startswith(_BY_PLAN):
        return True
    if kind.endswith(_AS_PLANNED) or _is_clean(detail) or _is_hushed(kind, said, detail):
        return True
    state = word(first(detail, _STATE))
    is_busy = state in _BUSY or (not state and "completed-phase" in detail)
    return kind.endswith(_CHANGES) and is_busy and not _is_good(kind, detail)


def _meant(said: Said, kind: str, about: Said, resource: str, title: str) -> tuple[Action, str, str]:
    """Return what an event asks for, its identity and its title.

    A job that succeeded ends what its failure began: its name is its identity, not what it said.
    """
    source, state = text(said.get("source")), first(about, _STATE)
    found = _of_a_service(kind, about, resource) or _of_a_check(about) or _of_a_scan(kind, about, resource)
    if ended := aws_runs.of_an_event(kind, about, resource):
        action, names, subject = ended
        return action, stable(source, *names), subject
    if found := found or _of_a_call(kind, about) or _of_a_stack(about) or _of_a_certificate(kind, about, resource):
        action, names, subject = found
        return action, stable(source, kind, *names), subject + (f" ({title})" if title else "")
    if word(kind).endswith(_CHANGES) and state:
        name = _deployed(about) or first(about, _SUBJECT) or resource
        parts = [one for part in _PARTS if (one := text(about.get(part)))]
        shown = name.rpartition(":")[2] if ":stateMachine:" in name else name
        subject = " ".join(one for one in (shown, "/".join(parts)) if one)
        title = title or _failures(said)
        subject = f"{kind}: {f'{subject} is ' if subject else ''}{state}" + (f" ({title})" if title else "")
        action = Action.RESOLVE if _is_good(word(kind), about) else Action.TRIGGER
        return action, stable(source, kind, name, *parts), subject
    given = first(about, ("id", "Id", "findingArn"))
    states = (about.get("status"), about.get("RecordState"), inside(about, "Workflow", "Status"))
    is_over = bool(given) and any(word(one) in _OVER for one in (*states, inside(about, "Compliance", "Status")))
    where = first(about, _WHERE)
    identity = given or stable(source, kind, resource or where, title)
    if where and where not in title:
        title = f"{where}: {title or kind}"
    return Action.RESOLVE if is_over else Action.TRIGGER, identity, title


def _is_good(kind: str, about: Said) -> bool:
    """Say whether a state is the one that is wanted: of a job its good end, of an instance that it runs."""
    state = word(first(about, _STATE))
    return state == "running" if kind == _OF_INSTANCES else state in _GOOD


def _of_a_stack(about: Said) -> Found | None:
    """Return what CloudFormation says of a stack or of a resource in it; None for anything else."""
    state, stack = _state_of_a_stack(about), text(about.get("stack-id"))
    if not state:
        return None
    resource, reason = first(about, ("logical-resource-id",)), text(inside(about, "status-details", "status-reason"))
    names = stack.split("/")
    subject = f"Stack {names[1] if len(names) > 1 else stack}" + (f": {resource}" if resource else "")
    action = aws_notices.stack_end(state) or Action.TRIGGER
    return action, (stack, resource), f"{subject} is {state}" + (f": {reason}" if reason else "")


def _of_a_certificate(kind: str, about: Said, resource: str) -> Found | None:
    """Return which certificate of ACM expires, and when; None for anything else."""
    days = first(about, ("DaysToExpiry",))
    if not days:
        return None
    return Action.TRIGGER, (resource,), f"{kind}: {first(about, ('CommonName',)) or resource} in {days} days"


def _deployed(about: Said) -> str:
    """Return what CodeDeploy deploys to: an application's group, or one instance in it; "" for anything else."""
    if not (group := text(about.get("deploymentGroup"))):
        return ""
    return "/".join(one for one in (first(about, ("application",)), group, first(about, ("instanceId",))) if one)


def _failures(said: Said) -> str:
    """Return which actions of a pipeline failed, and how, as a notification rule adds it."""
    failed = _objects(inside(said, "additionalAttributes", "failedActions"))
    lines = [
        ": ".join(filter(None, (text(one.get("action")), text(one.get("additionalInformation"))))) for one in failed
    ]
    return ", ".join(dict.fromkeys(lines))[:500]


def _counts(about: Said) -> dict[str, Any] | None:
    """Return how many findings of each severity a scan has, None where an event is of no scan of ECR or Inspector."""
    counts = about.get("finding-severity-counts")
    return counts if is_object(counts) else None


def _is_clean(about: Said) -> bool:
    """Say whether a scan came to its end and found nothing."""
    counts, scanned = _counts(about), word(inside(about, "scanResultDetails", "scanResultStatus"))
    is_done = word(about.get("scan-status")).endswith("complete")
    return scanned == "no threats found" or (counts is not None and is_done and not any(counts.values()))


def _of_a_scan(kind: str, about: Said, resource: str) -> Found | None:
    """Return what a scan found in an image, an instance or an object in S3; None for anything else."""
    if (counts := _counts(about)) is not None:
        what = first(about, ("repository-name", "instance-id")) or resource
        found = [f"{text(number)} {level}" for level, number in counts.items() if number and level != "TOTAL"]
        said = ", ".join(found) or first(about, ("scan-status",))
        return Action.TRIGGER, (what, *_tags(about)), f"{kind}: {what} has {said}"
    result = text(inside(about, "scanResultDetails", "scanResultStatus"))
    if not result:
        return None
    bucket, key = (text(inside(about, "s3ObjectDetails", name)) for name in ("bucketName", "objectKey"))
    threats = ", ".join(text(one.get("name")) for one in _objects(inside(about, "scanResultDetails", "threats")))
    where = f"{bucket}/{key}" if bucket else resource
    return Action.TRIGGER, (where,), f"{result} in {where}" + (f": {threats}" if threats else "")


def _tags(about: Said) -> list[str]:
    listed = about.get("image-tags")
    return [text(one) for one in listed] if is_list(listed) else []


def _of_a_service(kind: str, about: Said, resource: str) -> Found | None:
    """Return what ECS says of a service, which it ends itself; None for anything else."""
    happened = text(about.get("eventName"))
    if word(kind) not in _OF_SERVICES or not happened:
        return None
    action = Action.RESOLVE if word(happened) in _WELL else Action.TRIGGER
    return action, (resource,), f"{resource.rpartition('/')[2] or kind}: {happened}"


def _of_a_check(about: Said) -> Found | None:
    """Return what a rule of AWS Config or a check of Trusted Advisor found; None for anything else."""
    if rule := text(about.get("configRuleName")):
        found = text(inside(about, "newEvaluationResult", "complianceType"))
        resource = first(about, ("resourceId",))
        action = _COMPLIANCE.get(word(found)) or Action.TRIGGER
        return action, (rule, resource), f"{rule}: {first(about, ('resourceType',))} {resource} is {found}"
    if check := text(about.get("check-name")):
        resource, state = first(about, ("resource_id", "uuid")), text(about.get("status"))
        action = Action.RESOLVE if word(state) == "ok" else Action.TRIGGER
        return action, (check, resource), f"{check}: {resource} is {state}" if state else check
    return None


def _of_a_call(kind: str, about: Said) -> Found | None:
    """Return what CloudTrail says that somebody did; None for anything else."""
    called = text(about.get("eventName"))
    if not called or "userIdentity" not in about:
        return None
    who = as_object(about.get("userIdentity"))
    by, failed = first(who, ("arn", "userName", "type")), text(about.get("errorCode"))
    return Action.TRIGGER, (called, by), f"{kind}: {called} by {by}" + (f", {failed}" if failed else "")


def _severity(about: Said, kind: str) -> Severity:
    if word(kind).endswith(" scan") or aws_notices.is_routine(about.get("EventID")):
        return Severity.INFO
    if "DaysToExpiry" in about:
        return Severity.WARNING
    said = (
        aws_runs.severity(about) or about.get("severity"),
        inside(about, "Severity", "Label"),
        about.get("eventType"),
    )
    stated = next((one for one in said if one is not None), about.get("status") if "check-name" in about else None)
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
