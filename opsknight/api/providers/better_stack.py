"""Better Stack (once Better Uptime): incident webhooks of Uptime, of a status page, and those about errors.

Sources: https://betterstack.com/docs/uptime/webhooks/ (whose body its user may write),
https://betterstack.com/docs/uptime/api/incident-log-drain/ and
https://betterstack.com/docs/errors/integrations/outgoing-webhooks/.
A webhook may also tell of monitors and on-call contacts that changed; that pages nobody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from opsknight.api.limits import excess
from opsknight.api.providers.provider import Context, Provider, Said
from opsknight.api.reading import (
    ACTIONS,
    QUIET,
    Asked,
    asked,
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
    word,
)
from opsknight.api.unknown import marked
from opsknight.domain.model.event import Action, Event, Malformed, Severity, Unreadable

SLUG: Final = "better_stack"

_ACTIONS: Final[Mapping[str, Action]] = {
    "started": Action.TRIGGER,
    "created": Action.TRIGGER,
    "reopened": Action.TRIGGER,
    "unacknowledged": Action.TRIGGER,
    "acknowledged": Action.ACKNOWLEDGE,
    "resolved": Action.RESOLVE,
}
_AGAIN: Final = "reopened"
"""What is open again has the start that it had, so that it would seem a late copy of what was resolved."""
_REPORTED: Final[Mapping[str, Action]] = {
    **ACTIONS,
    **_ACTIONS,
    "investigating": Action.TRIGGER,
    "identified": Action.TRIGGER,
    "resolved": Action.RESOLVE,
}
"""Statuses of what a status page reports, and of an incident that a custom body names without “data”."""
_MAINTENANCE: Final = "maintenance"
_QUIET: Final = QUIET | {"validating", "updated", "commented", "comment added", "escalated", "deleted"}
_INCIDENT: Final = "incident"
_ERROR: Final = "error"
_ERRORS: Final[Mapping[str, Action]] = {
    "new error": Action.TRIGGER,
    "threshold": Action.TRIGGER,
    "spike": Action.TRIGGER,
    "reoccurred": Action.TRIGGER,
    "unresolved": Action.TRIGGER,
    "resolved": Action.RESOLVE,
    "ignored": Action.RESOLVE,
}
"""What happened to an error; one that is ignored comes back as reoccurred."""
_OTHERS: Final = frozenset((
    "monitor", "monitor group", "heartbeat", "heartbeat group", "on call contact", "on call calendar", "user",
    "release",
))  # fmt: skip
_TIMES: Final = ("updated_at", "resolved_at", "acknowledged_at", "started_at")
_OWN_ID: Final = ("incident_id", "incidentid", "id")
_OWN_STATE: Final = ("event", "status", "state")
_NAME: Final = ("name", "pronounceable_name", "title", "summary")
_READ: Final = frozenset(
    (*_NAME, "cause", "url", "started_at", "resolved_at", "acknowledged_at", "metadata", "screenshot_url")
)
_REFUSAL: Final = "The Better Stack payload has no incident under “data”; is it an outgoing webhook for incidents?"


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return the event of an incident or error that began, was acknowledged or resolved, and none of anything else.

    Raises:
        Malformed: it is no object, or nothing in it says what is wrong.
    """
    if not is_object(payload):
        raise Malformed("The Better Stack payload is not a JSON object.")
    if context.may_exceed and (reason := excess(payload)):
        return [Unreadable(reason)]
    data = inner(payload, "data")
    said = inner(data, "attributes")
    if first(about := inner(payload, "incident"), ("name", "id")):
        return _reported(payload, about)
    kind = word(data.get("type"))
    if kind in _OTHERS or word(payload.get("event_type")) == _MAINTENANCE:
        return []
    if kind == _ERROR and first(data, ("id",)):
        return [_error(data, said)]
    if not kind and "organization_id" in payload and "." in first(payload, ("event",)):
        return _logged(payload)
    if not kind and (own := _own(payload)) is not None:
        return own
    if kind not in {"", _INCIDENT} or not (first(said, _NAME) or first(said, ("url",))):
        return marked(SLUG, payload, refusal=_REFUSAL)
    state = _state(payload, said)
    return [] if state.action is None else [_event(data, said, state, is_again=word(payload.get("event")) == _AGAIN)]


def _state(payload: Said, said: Said) -> Asked:
    """Return what the event and the incident's status ask for; without either, its times say it."""
    if first(payload, ("event",)) or first(said, ("status",)):
        return asked(_ACTIONS, payload.get("event"), said.get("status"), quiet=_QUIET)
    if instant(said.get("resolved_at")) is not None:
        return Asked(Action.RESOLVE)
    return Asked(Action.TRIGGER if instant(said.get("acknowledged_at")) is None else Action.ACKNOWLEDGE)


def _own(payload: Said) -> list[Event] | None:
    """Return the event of a body of the user's own, by the incident's id and what became of it; None of neither."""
    said = {name.casefold().replace(" ", "_"): value for name, value in payload.items()}
    number, state = first(said, _OWN_ID), asked(_ACTIONS, *(said.get(one) for one in _OWN_STATE), quiet=_QUIET)
    if not number or state.unknown or not first(said, _OWN_STATE):
        return None
    is_again = any(word(said.get(one)) == _AGAIN for one in _OWN_STATE)
    return [] if state.action is None else [_event({"id": number}, said, state, is_again=is_again)]


def _logged(payload: Said) -> list[Event]:
    """Return the event of a line of the incident log, none of those about checks, comments and the like."""
    subject, _, happened = first(payload, ("event",)).partition(".")
    action, number = _ACTIONS.get(word(happened)), first(payload, _OWN_ID)
    if word(subject) != _INCIDENT or action is None:
        return []
    at = payload.get("dt") if action is Action.TRIGGER else None
    said = {
        "name": first(payload, ("incident_name", *_NAME, "monitor_name", "heartbeat_name", "message")),
        "cause": payload.get("cause"),
        "url": payload.get("monitor_url"),
        "started_at": payload.get("started_at") or at,
        "acknowledged_at": payload.get("dt"),
        "resolved_at": payload.get("dt"),
        "message": payload.get("message"),
    }
    return [_event({"id": number}, said, Asked(action), is_again=word(happened) == _AGAIN)]


def _error(data: Said, said: Said) -> Event:
    """Return the event of an error of an application."""
    state, application = asked(_ERRORS, said.get("event"), quiet=()), first(said, ("application_name",))
    kind, message = first(said, ("error_type",)), first(said, ("error_message",))
    title = ": ".join(part for part in (kind, message) if part) or "An error"
    page = link(said.get("error_url"), words="Error")
    details = {one: value for one, value in said.items() if value is not None and one != "error_url"}
    return Event(
        action=state.action or Action.TRIGGER,
        dedup_key=scoped(SLUG, f"error:{first(data, ('id',))}"),
        title=one_line(f"{title} in {application}" if application else title),
        severity=Severity.ERROR,
        source=application,
        component=first(said, ("call_site_function",)),
        links=(page,) if page else (),
        details=state.marked(details),
    )


def _reported(payload: Said, about: Said) -> list[Event]:
    """Return the event of an incident that a status page reports, none of maintenance."""
    listed: Any = about.get("incident_updates")
    update, *earlier = [inner(one) for one in listed] if is_list(listed) and listed else [{}]
    is_again = any(word(one.get("status")) == "resolved" for one in earlier)
    quiet = {_MAINTENANCE, "monitoring", "scheduled", "in progress", "completed", "postmortem"}
    state = asked(_REPORTED, about.get("status") or update.get("status"), quiet=quiet)
    if state.action is None or word(payload.get("event_type")) == _MAINTENANCE:
        return []
    number, name, page = (
        first(about, ("id",)),
        first(about, ("name",)),
        link(about.get("shortlink"), words="Status page") or link(about.get("url"), words="Incident"),
    )
    event = Event(
        action=Action.RESOLVE if instant(about.get("resolved_at")) and not state.unknown else state.action,
        dedup_key=scoped(SLUG, f"report:{number}" if number else stable(name)),
        title=one_line(": ".join(part for part in (name, first(about, ("cause",))) if part))
        or "Incident on a status page",
        severity=severity_of(about.get("severity")) or Severity.ERROR,
        source=first(inner(payload, "page"), ("name",)),
        occurred_at=instant(update.get("created_at")) or _at(about),
        started_at=None if is_again else instant(about.get("created_at")) or instant(about.get("started_at")),
        links=(page,) if page else (),
        details=state.marked({"update": first(update, ("body",))} if first(update, ("body",)) else {}),
    )
    return [event]


def _at(about: Said) -> datetime | None:
    return next((at for name in _TIMES if (at := instant(about.get(name))) is not None), None)


def _event(data: Said, said: Said, state: Asked, *, is_again: bool) -> Event:
    number, name, url = first(data, ("id",)), first(said, _NAME), first(said, ("url",))
    started_at = instant(said.get("started_at"))
    at = {Action.ACKNOWLEDGE: said.get("acknowledged_at"), Action.RESOLVE: said.get("resolved_at")}
    found = (
        link(said.get("incident_url"), words="Incident"),
        link(url, words="Site"),
        link(said.get("screenshot_url"), words="Screenshot"),
    )
    details = {one: value for one, value in said.items() if one not in _READ and value is not None}
    monitor = first(inner(data, "relationships", "monitor", "data"), ("id",))
    return Event(
        action=state.action or Action.TRIGGER,
        dedup_key=scoped(SLUG, f"incident:{number}" if number else stable(name, url)),
        title=one_line(": ".join(part for part in (name or url, first(said, ("cause",))) if part)) or "Incident",
        severity=Severity.ERROR,
        source=url,
        occurred_at=instant(at.get(state.action or Action.TRIGGER)) or started_at,
        started_at=None if is_again else started_at,
        tags={name: _values(value) for name, value in inner(said, "metadata").items()},
        links=tuple(one for one in found if one is not None),
        details=state.marked(details | {"monitor": monitor} if monitor else details),
    )


def _values(value: Any) -> str:
    """Return what metadata say: a text, or a list of texts and of objects with a value."""
    listed: list[Any] = value if is_list(value) else [value]
    return ", ".join(said for one in listed if (said := text(one) or first(inner(one), ("value",))))


PROVIDER: Final = Provider(
    slug=SLUG,
    label="Better Stack",
    docs_url="https://betterstack.com/docs/uptime/webhooks/",
    normalise=normalise,
    where="Uptime → Integrations → Exporting data → Outgoing webhooks → Configure → Incident",
    sample={
        "event": "started",
        "data": {
            "id": "1",
            "type": "incident",
            "attributes": {
                "name": "OpsKnight test",
                "url": "https://shop.example.com",
                "http_method": "get",
                "cause": "Status 503",
                "started_at": "2026-11-24T12:00:00.000Z",
                "acknowledged_at": None,
                "resolved_at": None,
            },
            "relationships": {"monitor": {"data": {"id": "4", "type": "monitor"}}},
        },
    },
)
