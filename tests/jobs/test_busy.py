"""A database that is too busy: others hold a row for long, or a statement takes too long. Nothing is lost by it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
import structlog
from sqlalchemy import text

from opsknight.domain.store.tables import IncidentRow
from opsknight.jobs import deliver
from opsknight.jobs.engine import Engine
from opsknight.jobs.worker import Worker
from tests.jobs.pager import Pager, until
from tests.peers.smtp import Mood

SECOND = timedelta(seconds=1)


@asynccontextmanager
async def others_hold(pager: Pager, incident_id: object) -> AsyncIterator[None]:
    """Have somebody else's transaction hold an incident, longer than anybody waits for it."""
    async with pager.database.commands() as session:
        await session.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        await session.execute(text("SELECT 1 FROM incidents WHERE id = :id FOR UPDATE"), {"id": incident_id})
        yield


@asynccontextmanager
async def an_engine(pager: Pager) -> AsyncIterator[Engine]:
    worker = Worker(pager.deps)
    await worker.lock.acquire()
    try:
        yield Engine(pager.deps, worker)
    finally:
        await worker.lock.release()


async def timer_of(pager: Pager, incident: IncidentRow) -> tuple[int, bool] | None:
    """How often the timer of an incident has failed, and whether it waits; None where it has fired."""
    found = await pager.rows("SELECT attempts, kind FROM timers WHERE subject = :id", id=incident.id)
    return found[0] if found else None


async def test_a_timer_whose_incident_others_hold_has_not_failed_and_fires_when_they_let_go(pager: Pager) -> None:
    held, other = await pager.an_incident(), await pager.an_incident()

    async with an_engine(pager) as engine:
        async with others_hold(pager, held.id):
            await engine.turn()
            meanwhile = await timer_of(pager, held), await timer_of(pager, other)
        await pager.move_on(1 * SECOND)
        await engine.turn()

    assert meanwhile == ((0, "escalation"), (0, "safety_net"))
    assert await timer_of(pager, held) == (0, "safety_net")


async def test_a_timer_that_is_never_done_in_time_has_failed_after_a_minute_of_trying(pager: Pager) -> None:
    held = await pager.an_incident()

    failures: list[int] = []
    async with an_engine(pager) as engine, others_hold(pager, held.id):
        for _ in range(3):
            await engine.turn()
            failures += [found[0] if (found := await timer_of(pager, held)) else -1]
            await pager.move_on(61 * SECOND)

    assert failures == [0, 1, 2]


def told(lines: list[Any]) -> set[str]:
    return {line["event"] for line in lines} & {"an outcome is not stored yet", "an outcome could not be stored"}


async def test_what_became_of_a_message_is_written_once_others_let_go_of_its_incident(pager: Pager) -> None:
    mail = await pager.a_mail(due_at=pager.deps.clock.now() + SECOND)
    pager.smtp.moods = [Mood.REFUSE_FOR_NOW]

    async def met() -> bool:
        return bool(told(lines))

    with structlog.testing.capture_logs() as lines:
        async with pager.sending():
            async with others_hold(pager, mail.incident_id):
                await pager.move_on(SECOND)
                await until(met, True)
            await pager.attempts_become(["retry"], mail)

    assert told(lines) == {"an outcome is not stored yet"}


async def test_what_can_never_be_written_is_given_up_in_the_end_and_holds_nobody_up(
    pager: Pager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliver, "BUSY_FOR_S", 0.0)
    mail = await pager.a_mail(due_at=pager.deps.clock.now() + SECOND)
    pager.smtp.moods = [Mood.REFUSE_FOR_NOW]

    async def given_up() -> bool:
        return "an outcome could not be stored" in told(lines)

    with structlog.testing.capture_logs() as lines:
        async with pager.sending(), others_hold(pager, mail.incident_id):
            await pager.move_on(SECOND)
            await until(given_up, True)
            await pager.becomes("accepted", await pager.a_mail())
