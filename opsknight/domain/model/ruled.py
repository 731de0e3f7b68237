"""An event as rules leave it, with what they say about the alert that it may open."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from opsknight.domain.model.event import Event
from opsknight.domain.model.rule_set import Ruling


@dataclass(frozen=True, slots=True, kw_only=True)
class RuledEvent(Event):
    """`said` is the event as its monitor told it.

    Its key stays its own unless it is put elsewhere: `service_id` is then the service, None its integration's.
    """

    said: Event
    ruling: Ruling
    service_id: int | None = None


def ruled(said: Event, ruling: Ruling) -> RuledEvent:
    """Return `said` as `ruling` leaves it."""
    left: dict[str, Any] = {field.name: getattr(ruling.event, field.name) for field in fields(Event)}
    left["dedup_key"] = said.dedup_key
    return RuledEvent(**left, said=said, ruling=ruling)
