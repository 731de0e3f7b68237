"""The database as a host sees it in a bad year: every statement and every commit asks first whether it may pass."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import StrEnum
from types import TracebackType
from typing import Any, Protocol

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from opsknight.domain.store.engine import Database, Limits
from tests.simulator.baton import Baton

_XID = text("SELECT pg_current_xact_id_if_assigned()::text")


class Moment(StrEnum):
    """Where a fault can strike."""

    FIRST_STATEMENT = "first statement"
    STATEMENT = "statement"
    BEFORE_COMMIT = "before commit"
    AFTER_COMMIT = "after commit"


class Host(Protocol):
    """Whose database this is."""

    @property
    def baton(self) -> Baton:
        """Whose turn it is to speak with the database."""
        ...

    async def strike(self, moment: Moment) -> None:
        """Do what fate has in store for this moment: nothing, mostly. May raise what the driver raises, or cancel."""
        ...

    def committed_now(self, xid: int) -> None:
        """Take note of the instant of a commit."""
        ...


class ShakySession(AsyncSession):
    """A session of the product whose every step may fail."""

    async def execute(self, *args: Any, **kwargs: Any) -> Any:
        await self._strike(Moment.STATEMENT)
        return await self._baton.carry(super().execute(*args, **kwargs))

    async def scalar(self, *args: Any, **kwargs: Any) -> Any:
        await self._strike(Moment.STATEMENT)
        return await self._baton.carry(super().scalar(*args, **kwargs))

    async def flush(self, *args: Any, **kwargs: Any) -> None:
        await self._baton.carry(super().flush(*args, **kwargs))

    async def rollback(self) -> None:
        await self._baton.carry(super().rollback())

    async def commit(self) -> None:
        host: Host = self.info["host"]
        await host.strike(Moment.BEFORE_COMMIT)
        xid = (await self._baton.carry(super().execute(_XID))).scalar_one() if self.info["is_dated"] else None
        await self._baton.carry(super().commit())
        if xid is not None:
            host.committed_now(int(xid))
        await host.strike(Moment.AFTER_COMMIT)

    @property
    def _baton(self) -> Baton:
        host: Host = self.info["host"]
        return host.baton

    async def _strike(self, moment: Moment) -> None:
        host: Host = self.info["host"]
        await host.strike(
            Moment.FIRST_STATEMENT if moment is Moment.STATEMENT and not self.in_transaction() else moment
        )


class ShakyConnection:
    """The ingest lane's connection, likewise. What strikes it ends it."""

    def __init__(self, connection: Any, host: Host) -> None:
        self._connection = connection
        self._host = host
        self._in_transaction = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    async def fetch(self, *args: Any) -> Any:
        return await self._ask(self._connection.fetch, *args)

    async def fetchval(self, *args: Any) -> Any:
        return await self._ask(self._connection.fetchval, *args)

    async def execute(self, *args: Any) -> Any:
        return await self._ask(self._connection.execute, *args)

    async def executemany(self, *args: Any) -> Any:
        return await self._ask(self._connection.executemany, *args)

    def transaction(self) -> _ShakyTransaction:
        return _ShakyTransaction(self, self._connection.transaction())

    async def _ask(self, how: Callable[..., Awaitable[Any]], *args: Any) -> Any:
        await self.strike(Moment.STATEMENT)
        answer = await self._host.baton.carry(how(*args))
        if not self._in_transaction:
            await self.strike(Moment.AFTER_COMMIT)
        return answer

    async def strike(self, moment: Moment) -> None:
        try:
            await self._host.strike(moment)
        except BaseException:
            self._connection.terminate()
            raise


class _ShakyTransaction:
    def __init__(self, connection: ShakyConnection, transaction: Any) -> None:
        self._connection = connection
        self._transaction = transaction

    async def start(self) -> None:
        await self._transaction.start()

    async def rollback(self) -> None:
        await self._transaction.rollback()

    async def __aenter__(self) -> None:
        self._connection._in_transaction = True
        await self._connection._host.baton.carry(self._transaction.__aenter__())

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection._in_transaction = False
        if error is None:
            await self._connection.strike(Moment.BEFORE_COMMIT)
        if self._connection.is_closed():
            return
        await self._connection._host.baton.carry(self._transaction.__aexit__(kind, error, trace))
        if error is None:
            await self._connection.strike(Moment.AFTER_COMMIT)


class ShakyDatabase(Database):
    """The product's pools on a real PostgreSQL, for one host."""

    def __init__(self, dsn: str, host: Host) -> None:
        self._host = host
        super().__init__(dsn)

    async def lane(self) -> Any:
        await self._host.strike(Moment.STATEMENT)
        return ShakyConnection(await super().lane(), self._host)

    def _sessions(self, purpose: str, limits: Limits) -> async_sessionmaker[AsyncSession]:
        engine = super()._sessions(purpose, limits).kw["bind"]
        info = {"host": self._host, "is_dated": purpose == "commands"}
        return async_sessionmaker(engine, class_=ShakySession, expire_on_commit=False, info=info)
