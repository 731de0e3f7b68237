"""What is kept no longer: old raw deliveries and events, spent links, ended sessions, old idempotency keys.

Each call is one short transaction; callers repeat it while it returns a full step.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from sqlalchemy import CursorResult, text

from opsknight.domain.model.ledger import Fact
from opsknight.domain.store.unit_of_work import UnitOfWork

STEP = 2000
"""Rows removed in one transaction; keeps it under a second, so that the change feed is not held back."""
IDEMPOTENCY_KEPT = timedelta(days=7)
COMMAND_KEYS_KEPT = timedelta(days=1)

_PARTS_WITHIN = timedelta(hours=1)
"""The events of one large delivery are stored in parts, the last of them no later than this after the first."""
_SKEW = timedelta(days=1)
"""How far the clock that makes ids may differ from the database's."""

# Ids rise with time: by them the old rows are found through the primary keys, however many newer ones there are.
# Events of an incident that is still open stay, and so does the delivery that they point to.
_RAW = {
    "events": f"""
        DELETE FROM events WHERE (id, received_at) IN (
            SELECT e.id, e.received_at FROM events e
            WHERE e.id < :id AND e.received_at < :before AND NOT EXISTS (
                SELECT 1 FROM incidents i WHERE i.id = e.incident_id AND i.status <> 'resolved')
            ORDER BY e.id LIMIT {STEP})
    """,  # noqa: S608  # a number of ours
    "deliveries": f"""
        DELETE FROM deliveries WHERE (id, received_at) IN (
            SELECT d.id, d.received_at FROM deliveries d
            WHERE d.id < :id AND d.received_at < :before AND d.id NOT IN (
                SELECT e.delivery_id FROM events e WHERE e.id < :id AND e.received_at < :until)
            ORDER BY d.id LIMIT {STEP})
    """,  # noqa: S608  # a number of ours
}
_SPENT = {
    "sessions": "DELETE FROM sessions WHERE expires_at < :before",
    "sign_in_links": "DELETE FROM sign_in_links WHERE expires_at < :before",
    "idempotency": "DELETE FROM idempotency WHERE created_at < :before",
    "command_keys": "DELETE FROM command_keys WHERE created_at < :before",
}


async def remove_raw(uow: UnitOfWork, table: str, *, older_than: timedelta) -> int:
    """Remove one step of old rows of `table` (events before deliveries); return how many."""
    result = await uow.session.execute(text(_RAW[table]), bounds(table, before=uow.now - older_than))
    removed = cast("CursorResult[None]", result).rowcount
    if removed:
        uow.record(Fact.RETENTION, name=table, count=removed)
    return removed


def bounds(table: str, *, before: datetime) -> dict[str, Any]:
    """Return what the statement of `table` is told: rows from `before` on stay."""
    bound: dict[str, Any] = {"id": UUID(int=int((before + _SKEW).timestamp() * 1000) << 80), "before": before}
    return bound | ({"until": before + _PARTS_WITHIN} if table == "deliveries" else {})


async def remove_spent(uow: UnitOfWork) -> int:
    """Remove ended sessions, links that are over, and idempotency keys past their time; return how many."""
    kept = {"idempotency": IDEMPOTENCY_KEPT, "command_keys": COMMAND_KEYS_KEPT}
    return sum([await _delete(uow, sql, older_than=kept.get(name, timedelta())) for name, sql in _SPENT.items()])


async def _delete(uow: UnitOfWork, sql: str, *, older_than: timedelta) -> int:
    result = await uow.session.execute(text(sql), {"before": uow.now - older_than})
    return cast("CursorResult[None]", result).rowcount
