"""PagerDuty Events API v2 and its older v1, as its own senders speak them.

Sources: https://developer.pagerduty.com/docs/send-alert-event
and https://developer.pagerduty.com/docs/ZG9jOjExMDI5NTc4-send-a-v1-event
The routing or service key is the integration's key; whoever reads the body for it checks it. Both
versions name a condition alike, so that one may end what the other began.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from opsknight.api.limits import excess
from opsknight.api.providers.provider import KIB, Context, Provider, Said
from opsknight.api.reading import first, instant, is_list, is_object, link, one_line, scoped, text
from opsknight.domain.model.event import Action, Event, Link, Malformed, Severity, Unreadable

SLUG: Final = "pagerduty"

_ACTIONS: Final = {str(action): action for action in Action}
_SEVERITIES: Final = {str(severity): severity for severity in Severity}


class InvalidEvent(Malformed):
    """An event that PagerDuty would refuse; `errors` are its sentences, in its words."""

    def __init__(self, errors: Sequence[str]) -> None:
        """Keep the sentences one by one, and together as the text."""
        super().__init__("; ".join(errors))
        self.errors = tuple(errors)


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return the one event of `payload`; a trigger without dedup_key gets `context.new_key`.

    Raises:
        InvalidEvent: a field is missing or not as PagerDuty wants it.
    """
    if not is_object(payload):
        raise InvalidEvent(["the body is not a JSON object"])
    is_v1 = "service_key" in payload or ("event_type" in payload and "event_action" not in payload)
    errors = list(_v1_errors(payload) if is_v1 else _errors(payload))
    if errors:
        raise InvalidEvent(errors)
    payload = _as_v2(payload) if is_v1 else payload
    if context.may_exceed and (reason := excess(payload)):
        return [Unreadable(reason)]
    action = _ACTIONS[_lowered(payload["event_action"])]
    dedup_key = scoped(SLUG, text(payload.get("dedup_key")) or context.new_key)
    if action is Action.TRIGGER:
        return [_trigger(payload, dedup_key)]
    return [Event(action=action, dedup_key=dedup_key, title=f"PagerDuty event: {action}")]


def _trigger(said: Said, dedup_key: str) -> Event:
    payload: Said = said["payload"]
    custom = payload.get("custom_details")
    details: Said = dict(custom) if is_object(custom) else {"custom_details": custom} if custom else {}
    if client := text(said.get("client")):
        details.setdefault("client", client)
    return Event(
        action=Action.TRIGGER,
        dedup_key=dedup_key,
        title=one_line(text(payload["summary"])) or "PagerDuty event",
        severity=_SEVERITIES[_lowered(payload["severity"])],
        source=text(payload["source"]),
        component=text(payload.get("component")),
        occurred_at=instant(payload.get("timestamp")),
        tags={name: tag for name in ("group", "class") if (tag := text(payload.get(name)))},
        links=_links(said),
        details=details,
    )


def _as_v2(said: Said) -> Said:
    """Return an event of v1 as v2 says it; v1 knows no severity, and everything in it pages."""
    contexts = _objects(said.get("contexts"))
    details = said.get("details")
    host = first(details, ("host", "hostname", "HOSTNAME", "source")) if is_object(details) else ""
    return {
        "event_action": said["event_type"],
        "dedup_key": said.get("incident_key"),
        "payload": {
            "summary": said.get("description"),
            "source": host or text(said.get("client")),
            "severity": Severity.ERROR,
            "custom_details": details,
        },
        "links": [one for one in contexts if one.get("type") != "image"],
        "images": [one for one in contexts if one.get("type") == "image"],
        "client": said.get("client"),
        "client_url": said.get("client_url"),
    }


def _v1_errors(said: Said) -> Iterator[str]:
    """Yield what PagerDuty would refuse of an event of v1."""
    action = _lowered(said.get("event_type"))
    if not action:
        yield "'event_type' is missing or blank"
    elif action not in _ACTIONS:
        yield "'event_type' is invalid (must be one of the following: 'trigger', 'acknowledge' or 'resolve')"
    yield from _key_errors(said, "incident_key", is_needed=action in {"acknowledge", "resolve"})
    if action == "trigger" and not text(said.get("description")):
        yield "'description' is missing or blank"


def _key_errors(said: Said, name: str, *, is_needed: bool) -> Iterator[str]:
    """Yield what is wrong with a key; that it has more than PagerDuty's 255 characters is not worth a page."""
    key = said.get(name)
    if key is not None and not isinstance(key, str | int | float):
        yield f"'{name}' is invalid (must be a string)"
    elif is_needed and not text(key):
        yield f"'{name}' is missing or blank"


def _errors(said: Said) -> Iterator[str]:
    """Yield what PagerDuty would refuse, most telling first."""
    action = _lowered(said.get("event_action"))
    if not action:
        yield "'event_action' is missing or blank"
    elif action not in _ACTIONS:
        yield "'event_action' is invalid (must be one of the following: 'trigger', 'acknowledge' or 'resolve')"
    yield from _key_errors(said, "dedup_key", is_needed=action in {"acknowledge", "resolve"})
    if action == "trigger":
        yield from _payload_errors(said.get("payload"))


def _payload_errors(payload: Any) -> Iterator[str]:
    if payload is None or payload == {}:
        yield "'payload' is missing or blank"
        return
    if not is_object(payload):
        yield "'payload' is invalid (must be an object)"
        return
    for name in ("summary", "source", "severity"):
        if not text(payload.get(name)):
            yield f"'payload.{name}' is missing or blank"
    severity = _lowered(payload.get("severity"))
    if severity and severity not in _SEVERITIES:
        yield "'payload.severity' is invalid (must be one of the following: 'critical', 'warning', 'error' or 'info')"


def _lowered(value: Any) -> str:
    return text(value).lower()


def _links(said: Said) -> tuple[Link, ...]:
    """Return the links, the page of the sending tool and what the images show."""
    found = [link(said.get("client_url"), words=one_line(text(said.get("client"))))]
    for name, words in (("links", "text"), ("images", "alt")):
        found += [
            link(one.get("href") or one.get("src"), words=one_line(text(one.get(words))))
            for one in _objects(said.get(name))
        ]
    return tuple(one for one in found if one is not None)


def _objects(listed: Any) -> list[Said]:
    return [one for one in listed if is_object(one)] if is_list(listed) else []


PROVIDER: Final = Provider(
    slug=SLUG,
    label="PagerDuty Events API v2",
    docs_url="https://developer.pagerduty.com/docs/send-alert-event",
    normalise=normalise,
    max_body=512 * KIB,
    key_in_body=True,
    verify=None,
)
