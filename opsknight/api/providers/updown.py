"""updown.io's webhooks: downtimes, certificates and slow sites, one or several in a request.

Source: https://updown.io/api#webhooks
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from opsknight.api.limits import excess
from opsknight.api.providers.provider import Context, Provider, Said, each
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
    word,
)
from opsknight.api.unknown import marked, unknown_shape
from opsknight.domain.model.event import Action, Event, Malformed, Severity, Unreadable

SLUG: Final = "updown"
MAX_EVENTS: Final = 1_000


class _Kind(NamedTuple):
    """What an event asks for, and which of a check's conditions it is about."""

    action: Action
    condition: str
    severity: Severity = Severity.ERROR


_KINDS: Final[Mapping[str, _Kind]] = {
    "check.down": _Kind(Action.TRIGGER, "down"),
    "check.still down": _Kind(Action.TRIGGER, "down"),
    "check.up": _Kind(Action.RESOLVE, "down"),
    "check.ssl invalid": _Kind(Action.TRIGGER, "certificate"),
    "check.ssl valid": _Kind(Action.RESOLVE, "certificate"),
    "check.ssl expiration": _Kind(Action.TRIGGER, "expiry", Severity.WARNING),
    "check.ssl renewed": _Kind(Action.RESOLVE, "expiry", Severity.WARNING),
    "check.performance drop": _Kind(Action.TRIGGER, "performance", Severity.WARNING),
}
_ACTIONS: Final[Mapping[str, Action]] = {name: kind.action for name, kind in _KINDS.items()}
_OTHER: Final = _Kind(Action.TRIGGER, "other")
_CHECK: Final = ("alias", "url", "token")
_DETAILS: Final = ("event", "description", "downtime", "ssl", "apdex_dropped", "last_metrics")
_REFUSAL: Final = "The updown.io payload has no check; is the address set as a webhook recipient?"


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return one event for each of the list, or for a single one.

    Raises:
        Malformed: it is neither object nor list, or nothing in a single one says what is wrong.
    """
    if is_list(payload) and payload:
        if len(payload) > MAX_EVENTS:
            raise Malformed(f"The updown.io payload holds more than {MAX_EVENTS:,} events.")
        return each(payload, _one, what="Event", context=context)
    if not is_object(payload):
        raise Malformed("The updown.io payload is neither a list of events nor an event.")
    if context.may_exceed and (reason := excess(payload)):
        return [Unreadable(reason)]
    if not first(inner(payload, "check"), _CHECK):
        return marked(SLUG, payload, refusal=_REFUSAL)
    event = _one(payload)
    return [] if event is None else [event]


def _one(said: Said) -> Event | None:
    """Return the event of one element, None where it pages nobody.

    Raises:
        Malformed: nothing in it says what is wrong.
    """
    if first(inner(said, "check"), _CHECK):
        state = asked(_ACTIONS, said.get("event"), quiet=QUIET)
        return None if state.action is None else _event(said, state)
    event = unknown_shape(SLUG, said)
    if event is None:
        raise Malformed("it has no check.")
    return event


def _event(said: Said, state: Asked) -> Event:
    kind = _KINDS.get(word(said.get("event")), _OTHER)
    check, downtime = inner(said, "check"), inner(said, "downtime")
    name, url = first(check, _CHECK), text(check.get("url"))
    started_at, ended_at = instant(downtime.get("started_at")), instant(downtime.get("ended_at"))
    why = first(downtime, ("error",)) or first(inner(said, "ssl"), ("error",)) or first(check, ("error",))
    composed = f"{name}: {why or kind.condition}" if kind.action is Action.TRIGGER else f"{name} has recovered"
    found = (
        link(url, words="Site"),
        link(f"https://updown.io/{check.get('token')}", words="Monitor"),
        link(downtime.get("details_url"), words="Downtime"),
    )
    return Event(
        action=state.action or Action.TRIGGER,
        dedup_key=scoped(SLUG, f"{first(check, ('token', 'url', 'alias'))}:{kind.condition}"),
        title=one_line(first(said, ("description",)) or composed) or "updown.io check",
        severity=kind.severity,
        source=url or name,
        occurred_at=instant(said.get("time")) or ended_at or started_at,
        started_at=started_at,
        links=tuple(one for one in found if one is not None and text(check.get("token"))),
        details=state.marked({one: said[one] for one in _DETAILS if said.get(one)}),
    )


PROVIDER: Final = Provider(
    slug=SLUG,
    label="updown.io",
    docs_url="https://updown.io/api#webhooks",
    normalise=normalise,
    where="Settings → Recipients → Webhook",
    sample={
        "event": "check.performance_drop",
        "time": "2026-11-24T12:00:00Z",
        "description": "OpsKnight test: https://shop.example.com is slower than usual",
        "check": {"token": "abcd", "url": "https://shop.example.com", "alias": "OpsKnight test", "last_status": 200},
        "apdex_dropped": "20 %",
    },
)
