"""Cronitor's webhook: alerts of jobs, checks, heartbeats and sites, and their recoveries.

Source: https://cronitor.io/docs/using-webhooks
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from opsknight.api.limits import excess
from opsknight.api.providers.provider import Context, Provider, Said
from opsknight.api.reading import QUIET, Asked, asked, first, instant, is_object, link, one_line, scoped, stable
from opsknight.api.unknown import marked
from opsknight.domain.model.event import Action, Event, Malformed, Severity, Unreadable

SLUG: Final = "cronitor"

_ACTIONS: Final[Mapping[str, Action]] = {
    "alert": Action.TRIGGER,
    "failure": Action.TRIGGER,
    "reminder": Action.TRIGGER,
    "recovery": Action.RESOLVE,
}
_MONITOR: Final = ("monitor", "name", "id", "key")
_KEY: Final = ("id", "key", "monitor", "name")
_DETAILS: Final = ("description", "rule", "group", "environment")
_REFUSAL: Final = "The Cronitor payload names no monitor; is the address set as a webhook integration?"


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return the one event of `payload`; the oldest webhooks do not say their type, and trigger.

    Raises:
        Malformed: it is no object, or nothing in it says what is wrong.
    """
    if not is_object(payload):
        raise Malformed("The Cronitor payload is not a JSON object.")
    if context.may_exceed and (reason := excess(payload)):
        return [Unreadable(reason)]
    if not (first(payload, ("monitor",)) or (first(payload, _MONITOR) and first(payload, ("type", "rule")))):
        return marked(SLUG, payload, refusal=_REFUSAL)
    state = asked(_ACTIONS, payload.get("type"), quiet=QUIET)
    return [] if state.action is None else [_event(payload, state)]


def _event(said: Said, state: Asked) -> Event:
    """Return the event of a monitor in one of its environments, whichever rule it breaks."""
    key, environment = first(said, _KEY), first(said, ("environment",))
    why = first(said, ("description",)).partition("\n")[0]
    found = (link(said.get("issue_url"), words="Issue"), link(said.get("monitor_url"), words="Monitor"))
    tags = {name: tag for name in ("environment", "group") if (tag := first(said, (name,)))}
    return Event(
        action=state.action or Action.TRIGGER,
        dedup_key=scoped(SLUG, f"monitor:{stable(key, environment) if environment else key}"),
        title=one_line(": ".join(part for part in (first(said, _MONITOR), why) if part)) or "Cronitor monitor",
        severity=Severity.ERROR,
        source=first(said, _MONITOR),
        component=first(said, ("group",)),
        occurred_at=instant(said.get("timestamp") or said.get("stamp")),
        tags=tags,
        links=tuple(one for one in found if one is not None),
        details=state.marked({name: said[name] for name in _DETAILS if said.get(name)}),
    )


PROVIDER: Final = Provider(
    slug=SLUG,
    label="Cronitor",
    docs_url="https://cronitor.io/docs/using-webhooks",
    normalise=normalise,
    where="Settings → Integrations → Create integration → Webhooks; then add it to a notification list",
    sample={
        "id": "ksQC7a",
        "monitor": "OpsKnight test",
        "type": "ALERT",
        "description": "Did not send an event at the expected time.",
        "rule": "not_on_schedule",
        "environment": "production",
        "group": None,
        "issue_url": "https://cronitor.io/app/issues/1",
        "monitor_url": "https://cronitor.io/app/monitors/ksQC7a",
    },
)
