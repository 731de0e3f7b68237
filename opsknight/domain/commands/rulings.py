"""What rules make of one batch: asked before it is read, carried out where an event opens an alert, then remembered.

Where no rule matches, nothing here costs anything. Where one does, the batch is one transaction, in which those that
count or group by the same key take turns.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, TypeAlias
from uuid import UUID

import asyncpg

from opsknight.domain.commands.arrivals import Desk, WorkingAlert, WorkingIncident
from opsknight.domain.commands.belonging import home, loudness
from opsknight.domain.commands.deliveries import Delivery
from opsknight.domain.model.event import Action, Event, Unreadable
from opsknight.domain.model.incident import Incident, Status
from opsknight.domain.model.intake import OWN_KEYS, Verdict, exceeds
from opsknight.domain.model.ledger import Fact
from opsknight.domain.model.rule import MOVED, PRIORITY_SET
from opsknight.domain.model.rule_set import Counting, Gathering, Reason, Ruling, Skipped
from opsknight.domain.model.ruled import RuledEvent, ruled
from opsknight.domain.queries.catalogue import Integration
from opsknight.domain.store import ruling as sql

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Place: TypeAlias = tuple[int, bytes]
"""Of a threshold: its rule, and by what it counts. Of a group: its service, and by what it groups."""
OPENING: Final = (Verdict.OPENED, Verdict.REOPENED)
"""What rules decide about; of other events only how bad and how loud they are."""
STAYED: Final = "left it with its own service, as the one to move it to is archived"


@dataclass(slots=True)
class _Tally:
    matched: int = 0
    skipped: int = 0
    why: str = ""


@dataclass(slots=True)
class _Group:
    incident_id: UUID
    opened_at: datetime
    is_new: bool = False
    rests: bool = False
    """Whether its incident rests without anybody having said so, and wakes when that is over."""


@dataclass(slots=True)
class Rulings:
    """The deliveries of a batch as rules leave them, and what follows from it."""

    deliveries: Sequence[Delivery]
    now: datetime
    _tallies: dict[int, _Tally] = field(default_factory=dict[int, _Tally])
    _told: dict[tuple[Fact, int, int], dict[str, Any]] = field(
        default_factory=dict[tuple[Fact, int, int], dict[str, Any]]
    )
    _counts: dict[Place, int] = field(default_factory=dict[Place, int])
    _counted: list[Place] = field(default_factory=list[Place])
    _reached: set[Place] = field(default_factory=set[Place])
    _groups: dict[Place, _Group] = field(default_factory=dict[Place, _Group])
    sent: dict[Place, tuple[int, bytes, str]] = field(default_factory=dict[Place, tuple[int, bytes, str]])
    """By an event's own service and key: the service and key under which its alert is found."""
    _marks: dict[UUID, str | None] = field(default_factory=dict[UUID, str | None])
    _ruled: dict[UUID, bool] = field(default_factory=dict[UUID, bool])
    _priorities: dict[UUID, str | None] = field(default_factory=dict[UUID, str | None])
    """Of the incidents that groups have, as this batch leaves them."""

    def took(self, event: RuledEvent, alert: WorkingAlert) -> None:
        """Remember whether a rule has said how loud an alert is: support hours do not decide that then."""
        is_ruled = event.ruling.urgency is not None
        if is_ruled or alert.opened_by is None:
            self._ruled[alert.id] = is_ruled
        else:  # as its row begins
            self._ruled.pop(alert.id, None)

    async def prepare(self, connection: Connection, held: Sequence[UUID]) -> list[UUID]:
        """Read what thresholds have counted and which incidents groups have; return what must be held besides."""
        countings, groups = self._places()
        turns = sorted({_turn(place) for place in (*countings, *groups)})
        if not turns:
            return list(held)
        await connection.fetch(sql.IN_TURN, turns)
        if countings:
            since = [self.now - counting.within for counting in countings.values()]
            rows = await connection.fetch(sql.COUNTED, *_columns(list(countings)), since)
            self._counts = {(row["rule_id"], row["key_sha"]): row["count"] for row in rows}
        if groups:
            for row in await connection.fetch(sql.GROUPED, *_columns(list(groups))):
                place, opened_at = (row["service_id"], row["key_sha"]), row["opened_at"]
                within = groups[place].within
                if within is None or self.now - opened_at < within:
                    self._groups[place] = _Group(row["incident_id"], opened_at, rests=row["rests"])
                    self._priorities[row["incident_id"]] = row["priority"]
        return sorted({*held, *(group.incident_id for group in self._groups.values())})

    def settle(self, event: RuledEvent, verdict: Verdict, sha: bytes, integration: Integration, desk: Desk) -> Verdict:
        """Return what becomes of an event that would open an alert."""
        ruling = event.ruling
        self._tally(ruling)
        if ruling.dropped:
            self._note(Fact.DROPPED, ruling.reasons[-1], integration)
            return Verdict.DROPPED
        if (waiting := self._counted_by(ruling, integration)) is not None:
            self._note(Fact.COUNTED, waiting, integration)
            return Verdict.COUNTED
        if verdict is Verdict.OPENED and self.joins(event, sha, integration, desk) is not None:
            return Verdict.JOINED
        return verdict

    def joins(self, event: RuledEvent, sha: bytes, integration: Integration, desk: Desk) -> UUID | None:
        """Return the incident that the event's alert belongs to, None where it opens one.

        What would page joins nothing that rests or that nobody looks at, now or when what keeps it quiet is over,
        nor does what would after its pause. That disturbs nobody before, either: it does not join where it would.
        """
        for place in _group_places(event.ruling, integration):
            group = self._groups.get(place)
            incident = None if group is None else desk.incidents.get(group.incident_id)
            if group is None or incident is None or incident.value.status is Status.RESOLVED:
                continue
            value, ruling = incident.value, event.ruling
            if _is_kept_quiet(value) and self._pages_after(ruling, value.until):
                found = self._both_rest(group, value, event, sha, integration, desk)
            else:
                waits_too = value.status is Status.SUPPRESSED and place == _waiting_place(ruling, integration)
                louder = exceeds(loudness(event, integration, self.now), incident.highest_urgency)
                found = not _waits(ruling) or waits_too or not (louder or _is_owned(value))
            if found:
                return group.incident_id
        return None

    @staticmethod
    def _both_rest(
        group: _Group, value: Incident, event: RuledEvent, sha: bytes, integration: Integration, desk: Desk
    ) -> bool:
        """Return whether an incident rests without anybody having said so, and an alert would as well."""
        quiet = desk.quiet
        rests = value.status is Status.SUPPRESSED and quiet is not None and (group.rests or quiet.rests(value.id))
        return rests and quiet is not None and quiet.would_open_quietly(event, sha, integration)

    def _pages_after(self, ruling: Ruling, until: datetime | None) -> bool:
        """Return whether the rules let it page at once, or after a pause that is over before `until` (None: never)."""
        if ruling.pause is None or ruling.dropped or ruling.suppressed:
            return ruling.pages
        return until is None or self.now + ruling.pause < until

    def opened(self, event: RuledEvent, alert: WorkingAlert, integration: Integration, desk: Desk) -> None:
        """Carry out what the rules say about an incident that an event has just opened, and tell it."""
        ruling, incident = event.ruling, desk.incidents[alert.incident_id]
        if not ruling.pages:
            until = None if ruling.suppressed or ruling.pause is None else self.now + ruling.pause
            self._suppress(incident, until, desk)
        if ruling.priority is not None or incident.value.until is not None:
            self._marks[alert.incident_id] = ruling.priority
        for place in _group_places(ruling, integration):
            if not (_waits(ruling) and place != _waiting_place(ruling, integration) and self._lives(place, desk)):
                self._groups[place] = _Group(alert.incident_id, self.now, is_new=True)
        self._priorities[alert.incident_id] = ruling.priority
        self._tell(event, alert, integration, desk)

    def _lives(self, place: Place, desk: Desk) -> bool:
        """Return whether a group has an incident that is not over: what only waits does not take its place."""
        group = self._groups.get(place)
        incident = None if group is None else desk.incidents.get(group.incident_id)
        return incident is not None and incident.value.status is not Status.RESOLVED

    def joined(self, event: RuledEvent, alert: WorkingAlert, integration: Integration, desk: Desk) -> None:
        """Carry out what the rules say about an incident that an event's alert has joined, and tell it."""
        said, has = event.ruling.priority, self._priorities.get(alert.incident_id)
        if said is not None and (has is None or said < has):
            self._marks[alert.incident_id] = self._priorities[alert.incident_id] = said
            has = None
        self._tell(event, alert, integration, desk, priority=has)

    @staticmethod
    def _suppress(incident: WorkingIncident, until: datetime | None, desk: Desk) -> None:
        """Let an incident rest: for whichever is longer, where maintenance or the like keeps it quiet anyhow."""
        value = incident.value
        if value.status is Status.SUPPRESSED and until is not None and (value.until is None or value.until >= until):
            if desk.quiet is not None:
                desk.quiet.pause(value.id, until)
            return
        if desk.quiet is not None:
            desk.quiet.forget(value.id)
        incident.value = replace(value, status=Status.SUPPRESSED, until=until)
        incident.changed = incident.timer_changed = True
        incident.due = None if until is None else ("pause", until)

    @staticmethod
    def _tell(
        event: RuledEvent, alert: WorkingAlert, integration: Integration, desk: Desk, *, priority: str | None = None
    ) -> None:
        """Record on the incident what each rule did; it has kept its `priority`, where that is said."""
        was: dict[str, object] = {}
        if event.title != event.said.title:
            was["title"] = event.said.title
        if event.severity is not event.said.severity:
            was["severity"] = event.said.severity
        to = event.ruling.service_id
        stays = to is not None and to != integration.service_id and to not in integration.elsewhere
        for reason in event.ruling.reasons:
            if reason.did:
                did = [STAYED if stays and words == MOVED else _as_kept(words, priority) for words in reason.did]
                told = {"rule": reason.rule, "rule_id": reason.rule_id, "did": did}
                desk.record(Fact.RULED, integration, alert.incident_id, {**told, **({"was": was} if was else {})})

    def conclude(self, desk: Desk) -> None:
        """Record what was dropped or only counted: one fact of each rule and integration."""
        for (kind, _, _), told in self._told.items():
            integration: Integration = told.pop("integration")
            desk.record(kind, integration, None, told)

    async def store(self, connection: Connection, desk: Desk) -> None:
        """Write what rules remember, within the batch's transaction."""
        if self._reached:
            await connection.execute(sql.UNCOUNT, *_columns(sorted(self._reached)))
        if self._counted:
            await connection.execute(sql.COUNT, *_columns(self._counted), self.now)
        if new := {place: group for place, group in self._groups.items() if group.is_new}:
            incidents = [group.incident_id for group in new.values()]
            await connection.execute(sql.GROUP, *_columns(list(new)), incidents, self.now)
        if self.sent:
            places = sorted(self.sent)
            to = [self.sent[place] for place in places]
            whither = [one[0] for one in to], [one[1] for one in to], [one[2] for one in to]
            await connection.execute(sql.SEND, *_columns(places), *whither, self.now)
        if self._marks:
            until = [desk.incidents[incident_id].value.until for incident_id in self._marks]
            await connection.execute(sql.MARK, list(self._marks), list(self._marks.values()), until)
        if self._ruled:
            alerts = sorted(self._ruled)
            await connection.execute(sql.RULE_URGENCIES, alerts, [self._ruled[alert_id] for alert_id in alerts])
        if self._tallies:
            ids = sorted(self._tallies)
            several = [self._tallies[rule_id] for rule_id in ids]
            counts = [one.matched for one in several], [one.skipped for one in several], [one.why for one in several]
            await connection.execute(sql.TALLY, ids, *counts, self.now)

    def _note(self, kind: Fact, of: Reason | Counting, integration: Integration) -> None:
        told = {
            "integration": integration,
            "name": integration.name,
            "rule": of.rule,
            "rule_id": of.rule_id,
            "count": 0,
        }
        self._told.setdefault((kind, of.rule_id, integration.id), told)["count"] += 1

    def _counted_by(self, ruling: Ruling, integration: Integration) -> Counting | None:
        """Count one more event by every threshold; return the first that has not its number yet.

        Each holds of its own count. Where all have their number the event opens, and all counts begin anew.
        """
        places = [_counting_place(one, integration) for one in ruling.countings]
        for place in places:
            self._counts[place] = self._counts.get(place, 0) + 1
        pairs = zip(ruling.countings, places, strict=True)
        waiting = next((one for one, place in pairs if self._counts[place] < one.count), None)
        if waiting is not None:
            self._counted += places
            return waiting
        for place in places:
            self._counts[place] = 0
        self._counted = [place for place in self._counted if place not in places]
        self._reached |= set(places)
        return None

    def _tally(self, ruling: Ruling) -> None:
        for reason in ruling.reasons:
            self._of(reason).matched += 1
        for skipped in ruling.skipped:
            tally = self._of(skipped)
            tally.skipped, tally.why = tally.skipped + 1, skipped.why

    def _of(self, one: Reason | Skipped) -> _Tally:
        return self._tallies.setdefault(one.rule_id, _Tally())

    def _places(self) -> tuple[dict[Place, Counting], dict[Place, Gathering]]:
        """Return everything that this batch may count or group by."""
        countings: dict[Place, Counting] = {}
        groups: dict[Place, Gathering] = {}
        for event, integration in self._events():
            for counting in event.ruling.countings:
                countings[_counting_place(counting, integration)] = counting
            if event.ruling.gathering is not None:
                groups |= dict.fromkeys(_group_places(event.ruling, integration), event.ruling.gathering)
        return countings, groups

    def _events(self) -> Iterator[tuple[RuledEvent, Integration]]:
        """Yield what rules have said something about, with the service that it goes to: there it counts and groups."""
        for delivery in self.deliveries:
            for event in delivery.events:
                if isinstance(event, RuledEvent):
                    yield event, home(event, delivery.integration)


def judged(deliveries: Sequence[Delivery], *, now: datetime) -> Rulings | None:
    """Ask the rules about every trigger; return what they say, None where no rule matches or is skipped."""
    if not any(delivery.integration.rules for delivery in deliveries):
        return None
    found = [_judged(delivery, now) if delivery.integration.rules else delivery for delivery in deliveries]
    return None if all(map(_is_same, found, deliveries)) else Rulings(found, now)


def _is_same(one: Delivery, other: Delivery) -> bool:
    return one is other


def _judged(delivery: Delivery, now: datetime) -> Delivery:
    """Return the delivery with its events as the rules leave them, the same one where they say nothing."""
    events = tuple(_ask(event, delivery.integration, now) for event in delivery.events)
    return replace(delivery, events=events) if any(isinstance(event, RuledEvent) for event in events) else delivery


def _ask(event: Event | Unreadable, integration: Integration, now: datetime) -> Event | Unreadable:
    if isinstance(event, Unreadable) or event.action is not Action.TRIGGER or event.dedup_key.startswith(OWN_KEYS):
        return event
    ruling = integration.ruling(event, now)
    return ruled(event, ruling) if ruling.reasons or ruling.skipped else event


def _counting_place(counting: Counting, integration: Integration) -> Place:
    return counting.rule_id, _sha(f"{integration.service_id}:{counting.key}")


def _group_places(ruling: Ruling, integration: Integration) -> tuple[Place, ...]:
    """Return where an alert may find an incident to join: that of its group, or where it waits, of those that do."""
    if ruling.gathering is None:
        return ()
    own = integration.service_id, _sha(f"{ruling.gathering.rule_id}:{ruling.gathering.key}")
    waiting = _waiting_place(ruling, integration)
    return (own,) if waiting is None else (own, waiting)


def _waiting_place(ruling: Ruling, integration: Integration) -> Place | None:
    """Return where the alerts of a group have theirs that wait before they page, None where this does not."""
    if ruling.gathering is None or not _waits(ruling):
        return None
    return integration.service_id, _sha(f"{ruling.gathering.rule_id}:{ruling.gathering.key}:paused")


def _waits(ruling: Ruling) -> bool:
    """Return whether an alert is to page only after its pause."""
    return bool(ruling.pause) and not (ruling.dropped or ruling.suppressed)


def _is_kept_quiet(incident: Incident) -> bool:
    """Return whether nobody is paged for an incident now, and nobody has it."""
    if incident.status is Status.ACKNOWLEDGED:
        return incident.assignee_id is None
    return incident.status in (Status.SNOOZED, Status.SUPPRESSED)


def _is_owned(incident: Incident) -> bool:
    """Return whether somebody has an incident, who hears of each alert that joins it."""
    return incident.status is Status.ACKNOWLEDGED and incident.assignee_id is not None


def _as_kept(words: str, priority: str | None) -> str:
    """Return what a rule did, of an incident that has kept its `priority`."""
    if priority is None or not words.startswith(PRIORITY_SET):
        return words
    said = words.removeprefix(PRIORITY_SET).strip()
    return f"left the priority at {priority}" + ("" if said == priority else f", which is higher than {said}")


def _sha(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "replace")).digest()


def _turn(place: Place) -> int:
    """Return the number of the lock by which a place is taken in turn."""
    return int.from_bytes(_sha(f"{place[0]}:{place[1].hex()}")[:8], "big", signed=True)


def _columns(places: Sequence[Place]) -> tuple[list[int], list[bytes]]:
    return [place[0] for place in places], [place[1] for place in places]
