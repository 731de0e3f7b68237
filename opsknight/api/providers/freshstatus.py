"""Freshstatus' webhook: incidents of a status page that were opened, reopened or closed.

Source: https://support.freshstatus.io/ (webhooks) and the payloads that zulip/zulip tests with.
Notes and planned maintenance page nobody; an incident is closed by its last note.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from opsknight.api.limits import excess
from opsknight.api.providers.provider import Context, Provider, Said
from opsknight.api.reading import QUIET, Asked, asked, first, inner, instant, is_object, one_line, scoped, text, word
from opsknight.api.unknown import marked
from opsknight.domain.model.event import Action, Event, Malformed, Severity, Unreadable

SLUG: Final = "freshstatus"

_ACTIONS: Final[Mapping[str, Action]] = {
    "incident open": Action.TRIGGER,
    "incident reopen": Action.TRIGGER,
    "incident close": Action.RESOLVE,
    "incident closed": Action.RESOLVE,
    "incident resolve": Action.RESOLVE,
}
_AGAIN: Final = "incident reopen"
"""It has the start that it had, so that it would seem a late copy of what was closed."""
_NOTE: Final = "incident note create"
_QUIET: Final = QUIET | {
    "maintenance planned",
    "maintenance start",
    "maintenance note create",
    "maintenance close",
    "maintenance end",
    "incident update",
    "incident note update",
    _NOTE,
}
_DETAILS: Final = ("description", "message", "source", "is_private", "incident_status", "status")
_REFUSAL: Final = "The Freshstatus payload has no event_data with an event_type; paste our incident JSON."


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return the one event of `payload`, none for notes and maintenance.

    Raises:
        Malformed: it is no object, or nothing in it says what is wrong.
    """
    if not is_object(payload):
        raise Malformed("The Freshstatus payload is not a JSON object.")
    if context.may_exceed and (reason := excess(payload)):
        return [Unreadable(reason)]
    kind = first(inner(payload, "event_data"), ("event_type",))
    if not kind:
        return marked(SLUG, payload, refusal=_REFUSAL)
    state = _state(payload, kind)
    if state.action is None:
        return []
    if not first(payload, ("incident_id", "id", "title")):
        return marked(SLUG, payload, refusal=_REFUSAL)
    return [_event(payload, state)]


def _state(said: Said, kind: str) -> Asked:
    if word(kind) == _NOTE and word(said.get("incident_status")) == "closed":
        return Asked(Action.RESOLVE)
    return asked(_ACTIONS, kind, quiet=_QUIET)


def _event(said: Said, state: Asked) -> Event:
    """Return the event of an incident; the id of a note is its own, and its incident stands beside it."""
    about = inner(said, "event_data")
    started_at = instant(said.get("start_time"))
    return Event(
        action=state.action or Action.TRIGGER,
        dedup_key=scoped(SLUG, f"incident:{first(said, ('incident_id', 'id', 'title'))}"),
        title=one_line(text(said.get("title"))) or "Freshstatus incident",
        severity=Severity.ERROR,
        source=first(said, ("affected_services",)),
        occurred_at=instant(about.get("event_created_on")) or started_at,
        started_at=None if word(about.get("event_type")) == _AGAIN else started_at,
        details=state.marked({name: said[name] for name in _DETAILS if said.get(name)}),
    )


PROVIDER: Final = Provider(
    slug=SLUG,
    label="Freshstatus",
    docs_url="https://support.freshstatus.io/",
    normalise=normalise,
    where="Settings → Integrations → Webhooks → New webhook: request type POST, content Advanced",
    setup="""Callback URL: {address}
Incident JSON:
{
  "id": "{id}",
  "title": "{title}",
  "description": "{description}",
  "start_time": "{start_time}",
  "end_time": "{end_time}",
  "source": "{source}",
  "affected_services": "{affected_services}"
}
Incident note JSON:
{
  "id": "{id}",
  "title": "{title}",
  "message": "{message}",
  "incident_id": "{incident_id}",
  "incident_status": "{incident_status}"
}""",
    sample={
        "id": "1",
        "title": "OpsKnight test",
        "description": "The shop answers slowly.",
        "start_time": "2026-11-24 12:00:00+00:00",
        "affected_services": "Shop",
        "status": "Open",
        "event_data": {"event_type": "INCIDENT_OPEN", "event_id": 1, "event_created_on": "2026-11-24 12:00:05+00:00"},
    },
)
