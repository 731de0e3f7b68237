"""Changes messages that were sent, when their incident moves on: “Acknowledged by Ada”, and what is left to do.

It looks after commits and each second, in one transaction for all channels, and is never in a page's way: a connection
pool to each provider of its own, few calls at once, and nothing that a page or an acknowledge waits for. What a crash
cuts off is done again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog

from opsknight import metrics
from opsknight.domain.commands import amends
from opsknight.domain.model.amendment import Amendment, again_after
from opsknight.domain.model.speech import speaking
from opsknight.jobs.channels.channel import Address, Ambiguous, Failed, Fault, Outcome, Retry, Sent
from opsknight.jobs.channels.routes import Routed
from opsknight.jobs.messages import Writer
from opsknight.jobs.rest import Rest

if TYPE_CHECKING:
    from opsknight.deps import Deps

log = structlog.get_logger(__name__)

SWEEP_S: Final = 1.0
BREATH_S: Final = 0.25
"""Between two looks, however often commits wake us: what moved on meanwhile is changed together."""
AT_ONCE: Final = 8
"""Messages of one channel that are changed side by side; the next begin when all of them are through."""
CALL_S: Final = 10.0
ACTOR: Final = "timer:amend"


class Amender:
    """Looks at what is behind, and changes it channel by channel, so that a slow one holds up itself alone."""

    def __init__(self, deps: Deps, channels: Mapping[str, Routed]) -> None:
        """Prepare to change messages of `channels`, which are nobody else's and are closed at the end."""
        self._deps = deps
        self._channels = channels
        self._writer = Writer(deps.settings.address, deps.installation.secret, discreet=deps.settings.discreet)
        self._woken = asyncio.Event()
        self._found = {slug: asyncio.Event() for slug in channels}

    def wake(self) -> None:
        """Look soon: something may have moved on."""
        self._woken.set()

    async def run(self) -> None:
        """Work until the process stops."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._run_look(), name="amend look")
                for slug in self._channels:
                    group.create_task(self._run_channel(slug), name=f"amend {slug}")
        finally:
            for channel in self._channels.values():
                await channel.close()

    async def look(self) -> bool:
        """Write down once what is behind, and wake whom it concerns; return whether there is more to read."""
        async with self._deps.engine_commands(ACTOR) as uow:
            more = await amends.look(uow, channels=self._channels)
            due = await amends.due(uow, channels=self._channels)
        for slug in due:
            self._found[slug].set()
        return more

    async def turn(self, slug: str) -> int:
        """Change at most AT_ONCE messages of one channel; return how many were tried."""
        async with self._deps.engine_commands(ACTOR) as uow:
            claimed = await amends.claim(uow, channel=slug, limit=AT_ONCE)
        outcomes = await asyncio.gather(*(self._change(each) for each in claimed))
        for amendment, outcome in zip(claimed, outcomes, strict=True):
            async with self._deps.engine_commands(ACTOR) as uow:
                if isinstance(outcome, Sent):
                    await amends.done(uow, amendment)
                else:
                    await amends.later(uow, amendment, wait=_wait(amendment, outcome))
        return len(claimed)

    async def _run_look(self) -> None:
        while not self._deps.stopping.is_set():
            self._woken.clear()
            more = False
            try:
                more = await self.look()
            except Exception as error:  # noqa: BLE001  # it outlives every fault of the database
                log.warning("the ledger could not be read for messages to change", error=repr(error))
            await Rest(self._woken, BREATH_S if more else SWEEP_S, at_least_s=BREATH_S).over()
        for found in self._found.values():
            found.set()

    async def _run_channel(self, slug: str) -> None:
        found = self._found[slug]
        while not self._deps.stopping.is_set():
            await found.wait()
            found.clear()
            try:
                if await self.turn(slug) == AT_ONCE:
                    found.set()
            except Exception as error:  # noqa: BLE001  # the lease ends, and it is done again
                log.warning("messages could not be changed", channel=slug, error=repr(error))
            await asyncio.sleep(BREATH_S)

    async def _change(self, amendment: Amendment) -> Outcome:
        with speaking(amendment.language):
            return await self._changed(amendment)

    async def _changed(self, amendment: Amendment) -> Outcome:
        message = self._writer.amended(amendment, now=self._deps.clock.now())
        address = Address(amendment.address, amendment.secret)
        try:
            async with asyncio.timeout(CALL_S):
                channel = self._channels[amendment.channel]
                provider_id, carrier = amendment.provider_id, amendment.carrier
                outcome = await channel.amend(message, address, provider_id=provider_id, carrier=carrier)
        except TimeoutError:
            outcome = Retry("the channel did not come back in time", Fault.TIMEOUT)
        except Exception as error:  # a fault of ours in a channel
            log.exception("a channel raised", channel=amendment.channel)
            outcome = Retry(f"{type(error).__name__} in the channel")
        metrics.AMENDED.labels(amendment.channel, "changed" if isinstance(outcome, Sent) else "failed").inc()
        return outcome


def _wait(amendment: Amendment, outcome: Retry | Failed | Ambiguous) -> timedelta | None:
    if isinstance(outcome, Failed):
        return None
    return again_after(amendment.tries, asked_for=outcome.after if isinstance(outcome, Retry) else None)
