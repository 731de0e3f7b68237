"""What is kept no longer: old raw deliveries and events, spent links, ended sessions, old idempotency keys.

Each call is one short transaction; callers repeat it while it returns a full step.
"""

from __future__ import annotations

from datetime import timedelta
from typing import cast

from sqlalchemy import CursorResult, text

from opsknight.domain.model.ledger import Fact
from opsknight.domain.store.unit_of_work import UnitOfWork

STEP = 2000
"""Rows removed in one transaction; keeps it under a second, so that the change feed is not held back."""
IDEMPOTENCY_KEPT = timedelta(days=7)
COMMAND_KEYS_KEPT = timedelta(days=1)

_RAW = {
    # Events of an incident that is still open stay, and so does the delivery that they point to.
    "events": f"""
        DELETE FROM events WHERE (id, received_at) IN (
            SELECT e.id, e.received_at FROM events e
            WHERE e.received_at < :before AND NOT EXISTS (
                SELECT 1 FROM incidents i WHERE i.id = e.incident_id AND i.status <> 'resolved')
            LIMIT {STEP})
    """,  # noqa: S608  # a number of ours
    "deliveries": f"""
        DELETE FROM deliveries WHERE (id, received_at) IN (
            SELECT d.id, d.received_at FROM deliveries d
            WHERE d.received_at < :before AND NOT EXISTS (
                SELECT 1 FROM events e WHERE e.delivery_id = d.id AND e.received_at = d.received_at)
            LIMIT {STEP})
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
    removed = await _delete(uow, _RAW[table], older_than=older_than)
    if removed:
        uow.record(Fact.RETENTION, name=table, count=removed)
    return removed


async def remove_spent(uow: UnitOfWork) -> int:
    """Remove ended sessions, links that are over, and idempotency keys past their time; return how many."""
    kept = {"idempotency": IDEMPOTENCY_KEPT, "command_keys": COMMAND_KEYS_KEPT}
    return sum([await _delete(uow, sql, older_than=kept.get(name, timedelta())) for name, sql in _SPENT.items()])


async def _delete(uow: UnitOfWork, sql: str, *, older_than: timedelta) -> int:
    result = await uow.session.execute(text(sql), {"before": uow.now - older_than})
    return cast("CursorResult[None]", result).rowcount
