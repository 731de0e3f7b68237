"""Hyperping's webhook: checks that went down or came up.

Source: https://hyperping.com/docs/integrations/webhooks
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from opsknight.api.limits import excess
from opsknight.api.providers.provider import Context, Provider, Said
from opsknight.api.reading import (
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
    text,
)
from opsknight.api.unknown import marked
from opsknight.domain.model.event import Action, Event, Malformed, Severity, Unreadable

SLUG: Final = "hyperping"
MAX_PINGS: Final = 50
"""Of so many places at most what they saw is kept."""

_ACTIONS: Final[Mapping[str, Action]] = {
    "check.down": Action.TRIGGER,
    "check.up": Action.RESOLVE,
    "healthcheck.down": Action.TRIGGER,
    "healthcheck.up": Action.RESOLVE,
}
_OF_A_CHECK: Final = ("check.", "healthcheck.")
"""How the events about being down and up begin; what another tells is no word of that."""
_IDENTITY: Final = ("monitorUuid", "monitor_uuid", "uuid", "url", "name")
_NAME: Final = ("name", "url", "monitorUuid")
_REFUSAL: Final = "The Hyperping payload has no check; is the address set as a webhook under Integrations?"


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return the one event of `payload`.

    Raises:
        Malformed: it is no object, or nothing in it says what is wrong.
    """
    if not is_object(payload):
        raise Malformed("The Hyperping payload is not a JSON object.")
    if context.may_exceed and (reason := excess(payload)):
        return [Unreadable(reason)]
    check = inner(payload, "check") or inner(payload, "monitor") or inner(payload, "healthcheck")
    if not first(check, _IDENTITY):
        return marked(SLUG, payload, refusal=_REFUSAL)
    state = _state(first(payload, ("event", "type")), check)
    return [] if state.action is None else [_event(payload, check, state)]


def _state(event: Any, check: Said) -> Asked:
    """Return what the event asks for; beside it the check's status is an HTTP status code, or nothing known."""
    state = asked(_ACTIONS, event, quiet=QUIET)
    status = text(check.get("status"))
    return Asked(Action.TRIGGER, status) if status and not status.isdecimal() and not state.unknown else state


def _event(said: Said, check: Said, state: Asked) -> Event:
    pings = _pings(said.get("pings"))
    at, url = instant(check.get("date")), text(check.get("url"))
    is_down = state.action is Action.TRIGGER
    seen = pings[0] if pings else check
    said_so = " ".join(part for part in (first(seen, ("status",)), first(seen, ("statusMessage",))) if part)
    title = f"{first(check, _NAME)} is {'down' if is_down else 'up'}" + (f": {said_so}" if is_down and said_so else "")
    is_other = bool(state.unknown) and not state.unknown.startswith(_OF_A_CHECK)
    title = f"{first(check, _NAME)}: {state.unknown}" if is_other else title
    site = link(url, words="Site")
    return Event(
        action=state.action or Action.TRIGGER,
        dedup_key=scoped(SLUG, f"{first(check, _IDENTITY)}:{state.unknown}" if is_other else first(check, _IDENTITY)),
        title=one_line(title),
        severity=Severity.ERROR,
        source=url or first(check, _NAME),
        occurred_at=at,
        started_at=at if is_down else None,
        links=(site,) if site else (),
        details=state.marked({"check": check} | ({"pings": pings} if pings else {})),
    )


def _pings(listed: Any) -> list[Said]:
    """Return what each place saw, the one that saw it first on top."""
    pings = [one for one in listed[:MAX_PINGS] if is_object(one)] if is_list(listed) else []
    return sorted(pings, key=lambda ping: ping.get("original") is not True)


PROVIDER: Final = Provider(
    slug=SLUG,
    label="Hyperping",
    docs_url="https://hyperping.com/docs/integrations/webhooks",
    normalise=normalise,
    where="Integrations → Webhooks → Connect",
    sample={
        "event": "check.down",
        "check": {
            "monitorUuid": "mon_2b9f0c1d3e4f5a",
            "name": "OpsKnight test",
            "url": "https://shop.example.com/",
            "status": 503,
            "down": True,
            "date": 1795521600000,
            "downtime": 1,
        },
        "pings": [
            {"original": True, "location": "frankfurt", "status": 503, "statusMessage": "Service Unavailable"},
        ],
    },
)
