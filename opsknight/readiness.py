"""One look at the whole house, for /readyz and for the banner on every page."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

import structlog

from opsknight.deps import Deps
from opsknight.domain.model.readiness import Finding, Observed, findings
from opsknight.domain.queries.health import DatabaseHealth, database_health

log = structlog.get_logger(__name__)

DATABASE_MAY_TAKE_S: Final = 2.0


async def look(deps: Deps) -> Sequence[Finding]:
    """Return what is good, worth a warning and bad, within two seconds whatever is broken."""
    database = await _ask(deps)
    now, jump = deps.clock.now(), deps.clock.jump
    due_at = database.oldest_due_at if database else None
    return findings(
        Observed(
            database=database is not None,
            late_s=(now - due_at).total_seconds() if due_at else None,
            feed_s=deps.hub.lag_s,
            months_ahead=database.months_ahead if database else None,
            mail=deps.settings.smtp_url is not None,
            troubles=database.troubles if database else {},
            clock_jump_s=jump.total_seconds() if jump else 0.0,
            stopping=deps.stopping.is_set(),
        )
    )


async def _ask(deps: Deps) -> DatabaseHealth | None:
    """Ask the database on connections kept for this, which answer when all others are busy."""
    try:
        async with asyncio.timeout(DATABASE_MAY_TAKE_S), deps.database.health() as session:
            return await database_health(session, now=deps.clock.now())
    except Exception as failure:  # noqa: BLE001  # whatever it is, the database did not answer
        log.warning("the database does not answer a probe", error=repr(failure))
        return None
