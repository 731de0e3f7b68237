"""Dynatrace's problem notifications: the custom webhook, whose body is a template, plain or as a CloudEvent.

Source: https://docs.dynatrace.com/docs/analyze-explore-automate/notifications-and-alerting/problem-notifications/webhook-integration
and, for workflows, https://docs.dynatrace.com/docs/semantic-dictionary/model/davis
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from opsknight.api.limits import excess
from opsknight.api.parse import scrub
from opsknight.api.providers.provider import Context, Provider, Said
from opsknight.api.reading import (
    by_path,
    first,
    inner,
    instant,
    is_list,
    is_object,
    link,
    one_line,
    scoped,
    severity_of,
    stable,
    text,
    texts,
    word,
)
from opsknight.api.unknown import unknown_shape
from opsknight.domain.model.event import Action, Event, Malformed, Severity, Unreadable

SLUG: Final = "dynatrace"

_ACTIONS: Final[Mapping[str, Action]] = {
    "open": Action.TRIGGER,
    "opened": Action.TRIGGER,
    "active": Action.TRIGGER,
    "trigger": Action.TRIGGER,
    "acknowledged": Action.ACKNOWLEDGE,
    "resolved": Action.RESOLVE,
    "closed": Action.RESOLVE,
    "resolve": Action.RESOLVE,
}
_INSIDE: Final = (
    "payload", "customdetails", "event", "problem", "problemdetails", "problemdetailsjson", "problemdetailsjsonv2",
    "data",
)  # fmt: skip
"""Fields that hold a problem's JSON, or the fields of another product's shape."""
_QUIET: Final = frozenset(("merged", "updated", "muted", "maintenance"))
"""MERGED tells that events joined a problem that is known already."""

_SEVERITIES: Final[Mapping[str, Severity]] = {
    "availability": Severity.CRITICAL,
    "error": Severity.ERROR,
    "errors": Severity.ERROR,
    "monitoring unavailable": Severity.ERROR,
    "custom alert": Severity.ERROR,
    "custom": Severity.ERROR,
    "performance": Severity.WARNING,
    "slowdown": Severity.WARNING,
    "resource contention": Severity.WARNING,
    "resource": Severity.WARNING,
    "info": Severity.INFO,
}
_STATE: Final = (
    "state",
    "problemstate",
    "problemstatus",
    "status",
    "eventstatus",
    "problemdetailsstatus",
    "eventaction",
)
_IDENTITY: Final = (
    "pid",
    "problemdetailsid",
    "problemdetailsproblemid",
    "eventid",
    "problemid",
    "displayid",
    "problemdetailsdisplayname",
    "problemdetailsdisplayid",
    "dedupkey",
)
_TITLE: Final = (
    "problemtitle", "title", "eventname", "problemdetailstitle", "problemdetailstext", "summary", "impactedentity",
)  # fmt: skip
_SEVERITY: Final = ("problemseverity", "severity", "problemdetailsseveritylevel", "severitylevel", "eventcategory")
_ENTITIES: Final = (
    "impactedentities", "smartscapeaffectedentities", "problemdetailsaffectedentities",
    "problemdetailsimpactedentities", "affectedentities",
)  # fmt: skip
_HUSHED: Final[Mapping[str, str]] = {"maintenanceisundermaintenance": "true", "dtdavismutestatus": "muted"}
"""What Davis says of a problem of a time that was planned, or of one that somebody muted."""
_URL: Final = ("problemurl", "url", "link", "clienturl")
_DETAIL_NAMES: Final = (
    "problemid, problemimpact, impactedentity, impactedentities, problemdetailstext, namesofimpactedentities,"
    " problemdetailsimpactlevel, problemdetailshasrootcause"
)
_DETAILS: Final = _DETAIL_NAMES.split(", ")


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return the event of one problem; its id (PID) is the dedup key, without it the number that people see.

    A problem under maintenance, and a muted one, page nobody.

    Raises:
        Malformed: it is no object, or names no problem.
    """
    if not is_object(payload):
        raise Malformed("The Dynatrace payload is not a JSON object.")
    if context.may_exceed and (reason := excess(payload)):
        return [Unreadable(reason)]
    is_wrapped = "specversion" in payload and is_object(payload.get("data"))
    said = _fields(inner(payload, "data") if is_wrapped else payload)
    state = next((found for name in _STATE if (found := word(said.get(name)))), "")
    is_hushed = any(word(text(said.get(name))) == value for name, value in _HUSHED.items())
    if state in _QUIET or (is_hushed and _ACTIONS.get(state) is not Action.RESOLVE):
        return []
    identity, title = _first(said, _IDENTITY), one_line(first(said, _TITLE))
    if identity or (title and state):
        sent_at = instant(payload.get("time")) if is_wrapped else None
        return [_event(said, state, identity or stable("title", title, first(said, ("impactedentity",))), sent_at)]
    if (event := unknown_shape(SLUG, payload)) is not None:
        return [event]
    raise Malformed("The Dynatrace payload names no problem; put {PID}, {State} and {ProblemTitle} into it.")


def _event(said: Said, state: str, identity: str, sent_at: datetime | None) -> Event:
    """Return the event of a problem, without its start: a problem that opens again is OPEN with the start it had."""
    action = _ACTIONS.get(state, Action.TRIGGER)
    started_at = instant(said.get("problemdetailsstarttime") or said.get("eventstart") or said.get("starttime"))
    ended_at = instant(said.get("problemdetailsendtime") or said.get("eventend") or said.get("endtime"))
    known = (_SEVERITIES.get(word(said.get(name))) or severity_of(text(said.get(name))) for name in _SEVERITY)
    details = {name: said[name] for name in _DETAILS if said.get(name) not in (None, "", [], {})}
    address = (link(said.get(name), words="Problem") for name in _URL)
    return Event(
        action=action,
        dedup_key=scoped(SLUG, identity),
        title=one_line(first(said, _TITLE)) or "Dynatrace problem",
        severity=next((severity for severity in known if severity is not None), Severity.ERROR),
        source=_entity(said) or first(said, ("impactedentity", "hostname", "affectedentityname")),
        occurred_at=(ended_at if action is Action.RESOLVE else started_at) or sent_at,
        tags=_tags(said.get("tags") or said.get("entitytags")),
        links=tuple(one for one in address if one is not None)[:1],
        details=details if state in _ACTIONS else details | {"unknown_status": state or "none"},
    )


def _fields(said: Said) -> Said:
    """Return the fields by plain names, those of the problem's JSON among them, however it is called or quoted."""
    fields = by_path(said, deep=1)
    for name in _INSIDE:
        found: Any = fields.get(name)
        if isinstance(found, str) and found.lstrip().startswith("{"):
            found = _parsed(found)
        if is_object(found):
            prefix = "problemdetails" if name.startswith("problem") else ""
            for field, value in by_path(found, deep=1).items():
                fields.setdefault(prefix + field, value)
    return fields


def _parsed(value: str) -> Any:
    try:
        return scrub(json.loads(value))
    except (ValueError, RecursionError):
        return None


def _first(said: Said, names: Iterable[str]) -> str:
    return next((found for name in names if (found := text(said.get(name)))), "")


def _entity(said: Said) -> str:
    """Return the name of the first entity that has the problem."""
    for name in _ENTITIES:
        entities: Any = said.get(name)
        if is_list(entities) and entities and is_object(entities[0]):
            return first(entities[0], ("name", "entity"))
    return ""


def _tags(value: Any) -> dict[str, str]:
    """Return tags out of "[Context]env:prod, team:web, plain" or a list of such."""
    if is_list(value):
        value = [
            f"{text(one.get('key'))}:{text(one.get('value'))}" if is_object(one) and text(one.get("key")) else one
            for one in value
        ]
    return {name: tag for name, tag in texts(value).items() if name}


_TEMPLATE: Final = """\
{address}

{
  "State": "{State}",
  "PID": "{PID}",
  "ProblemID": "{ProblemID}",
  "ProblemTitle": "{ProblemTitle}",
  "ProblemSeverity": "{ProblemSeverity}",
  "ProblemImpact": "{ProblemImpact}",
  "ProblemURL": "{ProblemURL}",
  "ImpactedEntity": "{ImpactedEntity}",
  "ImpactedEntities": {ImpactedEntities},
  "Tags": "{Tags}",
  "ProblemDetailsText": "{ProblemDetailsText}"
}"""

PROVIDER: Final = Provider(
    slug=SLUG,
    label="Dynatrace",
    docs_url="https://docs.dynatrace.com/docs/analyze-explore-automate/notifications-and-alerting/problem-notifications/webhook-integration",
    normalise=normalise,
    where="Settings → Integration → Problem notifications → Add notification → Custom integration: the address as "
    "Webhook URL, the rest as Custom payload; turn on “Call webhook if problem is closed”",
    setup=_TEMPLATE,
    sample={
        "State": "OPEN",
        "PID": "99999",
        "ProblemID": "999",
        "ProblemTitle": "OpsKnight test: Dynatrace can reach OpsKnight",
        "ProblemSeverity": "INFO",
        "ProblemImpact": "INFRASTRUCTURE",
        "ProblemURL": "",
        "ImpactedEntity": "test",
        "ImpactedEntities": [{"type": "HOST", "name": "test", "entity": "HOST-0000000000000000"}],
        "Tags": "",
        "ProblemDetailsText": "",
    },
    retries_429=False,
)
