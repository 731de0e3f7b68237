"""Sentry's webhooks: issues, issue alerts, metric alerts and errors, and the plugin before them.

Sources: https://docs.sentry.io/organization/integrations/integration-platform/webhooks/
and, for the plugin, https://github.com/getsentry/sentry/tree/master/src/sentry/plugins
Everything that is about one issue has that issue as its dedup key: what an issue alert began, the
issue's own “resolved” ends.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from opsknight.api.limits import excess
from opsknight.api.providers.provider import Context, Provider, Request, Said
from opsknight.api.reading import (
    first,
    inner,
    instant,
    is_list,
    is_object,
    kept,
    link,
    one_line,
    scoped,
    severity_of,
    stable,
    text,
    texts,
    word,
)
from opsknight.api.signatures import is_hex_hmac
from opsknight.api.unknown import unknown_shape
from opsknight.domain.model.event import Action, Event, Malformed, Severity, Unreadable

SLUG: Final = "sentry"

_ACTIONS: Final[Mapping[str, Action]] = {
    "created": Action.TRIGGER,
    "triggered": Action.TRIGGER,
    "unresolved": Action.TRIGGER,
    "reopened": Action.TRIGGER,
    "regression": Action.TRIGGER,
    "escalating": Action.TRIGGER,
    "critical": Action.TRIGGER,
    "warning": Action.TRIGGER,
    "resolved": Action.RESOLVE,
    "ignored": Action.RESOLVE,
    "archived": Action.RESOLVE,
}
"""An archived (earlier: ignored) issue is one that Sentry's people decided not to be told of."""

_QUIET: Final = frozenset(
    ("assigned", "unassigned", "reassigned", "commented", "updated", "deleted", "merged", "unmerged", "viewed")
)
_NOT_ALERTS: Final = frozenset(("installation", "comment", "seer", "preprod_artifact"))
"""Kinds of webhook that tell of Sentry itself or of talk."""

_BULK: Final = frozenset(
    ("exception", "stacktrace", "threads", "breadcrumbs", "contexts", "modules", "extra", "request", "debug_meta")
) | {"entries", "spans", "sdk", "_meta", "user", "packages"}

_INTERFACE: Final = "sentry.interfaces."
"""Begins what older versions call the stack trace, the request and the like."""

_OF_METRIC: Final[Mapping[str, Severity]] = {"critical": Severity.CRITICAL, "warning": Severity.WARNING}
_TITLE: Final = ("title", "message", "culprit", "shortId")
_ISSUE: Final = re.compile(r"/issues/(\d{1,20})(?:/|$)")
_LINKS: Final = ("web_url", "permalink", "url")
_DETAIL_NAMES: Final = (
    "culprit, shortId, platform, logger, location, environment, release, status, substatus, priority, count,"
    " userCount, firstSeen, lastSeen, isUnhandled, metadata, event_id, exception_type"
)
_DETAILS: Final = _DETAIL_NAMES.split(", ")


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return the event of one webhook, nothing for what only tells of assignments, comments and installations.

    Raises:
        Malformed: it is no object, or is about nothing.
    """
    if not is_object(payload):
        raise Malformed("The Sentry payload is not a JSON object.")
    if context.may_exceed:
        payload = _without_bulk(payload)
        if reason := excess(payload):
            return [Unreadable(reason)]
    kind, data = word(context.headers.get("sentry-hook-resource", "")).replace(" ", "_"), _data(payload)
    action = word(payload.get("action"))
    is_other = "comment_id" in data or "run_id" in data or ("installation" in data and len(data) == 1)
    if kind in _NOT_ALERTS or is_other:
        return []
    if action in _QUIET:
        return []
    if metric := inner(data, "metric_alert"):
        return [_metric(metric, data, action)]
    for name in ("issue", "event", "error"):
        if about := inner(data, name):
            return [_issue(about, data, action, is_issue=name == "issue")]
    if text(payload.get("project")) and (text(payload.get("message")) or inner(payload, "event")):
        return [_plugin(payload)]
    if (event := unknown_shape(SLUG, payload)) is not None:
        return [event]
    raise Malformed("The Sentry payload holds no issue, event, error or metric_alert.")


def _data(payload: Said) -> Said:
    """Return what a webhook is about; some who hand one on leave out the object around it.

    The plugin has an event of its own, beside the project's name.
    """
    names = ("issue", "error", "metric_alert", *(() if text(payload.get("project")) else ("event",)))
    is_bare = "data" not in payload and any(inner(payload, name) for name in names)
    return payload if is_bare else inner(payload, "data")


def _without_bulk(payload: Said, *, deep: int = 2) -> Said:
    """Return the payload without stack traces and the like: often more than an event may hold, and not read here."""
    lean = {name: value for name, value in payload.items() if name not in _BULK and not name.startswith(_INTERFACE)}
    for name in ("data", "event", "issue", "error"):
        if deep and is_object(value := lean.get(name)):
            lean[name] = _without_bulk(value, deep=deep - 1)
    return lean


def _issue(about: Said, data: Said, action: str, *, is_issue: bool) -> Event:
    """Return the event of an issue, or of an event of one; of both, an issue says no tags and not when.

    What a monitor of Sentry's sees, of an address, a cron job or a metric, its occurrence says.
    """
    issue = _issue_id(about, is_issue=is_issue)
    if is_issue:
        about = {name: said for name, said in inner(data, "event").items() if name != "id"} | about
    seen = inner(about, "occurrence")
    title = first(about, _TITLE) or first(seen, ("issueTitle", "subtitle"))
    title = one_line(title or first(data, ("triggered_rule", "issue_alert")))
    tags = _tags(about)
    project = first(inner(about, "project"), ("slug", "name")) or first(inner(data, "project"), ("slug", "name"))
    if project:
        tags.setdefault("project", project)
    details = kept(about, _DETAILS) | kept(data, ("triggered_rule", "activity"))
    details |= kept(seen, ("subtitle", "evidenceDisplay"))
    is_over = action == "triggered" and word(about.get("status")) == "resolved"  # an alert about an issue's activity
    return Event(
        action=Action.RESOLVE if is_over else _ACTIONS.get(action, Action.TRIGGER),
        dedup_key=scoped(SLUG, f"issue:{issue}" if issue else stable("issue", title or text(about.get("event_id")))),
        title=title or "Sentry issue",
        severity=_severity(about, tags),
        source=first(tags, ("server_name", "host")),
        component=project or first(about, ("project_slug",)),
        occurred_at=instant(first(about, ("datetime", "lastSeen")) or about.get("timestamp")),
        started_at=instant(about.get("firstSeen")) if is_issue and action == "created" else None,  # it never changes
        tags=tags,
        links=tuple(one for name in _LINKS if (one := link(about.get(name), words="Sentry")) is not None)[:1],
        details=details if action in _ACTIONS else details | {"unknown_status": action or "none"},
    )


def _issue_id(about: Said, *, is_issue: bool) -> str:
    """Return the issue that something is about: its own id, or what its event says or links to."""
    if is_issue:
        return text(about.get("id"))
    if given := next((said for name in ("issue_id", "issueId", "groupID") if (said := text(about.get(name)))), ""):
        return given
    for name in ("issue_url", "web_url"):
        if found := _ISSUE.search(text(about.get(name))[:2048]):
            return found[1]
    return ""


def _severity(about: Said, tags: Mapping[str, str]) -> Severity:
    return severity_of(about.get("level")) or severity_of(tags.get("level")) or Severity.ERROR


def _tags(about: Said) -> dict[str, str]:
    """Return the tags, which Sentry lists as [name, value] or as {"key": …, "value": …}."""
    tags: Any = about.get("tags")
    found = texts(tags) if is_object(tags) else {}
    for tag in tags if is_list(tags) else ():
        if is_list(tag) and len(tag) == 2 and text(tag[0]):
            found[text(tag[0])] = text(tag[1])
        elif is_object(tag) and text(tag.get("key")):
            found[text(tag["key"])] = text(tag.get("value"))
    if environment := text(about.get("environment")):
        found.setdefault("environment", environment)
    return found


def _metric(metric: Said, data: Said, action: str) -> Event:
    """Return the event of a metric alert; how bad it is, its action says.

    Its title is the rule's name: older versions give each time that a rule fires a name of its own, by chance.
    """
    rule = inner(metric, "alert_rule")
    named = rule.get("name")
    title = one_line(text(named) or first(metric, ("title", "name")) or first(data, ("description_title",)))
    identity = text(metric.get("id")) or text(metric.get("identifier"))
    details = kept(data, ("description_title", "description_text")) | kept(
        metric, ("identifier", "status", "projects", "organization_id")
    )
    links = (link(data.get("web_url") or metric.get("web_url"), words="Sentry"),)
    return Event(
        action=_ACTIONS.get(action, Action.TRIGGER),
        dedup_key=scoped(SLUG, f"metric:{identity}" if identity else stable("metric", text(rule.get("id")), title)),
        title=title or "Sentry metric alert",
        severity=_OF_METRIC.get(action, Severity.ERROR),
        occurred_at=instant(metric.get("date_closed" if action == "resolved" else "date_detected")),
        started_at=instant(metric.get("date_started")),
        tags=texts({"rule": named}) if text(named) else {},
        links=tuple(one for one in links if one is not None),
        details=details if action in _ACTIONS else details | {"unknown_status": action or "none"},
    )


def _plugin(said: Said) -> Event:
    """Return the event that the webhook plugin of a project tells of; it has no recovery."""
    event = inner(said, "event")
    title = one_line(first(said, ("message",)) or first(event, ("title", "message")) or first(said, ("culprit",)))
    issue, tags = text(said.get("id")), _tags(event)
    return Event(
        action=Action.TRIGGER,
        dedup_key=scoped(SLUG, f"issue:{issue}" if issue else stable("issue", title, text(said.get("project")))),
        title=title or "Sentry issue",
        severity=severity_of(said.get("level")) or _severity(event, tags),
        source=first(tags, ("server_name", "host")),
        component=first(said, ("project_slug", "project")),
        occurred_at=instant(event.get("timestamp") or event.get("received")),
        tags=tags,
        links=tuple(one for one in (link(said.get("url"), words="Sentry"),) if one is not None),
        details=kept(said, ("culprit", "logger", "triggering_rules")) | kept(event, _DETAILS),
    )


def verify(request: Request, secret: str) -> bool:
    """Say whether Sentry-Hook-Signature is the HMAC-SHA256 of the body with the integration's client secret."""
    return is_hex_hmac(request.headers.get("sentry-hook-signature", ""), secret, request.body)


PROVIDER: Final = Provider(
    slug=SLUG,
    label="Sentry",
    docs_url="https://docs.sentry.io/organization/integrations/integration-platform/webhooks/",
    normalise=normalise,
    where="Settings → Developer Settings → New Internal Integration: paste it as Webhook URL, turn on Alert Rule "
    "Action and the webhook “issue”; then let your alert rules notify that integration. Its Client Secret signs",
    sample={
        "action": "created",
        "data": {
            "issue": {
                "id": "1",
                "shortId": "OPSKNIGHT-TEST",
                "title": "OpsKnight test: Sentry can reach OpsKnight",
                "culprit": "",
                "level": "info",
                "status": "unresolved",
                "project": {"id": "1", "name": "test", "slug": "test"},
                "firstSeen": "2026-01-01T00:00:00Z",
                "lastSeen": "2026-01-01T00:00:00Z",
            }
        },
        "installation": {"uuid": "00000000-0000-0000-0000-000000000000"},
        "actor": {"type": "application", "id": "sentry", "name": "Sentry"},
    },
    verify=verify,
    signed_with="The Client Secret of the internal integration, on its own page in Sentry.",
    once=("request-id",),
    keeps=("sentry-hook-resource",),
    retries_429=False,
)
