"""Pingdom's webhook: uptime and transaction checks, and the older one of BeepManager.

Source: https://www.pingdom.com/resources/webhooks/
The older one had its JSON in a field “message”, of a form or of the address, with the state as its description.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from opsknight.api.limits import excess
from opsknight.api.parse import parse
from opsknight.api.providers.provider import Context, Provider, Said
from opsknight.api.reading import (
    QUIET,
    asked,
    first,
    inner,
    instant,
    is_list,
    is_object,
    link,
    one_line,
    scoped,
    stable,
    texts,
    word,
)
from opsknight.api.unknown import marked
from opsknight.domain.model.event import Action, Event, Malformed, Severity, Unreadable

SLUG: Final = "pingdom"

_ACTIONS: Final[Mapping[str, Action]] = {
    "down": Action.TRIGGER,
    "failing": Action.TRIGGER,
    "failed": Action.TRIGGER,
    "up": Action.RESOLVE,
    "success": Action.RESOLVE,
}
"""Uptime checks are up and down, transaction checks success and failing."""
_QUIET: Final = QUIET | {"unconfirmed down"}
_SEVERITIES: Final[Mapping[str, Severity]] = {"high": Severity.ERROR, "low": Severity.WARNING}
"""By the importance of a check, which stays as it is when the check is up again."""

_OLDER: Final[Mapping[str, str]] = {"assign": "down", "notify user": "down", "notify of close": "up"}
"""What BeepManager did with an incident, and the state that it did it for."""
_STATE: Final = ("current_state", "state", "status")
_CHECK: Final = ("check_id", "check")
_NAME: Final = ("check_name", "checkname", "name")
_HOST: Final = ("hostname", "host", "url")
_READ: Final = frozenset((*_CHECK, *_NAME, "tags", "description", "state_changed_timestamp", "state_changed_utc_time"))
_REFUSAL: Final = "The Pingdom payload names no check; is the address set as a webhook integration of Pingdom?"


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return the one event of `payload`, none while a downtime is unconfirmed or a check is paused.

    Raises:
        Malformed: it is no object, or nothing in it says what is wrong.
    """
    if not is_object(payload):
        raise Malformed("The Pingdom payload is not a JSON object.")
    if context.may_exceed and (reason := excess(payload)):
        return [Unreadable(reason)]
    said = _said(payload)
    if not (first(said, _CHECK) or first(said, _NAME)):
        return marked(SLUG, payload, refusal=_REFUSAL)
    event = _event(said)
    return [] if event is None else [event]


def _said(payload: Said) -> Said:
    """Return the JSON of the field “message”, where that is what was sent, else `payload`.

    Of the older webhook, the present state is the description, or what was done where that says something else.
    """
    message, said = payload.get("message"), payload
    if isinstance(message, str) and message.lstrip().startswith("{"):
        try:
            older = parse(message.encode()).payload
        except Malformed:
            return payload
        said = payload if excess(older) else older | {"current_state": older.get("description")}
    state = _OLDER.get(word(said.get("action")))
    if state is None or word(payload.get("current_state")):
        return said
    return {**said, "current_state": described if (described := word(said.get("description"))) in _ACTIONS else state}


def _event(said: Said) -> Event | None:
    state = asked(_ACTIONS, first(said, _STATE), quiet=_QUIET)
    if state.action is None:
        return None
    check, name, params = first(said, _CHECK), first(said, _NAME), inner(said, "check_params")
    host = first(params, _HOST) or first(said, _HOST)
    at = instant(said.get("state_changed_timestamp")) or instant(said.get("state_changed_utc_time"))
    reason = first(said, ("description", "long_description"))
    site = link(params.get("full_url"), words="Site")
    return Event(
        action=state.action,
        dedup_key=scoped(SLUG, f"check:{check}" if check else stable(name, host)),
        title=one_line(": ".join(part for part in (name or host or f"Check {check}", reason) if part))
        or "Pingdom check",
        severity=_SEVERITIES.get(word(said.get("importance_level")), Severity.ERROR),
        source=host,
        component=first(said, ("check_type",)),
        occurred_at=at,
        started_at=at if state.action is Action.TRIGGER else None,
        tags=_tags(said.get("tags")),
        links=(site,) if site else (),
        details=state.marked({one: value for one, value in said.items() if one not in _READ and value}),
    )


def _tags(listed: Any) -> dict[str, str]:
    """Return the tags: texts in a list, or objects with a name, as Pingdom's API has them."""
    named: list[Any] = listed if is_list(listed) else []
    return {name: "" for one in named if (name := first(inner(one), ("name",)))} or texts(listed)


PROVIDER: Final = Provider(
    slug=SLUG,
    label="Pingdom",
    docs_url="https://www.pingdom.com/resources/webhooks/",
    normalise=normalise,
    where="Settings → Integrations → Add integration → Webhook; then choose it in each check",
    sample={
        "check_id": 803318,
        "check_name": "OpsKnight test",
        "check_type": "HTTP",
        "check_params": {"hostname": "shop.example.com", "full_url": "https://shop.example.com/", "port": 443},
        "tags": [],
        "previous_state": "UP",
        "current_state": "DOWN",
        "importance_level": "LOW",
        "state_changed_timestamp": 1795521600,
        "state_changed_utc_time": "2026-11-24T12:00:00",
        "description": "HTTP Error 503",
        "long_description": "HTTP Server Error 503 Service Unavailable",
        "version": 1,
    },
    form=True,
    query=True,
)
