"""What Azure DevOps tells by its service hooks: of builds, of runs of pipelines, and of deployments.

Source: https://learn.microsoft.com/azure/devops/service-hooks/events
What succeeds ends what its failure began: of a pipeline on the same branch, of the same stage, job or environment.
Pushed code, pull requests, approvals, and changes of work items page nobody.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from opsknight.api.reading import asked, first, inner, instant, is_object, kept, link, scoped, stable, text, titled
from opsknight.domain.model.event import Action, Event, Link, Severity

Said: TypeAlias = dict[str, Any]
SLUG: Final = "azure"

_ABOUT: Final[Mapping[str, str]] = {
    "build.complete": "",
    "ms.vss-pipelines.run-state-changed-event": "run",
    "ms.vss-pipelines.stage-state-changed-event": "stage",
    "ms.vss-pipelines.job-state-changed-event": "job",
    "ms.vss-release.deployment-completed-event": "environment",
}
"""Events that tell how something ended, with where in the resource it stands."""
_TALK: Final = ("git.", "tfvc.", "ms.vss-release.", "ms.vss-pipelinechecks-events.", "ms.vss-code.")
_CHANGES: Final = frozenset(("workitem.commented", "workitem.updated", "workitem.deleted", "workitem.restored"))
_ENDED: Final[Mapping[str, Action]] = {
    "succeeded": Action.RESOLVE,
    "failed": Action.TRIGGER,
    "partiallysucceeded": Action.TRIGGER,
    "rejected": Action.TRIGGER,
}
_GOING: Final = frozenset((
    "inprogress", "notstarted", "waiting", "running", "queued", "pending", "canceling", "canceled", "stopped",
    "skipped", "none", "undefined",
))  # fmt: skip
"""Ways to go on, or to be called off by somebody: neither a failure nor its end."""
_PARTS: Final = ("stage", "job", "environment")
_BRANCH: Final = re.compile(r"refs/(?:heads/)?([^\s:]{1,250})")
_ADDRESS: Final = re.compile(r"\((https?://[^\s()]{1,2000})\)")


def is_hook(payload: Said) -> bool:
    """Say whether a payload is what a service hook sends."""
    return bool(text(payload.get("eventType"))) and is_object(payload.get("resource")) and "message" in payload


def read(payload: Said) -> list[Event] | None:
    """Return the event of what ended, none of what pages nobody; None for an event that is not known here."""
    kind, resource = text(payload.get("eventType")), inner(payload, "resource")
    if kind not in _ABOUT:
        return [] if kind.startswith(_TALK) or kind in _CHANGES else None
    about = inner(resource, _ABOUT[kind]) if _ABOUT[kind] else resource
    result = first(about, ("result", "status", "state"))
    state = asked(_ENDED, result, quiet=_GOING)
    if state.action is None:
        return []
    pipeline, project = _pipeline(resource, about), _project(payload, resource)
    name, branch = first(pipeline, ("name",)), _branch(resource)
    parts = [found for part in _PARTS if (found := first(inner(resource, part), ("name",)))]
    identity = stable(kind, project, first(pipeline, ("id",)) or name, branch, *parts)
    sentence = first(inner(payload, "message"), ("text",)) or f"{kind}: {result}"
    event = Event(
        action=state.action,
        dedup_key=scoped(SLUG, f"pipeline:{identity}"),
        title=titled(sentence if name in sentence else f"{name}: {sentence}", otherwise="Azure DevOps pipeline"),
        severity=Severity.WARNING if result.casefold() == "partiallysucceeded" else Severity.ERROR,
        source=name,
        component="Azure DevOps",
        occurred_at=instant(first(about, ("finishTime", "finishedDate")) or payload.get("createdDate")),
        started_at=instant(first(about, ("startTime", "createdDate"))),
        tags={label: said for label, said in (("project", project), ("branch", branch)) if said},
        links=_links(payload, resource, about),
        details=state.marked(kept(about, ("buildNumber", "reason", "name")) | {"event": kind}),
    )
    return [event]


def _pipeline(resource: Said, about: Said) -> Said:
    """Return what was run: a build's definition, a run's pipeline, or the definition of a release."""
    return (
        inner(resource, "definition")
        or inner(resource, "pipeline")
        or inner(resource, "run", "pipeline")
        or inner(about, "releaseDefinition")
    )


def _project(payload: Said, resource: Said) -> str:
    named = first(inner(resource, "project"), ("name",)) or first(inner(resource, "definition", "project"), ("name",))
    return named or first(inner(payload, "resourceContainers", "project"), ("id",))


def _branch(resource: Said) -> str:
    """Return the branch that was built: of an older build it stands between its repository's kind and its commit."""
    found = _BRANCH.search(first(resource, ("sourceBranch", "sourceGetVersion"))[:1000])
    return found[1] if found else ""


def _links(payload: Said, resource: Said, about: Said) -> tuple[Link, ...]:
    """Return the page of what ended; where it names only an address for programs, that of its message."""
    runs = (inner(resource, "run"), inner(about, "release"))
    pages = [first(inner(one, "_links", "web"), ("href",)) for one in (about, resource, *runs)]
    pages += _ADDRESS.findall(first(inner(payload, "message"), ("markdown",))[:4000])
    found = next((one for page in pages if (one := link(page, words="Azure DevOps"))), None)
    return () if found is None else (found,)
