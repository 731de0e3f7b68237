"""StatusCake's webhook (ping URL) for uptime tests, which posts an HTML form.

Source: https://www.statuscake.com/kb/knowledge-base/how-to-use-the-web-hook-url/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from opsknight.api.limits import excess
from opsknight.api.providers.provider import Context, Provider
from opsknight.api.reading import QUIET, asked, first, is_object, link, one_line, scoped, stable, text, texts
from opsknight.api.unknown import marked
from opsknight.domain.model.event import Action, Event, Malformed, Severity, Unreadable

SLUG: Final = "statuscake"

_ACTIONS: Final[Mapping[str, Action]] = {"down": Action.TRIGGER, "up": Action.RESOLVE}
_TEST: Final = ("testid", "test_id", "websiteid", "website_id", "id")
_NAME: Final = ("name", "websitename", "website_name")
_URL: Final = ("url", "websiteurl", "website_url")
_READ: Final = frozenset((*_TEST, *_NAME, *_URL, "token", "tags"))
_REFUSAL: Final = "The StatusCake payload names no test; is the address set as the webhook of a contact group?"


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return the one event of `payload`; a status other than Up and Down triggers.

    Raises:
        Malformed: it is no object, or nothing in it says what is wrong.
    """
    if not is_object(payload):
        raise Malformed("The StatusCake payload is neither a form nor a JSON object.")
    if context.may_exceed and (reason := excess(payload)):
        return [Unreadable(reason)]
    said = {name.casefold(): value for name, value in payload.items()}
    test, name, url = first(said, _TEST), first(said, _NAME), first(said, _URL)
    if not (name or url) or "status" not in said:
        return marked(SLUG, payload, refusal=_REFUSAL)
    state = asked(_ACTIONS, said["status"], quiet=QUIET)
    if state.action is None:
        return []
    code, site = text(said.get("statuscode")), link(url, words="Site")
    status = text(said["status"]).lower() or "down"
    shown = f" (status {code})" if code and state.action is Action.TRIGGER else ""
    event = Event(
        action=state.action,
        dedup_key=scoped(SLUG, f"test:{test}" if test else stable(url, name)),
        title=one_line(f"{name or url} is {status}{shown}"),
        severity=Severity.ERROR,
        source=url or first(said, ("ip",)),
        component=first(said, ("method",)),
        tags=texts(said.get("tags")),
        links=(site,) if site else (),
        details=state.marked({one: value for one, value in said.items() if one not in _READ and value}),
    )
    return [event]


PROVIDER: Final = Provider(
    slug=SLUG,
    label="StatusCake",
    docs_url="https://www.statuscake.com/kb/knowledge-base/how-to-use-the-web-hook-url/",
    normalise=normalise,
    where="Alerting → Contact groups → Webhook (ping URL), method POST",
    sample={
        "TestID": "6735214",
        "URL": "https://shop.example.com",
        "Method": "Website",
        "Name": "OpsKnight test",
        "StatusCode": "503",
        "Status": "Down",
        "Checkrate": "300",
        "Tags": "",
    },
    form=True,
    query=True,
)
