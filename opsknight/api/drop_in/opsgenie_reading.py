"""What Opsgenie's Alert API tells of alerts: the shape of one, and the few queries that are understood.

Sources: https://docs.opsgenie.com/docs/alert-api (get, list and count) and
https://support.atlassian.com/opsgenie/docs/search-queries-for-alerts/ (queries)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import orjson

from opsknight.api.ingest_answers import Problem
from opsknight.api.parse import parse
from opsknight.api.providers.opsgenie import SLUG, alias_of
from opsknight.api.reading import as_object, scoped, text
from opsknight.domain.queries.sent_alerts import SentAlert, Wanted

MAX_NUMBER: Final = 18
"""Digits of an incident's number."""
_PRIORITIES: Final[Mapping[str, str]] = {"critical": "P1", "error": "P2", "warning": "P3", "info": "P5"}
_STATUSES: Final[Mapping[str, str]] = {"open": "open", "closed": "resolved"}
_KINDS: Final[Mapping[str, str]] = {"alias": "alias", "id": "id", "identifier": "id", "tinyid": "tiny"}
_OF_OURS: Final = frozenset(("description", "priority", "note", "by", "actions", "responders"))
"""Details that the adapter added to what its sender calls details."""
_TERM: Final = re.compile(
    r"\s*(\w{1,40})\s*[:=]\s*(?:\"([^\"]{0,1024})\"|([^\s\"()]{1,1024}))\s*(?:\bAND\b|&&|$|(?=\s))", re.IGNORECASE
)
_UNKNOWN: Final = (
    "Query is not understood: OpsKnight finds alerts by alias, id, tinyId and status (open or closed), "
    "joined with AND, such as “alias: disk AND status: open”."
)


def meant(wanted: Wanted, kind: str, identifier: str) -> Wanted | None:
    """Return `wanted` with an alert's name of a kind: id, alias or tiny; None where there can be no such name."""
    if kind == "alias":
        return replace(wanted, dedup_key=scoped(SLUG, identifier))
    if kind == "tiny":
        is_number = identifier.isascii() and identifier.isdigit() and len(identifier) <= MAX_NUMBER
        return replace(wanted, number=int(identifier)) if is_number else None
    alert_id = uuid_of(identifier)
    return None if alert_id is None else replace(wanted, alert_id=alert_id)


def searched(wanted: Wanted, query: str) -> Wanted | None:
    """Return `wanted` with what a query asks for; None where nothing can be found by it.

    Raises:
        Problem: it asks for more than is understood; guessing would show alerts that were not meant.
    """
    at = 0
    while at < len(query.rstrip()):
        term = _TERM.match(query, at)
        if term is None:
            raise Problem(422, _UNKNOWN)
        at, field, value = term.end(), term[1].lower(), term[2] if term[2] is not None else term[3]
        if field == "status" and (status := _STATUSES.get(value.lower())):
            if wanted.status not in (None, status):
                return None
            wanted = replace(wanted, status=status)
        elif (kind := _KINDS.get(field)) is None:
            raise Problem(422, _UNKNOWN)
        elif (found := meant(wanted, kind, value)) is None:
            return None
        else:
            wanted = found
    return wanted


def whole_number(said: str, *, otherwise: int, most: int) -> int:
    """Return a number of the query, `otherwise` where none is given, `most` at most.

    Raises:
        Problem: it is no whole number.
    """
    if not said:
        return otherwise
    if not (said.isascii() and said.isdigit()):
        raise Problem(422, "limit and offset must be whole numbers.")
    return min(int(said[:MAX_NUMBER]), most)


def told(alert: SentAlert) -> dict[str, Any]:
    """Return an alert as lists have it. People are not named: an integration's key is nobody's sign-in."""
    is_open, snoozed = alert.status == "open", alert.incident_status == "snoozed"
    said = {
        "id": str(alert.id),
        "tinyId": str(alert.number),
        "alias": own_alias(alert.dedup_key, alert.told_by),
        "message": alert.title,
        "status": "open" if is_open else "closed",
        "acknowledged": is_open and alert.incident_status == "acknowledged",
        "isSeen": alert.acknowledged_at is not None,
        "tags": [f"{name}:{value}" if value else name for name, value in alert.tags.items()],
        "snoozed": is_open and snoozed,
        "count": alert.count,
        "lastOccurredAt": written(alert.last_seen_at),
        "createdAt": written(alert.opened_at),
        "updatedAt": written(max(alert.updated_at, alert.last_seen_at)),
        "source": alert.component or alert.source,
        "owner": "",
        "priority": text(alert.details.get("priority")) or _PRIORITIES[alert.severity],
        "responders": [],
        "integration": {
            "id": str(alert.integration_id or ""),
            "name": alert.integration or "",
            "type": "API",
        },
        "report": _report(alert),
    }
    return said | ({"snoozedUntil": written(alert.until)} if is_open and snoozed and alert.until else {})


def told_whole(alert: SentAlert) -> dict[str, Any]:
    """Return an alert as it is told alone."""
    details, actions = alert.details, alert.details.get("actions")
    return told(alert) | {
        "actions": actions if isinstance(actions, list) else [],
        "entity": alert.source if alert.component else "",
        "description": text(details.get("description")),
        "details": {
            name: text(value) or orjson.dumps(value).decode() for name, value in details.items() if name not in _OF_OURS
        },
    }


def _report(alert: SentAlert) -> dict[str, Any]:
    spans = (("ackTime", alert.acknowledged_at), ("closeTime", alert.resolved_at))
    return {name: max(0, round((at - alert.opened_at).total_seconds() * 1000)) for name, at in spans if at is not None}


def own_alias(dedup_key: str, told_by: bytes | None) -> str:
    """Return the alias by which its sender knows an alert, whatever key rules gave it.

    `told_by` is what its sender said of it, None where that is not known (any more).
    """
    if told_by is None or dedup_key.startswith(f"{SLUG}:"):
        return dedup_key.removeprefix(f"{SLUG}:")
    return scoped(SLUG, alias_of(as_object(parse(told_by).payload))).removeprefix(f"{SLUG}:")


def written(at: datetime) -> str:
    """Return an instant as Opsgenie writes it."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def uuid_of(said: str) -> UUID | None:
    """Return the id that a text is, None where it is none."""
    try:
        return UUID(said)
    except ValueError:
        return None
