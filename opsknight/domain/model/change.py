"""Changes: what was done to a service on purpose, and is the first suspect when it breaks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from opsknight.domain.model.event import Link

SUSPECT_FOR = timedelta(hours=24)
"""A change this long before an incident is shown with it."""
SUSPECTS = 3
"""At most so many of them."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change as its sender tells it; `at` in UTC, `links` to http and https only."""

    summary: str
    at: datetime
    source: str = ""
    links: tuple[Link, ...] = ()
    details: Mapping[str, object] = field(default_factory=dict[str, object])
