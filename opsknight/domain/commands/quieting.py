"""What keeps the alerts of a batch quiet: read before its events are taken, decided with each, written with the batch.

Only for batches with events of a service that has a maintenance window, an inhibition or limits for flapping.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from uuid import UUID

import asyncpg

from opsknight.domain.commands.belonging import home
from opsknight.domain.commands.deliveries import Delivery
from opsknight.domain.model.event import Action, Event
from opsknight.domain.model.flapping import Flaps, Limits
from opsknight.domain.model.incident import Verb, transition
from opsknight.domain.model.intake import OWN_KEYS
from opsknight.domain.model.ledger import Fact
from opsknight.domain.model.matcher import Subject, subject_of
from opsknight.domain.model.silencing import Cause, Silence, Source, inhibited, under_maintenance
from opsknight.domain.queries.catalogue import Integration
from opsknight.domain.store import silences as sql
from opsknight.domain.store.engine import jsonb

if TYPE_CHECKING:
    from opsknight.domain.commands.arrivals import Desk, WorkingAlert, WorkingIncident

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Key: TypeAlias = tuple[int, bytes]

FOREVER: Final = timedelta.max


async def quiet_of(
    connection: Connection, arrivals: Sequence[tuple[Delivery, Sequence[bytes]]], *, now: datetime
) -> Quiet | None:
    """Return what keeps the alerts of a batch quiet, None where nothing can."""
    concerned: list[tuple[Delivery, Sequence[bytes]]] = []
    for delivery, shas in arrivals:
        integration = delivery.integration
        several = (integration, *integration.elsewhere.values()) if integration.elsewhere else (integration,)
        if any(one.silencing is not None and one.silencing.matters(now) for one in several):
            concerned.append((delivery, shas))
    if not concerned:
        return None
    pairs: set[tuple[int, bytes]] = set()
    keys: set[Key] = set()
    for delivery, shas in concerned:
        _note(delivery, shas, pairs, keys)
    quiet = Quiet(now)
    if pairs:
        for row in await connection.fetch(sql.OPEN_SOURCES, *_columns(pairs)):
            source = Source(row["alert_id"], row["incident_id"], row["title"])
            quiet.sources.setdefault((row["rule_id"], row["equals"]), source)
    if keys:
        for row in await connection.fetch(sql.FLAPS, *_columns(keys)):
            quiet.flaps[row["service_id"], row["dedup_sha"]] = flaps_of(row["changes"], row["since"])
    return quiet


def flaps_of(changes: Any, since: datetime | None) -> Flaps:  # a list of texts, or its JSON
    """Return a key's changes as they were stored."""
    return Flaps(tuple(datetime.fromisoformat(one) for one in changes), since)


class Quiet:
    """Decides for each alert that opens or clears whether it does so quietly, and keeps what is to be written."""

    def __init__(self, now: datetime) -> None:
        """Know of no source and no flapping yet."""
        self.sources: dict[tuple[int, bytes], Source] = {}
        self.flaps: dict[Key, Flaps] = {}
        self._now = now
        self._silences: dict[UUID, Silence] = {}
        self._inhibitors: list[tuple[Any, ...]] = []
        self._paused: dict[UUID, datetime] = {}
        self._let_go: set[tuple[int, UUID]] = set()
        self._flapped: dict[Key, tuple[Any, ...]] = {}

    def reopen_window(self, event: Event, sha: bytes, integration: Integration) -> timedelta:
        """Return how long after its end an incident takes its alert back: for ever while that flaps."""
        limits = _limits(event, integration)
        if limits is None or event.action is not Action.TRIGGER:
            return integration.reopen_window
        flaps = self.flaps.get((integration.service_id, sha), Flaps()).changed(limits, self._now)
        return integration.reopen_window if flaps.since is None else FOREVER

    def would_open_quietly(self, event: Event, sha: bytes, integration: Integration) -> bool:
        """Return whether something keeps an alert quiet that opens with `event`."""
        limits, before = _limits(event, integration), self.flaps.get((integration.service_id, sha), Flaps())
        flaps = None if limits is None else before.changed(limits, self._now)
        return self._silence(event, integration, self.sources, flaps) is not None

    def over(self, alert: WorkingAlert, event: Event, sha: bytes, integration: Integration) -> Silence | None:
        """Return what keeps an open alert quiet now; a source does only if it was open before it."""
        limits, flaps = _limits(event, integration), self.flaps.get((integration.service_id, sha))
        flaps = None if limits is None or flaps is None else flaps.calmed(limits, self._now)
        before = {pair: source for pair, source in self.sources.items() if source.alert_id < alert.id}
        return self._silence(event, integration, before, flaps)

    def rests(self, incident_id: UUID) -> bool:
        """Return whether an incident has been put to rest in this batch."""
        return incident_id in self._silences

    def opened(self, desk: Desk, alert: WorkingAlert, event: Event, sha: bytes, integration: Integration) -> None:
        """Let an alert that opened with its incident rest, where something keeps it quiet; note what it keeps quiet."""
        silence = self.joined(desk, alert, event, sha, integration)
        if silence is not None:
            self._suppress(desk, desk.incidents[alert.incident_id], silence)

    def joined(
        self, desk: Desk, alert: WorkingAlert, event: Event, sha: bytes, integration: Integration
    ) -> Silence | None:
        """Note what an alert that has opened keeps quiet; return what keeps it quiet itself."""
        flaps = self.changed(desk, alert, event, sha, integration)
        silence = self._silence(event, integration, self.sources, flaps)
        self._note_sources(alert, event, integration)
        return silence

    def as_bad_now(self, alert: WorkingAlert, event: Event, integration: Integration) -> None:
        """Note what an alert keeps quiet whose severity is another now; it lets go of what it does not any more."""
        if integration.silencing is None or not integration.silencing.sources:
            return
        self._let_go |= {(rule.id, alert.id) for rule in integration.silencing.sources}
        self._inhibitors = [row for row in self._inhibitors if row[2] != alert.id]
        self._note_sources(alert, event, integration)

    def pause(self, incident_id: UUID, until: datetime) -> None:
        """Let an incident that rests already do so until `until` at least, also where its silence is over before."""
        self._paused[incident_id] = until

    def forget(self, incident_id: UUID) -> None:
        """Leave an incident to a rule that keeps it quiet for longer."""
        self._silences.pop(incident_id, None)

    def changed(
        self, desk: Desk, alert: WorkingAlert, event: Event, sha: bytes, integration: Integration
    ) -> Flaps | None:
        """Count that an alert opened or cleared, where changes are counted; return how its key stands then."""
        limits = _limits(event, integration)
        if limits is None:
            return None
        key = integration.service_id, sha
        before = self.flaps.get(key, Flaps()).calmed(limits, self._now)
        after = self.flaps[key] = before.changed(limits, self._now)
        if before.since is None and after.since is not None:
            told: dict[str, object] = {
                "title": event.title, "count": len(after.changes), "for_s": limits.window.total_seconds()
            }  # fmt: skip
            desk.facts.append((Fact.FLAPPING_STARTED, "flapping", alert.incident_id, told))
        changes = jsonb([one.isoformat() for one in after.changes])
        self._flapped[key] = (*key, changes, after.since, after.calm_at(limits), alert.incident_id, event.title)
        return after

    async def store(self, connection: Connection) -> None:
        """Write it, within the transaction that has stored the batch."""
        rows = [
            _silence_row(incident_id, silence, self._paused.get(incident_id), self._now)
            for incident_id, silence in self._silences.items()
        ]
        if rows:
            await connection.executemany(sql.KEEP, rows)
        timed = [(incident_id, one.until) for incident_id, one in self._silences.items() if one.until is not None]
        if timed:
            await connection.executemany(sql.UNTIL, timed)
        if self._let_go:
            await connection.execute(sql.LET_GO, *map(list, zip(*sorted(self._let_go), strict=True)))
        if self._inhibitors:
            await connection.executemany(sql.INHIBIT, self._inhibitors)
        if self._flapped:
            await connection.executemany(sql.FLAPPED, sorted(self._flapped.values(), key=lambda row: row[:2]))

    def _silence(
        self,
        event: Event,
        integration: Integration,
        sources: Mapping[tuple[int, bytes], Source],
        flaps: Flaps | None,
    ) -> Silence | None:
        silencing = integration.silencing
        if silencing is None:
            return None
        subject = _subject(event, integration)
        found = under_maintenance(silencing.running(self._now), subject, self._now)
        found = found or inhibited(silencing.targets, subject, sources)
        if found is None and silencing.limits is not None and flaps is not None and flaps.since is not None:
            return Silence(Cause.FLAPPING, "its alert is flapping", flaps.calm_at(silencing.limits))
        return found

    def _note_sources(self, alert: WorkingAlert, event: Event, integration: Integration) -> None:
        rules = () if integration.silencing is None else integration.silencing.sources
        subject = _subject(event, integration) if rules else None
        for rule in rules:
            if subject is not None and rule.is_source(subject):
                equals = rule.equals(subject)
                self.sources.setdefault((rule.id, equals), Source(alert.id, alert.incident_id, event.title))
                self._inhibitors.append((rule.id, equals, alert.id, alert.incident_id, event.title))

    def _suppress(self, desk: Desk, incident: WorkingIncident, silence: Silence) -> None:
        """Put an incident that has just opened to rest, with its reason."""
        incident.value = transition(incident.value, Verb.SUPPRESS, until=silence.until)
        incident.changed = incident.timer_changed = True
        incident.due = None if silence.until is None else ("suppress_end", silence.until)
        self._silences[incident.value.id] = silence
        actor = actor_of(silence)
        desk.facts.append((Fact.SUPPRESSED, actor, incident.value.id, told_of(silence, self._now)))


def actor_of(silence: Silence) -> str:
    """Return whom the fact of a silence names as its doer."""
    number = silence.window_id or silence.rule_id
    return silence.cause.value if number is None else f"{silence.cause.value}:{number}"


def told_of(silence: Silence, now: datetime) -> dict[str, Any]:
    """Return what the fact of a silence tells."""
    told: dict[str, Any] = {"cause": silence.cause.value, "reason": silence.reason}
    if silence.until is not None:
        told |= {"for_s": (silence.until - now).total_seconds(), "until": silence.until.isoformat()}
    if silence.source is not None:
        told["source_incident_id"] = str(silence.source.incident_id)
    return told


def _note(delivery: Delivery, shas: Sequence[bytes], pairs: set[tuple[int, bytes]], keys: set[Key]) -> None:
    """Note of which rules a source must be looked for, and of which keys the changes."""
    for event, sha in zip(delivery.events, shas, strict=True):
        if not isinstance(event, Event):
            continue
        integration = home(event, delivery.integration)
        silencing = integration.silencing
        if silencing is None:
            continue
        if _limits(event, integration) is not None:
            keys.add((integration.service_id, sha))
        if silencing.targets and event.action is Action.TRIGGER:
            subject = _subject(event, integration)
            pairs |= {(rule.id, rule.equals(subject)) for rule in silencing.targets if rule.is_target(subject)}


def _limits(event: Event, integration: Integration) -> Limits | None:
    """Return by what the event's key is judged to flap; what OpsKnight reports itself never does."""
    silencing = integration.silencing
    return None if silencing is None or event.dedup_key.startswith(OWN_KEYS) else silencing.limits


def _subject(event: Event, integration: Integration) -> Subject:
    return subject_of(event, service=integration.service, tags=integration.tags)


def _silence_row(incident_id: UUID, silence: Silence, paused_until: datetime | None, now: datetime) -> tuple[Any, ...]:
    source = (None, None) if silence.source is None else (silence.source.alert_id, silence.source.incident_id)
    by = silence.window_id, silence.rule_id, silence.equals
    return incident_id, silence.cause.value, silence.reason, silence.until, *by, *source, paused_until, now


def _columns(pairs: set[tuple[int, bytes]]) -> list[list[Any]]:
    return [list(column) for column in zip(*sorted(pairs), strict=True)]
