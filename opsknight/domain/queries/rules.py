"""Rules as people and programs see them, and ready for use. Instants are epoch seconds."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, TypedDict

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.model.expression import BadExpression
from opsknight.domain.model.rule import BadRule
from opsknight.domain.model.rule_document import ready_rule_of, rule_of
from opsknight.domain.model.rule_set import ReadyRule, RuleSet, Skipped
from opsknight.errors import NotFound
from opsknight.patterns import compile_pattern


class RuleLine(TypedDict):
    """One rule of all services (`service_id` None) or of one, with what it has done so far.

    `rule` is its document, `words` what it does. `why` says why it was skipped last, or why it cannot be read.
    `to_archived` names the service that it would move events to, where that is archived: they stay with their own.
    """

    id: int
    service_id: int | None
    service: str | None
    rule: Mapping[str, Any]
    name: str
    when: str
    words: list[str]
    enabled: bool
    matched: int
    matched_at: float | None
    skipped: int
    skipped_at: float | None
    why: str
    to_archived: str | None


_LINES = """
    SELECT r.id, r.service_id, s.name AS service, r.document, coalesce(c.matched, 0) AS matched,
        extract(epoch FROM c.matched_at)::float8 AS matched_at, coalesce(c.skipped, 0) AS skipped,
        extract(epoch FROM c.skipped_at)::float8 AS skipped_at, coalesce(c.why, '') AS why, too.name AS to_archived
    FROM rules r LEFT JOIN services s ON s.id = r.service_id LEFT JOIN rule_counts c ON c.rule_id = r.id
    LEFT JOIN services too ON CAST(too.id AS text) = r.document #>> '{set,service_id}' AND too.archived_at IS NOT NULL
"""
_ALL = text(f"{_LINES} WHERE s.archived_at IS NULL ORDER BY r.service_id NULLS FIRST, r.position, r.id")
_OF_SCOPE = text(f"{_LINES} WHERE r.service_id IS NOT DISTINCT FROM :service_id ORDER BY r.position, r.id")
_ONE = text(f"{_LINES} WHERE r.id = :id")
_READY = text("SELECT id, service_id, document::text FROM rules ORDER BY position, id")


async def rules(session: AsyncSession) -> Sequence[RuleLine]:
    """Return every rule in the order in which they are asked, those of all services first; none of an archived one."""
    return [_line(row) for row in await session.execute(_ALL)]


async def rules_of(session: AsyncSession, service_id: int | None) -> Sequence[RuleLine]:
    """Return the rules of a service, or those of all services (None), in their order."""
    return [_line(row) for row in await session.execute(_OF_SCOPE, {"service_id": service_id})]


async def rule(session: AsyncSession, rule_id: int) -> RuleLine:
    """Return one rule.

    Raises:
        NotFound: there is none.
    """
    row = (await session.execute(_ONE, {"id": rule_id})).one_or_none()
    if row is None:
        raise NotFound("There is no such rule; it may have been deleted.")
    return _line(row)


async def rule_sets(session: AsyncSession) -> Mapping[int | None, RuleSet]:
    """Return the enabled rules ready for use, by service; under None those of all services. Empty sets are left out."""
    read: dict[int | None, list[ReadyRule]] = defaultdict(list)
    broken: dict[int | None, list[Skipped]] = defaultdict(list)
    for row in await session.execute(_READY):
        found = _ready(row.id, row.service_id, row.document)
        if isinstance(found, ReadyRule):
            read[row.service_id].append(found)
        elif found is not None:
            broken[row.service_id].append(found)
    sets = {one: RuleSet.made(read[one], broken=broken[one]) for one in {*read, *broken}}
    return {service_id: one for service_id, one in sets.items() if one}


@lru_cache(maxsize=4096)
def _ready(rule_id: int, service_id: int | None, document: str) -> ReadyRule | Skipped | None:
    """Return a rule ready for use, or why it is skipped; None where that is no matter, as it is switched off.

    Kept in memory: whenever anything is configured all rules are wanted anew, and hardly one of them has changed.
    """
    parts: dict[str, Any] = json.loads(document)
    try:
        return ready_rule_of(parts, compile_pattern, rule_id=rule_id, service_id=service_id)
    except (BadRule, BadExpression) as refusal:
        why = f"it cannot be read: {refusal.sentence}"
        return None if parts.get("enabled") is False else Skipped(rule_id, str(parts.get("name", "")), why)


def _line(row: Any) -> RuleLine:
    document: Mapping[str, Any] = row.document
    words: list[str] = []
    why = row.why
    try:
        words = list(rule_of(document, compile_pattern).actions.does())
    except (BadRule, BadExpression) as refusal:
        why = f"it cannot be read: {refusal.sentence}"
    return RuleLine(
        id=row.id,
        service_id=row.service_id,
        service=row.service,
        rule=document,
        name=str(document.get("name", "")),
        when=str(document.get("when", "")),
        words=words,
        enabled=document.get("enabled", True) is not False,
        matched=row.matched,
        matched_at=row.matched_at,
        skipped=row.skipped,
        skipped_at=row.skipped_at,
        why=why,
        to_archived=row.to_archived,
    )
