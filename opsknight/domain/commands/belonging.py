"""To which service an event belongs, and how loudly it pages, once rules have had their say."""

from __future__ import annotations

from datetime import datetime

from opsknight.domain.model.event import Event, Urgency
from opsknight.domain.model.ruled import RuledEvent
from opsknight.domain.queries.catalogue import Integration


def home(event: Event, integration: Integration) -> Integration:
    """Return `integration` as it speaks for the service that the event belongs to."""
    if isinstance(event, RuledEvent) and event.service_id is not None:
        return integration.elsewhere[event.service_id]
    return integration


def loudness(event: Event, integration: Integration, at: datetime) -> Urgency:
    """Return how loudly `event` pages at `at`: as a rule says, else as its service does."""
    if isinstance(event, RuledEvent) and event.ruling.urgency is not None:
        return event.ruling.urgency
    return integration.urgency_of(event.severity, at)
