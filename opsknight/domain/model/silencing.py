"""What a service has to keep its alerts quiet, and how an alert opens under it: decided with a named reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from uuid import UUID

from opsknight.domain.model.flapping import Limits
from opsknight.domain.model.inhibition import Inhibition
from opsknight.domain.model.maintenance import Window, covered
from opsknight.domain.model.matcher import Subject


class Cause(StrEnum):
    """Why an incident is quiet without anybody having said so."""

    MAINTENANCE = "maintenance"
    INHIBITION = "inhibition"
    FLAPPING = "flapping"


@dataclass(frozen=True, slots=True, eq=False)
class Silencing:
    """The windows that can concern a service, the rules in which it can be source or target, and its limits."""

    windows: tuple[Window, ...] = ()
    sources: tuple[Inhibition, ...] = ()
    targets: tuple[Inhibition, ...] = ()
    limits: Limits | None = None

    def __bool__(self) -> bool:
        """Be true when there is anything."""
        return bool(self.windows or self.sources or self.targets or self.limits)

    def running(self, at: datetime) -> tuple[Window, ...]:
        """Return the windows that can cover anything in the minute of `at`."""
        return _running(self, int(at.timestamp()) // 60) if self.windows else ()

    def matters(self, at: datetime) -> bool:
        """Return whether any of it can keep an alert quiet at `at`."""
        return bool(self.sources or self.targets or self.limits or self.running(at))


@lru_cache(maxsize=4096)
def _running(silencing: Silencing, minute: int) -> tuple[Window, ...]:
    """Return the windows with a time in a minute since the epoch: ingest asks for each batch."""
    from_at = datetime.fromtimestamp(minute * 60, UTC)
    to_at = from_at + timedelta(minutes=1)
    return tuple(window for window in silencing.windows if any(window.spans(from_at, to_at)))


@dataclass(frozen=True, slots=True)
class Source:
    """An open alert that keeps others quiet, and its incident."""

    alert_id: UUID
    incident_id: UUID
    title: str


@dataclass(frozen=True, slots=True)
class Silence:
    """Why an incident is quiet and until when; None: until what keeps it quiet has ended.

    `window_id` belongs to maintenance; `rule_id`, `equals` and `source` to inhibition.
    """

    cause: Cause
    reason: str
    until: datetime | None = None
    window_id: int | None = None
    rule_id: int | None = None
    equals: bytes | None = None
    source: Source | None = None


def under_maintenance(windows: tuple[Window, ...], subject: Subject, at: datetime) -> Silence | None:
    """Return the silence of the window that covers an alert at `at`, if any does."""
    found = covered(windows, subject, at) if windows else None
    if found is None:
        return None
    window, until = found
    return Silence(Cause.MAINTENANCE, f"maintenance “{window.name}”", until, window_id=window.id)


def inhibited(
    targets: tuple[Inhibition, ...], subject: Subject, open_sources: Mapping[tuple[int, bytes], Source]
) -> Silence | None:
    """Return the silence of the first rule of which a source is open, if there is one."""
    for rule in targets:
        if not rule.is_target(subject):
            continue
        equals = rule.equals(subject)
        if (source := open_sources.get((rule.id, equals))) is not None:
            return by_source(rule.id, rule.name, equals, source)
    return None


def by_source(rule_id: int, name: str, equals: bytes, source: Source) -> Silence:
    """Return the silence that an open source keeps by a rule."""
    reason = f"“{source.title}” is open, inhibition “{name}”"
    return Silence(Cause.INHIBITION, reason, rule_id=rule_id, equals=equals, source=source)


def soonest(silences: Sequence[Silence | None]) -> Silence | None:
    """Return under which silence an incident is as a whole, given that of each of its alerts; None where one has none.

    It is the one that ends first: then it is judged again.
    """
    quiet = [silence for silence in silences if silence is not None]
    if len(quiet) < len(silences):
        return None
    return min(quiet, key=lambda silence: (silence.until is None, silence.until), default=None)
