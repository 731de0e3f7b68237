"""GitLab's webhooks about pipelines, jobs, deployments, incidents, vulnerabilities and tokens that expire.

Source: https://docs.gitlab.com/user/project/integrations/webhook_events/
Whatever else a project sends (pushes, notes, merge requests, …) pages nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

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
    stable,
    text,
    word,
)
from opsknight.api.signatures import is_standard_webhook, is_token
from opsknight.api.unknown import unknown_shape
from opsknight.domain.model.event import Action, Event, Link, Malformed, Severity, Unreadable

SLUG: Final = "gitlab"
MAX_JOBS: Final = 10
"""Failed jobs of a pipeline that are named."""

_ACTIONS: Final[Mapping[str, Action]] = {
    "failed": Action.TRIGGER,
    "success": Action.RESOLVE,
    "passed": Action.RESOLVE,
}
_QUIET: Final = frozenset((
    "", "created", "waiting for resource", "waiting for callback", "preparing", "pending", "running", "canceling",
    "canceled", "cancelled", "skipped", "manual", "scheduled", "blocked", "approved", "rejected",
))  # fmt: skip
"""States of pipelines, jobs and deployments that say neither that something fails nor that it works."""
_INCIDENT_ACTIONS: Final[Mapping[str, Action]] = {
    "open": Action.TRIGGER,
    "reopen": Action.TRIGGER,
    "close": Action.RESOLVE,
}
_SETTLED: Final = frozenset(("resolved", "dismissed"))
"""States of vulnerabilities that nobody must look at any more."""
_INCIDENT_SEVERITIES: Final[Mapping[str, Severity]] = {
    "critical": Severity.CRITICAL,
    "s1": Severity.CRITICAL,
    "high": Severity.ERROR,
    "s2": Severity.ERROR,
    "medium": Severity.WARNING,
    "s3": Severity.WARNING,
    "low": Severity.INFO,
    "info": Severity.INFO,
    "s4": Severity.INFO,
}


_APART: Final[Mapping[str, str]] = {"parent pipeline": ":child", "schedule": ":schedule"}
"""By source: pipelines that must not end what others of the branch began. A child is part of another one, and what
runs by schedule runs other jobs than a push."""


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return the one event of `payload`, or none where nothing failed or recovered.

    A pipeline is known by its project and branch, so that the next green one ends a red one; a job
    by its name besides, a deployment by its environment.

    Raises:
        Malformed: it is no webhook of GitLab, and no text in it says what is wrong.
    """
    if not is_object(payload):
        raise Malformed("The GitLab payload is not a JSON object.")
    kind = _kind(payload)
    if kind in _READ:
        event = _READ[kind](payload)
        return [] if event is None else [within_limits(event, may_exceed=context.may_exceed)]
    if kind:
        return []
    event = unknown_shape(SLUG, payload)
    if event is None:
        raise Malformed("The GitLab payload names no kind of event (“object_kind”); is it a webhook of a project?")
    return [event]


def _kind(said: Said) -> str:
    """Return the kind of event, by its name or, where that is missing, by what only it holds."""
    kind = first(said, ("object_kind", "event_type", "event_name"))
    if not kind:
        return "build" if "build_status" in said else ""
    return "incident" if _is_incident(said) else kind


def _is_incident(said: Said) -> bool:
    about = as_object(said.get("object_attributes"))
    kinds = (about.get("type"), about.get("issue_type"), said.get("object_kind"), said.get("event_type"))
    return any(word(kind) == "incident" for kind in kinds)


def _pipeline(said: Said) -> Event | None:
    about = as_object(said.get("object_attributes"))
    status = word(about.get("status") or said.get("status"))
    ref = first(about, ("ref",)) or first(said, ("ref",))
    name = f" “{named}”" if (named := text(about.get("name"))) else ""
    apart = _APART.get(word(about.get("source")), "")
    project = _project(said)
    href = first(about, ("url",)) or _under(said, "pipelines", about.get("id"))
    return _event(
        said,
        status,
        key=f"pipeline:{project}:{ref}{apart}",
        title=f"Pipeline{name} of {project} {_in_words(status)} on {ref or 'an unnamed branch'}",
        component="pipeline",
        at=(about.get("finished_at"), about.get("created_at")),
        href=href,
        details={
            "pipeline": about.get("id"),
            "ref": ref,
            "source": about.get("source"),
            "detailed_status": about.get("detailed_status"),
            "failed_jobs": _failed_jobs(said.get("builds")),
            "merge_request": inside(said, "merge_request", "url"),
        },
    )


def _failed_jobs(jobs: Any) -> list[str]:
    failed = (
        f"{text(job.get('stage'))}: {text(job.get('name'))}"
        for job in (jobs if is_list(jobs) else [])
        if is_object(job) and word(job.get("status")) == "failed" and job.get("allow_failure") is not True
    )
    return list(dict.fromkeys(failed))[:MAX_JOBS]


def _job(said: Said) -> Event | None:
    """Return the event of a job, whose fields still have its old name, “build”, before theirs, if not “job”."""
    said = {f"build_{name.removeprefix('job_')}" if name.startswith("job_") else name: said[name] for name in said}
    status = word(said.get("build_status") or said.get("status"))
    name, ref, project = first(said, ("build_name", "name")), text(said.get("ref")), _project(said)
    job = f"Job “{name}”" if name else "A job"
    may_fail = said.get("build_allow_failure") is True or said.get("allow_failure") is True
    return _event(
        said,
        status,
        key=f"job:{text(said.get('project_id')) or project}:{name}:{ref}",
        title=f"{job} of {project} {_in_words(status)} on {ref or 'an unnamed branch'}",
        component=name,
        severity=Severity.INFO if may_fail else Severity.ERROR,
        at=(said.get("build_finished_at"), said.get("build_started_at"), said.get("build_created_at")),
        href=_under(said, "jobs", said.get("build_id")),
        details={
            "pipeline": said.get("pipeline_id"),
            "job": said.get("build_id"),
            "ref": ref,
            "stage": said.get("build_stage"),
            "failure_reason": said.get("build_failure_reason") if status == "failed" else None,
            "may_fail": may_fail or None,
            "runner": inside(said, "runner", "description"),
        },
    )


def _deployment(said: Said) -> Event | None:
    status, project = word(said.get("status")), _project(said)
    environment = text(said.get("environment"))
    return _event(
        said,
        status,
        key=f"deployment:{project}:{environment}",
        title=f"Deployment of {project} to {environment or 'an unnamed environment'} {_in_words(status)}",
        component=environment,
        at=(said.get("status_changed_at"),),
        href=text(said.get("deployable_url")),
        details={
            "deployment": said.get("deployment_id"),
            "ref": said.get("ref"),
            "tier": said.get("environment_tier"),
            "failure_reason": said.get("deployment_failure_reason"),
        },
    )


def _incident(said: Said) -> Event | None:
    """Return the event of an incident that people or an alert opened in GitLab; what only edits it says nothing."""
    about, project = as_object(said.get("object_attributes")), _project(said)
    action = _INCIDENT_ACTIONS.get(word(about.get("action")))
    if action is None:
        return None
    return Event(
        action=action,
        dedup_key=scoped(SLUG, f"incident:{project}:{first(about, ('iid', 'id', 'title'))}"),
        title=one_line(first(about, ("title",)) or "Incident without a title"),
        severity=_INCIDENT_SEVERITIES.get(word(about.get("severity")), Severity.ERROR),
        source=project,
        component="incident",
        occurred_at=_at((about.get("updated_at"), about.get("created_at"))),
        tags=_labels(said.get("labels")),
        links=_links(first(about, ("url",)), said),
        details=filled({"description": text(about.get("description"))[:4000]}),
    )


def _vulnerability(said: Said) -> Event:
    """Return the event of a vulnerability that a scanner found, or of what people or a later scan made of it."""
    about = as_object(said.get("object_attributes"))
    href = first(about, ("url",))
    project = _project(said, href)
    is_over = word(about.get("state")) in _SETTLED
    identifiers = about.get("identifiers")
    named = [text(inside(one, "name")) for one in (identifiers if is_list(identifiers) else [])]
    return Event(
        action=Action.RESOLVE if is_over else Action.TRIGGER,
        dedup_key=scoped(SLUG, f"vulnerability:{href or stable(project, first(about, ('title',)))}"),
        title=one_line(f"{first(about, ('title',)) or 'A vulnerability'} in {project}"),
        severity=_INCIDENT_SEVERITIES.get(word(about.get("severity")), Severity.ERROR),
        source=project,
        component=first(about, ("report_type",)),
        occurred_at=_at((about.get("updated_at"), about.get("created_at"))),
        links=_links(href, said),
        details=filled({"state": about.get("state"), "location": about.get("location"), "identifiers": named[:20]}),
    )


def _token(said: Said) -> Event:
    """Return the event of a token that expires within days; that it was renewed, nobody tells."""
    about, project = as_object(said.get("object_attributes")), _project(said)
    name, kind = first(about, ("name", "id")), "deploy token" if "deploy" in _kind(said) else "access token"
    return Event(
        action=Action.TRIGGER,
        dedup_key=scoped(SLUG, f"{kind.removeprefix('access ')}:{project}:{first(about, ('id', 'name'))}"),
        title=one_line(f"{kind.capitalize()} “{name}” of {project} expires on {first(about, ('expires_at',))}"),
        severity=Severity.WARNING,
        source=project,
        component=kind,
        details=filled({"expires_at": about.get("expires_at")}),
    )


def _labels(labels: Any) -> dict[str, str]:
    named = (text(inside(one, "title")).partition("::") for one in (labels if is_list(labels) else []))
    return {name: value for name, _, value in named if name}


def _event(
    said: Said,
    status: str,
    *,
    key: str,
    title: str,
    component: str,
    at: Sequence[Any],
    href: str,
    details: Said,
    severity: Severity = Severity.ERROR,
) -> Event | None:
    """Return the event of what has a status, None where that is neither good nor bad."""
    if status in _QUIET:
        return None
    action = _ACTIONS.get(status)
    commit = as_object(said.get("commit"))
    about_commit = {
        "commit": first(commit, ("sha", "id")) or said.get("short_sha"),
        "message": (text(commit.get("message")) or text(said.get("commit_title"))).strip()[:1000],
        "author": inside(commit, "author", "name") or commit.get("author_name"),
        "user": inside(said, "user", "name"),
    }
    return Event(
        action=action or Action.TRIGGER,
        dedup_key=scoped(SLUG, key),
        title=one_line(title),
        severity=severity,
        source=_project(said),
        component=component,
        occurred_at=_at(at),
        tags=filled({"ref": text(details.get("ref"))}),
        links=_links(href, said),
        details=filled(details | about_commit | {"unknown_status": "" if action else status}),
    )


def _project(said: Said, href: str = "") -> str:
    """Return the path of the project or group, or what else names it; the address `href` has it before “/-/”."""
    project = as_object(said.get("project"))
    named = first(project, ("path_with_namespace", "name", "id")) or first(said, ("project_name", "project_id"))
    named = named or text(inside(said, "group", "full_path")) or first(as_object(said.get("repository")), ("name",))
    return named or href.partition("://")[2].partition("/-/")[0].partition("/")[2] or "a project without a name"


def _under(said: Said, what: str, number: Any) -> str:
    """Return the address of a part of the project, "" where project or number are missing."""
    base = text(inside(said, "project", "web_url")) or text(inside(said, "repository", "homepage"))
    return f"{base}/-/{what}/{text(number)}" if base and text(number) else ""


def _links(href: str, said: Said) -> tuple[Link, ...]:
    base = inside(said, "project", "web_url") or inside(said, "repository", "homepage")
    return tuple(one for one in (link(href, words="GitLab"), link(base, words="Project")) if one is not None)


def _at(values: Sequence[Any]) -> datetime | None:
    """Return the first instant; GitLab writes "2021-04-28 21:50:00 +0200" and "2017-06-05 14:34:00 UTC"."""
    for value in values:
        written = value.removesuffix(" UTC").replace(" +", "+").replace(" -", "-") if isinstance(value, str) else value
        if (at := instant(written)) is not None:
            return at
    return None


def _in_words(status: str) -> str:
    return {"failed": "failed", "success": "succeeded", "passed": "succeeded"}.get(status, f"is “{status}”")


_READ: Final[Mapping[str, Callable[[Said], Event | None]]] = {
    "pipeline": _pipeline,
    "build": _job,
    "job": _job,
    "deployment": _deployment,
    "incident": _incident,
    "vulnerability": _vulnerability,
    "access_token": _token,
    "deploy_token": _token,
}


def verify(request: Request, secret: str) -> bool:
    """Say whether the sender gave the secret token, or signed with a signing token (Standard Webhooks)."""
    headers = request.headers
    if signatures := headers.get("webhook-signature", ""):
        return is_standard_webhook(
            message_id=headers.get("webhook-id", ""),
            timestamp=headers.get("webhook-timestamp", ""),
            signatures=signatures,
            secret=secret,
            body=request.body,
            now=request.received_at,
        )
    return is_token(headers.get("x-gitlab-token", ""), secret)


def deploys(event: Event) -> str:
    """Tell deployments of an environment apart by their number."""
    is_one = event.action is Action.RESOLVE and event.dedup_key.startswith(f"{SLUG}:deployment:")
    return text(event.details.get("deployment")) if is_one else ""


PROVIDER: Final = Provider(
    slug=SLUG,
    label="GitLab",
    docs_url="https://docs.gitlab.com/user/project/integrations/webhook_events/",
    normalise=normalise,
    where="Project or group → Settings → Webhooks → Add new webhook",
    setup="""URL: {address}
Secret token: the integration's signing secret, if it has one
Trigger: Pipeline events, Deployment events, and Issues events where incidents shall page""",
    sample={
        "object_kind": "build",
        "ref": "main",
        "build_id": 1,
        "build_name": "OpsKnight test",
        "build_stage": "test",
        "build_status": "failed",
        "build_allow_failure": True,
        "project_id": 1,
        "project_name": "example/example",
        "repository": {"name": "example", "homepage": "https://gitlab.com/example/example"},
    },
    verify=verify,
    signed_with="What you write there as Secret token, or the signing token that GitLab shows, which begins "
    "with whsec_.",
    once=("idempotency-key", "x-gitlab-event-uuid"),
    deploys=deploys,
)
