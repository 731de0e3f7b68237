"""Jira's webhooks about issues, of Cloud, Data Center, workflows and Automation rules.

Sources: https://developer.atlassian.com/cloud/jira/platform/webhooks/,
https://developer.atlassian.com/server/jira/platform/webhooks/ (post functions of a workflow, too),
https://support.atlassian.com/jira-service-management-cloud/docs/alert-action-data-for-jira-edge-connector/
An issue triggers when it is created or reopened and resolves in a status of the category “done”. What Jira Service
Management tells of its alerts is Opsgenie's webhook.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from opsknight.api.opsgenie_alerts import read_alert
from opsknight.api.providers.provider import Context, Provider, Request, Said, within_limits
from opsknight.api.reading import (
    QUIET,
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

SLUG: Final = "jira"

_CREATED: Final = "jira:issue created"
_UPDATED: Final = "jira:issue updated"
_DELETED: Final = "jira:issue deleted"

_CATEGORIES: Final[Mapping[str, str]] = {"new": "new", "to do": "new", "indeterminate": "busy", "done": "done"}
"""Categories of statuses by their keys and names."""
_STATUSES: Final[Mapping[str, str]] = {
    one: category
    for category, words in {
        "new": "open, reopened, to do, new, backlog, triage, selected for development",
        "busy": "in progress, in review, waiting, waiting for support, waiting for customer, blocked, on hold, pending",
        "done": "done, closed, resolved, completed, complete, canceled, cancelled, declined, fixed, won't do",
    }.items()
    for one in words.split(", ")
}
"""Jira's own statuses, for servers that name no category."""
_KEY: Final = re.compile(r"[A-Z][A-Z0-9_]{1,60}-[0-9]{1,12}")
_PRIORITIES: Final[Mapping[str, Severity]] = {
    "highest": Severity.CRITICAL,
    "blocker": Severity.CRITICAL,
    "lowest": Severity.INFO,
    "trivial": Severity.INFO,
}


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return the one event of `payload`, or none where the issue was only edited, commented or worked on.

    Raises:
        Malformed: it holds no issue, and no text in it says what is wrong.
    """
    if not is_object(payload):
        raise Malformed("The Jira payload is not a JSON object.")
    if is_object(payload.get("alert")) and word(payload.get("action")):
        alert = read_alert(payload)
        return [] if alert is None else [within_limits(alert, may_exceed=context.may_exceed)]
    kind = word(payload.get("webhookEvent"))
    issue = as_object(payload.get("issue")) or (payload if is_object(payload.get("fields")) else _own(payload))
    if kind and kind not in {_CREATED, _UPDATED, _DELETED}:
        return []
    if not issue:
        event = unknown_shape(SLUG, payload)
        if event is None:
            raise Malformed("The Jira payload holds no “issue”; choose issue events, and do not exclude the body.")
        return [event]
    action, unknown = _action(kind, payload, as_object(issue.get("fields")))
    if action is None:
        return []
    event = _event(payload, issue, action, kind=kind, unknown=unknown)
    return [within_limits(event, may_exceed=context.may_exceed)]


def _own(payload: Said) -> Said:
    """Return the issue of a body that an Automation rule's author wrote, without anything around it; {} if it is none.

    Its fields are called “summary” or “issueSummary”, “issue_status” and so on.
    """
    said = {name.casefold().replace("_", "").removeprefix("issue"): value for name, value in payload.items()}
    key = first(said, ("key", "", "id"))
    if not _KEY.fullmatch(key):
        return {}
    fields = said | {"summary": first(said, ("summary", "title", "name", "message"))}
    return {"key": key, "fields": fields, "url": first(said, ("url", "link"))}


def _action(kind: str, said: Said, fields: Said) -> tuple[Action | None, str]:
    """Return what is asked for, None for nothing, and the status where it is not known."""
    if kind == _DELETED:
        return Action.RESOLVE, ""
    category, name = _category(fields.get("status"))
    if not kind and (to_status := word(inside(said, "transition", "to_status"))):
        # a workflow's post function may be called before the issue has the status that it is moved to
        category, name = (category, name) if name == to_status else _category(to_status)
    elif kind == _UPDATED or (not kind and "changelog" in said):
        moved = _status_change(said)
        if moved is None and ("changelog" in said or category != "done"):
            return None, ""
        if not category:  # the issue as it was sent names no status: the change does
            name = moved or ""
            category = _STATUSES.get(name, "")
    if category == "done":
        return (None if kind == _CREATED else Action.RESOLVE), ""
    if kind == _CREATED or category == "new":
        return Action.TRIGGER, ""
    if category == "busy" or name in QUIET:
        return None, ""
    return Action.TRIGGER, name


def _category(status: Any) -> tuple[str, str]:
    """Return whether a status is new, busy or done, "" where that is not known, and its name."""
    name = word(status) or word(inside(status, "name"))
    stated = inside(status, "statusCategory")
    for value in (inside(stated, "key"), inside(stated, "name"), stated):
        if category := _CATEGORIES.get(word(value)):
            return category, name
    return _STATUSES.get(name, ""), name


def _status_change(said: Said) -> str | None:
    """Return the status that the issue was moved to, None where it was not moved."""
    items = inside(said, "changelog", "items")
    changes = [
        one for one in (items if is_list(items) else []) if is_object(one) and word(one.get("field")) == "status"
    ]
    return word(changes[-1].get("toString")) if changes else None


def _event(said: Said, issue: Said, action: Action, *, kind: str, unknown: str) -> Event:
    fields = as_object(issue.get("fields"))
    key, summary = text(issue.get("key")), first(fields, ("summary",))
    title = f"{key}: {summary}" if key and summary else summary or key or "Issue without a summary"
    identity = first(issue, ("id",)) or key or summary
    components = fields.get("components")
    component = first(as_object(components[0]), ("name",)) if is_list(components) and components else ""
    labels = fields.get("labels")
    is_new = kind == _CREATED
    browse = link(_address(text(issue.get("self")), key) or issue.get("url"), words="Issue")
    return Event(
        action=action,
        dedup_key=scoped(SLUG, f"issue:{identity}"),
        title=one_line(title),
        severity=_severity(fields.get("priority")),
        source=first(as_object(fields.get("project")), ("name", "key")) or key.rpartition("-")[0],
        component=component,
        occurred_at=instant(said.get("timestamp"))
        or instant(fields.get("created") if is_new else fields.get("updated")),
        started_at=instant(fields.get("created")) if is_new else None,
        tags={name: "" for one in (labels if is_list(labels) else []) if (name := text(one))},
        links=() if browse is None else (browse,),
        details=filled(
            {
                "key": key,
                "status": text(fields.get("status")) or inside(fields, "status", "name"),
                "transition": inside(said, "transition", "transitionName"),
                "priority": text(fields.get("priority")) or inside(fields, "priority", "name"),
                "type": inside(fields, "issuetype", "name"),
                "assignee": inside(fields, "assignee", "displayName"),
                "user": inside(said, "user", "displayName") or inside(said, "user", "name"),
                "description": text(fields.get("description"))[:4000],
                "unknown_status": unknown,
            }
        ),
    )


def _severity(priority: Any) -> Severity:
    """Return how bad it is by the priority, which old servers send as a text."""
    name = word(priority) or word(inside(priority, "name"))
    return _PRIORITIES.get(name) or severity_of(name) or Severity.ERROR


def _address(self_address: str, key: str) -> str:
    """Return where people read the issue, made of where programs read it."""
    base, rest, _ = self_address.partition("/rest/")
    return f"{base}/browse/{key}" if rest and key else ""


def verify(request: Request, secret: str) -> bool:
    """Say whether the body was signed with the secret: HMAC-SHA256 in hexadecimal digits after "sha256="."""
    signature = request.headers.get("x-hub-signature", "")
    return signature.startswith("sha256=") and is_hex_hmac(signature[7:], secret, request.body)


PROVIDER: Final = Provider(
    slug=SLUG,
    label="Jira",
    docs_url="https://developer.atlassian.com/cloud/jira/platform/webhooks/",
    normalise=normalise,
    where="Settings → System → WebHooks → Create a WebHook",
    setup="""URL: {address}
Secret: the integration's signing secret, if it has one
Issue related events: a JQL of the issues that shall page, such as project = OPS AND issuetype = Incident
Events: Issue created, updated, deleted""",
    sample={
        "timestamp": 1795487000000,
        "webhookEvent": "jira:issue_created",
        "issue": {
            "id": "1",
            "key": "TEST-1",
            "self": "https://example.atlassian.net/rest/api/2/issue/1",
            "fields": {
                "summary": "OpsKnight test",
                "priority": {"name": "Lowest"},
                "status": {"name": "To Do", "statusCategory": {"key": "new"}},
            },
        },
    },
    verify=verify,
    signed_with="What you write in the webhook as Secret.",
    once=("x-atlassian-webhook-identifier",),
)
