"""Watching ourselves: canaries by every channel, and the word to an outside watcher that pages go out.

The word is given only while it is true: the house is fit for duty, our own canary arrived in time, and one by the
channels that must get through. When it is not given, whoever watches outside pages instead.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import aiohttp
import structlog

from opsknight import metrics, readiness
from opsknight.deps import Deps
from opsknight.domain.commands import canaries
from opsknight.domain.model.canary import OWN
from opsknight.domain.model.ledger import people, span
from opsknight.domain.queries.canaries import standings
from opsknight.errors import CannotStart
from opsknight.outbound import connector
from opsknight.settings import Settings

log = structlog.get_logger(__name__)

ACTOR: Final = "timer:canary"
CALL_S: Final = 10.0


def check(settings: Settings, channels: Collection[str]) -> None:
    """Return when each canary that is wanted has a channel, of those by which people are reached: `channels`.

    Raises:
        CannotStart: one has none, so that nothing would prove what its operator counts on.
    """
    known = [slug for slug in channels if slug != OWN]
    unknown = [slug for slug in settings.canaries if slug not in known]
    if unknown:
        raise CannotStart(
            f"OPSKNIGHT_CANARY: there is no channel {people([f'“{slug}”' for slug in unknown])}, so no canary would go"
            f" out by it. Write one of {', '.join(sorted(known))} before the =."
        )


async def release(deps: Deps) -> None:
    """Send this minute's canaries, and tell of what we were blind to."""
    async with deps.engine_commands(ACTOR) as uow:
        spells = await canaries.release(uow, deps.settings.canaries, discreet=deps.settings.discreet)
    for spell in spells:
        log.error("pages may not have gone out", seconds=(spell.to_at - spell.from_at).total_seconds())
    async with deps.database.health() as session:
        for line in await standings(session, at=deps.clock.now()):
            metrics.CANARY_SUCCESS.labels(line["channel"]).set(line["taken"] / line["ended"])
            metrics.CANARY_LAG_SECONDS.labels(line["channel"]).set(line["longest_s"] or 0.0)


async def vouch(deps: Deps) -> bool:
    """Call the watcher outside when pages go out; return whether that could be said."""
    try:
        why = await readiness.doubts(deps)
    except Exception as error:  # noqa: BLE001  # what cannot be found out is not vouched for
        why = f"it could not be found out ({type(error).__name__})"
    metrics.VOUCHED.set(not why)
    url = deps.settings.heartbeat_url
    if url and why:
        log.warning("the outgoing heartbeat is withheld", reason=why)
    elif url:
        await _call(url)
    return not why


async def _call(url: str) -> None:
    """Call it; when that fails the watcher will notice by itself."""
    limit = aiohttp.ClientTimeout(total=CALL_S)
    try:
        async with (
            aiohttp.ClientSession(timeout=limit, connector=connector(allow_private=True)) as session,
            session.get(url, allow_redirects=False) as answer,
        ):
            if answer.status >= 300:
                log.warning("the outside watcher did not take the heartbeat", status=answer.status)
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
        log.warning("the outside watcher cannot be reached", error=type(error).__name__, again_in=span(30))
