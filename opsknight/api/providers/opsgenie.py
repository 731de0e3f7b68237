"""Opsgenie's Alert API, as its own senders speak it: alerts that are created, acknowledged and closed.

Source: https://docs.opsgenie.com/docs/alert-api
A create is read as it was sent. What is done to an alert stands in the address, so the door of this
API makes an object of it: {"action", "identifier", "identifierType", "alias", "said"}.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from opsknight.api.providers.provider import Context, Provider, Said, within_limits
from opsknight.api.reading import (
    as_object,
    filled,
    is_list,
    is_object,
    link,
    one_line,
    scoped,
    severity_of,
    stable,
    text,
    titled,
    word,
)
from opsknight.domain.model.event import Action, Event, Link, Malformed, Severity, Unreadable

SLUG: Final = "opsgenie"
NO_MESSAGE: Final = "Message can not be empty."
"""In Opsgenie's own words."""
UPDATES: Final = frozenset(("message", "description", "priority"))
"""What an open alert is given anew, with PUT: Alertmanager does so after each create, with update_alerts."""
QUIET: Final = UPDATES | {
    "unacknowledge", "snooze", "notes", "tags", "details", "responders", "assign", "escalate", "teams",
}  # fmt: skip
"""What people do with an alert there and a monitor does not here: taken, told, and without effect."""

_ACTIONS: Final[Mapping[str, Action]] = {
    "acknowledge": Action.ACKNOWLEDGE,
    "close": Action.RESOLVE,
    "delete": Action.RESOLVE,
}
"""Nothing that happened is ever deleted here."""
_MAX_TEXT: Final = 15_000
MAX_LINKS: Final = 5


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return the one event of a request; none of one that changes nothing, or whose alert is not there.

    An alert without alias is known by a hash of the whole request, so that a create which is sent
    again does not page again.

    Raises:
        Malformed: there is no message, or what is asked for is nothing that Opsgenie knows.
    """
    if not is_object(payload):
        raise Malformed("The Opsgenie request is not a JSON object.")
    asked = word(payload.get("action")) if "message" not in payload else ""
    if asked:
        return _done_to(asked, payload)
    if not text(payload.get("message")):
        raise Malformed(NO_MESSAGE)
    return [within_limits(_created(payload, alias_of(payload)), may_exceed=context.may_exceed)]


def alias_of(payload: Said) -> str:
    """Return the alias by which an alert is known from then on."""
    return text(payload.get("alias")) or stable(orjson.dumps(payload, option=orjson.OPT_SORT_KEYS).decode())


def _done_to(asked: str, payload: Said) -> Sequence[Event | Unreadable]:
    alias = text(payload.get("alias"))
    if asked in QUIET or (asked in _ACTIONS and not alias):
        return []
    if asked not in _ACTIONS:
        raise Malformed(f"“{asked[:40]}” is nothing that is done to an alert here; say acknowledge or close.")
    said = as_object(payload.get("said"))
    details = filled({"by": text(said.get("user")), "note": text(said.get("note"))[:_MAX_TEXT]})
    title = f"Opsgenie alert: {asked}"
    return [Event(action=_ACTIONS[asked], dedup_key=scoped(SLUG, alias), title=title, details=details)]


def _created(said: Said, alias: str) -> Event:
    details = as_object(said.get("details"))
    return Event(
        action=Action.TRIGGER,
        dedup_key=scoped(SLUG, alias),
        title=titled(text(said["message"]), otherwise="Opsgenie alert"),
        severity=_severity(text(said.get("priority"))),
        source=text(said.get("entity")) or text(said.get("source")),
        component=text(said.get("source")) if said.get("entity") else "",
        tags=_tags(said.get("tags")),
        links=_links(said, details),
        details=filled(
            {
                "description": text(said.get("description"))[:_MAX_TEXT],
                **details,
                "priority": text(said.get("priority")),
                "note": text(said.get("note")),
                "by": text(said.get("user")),
                "actions": said.get("actions"),
                "responders": said.get("responders"),
            }
        ),
    )


def _severity(priority: str) -> Severity:
    """Return what a priority stands for: none is P3, as Opsgenie has it; one that is not known is an error."""
    return severity_of(priority) or (Severity.ERROR if priority else Severity.WARNING)


def _links(said: Said, details: Said) -> tuple[Link, ...]:
    """Return the addresses among the details, and the source where it is one: an alert has no other place for them."""
    found = [link(value, words=one_line(name)) for name, value in details.items()]
    found.append(link(said.get("source"), words="Source"))
    distinct = {one.href: one for one in found if one is not None}
    return tuple(distinct.values())[:MAX_LINKS]


def _tags(value: Any) -> dict[str, str]:
    """Return Opsgenie's tags, which are bare words or "name:value"."""
    listed = value if is_list(value) else text(value).split(",")
    pairs = (text(one).partition(":") for one in listed)
    return {name.strip(): said.strip() for name, _, said in pairs if name.strip()}


PROVIDER: Final = Provider(
    slug=SLUG,
    label="Opsgenie Alert API",
    docs_url="https://docs.opsgenie.com/docs/alert-api",
    normalise=normalise,
    where="In whatever sends to Opsgenie: this server in place of https://api.opsgenie.com, and this API key",
    setup="{base}/v2/alerts\nAuthorization: GenieKey {key}",
    sample={
        "message": "OpsKnight test",
        "alias": "opsknight-test",
        "description": "What alerts Opsgenie can reach OpsKnight",
        "entity": "example",
        "priority": "P5",
    },
    verify=None,
)
