"""One unit of work: an actor, an instant, a session, the facts of what changed. The only commit."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeAlias
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from opsknight.domain.model.permission import Person
from opsknight.domain.model.via import VIA
from opsknight.domain.store.rows import columns

Hook: TypeAlias = Callable[[], object]

# All facts of a unit in one statement, which a unit of many pages notices; their order is that of their numbers.
_RECORD: Final = """
    INSERT INTO facts (at, kind, actor, incident_id, subject, data)
    SELECT at, kind, actor, incident_id, subject, CAST(data AS jsonb)
    FROM unnest(CAST(:at AS timestamptz[]), CAST(:kind AS text[]), CAST(:actor AS text[]),
        CAST(:incident_id AS uuid[]), CAST(:subject AS text[]), CAST(:data AS text[]))
        WITH ORDINALITY f (at, kind, actor, incident_id, subject, data, place)
    ORDER BY place
"""
_KEEP: Final = "UPDATE command_keys SET answer = CAST(:answer AS jsonb), status = :status WHERE key = :key"
_WRITE: Final = text(_RECORD)
_ANSWER: Final = text(_KEEP)
_WRITE_AND_ANSWER: Final = text(f"WITH kept AS ({_KEEP}) {_RECORD}")


@dataclass(slots=True)
class UnitOfWork:
    """What a command is given. Commands write through `session`, `record` what they did, and never commit.

    `now` is the instant of the whole unit; `actor` says who does it: `user:3`, `integration:7`,
    `timer:escalation`, and `person` is the acting user once that has been read. `kinds` are those of
    the facts recorded so far. Hooks given to `after_commit` run
    once the change is durable, in order.
    """

    session: AsyncSession
    actor: str
    now: datetime
    person: Person | None = None
    kinds: set[str] = field(default_factory=set[str])
    _answer: dict[str, Any] | None = None
    _facts: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    _hooks: list[Hook] = field(default_factory=list[Hook])

    @property
    def user_id(self) -> int | None:
        """The acting user, or None when a monitor, timer or the system acts."""
        kind, _, number = self.actor.partition(":")
        return int(number) if kind == "user" and number.isdigit() else None

    def record(
        self, kind: str, *, incident_id: UUID | None = None, subject: str = "", actor: str | None = None, **data: Any
    ) -> None:
        """Write one fact with this unit; `data` must be plain JSON. `actor` names another doer than the unit's."""
        self.kinds.add(str(kind))
        if (via := VIA.get()) and actor is None and self.user_id is not None and not data.get("via"):
            data["via"] = via
        self._facts.append(
            {
                "at": self.now,
                "kind": str(kind),
                "actor": actor or self.actor,
                "incident_id": incident_id,
                "subject": subject,
                "data": data,
            }
        )

    def keep_answer(self, key: bytes, *, status: int, answer: bytes) -> None:
        """Keep an answer, as JSON, to a key that this unit reserved; it is written together with the facts."""
        self._answer = {"key": key, "status": status, "answer": answer.decode()}

    @asynccontextmanager
    async def as_a_whole(self) -> AsyncGenerator[None, None]:
        """Do what is inside, or nothing of it where that raises: what was done before can be committed all the same."""
        facts, hooks, kinds = len(self._facts), len(self._hooks), set(self.kinds)
        try:
            async with self.session.begin_nested():
                yield
        except BaseException:
            del self._facts[facts:], self._hooks[hooks:]
            self.kinds = kinds
            raise

    def after_commit(self, hook: Hook) -> None:
        """Run `hook` after the commit; never when it fails."""
        self._hooks.append(hook)

    def take_facts(self) -> list[dict[str, Any]]:
        """Return the facts recorded since they were taken or written last; they are not written any more."""
        facts, self._facts = self._facts, []
        return facts

    async def flush_facts(self) -> bool:
        """Send the recorded facts and a kept answer to the database, before the commit; return whether facts were."""
        session = self.session
        if session.new or session.dirty or session.deleted:
            await session.flush()
        facts, answer, self._answer = self.take_facts(), self._answer, None
        if facts:
            rows = columns(facts, plain=("data",))
            await session.execute(*((_WRITE_AND_ANSWER, {**rows, **answer}) if answer else (_WRITE, rows)))
        elif answer:
            await session.execute(_ANSWER, answer)
        return bool(facts)

    def run_hooks(self) -> None:
        """Run the hooks; the unit is over."""
        hooks, self._hooks = self._hooks, []
        for hook in hooks:
            hook()


@asynccontextmanager
async def unit_of_work(
    sessions: async_sessionmaker[AsyncSession], *, actor: str, now: datetime, hooks: tuple[Hook, ...] = ()
) -> AsyncGenerator[UnitOfWork, None]:
    """Open a unit; commit when the block ends well, roll back when it raises.

    `hooks` run after a commit that wrote at least one fact: they wake what watches the ledger.
    """
    async with sessions() as session:
        uow = UnitOfWork(session=session, actor=actor, now=now)
        try:
            yield uow
            wrote = await uow.flush_facts()
            await session.commit()
        except BaseException:
            await session.rollback()
            raise
    if wrote:
        for hook in hooks:
            hook()
    uow.run_hooks()
