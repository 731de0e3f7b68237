"""What native windows are to show."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from opsknight.domain.model.window import SHOWN_AT_MOST

# A page of an older generation calls nobody any more: somebody else is paged, or the same person anew. Nor does one
# that its person has answered while others must acknowledge too.
_SHOWN: Final = f"""
    SELECT w.seq, w.payload FROM window_messages w
    LEFT JOIN notifications n ON n.id = w.id LEFT JOIN incidents i ON i.id = n.incident_id
    WHERE w.contact_method_id = m.id AND w.expires_at > :now
        AND (i.id IS NULL OR i.status <> 'open' OR i.generation = n.generation AND NOT coalesce(
            (i.must_acknowledge ->> 'generation')::integer = n.generation
            AND (i.must_acknowledge -> 'answered') ? CAST(n.user_id AS text), false))
    ORDER BY w.seq DESC LIMIT {SHOWN_AT_MOST}
"""  # noqa: S608  # a number of ours
_STATES: Final = text(f"""
    SELECT m.id, coalesce(string_agg(w.seq::text, ',' ORDER BY w.seq), '') AS state
    FROM contact_methods m JOIN users u ON u.id = m.user_id AND u.active
    LEFT JOIN LATERAL ({_SHOWN}) w ON true
    WHERE m.id = ANY(:ids) AND m.disabled_at IS NULL
    GROUP BY m.id
""")  # noqa: S608  # our own words
_MESSAGES: Final = text(f"""
    SELECT w.seq, w.payload FROM contact_methods m, LATERAL ({_SHOWN}) w WHERE m.id = :id ORDER BY w.seq
""")  # noqa: S608  # our own words


async def states(session: AsyncSession, ids: Collection[int], *, at: datetime) -> Mapping[int, str]:
    """Return by which messages each window's news are known; those that are no contact methods any more are missing."""
    rows = await session.execute(_STATES, {"ids": list(ids), "now": at})
    return {row.id: row.state for row in rows}


async def messages(session: AsyncSession, window_id: int, *, at: datetime) -> tuple[str, Sequence[Mapping[str, Any]]]:
    """Return what a window shows at `at`, the oldest first, and by what that is known."""
    found = (await session.execute(_MESSAGES, {"id": window_id, "now": at})).all()
    return ",".join(str(row.seq) for row in found), [row.payload for row in found]
