"""What every route, page and job is handed: settings, clock, database, hub, and ways to read and to act."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeAlias
from uuid import UUID

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight import metrics
from opsknight.carriers import Carriers
from opsknight.clock import SAMPLE_EVERY_S, Clock
from opsknight.domain.commands.deliveries import Delivery, Receipt
from opsknight.domain.commands.ingest import Connection
from opsknight.domain.commands.lane import Lane, Pen
from opsknight.domain.model.channel import ChannelKind
from opsknight.domain.model.disk import Disk
from opsknight.domain.model.intake import Verdict
from opsknight.domain.model.ledger import CHANGE_INTEGRATIONS
from opsknight.domain.model.service_level import ServiceLevels
from opsknight.domain.queries import board, feed
from opsknight.domain.queries import windows as window_lines
from opsknight.domain.queries.catalogue import Integration, archived_keys, integrations
from opsknight.domain.queries.deliveries import StoredDelivery
from opsknight.domain.queries.feed import Cursor, Entry
from opsknight.domain.queries.installations import Installation, installation
from opsknight.domain.queries.sessions import Viewer, bearer_of, viewer_of
from opsknight.domain.store.claims import new_worker
from opsknight.domain.store.engine import Database, busy, is_poison, is_unfit, lost_connection, retryable
from opsknight.domain.store.unit_of_work import UnitOfWork, unit_of_work
from opsknight.domain.store.worker_lock import WorkerLock
from opsknight.errors import Unavailable
from opsknight.hub import Hub, Line, Reading
from opsknight.mail_back import MailBack, mail_back
from opsknight.precedence import Precedence
from opsknight.settings import Settings
from opsknight.window_post import WindowPost
from opsknight.windows import Windows

__all__ = ["Catalogue", "Deps", "Monitor", "busy", "is_poison", "is_unfit", "lost_connection", "retryable"]

log = structlog.get_logger(__name__)


CHANGE_NOTHING = frozenset(
    {Verdict.OCCURRENCE, Verdict.LATE_COPY, Verdict.NOTHING_OPEN, Verdict.TOLD_LATELY, Verdict.STORED_BEFORE}
    | {Verdict.DROPPED, Verdict.COUNTED}
)
PAGE_SOMEBODY = frozenset({Verdict.OPENED, Verdict.RAISED, Verdict.REOPENED, Verdict.JOINED, Verdict.UNREADABLE})


Who: TypeAlias = Callable[..., Awaitable[Viewer | None]]
Tell: TypeAlias = Callable[[Mapping[str, str], Mapping[str, Any]], Awaitable[object]]
"""Says something in a chat: where, by what is kept of the place, and what, in the chat's own form."""


LANES = 2
"""Of ingest, side by side: while PostgreSQL works on one batch, the next is made ready."""
LOOK_AGAIN_S = 1.0
"""How long what was read of the integrations counts as all there is."""


@dataclass(frozen=True, slots=True)
class Monitor:
    """One kind of monitor as people set it up.

    Its name, where the text goes, the text with {address} and {key} to fill in, and what it would
    itself send for a test.
    """

    label: str
    where: str
    setup: str
    sample: Mapping[str, object]


class Door(Protocol):
    """The way in of what monitors send, for what is here already and shall go in once more."""

    async def read_again(self, integration: Integration, stored: StoredDelivery) -> Delivery:
        """Return what would be stored of a delivery if it came now."""
        ...

    async def seen(self, integration: Integration, stored: StoredDelivery) -> Any:
        """Return what a field mapping is applied to in a delivery, None where it cannot be read."""
        ...

    async def store_whole(self, whole: Delivery) -> Receipt:
        """Store a delivery and return its receipt once it is durable."""
        ...


class Catalogue:
    """Every integration by its key, in memory; read again when the ledger says something was configured."""

    def __init__(self, read: Callable[[], AbstractAsyncContextManager[AsyncSession]], *, clock: Clock) -> None:
        """Know nothing yet; `read` opens a session."""
        self._read = read
        self._clock = clock
        self._tried_at = 0.0
        self._is_sure = True
        self._reading = asyncio.Lock()
        self._known: Mapping[str, Integration] = {}
        self._archived: Mapping[str, tuple[int, str]] = {}
        self._stale = asyncio.Event()

    async def load(self) -> None:
        """Read all of it."""
        async with self._reading:
            await self._load()

    async def refresh(self) -> None:
        """Read all of it after a change; where that fails, the change stands and is read as soon as can be."""
        try:
            await self.load()
        except Exception as error:  # noqa: BLE001  # what was asked for is committed: it is not to be answered as failed
            log.warning("integrations could not be read after a change", error=repr(error))
            self._stale.set()

    def known(self, key: str) -> Integration | None:
        """Return the integration of `key` where it is in memory; None says nothing about whether there is one."""
        return self._known.get(key)

    def archived(self, key: str) -> tuple[int, str] | None:
        """Return whose `key` was that ended: the service, archived or not, and "integration:7"; None without one."""
        return self._archived.get(key)

    async def find(self, key: str) -> Integration | None:
        """Return the integration of `key`; an unknown key is looked up anew, at most once a second for all.

        Raises:
            Unavailable: whether there is one cannot be found out now.
        """
        known = self._known.get(key)
        return known if known is not None else await self._look_up(key)

    async def _look_up(self, key: str) -> Integration | None:
        async with self._reading:  # who asks meanwhile waits for the same reading
            if key not in self._known:
                if self._clock.monotonic() - self._tried_at >= LOOK_AGAIN_S:
                    await self._load()
                elif not self._is_sure:
                    raise Unavailable("The key cannot be looked up now. Send the event again.", retry_after_s=2)
            return self._known.get(key)

    async def _load(self) -> None:
        self._is_sure = False
        try:
            async with self._read() as session:
                self._known = await integrations(session, at=self._clock.now())
                self._archived = await archived_keys(session)
            self._is_sure = True
        finally:
            self._tried_at = self._clock.monotonic()

    def heed(self, entries: Sequence[Entry]) -> None:
        """Take note of new facts: a change of configuration makes what is known stale."""
        if any(entry.kind in CHANGE_INTEGRATIONS for entry in entries):
            self._stale.set()

    async def run(self) -> None:
        """Read again whenever it is stale, for ever; a database that is away is tried again."""
        while True:
            await self._stale.wait()
            self._stale.clear()
            try:
                await self.load()
            except Exception as error:  # noqa: BLE001  # what is known stays in use
                log.warning("integrations could not be read again", error=repr(error))
                self._stale.set()
                await asyncio.sleep(1.0)


class Deps:
    """Made by app.build; `open` connects it to the database inside the lifespan, before anything uses it.

    `workers` are woken after every commit that wrote a fact, `on_due` as soon as a timer is due;
    `stopping` is set when the process ends, by `stop`. `signed_with` tells of each kind of monitor that can
    prove itself whence its secret comes, `proofs` are the secrets by which providers of channels
    prove that a call to us is theirs, and `tellers` answer what is written in chats, by channel.
    `push_out_of_reach` are the hosts of push services that could not be reached when they were looked at last, each
    with the reason. `low_disk` is the disk of the database, else of the working directory, while little room is left
    on it, `levels_read` the service levels that were read last and when, by the monotonic clock. `door` is where
    events come in, None where none do.
    """

    database: Database
    installation: Installation

    def __init__(self, settings: Settings, clock: Clock) -> None:
        """Prepare; nothing connects before `open`."""
        self.settings = settings
        self.clock = clock
        self.stopping = asyncio.Event()
        self.stopped_at = 0.0
        """When the word to stop came, by the monotonic clock."""
        self.precedence = Precedence()
        self.monitors: Mapping[str, Monitor] = {}
        self.signed_with: Mapping[str, str] = {}
        self.channels: Mapping[str, ChannelKind] = {}
        self.carriers = Carriers()
        self.proofs: Mapping[str, str] = {}
        self.tellers: dict[str, Tell] = {}
        self.push_out_of_reach: Mapping[str, str] = {}
        self.low_disk: Disk | None = None
        self.levels_read: tuple[float, ServiceLevels] | None = None
        self.door: Door | None = None
        self.workers: list[Callable[[], object]] = []
        self.on_due: Callable[[], object] = lambda: None
        self.tell_others: Callable[[], object] = lambda: None
        self.catalogue = Catalogue(self.reading, clock=clock)
        self.hub = Hub(Reading(self._start, self._past, self._lines, self._summary), clock=clock)
        self.hub.watch(self.catalogue.heed)
        self.windows = Windows(self._window_states)
        self.window_post = WindowPost(self.engine_commands, ring=self.committed)
        pen = Pen()
        self.lanes = [Lane(self._connect_lane, clock=clock, pen=pen) for _ in range(LANES)]

    @property
    def can_mail(self) -> bool:
        """Whether anybody can be reached by mail."""
        mail = self.channels.get("email")
        return mail.ready if mail is not None else self.settings.smtp_url is not None

    @property
    def unset(self) -> Collection[str]:
        """The channels by which nothing goes out, because nobody has set them up."""
        unset = {slug for slug, kind in self.channels.items() if not kind.ready}
        return unset if self.can_mail else unset | {"email"}

    @property
    def mail_back(self) -> MailBack | None:
        """Where answers to our mails come, and what mail servers report of them; None where they are not heard."""
        return mail_back(self.settings, self.installation.secret)

    async def open(self, database: Database) -> None:
        """Take the database in use and read what is needed before the first request."""
        self.database = database
        await self.sample_clock()
        await self.catalogue.load()
        async with self.reading() as session:
            self.installation = await installation(session)

    async def close(self) -> None:
        """Let go of the lanes' connections and of the pools."""
        for lane in self.lanes:
            await lane.close()
        await self.database.close()

    @asynccontextmanager
    async def commands(self, actor: str) -> AsyncIterator[UnitOfWork]:
        """Open a unit of work of `actor`; it commits when the block ends well.

        Where it changed what ingest goes by, the next event is read by what is so now.
        """
        hooks = (self.committed,)
        with self.precedence.people.first():
            async with unit_of_work(self.database.commands, actor=actor, now=self.clock.now(), hooks=hooks) as uow:
                yield uow
        if not uow.kinds.isdisjoint(CHANGE_INTEGRATIONS):
            await self.catalogue.refresh()

    @asynccontextmanager
    async def engine_commands(self, actor: str) -> AsyncIterator[UnitOfWork]:
        """Open a unit of work on the engine's own connections."""
        hooks = (self.committed,)
        with self.precedence.pages.first():
            async with unit_of_work(self.database.engine, actor=actor, now=self.clock.now(), hooks=hooks) as uow:
                yield uow

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """Open a session for reading; nothing in it is ever committed."""
        async with self.database.screens() as session:
            yield session

    @asynccontextmanager
    async def supposing(self, actor: str, *, at: datetime) -> AsyncIterator[UnitOfWork]:
        """Open a unit of work at another instant that is never committed: what would happen is asked in it."""
        async with self.database.screens() as session:
            yield UnitOfWork(session=session, actor=actor, now=at)

    async def viewer(self, token: str, *, now: datetime) -> Viewer | None:
        """Return the active person whose browser has the cookie `token`, or None: asked at each request."""
        return await self._who(viewer_of, token, now)

    async def bearer(self, token: str, *, now: datetime) -> Viewer | None:
        """Return the active person whose API token is `token`, or None: asked at each request."""
        return await self._who(bearer_of, token, now)

    async def _who(self, asks: Who, token: str, now: datetime) -> Viewer | None:
        for last in (False, True):
            try:
                async with self.database.sessions() as session:
                    return await asks(session, token, now=now)
            except Exception as error:
                if last or not lost_connection(error):
                    raise
        return None

    def committed(self) -> None:
        """Wake everything that watches the ledger, here and in other processes."""
        self.tell_others()
        self.heard()

    def stop(self) -> None:
        """Begin nothing any more: the word to stop has come. What is in flight has its time from the first word on."""
        if self.stopping.is_set():
            return
        self.stopped_at = self.clock.monotonic()
        self.stopping.set()
        self.windows.let_go()
        self.heard()

    def heard(self) -> None:
        """Wake everything here that watches the ledger."""
        self.hub.wake()
        self.windows.wake()
        for wake in self.workers:
            wake()

    def arrived(self, receipts: Sequence[Receipt]) -> None:
        """Wake whom a batch of events concerns: nobody for repeats, which a storm consists of."""
        verdicts = {verdict for receipt in receipts for verdict, _ in receipt.verdicts}
        if verdicts <= CHANGE_NOTHING:
            return
        self.tell_others()
        self.hub.wake()
        if not verdicts.isdisjoint(PAGE_SOMEBODY):
            self.on_due()

    def worker_lock(self, taken: Callable[[], object]) -> WorkerLock:
        """Return a lock for one more worker, with a number of its own."""
        return WorkerLock(new_worker(), connect=self.database.direct, taken=taken, anywhere=self.settings.armed)

    async def run_clock(self) -> None:
        """Sample the database's time every five seconds, for ever."""
        while True:
            await asyncio.sleep(SAMPLE_EVERY_S)
            try:
                await self.sample_clock()
            except Exception as error:  # noqa: BLE001  # time is carried on meanwhile
                log.warning("the database's time could not be read", error=repr(error))

    async def sample_clock(self) -> None:
        """Ask the database for its time once."""
        async with self.database.health() as session:
            await session.connection()  # connecting must not count as part of the question
            before = self.clock.monotonic()
            database_now: datetime = (await session.execute(text("SELECT clock_timestamp()"))).scalar_one()
            self.clock.sample(database_now, (before + self.clock.monotonic()) / 2)
        metrics.CLOCK_JUMP_SECONDS.set(self.clock.jump.total_seconds() if self.clock.jump else 0)

    async def _window_states(self, ids: Collection[int]) -> Mapping[int, str]:
        async with self.database.screens() as session:
            return await window_lines.states(session, ids, at=self.clock.now())

    async def _connect_lane(self) -> Connection:
        return await self.database.lane()

    async def _start(self) -> Cursor:
        async with self.database.feed() as session:
            return await feed.here(session)

    async def _past(self, cursor: Cursor, since: datetime) -> Sequence[Entry]:
        with self.precedence.pages.first() if self.hub.is_heard() else nullcontext():
            async with self.database.feed() as session:
                return await feed.past(session, cursor, since=since)

    async def _lines(self, ids: Sequence[UUID]) -> Mapping[UUID, Line]:
        with self.precedence.pages.first():
            async with self.database.feed() as session:
                return {UUID(line["id"]): line for line in await board.lines_of(session, ids)}

    async def _summary(self) -> Mapping[str, object]:
        with self.precedence.pages.first():
            async with self.database.feed() as session:
                return await board.summary(session, now=self.clock.now())
