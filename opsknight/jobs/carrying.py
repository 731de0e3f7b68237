"""Lets channels with several providers choose by how these have done lately, apart from the way of any message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import structlog

from opsknight import metrics
from opsknight.deps import Deps
from opsknight.domain.queries.carriers import carrier_records
from opsknight.jobs.channels.routes import Routed
from opsknight.jobs.channels.table import Lane
from opsknight.jobs.rest import Rest

log = structlog.get_logger(__name__)

LOOK_EVERY_S: Final = 30.0


class Carrying:
    """Looks every half a minute, for as long as `run` runs, at what the carriers of `lanes` got through."""

    def __init__(self, deps: Deps, lanes: Mapping[str, Lane]) -> None:
        """Heed the channels that have a choice; the others cost nothing."""
        self._deps = deps
        self._routed: dict[str, Routed] = {
            slug: lane.channel
            for slug, lane in lanes.items()
            if isinstance(lane.channel, Routed) and lane.channel.has_choice
        }

    async def run(self) -> None:
        """Look until the process stops; while the database is away, what was known last counts."""
        while self._routed and not self._deps.stopping.is_set():
            try:
                await self.look()
            except Exception as error:  # noqa: BLE001  # looked at again in a while
                log.warning("carriers could not be looked at", retry_after_s=LOOK_EVERY_S, error=repr(error))
            await Rest(self._deps.stopping, LOOK_EVERY_S).over()

    async def look(self) -> None:
        """Look once, have the channels choose by it, and tell where that changes an order."""
        async with self._deps.database.engine_reads() as session:
            records = await carrier_records(session, tuple(self._routed), now=self._deps.clock.now())
        metrics.CARRIER_SUCCESS.clear()
        for slug, channel in self._routed.items():
            known = records.get(slug, {})
            for country, order in channel.heed(known).items():
                log.warning("messages go by carriers in another order now", channel=slug, country=country, order=order)
            for country, by_carrier in known.items():
                for carrier, record in by_carrier.items():
                    metrics.CARRIER_SUCCESS.labels(slug, carrier, country).set(record.success)
