"""Jenkins, through its Notification plugin, its Outbound WebHook plugin, or what a pipeline posts itself.

Sources: https://plugins.jenkins.io/notification/, https://plugins.jenkins.io/outbound-webhook/
A build that starts names the result of the one before: only a build at its end is looked at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from opsknight.api.providers.provider import Context, Provider, Said, within_limits
from opsknight.api.reading import (
    as_object,
    filled,
    first,
    flat,
    inside,
    instant,
    is_list,
    is_object,
    link,
    one_line,
    scoped,
    text,
    texts,
    word,
)
from opsknight.api.unknown import unknown_shape
from opsknight.domain.model.event import Action, Event, Malformed, Severity, Unreadable

SLUG: Final = "jenkins"

_BAD: Final[Mapping[str, Severity]] = {
    "failure": Severity.ERROR,
    "failed": Severity.ERROR,
    "regression": Severity.ERROR,
    "still failing": Severity.ERROR,
    "unstable": Severity.WARNING,
    "still unstable": Severity.WARNING,
}
_GOOD: Final = frozenset(("success", "fixed", "back to normal"))
_QUIET: Final = frozenset(("", "aborted", "not built", "start", "started", "queued", "in progress", "inprogress"))
_JOB: Final = ("jobname", "job", "projectname", "project", "pipeline", "name")
_RESULT: Final = ("buildstatus", "buildresult", "result", "currentresult", "currentbuildcurrentresult", "status")
_AT_ITS_END: Final = frozenset(("", "completed", "finalized", "finished"))
_BEFORE: Final = frozenset(("queued", "started", "none"))
"""Phases in which a build has no result of its own."""


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return the one event of `payload`, or none for a build that runs, was aborted or not built.

    The next successful build of the same job resolves.

    Raises:
        Malformed: it is no notification of a build, and no text in it says what is wrong.
    """
    if not is_object(payload):
        raise Malformed("The Jenkins payload is not a JSON object.")
    if is_object(payload.get("build")):
        event = _notified(payload)
    elif is_object(inside(payload, "data", "build")):
        event = _notified(_of_a_cloud_event(payload["data"]))
    elif text(payload.get("event")) and ("buildName" in payload or "projectName" in payload):
        event = _outbound(payload)
    elif first(said := flat(as_object(payload.get("data")) or payload), _JOB) and first(said, _RESULT):
        event = _posted(said)
    else:
        event = unknown_shape(SLUG, payload)
        if event is None:
            raise Malformed("The Jenkins payload holds no “build”; is the format of the Notification plugin JSON?")
    return [] if event is None else [within_limits(event, may_exceed=context.may_exceed)]


def _notified(said: Said) -> Event | None:
    """Return the event of what the Notification plugin sends."""
    build: Said = said["build"]
    phase, status = word(build.get("phase")), word(build.get("status"))
    if phase in _BEFORE or (status in _GOOD and phase not in _AT_ITS_END):
        return None
    scm = as_object(build.get("scm"))
    parameters = texts(build.get("parameters")) if is_object(build.get("parameters")) else {}
    tests = as_object(build.get("test_summary"))
    details: Said = {
        "branch": scm.get("branch"),
        "commit": scm.get("commit"),
        "culprits": scm.get("culprits"),
        "parameters": parameters,
        "notes": text(build.get("notes"))[:4000],
        "failed_tests": tests.get("failed"),
        "log": _end_of(build.get("log")),
    }
    return _event(
        status,
        job=text(said.get("url")).strip("/") or first(said, ("name", "display_name")),
        name=first(said, ("display_name", "name")),
        number=text(build.get("number")),
        at=build.get("timestamp"),
        href=build.get("full_url"),
        details=details,
    )


def _of_a_cloud_event(data: Said) -> Said:
    """Return what the CloudEvents plugin sends as the Notification plugin says it: its stage is the build's phase."""
    build: Said = data["build"]
    return data | {"build": build | {"phase": data.get("stage"), "full_url": build.get("fullUrl")}}


def _outbound(said: Said) -> Event | None:
    """Return the event of what the Outbound WebHook plugin sends."""
    project = text(said.get("projectName"))
    name = project or text(said.get("buildName"))
    number = text(said.get("buildName")).lstrip("#") if project else ""
    return _event(
        word(said.get("event")),
        job=name,
        name=name,
        number=number,
        at=None,
        href=said.get("buildUrl"),
        details={"variables": text(said.get("buildVars"))[:4000]},
    )


def _posted(said: Said) -> Event | None:
    """Return the event of what a pipeline posts itself, by the names that Jenkins gives its variables."""
    name = first(said, _JOB)
    return _event(
        word(first(said, _RESULT)),
        job=name,
        name=name,
        number=first(said, ("buildnumber", "build", "number", "builddisplayname")).lstrip("#"),
        at=said.get("timestamp"),
        href=first(said, ("buildurl", "url", "runurl")),
        details={"branch": first(said, ("branch", "branchname", "gitbranch")), "message": first(said, ("message",))},
    )


def _event(status: str, *, job: str, name: str, number: str, at: Any, href: Any, details: Said) -> Event | None:
    """Return the event of a build at its end, None where its result is neither good nor bad."""
    if status in _QUIET:
        return None
    is_good = status in _GOOD
    is_known = is_good or status in _BAD
    named = f"{name or 'A job without a name'}{f' #{number}' if number else ''}"
    said = {
        "failure": "failed", "failed": "failed", "unstable": "is unstable", "success": "succeeded",
        "fixed": "succeeded again", "back to normal": "succeeded again", "still failing": "fails still",
        "still unstable": "is still unstable", "regression": "failed",
    }  # fmt: skip
    link_to_build = link(href, words="Build")
    return Event(
        action=Action.RESOLVE if is_good else Action.TRIGGER,
        dedup_key=scoped(SLUG, f"job:{_server(href)}/{job}"),
        title=one_line(f"{named} {said.get(status, f'is “{status}”')}"),
        severity=_BAD.get(status, Severity.ERROR),
        source=_server(href),
        component=name,
        occurred_at=instant(at),
        tags=filled({"branch": text(details.get("branch"))}),
        links=() if link_to_build is None else (link_to_build,),
        details=filled({"build": number} | details | ({} if is_known else {"unknown_status": status})),
    )


def _server(href: Any) -> str:
    """Return the host of a build's address."""
    return text(href).partition("://")[2].partition("/")[0]


def _end_of(log: Any) -> str:
    """Return the last lines of the log that the plugin may send along."""
    lines = [text(line) for line in log[-20:]] if is_list(log) else [text(log)]
    return "\n".join(lines)[-4000:].strip()


PROVIDER: Final = Provider(
    slug=SLUG,
    label="Jenkins",
    docs_url="https://plugins.jenkins.io/notification/",
    normalise=normalise,
    where="Job → Configure → Job Notifications → Add Endpoint (Notification plugin)",
    setup="""Format: JSON
Protocol: HTTP
Event: Job Finalized
URL: {address}""",
    sample={
        "name": "OpsKnight test",
        "display_name": "OpsKnight test",
        "url": "job/opsknight-test/",
        "build": {
            "full_url": "https://jenkins.example.org/job/opsknight-test/1/",
            "number": 1,
            "phase": "FINALIZED",
            "status": "UNSTABLE",
            "url": "job/opsknight-test/1/",
        },
    },
)
