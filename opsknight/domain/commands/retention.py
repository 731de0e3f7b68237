"""What is kept no longer: old raw deliveries, events, replays and changes, spent links, ended sessions, old keys.

Each call is one short transaction; callers repeat it while it returns a full step.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from sqlalchemy import CursorResult, text

from opsknight.domain.model.ledger import Fact
from opsknight.domain.model.rule import LONGEST
from opsknight.domain.store.unit_of_work import UnitOfWork

STEP = 2000
"""Rows removed in one transaction; keeps it under a second, so that the change feed is not held back."""
IDEMPOTENCY_KEPT = timedelta(days=7)
COMMAND_KEYS_KEPT = timedelta(days=1)
GROUPS_KEPT = timedelta(days=90)
"""After that an alert of a group opens an incident of its own again, even where the old one is still open."""
TURNED_AWAY_KEPT = timedelta(days=31)
PHONE_ANSWERS_KEPT = timedelta(days=7)
"""A carrier brings the same answer again for hours at most."""

_PARTS_WITHIN = timedelta(hours=1)
"""The events of one large delivery are stored in parts, the last of them no later than this after the first."""
_SKEW = timedelta(days=1)
"""How far the clock that makes ids may differ from the database's."""

# Ids rise with time: by them the old rows are found through the primary keys, however many newer ones there are.
# Events of an incident that is still open stay, and so does the delivery that they point to.
_RAW = {
    "events": f"""
        DELETE FROM events WHERE (delivery_id, ordinal, received_at) IN (
            SELECT e.delivery_id, e.ordinal, e.received_at FROM events e
            WHERE e.delivery_id < :id AND e.received_at < :before AND NOT EXISTS (
                SELECT 1 FROM incidents i WHERE i.id = e.incident_id AND i.status <> 'resolved')
            ORDER BY e.delivery_id LIMIT {STEP})
    """,  # noqa: S608  # a number of ours
    "deliveries": f"""
        DELETE FROM deliveries WHERE (id, received_at) IN (
            SELECT d.id, d.received_at FROM deliveries d
            WHERE d.id < :id AND d.received_at < :before AND d.id NOT IN (
                SELECT e.delivery_id FROM events e WHERE e.delivery_id < :id AND e.received_at < :until)
            ORDER BY d.id LIMIT {STEP})
    """,  # noqa: S608  # a number of ours
    "replays": f"""
        DELETE FROM replays WHERE delivery_id IN (
            SELECT r.delivery_id FROM replays r
            WHERE r.created_at < :before AND NOT EXISTS (
                SELECT FROM deliveries d WHERE d.id IN (r.delivery_id, r.original_id))
            ORDER BY r.created_at LIMIT {STEP})
    """,  # noqa: S608  # a number of ours
    "changes": f"""
        DELETE FROM changes WHERE id IN (
            SELECT c.id FROM changes c WHERE c.received_at < :before ORDER BY c.received_at LIMIT {STEP})
    """,  # noqa: S608  # a number of ours
}
_SPENT = {
    "sessions": "expires_at",
    "sign_in_links": "expires_at",
    "address_changes": "expires_at",
    "idempotency": "created_at",
    "command_keys": "created_at",
    "counted_events": "at",
    "incident_groups": "opened_at",
    "rerouted_keys": "at",
    "turned_away": "starts_at",
    "phone_answers": "at",
    "phone_turns": "at",
    "window_messages": "expires_at",
}
"""Since when a row of each table is of no use."""


_STAY = {
    "rerouted_keys": "AND NOT EXISTS (SELECT FROM alerts a WHERE a.service_id = to_service_id AND a.dedup_sha = to_sha"
    " AND a.status = 'open')"
}
"""Which of them stay nevertheless: by where an open alert was sent, its monitor still resolves it."""


async def remove_raw(uow: UnitOfWork, table: str, *, older_than: timedelta) -> int:
    """Remove one step of old rows of `table` (events before deliveries before replays); return how many."""
    result = await uow.session.execute(text(_RAW[table]), bounds(table, before=uow.now - older_than))
    removed = cast("CursorResult[None]", result).rowcount
    if removed:
        uow.record(Fact.RETENTION, name=table, count=removed)
    return removed


def bounds(table: str, *, before: datetime) -> dict[str, Any]:
    """Return what the statement of `table` is told: rows from `before` on stay."""
    if table in ("changes", "replays"):
        return {"before": before}
    bound: dict[str, Any] = {"id": UUID(int=int((before + _SKEW).timestamp() * 1000) << 80), "before": before}
    return bound | ({"until": before + _PARTS_WITHIN} if table == "deliveries" else {})


async def remove_spent(uow: UnitOfWork) -> int:
    """Remove one step each of ended sessions, links that are over, and keys and figures past their time.

    Returns how many of that went of which most went: STEP, when more may be left.
    """
    kept = {
        "idempotency": IDEMPOTENCY_KEPT,
        "command_keys": COMMAND_KEYS_KEPT,
        "turned_away": TURNED_AWAY_KEPT,
        "phone_answers": PHONE_ANSWERS_KEPT,
        "phone_turns": COMMAND_KEYS_KEPT,
    }
    kept |= {"counted_events": LONGEST, "incident_groups": GROUPS_KEPT, "rerouted_keys": GROUPS_KEPT}
    most = 0
    for table, since in _SPENT.items():
        statement = text(
            f"DELETE FROM {table} WHERE ctid = ANY(ARRAY("  # noqa: S608  # words of ours
            f"SELECT ctid FROM {table} WHERE {since} < :before {_STAY.get(table, '')} LIMIT {STEP}))"
        )
        result = await uow.session.execute(statement, {"before": uow.now - kept.get(table, timedelta())})
        most = max(most, cast("CursorResult[None]", result).rowcount)
    return most
