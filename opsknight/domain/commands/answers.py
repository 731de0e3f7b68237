"""Answers that are kept by Idempotency-Key: a command that is sent twice is done once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import select, text

from opsknight.domain.model.permission import Person, Role
from opsknight.domain.store.tables import CommandKeyRow
from opsknight.domain.store.unit_of_work import UnitOfWork

_RESERVE = text("""
    WITH reserved AS (
        INSERT INTO command_keys (key, answer, status, created_at) VALUES (:key, '{}', 0, :now)
        ON CONFLICT DO NOTHING RETURNING key
    )
    SELECT EXISTS (SELECT FROM reserved) AS reserved, users.role, users.active
    FROM (SELECT) AS one LEFT JOIN users ON users.id = CAST(:user_id AS bigint)
""")


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered: an HTTP status and plain JSON."""

    status: int
    body: Any


async def begin(uow: UnitOfWork, key: bytes) -> Answer | None:
    """Reserve `key` for this unit, or return what was answered to it before.

    A second request with the same key waits here until the first is committed or undone. Who acts is
    read along: every command asks for it next.
    """
    found = (await uow.session.execute(_RESERVE, {"key": key, "now": uow.now, "user_id": uow.user_id})).one()
    if uow.user_id is not None and found.role is not None:
        uow.person = Person(uow.user_id, Role(found.role), active=found.active)
    if found.reserved:
        return None
    row = (
        await uow.session.execute(select(CommandKeyRow.status, CommandKeyRow.answer).where(CommandKeyRow.key == key))
    ).one()
    return Answer(row.status, row.answer)


def keep(uow: UnitOfWork, key: bytes, answer: Answer) -> None:
    """Keep the answer to a key that this unit reserved, once the unit is committed."""
    uow.keep_answer(key, status=answer.status, answer=orjson.dumps(answer.body))
