"""Monthly partitions of what only ever grows: deliveries, events and facts.

There is no default partition: a row without a home is an error that somebody sees, not a heap that
nobody can split. So they are made a year ahead, at every start and every day.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

if TYPE_CHECKING:
    from opsknight.domain.store.engine import Connection

PARTITIONED: Final = ("deliveries", "events", "facts")
APPEND_ONLY: Final = "facts"
MONTHS_AHEAD: Final = 12
FEWEST_AHEAD: Final = 2
"""With fewer months than this ahead, OpsKnight is not ready."""

_EXISTING: Final = """
SELECT child.relname FROM pg_inherits
JOIN pg_class parent ON parent.oid = inhparent JOIN pg_class child ON child.oid = inhrelid
WHERE parent.relname IN ('deliveries', 'events', 'facts') AND pg_table_is_visible(parent.oid)
"""


async def extend(
    owner: Connection, *, now: datetime, app_role: str | None = None, months: int = MONTHS_AHEAD
) -> Sequence[str]:
    """Make the partitions that are missing from the month of `now` to `months` later; return their names.

    `owner` is a connection of the tables' owner, outside a transaction: each partition is committed
    by itself and takes only locks that let writers pass. `app_role` is granted what it has on the parent.
    """
    existing = {row["relname"] for row in await owner.fetch(_EXISTING)}
    made: list[str] = []
    for first, end in _months(now, months):
        for table in PARTITIONED:
            name = f"{table}_{first:%Y_%m}"
            if name not in existing:
                await _make(owner, table, name, first, end, app_role)
                made.append(name)
    return made


async def months_ahead(session: AsyncSession, *, now: datetime) -> int:
    """Return for how many whole months after that of `now` every table has a home for its rows."""
    existing = frozenset((await session.execute(text(_EXISTING))).scalars())
    ahead = 0
    for first, _ in list(_months(now, MONTHS_AHEAD))[1:]:
        if any(f"{table}_{first:%Y_%m}" not in existing for table in PARTITIONED):
            break
        ahead += 1
    return ahead


async def drop_empty(owner: Connection, *, before: datetime) -> Sequence[str]:
    """Drop the partitions that end at or before `before` and hold nothing; return their names.

    Retention deletes rows, because it must keep those of open incidents; this takes the empty shells away.
    Facts stay for ever.
    """
    dropped: list[str] = []
    for row in await owner.fetch(_EXISTING):
        name: str = row["relname"]
        table, year, month = name.rsplit("_", 2)
        end = _next_month(datetime(int(year), int(month), 1, tzinfo=UTC))
        if table == APPEND_ONLY or end > before or await owner.fetchval(f"SELECT EXISTS (SELECT FROM {name})"):  # noqa: S608  # a name of ours
            continue
        await owner.execute(f"DROP TABLE {name}")
        dropped.append(name)
    return dropped


def grants_on(table: str) -> str:
    """Return what the application may do with `table`, or with a partition of that name."""
    if table == APPEND_ONLY or table.startswith(f"{APPEND_ONLY}_"):
        return "SELECT, INSERT"
    if table == "installation":
        return "SELECT, UPDATE (restored_at)"
    if table == "alembic_version":
        return "SELECT"
    return "SELECT, INSERT, UPDATE, DELETE"


async def _make(owner: Connection, table: str, name: str, first: datetime, end: datetime, app_role: str | None) -> None:
    """Make it standalone, then attach it: a partition born in place would lock writers out of its parent."""
    async with owner.transaction():
        await owner.execute(f"CREATE TABLE {name} (LIKE {table} INCLUDING ALL)")
        if table == APPEND_ONLY:  # a statement trigger of the parent does not see who names the partition
            await owner.execute(
                f"CREATE TRIGGER facts_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {name}"
                " FOR EACH STATEMENT EXECUTE FUNCTION facts_are_for_ever()"
            )
        if app_role is not None:
            await owner.execute(f'GRANT {grants_on(name)} ON {name} TO "{app_role}"')
        await owner.execute(
            f"ALTER TABLE {table} ATTACH PARTITION {name}"
            f" FOR VALUES FROM ('{first.isoformat()}') TO ('{end.isoformat()}')"
        )


def _months(now: datetime, count: int) -> Iterator[tuple[datetime, datetime]]:
    """Yield the month of `now` and `count` more, each as its first instant and the next one's, in UTC."""
    first = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    for _ in range(count + 1):
        end = _next_month(first)
        yield first, end
        first = end


def _next_month(first: datetime) -> datetime:
    return first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
