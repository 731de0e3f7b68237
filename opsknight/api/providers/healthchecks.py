"""Healthchecks.io (and self-hosted Healthchecks): webhooks, whose body is a template of the user's.

Sources: https://healthchecks.io/docs/configuring_notifications/ and https://healthchecks.io/docs/api/
The body may be our template, $JSON (the check as the API has it), or what it sends to pagers: event_type, incident_key.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from opsknight.api.limits import excess
from opsknight.api.providers.provider import Context, Provider, Said
from opsknight.api.reading import (
    QUIET,
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
    texts,
)
from opsknight.api.unknown import marked, of_another_pager
from opsknight.domain.model.event import Action, Event, Malformed, Severity, Unreadable

SLUG: Final = "healthchecks"

_ACTIONS: Final[Mapping[str, Action]] = {
    "down": Action.TRIGGER,
    "trigger": Action.TRIGGER,
    "up": Action.RESOLVE,
    "resolve": Action.RESOLVE,
}
_QUIET: Final = QUIET | {"new", "grace", "started", "late"}
_STATUS: Final = ("status", "state", "event_type", "event")
_CODE: Final = ("code", "uuid", "unique_key", "check_id", "incident_key", "id")
_SOURCE: Final = ("name", "check_name", "check", "slug")
_NAME: Final = (*_SOURCE, "title")
_TEXT: Final = ("message", "msg", "text", "description")
"""What stands for a title where no check is named."""
_READ: Final = frozenset((*_CODE, *_NAME, "tags", "now"))
_UNEXPANDED: Final = re.compile(r"\$[A-Z][A-Z0-9_]*")
_REFUSAL: Final = "The Healthchecks payload names no check; paste our request body into the webhook."


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return the one event of `payload`: a check that went down or came up again.

    Raises:
        Malformed: it is no object, or nothing in it says what is wrong.
    """
    if not is_object(payload):
        raise Malformed("The Healthchecks payload is not a JSON object.")
    if context.may_exceed and (reason := excess(payload)):
        return [Unreadable(reason)]
    said = _said(payload)
    if not (first(said, _CODE) or first(said, _NAME)) or not first(said, _STATUS):
        return of_another_pager(SLUG, payload) or marked(SLUG, said, refusal=_REFUSAL)
    event = _event(said)
    return [] if event is None else [event]


def _said(payload: Said) -> Said:
    """Return the fields by lower-case name, without placeholders that were not filled in.

    A body that is written around $JSON holds the check as an object.
    """
    outer = {name: value for name, value in payload.items() if not is_object(value)}
    return {
        name.casefold(): value
        for name, value in (inner(payload, "check") | outer).items()
        if not (isinstance(value, str) and _UNEXPANDED.fullmatch(value.strip()))
    }


def _event(said: Said) -> Event | None:
    state = asked(_ACTIONS, *(said.get(name) for name in _STATUS), quiet=_QUIET)
    if state.action is None:
        return None
    code, name = first(said, _CODE), first(said, _NAME)
    built = f"{name or code} is {first(said, _STATUS).lower()}"
    title = first(said, ("title", "subject")) or (built if name else first(said, _TEXT)) or built
    tags: Any = said.get("tags")
    page = link(said.get("client_url") or said.get("details_url") or said.get("url"), words="Monitor")
    return Event(
        action=state.action,
        dedup_key=scoped(SLUG, f"check:{code}" if code else stable(name)),
        title=one_line(title) or "Healthchecks check",
        severity=Severity.ERROR,
        source=first(said, _SOURCE),
        occurred_at=instant(said.get("now")),
        tags=texts(tags.replace(",", " ").split() if isinstance(tags, str) else tags),
        links=(page,) if page else (),
        details=state.marked({one: value for one, value in said.items() if one not in _READ and text(value)}),
    )


PROVIDER: Final = Provider(
    slug=SLUG,
    label="Healthchecks.io",
    docs_url="https://healthchecks.io/docs/configuring_notifications/",
    normalise=normalise,
    form=True,
    query=True,
    where="Integrations → Webhook → Add integration: method POST, the same for “down” and for “up”",
    setup="""URL: {address}
Request headers: Content-Type: application/json
Request body, for “down” and for “up”:
{"code": "$CODE", "name": $NAME_JSON, "status": "$STATUS", "tags": "$TAGS", "now": "$NOW"}""",
    sample={
        "code": "5398178f-6e2c-4a46-80ac-c083551f4beb",
        "name": "OpsKnight test",
        "status": "down",
        "tags": "test",
        "now": "2026-11-24T12:00:00+00:00",
    },
)
