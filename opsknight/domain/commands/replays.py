"""Replays: a delivery that was refused goes in once more, after what was in its way is mended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

from opsknight.domain.commands.authority import require_for_integration
from opsknight.domain.model.event import Event, Unreadable
from opsknight.domain.model.intake import Verdict
from opsknight.domain.model.ledger import Fact
from opsknight.domain.queries.deliveries import StoredDelivery, StoredEvent
from opsknight.domain.store.tables import ReplayRow
from opsknight.domain.store.unit_of_work import UnitOfWork


async def announce_replay(uow: UnitOfWork, delivery: StoredDelivery, *, replay_id: UUID, name: str) -> None:
    """Note that delivery `replay_id`, which is stored next, repeats `delivery` of the integration called `name`.

    It comes first, so that whatever is stored of the replay is never taken for news by another one.
    """
    await require_for_integration(uow, delivery.integration_id)
    uow.session.add(ReplayRow(delivery_id=replay_id, original_id=delivery.original_id, created_at=uow.now))
    uow.record(
        Fact.REPLAYED,
        subject=f"integration:{delivery.integration_id}",
        name=name,
        delivery_id=str(delivery.original_id),
        replay_id=str(replay_id),
    )


def not_stored_yet(
    events: Sequence[Event | Unreadable], stored: Sequence[StoredEvent], *, original_id: UUID
) -> list[Event | Unreadable]:
    """Return those of `events` that neither the original nor a replay of it has stored: nothing counts twice.

    As many events as the original had are the same ones, in order, whatever their keys are now; else
    an event is known by its action and dedup key.
    """
    first = [event for event in stored if event.delivery_id == original_id]
    again = [event for event in stored if event.delivery_id != original_id]
    left = list(events)
    if len(first) == len(events):
        left = [event for event, old in zip(events, first, strict=True) if old.verdict == Verdict.UNREADABLE]
    else:
        again = first + again
    known = Counter((event.action, event.dedup_key) for event in again if event.verdict != Verdict.UNREADABLE)
    fresh: list[Event | Unreadable] = []
    for event in left:
        if isinstance(event, Event) and known[event.action, event.dedup_key] > 0:
            known[event.action, event.dedup_key] -= 1
        else:
            fresh.append(event)
    return fresh
