"""Argo CD Notifications: a webhook whose body is a template of its user; the recommended one and common ones are read.

Sources: https://argo-cd.readthedocs.io/en/stable/operator-manual/notifications/services/webhook/,
https://argo-cd.readthedocs.io/en/stable/operator-manual/notifications/catalog/
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from opsknight.api.limits import excess
from opsknight.api.providers.provider import Context, Provider, Said, within_limits
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
    text,
    texts,
    word,
)
from opsknight.api.unknown import unknown_shape
from opsknight.domain.model.event import Action, Event, Link, Malformed, Severity, Unreadable

SLUG: Final = "argocd"

_BAD: Final[Mapping[str, Severity]] = {
    "failed": Severity.ERROR,
    "error": Severity.ERROR,
    "degraded": Severity.ERROR,
    "on sync failed": Severity.ERROR,
    "on health degraded": Severity.ERROR,
}
_DOUBTFUL: Final[Mapping[str, Severity]] = {
    "missing": Severity.WARNING,
    "unknown": Severity.WARNING,
    "on sync status unknown": Severity.WARNING,
}
"""States that are normal while a sync is running, and only then."""
_BUSY: Final = frozenset(("running", "terminating", "progressing", "suspended", "on sync running"))
_DRIFTED: Final = frozenset(("outofsync", "out of sync"))
"""What is in Git is not deployed yet: normal before each deployment."""
_GOOD: Final = frozenset((
    "succeeded", "healthy", "synced", "on deployed", "on sync succeeded", "on health healthy", "on healthy",
    "on health restored",
))  # fmt: skip
_QUIET: Final = frozenset(("on created", "on deleted"))

_COMMIT_STATES: Final[Mapping[str, str]] = {
    "success": "succeeded",
    "pending": "running",
    "error": "failed",
    "failure": "failed",
}
"""Phases of an operation in the words of GitHub's commit statuses."""
_COLOURS: Final[Mapping[str, str]] = {"#e96d76": "failed", "#f4c030": "degraded", "#0dadea": "running"}
"""What the colours of Slack messages in Argo CD's catalogue mean: of a failed sync nothing else in them tells."""
_COMMIT: Final = "continuous-delivery/"
"""How the context of such a status begins that Argo CD's own example makes; the application's name follows."""
_PAGE: Final = re.compile(r"/applications/(?:[^/?#]{1,253}/)?([^/?#]{1,253})(?:[?#]|$)")
_APP: Final = ("app", "application", "app_name", "appname", "application_name", "applicationname", "name")
_HEALTH: Final = ("health", "health_status", "healthstatus", "app_health")
_SYNC: Final = ("sync", "sync_status", "syncstatus", "app_sync")
_PHASE: Final = ("phase", "operation_phase", "operationphase", "operation_state", "operation", "sync_phase", "state")
_TRIGGER: Final = ("trigger", "trigger_name", "event", "event_type", "type")
_MESSAGE: Final = ("message", "operation_message", "title", "summary", "text", "description", "error")
_LINK: Final = ("link", "url", "argocd_url", "app_url", "titlelink", "title_link", "details_url")


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return the one event of `payload`, or none while an application is syncing or only drifted.

    All conditions of an application share one key: a failed operation and bad health trigger, and
    an application that is healthy after a successful operation resolves.

    Raises:
        Malformed: it names no application, and no text in it says what is wrong.
    """
    if not is_object(payload):
        raise Malformed("The Argo CD payload is not a JSON object.")
    if context.may_exceed and (reason := excess(payload)):
        return [Unreadable(reason)]
    app = _read(payload)
    verdict = _verdict(app.states, app.triggers)
    if app.name and verdict is not None:
        event = _event(app, verdict)
        return [] if event is None else [within_limits(event)]
    unknown = unknown_shape(SLUG, payload)
    if unknown is None:
        raise Malformed("The Argo CD payload names no application (“app”) with a “health_status” or a “phase”.")
    return [unknown]


class _App(NamedTuple):
    """What a payload says of an application."""

    name: str
    states: tuple[str, ...]
    triggers: tuple[str, ...]
    said: Said
    manifest: Said


def _read(payload: Said) -> _App:
    """Return the application, out of flat fields or out of its whole manifest."""
    payload = payload | as_object(payload.get("client_payload"))
    said = _of_slack(_of_a_commit(_by_word(payload)))
    nested = as_object(said.get("app")) or as_object(said.get("application"))
    manifest: Said = nested if is_object(nested.get("metadata")) else said if is_object(said.get("metadata")) else {}
    status = as_object(manifest.get("status")) or as_object(said.get("status"))
    health, sync, phase = (
        first(said, _HEALTH) or _state(said.get("health")) or _state(status.get("health")),
        first(said, _SYNC) or _state(said.get("sync")) or _state(status.get("sync")),
        first(said, _PHASE) or text(inside(status, "operationState", "phase")) or text(status.get("operation_phase")),
    )
    plain = "" if is_object(said.get("status")) else text(said.get("status"))
    name = text(inside(manifest, "metadata", "name")) or first(nested, ("name",)) or first(said, _APP)
    states = tuple(dict.fromkeys(word(one) for one in (health, sync, phase, plain) if word(one)))
    return _App(name, states, tuple(one for name in _TRIGGER if (one := _trigger(said.get(name)))), said, manifest)


def _by_word(values: Said) -> Said:
    return {word(name).replace(" ", "_"): value for name, value in values.items()}


def _trigger(value: Any) -> str:
    """Return the name of a trigger; the catalogue's template app-sync-failed belongs to on-sync-failed."""
    said = word(value)
    return f"on {said.removeprefix('app ')}" if said.startswith("app ") else said


def _of_a_commit(said: Said) -> Said:
    """Return the fields of a commit status in the words of the others; any other payload as it is."""
    context = text(said.get("context"))
    if not context.startswith(_COMMIT) or first(said, _APP):
        return said
    page = _PAGE.search(text(said.get("target_url"))[:2048])
    state, about = word(said.get("state")), text(said.get("description"))
    return said | {
        "app": page[1] if page else context.removeprefix(_COMMIT),
        "phase": _COMMIT_STATES.get(state, state),
        "link": said.get("target_url"),
        "description": "" if word(about) == "argocd" else about,
    }


def _of_slack(said: Said) -> Said:
    """Return the one attachment of a Slack message of Argo CD's catalogue in the words of the others."""
    attached: Any = said.get("attachments")
    message = as_object(attached[0]) if is_list(attached) and attached else {}
    fields: Any = message.get("fields")
    if not first(message, ("title",)) or not is_list(fields) or first(said, _APP):
        return said
    told = {first(one, ("title",)): one.get("value") for one in fields if is_object(one)}
    colour = _COLOURS.get(word(message.get("color")), "")
    return said | _by_word(told) | {"app": message["title"], "phase": colour, "link": message.get("title_link")}


def _state(value: Any) -> str:
    return text(value) or text(inside(value, "status"))


class _Verdict(NamedTuple):
    """What the states mean together; neither action nor severity where they page nobody."""

    action: Action | None
    severity: Severity
    unknown: str = ""


def _verdict(states: Sequence[str], triggers: Sequence[str]) -> _Verdict | None:
    """Return what the states mean, the worst first; None where there is none.

    The name of the trigger counts only where no state does: who writes “event” may mean anything.
    """
    known = {*_BAD, *_DOUBTFUL, *_BUSY, *_DRIFTED, *_GOOD, *_QUIET}
    said = list(states) or [one for one in triggers if one in known]
    if not said:
        return None
    bad = [_BAD[one] for one in said if one in _BAD]
    if bad:
        return _Verdict(Action.TRIGGER, min(bad, key=list(Severity).index))
    unknown = next((one for one in said if one not in known), "")
    if unknown:
        return _Verdict(Action.TRIGGER, Severity.ERROR, unknown)
    if any(one in _BUSY or one in _QUIET for one in said):
        return _Verdict(None, Severity.INFO)
    if any(one in _DOUBTFUL for one in said):
        return _Verdict(Action.TRIGGER, Severity.WARNING)
    is_over = "succeeded" in said or not any(one in _DRIFTED for one in said)
    return _Verdict(Action.RESOLVE if is_over else None, Severity.INFO)


def _event(app: _App, verdict: _Verdict) -> Event | None:
    if verdict.action is None:
        return None
    said, manifest = app.said, app.manifest
    message = one_line(first(said, _MESSAGE) or text(inside(manifest, "status", "operationState", "message")))
    states = ", ".join(app.states or app.triggers)
    about = f"Application {app.name}: {states}"
    operation = as_object(inside(manifest, "status", "operationState"))
    destination = as_object(inside(manifest, "spec", "destination"))
    source = as_object(inside(manifest, "spec", "source")) or as_object(said.get("source"))
    at = (said.get("finished_at"), said.get("finishedat"), said.get("timestamp"), operation.get("finishedAt"))
    return Event(
        action=verdict.action,
        dedup_key=scoped(SLUG, f"app:{app.name}"),
        title=one_line(f"{about}. {message}" if message and app.name not in message else message or about),
        severity=verdict.severity if verdict.action is Action.TRIGGER else Severity.ERROR,
        source=first(said, ("cluster", "destination", "server")) or first(destination, ("name", "server")),
        component=app.name,
        occurred_at=next((found for one in at if (found := instant(one)) is not None), None),
        tags=filled(
            {
                "project": first(said, ("project",)) or text(inside(manifest, "spec", "project")),
                "namespace": first(said, ("namespace",)) or first(destination, ("namespace",)),
            }
            | texts(said.get("labels"))
            | texts(inside(manifest, "metadata", "labels"))
        ),
        links=_links(said, source),
        details=filled(
            {
                "states": states,
                "revision": first(said, ("revision", "git_revision"))
                or text(inside(manifest, "status", "sync", "revision")),
                "repository": first(said, ("repo", "repo_url", "repourl", "git_repo")) or source.get("repoURL"),
                "conditions": said.get("conditions") or inside(manifest, "status", "conditions"),
                "unknown_status": verdict.unknown,
            }
        ),
    )


def _links(said: Said, source: Said) -> tuple[Link, ...]:
    repository = first(said, ("repo", "repo_url", "repourl", "git_repo")) or source.get("repoURL")
    found = (link(first(said, _LINK), words="Argo CD"), link(repository, words="Repository"))
    return tuple(one for one in found if one is not None)


SETUP: Final = """In the ConfigMap argocd-notifications-cm:

service.webhook.opsknight: |
  url: {address}
  headers:
  - name: Content-Type
    value: application/json
template.opsknight: |
  webhook:
    opsknight:
      method: POST
      body: |
        {
          "app": "{{.app.metadata.name}}",
          "project": "{{.app.spec.project}}",
          "namespace": "{{.app.spec.destination.namespace}}",
          "cluster": "{{.app.spec.destination.server}}",
          "health_status": "{{.app.status.health.status}}",
          "sync_status": "{{.app.status.sync.status}}",
          "phase": "{{.app.status.operationState.phase}}",
          "message": {{toJson .app.status.operationState.message}},
          "revision": "{{.app.status.sync.revision}}",
          "repo_url": "{{.app.spec.source.repoURL}}",
          "finished_at": "{{.app.status.operationState.finishedAt}}",
          "link": "{{.context.argocdUrl}}/applications/{{.app.metadata.name}}"
        }
trigger.opsknight: |
  - when: app.status.operationState.phase in ['Error', 'Failed'] or app.status.health.status == 'Degraded'
    send: [opsknight]
  - when: app.status.operationState.phase in ['Succeeded'] and app.status.health.status == 'Healthy'
    send: [opsknight]

And on each Application, or once under “subscriptions”:
notifications.argoproj.io/subscribe.opsknight.opsknight: \"\""""


def deploys(event: Event) -> str:
    """Tell syncs of an application apart by revision and time: it is healthy and “succeeded” long after, and again."""
    states = text(event.details.get("states")).split(", ")
    is_one = event.action is Action.RESOLVE and event.occurred_at is not None and "succeeded" in states
    return f"{event.details.get('revision', '')} {event.occurred_at}" if is_one else ""


PROVIDER: Final = Provider(
    slug=SLUG,
    label="Argo CD",
    docs_url="https://argo-cd.readthedocs.io/en/stable/operator-manual/notifications/services/webhook/",
    normalise=normalise,
    where="ConfigMap argocd-notifications-cm, in the namespace of Argo CD",
    setup=SETUP,
    sample={
        "app": "opsknight-test",
        "project": "default",
        "namespace": "default",
        "health_status": "Missing",
        "sync_status": "OutOfSync",
        "phase": "Succeeded",
        "message": "OpsKnight test",
        "link": "https://argocd.example.org/applications/opsknight-test",
    },
    deploys=deploys,
)
