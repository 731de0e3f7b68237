"""What commands of the terminal do on the database of the installation that runs here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import text

from opsknight.alarm import CHANNEL
from opsknight.clock import Clock
from opsknight.domain.commands import drills, restored, sessions
from opsknight.domain.model.channel import face
from opsknight.domain.model.drill import precise
from opsknight.domain.queries import drills as queries
from opsknight.domain.queries.drills import Drill, DrillMessage
from opsknight.domain.queries.restored import is_worked_on
from opsknight.domain.store.embedded import Embedded, running_dsn
from opsknight.domain.store.engine import Database
from opsknight.domain.store.unit_of_work import UnitOfWork, unit_of_work
from opsknight.errors import CannotStart
from opsknight.settings import Settings

ACTOR: Final = "system:cli"
LOOK_EVERY_S: Final = 0.5
_NOT_RUNNING: Final = (
    "OpsKnight does not run on this data directory, so no page would go out. Start it, or name its database in"
    " OPSKNIGHT_DATABASE_URL, and try again."
)
_NOBODY_PAGES: Final = (
    "No process that pages people works on this database now, so no page would go out. Start one of the role"
    " worker or all, and try again."
)


@dataclass(frozen=True, slots=True)
class Terminal:
    """The database, and the time by its clock."""

    database: Database
    clock: Clock

    @asynccontextmanager
    async def commands(self) -> AsyncIterator[UnitOfWork]:
        """Open a unit of work in the name of whoever may use the server's terminal."""
        async with unit_of_work(self.database.commands, actor=ACTOR, now=self.clock.now()) as uow:
            yield uow

    async def ring(self) -> None:
        """Tell the processes that run that something was committed; they would find it within a second anyway."""
        connection = await self.database.direct("terminal")
        try:
            await connection.execute("SELECT pg_notify($1, $2)", CHANNEL, "terminal")
        finally:
            await connection.close()


async def sign_in_link(settings: Settings, *, email: str) -> str:
    """Return a one-time link for `email`, made on the running installation's database.

    Raises:
        NotFound: nobody has this address.
    """
    async with _terminal(settings, start=True) as here, here.commands() as uow:
        token = await sessions.make_sign_in_link(uow, email=email)
    return f"{settings.address}/sign-in/{token}"


async def arm(settings: Settings) -> str:
    """Let a restored copy page people, and return in a sentence what that does.

    Raises:
        CannotStart: no OpsKnight runs here, so nothing has looked yet whether this is a copy.
    """
    async with _terminal(settings, start=False) as here:
        async with here.commands() as uow:
            said = await restored.arm(uow)
        await here.ring()
    return said


async def drill(
    settings: Settings, *, person: str | None, schedule: str | None, wait: bool, tell: Callable[[str], object]
) -> bool:
    """Drill a person, who is on call on a schedule, or with neither everyone on call tonight.

    With `wait` it says each hop as it comes and returns whether all have acknowledged; else it returns at once,
    always True.

    Raises:
        CannotStart: no OpsKnight runs here, or on its database, that would send anything.
        NotFound, Invalid, Conflict: as in `drills.begin`.
    """
    async with _terminal(settings, start=False) as here:
        async with here.commands() as uow:
            if not await is_worked_on(uow.session):
                raise CannotStart(_NOBODY_PAGES)
            user_id = await queries.whom(uow.session, email=person) if person is not None else None
            schedule_id = await queries.whom(uow.session, schedule=schedule) if schedule is not None else None
            begun = await drills.begin(uow, drills.Whom(user_id, schedule_id))
        await here.ring()
        tell(begun.sentence)
        if not wait:
            tell(f"What becomes of it: {settings.address}/drills/{begun.id}")
            return True
        return await _watched(here, begun.id, tell)


async def _watched(here: Terminal, drill_id: UUID, tell: Callable[[str], object]) -> bool:
    told: set[str] = set()
    while True:
        async with here.database.screens() as session:
            now = await queries.drill(session, drill_id, now=here.clock.now())
        for line in hops(now):
            if line not in told:
                told.add(line)
                tell(line)
        if now["over"]:
            for finding in now["findings"]:
                tell(finding)
            tell(f"{now['acknowledged']} of {now['people']} acknowledged.")
            return now["acknowledged"] == now["people"]
        await asyncio.sleep(LOOK_EVERY_S)


def hops(drill: Drill) -> Iterator[str]:
    """Yield a line for each hop so far: whose message it is, and how long after it was due."""
    for person in drill["by_person"]:
        for message in person["messages"]:
            of = f"{person['user']}: {face(message['channel']).word} to {message['label']}"
            yield from (f"{of} {said}" for said in _hops(message))
        if (seconds := person["acknowledged_s"]) is not None:
            yield f"{person['user']}: acknowledged {precise(seconds)} after the start, by {person['via']}"


def _hops(message: DrillMessage) -> Iterator[str]:
    for word, seconds in (
        ("accepted", message["handed_s"]),
        ("delivered", message["delivered_s"]),
        ("seen", message["seen_s"]),
    ):
        if seconds is not None:
            yield f"{word} after {precise(seconds)}"
    if message["status"] == "failed":
        yield f"failed: {message['reason']}"


@asynccontextmanager
async def _terminal(settings: Settings, *, start: bool) -> AsyncIterator[Terminal]:
    """Open the database; with `start` our own is started where no server of ours is running.

    Raises:
        CannotStart: none is, and it shall not be started.
    """
    async with AsyncExitStack() as stack:
        dsn = settings.database_url or await running_dsn(settings.data_dir)
        if dsn is None and not start:
            raise CannotStart(_NOT_RUNNING)
        database = Database(dsn or (await stack.enter_async_context(Embedded(settings.data_dir))).app_dsn)
        stack.push_async_callback(database.close)
        clock = Clock()
        async with database.health() as session:
            await session.connection()
            before = clock.monotonic()
            now = (await session.execute(text("SELECT clock_timestamp()"))).scalar_one()
            clock.sample(now, (before + clock.monotonic()) / 2)
        yield Terminal(database, clock)
