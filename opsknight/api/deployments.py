"""Deployments among what monitors send: each is a change of the service, and the first suspect of what follows."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import structlog

from opsknight.api.again import again
from opsknight.api.providers.table import PROVIDERS
from opsknight.deps import busy, retryable
from opsknight.domain.commands import changes
from opsknight.domain.model.change import Change
from opsknight.domain.model.event import Event, Unreadable
from opsknight.domain.queries.catalogue import Integration

if TYPE_CHECKING:
    from opsknight.deps import Deps

log = structlog.get_logger(__name__)

AHEAD: Final = timedelta(minutes=5)
"""How far a sender's clock may be ahead; what is told from further ahead counts as made now."""


class Deployments:
    """Remembers them."""

    def __init__(self, deps: Deps) -> None:
        """Write changes into the database of `deps`."""
        self._deps = deps

    async def __call__(self, integration: Integration, events: Sequence[Event | Unreadable]) -> None:
        """Remember the deployments among `events`, each once however often it is told."""
        deploys = PROVIDERS[integration.provider].deploys
        if deploys is None:
            return
        for event in events:
            if isinstance(event, Event) and (known_by := deploys(event)):
                await self._remember(integration, event, known_by)

    async def _remember(self, integration: Integration, event: Event, known_by: str) -> None:
        """Note one; a fault of the database is the sender's to come back after, any other keeps no event away."""
        try:
            await again(lambda: self._note(integration, event, known_by))
        except Exception as error:
            if retryable(error) or busy(error):
                raise
            log.exception("a deployment is not noted", integration=integration.id, error=repr(error))

    async def _note(self, integration: Integration, event: Event, known_by: str) -> None:
        once = hashlib.sha256(f"{event.dedup_key}\n{known_by}".encode()).digest()
        change = _change(event, now=self._deps.clock.now())
        async with self._deps.commands(integration.actor) as uow:
            await changes.note(uow, integration, change, once=once)


def _change(event: Event, *, now: datetime) -> Change:
    at = event.occurred_at or now
    return Change(
        summary=event.title,
        at=at if at <= now + AHEAD else now,
        source=event.source,
        links=event.links,
        details=event.details,
    )
