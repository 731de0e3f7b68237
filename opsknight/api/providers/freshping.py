"""Freshping's webhook: checks that do not respond, respond with an error, or got slow.

Source: https://support.freshping.io/ (webhooks) and the payloads that zulip/zulip tests with.
A “simple” body wraps the fields in webhook_event_data; an “advanced” one has those that the user names.
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
    is_object,
    link,
    one_line,
    scoped,
    stable,
    text,
)
from opsknight.api.unknown import marked
from opsknight.domain.model.event import Action, Event, Malformed, Severity, Unreadable

SLUG: Final = "freshping"

_ACTIONS: Final[Mapping[str, Action]] = {
    "not responding": Action.TRIGGER,
    "reporting error": Action.TRIGGER,
    "down": Action.TRIGGER,
    "available": Action.RESOLVE,
    "up": Action.RESOLVE,
}
_UP_OR_DOWN: Final = frozenset(("", "AL"))
"""The webhook types about availability; the others are about response times."""
_CHECK: Final = ("check_id", "check_name", "request_url")
_READ: Final = frozenset(("check_id", "check_name", "request_url", "request_start_time", "@type"))
_REFUSAL: Final = "The Freshping payload names no check; set its content to Simple, or name check_id and check_name."


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return the one event of `payload`, none where a check was paused.

    Raises:
        Malformed: it is no object, or nothing in it says what is wrong.
    """
    if not is_object(payload):
        raise Malformed("The Freshping payload is not a JSON object.")
    if context.may_exceed and (reason := excess(payload)):
        return [Unreadable(reason)]
    said = inner(payload, "webhook_event_data") or payload
    if not (first(said, _CHECK) and first(said, ("check_state_name", "response_time"))):
        return marked(SLUG, payload, refusal=_REFUSAL)
    is_slow = text(payload.get("webhook_type")) not in _UP_OR_DOWN
    state = _speed(said) if is_slow else asked(_ACTIONS, said.get("check_state_name"), quiet=QUIET)
    return [] if state.action is None else [_event(payload, said, state, is_slow=is_slow)]


def _speed(said: Said) -> Asked:
    """Return what a response time asks for: a trigger, unless it is known to be within its target."""
    took, target = said.get("response_time"), said.get("check_target_response_time")
    if isinstance(took, int | float) and isinstance(target, int | float) and took <= target:
        return Asked(Action.RESOLVE)
    return Asked(Action.TRIGGER)


def _event(payload: Said, said: Said, state: Asked, *, is_slow: bool) -> Event:
    check, name = first(said, ("check_id",)), first(said, ("check_name", "request_url"))
    url, status = text(said.get("request_url")), text(said.get("check_state_name"))
    at = instant(said.get("request_start_time")) or instant(payload.get("webhook_event_created_on"))
    code = first(said, ("http_status_code",))
    why = f"response time {text(said.get('response_time'))} ms" if is_slow else status
    shown = f" ({code})" if code.strip("0") and state.action is Action.TRIGGER and not is_slow else ""
    identity, site = f"check:{check}" if check else stable(name, url), link(url, words="Site")
    return Event(
        action=state.action or Action.TRIGGER,
        dedup_key=scoped(SLUG, f"{identity}:response time" if is_slow else identity),
        title=one_line(f"{name or check}: {why}{shown}"),
        severity=Severity.WARNING if is_slow else Severity.ERROR,
        source=url or name,
        component=first(said, ("application_name",)),
        occurred_at=at,
        started_at=at if state.action is Action.TRIGGER else None,
        links=(site,) if site else (),
        details=state.marked({one: value for one, value in said.items() if one not in _READ and value}),
    )


PROVIDER: Final = Provider(
    slug=SLUG,
    label="Freshping",
    docs_url="https://support.freshping.io/",
    normalise=normalise,
    where="Settings → Integrations → Webhook → Create integration, JSON encoding, content Simple",
    sample={
        "organization_name": "Example",
        "webhook_event_id": 1,
        "webhook_type": "AL",
        "webhook_event_data": {
            "check_id": 1,
            "check_name": "OpsKnight test",
            "check_state_name": "Reporting Error",
            "http_status_code": 503,
            "request_url": "https://shop.example.com",
            "request_start_time": "2026-11-24T12:00:00+00:00",
            "application_name": "Shop",
            "response_time": 90,
        },
        "webhook_event_created_on": "2026-11-24T12:00:01+00:00",
    },
)
