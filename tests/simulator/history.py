"""What a run left behind, read once: the ledger of each incident, its pages, messages and tries, and every call."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from tests.faults import checker
from tests.simulator.oracle import Group, Oracle
from tests.simulator.simulation import Simulation

Row = Mapping[str, Any]

_INCIDENTS = "SELECT id, number, title, service_id, status, opened_by, created_at FROM incidents ORDER BY number"
_FACTS = """
    SELECT incident_id, kind, actor, at, data, xid::text::bigint AS xid FROM facts WHERE incident_id IS NOT NULL
    ORDER BY seq
"""
_PAGES = (
    "SELECT id, incident_id, generation, step, lap, kind, user_id, due_at, created_at FROM pages ORDER BY created_at"
)
_NOTIFICATIONS = """
    SELECT id, page_id, incident_id, user_id, position, status, attempts, due_at, finished_at, bundled_into
    FROM notifications
"""
_ATTEMPTS = "SELECT notification_id, number, outcome, started_at, finished_at FROM attempts ORDER BY number"
_PINGS = "SELECT heartbeat_id, at FROM heartbeat_pings ORDER BY number"
_SWITCHED_OFF = "SELECT user_id, disabled_at FROM contact_methods WHERE disabled_at IS NOT NULL"
_STORED = """
    SELECT d.id, convert_from(d.body, 'UTF8') AS key, count(e.delivery_id) AS events
    FROM deliveries d LEFT JOIN events e ON e.delivery_id = d.id GROUP BY d.id, d.body
"""
_SHARED = (checker.TIMERS, checker.UNPAGED, checker.REPAIRED, checker.COUNTS, checker.TWICE)
NOT_REACHED_AFTER = 6
_FIRINGS = {"step fired": "page", "paged": "assigned", "safety net": "safety_net"}


@dataclass(slots=True)
class History:
    """All of it. `rows` answers the statements of the fault tests' own checker."""

    run: Simulation
    oracle: Oracle
    incidents: Sequence[Row] = ()
    stored: Sequence[Row] = ()
    facts: dict[UUID, list[Row]] = field(default_factory=lambda: defaultdict(list))
    pages: dict[UUID, list[Row]] = field(default_factory=lambda: defaultdict(list))
    messages: dict[UUID, list[Row]] = field(default_factory=lambda: defaultdict(list))
    """By page."""
    tries: dict[UUID, list[Row]] = field(default_factory=lambda: defaultdict(list))
    """By message."""
    carriers: dict[UUID, Row] = field(default_factory=dict[UUID, Row])
    """Every message by its number: what goes together has the fate of the one with which it goes."""
    pings: dict[UUID, list[datetime]] = field(default_factory=lambda: defaultdict(list))
    """By heartbeat."""
    _answers: dict[str, Sequence[Row]] = field(default_factory=dict[str, Sequence[Row]])

    def rows(self, sql: str, *_: object) -> Sequence[Row]:
        return self._answers[sql]

    def firings(self, incident_id: UUID) -> list[Row | Group]:
        """Return the ledger of an incident, where a firing that paged somebody stands as its pages."""
        found: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
        for page in self.pages[incident_id]:
            if page["kind"] != "still_on_it":
                step = page["step"] if page["kind"] == "page" else None
                found[page["created_at"], page["kind"], step].append(page)
        return [self._group(fact, found) or fact for fact in self.facts[incident_id]]

    def groups(self, incident_id: UUID) -> list[Group]:
        """Return the firings of an incident that paged somebody, in order."""
        return [each for each in self.firings(incident_id) if isinstance(each, Group)]

    def answers(self, incident_id: UUID, *, since: datetime, until: datetime) -> list[tuple[datetime, int]]:
        """Return who acknowledged for their own part, and when."""
        return [
            (fact["at"], int(fact["actor"].removeprefix("user:"))) for fact in self.facts[incident_id]
            if fact["kind"] == "acknowledged in part" and since <= fact["at"] <= until
        ]  # fmt: skip

    def rounds_for_nobody(self, incident_id: UUID) -> list[datetime]:
        """Return when the safety net looked for somebody to page and found nobody."""
        return [
            fact["at"] for fact in self.facts[incident_id]
            if fact["kind"] == "safety net" and not fact["data"]["people"]
        ]  # fmt: skip

    def _group(self, fact: Row, found: dict[tuple[Any, ...], list[Row]]) -> Group | None:
        if fact["kind"] not in _FIRINGS:
            return None
        kind = _FIRINGS[fact["kind"]]
        step = fact["data"]["step"] - 1 if kind == "page" else None
        pages = found.pop((fact["at"], kind, step), None)
        if pages is None:
            return None
        users = frozenset(page["user_id"] for page in pages)
        return Group(kind, pages[0]["step"], pages[0]["lap"], fact["at"], users, self._all_in_vain_at(pages))

    def _all_in_vain_at(self, fired: Sequence[Row]) -> datetime | None:
        """Return when the last hope of a firing was gone, those counted who came on call while there was one."""
        incident_id, of = fired[0]["incident_id"], _firing(fired[0])
        came = [page for page in self.pages[incident_id] if _firing(page) == of and page not in fired]
        pages, at = list(fired), self._in_vain_at(fired)
        for page in came:
            if at is not None and page["created_at"] < at:
                pages.append(page)
                at = self._in_vain_at(pages)
        return at

    def _in_vain_at(self, pages: Sequence[Row]) -> datetime | None:
        """Return when the last hope of these pages was gone, None while there is one."""
        ends = [self._given_up_at(message) for page in pages for message in self.messages[page["id"]]]
        known = [end for end in ends if end is not None]
        return max(known) if known and len(known) == len(ends) else None

    def _given_up_at(self, message: Row) -> datetime | None:
        ends = self._ends(message)
        if message["status"] == "bundled":  # perhaps after it had not gone through by itself, or into one that had not
            ends += [end for end in self._ends(self.carriers[message["bundled_into"]]) if end >= message["finished_at"]]
        return min(ends, default=None)

    def _ends(self, message: Row) -> list[datetime]:
        """Return when a message was given up for now, by six tries, and for good."""
        sixth, gone = self._sixth_failure(message), message["status"] in ("failed", "ambiguous")
        return [end for end in (sixth, message["finished_at"] if gone else None) if end is not None]

    def _sixth_failure(self, message: Row) -> datetime | None:
        failures = [each["finished_at"] for each in self.tries[message["id"]] if each["outcome"] == "retry"]
        return failures[NOT_REACHED_AFTER - 1] if len(failures) >= NOT_REACHED_AFTER else None


def _firing(page: Row) -> tuple[Any, ...]:
    """Return what a page has in common with those of the same firing."""
    return page["generation"], page["lap"], page["step"], page["kind"]


async def read(run: Simulation) -> History:
    """Read everything."""
    history = History(run, run.oracle)
    for row in await run.rows(_SWITCHED_OFF):
        history.oracle.switched_off.setdefault(row["user_id"], []).append(row["disabled_at"])
    history.incidents = await run.rows(_INCIDENTS)
    history.stored = await run.rows(_STORED)
    for into, sql, key in (
        (history.facts, _FACTS, "incident_id"),
        (history.pages, _PAGES, "incident_id"),
        (history.messages, _NOTIFICATIONS, "page_id"),
        (history.tries, _ATTEMPTS, "notification_id"),
    ):
        for row in await run.rows(sql):
            into[row[key]].append(row)
    history.carriers = {row["id"]: row for rows in history.messages.values() for row in rows}
    for row in await run.rows(_PINGS):
        history.pings[row["heartbeat_id"]].append(row["at"])
    history.facts = defaultdict(list, {incident: told_plainly(facts) for incident, facts in history.facts.items()})
    for sql in _SHARED:
        history._answers[sql] = await run.rows(sql)
    return history


def told_plainly(facts: Sequence[Row]) -> list[Row]:
    """Return a ledger in which every change of status is a fact by itself.

    A rule that suppresses says so as a rule. Support hours that begin only carry their urgency to what is not open.
    """
    found: list[Row] = []
    is_open = was_open = False
    for fact in facts:
        kind = fact["kind"]
        if kind == "ruled" and any(did.startswith(("suppressed", "waits")) for did in fact["data"]["did"]):
            kind = "suppressed"
        elif kind == "urgency raised" and fact["actor"] == "support_hours" and not is_open:
            kind = "carried"
        to_oneself = kind == "reassigned" and fact["actor"] == f"user:{fact['data']['user_id']}"
        if kind in _OPENS and not to_oneself:
            was_open, is_open = is_open, True
        elif kind in _CLOSES or to_oneself:
            was_open, is_open = is_open, False
        elif kind == "undone":
            is_open = was_open
        found.append(fact if kind == fact["kind"] else {**fact, "kind": kind})
    return found


_OPENS = ("opened", "unacknowledged", "woken", "reopened", "reassigned", "escalated")
_CLOSES = ("acknowledged", "snoozed", "suppressed", "resolved")
