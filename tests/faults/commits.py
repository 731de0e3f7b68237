"""Holding a transaction of the running product inside its COMMIT, to pull a plug right there.

Nothing in the product knows of it. A deferred trigger waits for a lock that the test holds: what
was written is not durable yet, and the product awaits the answer to its COMMIT. A standby that does
not exist keeps the answer back once it is durable.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any, Self

import asyncpg

from tests.bounds import PATIENCE_S
from tests.faults.product import Product
from tests.server import until

_LOCK = 0x0B5_FA17
"""The first half of the lock that is held; the second is the table."""
_GO = _LOCK + 1
"""The first half of the lock that lets them go. Who holds them may be ended first when a server stops: that alone
must not let a commit through before it is ended as well."""
_WAIT = f"""
    CREATE OR REPLACE FUNCTION wait_in_commit() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_TABLE_NAME = 'attempts' THEN
            -- A canary flies whenever its minute comes: it is nobody's page and not what a case waits for.
            IF EXISTS (SELECT FROM notifications WHERE id = NEW.notification_id AND incident_id IS NULL) THEN
                RETURN NULL;
            END IF;
        END IF;
        IF NOT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND classid = {_LOCK} AND objid = TG_RELID
                AND granted) THEN
            RETURN NULL;
        END IF;
        WHILE NOT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND classid = {_GO} AND objid = TG_RELID
                AND granted) LOOP
            PERFORM pg_sleep(0.005);
        END LOOP;
        RETURN NULL;
    END $$
"""  # noqa: S608  # our own words
_CONFIGURED_WITHIN_S = 0.3
"""How soon every process of the server has read its configuration again; none of them tells."""


class HeldCommits:
    """While entered, commits that insert into `table` wait.

    Tables with partitions cannot be told so; each of their rows comes with one of a table that can.
    """

    def __init__(self, product: Product, table: str) -> None:
        """Name the table; nothing is held yet."""
        self._product, self._table = product, table
        self._lock, self._go = (f"{half}, '{table}'::regclass::integer" for half in (_LOCK, _GO))
        self._loop = asyncio.new_event_loop()
        self._holder: asyncpg.Connection[asyncpg.Record]

    def __enter__(self) -> Self:
        self._holder = self._loop.run_until_complete(asyncpg.connect(self._product.admin_dsn(), timeout=PATIENCE_S))
        self._run(_WAIT)
        self._run(f"DROP TRIGGER IF EXISTS waits ON {self._table}")
        self._run(
            f"CREATE CONSTRAINT TRIGGER waits AFTER INSERT ON {self._table} DEFERRABLE INITIALLY DEFERRED"
            " FOR EACH ROW EXECUTE FUNCTION wait_in_commit()"
        )
        self._run(f"SELECT pg_advisory_lock({self._lock})")
        return self

    def __exit__(self, *_: object) -> None:
        self._holder.terminate()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    def wait_for_one(self) -> int:
        """Return the server process of the first commit that is held."""
        held = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
        return int(until(lambda: self._rows(held), within_s=10)[0]["pid"])

    def let_go(self, pid: int) -> None:
        """Let the commits through, and return once that of `pid` is durable."""
        self._let_go()
        idle = "SELECT FROM pg_stat_activity WHERE pid = $1 AND state = 'idle'"
        until(lambda: self._rows(idle, pid), within_s=5)

    def let_go_without_answer(self, pid: int) -> None:
        """Let the commits through, and cut the connection of `pid` once its commit is durable, before its answer."""
        self._run("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
        try:
            self._run("SELECT pg_reload_conf()")
            time.sleep(_CONFIGURED_WITHIN_S)
            self._let_go()
            durable = "SELECT FROM pg_stat_activity WHERE pid = $1 AND wait_event = 'SyncRep'"
            until(lambda: self._rows(durable, pid), within_s=10)
            self._run(f"SELECT pg_terminate_backend({pid})")
        finally:
            # Until then every other commit waits too, and would in the cases that follow.
            self._run("ALTER SYSTEM RESET synchronous_standby_names")
            self._run("SELECT pg_reload_conf()")

    def _let_go(self) -> None:
        self._run(f"SELECT pg_advisory_lock({self._go}), pg_advisory_unlock({self._lock})")

    def _run(self, statement: str) -> None:
        self._loop.run_until_complete(self._holder.execute(statement))

    def _rows(self, query: str, *values: Any) -> list[Any]:
        return self._loop.run_until_complete(self._holder.fetch(query, *values))
