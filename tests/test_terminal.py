"""Commands of the terminal: a drill that is watched hop by hop until all have answered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from opsknight import cli, terminal
from opsknight.clock import Clock
from opsknight.domain.commands import drills
from opsknight.domain.commands.notifications import claim_and_begin
from opsknight.domain.commands.receipts import delivered
from opsknight.domain.queries.restored import waiting
from opsknight.domain.store.claims import new_worker
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import InstallationRow, UserRow
from opsknight.domain.store.unit_of_work import unit_of_work
from opsknight.domain.store.worker_lock import WorkerLock
from opsknight.errors import CannotStart, Conflict, Invalid, NotFound
from opsknight.settings import Settings
from tests.bounds import PATIENCE_S
from tests.builders import a_schedule, a_user
from tests.clusters import Addresses


@pytest.fixture
def deserted(addresses: Addresses) -> Settings:
    """A database on which no process works."""
    return Settings(_env_file=None, database_url=addresses.app_dsn)


@pytest.fixture
async def here(deserted: Settings, database: Database) -> AsyncIterator[Settings]:
    """A database on which a worker works."""
    lock = WorkerLock(new_worker(), connect=database.direct)
    await lock.acquire()
    yield deserted
    await lock.release()


async def drilled(
    here: Settings, *, person: str | None = None, schedule: str | None = None, wait: bool = False
) -> tuple[bool, list[str]]:
    said: list[str] = []
    done = await terminal.drill(here, person=person, schedule=schedule, wait=wait, tell=said.append)
    return done, said


async def answered(database: Database, user: UserRow) -> None:
    """Send the message of a drill as soon as there is one, and let its person answer."""
    sent = ()
    while not sent:
        await asyncio.sleep(0.02)
        async with unit_of_work(database.engine, actor="timer:test", now=Clock().now()) as uow:
            sent = await claim_and_begin(uow, channel="email", worker=1, limit=9, limit_low=9)
    async with unit_of_work(database.commands, actor="system:receipt", now=Clock().now()) as uow:
        await delivered(uow, sent[0].notification_id)
    async with unit_of_work(database.commands, actor=f"user:{user.id}", now=Clock().now()) as uow:
        await drills.acknowledge(uow, sent[0].notification_id, user.id, via="mail link")


async def test_a_drill_is_told_hop_by_hop_and_succeeds_once_all_have_answered(here: Settings, database: Database):
    ada = await a_user(database, "Ada", email="ada@example.org")

    async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as both:
        drilling = both.create_task(drilled(here, person="Ada@Example.org", wait=True))
        both.create_task(answered(database, ada))

    done, said = drilling.result()
    assert done
    assert said[0] == "The drill of Ada has begun: 1 person is asked to acknowledge within 15 min."
    assert any(line.startswith("Ada: mail to ada@example.org delivered after ") for line in said)
    assert any(line.startswith("Ada: acknowledged ") and line.endswith(", by mail link") for line in said)
    assert said[-1] == "1 of 1 acknowledged."


async def test_a_drill_of_somebody_whom_no_page_reaches_fails(here: Settings, database: Database):
    bo = await a_user(database, "Bo", reachable=False)
    await a_schedule(database, bo, name="Primary", starts_at=Clock().now() - timedelta(days=1))

    done, said = await drilled(here, schedule="primary", wait=True)

    assert not done
    assert said[1].startswith("Bo cannot be reached: no contact method.")


async def test_without_waiting_it_says_where_to_look(here: Settings, database: Database):
    await a_user(database, "Ada", email="ada@example.org")

    done, said = await drilled(here, person="ada@example.org")

    assert done
    assert said[1].startswith("What becomes of it: http://localhost:8080/drills/")


async def test_what_is_not_known_is_said(here: Settings, database: Database):
    await a_schedule(database, name="Primary")

    with pytest.raises(NotFound, match="Nobody here has the address"):
        await drilled(here, person="nobody@example.org")
    with pytest.raises(NotFound, match=r"There is no schedule called Second\. Known: Primary\."):
        await drilled(here, schedule="Second")
    with pytest.raises(Invalid, match="Nobody is on call tonight"):
        await drilled(here)


async def test_where_no_server_runs_nobody_is_drilled(tmp_path: Path):
    with pytest.raises(CannotStart, match="no page would go out"):
        await drilled(Settings(_env_file=None, data_dir=tmp_path), person="ada@example.org")


async def test_where_no_process_pages_people_nobody_is_drilled(deserted: Settings, database: Database):
    await a_user(database, "Ada", email="ada@example.org")

    with pytest.raises(CannotStart, match=r"No process that pages people works on this database now"):
        await drilled(deserted, person="ada@example.org")


async def test_in_a_restored_copy_nobody_is_drilled_until_it_is_armed(here: Settings, database: Database):
    await a_user(database, "Ada", email="ada@example.org")
    async with database.commands() as session:
        await session.execute(update(InstallationRow).values(restored_at=Clock().now()))
        await session.commit()

    with pytest.raises(Conflict, match=r"restored copy that pages nobody until it is armed, so no drill would reach"):
        await drilled(here, person="ada@example.org")

    await terminal.arm(here)
    assert (await drilled(here, person="ada@example.org"))[0]


async def test_a_restored_copy_is_armed_from_the_terminal(here: Settings, database: Database):
    async with database.commands() as session:
        await session.execute(update(InstallationRow).values(restored_at=Clock().now()))
        await session.commit()

    said = [await terminal.arm(here), await terminal.arm(here)]

    assert said[0].startswith("Armed: people are paged from now on")
    assert said[1] == "It is armed already: people are paged."
    async with database.screens() as session:
        assert await waiting(session, now=Clock().now()) is None


async def test_where_no_server_runs_nothing_is_armed(tmp_path: Path):
    with pytest.raises(CannotStart):
        await terminal.arm(Settings(_env_file=None, data_dir=tmp_path))


@pytest.mark.parametrize("words", [["drill"], ["drill", "--on-call", "--person", "ada@example.org"]])
def test_one_must_say_who_is_drilled_and_only_once(words: list[str]):
    with pytest.raises(SystemExit):
        cli.main(words)
