"""Bitbucket's webhooks about the status of a commit, as builds and pipelines report it.

Source: https://support.atlassian.com/bitbucket-cloud/docs/event-payloads/
Whatever else a repository sends (pushes, pull requests, …) pages nobody.
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
    is_object,
    link,
    one_line,
    scoped,
    text,
    word,
)
from opsknight.api.signatures import is_hex_hmac
from opsknight.api.unknown import unknown_shape
from opsknight.domain.model.event import Action, Event, Malformed, Severity, Unreadable

SLUG: Final = "bitbucket"

_ACTIONS: Final[Mapping[str, Action]] = {
    "failed": Action.TRIGGER,
    "error": Action.TRIGGER,
    "successful": Action.RESOLVE,
}
_QUIET: Final = frozenset((
    "", "inprogress", "in progress", "pending", "building", "paused", "stopped", "halted", "cancelled", "expired",
    "unknown",
))  # fmt: skip
"""A build that runs, waits or was stopped by a person."""
_ENVELOPE: Final = ("repository", "actor", "push", "pullrequest", "pullRequest", "issue", "fork")


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return the one event of `payload`, or none where nothing failed or recovered.

    A build is known by its repository, key and branch, so that the next green one ends a red one.

    Raises:
        Malformed: it is no webhook of Bitbucket, and no text in it says what is wrong.
    """
    if not is_object(payload):
        raise Malformed("The Bitbucket payload is not a JSON object.")
    event: Event | None = None
    if is_object(payload.get("commit_status")):
        event = _build(payload)
    elif is_object(payload.get("pipeline")):
        event = _pipeline(payload)
    elif payload.get("test") is not True and not any(is_object(payload.get(name)) for name in _ENVELOPE):
        event = unknown_shape(SLUG, payload)
        if event is None:
            raise Malformed("The payload is no webhook of Bitbucket: it names no repository and no commit status.")
    return [] if event is None else [within_limits(event, may_exceed=context.may_exceed)]


def _build(said: Said) -> Event | None:
    """Return the event of a commit's status, None where it is neither failed nor successful."""
    about: Said = said["commit_status"]
    state, ref = word(about.get("state")), text(about.get("refname"))
    name, repository = first(about, ("name", "key")) or "Build", _repository(said)
    key = first(about, ("key", "name"))
    commit = inside(about, "commit", "hash") or text(inside(about, "links", "commit", "href")).rpartition("/")[2]
    return _event(
        said,
        state,
        key=f"status:{repository}:{key}:{ref}",
        name=name,
        ref=ref,
        at=about.get("updated_on") or about.get("created_on"),
        href=about.get("url"),
        details={
            "description": about.get("description"),
            "key": key,
            "commit": commit,
            "type": about.get("type"),
            "actor": inside(said, "actor", "display_name"),
        },
    )


def _pipeline(said: Said) -> Event | None:
    """Return the event of a pipeline, None where it is not at its end."""
    about: Said = said["pipeline"]
    state = as_object(about.get("state"))
    stage, result = word(state.get("name") or about.get("state")), word(inside(state, "result", "name"))
    target, repository = as_object(about.get("target")), _repository(said)
    ref = first(target, ("ref_name",))
    pattern = text(inside(target, "selector", "pattern"))
    return _event(
        said,
        result if stage == "completed" else stage,
        key=f"pipeline:{repository}:{pattern}:{ref}",
        name=f"Pipeline {pattern}".strip(),
        ref=ref,
        at=about.get("completed_on") or about.get("created_on"),
        href=inside(about, "links", "html", "href"),
        details={"build_number": about.get("build_number"), "commit": inside(target, "commit", "hash")},
    )


def _event(said: Said, state: str, *, key: str, name: str, ref: str, at: Any, href: Any, details: Said) -> Event | None:
    if state in _QUIET:
        return None
    action, repository = _ACTIONS.get(state), _repository(said)
    where = f" on {ref}" if ref else ""
    links = (link(href, words="Build"), link(inside(said, "repository", "links", "html", "href"), words="Repository"))
    return Event(
        action=action or Action.TRIGGER,
        dedup_key=scoped(SLUG, key),
        title=one_line(f"{name} {state if action else f'is “{state}”'}{where} in {repository}"),
        severity=Severity.ERROR,
        source=repository,
        component=name,
        occurred_at=instant(at),
        tags=filled({"branch": ref}),
        links=tuple(one for one in links if one is not None),
        details=filled(details | {"unknown_status": "" if action else state}),
    )


def _repository(said: Said) -> str:
    return first(as_object(said.get("repository")), ("full_name", "name", "uuid")) or "a repository without a name"


def verify(request: Request, secret: str) -> bool:
    """Say whether the body was signed with the secret: HMAC-SHA256 in hexadecimal digits after "sha256="."""
    signature = request.headers.get("x-hub-signature", "")
    return signature.startswith("sha256=") and is_hex_hmac(signature[7:], secret, request.body)


PROVIDER: Final = Provider(
    slug=SLUG,
    label="Bitbucket",
    docs_url="https://support.atlassian.com/bitbucket-cloud/docs/event-payloads/",
    normalise=normalise,
    where="Repository settings → Webhooks → Add webhook",
    setup="""URL: {address}
Secret: the integration's signing secret, if it has one
Triggers: Build status created, Build status updated""",
    sample={
        "repository": {"full_name": "example/example", "links": {"html": {"href": "https://bitbucket.org/example"}}},
        "commit_status": {
            "name": "OpsKnight test",
            "key": "opsknight-test",
            "state": "FAILED",
            "type": "build",
            "refname": "main",
            "url": "https://bitbucket.org/example/example/pipelines",
        },
    },
    verify=verify,
    signed_with="What you write in the webhook as Secret.",
    once=("x-request-uuid",),
)
