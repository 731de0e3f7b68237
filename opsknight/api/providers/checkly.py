"""Checkly's webhook alert channel, whose body is a template of the user's.

Source: https://www.checklyhq.com/docs/integrations/alerts/webhooks/
Templates name Checkly's variables check_name, CHECK_NAME or checkName; all of these are known here. Where a body has
no type, as those for chats, Checkly's own sentence in its title says it: “… has failed”, “… has recovered”.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from opsknight.api.limits import excess
from opsknight.api.providers.provider import Context, Provider, Request, Said
from opsknight.api.reading import (
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
    texts,
    word,
)
from opsknight.api.signatures import is_hex_hmac
from opsknight.api.unknown import marked
from opsknight.domain.model.event import Action, Event, Malformed, Severity, Unreadable

SLUG: Final = "checkly"

_WARNINGS: Final = frozenset(("alert degraded", "alert degraded remain", "alert failure degraded", "alert ssl"))
_ACTIONS: Final[Mapping[str, Action]] = {
    "alert failure": Action.TRIGGER,
    "alert fail": Action.TRIGGER,
    "alert failure remain": Action.TRIGGER,
    "alert degraded failure": Action.TRIGGER,
    **dict.fromkeys(_WARNINGS, Action.TRIGGER),
    "trigger": Action.TRIGGER,
    "resolve": Action.RESOLVE,
    "alert recovery": Action.RESOLVE,
    "alert degraded recovery": Action.RESOLVE,
}
_QUIET: Final = frozenset(("no alert",))

_TYPE: Final = ("alerttype", "type", "status", "eventaction")
_CHECK: Final = ("checkid", "dedupkey", "alias")
_TITLE: Final = ("alerttitle", "title", "event", "message", "summary", "checkname")
_NAME: Final = ("checkname", "check", "name")
_LINK: Final = ("link", "resultlink", "url")
_READ: Final = frozenset(
    (*_TITLE, *_LINK, "tags", "startedat", "checkid", "runlocation", "routingkey", "payload", "embeds")
)
_UNEXPANDED: Final = re.compile(r"\{{2,3}[^{}]*\}{2,3}")
_TYPED: Final = re.compile(r"(?P<title>.{1,500}) is (?P<kind>ALERT_[A-Z_]+)")
"""“… has failed is ALERT_FAILURE”, as Checkly's own example of a body writes it."""
_NAMED: Final = re.compile(r"(?:(?:check|heartbeat) )*(?P<name>.{1,500}?) (?:has|is) +(?P<verb>[a-z]+)", re.IGNORECASE)
"""“My API has failed”, “My API is degraded”; older: “Check "My API" has recovered”."""
_QUOTES: Final = "\"'‘’“”"
_VERBS: Final[Mapping[str, str]] = {
    "failed": "ALERT_FAILURE",
    "down": "ALERT_FAILURE",
    "degraded": "ALERT_DEGRADED",
    "recovered": "ALERT_RECOVERY",
    "up": "ALERT_RECOVERY",
}
_REFUSAL: Final = "The Checkly payload has neither an alert type nor a title; paste our body into the webhook."


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return the one event of `payload`; failing is an error, degraded and an expiring certificate a warning.

    Raises:
        Malformed: it is no object, or nothing in it says what is wrong.
    """
    if not is_object(payload):
        raise Malformed("The Checkly payload is not a JSON object.")
    if context.may_exceed and (reason := excess(payload)):
        return [Unreadable(reason)]
    filled = _filled(payload)
    said = {name.replace("_", "").casefold(): value for name, value in _opened(filled).items()}
    said |= _of_the_title(said)
    if not (first(said, (*_CHECK, "checkname")) and first(said, _TYPE)):
        return marked(SLUG, filled, refusal=_REFUSAL)
    event = _event(said)
    return [] if event is None else [event]


def _filled(payload: Said) -> Said:
    """Return the fields without those whose variable was not filled in."""
    return {
        name: value
        for name, value in payload.items()
        if not (isinstance(value, str) and _UNEXPANDED.fullmatch(value.strip()))
    }


def _opened(payload: Said) -> Said:
    """Return the fields with those that a body for PagerDuty or for Discord has inside."""
    listed: Any = payload.get("embeds")
    card = inner(listed[0]) if is_list(listed) and listed else {}
    return card | inner(payload, "payload") | payload


def _of_the_title(said: Said) -> Said:
    """Return what the alert's title says where the body has it in no field of its own: the check's name, and the type.

    A type that is not known stays as it is.
    """
    title = one_line(first(said, _TITLE))
    typed = _TYPED.fullmatch(title)
    title, kind = (typed["title"].removeprefix("Check "), typed["kind"]) if typed else (title, first(said, _TYPE))
    named = _NAMED.fullmatch(title)
    name, found = first(said, _NAME), {"alerttype": typed["kind"], "alerttitle": title} if typed else {}
    if named is None:
        return found | {"checkname": name}
    if not kind and (verb := _VERBS.get(named["verb"].casefold())):
        kind = found["alerttype"] = verb
    is_known = word(kind) in _ACTIONS
    return found | {"checkname": name or (named["name"].strip(_QUOTES) if is_known else "")}


def _event(said: Said) -> Event | None:
    kind = first(said, _TYPE)
    state = asked(_ACTIONS, kind, quiet=_QUIET)
    if state.action is None:
        return None
    said_kind = kind.replace("_", " ").casefold()
    check = first(said, _CHECK)
    identity = f"check:{check}" if check else stable(first(said, ("checkname",)), first(said, ("groupname",)))
    result, stated = link(first(said, _LINK), words="Result"), first(said, ("severity", "priority"))
    details = {one: value for one, value in said.items() if one not in _READ and value}
    return Event(
        action=state.action,
        dedup_key=scoped(SLUG, f"{identity}:ssl" if said_kind == "alert ssl" else identity),
        title=one_line(first(said, _TITLE)) or "Checkly check",
        severity=Severity.WARNING if said_kind in _WARNINGS else severity_of(stated) or Severity.ERROR,
        source=first(said, ("checkname", "checkid")),
        component=first(said, ("groupname",)),
        occurred_at=instant(said.get("startedat")) or instant(said.get("timestamp")),
        tags=texts(said.get("tags")),
        links=(result,) if result else (),
        details=state.marked(details | {"location": place} if (place := first(said, ("runlocation",))) else details),
    )


def verify(request: Request, secret: str) -> bool:
    """Say whether x-checkly-signature is the hexadecimal HMAC-SHA256 of the body."""
    return is_hex_hmac(request.headers.get("x-checkly-signature", ""), secret, request.body)


PROVIDER: Final = Provider(
    slug=SLUG,
    label="Checkly",
    docs_url="https://www.checklyhq.com/docs/integrations/alerts/webhooks/",
    normalise=normalise,
    where="Alerts → Alert channels → Add → Webhook, method POST",
    setup="""URL: {address}
Body:
{
  "event": "{{ALERT_TITLE}}",
  "alert_type": "{{ALERT_TYPE}}",
  "check_id": "{{CHECK_ID}}",
  "check_name": "{{CHECK_NAME}}",
  "check_type": "{{CHECK_TYPE}}",
  "group_name": "{{GROUP_NAME}}",
  "check_error_message": "{{CHECK_ERROR_MESSAGE}}",
  "response_time": "{{RESPONSE_TIME}}",
  "run_location": "{{RUN_LOCATION}}",
  "ssl_days_remaining": "{{SSL_DAYS_REMAINING}}",
  "started_at": "{{STARTED_AT}}",
  "tags": "{{TAGS}}",
  "link": "{{RESULT_LINK}}"
}""",
    sample={
        "event": "OpsKnight test is degraded",
        "alert_type": "ALERT_DEGRADED",
        "check_id": "3f7b9c52-0c14-4a9e-9f0f-3f1f5ad0a111",
        "check_name": "OpsKnight test",
        "check_type": "API",
        "run_location": "Frankfurt",
        "started_at": "2026-11-24T12:00:00.000Z",
        "link": "https://app.checklyhq.com/checks/3f7b9c52-0c14-4a9e-9f0f-3f1f5ad0a111",
    },
    verify=verify,
    signed_with="What you write in the alert channel as Webhook secret.",
)
