"""Riemann's events as a stream posts them in JSON: one, or several in a list.

Source: https://riemann.io/concepts.html (the fields of an event)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from opsknight.api.limits import excess
from opsknight.api.providers.provider import Context, Provider, Said, each
from opsknight.api.reading import (
    ACTIONS,
    QUIET,
    first,
    instant,
    is_list,
    is_object,
    rest,
    scoped,
    severity_of,
    stable,
    texts,
    titled,
    word,
)
from opsknight.api.unknown import unknown_shape
from opsknight.domain.model.event import Action, Event, Malformed, Severity, Unreadable

SLUG: Final = "riemann"
MAX_EVENTS: Final = 5_000

_SEVERITIES: Final[Mapping[str, Severity]] = {
    "critical": Severity.CRITICAL,
    "down": Severity.CRITICAL,
    "error": Severity.ERROR,
    "unknown": Severity.ERROR,
    "expired": Severity.ERROR,
    "warning": Severity.WARNING,
    "ok": Severity.INFO,
}
"""States are the user's; these are the usual ones. Expired: nothing came for as long as the event's ttl."""
_SHOWN: Final = frozenset(("host", "service", "state", "description", "time", "tags", "runbook", "url"))


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return the one event of an object, or one for each of a list or of {"events": […]}.

    Host and service are the dedup key, as in Riemann's own index.

    Raises:
        Malformed: nothing in it says what is wrong.
    """
    listed: Any = payload.get("events") if is_object(payload) else payload
    if is_list(listed) and listed:
        if len(listed) > MAX_EVENTS:
            raise Malformed(f"The Riemann payload holds more than {MAX_EVENTS:,} events; send fewer at once.")
        return each(listed, _event, what="Event", context=context)
    if not is_object(payload):
        raise Malformed("The Riemann payload is neither a JSON object nor a list of such.")
    if context.may_exceed and (reason := excess(payload)):
        return [Unreadable(reason)]
    event = _event(payload)
    return [] if event is None else [event]


def _event(payload: Said) -> Event | None:
    host, service = first(payload, ("host",)), first(payload, ("service",))
    if not host and not service:
        return _unknown(payload)
    state = word(payload.get("state"))
    if state in QUIET:
        return None
    known = not state or state in _SEVERITIES or state in ACTIONS or severity_of(state) is not None
    subject = " on ".join(one for one in (service, host) if one)
    description = first(payload, ("description",))
    return Event(
        action=ACTIONS.get(state, Action.TRIGGER),
        dedup_key=scoped(SLUG, stable(host, service)),
        title=titled(
            f"{subject}: {description}" if description else f"{subject} is {state or 'without a state'}",
            otherwise="Riemann event",
        ),
        severity=_SEVERITIES.get(state) or severity_of(state) or Severity.ERROR,
        source=host,
        component=service,
        occurred_at=instant(payload.get("time")),
        tags=texts(payload.get("tags")),
        details=rest(payload, _SHOWN) | ({} if known else {"unknown_status": state}),
    )


def _unknown(payload: Said) -> Event:
    event = unknown_shape(SLUG, payload)
    if event is None:
        raise Malformed("The Riemann event has neither a host nor a service.")
    return event


PROVIDER: Final = Provider(
    slug=SLUG,
    label="Riemann",
    docs_url="https://riemann.io/howto.html",
    normalise=normalise,
    where="In riemann.config; give this function the streams that should page, such as (changed-state opsknight)",
    setup="""\
(require '[clj-http.client :as http] '[cheshire.core :as json])
(defn opsknight [event]
  (http/post "{address}" {:content-type :json :body (json/generate-string event)
                          :socket-timeout 10000 :connection-timeout 5000}))""",
    sample={
        "host": "web-1",
        "service": "OpsKnight test",
        "state": "warning",
        "description": "This is only a test",
        "metric": 0.91,
        "time": 1795487000,
        "ttl": 60,
        "tags": ["test"],
    },
)
