"""The composition root: builds every part, starts them in order, and stops them in reverse."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Self

import structlog
from fastapi import FastAPI
from starlette.datastructures import State

from opsknight import api, logs, ui
from opsknight.alarm import Alarm
from opsknight.api import mail_in
from opsknight.api.bodies import Receive
from opsknight.api.chats.telegram import heed_raw
from opsknight.api.deployments import Deployments
from opsknight.api.drop_in.table import DropIns
from opsknight.api.fetching import Fetcher
from opsknight.api.ingest import EVENTS, App, IngestRoutes, Scope
from opsknight.api.ingest_answers import Send
from opsknight.api.intake import Intake
from opsknight.api.providers.table import PROVIDERS
from opsknight.blocked import LoopWatch
from opsknight.clock import Clock
from opsknight.deps import Deps, Monitor
from opsknight.domain.commands import samples, sessions
from opsknight.domain.commands.archiving import Used, note_uses
from opsknight.domain.commands.turned_away import Turned, add_turned_away
from opsknight.domain.store import migrate
from opsknight.domain.store.embedded import Embedded
from opsknight.domain.store.engine import Database, check_server
from opsknight.jobs import vouch
from opsknight.jobs.amend import Amender
from opsknight.jobs.carrying import Carrying
from opsknight.jobs.channels import table as channels
from opsknight.jobs.channels.telegram import TelegramSettings
from opsknight.jobs.deliver import Deliverer
from opsknight.jobs.disk import DiskWatch
from opsknight.jobs.engine import Engine
from opsknight.jobs.expire import Expirer
from opsknight.jobs.hear import Hearer
from opsknight.jobs.housekeeping import Housekeeping
from opsknight.jobs.mail import mailer
from opsknight.jobs.push_reach import PushReach
from opsknight.jobs.telegram_updates import TelegramUpdates
from opsknight.jobs.wake import Waker
from opsknight.jobs.worker import Worker
from opsknight.settings import Role, Settings
from opsknight.wire import Answer

log = structlog.get_logger(__name__)

STOP_WITHIN_S = 10.0
"""Messages under way have this long after the word to stop; then their leases pass to others."""


class Front:
    """The ASGI application: ingest in front, everything else behind it."""

    def __init__(self, inner: App, state: State) -> None:
        """Serve `inner` alone until `open`."""
        self.inner = self._app = inner
        self.state = state
        self._ingest: IngestRoutes | None = None
        self.short_cut = EVENTS.encode(), self._at_once

    def open(self, ingest: IngestRoutes) -> None:
        """Begin to take events."""
        self._app = self._ingest = ingest

    def _at_once(self, url: bytes, headers: list[tuple[bytes, bytes]], body: bytes, answer: Answer) -> bool:
        return self._ingest is not None and self._ingest.at_once(url, headers, body, answer)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve one request, socket or lifespan."""
        return self._app(scope, receive, send)


def build(settings: Settings) -> Front:
    """Return the application of one process. Nothing is started before its lifespan begins.

    Raises:
        CannotStart: a setting cannot be used.
    """
    deps = Deps(settings, Clock())
    mail_host = settings.mail_in_host or "localhost"
    deps.monitors = {
        slug: Monitor(kind.label, kind.where, kind.setup.replace("{mail_host}", mail_host), kind.sample)
        for slug, kind in PROVIDERS.items()
        if kind.sample
    }
    ground = channels.Ground(settings, "", deps.clock.now)
    deps.channels, deps.carriers = channels.kinds(ground), channels.carriers(ground)
    vouch.check(settings, deps.channels)
    deps.proofs = channels.proofs(ground)
    deps.signed_with = {slug: kind.signed_with for slug, kind in PROVIDERS.items() if kind.verify is not None}

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            await _start(stack, deps, front)
            ui.started()
            try:
                yield
            finally:
                deps.stop()

    app = FastAPI(
        title="OpsKnight",
        summary="Incidents and on call",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
    )
    app.state.deps = deps
    app.state.stop = deps.stop
    api.mount(app, deps, mail=mailer(settings))
    ui.mount(app, deps)
    front = Front(api.guarded(app, deps), app.state)
    return front


async def _start(stack: AsyncExitStack, deps: Deps, front: Front) -> None:
    """Bring up the database, then what reads it, then what works on it; the stack takes it down in reverse."""
    settings = deps.settings
    server = await _database_server(stack, settings)
    owner_dsn, app_dsn, app_role = _addresses(server, settings)
    await migrate.prepare(owner_dsn, now=deps.clock.now(), app_role=app_role, armed=settings.armed)
    await deps.open(Database(app_dsn))
    stack.push_async_callback(deps.close)
    tasks = await stack.enter_async_context(_Tasks())
    if server is not None:
        tasks.start(server.watch())
    tasks.start(DiskWatch(deps, server.place if server is not None else Path.cwd()).run())
    alarm = Alarm(lambda: deps.database.direct("alarm"), ring=deps.heard)
    deps.tell_others = alarm.tell
    for runs in (alarm, deps.hub, deps.catalogue, deps.windows, PushReach(deps)):
        tasks.start(runs.run())
    tasks.start(deps.run_clock())
    if settings.role is not Role.WORKER:
        for lane in deps.lanes:
            await lane.open()
        writes, turn = [lane.store for lane in deps.lanes], deps.precedence.give_way
        intake = Intake(writes, clock=deps.clock, committed=deps.arrived, turn=turn)
        tasks.start(intake.run())
        tasks.start(intake.run_patience())
        tasks.start(ui.broadcast(deps))
        tasks.start(ui.keep_notices(deps))
        fetcher = front.state.fetcher = Fetcher()
        tasks.start(fetcher.run())
        known, clock, doors = deps.catalogue, deps.clock, DropIns(deps).door
        door = IngestRoutes(
            front.inner,
            intake=intake,
            clock=clock,
            catalogue=known,
            fetcher=fetcher,
            doors=doors,
            note=Deployments(deps),
        )
        deps.door = door
        hearer = Hearer(deps)
        await hearer.mark()  # before anybody looks at what was silent while we were away
        tasks.start(hearer.run())
        tasks.start(door.away.counted.run(partial(_store_turned_away, deps)))
        tasks.start(door.archived.run(partial(_store_archived_uses, deps)))
        _hear_chats(stack, tasks, deps)
        front.open(door)
        await stack.enter_async_context(mail_in.listen(settings, door, clock=clock, back=mail_in.back(deps)))
    if settings.role is not Role.WEB:
        await _start_workers(stack, tasks, deps, owner_dsn, app_role)
    front.state.greeting = await _greeting(deps)
    stack.enter_context(LoopWatch())


def _hear_chats(stack: AsyncExitStack, tasks: _Tasks, deps: Deps) -> None:
    """Answer what is written to us in chats, and fetch what is pressed where nobody calls us."""
    ground = channels.Ground(deps.settings, "", deps.clock.now)
    for slug, channel in channels.telling(ground).items():
        deps.tellers[slug] = channel.tell
        stack.push_async_callback(channel.close)
    telegram = ground.read(TelegramSettings)
    if telegram.token:
        tasks.start(TelegramUpdates(deps, telegram, heed=partial(heed_raw, deps)).run())


async def _start_workers(
    stack: AsyncExitStack, tasks: _Tasks, deps: Deps, owner_dsn: str, app_role: str | None
) -> None:
    worker = Worker(deps)
    tasks.start(worker.run())
    engine = Engine(deps, worker)
    lanes = channels.of(deps)
    deliverer = Deliverer(deps, worker, lanes)
    amender = Amender(deps, channels.amending(deps))
    deps.workers += [engine.wake, deliverer.wake, amender.wake]
    deps.on_due = engine.wake
    tasks.start(Expirer(deps).run())
    tasks.start(Waker(deps).run())
    tasks.start(Carrying(deps, lanes).run())
    tasks.start(amender.run())
    stack.push_async_callback(_finish, [tasks.start(engine.run()), tasks.start(deliverer.run())], deps)

    async def partitions() -> None:
        kept = timedelta(days=deps.settings.retention_days)
        await migrate.tend_partitions(owner_dsn, now=deps.clock.now(), kept=kept, app_role=app_role)

    housekeeping = Housekeeping(deps, partitions=partitions)
    housekeeping.start()
    stack.callback(housekeeping.stop)


async def _store_turned_away(deps: Deps, counted: Sequence[Turned]) -> None:
    async with deps.engine_commands("system:ingest") as uow:
        await add_turned_away(uow, counted)


async def _store_archived_uses(deps: Deps, used: Sequence[Used]) -> None:
    async with deps.engine_commands("system:ingest") as uow:
        await note_uses(uow, used)


async def _finish(working: list[asyncio.Task[None]], deps: Deps) -> None:
    """Claim nothing any more, and let what is in flight end; requests have had a part of its time already."""
    deps.stop()
    spent_s = deps.clock.monotonic() - deps.stopped_at
    await asyncio.wait(working, timeout=max(0.0, STOP_WITHIN_S - spent_s))


class _Tasks:
    """Owns the endless tasks; they are cancelled together at the end, and an unexpected end of one is logged."""

    def __init__(self) -> None:
        self._group = asyncio.TaskGroup()
        self._running: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        for task in self._running:
            task.cancel()
        await self._group.__aexit__(None, None, None)

    def start(self, endless: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run `endless` until the process stops."""
        task = self._group.create_task(_logged(endless))
        self._running.append(task)
        return task


async def _logged(endless: Coroutine[Any, Any, None]) -> None:
    """Await it; what it raises is logged and ends only itself."""
    try:
        await endless
    except Exception as error:  # one task's end must not take the pager down
        log.critical("a task ended that should never end", error=repr(error), exc_info=error)


async def _database_server(stack: AsyncExitStack, settings: Settings) -> Embedded | None:
    if settings.database_url:
        await check_server(settings.database_url, allow_unsafe=settings.allow_unsafe_database)
        return None
    return await stack.enter_async_context(Embedded(settings.data_dir))


def _addresses(server: Embedded | None, settings: Settings) -> tuple[str, str, str | None]:
    """Return the owner's address, the application's, and the application's role where it has its own."""
    if server is None:
        return str(settings.database_url), str(settings.database_url), None
    return server.owner_dsn, server.app_dsn, "opsknight_app"


async def _greeting(deps: Deps) -> str:
    """Fill an empty database with the sample team and return what the terminal says."""
    settings = deps.settings
    if settings.role is Role.WORKER:
        return f"\n  OpsKnight pages for {settings.address}; this process takes no events.\n"
    link = None
    async with deps.commands("system:start") as uow:
        sample = await samples.ensure(uow)
        if sample.user_id is not None:
            token = await sessions.make_sign_in_link(uow, user_id=sample.user_id)
            link = f"{settings.address}/sign-in/{token}"
    await deps.catalogue.load()
    return logs.greeting(settings.address, link, sample.key, mail=deps.can_mail)
