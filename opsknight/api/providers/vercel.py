"""Vercel's webhooks about deployments, checks, certificates, attacks and alerts.

Source: https://vercel.com/docs/webhooks/webhooks-api
Of its many kinds of event, those whose name ends in a failure trigger; the rest pages nobody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from opsknight.api.signatures import is_hex_hmac
from opsknight.api.unknown import unknown_shape
from opsknight.domain.model.event import Action, Event, Link, Malformed, Severity, Unreadable

SLUG: Final = "vercel"

_DEPLOYMENTS: Final[Mapping[str, Action]] = {
    "deployment error": Action.TRIGGER,
    "deployment failed": Action.TRIGGER,
    "deployment succeeded": Action.RESOLVE,
    "deployment ready": Action.RESOLVE,
    "deployment promoted": Action.RESOLVE,
}
_CHECKS: Final[Mapping[str, Action]] = {
    "deployment checks failed": Action.TRIGGER,
    "deployment checks succeeded": Action.RESOLVE,
}
_BAD_ENDINGS: Final = frozenset((
    "error", "failed", "attack", "anomaly", "triggered", "unverified", "notpaid", "reached",
))  # fmt: skip
"""Last words of the names of other events that say that something is wrong."""
_ENDS: Final[Mapping[str, str]] = {
    "project domain verified": "project domain unverified",
    "domain renewal": "domain renewal failed",
    "domain certificate add": "domain certificate add failed",
    "domain certificate renew": "domain certificate renew failed",
}
"""Names of events that say that what another one told of is over."""
_OF_OLD: Final = "deployment checks completed"
"""Checks that run no more, whether they failed or succeeded."""
_IN_WORDS: Final[Mapping[str, str]] = {
    "deployment error": "failed",
    "deployment failed": "failed",
    "deployment succeeded": "succeeded",
    "deployment ready": "is ready",
    "deployment promoted": "was promoted",
    "deployment checks failed": "failed its checks",
    "deployment checks succeeded": "passed its checks",
}
_BAD_CHECKS: Final = frozenset(("failure", "failed", "error"))
_GOOD_CHECKS: Final = frozenset(("succeeded", "neutral", "skipped"))
_REASON: Final = ("errorMessage", "errorReason", "errorCode")
_BRANCH: Final = ("githubCommitRef", "gitlabCommitRef", "bitbucketCommitRef", "branch", "gitCommitRef")
_COMMIT: Final = ("githubCommitSha", "gitlabCommitSha", "bitbucketCommitSha", "gitCommitSha")
_MESSAGE: Final = ("githubCommitMessage", "gitlabCommitMessage", "bitbucketCommitMessage")


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return the one event of `payload`, or none where nothing failed or recovered.

    A later success of the same project and target resolves; for previews, of the same branch.

    Raises:
        Malformed: it is no webhook of Vercel, and no text in it says what is wrong.
    """
    if not is_object(payload):
        raise Malformed("The Vercel payload is not a JSON object.")
    kind = word(payload.get("type")).replace(".", " ")
    event: Event | None = None
    if kind and is_object(payload.get("payload")):
        event = _event(kind, payload)
    else:
        event = unknown_shape(SLUG, payload)
        if event is None:
            raise Malformed("The Vercel payload has no “type” and no “payload”; is it an account webhook of Vercel?")
    return [] if event is None else [within_limits(event, may_exceed=context.may_exceed)]


def _event(kind: str, said: Said) -> Event | None:
    if kind in _DEPLOYMENTS:
        return _deployment(kind, _DEPLOYMENTS[kind], said, "deployment")
    if kind == _OF_OLD:
        kind = _completed(said["payload"].get("checks"))
    if kind in _CHECKS:
        return _deployment(kind, _CHECKS[kind], said, "checks")
    if kind in _ENDS or kind.rpartition(" ")[2] in _BAD_ENDINGS:
        return _other(kind, said)
    return None


def _deployment(kind: str, action: Action, said: Said, what: str) -> Event:
    payload: Said = said["payload"]
    deployment = as_object(payload.get("deployment"))
    meta = as_object(deployment.get("meta")) or as_object(payload.get("meta"))
    project, target = _project(payload), first(payload, ("target",)) or first(deployment, ("target",)) or "preview"
    branch = first(meta, _BRANCH) if word(target) != "production" else ""
    error = as_object(payload.get("error")) or as_object(deployment.get("error"))
    reason = first(error, ("message", "code")) or first(deployment, _REASON) or first(payload, _REASON)
    where = f"{target}, {branch}" if branch else target
    because = f": {reason}" if reason and action is Action.TRIGGER else ""
    return Event(
        action=action,
        dedup_key=scoped(SLUG, f"{what}:{project}:{target}:{branch}"),
        title=one_line(f"Deployment of {project} ({where}) {_IN_WORDS[kind]}{because}"),
        severity=Severity.ERROR if word(target) == "production" else Severity.WARNING,
        source=project,
        component=target,
        occurred_at=instant(said.get("createdAt")),
        tags=filled({"target": target, "branch": first(meta, _BRANCH)}),
        links=_links(payload, deployment),
        details=filled(
            {
                "deployment": deployment.get("id"),
                "commit": first(meta, _COMMIT),
                "message": first(meta, _MESSAGE)[:1000],
                "error": reason,
                "checks": _failed_checks(payload.get("checks")),
                "team": inside(payload, "team", "id"),
                "region": said.get("region"),
            }
        ),
    )


def _completed(checks: Any) -> str:
    """Return what newer webhooks call it that these checks completed so, "" where some were not run to their end."""
    said = {word(inside(one, "conclusion")) for one in (checks if is_list(checks) else [])}
    if said & _BAD_CHECKS:
        return "deployment checks failed"
    return "deployment checks succeeded" if "succeeded" in said and said <= _GOOD_CHECKS else ""


def _failed_checks(checks: Any) -> list[str]:
    listed = checks if is_list(checks) else []
    return [text(inside(one, "name")) for one in listed if word(inside(one, "conclusion")) in _BAD_CHECKS][:20]


def _other(kind: str, said: Said) -> Event:
    """Return the event of an attack, an anomaly, a certificate that was not renewed, or was at last, and the like."""
    payload: Said = said["payload"]
    listed = payload.get("alerts")
    alert = as_object(listed[0]) if is_list(listed) and listed else as_object(payload.get("alert"))
    project = _project(payload, default="")
    domain = _domain(payload)
    identity = first(payload, ("groupId", "alertId", "ruleId", "attackId", "id")) or first(alert, ("id",))
    title = first(alert, ("title", "name")) or first(payload, ("title", "message", "reason"))
    about = title or kind.capitalize()
    subject = ", ".join(one for one in (project, domain) if one)
    return Event(
        action=Action.RESOLVE if kind in _ENDS else Action.TRIGGER,
        dedup_key=scoped(SLUG, f"{_ENDS.get(kind, kind)}:{identity or stable(project, domain, title)}"),
        title=one_line(f"{about} ({subject})" if subject else about),
        severity=Severity.ERROR,
        source=project or domain,
        component=kind,
        occurred_at=instant(said.get("createdAt")),
        started_at=instant(payload.get("startedAt")) or instant(alert.get("startedAt")),
        links=_links(payload, {}),
        details=filled({"kind": said.get("type"), "event": {k: v for k, v in payload.items() if k != "user"}}),
    )


def _domain(payload: Said) -> str:
    """Return the domain that it is about, or all that one certificate is for."""
    if named := first(payload, ("domain", "domainName", "hostname")) or text(inside(payload, "domain", "name")):
        return named
    lists = (payload.get("dnsNames"), payload.get("certNames"), inside(payload, "cert", "cns"), payload.get("domains"))
    listed: Any = next((one for one in lists if is_list(one)), ())
    return ", ".join(sorted(name for one in listed if (name := text(one))))


def _project(payload: Said, *, default: str = "a project without a name") -> str:
    """Return the name of the project; a deployment has it in any event, the project only in some."""
    deployment, project = as_object(payload.get("deployment")), as_object(payload.get("project"))
    named = first(deployment, ("name",)) or first(project, ("name",))
    return (
        named
        or first(payload, ("projectName", "projectSlug", "name", "projectId"))
        or text(project.get("id"))
        or default
    )


def _links(payload: Said, deployment: Said) -> tuple[Link, ...]:
    address = first(deployment, ("url",)) or first(payload, ("url",))
    if address and "://" not in address:
        address = f"https://{address}"
    found = (
        link(inside(payload, "links", "deployment") or deployment.get("inspectorUrl"), words="Deployment"),
        link(inside(payload, "links", "observability"), words="Graph"),
        link(inside(payload, "links", "project"), words="Project"),
        link(address, words="Site"),
    )
    return tuple(one for one in found if one is not None)


def verify(request: Request, secret: str) -> bool:
    """Say whether the body was signed with the secret: HMAC-SHA1 in hexadecimal digits."""
    return is_hex_hmac(request.headers.get("x-vercel-signature", ""), secret, request.body, algorithm="sha1")


def deploys(event: Event) -> str:
    """Tell deployments to production apart by their id, for one is ready, and then promoted. Previews are no change."""
    is_one = event.action is Action.RESOLVE and event.dedup_key.startswith(f"{SLUG}:deployment:")
    return text(event.details.get("deployment")) if is_one and word(event.component) == "production" else ""


PROVIDER: Final = Provider(
    slug=SLUG,
    label="Vercel",
    docs_url="https://vercel.com/docs/webhooks/webhooks-api",
    normalise=normalise,
    where="Team → Settings → Webhooks → Create Webhook",
    setup="""Endpoint URL: {address}
Events: Deployment Error, Deployment Succeeded, Deployment Promoted, Deployment Checks Failed, Attack Detected, Alerts
Copy the secret that Vercel shows once into the integration.""",
    sample={
        "id": "evt_opsknight_test",
        "type": "deployment.error",
        "payload": {
            "deployment": {"id": "dpl_opsknight_test", "name": "opsknight-test"},
            "project": {"id": "prj_opsknight_test"},
            "target": "preview",
            "error": {"code": "TEST", "message": "OpsKnight test"},
            "links": {"deployment": "https://vercel.com/dashboard"},
        },
    },
    verify=verify,
    signed_with="What Vercel shows once, when the webhook is made.",
    deploys=deploys,
)
