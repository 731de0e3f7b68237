"""The sender at work on a real database and real peers, with a clock that the test moves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, TypeVar

from sqlalchemy import text

from opsknight.clock import Clock
from opsknight.crypto import new_id
from opsknight.deps import Deps
from opsknight.domain.commands.claims import free_of_the_dead
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import AttemptRow, ContactMethodRow, IncidentRow, NotificationRow, PageRow, UserRow
from opsknight.jobs import channels
from opsknight.jobs.deliver import Deliverer
from opsknight.jobs.worker import Worker
from opsknight.settings import Settings
from tests.bounds import PATIENCE_S
from tests.builders import a_contact_method, a_notification, a_page, a_service, a_stored_incident, a_user
from tests.peers.push_service import PushPeer, push_peer
from tests.peers.smtp import SmtpPeer, smtp_peer

T = TypeVar("T")


@dataclass
class Running:
    """One worker with its lock, and its sender."""

    worker: Worker
    sender: Deliverer
    holding: asyncio.Task[None]
    sending: asyncio.Task[None]

    async def let_go_of_lock(self) -> None:
        """Lose the lock, as when its connection breaks for good."""
        self.holding.cancel()
        await asyncio.wait([self.holding])


@dataclass
class Pager:
    """Senders, the peers that they call, and what became of things."""

    deps: Deps
    smtp: SmtpPeer
    push: PushPeer
    running: list[Running] = field(default_factory=list["Running"])

    @asynccontextmanager
    async def sending(self) -> AsyncIterator[Running]:
        """Run one sender; leaving stops it as SIGTERM would."""
        running = await self.start()
        try:
            yield running
        finally:
            self.deps.stopping.set()
            await asyncio.wait_for(asyncio.shield(running.sending), PATIENCE_S)
            await running.let_go_of_lock()
            self.running.remove(running)
            self.deps.stopping.clear()

    async def start(self, *, widths: dict[str, int] | None = None) -> Running:
        """Start one sender that the caller ends, with `kill` for instance."""
        worker = Worker(self.deps)
        holding = asyncio.get_running_loop().create_task(worker.run())

        async def holds_lock() -> bool:
            return worker.holds_lock

        await until(holds_lock, True)
        lanes = {
            name: replace(lane, width=(widths or {}).get(name, lane.width))
            for name, lane in channels.of(self.deps).items()
        }
        sender = Deliverer(self.deps, worker, lanes)
        sending = asyncio.get_running_loop().create_task(sender.run())
        self.running.append(Running(worker, sender, holding, sending))
        return self.running[-1]

    async def kill(self, running: Running) -> None:
        """End a sender in the middle of whatever it does, as kill −9 would."""
        self.running.remove(running)
        running.sending.cancel()
        await asyncio.wait([running.sending])
        await running.let_go_of_lock()

    def wake(self) -> None:
        for running in self.running:
            running.sender.wake()

    async def move_on(self, by: timedelta) -> None:
        """Let time pass; what workers without a lock held is free, as the engine's sweep would make it."""
        self.deps.clock.advance(by)  # type: ignore[attr-defined]  # the tests' clock
        self.wake()

    async def rows(self, sql: str, **values: Any) -> list[tuple[Any, ...]]:
        async with self.deps.reading() as session:
            return [tuple(row) for row in await session.execute(text(sql), values)]

    async def status(self, notification: NotificationRow) -> str:
        sql = "SELECT status FROM notifications WHERE id = :id"
        return (await self.rows(sql, id=notification.id))[0][0]

    async def becomes(self, status: str, *notifications: NotificationRow, within_s: float = PATIENCE_S) -> None:
        """Wait until each of `notifications` is `status`."""

        async def found() -> list[str]:
            return [await self.status(one) for one in notifications]

        await until(found, [status] * len(notifications), within_s=within_s)

    async def attempts(self, notification: NotificationRow) -> list[str]:
        sql = "SELECT outcome FROM attempts WHERE notification_id = :id ORDER BY number"
        return [outcome for (outcome,) in await self.rows(sql, id=notification.id)]

    async def attempts_become(self, outcomes: list[str], notification: NotificationRow) -> None:
        """Wait until the attempts of `notification` ended like this, in order."""
        await until(lambda: self.attempts(notification), outcomes)

    async def under_way(self) -> int:
        """How many attempts are started and not finished."""
        return (await self.rows("SELECT count(*) FROM attempts WHERE outcome = 'started'"))[0][0]

    async def count_becomes(self, sql: str, count: int) -> None:
        """Wait until what `sql` counts is `count`."""

        async def look() -> int:
            return (await self.rows(sql))[0][0]

        await until(look, count)

    async def becomes_settled(self) -> None:
        """Wait until nothing is due any more that is not sent, and every carried message is settled."""
        await self.count_becomes(
            "SELECT count(*) FROM notifications WHERE finished_at IS NULL OR (status = 'bundled' AND gather)", 0
        )

    async def due_in(self, notification: NotificationRow) -> timedelta:
        """How long from now the notification is due."""
        due_at = (await self.rows("SELECT due_at FROM notifications WHERE id = :id", id=notification.id))[0][0]
        return due_at - self.deps.clock.now()

    async def told(self, kind: str) -> list[dict[str, Any]]:
        """What the ledger says of this kind, in order."""
        return [
            data for (data,) in await self.rows("SELECT data FROM facts WHERE kind = :kind ORDER BY seq", kind=kind)
        ]

    # --- what there is to send ---------------------------------------------------------------------------------

    @property
    def database(self) -> Database:
        return self.deps.database

    async def an_incident(self, **columns: Any) -> IncidentRow:
        service = await a_service(self.database, name=columns.pop("service", ""))
        return await a_stored_incident(self.database, service, timer=columns.pop("timer", "escalation"), **columns)

    async def a_browser(self, user: UserRow, **columns: Any) -> ContactMethodRow:
        """Subscribe a browser of the push peer for `user`."""
        browser = self.push.browser(self.deps.installation.vapid_public)
        return await a_contact_method(
            self.database,
            user,
            channel="push",
            **{"address": browser.endpoint, "secret": browser.secret, "label": "Chrome on Linux", **columns},
        )

    async def a_mail(self, incident: IncidentRow | None = None, **columns: Any) -> NotificationRow:
        """A page by mail to a new person, due now."""
        incident = incident or await self.an_incident()
        user = await a_user(self.database, reachable=False)
        method = await a_contact_method(self.database, user)
        page = await a_page(self.database, incident, user)
        return await a_notification(self.database, page, method, **{"position": 0, **columns})

    async def an_attempt(self, message: NotificationRow, number: int, **columns: Any) -> AttemptRow:
        """An earlier attempt of `message`."""
        at = self.deps.clock.now()
        row = AttemptRow(
            id=new_id(), notification_id=message.id, number=number, worker=1, started_at=at, finished_at=at, **columns
        )
        async with self.database.commands() as session:
            session.add(row)
            await session.commit()
        return row

    async def push_then_mail(
        self, incident: IncidentRow, *, apart: timedelta = timedelta(minutes=1), **of_page: Any
    ) -> tuple[NotificationRow, NotificationRow]:
        """A page to a new person: push now, mail later."""
        user = await a_user(self.database, reachable=False)
        browser, mailbox = await self.a_browser(user), await a_contact_method(self.database, user)
        page: PageRow = await a_page(self.database, incident, user, **of_page)
        first = await a_notification(self.database, page, browser, position=0, urgency=incident.urgency)
        second = await a_notification(
            self.database, page, mailbox, position=1, urgency=incident.urgency, due_at=page.due_at + apart
        )
        return first, second

    async def free_what_the_dead_held(self) -> None:
        async with self.deps.engine_commands("timer:test") as uow:
            await free_of_the_dead(uow)


@asynccontextmanager
async def a_pager(database: Database, clock: Clock, **more: Any) -> AsyncIterator[Pager]:
    """Connect everything, with `more` settings; nothing is sent before `sending` or `start`."""
    async with smtp_peer() as smtp, push_peer() as push:
        settings = Settings(
            base_url="http://localhost:8080",
            push_allow_private=True,
            mail_from="pager@example.org",
            **{"smtp_url": smtp.url, **more},
        )
        push.now = lambda: clock.now().timestamp()
        deps = Deps(settings, clock)
        await deps.open(database)
        pager = Pager(deps, smtp, push)
        deps.workers.append(pager.wake)
        try:
            yield pager
        finally:
            await deps.close()


async def until(look: Callable[[], Awaitable[T]], wanted: T, *, within_s: float = PATIENCE_S) -> None:
    """Wait until what `look` sees is `wanted`."""
    seen = await look()
    try:
        async with asyncio.timeout(within_s):
            while seen != wanted:  # what changes is in the database
                await asyncio.sleep(0.01)
                seen = await look()
    except TimeoutError:
        raise AssertionError(f"wanted {wanted}, found {seen}") from None
