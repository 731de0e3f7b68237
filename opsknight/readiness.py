"""One look at the whole house, for /readyz and for the banner on every page."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import structlog

from opsknight import metrics
from opsknight.deps import Deps
from opsknight.domain.model.canary import arrives, silenced
from opsknight.domain.model.channel import face
from opsknight.domain.model.ledger import span
from opsknight.domain.model.readiness import NOTHING_CAUGHT, Finding, Observed, State, findings, ready
from opsknight.domain.model.service_level import ServiceLevels
from opsknight.domain.queries.calendar_sources import Stale
from opsknight.domain.queries.canaries import own
from opsknight.domain.queries.fitness import Ground
from opsknight.domain.queries.health import DatabaseHealth, database_health
from opsknight.domain.queries.service_levels import service_levels

log = structlog.get_logger(__name__)

DATABASE_MAY_TAKE_S: Final = 2.0
LEVELS_LAST_S: Final = 10.0
KEEPING_FROM_DUTY: Final = ("database", "restored", "engine", "canaries", "hearing")
"""Findings that say that what monitors report pages nobody; the others concern screens and days to come.

The watchdog heeds the same.
"""
_FIGURES: Final = {State.GOOD: 0, State.WARN: 1, State.BAD: 2}


async def look(deps: Deps) -> Sequence[Finding]:
    """Return what is good, worth a warning and bad, within two seconds whatever is broken."""
    database = await _ask(deps)
    now, jump = deps.clock.now(), deps.clock.jump
    due_at = database.oldest_due_at if database else None
    found = findings(
        Observed(
            database=database is not None,
            late_s=(now - due_at).total_seconds() if due_at else None,
            feed_s=deps.hub.lag_s,
            months_ahead=database.months_ahead if database else None,
            mail=deps.can_mail,
            troubles=database.troubles if database else {},
            push_out_of_reach=deps.push_out_of_reach,
            clock_jump_s=jump.total_seconds() if jump else 0.0,
            hearing=database.hearing if database else None,
            now=now,
            stopping=deps.stopping.is_set(),
            stale_calendars=[_calendar(one, now) for one in database.stale_calendars] if database else (),
            costs=database.costs if database else {},
            budget=deps.settings.budget,
            unpriced={slug: kind.unpriced for slug, kind in deps.channels.items() if kind.unpriced},
            caught=database.caught if database else NOTHING_CAUGHT,
            unset={
                slug: kind.not_ready
                for slug, kind in deps.channels.items()
                if database and slug in database.counted_on and not kind.ready
            },
            low_disk=deps.low_disk,
            restored=database.restored if database else None,
            silenced=silenced(deps.settings.canaries, database.unproven, at=now) if database else {},
        )
    )
    for currency, cost in (database.costs if database else {}).items():
        metrics.PHONE_COSTS.labels(currency).set(cost)
    _show(found, late_s=(now - due_at).total_seconds() if due_at else 0.0)
    return found


async def doubts(deps: Deps) -> str:
    """Return why nobody can vouch that pages go out now, empty where that is proven."""
    found = await look(deps)
    bad = [one.sentence for one in found if one.name in KEEPING_FROM_DUTY and one.state is State.BAD]
    if bad:
        return bad[0]
    async with deps.database.health() as session:
        return arrives(await own(session), at=deps.clock.now())


async def levels(deps: Deps) -> ServiceLevels | None:
    """Return how the pager kept its service levels in the last hour; None while the database does not answer.

    It is read anew every ten seconds at most, however many ask.
    """
    now, read = deps.clock.monotonic(), deps.levels_read
    if read is not None and now - read[0] < LEVELS_LAST_S:
        return read[1]
    try:
        async with asyncio.timeout(DATABASE_MAY_TAKE_S), deps.database.health() as session:
            found = await service_levels(session, now=deps.clock.now())
    except Exception as failure:  # noqa: BLE001  # whatever it is, the database did not answer
        log.warning("the service levels could not be read", error=repr(failure))
        return None
    deps.levels_read = now, found
    return found


def ground(deps: Deps) -> Ground:
    """Return what this installation can, as far as it matters whether people are ready."""
    loud = any(kind.ready and face(slug).loud for slug, kind in deps.channels.items())
    return Ground(unset=deps.unset, loud=loud)


def _show(found: Sequence[Finding], *, late_s: float) -> None:
    """Keep the figures for Prometheus in step with what was found."""
    metrics.READY.set(ready(found))
    metrics.ENGINE_LAG_SECONDS.set(late_s)
    for finding in found:
        metrics.FINDINGS.labels(finding.name).set(_FIGURES[finding.state])


def _calendar(one: Stale, now: datetime) -> str:
    return f"“{one.name}” of {one.schedule} for {span((now - one.since).total_seconds())} ({one.error.rstrip('.')})"


async def _ask(deps: Deps) -> DatabaseHealth | None:
    """Ask the database on connections kept for this, which answer when all others are busy."""
    try:
        async with asyncio.timeout(DATABASE_MAY_TAKE_S), deps.database.health() as session:
            return await database_health(session, now=deps.clock.now(), flown=deps.settings.canaries)
    except Exception as failure:  # noqa: BLE001  # whatever it is, the database did not answer
        log.warning("the database does not answer a probe", error=repr(failure))
        return None
