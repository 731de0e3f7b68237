"""Who works on what is due: leases of 30 s with a fence, and what happens when a worker dies.

A claim is one short statement; rows that somebody else is claiming at the same instant are skipped, and all of
them in a restored copy that nobody has armed.
Each worker holds an advisory lock on a connection of its own (see `worker_lock`); what a worker
without its lock had claimed is free.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.model.full_hosts import NO_HOSTS, FullHosts

LEASE: Final = timedelta(seconds=30)
PERHAPS_SENT_AFTER: Final = timedelta(seconds=15)
"""A call of a dead worker may still be under way for this long; afterwards nobody knows, so it is ambiguous."""
WORKER_LOCKS: Final = 0x0B5
"""The first half of every worker's advisory lock; the second is the worker."""


@dataclass(frozen=True, slots=True)
class ClaimedTimer:
    """A timer that is due and ours until the lease ends. `attempts` counts earlier failures.

    One that came with many others `gather`s: the messages that it leads to go together.
    """

    id: UUID
    kind: str
    subject: UUID
    generation: int
    due_at: datetime
    fence: int
    attempts: int
    gather: bool = False


@dataclass(frozen=True, slots=True)
class ClaimedNotification:
    """A notification that is due and ours until the lease ends.

    `before` is its status when it was claimed. `perhaps_sent` is True when an attempt of an earlier
    worker was begun and never completed.
    """

    id: UUID
    page_id: UUID
    incident_id: UUID | None
    generation: int
    user_id: int
    contact_method_id: int
    channel: str
    urgency: str
    position: int
    due_at: datetime
    fence: int
    attempts: int
    before: str
    perhaps_sent: bool


ARMED: Final = "NOT EXISTS (SELECT FROM installation WHERE restored_at IS NOT NULL)"
"""What each claim asks in the same statement: a copy that is not armed works nothing off."""
_DUE_TIMERS: Final = text(f"""
    UPDATE timers t SET lease_until = :lease_until, worker = :worker, fence = t.fence + 1
    FROM (
        SELECT id FROM timers
        WHERE {ARMED} AND dead_at IS NULL AND due_at <= :now AND (lease_until IS NULL OR lease_until <= :now)
        ORDER BY urgent DESC, due_at LIMIT :limit FOR UPDATE SKIP LOCKED
    ) due
    WHERE t.id = due.id
    RETURNING t.id, t.kind, t.subject, t.generation, t.due_at, t.fence, t.attempts, t.gather
""")  # noqa: S608  # our own words

_ELSEWHERE: Final = """
      AND NOT EXISTS (SELECT FROM contact_methods m WHERE m.id = notifications.contact_method_id
          AND lower(substring(m.address FROM '^[a-z]+://([^/?#]*)')) = ANY({hosts}))
"""
# First attempts and retries have an index each, so that neither is ever sorted, or waded through to find the other.
_DUE: Final = """
    SELECT id, status FROM notifications
    WHERE channel = :channel AND urgency = '{urgency}' AND finished_at IS NULL AND attempts {tried}
      AND status IN ('queued', 'sending', 'ambiguous') AND due_at <= :now
      AND (lease_until IS NULL OR lease_until <= :now) AND {armed} {further}
    ORDER BY due_at LIMIT {limit} FOR UPDATE SKIP LOCKED
"""


def elsewhere(hosts: str) -> str:
    """Return the condition that a notification's address is at none of the hosts that the parameter `hosts` names."""
    return _ELSEWHERE.format(hosts=hosts)


def _due_of(urgency: str, limit: str, further: str) -> str:
    """Return the common tables of what is due at `urgency`: at most `limit`, first attempts before retries.

    `further` is one more condition, "" for none.
    """
    first = _DUE.format(urgency=urgency, tried="= 0", limit=limit, armed=ARMED, further=further)
    left = f"{limit} - (SELECT count(*) FROM {urgency}_first)"  # noqa: S608  # our own words
    again = _DUE.format(urgency=urgency, tried="> 0", limit=left, armed=ARMED, further=further)
    return f"{urgency}_first AS ({first}), {urgency}_again AS ({again})"


_LEFT_FOR_LOW: Final = """
    LEAST(:limit_low, :limit - (SELECT count(*) FROM high_first) - (SELECT count(*) FROM high_again))
"""


def _due_notifications(high: str = "", low: str = "") -> str:
    return f"""
    WITH {_due_of("high", ":limit", high)}, {_due_of("low", _LEFT_FOR_LOW, low)}, due AS (
        TABLE high_first UNION ALL TABLE high_again UNION ALL TABLE low_first UNION ALL TABLE low_again)
    UPDATE notifications n SET status = 'sending', lease_until = :lease_until, worker = :worker, fence = n.fence + 1
    FROM due WHERE n.id = due.id
    RETURNING n.id, n.page_id, n.incident_id, n.generation, n.user_id, n.contact_method_id, n.channel, n.urgency,
        n.position, n.due_at, n.fence, n.attempts, due.status AS before,
        EXISTS (SELECT FROM attempts a WHERE a.notification_id = n.id AND a.outcome = 'started') AS perhaps_sent
"""  # noqa: S608  # our own words


_DUE_NOTIFICATIONS: Final = text(_due_notifications())
_DUE_ELSEWHERE: Final = text(_due_notifications(elsewhere(":full"), elsewhere(":full_for_low")))

LIVE_WORKERS: Final = f"""
    SELECT objid::bigint FROM pg_locks
    WHERE locktype = 'advisory' AND classid = {WORKER_LOCKS} AND objsubid = 2 AND granted
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""  # noqa: S608  # a number of ours
_DEAD_WORKERS: Final = text(f"SELECT w FROM unnest(CAST(:ids AS bigint[])) w WHERE w NOT IN ({LIVE_WORKERS})")  # noqa: S608

_RELEASE_TIMERS: Final = text("""
    UPDATE timers SET lease_until = NULL, worker = NULL, fence = fence + 1
    WHERE dead_at IS NULL AND due_at <= :now AND worker = :worker
""")
_FREE_TIMERS: Final = text(f"""
    UPDATE timers SET lease_until = NULL, worker = NULL
    WHERE dead_at IS NULL AND due_at <= :now AND lease_until > :now AND worker NOT IN ({LIVE_WORKERS})
""")  # noqa: S608
_FREE_NOTIFICATIONS: Final = text(f"""
    UPDATE notifications n SET lease_until = NULL, worker = NULL,
        status = CASE WHEN begun.started_at IS NULL THEN 'queued' ELSE 'ambiguous' END
    FROM (
        SELECT o.id, max(a.started_at) AS started_at
        FROM (
            SELECT id, due_at, lease_until, worker FROM notifications WHERE finished_at IS NULL AND attempts = 0
            UNION ALL
            SELECT id, due_at, lease_until, worker FROM notifications WHERE finished_at IS NULL AND attempts > 0
        ) o LEFT JOIN attempts a ON a.notification_id = o.id AND a.outcome = 'started'
        WHERE o.due_at <= :now AND o.lease_until > :now AND o.worker NOT IN ({LIVE_WORKERS})
        GROUP BY o.id
    ) begun
    WHERE n.id = begun.id AND (begun.started_at IS NULL OR begun.started_at <= :perhaps_sent_before)
      AND n.status IN ('queued', 'sending', 'ambiguous') AND n.lease_until > :now AND n.worker NOT IN ({LIVE_WORKERS})
""")  # noqa: S608


def new_worker() -> int:
    """Return a number for this boot of a worker; it fits PostgreSQL's integer and its advisory locks."""
    return secrets.randbelow(2**31 - 1) + 1


async def due_timers(session: AsyncSession, *, now: datetime, worker: int, limit: int) -> list[ClaimedTimer]:
    """Claim at most `limit` timers that are due at `now`: the urgent before others, of those the longest due."""
    values = {"now": now, "lease_until": now + LEASE, "worker": worker, "limit": limit}
    claimed = [ClaimedTimer(*row) for row in await session.execute(_DUE_TIMERS, values)]
    return sorted(claimed, key=lambda timer: timer.due_at)


async def due_notifications(
    session: AsyncSession,
    *,
    now: datetime,
    worker: int,
    channel: str,
    limit: int,
    limit_low: int,
    full: FullHosts = NO_HOSTS,
) -> list[ClaimedNotification]:
    """Claim what is due on `channel`: high urgency first, then first attempts, then the longest due.

    At most `limit` in all and `limit_low` of low urgency: the caller keeps places for high. What goes to a host that
    is `full` is left to wait.
    """
    values = {
        "now": now, "lease_until": now + LEASE, "worker": worker, "channel": channel,
        "limit": limit, "limit_low": limit_low,
    }  # fmt: skip
    statement = _DUE_NOTIFICATIONS
    if full != NO_HOSTS:
        statement, values = _DUE_ELSEWHERE, {**values, **full.values}
    claimed = [ClaimedNotification(*row) for row in await session.execute(statement, values)]
    return sorted(claimed, key=lambda one: (one.urgency != "high", one.attempts > 0, one.due_at))


async def release_timers(session: AsyncSession, *, now: datetime, worker: int) -> None:
    """Let go of every timer that `worker` has leased; what it still does with one comes too late."""
    await session.execute(_RELEASE_TIMERS, {"now": now, "worker": worker})


async def free_of_the_dead(session: AsyncSession, *, now: datetime) -> int:
    """Free what workers had claimed that hold their lock no more; return how many rows that were.

    Timers are free at once, and so are notifications without an attempt under way. One with an
    attempt `started` is freed PERHAPS_SENT_AFTER its start, as ambiguous; its attempt row stays as it is.
    """
    timers = await session.execute(_FREE_TIMERS, {"now": now})
    notifications = await session.execute(
        _FREE_NOTIFICATIONS, {"now": now, "perhaps_sent_before": now - PERHAPS_SENT_AFTER}
    )
    return timers.rowcount + notifications.rowcount  # type: ignore[attr-defined]  # an UPDATE's result has it


async def dead_workers(session: AsyncSession, ids: Iterable[int]) -> set[int]:
    """Return those of the workers `ids` that do not hold their lock."""
    return set((await session.execute(_DEAD_WORKERS, {"ids": list(ids)})).scalars())
