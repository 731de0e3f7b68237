"""What ran at AWS and ended well or badly: canaries, replications, volumes, deployments, functions, mails, OpsItems.

Sources: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/monitoring-events-eventbridge.html,
https://docs.aws.amazon.com/dms/latest/userguide/CHAP_EventBridge.html,
https://docs.aws.amazon.com/ebs/latest/userguide/ebs-cloud-watch-events.html,
https://docs.aws.amazon.com/systems-manager/latest/userguide/OpsCenter-getting-started-sns.html,
https://docs.aws.amazon.com/codedeploy/latest/userguide/monitoring-sns-event-notifications-json-format.html,
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html and
https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias

from opsknight.api.parse import parse
from opsknight.api.reading import (
    as_object,
    filled,
    first,
    inside,
    instant,
    is_list,
    link,
    one_line,
    scoped,
    stable,
    text,
    word,
)
from opsknight.domain.model.event import Action, Event, Malformed, Severity

Said: TypeAlias = dict[str, Any]
Found: TypeAlias = tuple[Action, tuple[str, ...], str]
"""What something asks for, the names by which it is known again, and what is said of it."""
SLUG: Final = "cloudwatch"

_OF_CANARIES: Final = "synthetics canary"
_PREPARED: Final = frozenset(("created", "creating", "starting", "modified", "modifying"))
_RUNNING: Final = frozenset(("started", "resumed"))
"""The last words of the types of DMS' events that tell of what somebody sets up, or that it runs."""
_DONE: Final = frozenset(("available", "succeeded", "completed", "deleted"))
_CHANGING: Final = frozenset(("modifying", "optimizing"))
"""Results of what is done with a volume that are good, and that are none yet."""
_OPS_ITEM: Final = "ops-item-id"
_OVER: Final = frozenset(("resolved", "closed"))
_DEPLOYED: Final = frozenset(("succeeded", "skipped"))
_DEPLOYING: Final = frozenset(("created", "queued", "started", "in progress", "inprogress", "pending", "ready"))
_MAILS: Final = frozenset(("delivery", "send", "open", "click", "subscription"))
"""What SES tells of mails with which nothing is wrong."""


def is_quiet(said: Said) -> bool:
    """Say whether a message only tells of what is set up or under way, or of a mail that was sent."""
    kind, detail = word(said.get("detail-type")), as_object(said.get("detail"))
    if kind.startswith(_OF_CANARIES) and "canary-name" in detail:
        return word(detail.get("current-state")) not in {"", "error"}
    if "detailMessage" in detail:
        return _last_word(detail.get("eventType")) in _PREPARED
    if "request-id" in detail:
        return word(detail.get("result")) in _CHANGING
    if _deployment(said):
        return _state_of_a_deployment(said) in _DEPLOYING
    return _kind_of_mail(said) in _MAILS


def of_an_event(kind: str, about: Said, resource: str) -> Found | None:
    """Return what an event of EventBridge tells, by names that are the same at its end; None for any other."""
    return _canary(kind, about) or _replication(about, resource) or _volume(about, resource) or _ops_item(about)


def severity(about: Said) -> str:
    """Return how bad an OpsItem is, 1 to 4, as a word that is known; "" for anything else."""
    return f"s{text(about.get('severity'))}" if _OPS_ITEM in about else ""


def read(said: Said, envelope: Said) -> Event | None:
    """Return the event of a deployment, of a function's invocation or of a mail, None where it is none of these."""
    found = _deployed(said) or _invoked(said) or _mailed(said)
    if found is None:
        return None
    action, names, title = found
    pages = (link(inside(said, "links", "console"), words="Console"),)
    return Event(
        action=action,
        dedup_key=scoped(SLUG, f"run:{stable(*names)}"),
        title=one_line(title),
        severity=Severity.WARNING if names[0] == "mail" else Severity.ERROR,
        source=names[-1],
        occurred_at=instant(said.get("timestamp")) or instant(envelope.get("Timestamp")),
        links=tuple(one for one in pages if one is not None),
        details=filled({"message": said}),
    )


def _canary(kind: str, about: Said) -> Found | None:
    """Return how a run of a canary of Synthetics ended, or that the canary itself does not run."""
    name = text(about.get("canary-name"))
    if not name or not word(kind).startswith(_OF_CANARIES):
        return None
    ended, reason = word(about.get("test-run-status")), text(about.get("state-reason"))
    is_well = ended == "passed" or (not ended and word(kind).endswith("successful"))
    runs = f"The run of canary {name} {ended or 'failed'}"
    said = f"Canary {name} is {text(about['current-state'])}" if "current-state" in about else runs
    why = "" if word(reason) == "null" else reason
    return (
        Action.RESOLVE if is_well else Action.TRIGGER,
        ("canary", name),
        said + (f": {why}" if why else ""),
    )


def _replication(about: Said, resource: str) -> Found | None:
    """Return what DMS tells of a task or an instance: one that is started again ends that it failed or stopped."""
    message = text(about.get("detailMessage"))
    if not message:
        return None
    action = Action.RESOLVE if _last_word(about.get("eventType")) in _RUNNING else Action.TRIGGER
    return action, ("replication", resource), f"{resource.rpartition(':')[2] or text(about.get('type'))}: {message}"


def _last_word(kind: Any) -> str:
    return word(kind).rpartition(" ")[2]


def _volume(about: Said, resource: str) -> Found | None:
    """Return what came of what was done with a volume or a snapshot of EBS."""
    done, result = text(about.get("event")), text(about.get("result"))
    if not (done and result and "request-id" in about):
        return None
    why = text(about.get("cause"))
    action = Action.RESOLVE if word(result) in _DONE else Action.TRIGGER
    title = f"{resource.rpartition('/')[2]}: {done} {result}" + (f": {why}" if why else "")
    return action, ("volume", resource, done), title


def _ops_item(about: Said) -> Found | None:
    number = text(about.get(_OPS_ITEM))
    if not number:
        return None
    action = Action.RESOLVE if word(about.get("status")) in _OVER else Action.TRIGGER
    return action, ("ops item", number), first(about, ("title", "description")) or f"OpsItem {number}"


def _deployment(said: Said) -> str:
    """Return which deployment CodeDeploy tells a topic of; "" for anything else."""
    return text(said.get("deploymentId")) if "detail-type" not in said else ""


def _state_of_a_deployment(said: Said) -> str:
    return word(first(said, ("instanceStatus", "status")))


def _deployed(said: Said) -> Found | None:
    state, group = _state_of_a_deployment(said), first(said, ("deploymentGroupName",))
    application, machine = first(said, ("applicationName",)), first(said, ("instanceId",)).rpartition("/")[2]
    if not (_deployment(said) and state and (application or machine)):
        return None
    what = "/".join(one for one in (application, group, machine) if one)
    why = _error(text(said.get("errorInformation")))
    action = Action.RESOLVE if state in _DEPLOYED else Action.TRIGGER
    names = ("deployment", *(first(said, (one,)) for one in ("accountId", "region")), what)
    return action, names, f"Deployment of {what} {state}" + (f": {why}" if why else "")


def _error(information: str) -> str:
    """Return the message of an error that stands as JSON in a text, else the text."""
    try:
        return text(as_object(parse(information.encode("utf-8", "replace")).payload).get("ErrorMessage"))
    except Malformed:
        return information


def _invoked(said: Said) -> Found | None:
    """Return how an asynchronous invocation of a Lambda function ended, as its destination is told."""
    asked, answer = as_object(said.get("requestContext")), as_object(said.get("responsePayload"))
    arn, condition = text(asked.get("functionArn")), text(asked.get("condition"))
    if not (arn and condition):
        return None
    name = ":".join(arn.split(":")[:7])  # without the version behind it
    why = first(answer, ("errorMessage", "errorType")) or condition
    action = Action.RESOLVE if word(condition) == "success" else Action.TRIGGER
    return action, ("function", name), f"{name.rpartition(':')[2]}: {why}"


def _kind_of_mail(said: Said) -> str:
    return word(first(said, ("notificationType", "eventType"))) if as_object(said.get("mail")) else ""


def _mailed(said: Said) -> Found | None:
    """Return what SES tells of a mail that did not arrive, or that its receiver complained about."""
    kind, mail = _kind_of_mail(said), as_object(said.get("mail"))
    if not kind:
        return None
    sender, to = text(mail.get("source")), mail.get("destination")
    receiver = text(to[0]) if is_list(to) and to else ""
    how = text(inside(said, "bounce", "bounceType"))
    title = f"{kind.capitalize()} of a mail from {sender}" + (f" to {receiver}" if receiver else "")
    return Action.TRIGGER, ("mail", kind, sender), title + (f": {how}" if how else "")
