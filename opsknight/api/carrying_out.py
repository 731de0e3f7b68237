"""Carrying out a command of a person: once per Idempotency-Key, again where the database asks for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias
from uuid import UUID

from pydantic import BaseModel
from starlette.responses import Response

from opsknight.api.plain_json import plain_json
from opsknight.crypto import new_token, sha256
from opsknight.deps import Deps, retryable
from opsknight.domain.commands import answers
from opsknight.domain.commands.answers import Answer
from opsknight.domain.commands.incidents import Done
from opsknight.domain.model.incident import IllegalTransition
from opsknight.domain.queries import board
from opsknight.domain.queries.sessions import Viewer
from opsknight.errors import NotFound, Stale

PAUSES_S: Final = (0.02, 0.1)
"""Before the second and the third try."""

Command: TypeAlias = Callable[[Any], Awaitable[Done]]
"""What to do with a unit of work."""


def key_of(viewer: Viewer, what: str, header: str | None, *, wish: BaseModel | None = None) -> bytes:
    """Return the key under which an answer is kept: one of this person, for this command, or one made up.

    The same header with another wish is another command; but a queued command that is sent again may
    have seen a newer version meanwhile, and is the same.
    Also a command without a key must not be done twice when our own second try follows a commit
    whose confirmation was lost.
    """
    said = "" if wish is None else wish.model_dump_json(exclude={"seen_version"}, exclude_defaults=True)
    return sha256(f"{viewer.id}\n{what}\n{header or new_token()}\n{said}")


async def carry_out(
    deps: Deps, viewer: Viewer, command: Command, *, key: bytes, about: UUID | None, status: int = 200
) -> Response:
    """Do `command` in one unit of work and answer with the incident as it is then.

    `about` is the incident that it acts on, if there is one already: a refusal shows it as it is.

    Raises:
        Stale: the present state does not allow it; `current` is the incident's line.
    """
    try:
        answer = await _tried(deps, viewer, command, key, status)
    except (IllegalTransition, Stale) as refusal:
        raise Stale(str(refusal), current=await _line(deps, about)) from refusal
    return plain_json(answer.body, status=answer.status)


async def _tried(deps: Deps, viewer: Viewer, command: Command, key: bytes, status: int) -> Answer:
    for pause_s in PAUSES_S:
        try:
            return await _once(deps, viewer, command, key, status)
        except Exception as error:
            if not retryable(error):
                raise
        await asyncio.sleep(pause_s)
    return await _once(deps, viewer, command, key, status)


async def _once(deps: Deps, viewer: Viewer, command: Command, key: bytes, status: int) -> Answer:
    async with deps.commands(viewer.actor) as uow:
        if (kept := await answers.begin(uow, key)) is not None:
            return kept
        done = await command(uow)
        line = await board.line(uow.session, done.incident.id)
        body = {"incident": line, "sentence": done.sentence, "changed": done.changed, "offer": done.offer}
        answer = Answer(status, body)
        answers.keep(uow, key, answer)
    return answer


async def _line(deps: Deps, incident_id: UUID | None) -> Any:
    if incident_id is None:
        return None
    async with deps.reading() as session:
        try:
            return await board.line(session, incident_id)
        except NotFound:
            return None
