"""What services of AWS tell a topic of SNS themselves, each in a form of its own: databases, stacks, groups, costs.

Sources: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Events.Messages.html,
https://docs.aws.amazon.com/redshift/latest/mgmt/working-with-event-notifications.html,
https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Events.html,
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-console-create-stack.html,
https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-sns-notifications.html,
https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/ElastiCacheSNS.html,
https://docs.aws.amazon.com/devops-guru/latest/userguide/working-with-eventbridge.html and
https://docs.aws.amazon.com/elasticbeanstalk/latest/dg/using-features.managing.sns.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from opsknight.api.reading import (
    as_object,
    filled,
    first,
    inside,
    instant,
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


class Told(NamedTuple):
    """What a notice asks for, None for nothing, how bad it is, the names by which it is known again, and a title."""

    action: Action | None
    severity: Severity
    kind: str
    names: tuple[str, ...]
    title: str


_TRANSITION: Final = re.compile(r"(Environment health has transitioned from \w{1,20} to (\w{1,20})\.[^\n]{0,500})")
_ENVIRONMENT: Final = re.compile(r"^Environment: (.{1,200})$", re.MULTILINE)
_UNWELL: Final = {"warning": Severity.WARNING, "degraded": Severity.ERROR, "severe": Severity.CRITICAL}
"""Elastic Beanstalk's words for the health of an environment that somebody must look at."""

_OF_A_STACK: Final = re.compile(r"^(\w{1,40})='(.{0,2000})'$", re.MULTILINE)
_STACK_ENDS: Final[Mapping[str, Action]] = {
    **dict.fromkeys(("create complete", "update complete", "delete complete", "import complete"), Action.RESOLVE),
    **dict.fromkeys(("create failed", "update failed", "delete failed", "import failed"), Action.TRIGGER),
    **dict.fromkeys(("rollback complete", "update rollback complete", "import rollback complete"), Action.TRIGGER),
    **dict.fromkeys(("rollback failed", "update rollback failed", "import rollback failed"), Action.TRIGGER),
}
"""Ends of what CloudFormation does with a stack or with one of its resources; whatever else it says is on the way."""

_NUMBER: Final = re.compile(r"\bRDS-EVENT-(\d{4})\b")
_ROUTINE: Final = frozenset(("0001", "0002", "0040", "0042", "0074", "0075", "0090", "0091", "0168", "0169"))
"""RDS' events of backups and snapshots that begin, and that are there."""
_NAME: Final = ("Source ID", "SourceId", "Resource")
"""What RDS, DMS and Redshift call the thing that something happened to."""

_LAUNCHES: Final[Mapping[str, tuple[Action, str]]] = {
    "autoscaling:ec2 instance launch": (Action.RESOLVE, "launch"),
    "autoscaling:ec2 instance launch error": (Action.TRIGGER, "launch"),
    "autoscaling:ec2 instance terminate": (Action.RESOLVE, "terminate"),
    "autoscaling:ec2 instance terminate error": (Action.TRIGGER, "terminate"),
}
_CACHE: Final = "ElastiCache:"


def read(said: Said, envelope: Said) -> Event | None:
    """Return the event of a notice in JSON, None where it is none that is known here."""
    insight = _insight(as_object(said.get("detail")) or said)
    return insight or _anomaly(said) or _database(said) or _group(said) or _cache(said, envelope)


def stack_end(state: Any) -> Action | None:
    """Return what the state of a stack or a resource in it asks for, None where it is on its way to one."""
    return _STACK_ENDS.get(word(state))


def is_routine(event: Any) -> bool:
    """Say whether an event of RDS only tells of a backup or a snapshot."""
    number = _NUMBER.search(text(event)[:2000])
    return number is not None and number[1] in _ROUTINE


def told(message: str) -> Told | None:
    """Return what a notice in plain text says of a stack or of an environment, None where it is neither."""
    return _stack(message) or _environment(message)


def _insight(about: Said) -> Event | None:
    """Return what DevOps Guru sees, by EventBridge (insightId) or by a topic (InsightId); None for anything else."""
    said = {f"{name[:1].lower()}{name[1:]}": value for name, value in about.items()}
    given = first(said, ("insightId",))
    if not given:
        return None
    is_over = word(said.get("messageType")) == "closed insight"
    page = link(said.get("insightUrl"), words="Insight")
    return Event(
        action=Action.RESOLVE if is_over else Action.TRIGGER,
        dedup_key=scoped(SLUG, f"insight:{given}"),
        title=one_line(first(said, ("insightDescription",)) or f"Insight {given}"),
        severity=severity_of(said.get("insightSeverity")) or Severity.ERROR,
        source=first(said, ("accountId",)),
        component="DevOps Guru",
        links=() if page is None else (page,),
        details=filled({name: said.get(name) for name in ("insightType", "messageType", "startTime", "endTime")}),
    )


def _anomaly(said: Said) -> Event | None:
    """Return the event of an anomaly in what an account costs, None where it is none."""
    given = text(said.get("anomalyId"))
    if not given:
        return None
    about, cost = first(said, ("dimensionalValue", "monitorName")), text(inside(said, "impact", "totalImpact"))
    page = link(said.get("anomalyDetailsLink"), words="Anomaly")
    return Event(
        action=Action.TRIGGER,
        dedup_key=scoped(SLUG, f"anomaly:{given}"),
        title=one_line(f"Cost anomaly: {about or given}" + (f", {cost} more than expected" if cost else "")),
        severity=Severity.WARNING,
        source=first(said, ("accountId",)),
        component="Cost Anomaly Detection",
        started_at=instant(said.get("anomalyStartDate")),
        links=() if page is None else (page,),
        details=filled({name: said.get(name) for name in ("monitorName", "impact", "rootCauses")}),
    )


def _database(said: Said) -> Event | None:
    """Return what a subscription of RDS, DMS or Redshift tells of a database, None where it is of none of these."""
    name, happened = first(said, _NAME), first(said, ("Event Message",))
    if not (name and happened):
        return None
    about, given = first(said, ("Source ARN",)) or name, first(said, ("Event ID", "About this Event"))
    routine = Severity.INFO if is_routine(given) else Severity.ERROR
    found = link(said.get("Identifier Link"), words="Database")
    return Event(
        action=Action.TRIGGER,
        dedup_key=scoped(SLUG, f"database:{stable(about, given or happened)}"),
        title=one_line(f"{name}: {happened}"),
        severity=severity_of(said.get("Severity")) or routine,
        source=name,
        component=first(said, ("Event Source",)),
        occurred_at=instant(said.get("Event Time")),
        links=() if found is None else (found,),
        details=filled({"arn": said.get("Source ARN"), "event": given}),
    )


def _group(said: Said) -> Event | None:
    """Return what an Auto Scaling group tells of an instance: one that starts ends that none could be started."""
    happened, name = word(said.get("Event")), first(said, ("AutoScalingGroupName",))
    if happened not in _LAUNCHES or not name:
        return None
    action, kind = _LAUNCHES[happened]
    about = first(said, ("AutoScalingGroupARN",)) or name
    reason = first(said, ("Description", "StatusMessage", "Cause"))
    return Event(
        action=action,
        dedup_key=scoped(SLUG, f"group:{stable(about, kind)}"),
        title=one_line(f"{name}: {reason or first(said, ('Event',))}"),
        severity=Severity.ERROR,
        source=name,
        component="Auto Scaling",
        occurred_at=instant(said.get("Time")),
        details=filled({one: said.get(one) for one in ("Event", "Cause", "StatusMessage", "EC2InstanceId")}),
    )


def _cache(said: Said, envelope: Said) -> Event | None:
    """Return what ElastiCache tells of a cluster: {"ElastiCache:FailoverComplete": "shop"}."""
    happened = next((name for name in said if name.startswith(_CACHE)), "")
    cluster = text(said.get(happened))
    if not cluster:
        return None
    kind = happened.removeprefix(_CACHE)
    is_done = kind.endswith("Complete") and kind != "FailoverComplete"
    return Event(
        action=Action.TRIGGER,
        dedup_key=scoped(SLUG, f"cache:{stable(text(envelope.get('TopicArn')), cluster, kind)}"),
        title=one_line(f"{cluster}: {kind}"),
        severity=Severity.INFO if is_done else Severity.ERROR,
        source=cluster,
        component="ElastiCache",
        occurred_at=instant(envelope.get("Timestamp")),
    )


def _stack(message: str) -> Told | None:
    """Return what CloudFormation tells of a stack, in lines like ResourceStatus='UPDATE_COMPLETE'."""
    said = dict(_OF_A_STACK.findall(message[:20_000]))
    stack, state = said.get("StackName", ""), said.get("ResourceStatus", "")
    if not (stack and state):
        return None
    resource, reason = said.get("LogicalResourceId", ""), said.get("ResourceStatusReason", "")
    subject = f"Stack {stack}" if resource in {"", stack} else f"Stack {stack}: {resource}"
    title = f"{subject} is {state}" + (f": {reason}" if reason else "")
    return Told(stack_end(state), Severity.ERROR, "stack", (said.get("Namespace", ""), stack, resource), title)


def _environment(message: str) -> Told | None:
    """Return what Elastic Beanstalk tells of the health of an environment."""
    found = _TRANSITION.search(message)
    if found is None:
        return None
    named = _ENVIRONMENT.search(message)
    health, name = word(found[2]), named[1].strip() if named else ""
    action = Action.RESOLVE if health == "ok" else Action.TRIGGER if health in _UNWELL else None
    title = f"{name}: {found[1]}" if name else found[1]
    return Told(action, _UNWELL.get(health, Severity.INFO), "environment", (name,), title)
