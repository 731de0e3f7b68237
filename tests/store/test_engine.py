"""Connections: which failures pass, which never will, and which databases we do not trust."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from opsknight.domain.store.engine import (
    Database,
    UnfitDatabase,
    check_server,
    is_poison,
    lost_connection,
    plain_dsn,
    retryable,
    sqlstate,
)
from tests.builders import a_user
from tests.clusters import Addresses

if TYPE_CHECKING:
    from opsknight.domain.store.engine import Connection


async def test_json_comes_out_as_it_went_in_on_every_kind_of_connection(database: Database):
    said = {"title": "Ünïcode “quotes”", "list": [1, 2.5, None, True]}
    lane = await database.lane()

    by_lane = await lane.fetchval("SELECT $1::jsonb", said)
    async with database.screens() as session:
        by_pool = await session.scalar(text("""SELECT '{"a": [1, null]}'::jsonb"""))

    assert (by_lane, by_pool) == (said, {"a": [1, None]})
    await lane.close()


async def test_a_statement_that_takes_too_long_is_ended_by_the_server(database: Database):
    with pytest.raises(DBAPIError) as ended:
        async with database.health() as session:
            await session.execute(text("SELECT pg_sleep(60)"))

    assert sqlstate(ended.value) == "57014"
    assert not retryable(ended.value)


async def test_a_connection_cut_under_a_statement_is_a_lost_one_and_the_next_session_works(
    database: Database, admin: Connection
):
    async with database.screens() as session:
        mine = await session.scalar(text("SELECT pg_backend_pid()"))
        await admin.execute("SELECT pg_terminate_backend($1)", mine)

        with pytest.raises(DBAPIError) as lost:
            await session.execute(text("SELECT 1"))

    assert lost_connection(lost.value)
    assert retryable(lost.value)
    async with database.screens() as session:
        assert await session.scalar(text("SELECT 1")) == 1


async def test_a_server_that_is_stuck_is_given_up_and_the_next_session_works(database: Database):
    async with database.health() as session:
        mine = await session.scalar(text("SELECT pg_backend_pid()"))
        os.kill(mine, signal.SIGSTOP)
        asked = time.monotonic()

        with pytest.raises((TimeoutError, DBAPIError)) as lost:
            await session.execute(text("SELECT 1"))

    assert lost_connection(lost.value)
    assert time.monotonic() - asked < 20  # stopped, it would never answer
    async with database.health() as session:
        assert await session.scalar(text("SELECT 1")) == 1
    os.kill(mine, signal.SIGCONT)


@pytest.mark.parametrize("purpose", ["screens", "commands", "health"])
async def test_connections_that_died_in_the_pool_are_noticed_before_they_are_used(
    database: Database, admin: Connection, purpose: str
):
    async with getattr(database, purpose)() as session:
        await session.execute(text("SELECT 1"))
    await admin.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1", f"opsknight {purpose}"
    )

    async with getattr(database, purpose)() as session:
        assert await session.scalar(text("SELECT 1")) == 1


async def test_two_that_wait_for_each_other_may_try_again(database: Database):
    one, two = await a_user(database), await a_user(database)
    locking = text("SELECT 1 FROM users WHERE id = :id FOR UPDATE")

    async def lock(first: int, then: int, ready: asyncio.Event, go: asyncio.Event) -> None:
        async with database.commands() as session:
            await session.execute(locking, {"id": first})
            ready.set()
            await go.wait()
            await session.execute(locking, {"id": then})

    here, there = asyncio.Event(), asyncio.Event()
    ends = await asyncio.gather(
        lock(one.id, two.id, here, there), lock(two.id, one.id, there, here), return_exceptions=True
    )

    (error,) = [end for end in ends if isinstance(end, BaseException)]
    assert retryable(error)
    assert not lost_connection(error)


async def test_what_the_database_refuses_for_ever_is_poison(database: Database):
    with pytest.raises(DBAPIError) as refused:
        async with database.commands() as session:
            await session.execute(text("INSERT INTO teams (name, created_at) VALUES (E'\\\\x', NULL)"))

    assert is_poison(refused.value)
    assert not retryable(refused.value)


@pytest.mark.parametrize(
    "error", [ConnectionRefusedError(), ConnectionResetError(), TimeoutError(), FileNotFoundError()]
)
def test_a_server_that_does_not_answer_is_a_lost_connection(error: OSError):
    assert lost_connection(error)


@pytest.mark.parametrize("error", [ValueError(), KeyError(), asyncio.CancelledError()])
def test_our_own_mistakes_are_not(error: BaseException):
    assert not lost_connection(error)


async def test_a_database_that_may_forget_is_refused_unless_told(addresses: Addresses):
    with pytest.raises(UnfitDatabase) as refusal:
        await check_server(addresses.owner_dsn, allow_unsafe=False)

    assert str(refusal.value) == (
        "The database has fsync and synchronous_commit off, so a power cut would lose alerts that OpsKnight has"
        " confirmed. Turn it on, or accept the risk with OPSKNIGHT_ALLOW_UNSAFE_DATABASE=1."
    )
    await check_server(addresses.owner_dsn, allow_unsafe=True)


async def test_a_database_out_of_reach_is_named_without_its_password():
    with pytest.raises(UnfitDatabase) as refusal:
        await check_server("postgresql://ops:hunter2@127.0.0.1:1/ops", allow_unsafe=False)

    assert "cannot be reached" in str(refusal.value)
    assert "hunter2" not in str(refusal.value)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg", "postgresql+psycopg"])
def test_an_address_written_for_another_driver_works_too(scheme: str):
    assert plain_dsn(f"{scheme}://ops@db/ops?sslmode=require") == "postgresql://ops@db/ops?sslmode=require"


def test_an_error_that_is_its_own_cause_is_judged_and_does_not_hang_the_process():
    first, second = ConnectionError("lost"), RuntimeError("lost again")
    first.__cause__, second.__cause__ = second, first

    assert retryable(second)
    assert not is_poison(second)
