"""Services that are archived, what archiving one would end, and what still comes for one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypedDict

from sqlalchemy import TextClause, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.model.ledger import people
from opsknight.domain.queries.silencing import window_of
from opsknight.domain.store.tables import MaintenanceWindowRow

SHOWN: Final = 5
"""Names in a sentence; what is more is counted."""
MAILED: Final = "email"


class Use(TypedDict):
    """Who sends still with a key that ended: `times` since the service was archived, the last time at `last_at`."""

    source: str
    name: str
    times: int
    last_at: float


class ArchivedLine(TypedDict):
    """An archived service; `policy` is None where it was deleted meanwhile. `uses` is what is refused since."""

    id: int
    name: str
    team: str
    team_id: int
    policy: str | None
    archived_at: float
    archived_by: str | None
    uses: list[Use]


@dataclass(frozen=True, slots=True)
class Ending:
    """What archiving a service ends, what hinders it, and which rules would send to it in vain; all of it in words.

    `windows` are its maintenance windows that are not over.
    """

    ends: Sequence[str]
    unresolved: Sequence[str]
    rules_to: Sequence[str]
    windows: Sequence[MaintenanceWindowRow]


_LINES = text("""
    SELECT s.id, s.name, t.name AS team, s.team_id, extract(epoch FROM s.archived_at)::float8 AS archived_at,
        u.name AS archived_by, CASE WHEN p.deleted_at IS NULL THEN p.name END AS policy
    FROM services s JOIN teams t ON t.id = s.team_id JOIN escalation_policies p ON p.id = s.policy_id
    LEFT JOIN users u ON u.id = s.archived_by
    WHERE s.archived_at IS NOT NULL ORDER BY lower(s.name), s.id
""")
_USES = text("""
    SELECT u.service_id, u.source, u.times, extract(epoch FROM u.last_at)::float8 AS last_at,
        coalesce(i.name, h.name, u.source) AS name
    FROM archived_uses u LEFT JOIN integrations i ON u.source = 'integration:' || i.id
    LEFT JOIN heartbeats h ON u.source = 'heartbeat:' || h.id
    ORDER BY u.last_at DESC, u.source
""")
_SPEAKS = text("""
    SELECT provider = :mailed AS mailed, name FROM integrations WHERE service_id = :id AND active
    ORDER BY lower(name), id
""")
_BEATS = text("SELECT name FROM heartbeats WHERE service_id = :id ORDER BY lower(name), id")
_RULES = text("SELECT document ->> 'name' FROM rules WHERE service_id = :id ORDER BY position, id")
_RULES_TO = text("""
    SELECT document ->> 'name' FROM rules WHERE document #>> '{set,service_id}' = CAST(CAST(:id AS bigint) AS text)
        AND service_id IS DISTINCT FROM CAST(:id AS bigint) ORDER BY position, id
""")
_UNRESOLVED = text("""
    SELECT number, title FROM incidents WHERE service_id = :id AND status <> 'resolved' ORDER BY number
""")


async def archived_services(session: AsyncSession) -> Sequence[ArchivedLine]:
    """Return every archived service by name."""
    lines = {row["id"]: ArchivedLine(**row, uses=[]) for row in (await session.execute(_LINES)).mappings()}
    for row in await session.execute(_USES) if lines else ():
        if row.service_id in lines:
            use = Use(source=row.source, name=row.name, times=row.times, last_at=row.last_at)
            lines[row.service_id]["uses"].append(use)
    return list(lines.values())


async def ending(session: AsyncSession, service_id: int, *, at: datetime) -> Ending:
    """Return what archiving a service `at` would end."""
    its = {"id": service_id}
    speaks = (await session.execute(_SPEAKS, {**its, "mailed": MAILED})).all()
    windows = await _windows(session, service_id, at=at)
    ends = [
        _named("the key of {}", "the keys of {}", [row.name for row in speaks if not row.mailed]),
        _named("the mail address of {}", "the mail addresses of {}", [row.name for row in speaks if row.mailed]),
        _named("the heartbeat {}", "the heartbeats {}", await _column(session, _BEATS, its)),
        _named("the rule {}", "the rules {}", await _column(session, _RULES, its)),
        _named("the maintenance {}", "the maintenance windows {}", [row.name for row in windows]),
    ]
    unresolved = [f"#{row.number} “{row.title}”" for row in await session.execute(_UNRESOLVED, its)]
    rules_to = [f"“{name}”" for name in await _column(session, _RULES_TO, its)]
    return Ending([words for words in ends if words], unresolved, rules_to, windows)


def shown(names: Sequence[str]) -> str:
    """Return names as a list in a sentence, at most SHOWN of them."""
    more = len(names) - SHOWN
    return people([*names[:SHOWN], f"{more} more"] if more > 0 else list(names))


async def _windows(session: AsyncSession, service_id: int, *, at: datetime) -> list[MaintenanceWindowRow]:
    its = MaintenanceWindowRow.service_id == service_id, MaintenanceWindowRow.cancelled_at.is_(None)
    rows = (await session.scalars(select(MaintenanceWindowRow).where(*its).order_by(MaintenanceWindowRow.id))).all()
    return [row for row in rows if not window_of(row).is_over(at)]


async def _column(session: AsyncSession, statement: TextClause, its: dict[str, int]) -> list[str]:
    return list((await session.execute(statement, its)).scalars())


def _named(one: str, many: str, names: Sequence[str]) -> str:
    return "" if not names else (one if len(names) == 1 else many).format(shown(names))
