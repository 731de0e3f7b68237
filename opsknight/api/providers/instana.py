"""IBM Instana's generic webhook alert channel: issues, incidents, changes, and what went offline.

Sources: https://www.ibm.com/docs/en/instana-observability?topic=alerting-webhooks and, of its channels for other
products whose address is the user's, ?topic=alerting-opsgenie and IBM Cloud Pak for AIOps.
Instana's severities are 5 (warning) and 10 (critical); a change has -1 or none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from opsknight.api.limits import excess
from opsknight.api.providers.provider import Context, Provider, Said
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
    severity_of,
    stable,
    text,
    texts,
    word,
)
from opsknight.api.unknown import marked
from opsknight.domain.model.event import Action, Event, Malformed, Severity, Unreadable

SLUG: Final = "instana"

_ACTIONS: Final[Mapping[str, Action]] = {
    "open": Action.TRIGGER,
    "closed": Action.RESOLVE,
    "manually closed": Action.RESOLVE,
}
_PRESENCE: Final[Mapping[str, Action]] = {"offline": Action.TRIGGER, "online": Action.RESOLVE}
_SEVERITIES: Final[Mapping[str, Severity]] = {
    "10": Severity.CRITICAL,
    "critical": Severity.CRITICAL,
    "5": Severity.WARNING,
    "warning": Severity.WARNING,
    "-1": Severity.INFO,
}
_READ: Final = frozenset(("id", "text", "state", "start", "end", "link", "tags", "fqdn", "severity", "customPayloads"))
_ENTITY: Final = ("fqdn", "entity", "entityLabel", "container", "description")
_REFUSAL: Final = "The Instana payload has no issue; is it a generic webhook alert channel?"


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return the event of an issue, an incident or a lost entity, and none of a change.

    Raises:
        Malformed: it is no object, or nothing in it says what is wrong.
    """
    if not is_object(payload):
        raise Malformed("The Instana payload is not a JSON object.")
    if context.may_exceed and (reason := excess(payload)):
        return [Unreadable(reason)]
    issue = inner(payload, "issue") or _of_another_channel(payload)
    if not first(issue, ("id", "text")):
        return marked(SLUG, payload, refusal=_REFUSAL)
    kind = word(issue.get("type"))
    if kind == "change":
        return []
    is_presence = kind == "presence" and not first(issue, ("state",))
    state = asked(_PRESENCE, issue.get("text"), quiet=QUIET) if is_presence else _state(issue)
    return [] if state.action is None else [_event(issue, state, is_presence=is_presence)]


def _of_another_channel(payload: Said) -> Said:
    """Return what the channels for Cloud Pak for AIOps and for Opsgenie say as an issue, {} for anything else.

    The first tells of a closed issue, too; the second closes it at Opsgenie's own address.
    """
    happened, where = inner(payload, "type"), inner(payload, "resource")
    if first(happened, ("statusOrThreshold",)):
        pages: Any = payload.get("urls")
        return {
            "id": payload.get("deduplicationKey"),
            "type": happened.get("eventType"),
            "state": happened.get("statusOrThreshold"),
            "end": payload.get("timestamp"),
            "severity": payload.get("severity"),
            "text": payload.get("summary"),
            "link": first(inner(pages[0]), ("url",)) if is_list(pages) and pages else "",
            "fqdn": first(where, ("hostname",)),
            "entityLabel": first(where, ("displayName", "name")),
            "entity": first(where, ("type",)),
            "zone": first(where, ("customZone", "availabilityZone")),
        }
    about = inner(payload, "details")
    if not (first(payload, ("alias",)) and first(payload, ("message",))):
        return {}
    return {
        "id": payload.get("alias"),
        "severity": payload.get("priority"),
        "text": payload.get("message"),
        "link": payload.get("description"),
        "suggestion": payload.get("note"),
        "fqdn": first(about, ("FQDN / Host",)),
        "entityLabel": first(about, ("Entity Label",)),
        "entity": first(about, ("Entity",)),
        "zone": first(about, ("Zone",)),
        "tags": about.get("Tags"),
    }


def _state(issue: Said) -> Asked:
    return asked(_ACTIONS, issue.get("state"), quiet=QUIET)


def _event(issue: Said, state: Asked, *, is_presence: bool) -> Event:
    """Return the event of an issue by its id; what is online has another id than when it went offline."""
    number, said_so = first(issue, ("id",)), first(issue, ("text",))
    what = first(issue, ("description", "entityLabel", "fqdn"))
    title = f"{what or 'Entity'} is {said_so}" if is_presence else said_so
    is_by_id = bool(number) and not is_presence
    started_at, page = instant(issue.get("start")), link(issue.get("link"), words="Instana")
    unsaid = Severity.WARNING if is_presence else Severity.ERROR
    details = {name: value for name, value in issue.items() if name not in _READ and value}
    return Event(
        action=state.action or Action.TRIGGER,
        dedup_key=scoped(
            SLUG, number if is_by_id else f"presence:{stable(*(text(issue.get(name)) for name in _ENTITY))}"
        ),
        title=one_line(title) or f"Instana issue {number}",
        severity=_SEVERITIES.get(said_bad := word(text(issue.get("severity")))) or severity_of(said_bad) or unsaid,
        source=first(issue, ("fqdn", "entityLabel", "entity")),
        component=first(issue, ("entityLabel", "entity")),
        occurred_at=instant(issue.get("end")) or started_at,
        started_at=started_at,
        tags=texts(issue.get("tags")) | texts(inner(issue, "customPayloads")),
        links=(page,) if page else (),
        details=state.marked(details),
    )


PROVIDER: Final = Provider(
    slug=SLUG,
    label="IBM Instana",
    docs_url="https://www.ibm.com/docs/en/instana-observability?topic=alerting-webhooks",
    normalise=normalise,
    where="Settings → Global settings → Events & alerts → Alert channels → Add → Generic webhook",
    sample={
        "issue": {
            "id": "8c5e0f0a-3d6f-4c1f-9a51-0d2f7c11a001",
            "type": "issue",
            "state": "OPEN",
            "start": 1795521600000,
            "severity": 5,
            "text": "OpsKnight test",
            "suggestion": "Nothing to do",
            "link": "https://example.instana.io/#/events",
            "zone": "prod",
            "fqdn": "shop-1.example.com",
            "entity": "jvm",
            "entityLabel": "shop",
            "tags": "production, shop",
        }
    },
)
