"""Netdata: the webhook of Netdata Cloud, and what a custom_sender() of an agent posts.

Sources: https://learn.netdata.cloud/docs/alerts-&-notifications/notifications/centralized-cloud-notifications/webhook
and https://learn.netdata.cloud/docs/alerts-&-notifications/notifications/agent-dispatched-notifications/custom
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from opsknight.api.limits import excess
from opsknight.api.providers.provider import Context, Provider, Request, Said
from opsknight.api.reading import (
    first,
    flat,
    instant,
    is_list,
    is_object,
    link,
    rest,
    scoped,
    stable,
    text,
    titled,
    word,
)
from opsknight.api.signatures import base64_hmac, carries
from opsknight.api.unknown import unknown_shape
from opsknight.domain.model.event import Action, Event, Link, Malformed, Severity, Unreadable

SLUG: Final = "netdata"

_SEVERITIES: Final[Mapping[str, Severity]] = {
    "critical": Severity.CRITICAL,
    "warning": Severity.WARNING,
    "clear": Severity.INFO,
    "info": Severity.INFO,
}
_TRIGGERS: Final = frozenset(("critical", "warning", "info", "raised"))
_CLEAR: Final = frozenset(("clear", "cleared"))
_REACHABLE: Final = frozenset(("reachable", "up", "online"))
_UNREACHABLE: Final = frozenset(("unreachable", "down", "offline"))
_QUIET: Final = frozenset(("removed", "undefined", "uninitialized", "silenced"))
"""States of an agent that has lost the chart, or has no value yet."""

_STATE: Final = ("status", "severity", "state", "alertstatestatus", "alertstatus")
_ALERT: Final = ("alert", "alertname", "name", "alarm")
_HOST: Final = ("host", "hostname", "nodehostname", "node", "nodename")
_TITLE: Final = ("message", "summary", "title", "alertrenderedsummary")
_PLACE: Final = ("chart", "chartid", "instance", "alertchartid", "alertchartname", "context", "alertcontext")
_LINKS: Final = (("alerturl", "Monitor"), ("alarmurl", "Monitor"), ("gotourl", "Monitor"), ("url", "Monitor"))
_AT: Final = ("date", "when", "timestamp")
_SHOWN: Final = frozenset((*_STATE, "message", "alert", "host", *_AT, *(name for name, _ in _LINKS), "rooms", "token"))

_NODE: Final = re.compile(r"/nodes/([^/?#\s]{1,200})")


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return the one event of `payload`, none for a verification and for a chart that is gone.

    Node, chart and alert are the dedup key; of whether a node can be reached, the node.

    Raises:
        Malformed: nothing in it says what is wrong.
    """
    if not is_object(payload):
        raise Malformed("The Netdata payload is not a JSON object.")
    if context.may_exceed and (reason := excess(payload)):
        return [Unreadable(reason)]
    said = _said(payload)
    alert, host = first(said, _ALERT), _host(said)
    if not alert and host and ("status" in said or "reachable" in said):
        return [_reachability(payload, said, host)]
    if not alert and first(said, ("token", "challenge")):
        return []
    if not alert:
        return [_unknown(payload)]
    event = _alert(payload, said, alert, host)
    return [] if event is None else [event]


def _alert(payload: Said, said: Said, alert: str, host: str) -> Event | None:
    state = next((one for name in _STATE if (one := word(said.get(name)))), "")
    if state in _QUIET:
        return None
    place = first(said, _PLACE)
    info = first(said, ("info", "alertrenderedinfo"))
    built = f"{alert} on {host or place or 'a node'} is {state or 'raised'}" + (f": {info}" if info else "")
    unknown = {"unknown_status": state} if state and state not in _TRIGGERS and state not in _CLEAR else {}
    return Event(
        action=Action.RESOLVE if state in _CLEAR else Action.TRIGGER,
        dedup_key=scoped(SLUG, stable(first(said, ("space", "spacename")), host, place, alert)),
        title=titled(first(said, _TITLE), built, otherwise="Netdata alert"),
        severity=_SEVERITIES.get(state, Severity.ERROR),
        source=host,
        component=place,
        occurred_at=next((at for name in _AT if (at := instant(said.get(name))) is not None), None),
        tags=_tags(said),
        links=_links(said),
        details=rest(payload, _SHOWN) | unknown,
    )


def _said(payload: Said) -> Said:
    """Return the fields by plain name; newer payloads keep those of an alert inside "alert", one level deeper."""
    said = flat(payload)
    if is_object(alert := payload.get("alert")):
        said = {f"alert{name}": value for name, value in flat(alert).items()} | said
    return said


def _unknown(payload: Said) -> Event:
    event = unknown_shape(SLUG, payload)
    if event is None:
        raise Malformed("The Netdata payload has neither an alert nor a host.")
    return event


def _reachability(payload: Said, said: Said, host: str) -> Event:
    """Return the event that a node can be reached again, or that it cannot."""
    status = said.get("status")
    reachable = said.get("statusreachable", said.get("reachable"))
    words = word(said.get("statustext")) or word(status)
    is_over = words in _REACHABLE if words else reachable is True
    known = not words or words in _REACHABLE or words in _UNREACHABLE
    return Event(
        action=Action.RESOLVE if is_over and reachable is not False else Action.TRIGGER,
        dedup_key=scoped(SLUG, f"reachability:{host}"),
        title=titled(first(said, _TITLE), f"{host} is {words or 'unreachable'}", otherwise="Netdata node"),
        severity=_SEVERITIES.get(word(said.get("severity")), Severity.ERROR),
        source=host,
        component="reachability",
        occurred_at=next((at for name in _AT if (at := instant(said.get(name))) is not None), None),
        links=_links(said),
        details=rest(payload, _SHOWN) | ({} if known else {"unknown_status": words}),
    )


def _host(said: Said) -> str:
    """Return the node's name; an alert of Netdata Cloud may tell it in its address only."""
    if host := first(said, _HOST):
        return host
    found = _NODE.search(text(said.get("alerturl"))[:2048])
    return found[1] if found else ""


def _tags(said: Said) -> dict[str, str]:
    rooms = said.get("rooms")
    names = list(rooms) if is_object(rooms) else []
    names += [first(room, ("name",)) for room in rooms if is_object(room)] if is_list(rooms) else []
    told = {name: first(said, (name,)) for name in ("space", "class", "family", "context", "type")}
    told["rooms"] = ", ".join(name for name in names if name)
    return {name: value for name, value in told.items() if value}


def _links(said: Said) -> tuple[Link, ...]:
    found = (link(said.get(name), words=words) for name, words in _LINKS)
    return tuple({one.href: one for one in found if one is not None}.values())


def challenged(asked: Mapping[str, str], secret: str) -> Mapping[str, str] | None:
    """Return the answer to what Netdata Cloud asks an address, when it is configured and once a day."""
    token = asked.get("crc_token", "")
    return {"response_token": f"sha256={base64_hmac(secret, token.encode())}"} if token else None


def verify(request: Request, secret: str) -> bool:
    """Say whether a request carries the secret. No signature is believed: `challenged` signs whatever it is asked."""
    return carries(request.headers, secret)


PROVIDER: Final = Provider(
    slug=SLUG,
    label="Netdata",
    docs_url="https://learn.netdata.cloud/docs/alerts-&-notifications/notifications/centralized-cloud-notifications/webhook",
    normalise=normalise,
    where="Space settings → Alerts & Notifications → Add configuration → Webhook → Webhook URL (https)",
    verify=verify,
    challenged=challenged,
    signed_with="What you write in Netdata Cloud as Challenge secret; choose Bearer there, with it as the token.",
    sample={
        "message": "OpsKnight test: ram_in_use of web-1 is in warning",
        "alert": "ram_in_use",
        "info": "This is only a test",
        "chart": "system.ram",
        "context": "system.ram",
        "space": "example",
        "class": "Utilization",
        "severity": "warning",
        "date": "2026-11-24T10:23:20Z",
        "alert_url": "https://app.netdata.cloud/spaces/example/rooms/all-nodes/alerts/1",
    },
)
