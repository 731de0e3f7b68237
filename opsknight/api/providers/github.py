"""GitHub's webhooks about what fails: workflows, jobs, checks, statuses, deployments and security alerts.

Source: https://docs.github.com/en/webhooks/webhook-events-and-payloads
Whatever else a repository sends (pings, pushes, comments, …) pages nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from opsknight.api.parse import parse
from opsknight.api.providers.provider import Context, Provider, Request, Said, within_limits
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
    text,
    word,
)
from opsknight.api.signatures import is_hex_hmac
from opsknight.api.unknown import unknown_shape
from opsknight.domain.model.event import Action, Event, Malformed, Severity, Unreadable

SLUG: Final = "github"

_BAD: Final[Mapping[str, Severity]] = {
    "failure": Severity.ERROR,
    "error": Severity.ERROR,
    "timed out": Severity.ERROR,
    "startup failure": Severity.ERROR,
    "action required": Severity.WARNING,
}
_GOOD: Final = frozenset(("success",))
_QUIET: Final = frozenset((
    "", "neutral", "cancelled", "skipped", "stale", "pending", "queued", "requested", "waiting", "in progress",
    "inactive", "created",
))  # fmt: skip
"""Results and states that say neither that something fails nor that it works."""
_UNFINISHED: Final = frozenset((
    "requested", "in progress", "queued", "waiting", "created", "rerequested", "requested action", "approved",
    "rejected",
))  # fmt: skip
_IN_WORDS: Final[Mapping[str, str]] = {
    "failure": "failed",
    "error": "failed",
    "timed out": "timed out",
    "startup failure": "could not start",
    "action required": "needs an action",
    "success": "succeeded",
}
_ALERT_ACTIONS: Final[Mapping[str, Action]] = {
    "created": Action.TRIGGER,
    "create": Action.TRIGGER,
    "reopened": Action.TRIGGER,
    "reopened by user": Action.TRIGGER,
    "reopen": Action.TRIGGER,
    "reintroduced": Action.TRIGGER,
    "auto reopened": Action.TRIGGER,
    "publicly leaked": Action.TRIGGER,
    "open": Action.TRIGGER,
    "fixed": Action.RESOLVE,
    "dismissed": Action.RESOLVE,
    "dismiss": Action.RESOLVE,
    "auto dismissed": Action.RESOLVE,
    "closed by user": Action.RESOLVE,
    "resolved": Action.RESOLVE,
    "resolve": Action.RESOLVE,
    "revoked": Action.RESOLVE,
}
_ALERT_QUIET: Final = frozenset((
    "assignees changed", "assigned", "unassigned", "appeared in branch", "updated assignment", "validated",
    "delegated", "dismissal request created",
))  # fmt: skip
_ALERT_SEVERITIES: Final[Mapping[str, Severity]] = {
    "critical": Severity.CRITICAL,
    "high": Severity.ERROR,
    "error": Severity.ERROR,
    "medium": Severity.WARNING,
    "moderate": Severity.WARNING,
    "warning": Severity.WARNING,
    "low": Severity.INFO,
    "note": Severity.INFO,
    "none": Severity.INFO,
}
_TITLE: Final[Mapping[str, str]] = {
    "workflow_run": "Workflow",
    "workflow_job": "Job",
    "check_run": "Check",
    "check_suite": "Checks of",
    "status": "Status",
    "deployment_status": "Deployment to",
}
_ENVELOPE: Final = ("repository", "organization", "enterprise", "installation", "sender", "hook", "security_advisory")


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return the one event of `payload`, or none where nothing failed, recovered or was found.

    A later success of the same workflow, job, check or deployment on the same branch resolves. The
    header that names the kind of event only excludes: the payload itself tells its kind.

    Raises:
        Malformed: it is no webhook of GitHub, and no text in it says what is wrong.
    """
    said = _opened(payload)
    kind = _kind(said, context.headers.get("x-github-event", ""))
    if kind in _READ:
        event = _READ[kind](kind, said)
        return [] if event is None else [within_limits(event)]
    if "zen" in said or any(is_object(said.get(name)) for name in _ENVELOPE):
        return []
    event = unknown_shape(SLUG, said)
    if event is None:
        raise Malformed("The payload is no webhook of GitHub: it names no repository. Choose JSON as content type.")
    return [event]


def _opened(payload: Any) -> Said:
    """Return the webhook, out of its form where the content type is application/x-www-form-urlencoded."""
    if is_object(payload) and len(payload) == 1 and isinstance(inner := payload.get("payload"), str):
        payload = parse(inner.encode("utf-8", "replace")).payload
    if not is_object(payload):
        raise Malformed("The GitHub payload is not a JSON object.")
    return payload


def _kind(said: Said, header: str) -> str:
    """Return what kind of event it is, "" where it is none that is read."""
    alert = as_object(said.get("alert"))
    found = ""
    if is_object(said.get("deployment_status")) or "state" in as_object(said.get("deployment")):
        found = "deployment_status"
    elif "security_advisory" in alert or "dependency" in alert:
        found = "dependabot_alert"
    elif "rule" in alert:
        found = "code_scanning_alert"
    elif "secret_type" in alert:
        found = "secret_scanning_alert"
    elif "affected_package_name" in alert:
        found = "repository_vulnerability_alert"
    elif text(said.get("context")) and "state" in said:
        found = "status"
    elif not any(
        name in said for name in ("workflow_job_runs", "workflow_job_run", "approver", "deployment_callback_url")
    ):
        runs = ("workflow_job", "workflow_run", "check_run", "check_suite")
        found = next((name for name in runs if is_object(said.get(name))), "")
    return "" if header and header in _OTHERS else found


_OTHERS: Final = frozenset((
    "ping", "deployment_review", "deployment_protection_rule", "security_advisory", "repository_advisory",
    "secret_scanning_alert_location", "secret_scanning_scan",
))  # fmt: skip
"""Kinds of event that look like those that are read."""


def _ci(kind: str, said: Said) -> Event | None:
    """Return the event of a workflow, a job, a check or all checks of one app."""
    about: Said = said[kind]
    action, status, result = word(said.get("action")), word(about.get("status")), word(about.get("conclusion"))
    if action in _UNFINISHED:
        return None
    is_finished = action in {"", "completed"} and status in {"", "completed"}
    if result in _GOOD and not is_finished:
        return None
    names = (
        text(about.get("name")),
        text(inside(said, "workflow", "name")) if kind == "workflow_run" else "",
        first(as_object(about.get("app")), ("name", "slug")),
        first(about, ("path", "workflow_id", "id")),
    )
    name = next((one for one in names if one), "")
    branch = _branch(said, about)
    identity = first(about, ("workflow_id",)) or name if kind == "workflow_run" else name
    if kind == "workflow_job":
        identity = f"{text(about.get('workflow_name'))}:{name}"
    details = {
        "commit": about.get("head_sha"),
        "title": about.get("display_title") or inside(about, "output", "title"),
        "summary": inside(about, "output", "summary"),
        "run": about.get("run_number") or about.get("run_id"),
        "attempt": about.get("run_attempt"),
        "event": about.get("event"),
        "actor": inside(about, "triggering_actor", "login") or inside(about, "actor", "login"),
        "failed_steps": _failed_steps(about.get("steps")),
    }
    return _event(kind, said, about, result=result, name=name, place=branch, identity=identity, details=details)


def _branch(said: Said, about: Said) -> str:
    """Return the branch, with the fork that it is of, or the commit where GitHub names no branch."""
    branch = text(about.get("head_branch")) or text(inside(about, "check_suite", "head_branch"))
    fork = text(inside(about, "head_repository", "full_name"))
    if branch and fork and fork != text(inside(said, "repository", "full_name")):
        return f"{fork}:{branch}"
    return branch or text(about.get("head_sha"))


def _failed_steps(steps: Any) -> list[str]:
    listed = steps if is_list(steps) else []
    return [text(inside(step, "name")) for step in listed if word(inside(step, "conclusion")) in _BAD][:10]


def _status(kind: str, said: Said) -> Event | None:
    """Return the event of a commit status; several branches may hold the commit."""
    branches = said.get("branches")
    named = sorted(text(inside(one, "name")) for one in branches) if is_list(branches) else []
    default = text(inside(said, "repository", "default_branch"))
    branch = default if default in named else next((one for one in named if one), "") or text(said.get("sha"))
    name = text(said["context"])
    details = {"commit": said.get("sha"), "description": said.get("description")}
    return _event(kind, said, said, result=word(said["state"]), name=name, place=branch, identity=name, details=details)


def _deployment(kind: str, said: Said) -> Event | None:
    deployment = as_object(said.get("deployment"))
    about = as_object(said.get("deployment_status")) or deployment
    environment = first(about, ("environment",)) or first(deployment, ("environment",))
    details = {
        "commit": deployment.get("sha"),
        "ref": deployment.get("ref"),
        "description": about.get("description"),
        "creator": inside(about, "creator", "login"),
    }
    name, state = environment or "an environment without a name", word(about.get("state"))
    return _event(kind, said, about, result=state, name=name, place="", identity=environment, details=details)


def _event(
    kind: str, said: Said, about: Said, *, result: str, name: str, place: str, identity: str, details: Said
) -> Event | None:
    """Return the event of what has a result, None where that is neither good nor bad."""
    if result in _QUIET:
        return None
    repository = _repository(said)
    is_good = result in _GOOD
    is_known = is_good or result in _BAD
    where = f" on {place}" if place else ""
    href = first(about, ("html_url", "log_url", "target_url", "environment_url", "details_url"))
    title = f"{_TITLE[kind]} “{name}” {_IN_WORDS.get(result, f'is “{result}”')}{where} in {repository}"
    links = (link(href, words="Run"), link(inside(said, "repository", "html_url"), words="Repository"))
    return Event(
        action=Action.RESOLVE if is_good else Action.TRIGGER,
        dedup_key=scoped(SLUG, f"{kind}:{repository}:{identity}:{place}"),
        title=one_line(title),
        severity=_BAD.get(result, Severity.ERROR),
        source=repository,
        component=name,
        occurred_at=_at(about, ("completed_at", "updated_at", "created_at", "started_at")),
        tags=filled({"branch": place}),
        links=tuple(one for one in links if one is not None),
        details=filled(details | ({} if is_known else {"unknown_status": result})),
    )


def _alert(kind: str, said: Said) -> Event | None:
    """Return the event of a security alert: what Dependabot, code scanning or secret scanning found."""
    alert: Said = said["alert"]
    asked = word(said.get("action"))
    if asked in _ALERT_QUIET:
        return None
    action = _ALERT_ACTIONS.get(asked or word(alert.get("state")))
    advisory, repository = as_object(alert.get("security_advisory")), _repository(said)
    package = text(inside(alert, "dependency", "package", "name")) or text(alert.get("affected_package_name"))
    rule = as_object(alert.get("rule"))
    title, href = _alert_title(alert, advisory, rule, package), first(alert, ("html_url", "external_reference"))
    number = first(alert, ("number", "id")) or first(advisory, ("ghsa_id",)) or title
    return Event(
        action=action or Action.TRIGGER,
        dedup_key=scoped(SLUG, f"{kind}:{repository}:{number}"),
        title=one_line(f"{title} in {repository}"),
        severity=_alert_severity(alert, advisory, rule),
        source=repository,
        component=package or first(as_object(alert.get("tool")), ("name",)),
        occurred_at=_at(
            alert, ("fixed_at", "dismissed_at", "auto_dismissed_at", "resolved_at", "updated_at", "created_at")
        ),
        tags=filled({"ghsa": first(advisory, ("ghsa_id",)), "cve": first(advisory, ("cve_id",))}),
        links=tuple(one for one in (link(href, words="Alert"),) if one is not None),
        details=filled(
            {
                "manifest": inside(alert, "dependency", "manifest_path")
                or inside(alert, "most_recent_instance", "location"),
                "dismissed_reason": alert.get("dismissed_reason") or alert.get("resolution"),
                "description": text(advisory.get("description"))[:4000],
                "unknown_status": "" if action else asked or word(alert.get("state")),
            }
        ),
    )


def _alert_title(alert: Said, advisory: Said, rule: Said, package: str) -> str:
    if "secret_type" in alert:
        return f"Secret found: {first(alert, ('secret_type_display_name', 'secret_type'))}"
    said = first(advisory, ("summary",)) or first(rule, ("description", "name", "id"))
    return said or (f"Vulnerable dependency {package}" if package else "Security alert")


def _alert_severity(alert: Said, advisory: Said, rule: Said) -> Severity:
    if "secret_type" in alert:
        return Severity.CRITICAL
    stated = first(advisory, ("severity",)) or first(rule, ("security_severity_level", "severity"))
    stated = word(stated or alert.get("severity"))
    return _ALERT_SEVERITIES.get(stated) or severity_of(stated) or Severity.ERROR


def _repository(said: Said) -> str:
    return first(as_object(said.get("repository")), ("full_name", "name", "id")) or "a repository without a name"


def _at(about: Said, names: Sequence[str]) -> Any:
    return next((at for name in names if (at := instant(about.get(name))) is not None), None)


_READ: Final[Mapping[str, Callable[[str, Said], Event | None]]] = {
    "workflow_run": _ci,
    "workflow_job": _ci,
    "check_run": _ci,
    "check_suite": _ci,
    "status": _status,
    "deployment_status": _deployment,
    "dependabot_alert": _alert,
    "code_scanning_alert": _alert,
    "secret_scanning_alert": _alert,
    "repository_vulnerability_alert": _alert,
}


def verify(request: Request, secret: str) -> bool:
    """Say whether the body was signed with the secret: SHA-256, or SHA-1 where an old server sends only that."""
    if signature := request.headers.get("x-hub-signature-256", ""):
        return signature.startswith("sha256=") and is_hex_hmac(signature[7:], secret, request.body)
    legacy = request.headers.get("x-hub-signature", "")
    return legacy.startswith("sha1=") and is_hex_hmac(legacy[5:], secret, request.body, algorithm="sha1")


def deploys(event: Event) -> str:
    """Tell deployments of an environment apart by their commit and time."""
    is_one = event.action is Action.RESOLVE and event.dedup_key.startswith(f"{SLUG}:deployment_status:")
    return f"{event.details.get('commit')} {event.occurred_at}" if is_one else ""


PROVIDER: Final = Provider(
    slug=SLUG,
    label="GitHub",
    docs_url="https://docs.github.com/en/webhooks/webhook-events-and-payloads",
    normalise=normalise,
    where="Repository or organisation → Settings → Webhooks → Add webhook",
    setup="""Payload URL: {address}
Content type: application/json
Secret: the integration's signing secret, if it has one
Events: Workflow runs, Deployment statuses, Dependabot alerts (or Check runs, Statuses, Workflow jobs)""",
    sample={
        "action": "completed",
        "workflow_run": {
            "id": 1,
            "name": "OpsKnight test",
            "workflow_id": 1,
            "head_branch": "main",
            "head_sha": "0000000000000000000000000000000000000000",
            "status": "completed",
            "conclusion": "action_required",
            "event": "workflow_dispatch",
            "html_url": "https://github.com/example/example/actions/runs/1",
        },
        "repository": {"full_name": "example/example", "html_url": "https://github.com/example/example"},
        "sender": {"login": "example"},
    },
    verify=verify,
    signed_with="What you write in the webhook as Secret.",
    once=("x-github-delivery",),
    keeps=("x-github-event",),
    form=True,
    deploys=deploys,
)
