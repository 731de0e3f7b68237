"""Cloudflare Notifications, as a generic webhook receives them.

Sources: https://developers.cloudflare.com/notifications/reference/webhook-payload-schema/ and, of certificates,
https://developers.cloudflare.com/cloudflare-for-platforms/cloudflare-for-saas/security/certificate-management/webhook-definitions/
Each kind of alert fills `data` differently; what tells a state or names a thing in it is known here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from opsknight.api.providers.provider import Context, Provider, Request, Said, within_limits
from opsknight.api.reading import (
    as_object,
    filled,
    first,
    inside,
    instant,
    is_list,
    is_object,
    link,
    one_line,
    scoped,
    severity_of,
    stable,
    text,
    word,
)
from opsknight.api.signatures import is_token
from opsknight.api.unknown import unknown_shape
from opsknight.domain.model.event import Action, Event, Link, Malformed, Severity, Unreadable

SLUG: Final = "cloudflare"
MAX_THINGS: Final = 50

_EVENTS: Final[Mapping[str, Action]] = {
    "alert state event start": Action.TRIGGER,
    "alert state event end": Action.RESOLVE,
}
_STATES: Final[Mapping[str, Action]] = {
    "healthy": Action.RESOLVE,
    "resolved": Action.RESOLVE,
    "success": Action.RESOLVE,
    "failed": Action.TRIGGER,
    "unhealthy": Action.TRIGGER,
    "investigating": Action.TRIGGER,
    "identified": Action.TRIGGER,
    "degraded": Action.TRIGGER,
    "down": Action.TRIGGER,
    "critical": Action.TRIGGER,
    "inactive": Action.TRIGGER,
    "up": Action.RESOLVE,
    "created": Action.TRIGGER,
    "updated": Action.TRIGGER,
    "deleted": Action.TRIGGER,
    "succeeded": Action.RESOLVE,
}
"""States of what Cloudflare checks or builds and of its own incidents, without the name of their type."""
_QUIET: Final = frozenset(("monitoring", "scheduled", "in progress", "started"))
"""States of an incident or a maintenance that is being worked on, or of a deployment that runs."""
_STATE_FIELDS: Final = (
    "new_health_status",
    "new_health",
    "new_status",
    "incident_status",
    "health_status",
    "status",
    "event",
)
_STATE_TYPES: Final = (
    "tunnel status type ", "magic tunnel status ", "tunnel event type ", "incident status ", "health status ",
    "event deployment ",
)  # fmt: skip
_NO_STATE: Final = frozenset(("tunnel status change",))
"""What stands as event of an alert and only says that the state in its data is another."""
_THINGS: Final = (
    "health_check_id",
    "pool_id",
    "tunnel_id",
    "incident_id",
    "maintenance_id",
    "project_id",
    "bgp_hijack_event_id",
)
"""Names of what has a state of its own, the same when it recovers."""
_NAMES: Final = (
    "health_check_name", "pool_name", "tunnel_name", "incident_name", "project_name", "script_name", "name",
)  # fmt: skip
_ORIGIN: Final = ("origin_name", "origin", "origin_address", "origin_ip")
_PLACES: Final = (
    "zone_name", "host", "hostname", "hostnames", "origin_name", "origin_ip", "target_hostname", "target_ip", "prefix",
    "prefix_hijacked", "prefix_configured",
)  # fmt: skip
_IDENTITY: Final = (
    "attack_id", "certificate_id", "pack_id", "zone_tag", *_NAMES, *_PLACES, "origin", "token_name", "monitor_id",
    "job_id", "rule_name",
)  # fmt: skip
_SEVERITY: Final = ("severity", "alert_priority_level", "incident_impact")
_IMPACTS: Final[Mapping[str, Severity]] = {
    "incident impact none": Severity.INFO,
    "incident impact minor": Severity.WARNING,
    "incident impact major": Severity.ERROR,
    "incident impact critical": Severity.CRITICAL,
}
_MAINTENANCE: Final = "maintenance event notification"
_NEWS: Final = frozenset((
    "weekly account overview", "web analytics metrics update", "secondary dns zone successfully updated",
    "tunnel update event", "brand protection digest",
))  # fmt: skip
"""Kinds that tell what was done or how things went: nothing is wrong, unless the data says how bad it is."""
_TEST: Final = "hello world! this is a test message sent from "


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return the one event of `payload`, or none for maintenance and for the test of a new destination.

    What names the thing with a state (a health check, a pool, a tunnel) is its identity; else the
    correlation of start and end; else the policy, the kind of alert and the zones it is about.

    Raises:
        Malformed: it is no notification, and no text in it says what is wrong.
    """
    if not is_object(payload):
        raise Malformed("The Cloudflare payload is not a JSON object.")
    kind, said = word(payload.get("alert_type")), text(payload.get("text"))
    if kind == _MAINTENANCE or (not kind and word(said).startswith(_TEST)):
        return []
    if not kind and not text(payload.get("policy_id")) and not _certificate(payload):
        event = unknown_shape(SLUG, payload)
        if event is None:
            raise Malformed("The Cloudflare payload has neither an “alert_type” nor a “text”.")
        return [event]
    data = _data(payload)
    state = _state(data)
    if state in _QUIET:
        return []
    return [within_limits(_event(payload, data, kind, state), may_exceed=context.may_exceed)]


def _data(payload: Said) -> Said:
    """Return what an alert tells; of one about a certificate, which wraps it once more, with its event as the state."""
    data = as_object(payload.get("data"))
    certificate, about = _certificate(payload) or _certificate(data), as_object(data.get("data")) or data
    if not certificate:
        return data
    hosts = about.get("hosts") or about.get("hostname")
    said = certificate.rpartition(".")[2]
    return {
        "certificate_id": first(about, ("id",)) or text(inside(about, "ssl", "id")),
        "hostname": ", ".join(text(one) for one in hosts[:5]) if is_list(hosts) else hosts,
        "certificate_event": certificate,
        "status": said if said in {"succeeded", "failed"} else "",
        "severity": "" if said in {"succeeded", "failed"} else "warning",
        "data": about,
    }


def _certificate(said: Said) -> str:
    """Return what happened to a certificate, such as ssl.certificate.renewal.failed; "" for anything else."""
    kind = text(inside(said, "metadata", "event", "type"))
    return kind if kind.startswith("ssl.") else ""


def _state(data: Said) -> str:
    """Return what the data says of the state of its thing, without the name of the state's type."""
    said = word(first(data, _STATE_FIELDS))
    for prefix in _STATE_TYPES:
        said = said.removeprefix(prefix)
    return said


def _event(payload: Said, data: Said, kind: str, state: str) -> Event:
    asked = word(payload.get("alert_event"))
    asked = "" if asked in _NO_STATE else asked
    action = _EVENTS.get(asked)
    unknown = asked if asked and action is None else ""
    if action is not Action.RESOLVE and not unknown:
        action = _STATES.get(state, action)
        unknown = state if state and state not in _STATES and _has_thing(data) else ""
    if unknown:
        action = Action.TRIGGER
    name = first(payload, ("policy_name", "name"))
    thing = first(data, (*_NAMES, *_PLACES))
    named = ": ".join(one for one in (name or f"Cloudflare {kind}", f"{thing} {state}".strip()) if one)
    title = first(payload, ("text",)) or first(data, ("alert_title", "message", "certificate_event")) or named
    return Event(
        action=action or Action.TRIGGER,
        dedup_key=scoped(SLUG, _identity(payload, data, kind)),
        title=one_line(title),
        severity=_severity(data, kind),
        source=first(data, _PLACES) or ", ".join(list(_zones(data))[:5]),
        component=first(data, _NAMES) or kind,
        occurred_at=instant(payload.get("ts")),
        tags=filled({"alert_type": text(payload.get("alert_type")), "policy": name}),
        links=_links(data, payload),
        details=filled(
            {
                "account": payload.get("account_id"),
                "policy": payload.get("policy_id"),
                "data": data,
                "unknown_status": unknown,
            }
        ),
    )


def _has_thing(data: Said) -> bool:
    return bool(first(data, (*_THINGS, "certificate_event")))


def _identity(payload: Said, data: Said, kind: str) -> str:
    if thing := first(data, _THINGS):
        origin = first(data, _ORIGIN) if word(data.get("event_source")) == "origin" else ""
        return f"{kind}:{thing}:{origin}" if origin else f"{kind}:{thing}"
    if data.get("certificate_event"):
        return f"certificate:{first(data, ('certificate_id', 'hostname'))}"
    if correlation := text(payload.get("alert_correlation_id")):
        return f"correlation:{correlation}"
    about = [first(data, (name,)) for name in _IDENTITY]
    policy = first(payload, ("policy_id", "name"))
    return f"policy:{policy}:{kind}:{stable(*(one for one in about if one), *sorted(_zones(data)))}"


def _zones(data: Said) -> Iterator[str]:
    """Yield what the lists in the data name: zones that cannot be reached, pools, hosts."""
    for value in data.values():
        for one in value[:MAX_THINGS] if is_list(value) else ():
            if named := first(as_object(one), (*_PLACES, *_NAMES)):
                yield named


def _severity(data: Said, kind: str) -> Severity:
    for name in _SEVERITY:
        stated = word(data.get(name))
        if found := _IMPACTS.get(stated) or severity_of(stated):
            return found
    return Severity.INFO if kind in _NEWS else Severity.ERROR


def _links(data: Said, payload: Said) -> tuple[Link, ...]:
    account = text(payload.get("account_id"))
    said = text(data.get("dashboard_link"))
    dashboard = link(f"https://{said}" if said.startswith("dash.cloudflare.com/") else said, words="Dashboard")
    dashboard = dashboard or link(
        f"https://dash.cloudflare.com/{account}" if account.isalnum() else "", words="Dashboard"
    )
    found = (dashboard, link(data.get("link") or data.get("incident_url"), words="Cloudflare"))
    return tuple(one for one in found if one is not None)


def verify(request: Request, secret: str) -> bool:
    """Say whether the sender gave the secret of its destination."""
    return is_token(request.headers.get("cf-webhook-auth", ""), secret)


PROVIDER: Final = Provider(
    slug=SLUG,
    label="Cloudflare",
    docs_url="https://developers.cloudflare.com/notifications/reference/webhook-payload-schema/",
    normalise=normalise,
    where="Manage Account → Notifications → Destinations → Webhooks → Create",
    setup="""URL: {address}
Secret: the integration's signing secret, if it has one
Then add the webhook to each notification that shall page, and choose all states so that recoveries are sent, too.""",
    sample={
        "name": "OpsKnight test",
        "text": "OpsKnight test: the health check of www.example.org is unhealthy",
        "data": {
            "health_check_id": "opsknight-test",
            "health_check_name": "www.example.org",
            "new_health_status": "unhealthy",
            "severity": "INFO",
        },
        "ts": 1795487000,
        "account_id": "0123456789abcdef0123456789abcdef",
        "policy_id": "opsknight-test",
        "alert_type": "health_check_status_notification",
        "alert_event": "ALERT_STATE_EVENT_START",
    },
    verify=verify,
    signed_with="What you write in the destination as Secret.",
)
