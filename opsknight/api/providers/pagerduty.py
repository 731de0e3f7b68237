"""PagerDuty Events API v2, as its own senders speak it.

Source: https://developer.pagerduty.com/docs/send-alert-event
The routing key is the integration's key; whoever reads the body for it checks it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from opsknight.api.limits import excess
from opsknight.api.providers.provider import KIB, Context, Provider, Said
from opsknight.api.reading import instant, is_list, is_object, link, one_line, scoped, text
from opsknight.domain.model.event import Action, Event, Link, Malformed, Severity, Unreadable

SLUG: Final = "pagerduty"
MAX_KEY: Final = 255

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
    errors = list(_errors(payload))
    if errors:
        raise InvalidEvent(errors)
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


def _errors(said: Said) -> Iterator[str]:
    """Yield what PagerDuty would refuse, most telling first."""
    action = _lowered(said.get("event_action"))
    if not action:
        yield "'event_action' is missing or blank"
    elif action not in _ACTIONS:
        yield "'event_action' is invalid (must be one of the following: 'trigger', 'acknowledge' or 'resolve')"
    dedup_key = said.get("dedup_key")
    if dedup_key is not None and not isinstance(dedup_key, str | int | float):
        yield "'dedup_key' is invalid (must be a string)"
    elif len(text(dedup_key)) > MAX_KEY:
        yield f"'dedup_key' is too long (maximum is {MAX_KEY} characters)"
    elif action in {"acknowledge", "resolve"} and not text(dedup_key):
        yield "'dedup_key' is missing or blank"
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
