"""Inhibition rules as people and programs see them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypedDict

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.model.matcher import words
from opsknight.domain.queries.silencing import matchers_of
from opsknight.errors import NotFound

_RULES = text("""
    SELECT r.id, r.name, r.source, r.target, r.equal,
        (SELECT count(*) FROM inhibitors n JOIN alerts a ON a.id = n.alert_id AND a.status || '' = 'open'
            WHERE n.rule_id = r.id) AS sources,
        (SELECT count(*) FROM silences s JOIN incidents i ON i.id = s.incident_id
            WHERE s.rule_id = r.id AND s.source_alert_id IS NOT NULL AND i.status = 'suppressed'
                AND i.until IS NOT DISTINCT FROM s.until) AS resting
    FROM inhibitions r WHERE CAST(:id AS bigint) IS NULL OR r.id = :id ORDER BY lower(r.name), r.id
""")


class InhibitionLine(TypedDict):
    """One rule; `sources` counts those that are open, `resting` the incidents that they keep quiet."""

    id: int
    name: str
    source: list[dict[str, Any]]
    target: list[dict[str, Any]]
    equal: list[str]
    source_words: str
    target_words: str
    sources: int
    resting: int


async def inhibitions(session: AsyncSession) -> Sequence[InhibitionLine]:
    """Return every rule by name."""
    return [_line(row) for row in await session.execute(_RULES, {"id": None})]


async def inhibition(session: AsyncSession, rule_id: int) -> InhibitionLine:
    """Return one rule.

    Raises:
        NotFound: there is no such rule.
    """
    row = (await session.execute(_RULES, {"id": rule_id})).one_or_none()
    if row is None:
        raise NotFound("There is no such inhibition.")
    return _line(row)


def _line(row: Any) -> InhibitionLine:
    return InhibitionLine(
        id=row.id,
        name=row.name,
        source=row.source,
        target=row.target,
        equal=row.equal,
        source_words=words(matchers_of(row.source)),
        target_words=words(matchers_of(row.target)),
        sources=row.sources,
        resting=row.resting,
    )
