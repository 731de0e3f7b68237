"""What a batch of events means: folded into rounds, decided one key at a time.

This is the hot path: it copies nothing, so its values are plain slots, made once and then only
read. A run of like events of one key is one step; trigger → resolve → trigger of a key is three
steps in three rounds, so that no round touches a key twice and each can be written set-wise.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from opsknight.domain.model.event import Action, Event, Severity, Urgency
from opsknight.domain.model.incident import Status

LATE_COPY_WITHIN = timedelta(minutes=5)
COUNT_FACT_EVERY = timedelta(minutes=1)

RANK = {severity: rank for rank, severity in enumerate(Severity)}
"""Worst is 0."""


class Verdict(StrEnum):
    """What became of one event; stored with it, and shown as the reason why it did or did not page."""

    OPENED = "opened"
    OCCURRENCE = "occurrence"
    REOPENED = "reopened"
    REJOINED = "rejoined"
    LATE_COPY = "late copy"
    RESOLVED = "resolved"
    ACKNOWLEDGED = "acknowledged"
    ALREADY_ACKNOWLEDGED = "already acknowledged"
    NOTHING_OPEN = "nothing open"


@dataclass(slots=True)
class Step:
    """A run of like events of one key, in order of arrival; `places` are their indexes in the batch."""

    service_id: int
    dedup_sha: bytes
    action: Action
    events: list[Event]
    places: list[int]
    worst: Severity

    @property
    def count(self) -> int:
        """How many events the run has."""
        return len(self.events)

    @property
    def last(self) -> Event:
        """The newest, whose words are shown."""
        return self.events[-1]


@dataclass(slots=True)
class Latest:
    """The newest alert of a key as it stands, and the incident that has it.

    `by_monitor` says that its monitor resolved it, not a person; `highest` is the highest urgency
    that the incident ever had; `counted_at` is when the ledger last told the count.
    """

    alert_id: UUID
    incident_id: UUID
    is_open: bool
    incident_status: Status
    highest: Urgency
    counted_at: datetime
    started_at: datetime | None = None
    resolved_at: datetime | None = None
    by_monitor: bool = False
    incident_resolved_at: datetime | None = None


@dataclass(slots=True)
class Decision:
    """What to do with a step. Its first `late` events are late copies, the next has `verdict`, others `rest`.

    `raises` says that the urgency rises above the highest that the incident has had: apply
    `incident.raised`. `tells_count` says that the ledger is due a fact with the new count.
    """

    verdict: Verdict
    rest: Verdict
    late: int = 0
    raises: bool = False
    tells_count: bool = False

    def verdicts(self, count: int) -> list[Verdict]:
        """Return the verdict of each of the step's `count` events, in order."""
        if self.verdict is Verdict.LATE_COPY:
            return [Verdict.LATE_COPY] * count
        return [Verdict.LATE_COPY] * self.late + [self.verdict] + [self.rest] * (count - self.late - 1)


def fold(batch: Iterable[tuple[int, bytes, Event]]) -> list[list[Step]]:
    """Return the rounds of a batch of (service, SHA-256 of the dedup key, event) in order of arrival.

    Rounds are in order, a round has at most one step per key, and every event is in one step.
    """
    rounds: list[list[Step]] = []
    current: dict[tuple[int, bytes], tuple[int, Step]] = {}
    for place, (service_id, dedup_sha, event) in enumerate(batch):
        key = (service_id, dedup_sha)
        found = current.get(key)
        if found is not None and found[1].action is event.action:
            _add(found[1], event, place)
            continue
        number = 0 if found is None else found[0] + 1
        step = Step(service_id, dedup_sha, event.action, [event], [place], event.severity)
        current[key] = (number, step)
        if number == len(rounds):
            rounds.append([])
        rounds[number].append(step)
    return rounds


def decide(
    step: Step, latest: Latest | None, *, at: datetime, urgency: Urgency, reopen_window: timedelta = timedelta(0)
) -> Decision:
    """Decide what `step` does, given the newest alert of its key (None: there never was one).

    `urgency` is how loudly the service pages for the step's worst severity.
    """
    if step.action is Action.TRIGGER:
        if latest is None:
            return Decision(Verdict.OPENED, Verdict.OCCURRENCE)
        if latest.is_open:
            return _occurrence(latest, at=at, urgency=urgency)
        return _trigger_after_resolve(step, latest, at=at, urgency=urgency, reopen_window=reopen_window)
    if latest is None or not latest.is_open or latest.incident_status is Status.RESOLVED:
        return Decision(Verdict.NOTHING_OPEN, Verdict.NOTHING_OPEN)
    if step.action is Action.RESOLVE:
        return Decision(Verdict.RESOLVED, Verdict.NOTHING_OPEN)
    if latest.incident_status is Status.ACKNOWLEDGED:
        return Decision(Verdict.ALREADY_ACKNOWLEDGED, Verdict.ALREADY_ACKNOWLEDGED)
    return Decision(Verdict.ACKNOWLEDGED, Verdict.ALREADY_ACKNOWLEDGED)


def exceeds(urgency: Urgency, highest: Urgency) -> bool:
    """Return whether `urgency` is above the highest that an incident has had."""
    return urgency is Urgency.HIGH and highest is Urgency.LOW


def _add(step: Step, event: Event, place: int) -> None:
    step.events.append(event)
    step.places.append(place)
    severity = event.severity
    if severity is not step.worst and RANK[severity] < RANK[step.worst]:
        step.worst = severity


def _occurrence(latest: Latest, *, at: datetime, urgency: Urgency) -> Decision:
    return Decision(
        Verdict.OCCURRENCE,
        Verdict.OCCURRENCE,
        raises=exceeds(urgency, latest.highest),
        tells_count=at - latest.counted_at >= COUNT_FACT_EVERY,
    )


def _trigger_after_resolve(
    step: Step, latest: Latest, *, at: datetime, urgency: Urgency, reopen_window: timedelta
) -> Decision:
    """Open anew, unless it is a lagging peer's copy, the incident still stands, or it may be reopened."""
    late = _late_copies(step, latest, at=at)
    if late == step.count:
        return Decision(Verdict.LATE_COPY, Verdict.LATE_COPY, late=late)
    verdict, raises = Verdict.OPENED, False
    if latest.incident_status is not Status.RESOLVED:
        verdict, raises = Verdict.REJOINED, exceeds(urgency, latest.highest)
    elif latest.incident_resolved_at is not None and at - latest.incident_resolved_at < reopen_window:
        verdict, raises = Verdict.REOPENED, exceeds(urgency, latest.highest)
    return Decision(verdict, Verdict.OCCURRENCE, late=late, raises=raises)


def _late_copies(step: Step, latest: Latest, *, at: datetime) -> int:
    """Return how many events at the head of the run tell again of an alert that its monitor just resolved."""
    if not latest.by_monitor or latest.started_at is None or latest.resolved_at is None:
        return 0
    if at - latest.resolved_at >= LATE_COPY_WITHIN:
        return 0
    late = 0
    for event in step.events:
        if event.started_at != latest.started_at:
            break
        late += 1
    return late
