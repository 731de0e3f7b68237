"""How quickly many messages go out over HTTP at once, and what memory it takes: by ntfy, to a peer on this machine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta

import asyncpg
import psutil

from tests.bench.costs import Costs, counted
from tests.bench.figures import rate
from tests.bench.load import EACH_ALONE
from tests.peers.http_provider import HttpPeer, Said, http_peer_in_thread
from tests.server import RunningServer

MESSAGES = 10_000
WANTED_RATE = 500
DUE_AFTER_S = 4.0
LOOK_EVERY_S = 0.25

BY_NTFY = "UPDATE contact_methods SET channel = 'ntfy', address = 'ops-bench', secret = '{}', verified_at = now()"
SENT = """
SELECT extract(epoch FROM max(a.started_at) - min(a.started_at)) AS lasted, count(*) AS messages
FROM attempts a WHERE a.outcome = 'accepted' AND a.carrier = 'ntfy'
"""


@dataclass
class FannedOut:
    """How many went out, in how many seconds from the first call to the last, and the server's memory meanwhile."""

    messages: int = 0
    lasted_s: float = 0.0
    costs: Costs = field(default_factory=Costs)
    memory_mb: list[float] = field(default_factory=list[float])

    def sentence(self) -> str:
        """Return it as a sentence of the page."""
        per_s = rate(self.messages / self.lasted_s) if self.lasted_s else "–"
        before, most = self.memory_mb[0], max(self.memory_mb)
        return (
            f"{self.messages:,} messages due at one instant by ntfy, over HTTP to a peer on this machine:"
            f" **{per_s}** (wanted: {WANTED_RATE}/s), {self.costs.each(self.messages)} of processor time for each;"
            f" the server's memory was {before:,.0f} MB before and"
            f" {most:,.0f} MB at most."
        )


async def measured(opened: str, messages: int = MESSAGES) -> FannedOut:
    """Have `messages` pages fall due at once and return how they went out; `opened` is the SQL that plans them."""
    with http_peer_in_thread() as peer, RunningServer(settings={"NTFY_URL": peer.origin, **EACH_ALONE}) as server:
        assert server.process is not None
        peer.answering = lambda _asked: Said(200, {"id": "hwQ2YpKdmg"})
        owner = await asyncpg.connect(server.owner_dsn())
        try:
            await owner.execute(BY_NTFY)
            integration = await owner.fetchrow(
                "SELECT id, service_id FROM integrations WHERE provider = 'alertmanager'"
            )
            assert integration is not None
            spans = timedelta(seconds=DUE_AFTER_S), timedelta()
            await owner.execute(opened, messages, *integration, *spans, "fan-out:")
            await owner.execute("ANALYZE incidents, alerts, timers")
            async with _watched(server.process.pid) as found:
                with counted(server.process.pid) as found.costs:
                    await _taken(peer, messages)
            row = await owner.fetchrow(SENT)
        finally:
            await owner.close()
    assert row is not None
    found.messages, found.lasted_s = row["messages"], float(row["lasted"] or 0)
    return found


async def _taken(peer: HttpPeer, messages: int) -> None:
    with suppress(AssertionError):  # what came until then is counted all the same
        await peer.messages_come(messages, within_s=180)
    await asyncio.sleep(1)  # the last results are written


@asynccontextmanager
async def _watched(pid: int) -> AsyncIterator[FannedOut]:
    """Look at the memory of a process until the block ends."""
    found, process = FannedOut(), psutil.Process(pid)

    async def look() -> None:
        while True:
            found.memory_mb.append(process.memory_info().rss / 2**20)
            await asyncio.sleep(LOOK_EVERY_S)

    looking = asyncio.get_running_loop().create_task(look())
    await asyncio.sleep(LOOK_EVERY_S)
    try:
        yield found
    finally:
        looking.cancel()
