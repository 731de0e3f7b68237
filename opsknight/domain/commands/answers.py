"""Answers that are kept by Idempotency-Key: a command that is sent twice is done once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from opsknight.domain.store.tables import CommandKeyRow
from opsknight.domain.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered: an HTTP status and plain JSON."""

    status: int
    body: Any


async def begin(uow: UnitOfWork, key: bytes) -> Answer | None:
    """Reserve `key` for this unit, or return what was answered to it before.

    A second request with the same key waits here until the first is committed or undone.
    """
    statement = insert(CommandKeyRow).values(key=key, answer={}, status=0, created_at=uow.now)
    reserved = await uow.session.execute(statement.on_conflict_do_nothing().returning(CommandKeyRow.key))
    if reserved.first() is not None:
        return None
    row = (
        await uow.session.execute(select(CommandKeyRow.status, CommandKeyRow.answer).where(CommandKeyRow.key == key))
    ).one()
    return Answer(row.status, row.answer)


async def keep(uow: UnitOfWork, key: bytes, answer: Answer) -> None:
    """Keep the answer to a key that this unit reserved."""
    await uow.session.execute(
        update(CommandKeyRow).where(CommandKeyRow.key == key).values(answer=answer.body, status=answer.status)
    )
