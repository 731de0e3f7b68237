"""UptimeRobot's webhook: its default variables in the address, as JSON or as a form, and templates that people write.

Sources: https://help.uptimerobot.com/en/articles/14498593-webhook-integration (and its variables)
and the payloads that zulip/zulip and PagerTree/pager_tree-integrations test with, and https://docs.signl4.com/.
Templates name the variables monitorFriendlyName, monitor_friendly_name, …; all of these are known here.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from opsknight.api.limits import excess
from opsknight.api.providers.provider import Context, Provider, Said
from opsknight.api.reading import (
    QUIET,
    Asked,
    asked,
    first,
    instant,
    is_object,
    link,
    one_line,
    scoped,
    stable,
    text,
    texts,
    word,
)
from opsknight.api.unknown import marked
from opsknight.domain.model.event import Action, Event, Malformed, Severity, Unreadable

SLUG: Final = "uptimerobot"

_EXPIRY: Final = frozenset(("3", "ssl expiry", "ssl expiry reminder", "ssl expiration", "domain expiry"))
_ACTIONS: Final[Mapping[str, Action]] = {
    "1": Action.TRIGGER,
    "down": Action.TRIGGER,
    "2": Action.RESOLVE,
    "up": Action.RESOLVE,
    **dict.fromkeys(_EXPIRY, Action.TRIGGER),
}
_QUIET: Final = QUIET | {"98", "99", "started"}
"""98 and 99 are the codes of a monitor that was started and paused."""

_MONITOR: Final = ("monitorid", "id")
_TYPE: Final = ("alerttypefriendlyname", "alerttype")
_STATUS: Final = ("status", "state")
"""What a body of the user's own calls the alert's type."""
_KIND: Final = "type"
"""… or, where its word is one: it may as well be the monitor's."""
_URL: Final = ("monitorurl", "url")
_NAME: Final = ("monitorfriendlyname", "friendlyname", "monitorname", "name", "monitor")
_REASON: Final = ("alertdetails", "details", "reason", "message")
_TAGS: Final = ("monitortags", "tags")
_READ: Final = frozenset((*_URL, *_NAME, *_REASON, *_TAGS, *_MONITOR, "alertdatetime", "monitoralertcontacts"))
_UNEXPANDED: Final = re.compile(r"\*[A-Za-z]+\*")
_REFUSAL: Final = "The UptimeRobot payload names no monitor; send the default variables, or paste our POST value."


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return the one event of `payload`, or none where a monitor was paused or started.

    Without an alert type it is a trigger.

    Raises:
        Malformed: it is no object, or nothing in it says what is wrong.
    """
    if not is_object(payload):
        raise Malformed("The UptimeRobot payload is neither a JSON object nor a form.")
    if context.may_exceed and (reason := excess(payload)):
        return [Unreadable(reason)]
    filled = _filled(payload)
    said = {name.replace("_", "").casefold(): value for name, value in filled.items()}
    name, url = first(said, _NAME), first(said, _URL)
    if not (name or url or (first(said, _MONITOR) and first(said, _TYPE))):
        return marked(SLUG, filled, refusal=_REFUSAL)
    event = _event(said, name, url)
    return [] if event is None else [event]


def _filled(payload: Said) -> Said:
    """Return the fields without those whose variable was not filled in."""
    return {
        name: value
        for name, value in payload.items()
        if not (isinstance(value, str) and _UNEXPANDED.fullmatch(value.strip()))
    }


def _event(said: Said, name: str, url: str) -> Event | None:
    state = _state(said)
    if state.action is None:
        return None
    is_expiry = any(word(text(said.get(one))) in _EXPIRY for one in (*_TYPE, _KIND))
    monitor = first(said, _MONITOR)
    identity = f"monitor:{monitor}" if monitor else stable(url, name)
    at = instant(said.get("alertdatetime"))
    reason = first(said, _REASON) or first(said, ("alerttypefriendlyname",))
    site = link(url, words="Site")
    return Event(
        action=state.action,
        dedup_key=scoped(SLUG, f"{identity}:expiry" if is_expiry else identity),
        title=one_line(html.unescape(": ".join(part for part in (name or url or f"Monitor {monitor}", reason) if part)))
        or "UptimeRobot",
        severity=Severity.WARNING if is_expiry else Severity.ERROR,
        source=url,
        occurred_at=at,
        started_at=at if state.action is Action.TRIGGER and not is_expiry else None,
        tags=texts(next((said[one] for one in _TAGS if said.get(one)), None)),
        links=(site,) if site else (),
        details=state.marked({one: value for one, value in said.items() if one not in _READ and value}),
    )


def _state(said: Said) -> Asked:
    """Return what the alert's type asks for, in whichever field it stands."""
    for names in (_TYPE, _STATUS):
        if first(said, names):
            return asked(_ACTIONS, *(said.get(one) for one in names), quiet=_QUIET)
    kind = asked(_ACTIONS, said.get(_KIND), quiet=_QUIET)
    return Asked(Action.TRIGGER) if kind.unknown else kind


PROVIDER: Final = Provider(
    slug=SLUG,
    label="UptimeRobot",
    docs_url="https://uptimerobot.com/help/",
    normalise=normalise,
    where="Integrations & API → Webhook → Add: URL to notify, “Send as JSON”, and the POST value",
    setup="""URL to notify: {address}
POST value:
{
  "monitorID": "*monitorID*",
  "monitorURL": "*monitorURL*",
  "monitorFriendlyName": "*monitorFriendlyName*",
  "alertType": "*alertType*",
  "alertTypeFriendlyName": "*alertTypeFriendlyName*",
  "alertDetails": "*alertDetails*",
  "alertDateTime": "*alertDateTime*",
  "alertDuration": "*alertDuration*"
}""",
    sample={
        "monitorID": "777712827",
        "monitorURL": "https://shop.example.com",
        "monitorFriendlyName": "OpsKnight test",
        "alertType": "3",
        "alertTypeFriendlyName": "SSL expiry",
        "alertDetails": "The certificate expires in 7 days",
        "alertDateTime": "1795521600",
    },
    form=True,
    query=True,
)
