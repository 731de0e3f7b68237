"""What is handed to ingest, and what it hands back: deliveries, receipts, and why nothing was stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from opsknight.domain.model.event import Event, Unreadable
from opsknight.domain.model.intake import Verdict
from opsknight.domain.queries.catalogue import Integration


@dataclass(frozen=True, slots=True)
class Delivery:
    """One request, or the part of it from event number `offset` on.

    `refusal` is why a whole delivery was answered 400: it is kept as rejected and has no events.
    `throttled` marks one that stands for many which were refused because there were too many, `unsaid`
    one whose refusal is told to nobody. `headers` are those of the request that a replay needs besides the
    content type, None where it needs none.
    """

    id: UUID
    integration: Integration
    events: tuple[Event | Unreadable, ...]
    body: bytes
    content_type: str = ""
    idempotency_key: str = ""
    offset: int = 0
    refusal: str = ""
    throttled: bool = False
    unsaid: bool = False
    headers: Mapping[str, str] | None = None

    @property
    def is_told(self) -> bool:
        """Whether people learn that it was refused as a whole."""
        return bool(self.refusal) and not self.unsaid

    def as_unreadable(self, reason: str) -> Delivery:
        """Return it with its events replaced by the reason why they cannot be stored."""
        return replace(self, events=tuple(Unreadable(reason) for _ in self.events))

    def parts(self, size: int) -> Iterator[Delivery]:
        """Yield it in parts of `size` events, which stored in this order are the whole."""
        for start in range(0, len(self.events), size):
            yield replace(self, events=self.events[start : start + size], offset=self.offset + start)

    def halves(self) -> tuple[Delivery, Delivery]:
        """Return its first and second half, which together store the same."""
        middle = len(self.events) // 2
        rest = replace(self, events=self.events[middle:], offset=self.offset + middle)
        return replace(self, events=self.events[:middle]), rest


@dataclass(frozen=True, slots=True)
class Receipt:
    """What is durable now: the delivery and the verdict of each of its events, in order."""

    delivery_id: UUID
    verdicts: tuple[tuple[Verdict, UUID | None], ...] = ()
    duplicate: bool = False


class ChangedMeanwhile(Exception):
    """Another writer changed an alert between our reading and our writing; read again."""


class StoredBefore(Exception):
    """These deliveries are stored already, under the same instant; nothing is stored now."""


class Unconfirmed(Exception):
    """The connection was lost (`why`) before the commit was answered: `receipts` hold if it was made after all."""

    def __init__(self, receipts: list[Receipt], why: Exception) -> None:
        """Keep what would have been answered."""
        super().__init__(str(why))
        self.receipts = receipts
        self.why = why
