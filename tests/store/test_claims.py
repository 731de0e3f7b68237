"""Who works on what is due, and what becomes of a dead worker's claims."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from opsknight.crypto import new_id
from opsknight.domain.store import claims
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import AttemptRow, NotificationRow
from opsknight.domain.store.worker_lock import WorkerLock
from tests.bounds import PATIENCE_S
from tests.builders import a_contact_method, a_notification, a_page, a_stored_incident, a_timer, a_user
from tests.clock import NOON

if TYPE_CHECKING:
    from opsknight.domain.store.engine import Connection

MINUTE = timedelta(minutes=1)
ONE, TWO = 1001, 1002


async def test_two_workers_at_the_same_instant_share_nothing_and_leave_nothing(database: Database):
    timers = {(await a_timer(database)).id for _ in range(20)}

    first, second = await asyncio.gather(timers_of(database, ONE, limit=10), timers_of(database, TWO, limit=10))

    assert len(first) == len(second) == 10
    assert set(first) | set(second) == timers


async def test_what_is_longest_due_is_claimed_first_and_what_is_not_due_is_left(database: Database):
    late = await a_timer(database, due_at=NOON - MINUTE)
    later = await a_timer(database, due_at=NOON - 2 * MINUTE)
    await a_timer(database, due_at=NOON + MINUTE)

    assert await timers_of(database, ONE) == [later.id, late.id]


async def test_of_what_is_due_the_urgent_is_claimed_first(database: Database):
    await a_timer(database, due_at=NOON - MINUTE, urgent=False)
    urgent = await a_timer(database)

    assert await timers_of(database, ONE, limit=1) == [urgent.id]


async def test_a_lease_that_has_run_out_is_claimed_again_with_a_higher_fence(database: Database):
    await a_timer(database)
    async with database.engine() as session, session.begin():
        (first,) = await claims.due_timers(session, now=NOON, worker=ONE, limit=10)

    assert await timers_of(database, TWO, at=NOON + timedelta(seconds=29)) == []
    async with database.engine() as session, session.begin():
        (second,) = await claims.due_timers(session, now=NOON + timedelta(seconds=30), worker=TWO, limit=10)

    assert (second.id, second.fence) == (first.id, first.fence + 1)


async def test_a_dead_timer_is_never_claimed(database: Database):
    await a_timer(database, dead_at=NOON)

    assert await timers_of(database, ONE) == []


async def test_timers_of_a_worker_without_its_lock_are_free_at_once(database: Database):
    timer = await a_timer(database)
    await timers_of(database, ONE)

    freed = await free(database)

    assert freed == 1
    assert await timers_of(database, TWO) == [timer.id]


async def test_timers_of_a_worker_that_holds_its_lock_stay_its_own(database: Database):
    await a_timer(database)
    await timers_of(database, ONE)
    lock = WorkerLock(ONE, connect=database.direct)
    await lock.acquire()

    freed = await free(database)

    assert (freed, await timers_of(database, TWO)) == (0, [])
    await lock.release()


async def test_a_worker_is_dead_when_it_has_no_lock(database: Database):
    lock = WorkerLock(ONE, connect=database.direct)
    await lock.acquire()

    async with database.engine() as session:
        dead = await claims.dead_workers(session, [ONE, TWO])

    assert dead == {TWO}
    await lock.release()


async def test_a_worker_whose_connection_is_cut_knows_and_takes_its_lock_again(database: Database, admin: Connection):
    taken: list[float] = []
    lock = WorkerLock(ONE, connect=database.direct, taken=lambda: taken.append(time.monotonic()))
    async with asyncio.TaskGroup() as group:
        running = group.create_task(lock.run())
        await until(lambda: lock.held)
        await admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'opsknight worker'"
            " AND datname = current_database()"
        )
        await until(lambda: len(taken) == 2)
        held_again = lock.held
        running.cancel()
    assert held_again
    assert not lock.held


async def test_a_message_that_was_never_begun_is_free_at_once_when_its_worker_dies(database: Database):
    message = await a_message(database)
    await messages_of(database, ONE)

    await free(database)

    (again,) = await messages_of(database, TWO)
    assert (again.id, again.perhaps_sent, again.before) == (message.id, False, "queued")


async def test_a_message_whose_call_had_begun_is_free_after_15_s_as_perhaps_sent(database: Database):
    message = await a_message(database)
    await messages_of(database, ONE)
    await begun(database, message.id)

    assert await free(database, at=NOON + timedelta(seconds=14)) == 0
    assert await free(database, at=NOON + timedelta(seconds=15)) == 1

    (again,) = await messages_of(database, TWO, at=NOON + timedelta(seconds=15))
    assert (again.perhaps_sent, again.before) == (True, "ambiguous")


async def test_high_urgency_and_first_attempts_go_before_what_is_longer_due(database: Database):
    low = await a_message(database, urgency="low", due_at=NOON - 9 * MINUTE)
    retried = await a_message(database, attempts=2, due_at=NOON - 5 * MINUTE)
    first = await a_message(database, due_at=NOON - MINUTE)

    assert [one.id for one in await messages_of(database, ONE)] == [first.id, retried.id, low.id]


async def test_low_urgency_takes_no_more_than_its_places(database: Database):
    for _ in range(3):
        await a_message(database, urgency="low")

    claimed = await messages_of(database, ONE, limit=5, low=1)

    assert len(claimed) == 1


async def test_high_urgency_takes_every_place_where_it_needs_them(database: Database):
    high = {(await a_message(database)).id for _ in range(3)}
    await a_message(database, urgency="low")

    claimed = await messages_of(database, ONE, limit=3, low=2)

    assert {one.id for one in claimed} == high


@pytest.mark.parametrize("status", ["accepted", "delivered", "failed", "superseded", "bundled"])
async def test_a_finished_message_is_never_claimed(database: Database, status: str):
    await a_message(database, status=status, finished_at=NOON)

    assert await messages_of(database, ONE) == []


async def timers_of(database: Database, worker: int, *, at: datetime = NOON, limit: int = 100) -> list[UUID]:
    async with database.engine() as session, session.begin():
        return [timer.id for timer in await claims.due_timers(session, now=at, worker=worker, limit=limit)]


async def messages_of(database: Database, worker: int, *, at: datetime = NOON, limit: int = 10, low: int = 10):
    async with database.engine() as session, session.begin():
        return await claims.due_notifications(
            session, now=at, worker=worker, channel="email", limit=limit, limit_low=low
        )


async def free(database: Database, *, at: datetime = NOON) -> int:
    async with database.engine() as session, session.begin():
        return await claims.free_of_the_dead(session, now=at)


async def a_message(database: Database, **columns: Any) -> NotificationRow:
    user = await a_user(database, reachable=False)
    method = await a_contact_method(database, user)
    return await a_notification(
        database, await a_page(database, await a_stored_incident(database), user), method, **columns
    )


async def begun(database: Database, message: UUID) -> None:
    async with database.engine() as session, session.begin():
        session.add(AttemptRow(id=new_id(), notification_id=message, number=1, worker=ONE, started_at=NOON))


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not true():  # noqa: ASYNC110  # a lock taken over the network sets no event here
            await asyncio.sleep(0.01)
