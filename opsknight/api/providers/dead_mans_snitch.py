"""Dead Man's Snitch: a webhook for jobs that did not report, failed, or report again.

Source: https://deadmanssnitch.com/docs/integrations/webhook
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
    one_line,
    scoped,
    stable,
    texts,
)
from opsknight.api.unknown import marked
from opsknight.domain.model.event import Action, Event, Malformed, Severity, Unreadable

SLUG: Final = "dead_mans_snitch"

_ACTIONS: Final[Mapping[str, Action]] = {
    "snitch.missing": Action.TRIGGER,
    "snitch.errored": Action.TRIGGER,
    "missing": Action.TRIGGER,
    "errored": Action.TRIGGER,
    "failed": Action.TRIGGER,
    "snitch.reporting": Action.RESOLVE,
    "snitch.healthy": Action.RESOLVE,
    "healthy": Action.RESOLVE,
}
_QUIET: Final = QUIET | {"snitch.paused", "snitch.unpaused", "snitch.pending"}
_READ: Final = frozenset(("token", "name", "tags", "href"))
_REFUSAL: Final = "The Dead Man's Snitch payload has no snitch under “data”; is it a webhook integration?"


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return the one event of `payload`, none where a snitch was paused.

    Raises:
        Malformed: it is no object, or nothing in it says what is wrong.
    """
    if not is_object(payload):
        raise Malformed("The Dead Man's Snitch payload is not a JSON object.")
    if context.may_exceed and (reason := excess(payload)):
        return [Unreadable(reason)]
    snitch = inner(payload, "data", "snitch")
    if not first(snitch, ("token", "name")):
        return marked(SLUG, payload, refusal=_REFUSAL)
    state = asked(_ACTIONS, payload.get("type"), snitch.get("status"), quiet=_QUIET)
    return [] if state.action is None else [_event(payload, snitch, state)]


def _event(said: Said, snitch: Said, state: Asked) -> Event:
    token, name = first(snitch, ("token",)), first(snitch, ("name",))
    status, at = first(snitch, ("status",)), instant(said.get("timestamp"))
    return Event(
        action=state.action or Action.TRIGGER,
        dedup_key=scoped(SLUG, f"snitch:{token}" if token else stable(name)),
        title=one_line(f"{name or token} is {status}" if status else name or token) or "Snitch",
        severity=Severity.ERROR,
        source=name,
        occurred_at=at,
        started_at=at if state.action is Action.TRIGGER else None,
        tags=texts(snitch.get("tags")),
        details=state.marked({one: value for one, value in snitch.items() if one not in _READ and value}),
    )


PROVIDER: Final = Provider(
    slug=SLUG,
    label="Dead Man's Snitch",
    docs_url="https://deadmanssnitch.com/docs/integrations/webhook",
    normalise=normalise,
    where="Integrations → Webhook → Add",
    sample={
        "type": "snitch.missing",
        "timestamp": "2026-11-24T12:00:00.000Z",
        "data": {
            "snitch": {
                "token": "0123456789",
                "name": "OpsKnight test",
                "notes": "The nightly report",
                "tags": ["reports"],
                "status": "missing",
                "previous_status": "healthy",
            }
        },
    },
)
