"""How a sender that sends too much is turned away: not at once, and with a word to its people.

Counted for these is whatever was turned away, also what did not prove itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from opsknight.api.gate import HOLD_S, IN_LINE
from opsknight.api.ingest_answers import Problem
from opsknight.api.intake import NO_ANSWER, Intake
from opsknight.api.providers.table import PROVIDERS
from opsknight.api.tally import Tally
from opsknight.clock import Clock
from opsknight.crypto import new_id
from opsknight.domain.commands.deliveries import Delivery, Receipt
from opsknight.domain.commands.turned_away import Turned
from opsknight.domain.queries.catalogue import Integration
from opsknight.errors import Throttled, TurnedAway, Unavailable

TELL_EVERY_S: Final = 60.0


class TurningAway:
    """Holds refusals back for a moment, outside the gate, and lets people know of them."""

    def __init__(self, intake: Intake, *, clock: Clock) -> None:
        """Begin with nobody turned away."""
        self._intake = intake
        self._clock = clock
        self._held = 0
        self._told_at: dict[int, float] = {}
        self.counted = Tally[Turned](
            "what was turned away", key=lambda one: (one.integration_id, one.starts_at), together=Turned.plus
        )

    async def hold(self) -> None:
        """Wait before a refusal: at once, it makes senders hammer. Past IN_LINE that wait, none is better than more."""
        if self._held >= IN_LINE:
            return
        self._held += 1
        try:
            await asyncio.sleep(HOLD_S)
        finally:
            self._held -= 1

    @contextmanager
    def telling(self, integration: Integration) -> Iterator[None]:
        """Have whoever is turned away within counted, and where it sends too much its people told.

        Raises:
            Problem: it sends too much; 429, or 503 to a kind of sender that gives up after 429.
            Unavailable: it must send again for any other reason.
        """
        try:
            yield
        except Throttled as throttled:
            if self._intake.stuck:  # then the places are full because nothing is stored, whoever sends
                away = TurnedAway(NO_ANSWER, retry_after_s=2)
                self.count(away, integration)
                raise away from None
            self.count(throttled, integration)
            self.tell(throttled, integration)
            status = 429 if PROVIDERS[integration.provider].retries_429 else 503
            raise Problem(status, throttled.sentence, retry_after_s=throttled.retry_after_s) from throttled
        except Unavailable as away:
            self.count(away, integration)
            raise

    def count(self, away: Unavailable, integration: Integration) -> None:
        """Count that an integration was told to send again."""
        now, too_many = self._clock.now(), isinstance(away, Throttled)
        self.counted.add(Turned(integration.id, _hour(now), too_many=too_many, no_database=not too_many, last_at=now))

    def count_unproven(self, integration: Integration) -> None:
        """Count a delivery that did not prove that it was from the integration's monitor."""
        now = self._clock.now()
        self.counted.add(Turned(integration.id, _hour(now), unproven=1, unproven_at=now))

    def tell(self, throttled: Throttled, integration: Integration) -> None:
        """Let an integration's people know that it sends too much: one delivery in a minute stands for all refused."""
        now = self._clock.monotonic()
        if now - self._told_at.get(integration.id, -TELL_EVERY_S) < TELL_EVERY_S:
            return
        self._told_at[integration.id] = now
        told = Delivery(new_id(), integration, (), b"", refusal=throttled.sentence, throttled=True)
        self._intake.enqueue(told).add_done_callback(_heed_no_failure)


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def _heed_no_failure(told: asyncio.Future[Receipt]) -> None:
    if not told.cancelled():
        told.exception()  # it is told again in a minute
