"""Databases that tests have one after the other: what one left there is taken out, in a sixth of the time of a copy.

A test that changed more than rows, or wrote so many that plans would see it, has had its database to itself. The
pools stay connected meanwhile, for a new connection has to learn every table anew: both took a third of a test's time.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Final, Self

import asyncpg
from sqlalchemy import event

from opsknight.domain.store.engine import Database, connect
from tests.bounds import WIDER

if TYPE_CHECKING:
    from opsknight.domain.store.engine import Connection

_GONE_WITHIN_MS: Final = 2000
_TOO_LARGE: Final = 2**20
"""Bytes of tables and of what was deleted from them: a few dozen tests leave so much."""
_SHAPE: Final = """
SELECT concat_ws(' ',
    (SELECT (count(*), max(xmin::text::bigint), sum(relpages), sum(reltuples))::text FROM pg_class),
    (SELECT (count(*), max(xmin::text::bigint))::text FROM pg_attribute),
    (SELECT (count(*), max(xmin::text::bigint))::text FROM pg_constraint),
    (SELECT (count(*), max(xmin::text::bigint))::text FROM pg_trigger),
    (SELECT (count(*), max(xmin::text::bigint))::text FROM pg_proc))
"""
"""Tells a schema that was changed, or analysed: what writes its rows anew numbers them anew."""
_KEEP: Final = """
DO $$
DECLARE
    kept record;
BEGIN
    CREATE SCHEMA at_first;
    FOR kept IN SELECT relname FROM pg_class
        WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND pg_relation_size(oid) > 0
    LOOP
        EXECUTE format('CREATE TABLE at_first.%I AS TABLE public.%I', kept.relname, kept.relname);
    END LOOP;
END
$$
"""
_THERE: Final = """
SELECT count(*) FROM pg_stat_activity a WHERE datname = current_database() AND pid = ANY($1) AND state = 'idle'
    AND NOT EXISTS (SELECT FROM pg_locks l WHERE l.pid = a.pid)
"""
"""Those of the pools that hold nothing, not even a transaction."""
_LEAVE: Final = f"""
SELECT coalesce(bool_and(pg_terminate_backend(pid, {_GONE_WITHIN_MS})), true) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND pid <> ALL($1) AND backend_type = 'client backend'
"""  # noqa: S608  # a number of ours
_SIZE: Final = """
SELECT sum(pg_relation_size(oid)) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
"""
_EMPTY: Final = """
DO $$
DECLARE
    written record;
BEGIN
    SET LOCAL session_replication_role = replica;
    FOR written IN SELECT relname FROM pg_class
        WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND pg_relation_size(oid) > 0
    LOOP
        EXECUTE format('DELETE FROM public.%I', written.relname);
        IF to_regclass(format('at_first.%I', written.relname)) IS NOT NULL THEN
            EXECUTE format('INSERT INTO public.%I SELECT * FROM at_first.%I', written.relname, written.relname);
        END IF;
    END LOOP;
    PERFORM setval(seqrelid::regclass, seqstart, false) FROM pg_sequence
        WHERE pg_sequence_last_value(seqrelid) IS NOT NULL;
END
$$
"""
"""Rows alone, and without a trigger: a truncated table has new files, each index a further one."""


class Pools(Database):
    """The product's pools, which stay connected from one test to the next and remember what they compiled."""

    def __init__(self) -> None:
        """Wait for the first test, with more patience for a machine that stands still."""
        super().__init__("", patience=WIDER)
        self._staying: set[int] = set()
        for engine in self._engines:
            event.listen(engine.sync_engine, "connect", lambda connection, _: self._staying.add(_pid(connection)))
            event.listen(engine.sync_engine, "close", lambda connection, _: self._staying.discard(_pid(connection)))

    @property
    def staying(self) -> Collection[int]:
        """The server's processes of all connections."""
        return self._staying

    async def turn_to(self, dsn: str) -> None:
        """Be the pools of the database `dsn` from now on."""
        if self.dsn != dsn:
            await super().close()
            self._staying.clear()
            self.dsn = dsn

    async def close(self) -> None:
        """Stay, whoever has finished with them: the next test goes on."""


def _pid(connection: Any) -> int:
    return connection.driver_connection.get_server_pid()


class Lent:
    """One of them, with a connection of its own: `await database.emptied()` says whether another test may have it."""

    def __init__(self, eye: Connection, shape: str) -> None:
        """Remember what it looks like."""
        self._eye = eye
        self._shape = shape

    @classmethod
    async def watch(cls, admin_dsn: str) -> Self:
        """Watch over a fresh copy."""
        eye = await connect(admin_dsn, purpose="tests")
        return cls(eye, await eye.fetchval(_SHAPE))

    async def emptied(self, staying: Collection[int]) -> bool:
        """Send everybody away but those `staying`, and take out what was written; False: nobody shall use it again."""
        try:
            return (
                await self._eye.fetchval(_THERE, list(staying)) == len(staying)
                and await self._eye.fetchval(_LEAVE, list(staying))
                and await self._eye.fetchval(_SHAPE) == self._shape
                and await self._eye.fetchval(_SIZE) < _TOO_LARGE
                and bool(await self._eye.execute(_EMPTY))
            )
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):  # a test has ended our connection, too
            return False

    async def close(self) -> None:
        """Let go of it."""
        self._eye.terminate()


async def keep_first_rows(template: Connection) -> None:
    """Keep in a template what its tables hold, for those that are emptied."""
    await template.execute(_KEEP)
