"""Holding a transaction of the running product inside its COMMIT, to pull the plug right there.

Nothing in the product knows of it: a deferred trigger of the database waits for a lock that the
test holds. What was written is not durable yet, and the product awaits the answer to its COMMIT.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any, Self

import asyncpg

from tests.faults.product import Product
from tests.server import until

_LOCK = 0x0B5_FA17
_WAIT = f"""
    CREATE OR REPLACE FUNCTION wait_in_commit() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        WHILE EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = {_LOCK} AND granted) LOOP
            PERFORM pg_sleep(0.005);
        END LOOP;
        RETURN NULL;
    END $$
"""
_HELD = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'"


class HeldCommits:
    """While entered, commits that insert into `table` wait; `let_go` lets them through.

    The tables with partitions cannot be told so; each of their rows comes with one that can.
    """

    def __init__(self, product: Product, table: str) -> None:
        """Name the table; nothing is held yet."""
        self._product, self._table = product, table
        self._loop = asyncio.new_event_loop()
        self._holder: asyncpg.Connection[asyncpg.Record]

    def __enter__(self) -> Self:
        self._holder = self._loop.run_until_complete(asyncpg.connect(self._product.owner_dsn(), timeout=5))
        self._run(_WAIT)
        self._run(f"DROP TRIGGER IF EXISTS waits ON {self._table}")
        self._run(
            f"CREATE CONSTRAINT TRIGGER waits AFTER INSERT ON {self._table} DEFERRABLE INITIALLY DEFERRED"
            " FOR EACH ROW EXECUTE FUNCTION wait_in_commit()"
        )
        self._run(f"SELECT pg_advisory_lock({_LOCK})")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._holder.terminate()
        self._loop.close()

    def wait_for_one(self) -> int:
        """Return the server process of the first commit that is held."""
        return int(until(lambda: self._rows(_HELD), within_s=10)[0]["pid"])

    def let_go(self, held: int) -> None:
        """Let the commits through, and return once `held` is durable."""
        self._run(f"SELECT pg_advisory_unlock({_LOCK})")
        state = f"SELECT FROM pg_stat_activity WHERE pid = {held} AND state = 'idle'"
        until(lambda: self._rows(state), within_s=5)

    def _run(self, statement: str) -> None:
        self._loop.run_until_complete(self._holder.execute(statement))

    def _rows(self, query: str) -> list[Any]:
        return self._loop.run_until_complete(self._holder.fetch(query))
