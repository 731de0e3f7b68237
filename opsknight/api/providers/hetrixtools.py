"""HetrixTools' webhooks: uptime monitors, server resource usage and blacklist monitors.

Sources: https://docs.hetrixtools.com/uptime-monitoring-webhook-notifications/,
https://docs.hetrixtools.com/blacklist-monitoring-webhook-notifications/ and PagerTree/pager_tree-integrations.
Blacklist monitors send a list; HetrixTools sends the webhook's token as Authorization: Bearer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from opsknight.api.limits import excess
from opsknight.api.providers.provider import Context, Provider, Request, Said, each
from opsknight.api.reading import (
    QUIET,
    Asked,
    asked,
    first,
    inner,
    instant,
    is_list,
    is_object,
    link,
    one_line,
    scoped,
    stable,
    text,
)
from opsknight.api.signatures import is_token
from opsknight.api.unknown import marked, unknown_shape
from opsknight.domain.model.event import Action, Event, Malformed, Severity, Unreadable

SLUG: Final = "hetrixtools"
MAX_ALERTS: Final = 1_000

_ACTIONS: Final[Mapping[str, Action]] = {"offline": Action.TRIGGER, "online": Action.RESOLVE}
_MONITOR: Final = ("monitor_name", "monitor_target", "monitor_id")
_DETAILS: Final = ("monitor_type", "monitor_category", "monitor_errors", "resource_usage", "monitor_target")
_LISTED: Final = ("label", "blacklisted_before", "blacklisted_now", "blacklisted_on")
_REFUSAL: Final = "The HetrixTools payload names no monitor; is the address set as a webhook of a contact list?"


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return the event of a monitor, or one for each entry of a blacklist report.

    Raises:
        Malformed: it is neither object nor list, or nothing in it says what is wrong.
    """
    if is_list(payload) and payload:
        if len(payload) > MAX_ALERTS:
            raise Malformed(f"The HetrixTools report holds more than {MAX_ALERTS:,} monitors.")
        return each(payload, _blacklisted, what="Monitor", context=context)
    if not is_object(payload):
        raise Malformed("The HetrixTools payload is neither a JSON object nor a list.")
    if context.may_exceed and (reason := excess(payload)):
        return [Unreadable(reason)]
    if not first(payload, _MONITOR):
        return marked(SLUG, payload, refusal=_REFUSAL)
    usage = inner(payload, "resource_usage")
    event = _used(payload, usage) if usage else _monitored(payload)
    return [] if event is None else [event]


def _monitored(said: Said) -> Event | None:
    state = asked(_ACTIONS, said.get("monitor_status"), quiet=QUIET)
    if state.action is None:
        return None
    status = text(said.get("monitor_status")) or "offline"
    return _event(said, state, _identity(said), title=f"{first(said, _MONITOR)} is {status}", severity=Severity.ERROR)


def _used(said: Said, usage: Said) -> Event:
    """Return the event of a server that uses too much of something; nothing tells when it no longer does."""
    kind, much = first(usage, ("resource_type",)), first(usage, ("current_usage", "average_usage"))
    title = f"{first(said, _MONITOR)}: {kind or 'resource'} usage {much}".rstrip()
    key = f"{_identity(said)}:usage:{kind}"
    return _event(said, Asked(Action.TRIGGER), key, title=title, severity=Severity.WARNING)


def _identity(said: Said) -> str:
    monitor = first(said, ("monitor_id",))
    return f"monitor:{monitor}" if monitor else stable(first(said, _MONITOR), first(said, ("monitor_target",)))


def _event(said: Said, state: Asked, identity: str, *, title: str, severity: Severity) -> Event:
    at = instant(said.get("timestamp"))
    site = link(said.get("monitor_target"), words="Site")
    return Event(
        action=state.action or Action.TRIGGER,
        dedup_key=scoped(SLUG, identity),
        title=one_line(title),
        severity=severity,
        source=first(said, ("monitor_target", "monitor_name")),
        component=first(said, ("monitor_category",)),
        occurred_at=at,
        started_at=at if state.action is Action.TRIGGER else None,
        links=(site,) if site else (),
        details=state.marked({name: said[name] for name in _DETAILS if said.get(name)}),
    )


def _blacklisted(said: Said) -> Event:
    """Return the event of one monitored address: listed by none any more resolves.

    Raises:
        Malformed: it names no monitor, and no other text.
    """
    monitor = first(said, ("monitor", "target"))
    if not monitor:
        event = unknown_shape(SLUG, said)
        if event is None:
            raise Malformed("it names no monitor.")
        return event
    lists = text(said.get("blacklisted_now"))
    report = link(inner(said, "links").get("report_link"), words="Report")
    return Event(
        action=Action.RESOLVE if lists == "0" else Action.TRIGGER,
        dedup_key=scoped(SLUG, f"blacklist:{monitor}"),
        title=one_line(f"{monitor} is on {lists or 'some'} blacklists"),
        severity=Severity.WARNING,
        source=monitor,
        links=(report,) if report else (),
        details={name: said[name] for name in _LISTED if said.get(name)},
    )


def verify(request: Request, secret: str) -> bool:
    """Say whether the request carries the webhook's authentication token."""
    return is_token(request.headers.get("authorization", "").removeprefix("Bearer "), secret)


PROVIDER: Final = Provider(
    slug=SLUG,
    label="HetrixTools",
    docs_url="https://docs.hetrixtools.com/uptime-monitoring-webhook-notifications/",
    normalise=normalise,
    where="Contact lists → Edit → Webhook URL",
    sample={
        "monitor_id": "0f3a1c5e7b9d2f4a6c8e0b1d3f5a7c9e",
        "monitor_name": "OpsKnight test",
        "monitor_target": "https://shop.example.com/",
        "monitor_type": "website",
        "monitor_category": "Shop",
        "monitor_status": "offline",
        "timestamp": 1795521600,
        "monitor_errors": {"Frankfurt": "timeout", "London": "http code 503"},
    },
    verify=verify,
    signed_with="What you write in the contact list as Authentication token of the webhook.",
)
