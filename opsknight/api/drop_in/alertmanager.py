"""Alertmanager's own API, so that Prometheus and vmalert send their alerts without one.

Source: https://prometheus.io/docs/alerting/latest/alerts_api/
The integration's key stands before the API's path, as path_prefix puts it there, or in the Authorization
header. Senders repeat what fires and say until when they vouch for it.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

import orjson

from opsknight.api.drop_in.door import Answer, Visit, only_post
from opsknight.api.ingest_answers import Problem
from opsknight.api.providers.prometheus import PROVIDER, SLUG
from opsknight.deps import retryable
from opsknight.domain.commands import expiries
from opsknight.domain.commands.deliveries import Delivery
from opsknight.domain.commands.expiries import Ended, Told
from opsknight.domain.model.event import Action, Event, Unreadable, dedup_sha
from opsknight.domain.queries.catalogue import Integration

if TYPE_CHECKING:
    from opsknight.deps import Deps

ALERTS: Final = "/api/v2/alerts"
VOUCHED_FOR: Final = timedelta(minutes=5)
"""How long an alert lasts whose sender does not say: Alertmanager's own resolve_timeout."""
_EMPTY: Final = frozenset((b"[]", b""))


class Alertmanager:
    """Answers POST of a list of alerts."""

    def __init__(self, deps: Deps) -> None:
        """Remember in the database of `deps` until when alerts are vouched for."""
        self._deps = deps

    async def take(self, visit: Visit) -> Answer:
        """Store every alert of a list, each with its end."""
        only_post(visit)
        key = visit.path.rstrip("/")[: -len(ALERTS)].rpartition("/")[2] or _key_of(visit)
        integration = await visit.reception.integration(key) if key else None
        if integration is None:
            raise Problem(404 if key else 401, "No integration has this key. Put it before /api/v2/alerts.")
        if integration.provider != SLUG:
            raise Problem(403, f"This takes the key of an integration of the kind {PROVIDER.label}.")
        body = await visit.reception.body(visit.receive, visit.headers, PROVIDER.max_body, integration)
        if body.strip() not in _EMPTY:
            prepare = partial(self._noted, integration)
            await visit.reception.store(integration, visit.headers, body, prepare=prepare)
        return 200, b""

    def refuse(self, problem: Problem) -> Answer:
        """Return a refusal as Alertmanager does: a JSON text."""
        return problem.status, orjson.dumps(problem.sentence)

    async def _noted(self, integration: Integration, whole: Delivery) -> Delivery:
        """Note until when each alert is vouched for; return the delivery with late copies told as they were first."""
        unsaid = self._deps.clock.now() + VOUCHED_FOR
        told = [
            Told(dedup_sha(event.dedup_key), event.started_at, ended_at=event.occurred_at or self._deps.clock.now())
            if event.action is Action.RESOLVE
            else Told(dedup_sha(event.dedup_key), event.started_at, expires_at=event.expires_at or unsaid)
            for event in whole.events
            if isinstance(event, Event)
        ]
        if not told:
            return whole
        ended = await self._note(integration, told)
        return replace(whole, events=tuple(_as_told_first(event, ended) for event in whole.events)) if ended else whole

    async def _note(self, integration: Integration, told: Sequence[Told]) -> Mapping[bytes, Ended]:
        """Note what is told; two that tell of the same at once may get into each other's way."""
        for _ in range(2):
            try:
                async with self._deps.commands(integration.actor) as uow:
                    return await expiries.note(uow, integration.service_id, told)
            except Exception as error:
                if not retryable(error):
                    raise
        async with self._deps.commands(integration.actor) as uow:
            return await expiries.note(uow, integration.service_id, told)


def _as_told_first(event: Event | Unreadable, ended: Mapping[bytes, Ended]) -> Event | Unreadable:
    """Give an alert the start that was told first, where it began before its end was told.

    Of two that watch the same, each has a start of its own, and one is behind the other: what it still
    reports is over. With the same start it is a late copy, which opens nothing.
    """
    if isinstance(event, Unreadable) or event.action is not Action.TRIGGER or event.started_at is None:
        return event
    last = ended.get(dedup_sha(event.dedup_key))
    if last is None or last.started_at is None or event.started_at > last.ended_at:
        return event
    return replace(event, started_at=last.started_at)


def _key_of(visit: Visit) -> str:
    """Return the key in the Authorization header: a bearer token, or the password (or name) of basic authentication."""
    if key := visit.credentials("Bearer"):
        return key
    try:
        name, _, password = base64.b64decode(visit.credentials("Basic") or "", validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return password or name
