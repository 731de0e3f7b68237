"""Connections to PostgreSQL: a pool for each kind of work, so that none can starve another."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import asyncpg
import orjson
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from opsknight.errors import CannotStart

if TYPE_CHECKING:
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record]
    Sessions: TypeAlias = async_sessionmaker[AsyncSession]

OLDEST_SERVER: Final = 15
CONNECT_WITHIN_S: Final = 3.0

_LOST: Final = (
    asyncpg.ConnectionDoesNotExistError,
    asyncpg.PostgresConnectionError,
    asyncpg.InternalClientError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    OSError,  # refused, reset, no socket yet, and TimeoutError: the answer to a question may never come
)
_TRY_AGAIN: Final = frozenset({"40001", "40P01"})
_BUSY: Final = frozenset({"55P03", "57014", "25P03", "53"})
"""A lock or statement timeout, a transaction that idled too long, and all that the server has too little of (53)."""


class UnfitDatabase(CannotStart):
    """OpsKnight cannot or must not use this database; the text says why and what now, for a person."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How many connections, and for how long each may be kept busy.

    The server ends a statement after `statement_s`; we stop waiting for a server that is stuck a
    second later. Connections that are `pinged` are asked first whether they live: nobody meets a dead
    one after a restart of the server. That costs those that only read a round trip; the others have
    their transaction begun by it. What is not pinged is for work that is done again when it meets a
    dead one.
    """

    size: int
    statement_s: float
    lock_s: float = 2.0
    idle_in_transaction_s: float = 10.0
    pinged: bool = True
    reads_only: bool = False
    """Each statement is then a transaction of its own, which spares the two round trips that begin and end one."""

    def on_server(self, purpose: str) -> dict[str, str]:
        """Return what the server is told about a connection for `purpose`."""
        return {
            "default_transaction_read_only": "on" if self.reads_only else "off",
            "application_name": f"opsknight {purpose}",
            "timezone": "UTC",
            "statement_timeout": _milliseconds(self.statement_s),
            "lock_timeout": _milliseconds(self.lock_s),
            "idle_in_transaction_session_timeout": _milliseconds(self.idle_in_transaction_s),
        }


COMMANDS: Final = Limits(size=8, statement_s=5)
SCREENS: Final = Limits(size=6, statement_s=5, reads_only=True)
SESSIONS: Final = Limits(size=4, statement_s=5, pinged=False, reads_only=True)
ENGINE: Final = Limits(size=8, statement_s=10, pinged=False)
ENGINE_READS: Final = Limits(size=2, statement_s=10, pinged=False, reads_only=True)
FEED: Final = Limits(size=2, statement_s=5, pinged=False, reads_only=True)
HEALTH: Final = Limits(size=2, statement_s=2, reads_only=True)
LANE: Final = Limits(size=1, statement_s=5)
DIRECT: Final = Limits(size=1, statement_s=60, lock_s=30, idle_in_transaction_s=60)


class Database:
    """The pools of one process. Each is called to open a session: `async with database.screens() as session`.

    `commands` is for what people do, `screens` for what they read, `sessions` for finding out who
    they are, `engine` for paging and `engine_reads` for what it waits for, `feed` for what boards are
    told, `health` for probes, which must answer when all others are busy.
    """

    def __init__(self, dsn: str, *, patience: float = 1) -> None:
        """Prepare pools for `dsn`, a postgresql:// address; connections open when they are needed.

        `patience` is how many times longer than usual the server is waited for, where machines stand
        still for seconds and nobody waits for a page.
        """
        self.dsn = plain_dsn(dsn)
        self._patience = patience
        self._engines: list[AsyncEngine] = []
        self.commands = self._sessions("commands", COMMANDS)
        self.screens = self._sessions("screens", SCREENS)
        self.sessions = self._sessions("sessions", SESSIONS)
        self.engine = self._sessions("engine", ENGINE)
        self.engine_reads = self._sessions("engine reads", ENGINE_READS)
        self.feed = self._sessions("feed", FEED)
        self.health = self._sessions("health", HEALTH)

    async def lane(self) -> Connection:
        """Open a connection that the ingest lane keeps."""
        return await connect(self.dsn, purpose="ingest", limits=LANE, patience=self._patience)

    async def direct(self, purpose: str) -> Connection:
        """Open a connection outside the pools, for LISTEN and for advisory locks of a session."""
        return await connect(self.dsn, purpose=purpose, limits=DIRECT, patience=self._patience)

    async def close(self) -> None:
        """Close every pool; sessions that are still open lose their connection."""
        for engine in self._engines:
            await engine.dispose()

    def _sessions(self, purpose: str, limits: Limits) -> Sessions:
        engine = create_async_engine(
            "postgresql+asyncpg://",
            async_creator=lambda: _open(self.dsn, purpose=purpose, limits=limits, patience=self._patience),
            pool_size=limits.size,
            max_overflow=0,
            isolation_level="AUTOCOMMIT" if limits.reads_only else "READ COMMITTED",
            pool_timeout=CONNECT_WITHIN_S * self._patience,
            hide_parameters=True,  # an error names what failed, not the secrets that were in it
            json_serializer=_json_text,
            json_deserializer=orjson.loads,
        )
        event.listen(engine.sync_engine, "checkout", _judge(limits))
        self._engines.append(engine)
        return async_sessionmaker(engine, expire_on_commit=False)


async def connect(dsn: str, *, purpose: str, limits: Limits = DIRECT, patience: float = 1) -> Connection:
    """Open one asyncpg connection; jsonb goes in and comes out as plain Python."""
    connection = await _open(plain_dsn(dsn), purpose=purpose, limits=limits, patience=patience)
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", format="binary", encoder=_to_jsonb, decoder=_from_jsonb
    )
    return connection


async def check_server(dsn: str, *, allow_unsafe: bool) -> None:
    """Return when the server of `dsn` is one to trust with pages.

    Raises:
        UnfitDatabase: it cannot be reached, is too old, or may forget what it has confirmed; the
            last only unless `allow_unsafe`.
    """
    try:
        connection = await connect(dsn, purpose="start")
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        raise UnfitDatabase(
            f"The database of OPSKNIGHT_DATABASE_URL cannot be reached: {error or type(error).__name__}."
        ) from error
    try:
        row = await connection.fetchrow(
            "SELECT current_setting('server_version_num')::int / 10000 AS major, current_setting('fsync') AS fsync,"
            " current_setting('synchronous_commit') AS synchronous_commit"
        )
    finally:
        await connection.close()
    assert row is not None  # noqa: S101  # a SELECT without FROM has one row
    _refuse_unfit(dict(row), allow_unsafe=allow_unsafe)


def _refuse_unfit(server: Mapping[str, Any], *, allow_unsafe: bool) -> None:
    if server["major"] < OLDEST_SERVER:
        raise UnfitDatabase(
            f"The database is PostgreSQL {server['major']}; OpsKnight needs PostgreSQL {OLDEST_SERVER} or newer."
        )
    off = [name for name in ("fsync", "synchronous_commit") if server[name] == "off"]
    if off and not allow_unsafe:
        raise UnfitDatabase(
            f"The database has {' and '.join(off)} off, so a power cut would lose alerts that OpsKnight has confirmed."
            " Turn it on, or accept the risk with OPSKNIGHT_ALLOW_UNSAFE_DATABASE=1."
        )


def plain_dsn(dsn: str) -> str:
    """Return a database address as asyncpg reads it, without the name of a driver."""
    scheme, separator, rest = dsn.partition("://")
    return f"postgresql{separator}{rest}" if scheme.partition("+")[0] in ("postgresql", "postgres") else dsn


def lost_connection(error: BaseException) -> bool:
    """Return whether `error` says that the connection, and perhaps the server, is gone."""
    return any(_is_loss(cause) for cause in _causes(error))


def retryable(error: BaseException) -> bool:
    """Return whether the same work may succeed when it is done again from its beginning.

    After a lost connection it may also have been committed already: choose ids before the first try.
    """
    return (
        sqlstate(error) in _TRY_AGAIN
        or any(isinstance(cause, asyncpg.InvalidCachedStatementError) for cause in _causes(error))
        or lost_connection(error)
    )


def busy(error: BaseException) -> bool:
    """Return whether the database could not do it in time, or had no connection free; nothing was changed."""
    state = sqlstate(error) or ""
    return not _BUSY.isdisjoint((state, state[:2])) or isinstance(error, NoConnectionFree)


def is_unfit(error: BaseException) -> bool:
    """Return whether the database refuses a value as such (SQLSTATE class 22): a NUL in a text, a number too big."""
    return (sqlstate(error) or "").startswith("22")


def is_poison(error: BaseException) -> bool:
    """Return whether the database refuses the data itself (SQLSTATE classes 21 to 23), now and for ever."""
    return (sqlstate(error) or "")[:2] in ("21", "22", "23")


def sqlstate(error: BaseException) -> str | None:
    """Return the SQLSTATE that PostgreSQL gave for `error`, if it gave one."""
    states = (getattr(cause, "sqlstate", None) for cause in _causes(error))
    return next((state for state in states if isinstance(state, str)), None)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield `error` and what it stands for: SQLAlchemy wraps asyncpg's errors twice.

    A driver may raise an error that is, some causes on, its own cause; each is given once.
    """
    given: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in given:
        given.add(id(cause))
        yield cause
        cause = getattr(cause, "orig", None) or cause.__cause__


def _is_loss(error: BaseException) -> bool:
    if isinstance(error, DBAPIError):
        return error.connection_invalidated
    # asyncpg says InterfaceError both for a closed connection and for our own mistakes.
    return isinstance(error, _LOST) or (isinstance(error, asyncpg.InterfaceError) and "closed" in str(error))


async def _open(dsn: str, *, purpose: str, limits: Limits, patience: float) -> Connection:
    return await asyncpg.connect(
        dsn,
        timeout=CONNECT_WITHIN_S * patience,
        command_timeout=(limits.statement_s + 1) * patience,
        server_settings=limits.on_server(purpose),
    )


def _judge(limits: Limits) -> Callable[[Any, object, object], None]:
    """Return how a connection is looked at before it is handed out."""
    if not limits.pinged:
        return _refuse_closed
    return _refuse_silent if limits.reads_only else _refuse_unwilling


def _refuse_closed(connection: Any, _record: object, _proxy: object) -> None:
    """Have the pool open others where the server is known to have hung up."""
    if connection.driver_connection.is_closed():
        raise InvalidatePoolError


def _ask(driver: Connection) -> Awaitable[str]:
    return driver.execute("SELECT")


def _refuse_silent(connection: Any, _record: object, _proxy: object) -> None:
    """Have the pool open others where the server does not answer the shortest question."""
    try:
        connection.run_async(_ask)
    except (*_LOST, asyncpg.PostgresError, asyncpg.InterfaceError) as lost:
        raise InvalidatePoolError from lost


def _refuse_unwilling(connection: Any, _record: object, _proxy: object) -> None:
    """Have the pool open others where the server does not begin the transaction, which the first statement would.

    SQLAlchemy has no public name for this; where it changes, every command fails in the tests.
    """

    def begin(_driver: Connection) -> Awaitable[None]:
        return connection._start_transaction()  # noqa: SLF001

    try:
        connection.run_async(begin)
    except (*_LOST, connection.dbapi.Error) as lost:
        raise InvalidatePoolError from lost


def _milliseconds(seconds: float) -> str:
    return str(int(seconds * 1000))


def _json_text(value: object) -> str:
    return orjson.dumps(value).decode()


def jsonb(value: object) -> bytes:
    """Return `value` as jsonb goes over the wire: what is sent twice need be written but once."""
    return b"\x01" + orjson.dumps(value)


def _to_jsonb(value: object) -> bytes:
    return value if isinstance(value, bytes) else jsonb(value)


def _from_jsonb(stored: bytes) -> object:
    return orjson.loads(stored[1:])
