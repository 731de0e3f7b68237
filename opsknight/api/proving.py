"""Whether a delivery is from the monitor it claims to be from, where its integration has a secret."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from opsknight import metrics
from opsknight.api.bodies import Headers
from opsknight.api.fetching import Fetcher
from opsknight.api.ingest_answers import Problem
from opsknight.api.providers.provider import Request, Verify, proven
from opsknight.api.providers.table import PROVIDERS
from opsknight.api.sns import Unknown
from opsknight.clock import Clock
from opsknight.domain.queries.catalogue import Integration

log = structlog.get_logger(__name__)

BIG: Final = 16_384
"""Bodies longer than this are hashed one per turn of the loop."""
NOT_PROVEN: Final = (
    "The delivery does not prove that it is from this integration's monitor. "
    "Check the secret in Services → Integrations and in the monitor."
)
"""The whole answer: it must not help to guess which part was wrong."""
NOTED_EVERY_S: Final = 60.0


class Proof:
    """Checks deliveries; what `fetcher` must get first is answered 503, so that the monitor sends it again."""

    def __init__(self, *, clock: Clock, fetcher: Fetcher, count: Callable[[Integration], None]) -> None:
        """Remember when which integration was last logged; `count` is called with that of each that proves nothing."""
        self._count = count
        self._clock = clock
        self._fetcher = fetcher
        self._one_big = asyncio.Lock()
        self._noted_at: dict[int, float] = {}

    async def demand(self, integration: Integration, headers: Headers, body: bytes, *, may_carry: bool = False) -> None:
        """Return where the monitor signed with one of the integration's secrets, or where its kind signs nothing.

        A sender that `may_carry` the secret instead may also do that, or sign by Standard Webhooks, whatever the kind.

        Raises:
            Problem: 401, it did not; 503, nobody can say yet.
        """
        verify = PROVIDERS[integration.provider].verify
        if verify is None:
            return
        request = Request(
            headers=headers, body=body, received_at=self._clock.now(), certificates=self._fetcher.certificates
        )
        try:
            is_proven = may_carry and any(_is_carried(request, secret) for secret in integration.secrets)
            is_proven = is_proven or await self._is_proven(verify, request, integration.secrets)
        except Unknown as unknown:
            self._fetcher.want(unknown.url)
            sentence = "The certificate of the signature is being fetched. Send it again."
            raise Problem(503, sentence, retry_after_s=2) from None
        if not is_proven:
            self._note(integration)
            raise Problem(401, NOT_PROVEN)

    async def _is_proven(self, verify: Verify, request: Request, secrets: tuple[str, ...]) -> bool:
        if len(request.body) <= BIG:
            return any(verify(request, secret) for secret in secrets)
        async with self._one_big:
            await asyncio.sleep(0)
            return any(verify(request, secret) for secret in secrets)

    def _note(self, integration: Integration) -> None:
        """Count it, and log it once a minute at most: a forger must not fill the log."""
        metrics.UNPROVEN.labels(integration.provider).inc()
        self._count(integration)
        now = self._clock.monotonic()
        if now - self._noted_at.get(integration.id, -NOTED_EVERY_S) >= NOTED_EVERY_S:
            self._noted_at[integration.id] = now
            log.warning("a delivery did not prove itself", integration=integration.id, provider=integration.provider)


def _is_carried(request: Request, secret: str) -> bool:
    """Say whether a request carries the secret; the name of an SNS topic stands in its place and is none."""
    return not secret.startswith("arn:") and proven(request, secret)
