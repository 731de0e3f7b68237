"""Checkly's webhook alert channel, whose body is a template of the user's.

Source: https://www.checklyhq.com/docs/integrations/alerts/webhooks/
Templates name Checkly's variables check_name, CHECK_NAME or checkName; all of these are known here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from opsknight.api.limits import excess
from opsknight.api.providers.provider import Context, Provider, Request, Said
from opsknight.api.reading import asked, first, instant, is_object, link, one_line, scoped, stable, texts, word
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
    "alert recovery": Action.RESOLVE,
    "alert degraded recovery": Action.RESOLVE,
}
_QUIET: Final = frozenset(("no alert",))

_TYPE: Final = ("alerttype", "type", "status")
_TITLE: Final = ("alerttitle", "title", "event", "message", "summary", "checkname")
_NAME: Final = ("checkname", "check", "name")
_LINK: Final = ("link", "resultlink", "url")
_READ: Final = frozenset((*_TITLE, *_LINK, "tags", "startedat", "checkid", "runlocation"))
_UNEXPANDED: Final = re.compile(r"\{{2,3}[^{}]*\}{2,3}")
_NAMED: Final = re.compile(r"(?:check )?\"?(?P<name>[^\"]+?)\"? (?:has|is) [a-z]+", re.IGNORECASE)
"""“My API has failed”, “My API is degraded”; older: “Check "My API" has recovered”."""
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
    said = {name.replace("_", "").casefold(): value for name, value in filled.items()}
    said["checkname"] = _name(said)
    if not (first(said, ("checkid", "checkname")) and first(said, _TYPE)):
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


def _name(said: Said) -> str:
    """Return the check's name; the alert's title has it before its verb, where a body with its type names no check."""
    if (name := first(said, _NAME)) or word(first(said, _TYPE)) not in _ACTIONS:
        return name
    named = _NAMED.fullmatch(one_line(first(said, _TITLE)))
    return named["name"] if named else ""


def _event(said: Said) -> Event | None:
    kind = first(said, _TYPE)
    state = asked(_ACTIONS, kind, quiet=_QUIET)
    if state.action is None:
        return None
    said_kind = kind.replace("_", " ").casefold()
    check = first(said, ("checkid",))
    identity = f"check:{check}" if check else stable(first(said, ("checkname",)), first(said, ("groupname",)))
    result = link(first(said, _LINK), words="Result")
    details = {one: value for one, value in said.items() if one not in _READ and value}
    return Event(
        action=state.action,
        dedup_key=scoped(SLUG, f"{identity}:ssl" if said_kind == "alert ssl" else identity),
        title=one_line(first(said, _TITLE)) or "Checkly check",
        severity=Severity.WARNING if said_kind in _WARNINGS else Severity.ERROR,
        source=first(said, ("checkname", "checkid")),
        component=first(said, ("groupname",)),
        occurred_at=instant(said.get("startedat")),
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
