"""The one checker of every fault test: reads what a case left behind and says what is not as promised.

I1 each event answered 2xx is stored exactly once. I2 each incident has exactly the timer that its
status calls for. I3 one provider-accepted attempt at most for each notification, unless an
ambiguous one came before. I4 hand-off within a second of due, within five of a fault's end. I5 no
hand-off more than a second after an acknowledge or resolve.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from tests.bounds import WIDER
from tests.faults.sender import Sent
from tests.peers.smtp import Mail

Row = Mapping[str, Any]

ON_TIME_S = 1.0
AFTER_FAULT_S = 5.0
AFTER_STOP_S = 1.0
"""What faults.md allows; as told by WIDER on machines that are shared."""
CONVERSATION_S = 1.0
"""How long it takes at most from the start of a call until the mail server has the mail."""
MANY = 10
"""Of one kind of break so many are told one by one."""


@dataclass(frozen=True, slots=True)
class Fault:
    """From when to when something was broken on purpose, in seconds since 1970."""

    began_at: float
    ended_at: float


class Readable(Protocol):
    """Whose database can be read as its owner."""

    @property
    def rows(self) -> Callable[..., Sequence[Row]]:
        """What a statement finds."""
        ...


@dataclass(frozen=True, slots=True)
class History:
    """A case: how to read its database as its owner, what was sent and answered, what the mail server took.

    The database must keep the time of each commit. Everything is checked; figures are of what came
    `since`, in seconds since 1970.
    """

    rows: Callable[..., Sequence[Row]]
    sent: Sequence[Sent]
    mails: Sequence[Mail]
    faults: Sequence[Fault] = ()
    since: float = 0.0


@dataclass(slots=True)
class Checked:
    """What is broken, in sentences, and the figures of the case.

    `late_s` is how long after due each hand-off began: `quick_s` with no fault near, and
    `after_faults_s`, counted from the end of the fault that was.
    """

    broken: list[str] = field(default_factory=list[str])
    taken: int = 0
    ambiguous: int = 0
    late_s: list[float] = field(default_factory=list[float])
    quick_s: list[float] = field(default_factory=list[float])
    after_faults_s: list[float] = field(default_factory=list[float])


def check(history: History) -> Checked:
    """Return what the history breaks, and its figures."""
    taken = [sent for sent in history.sent if sent.receipts and sent.receipts[0].ended_at >= history.since]
    found = Checked(taken=len(taken))
    for look in (_stored_once, counted, one_timer, _accepted_once, _on_time, _quiet_once_stopped):
        breaks = list(look(history, found))
        found.broken += breaks[:MANY]
        if len(breaks) > MANY:
            found.broken.append(f"… and {len(breaks) - MANY} more like these")
    return found


# --- I1 ------------------------------------------------------------------------------------------------------------

_DELIVERIES = """
    SELECT d.id, sha256(d.body) AS body, coalesce(e.many, 0) AS events
    FROM deliveries d LEFT JOIN (SELECT delivery_id, count(*) AS many FROM events GROUP BY 1) e ON e.delivery_id = d.id
"""
COUNTS = """
    SELECT a.dedup_key, a.count, count(e.delivery_id) AS events
    FROM alerts a LEFT JOIN events e ON e.alert_id = a.id
        AND e.verdict IN ('opened', 'occurrence', 'urgency raised', 'reopened', 'joined')
    WHERE a.dedup_key NOT LIKE 'opsknight:%' AND a.integration_id IS NOT NULL
    GROUP BY a.id HAVING a.count <> count(e.delivery_id)
"""


def _stored_once(history: History, _: Checked) -> Iterator[str]:
    stored: dict[bytes, list[Row]] = defaultdict(list)
    for row in history.rows(_DELIVERIES):
        stored[row["body"]].append(row)
    for sent in history.sent:
        found = stored.get(hashlib.sha256(sent.body).digest(), [])
        if len(found) > 1:
            yield f"I1: {sent.key} is stored {len(found)} times"
        if not sent.receipts:
            continue
        if not found:
            yield f"I1: {sent.key} was answered {sent.receipts[0].status} and is not stored"
            continue
        if found[0]["events"] != 1:
            yield f"I1: {sent.key} has {found[0]['events']} events"
        yield from _told_truly(sent, str(found[0]["id"]))


def _told_truly(sent: Sent, delivery_id: str) -> Iterator[str]:
    told = {receipt.said.get("delivery_id") for receipt in sent.receipts}
    if told != {delivery_id}:
        yield f"I1: {sent.key} is stored as {delivery_id} and was answered {told}"
    if sum(not receipt.said.get("duplicate") for receipt in sent.receipts) > 1:
        yield f"I1: {sent.key} was called new more than once"


def counted(history: Readable, _: object = None) -> Iterator[str]:
    """Yield the alerts that count another number of events than they have."""
    for row in history.rows(COUNTS):
        yield f"I1: alert {row['dedup_key']} counts {row['count']} and has {row['events']} events"


# --- I2 ------------------------------------------------------------------------------------------------------------

TIMERS = """
    SELECT i.number, i.title, i.status, i.generation, i.until,
        (i.status = 'acknowledged') AND (CASE i.urgency WHEN 'high' THEN s.ack_timeout_high_s
            ELSE s.ack_timeout_low_s END) IS NOT NULL AS times_out,
        array_remove(array_agg(t.kind ORDER BY t.kind), NULL) AS kinds,
        bool_or(t.kind IN ('escalation', 'safety_net') AND t.generation <> i.generation) AS outdated,
        bool_or(t.dead_at IS NOT NULL) AS dead
    FROM incidents i JOIN services s ON s.id = i.service_id
    LEFT JOIN timers t ON t.subject = i.id AND t.kind IN ('escalation', 'pause', 'safety_net', 'snooze_end',
        'suppress_end', 'ack_timeout', 'ack_reminder')
    GROUP BY i.id, s.id
"""
UNPAGED = """
    SELECT i.number, i.title FROM incidents i
    WHERE i.status = 'open' AND (i.next_step > 0 OR i.lap > 0)
        AND NOT EXISTS (SELECT FROM pages p WHERE p.incident_id = i.id AND p.generation = i.generation)
        AND (SELECT f.data ->> 'reason' FROM facts f WHERE f.incident_id = i.id AND f.kind IN ('safety net', 'opened',
                'unacknowledged', 'woken', 'reopened', 'reassigned', 'urgency raised', 'escalated', 'undone')
            ORDER BY f.seq DESC LIMIT 1) IS DISTINCT FROM 'no manager and no admin can be reached'
"""
"""Nobody was paged since it began anew, though somebody was there: the safety net has not found everybody gone."""
REPAIRED = "SELECT data ->> 'reason' AS reason FROM facts WHERE kind = 'timer repaired'"
_PAGING = ("escalation", "pause", "safety_net")


def one_timer(history: Readable, _: object = None) -> Iterator[str]:
    """Yield what breaks I2."""
    for row in history.rows(TIMERS):
        wanted = _wanted(row)
        fits = list(row["kinds"]) == [] if not wanted else len(row["kinds"]) == 1 and row["kinds"][0] in wanted
        name = f"incident {row['number']} “{row['title']}”, {row['status']},"
        if not fits:
            yield f"I2: {name} has the timers {row['kinds']} and needs one of {wanted}"
        elif row["outdated"]:
            yield f"I2: {name} has a timer of another generation"
        elif row["dead"]:
            yield f"I2: {name} has a dead timer"
    for row in history.rows(UNPAGED):
        yield f"I2: incident {row['number']} “{row['title']}” went on to a later step and paged nobody"
    for row in history.rows(REPAIRED):
        yield f"I2: the auditor had to mend a timer: {row['reason']}"


def _wanted(row: Row) -> tuple[str, ...]:
    if row["status"] == "open":
        return _PAGING
    if row["status"] == "snoozed":
        return ("snooze_end",)
    if row["status"] == "suppressed":
        return ("suppress_end", "pause") if row["until"] is not None else ()
    return ("ack_timeout", "ack_reminder") if row["times_out"] else ()


# --- I3 ------------------------------------------------------------------------------------------------------------

_ATTEMPTS = """
    SELECT n.id, n.status, count(a.id) AS attempts,
        count(*) FILTER (WHERE a.outcome = 'accepted') AS accepted,
        count(*) FILTER (WHERE a.outcome = 'ambiguous') AS ambiguous,
        count(*) FILTER (WHERE a.outcome = 'ambiguous' AND a.started_at >= to_timestamp($1)) AS lately_ambiguous,
        count(*) FILTER (WHERE a.outcome = 'started' AND a.started_at < clock_timestamp() - interval '10 s') AS started,
        count(*) FILTER (WHERE a.outcome = 'started' AND a.started_at >= clock_timestamp() - interval '10 s') AS calling
    FROM notifications n LEFT JOIN attempts a ON a.notification_id = n.id WHERE n.channel <> 'sink' GROUP BY n.id
"""
TWICE = """
    SELECT i.number, p.step, count(*) AS pages FROM pages p JOIN incidents i ON i.id = p.incident_id
    GROUP BY i.number, p.generation, p.lap, p.step, p.kind, p.user_id HAVING count(*) > 1
"""


def _accepted_once(history: History, found: Checked) -> Iterator[str]:
    # A long run goes on escalating while it is checked: what was mailed before and after the reading frames it.
    before = Counter(_notification(mail) for mail in list(history.mails))
    rows = history.rows(_ATTEMPTS, history.since)
    after = Counter(_notification(mail) for mail in list(history.mails))
    for row in rows:
        mails = before.pop(str(row["id"]), 0)
        perhaps = row["ambiguous"]
        found.ambiguous += row["lately_ambiguous"]
        if row["accepted"] > 1:
            yield f"I3: notification {row['id']} was accepted {row['accepted']} times"
        if mails > row["accepted"] + perhaps + row["calling"]:
            yield f"I3: notification {row['id']} arrived {mails} times: {dict(row)}"
        if after[str(row["id"])] < row["accepted"]:
            yield f"I3: notification {row['id']} counts as accepted and never arrived"
        if row["started"]:
            yield f"I3: notification {row['id']} has an attempt that nobody finished"
    for notification_id in before:
        yield f"I3: a mail arrived of notification {notification_id}, which nothing knows of"
    yield from paged_twice(history)


def paged_twice(history: Readable) -> Iterator[str]:
    """Yield the steps that paged somebody more than once in one generation."""
    for row in history.rows(TWICE):
        yield f"I3: step {row['step'] + 1} of incident {row['number']} paged the same person {row['pages']} times"


def _notification(mail: Mail) -> str:
    """Return the notification that a mail's Message-ID names."""
    found = _MESSAGE_ID.search(mail.raw)
    return found[1].decode() if found else "without Message-ID"


_MESSAGE_ID = re.compile(rb"^Message-ID: <([^@>]+)@", re.IGNORECASE | re.MULTILINE)


# --- I4 ------------------------------------------------------------------------------------------------------------

_HAND_OFFS = """
    SELECT n.id, n.status, n.position, n.attempts, n.reason, n.held,
        extract(epoch FROM a.started_at)::float8 AS started_at,
        extract(epoch FROM CASE WHEN n.position = 0 AND NOT n.held THEN p.due_at ELSE n.due_at END)::float8 AS due_at,
        extract(epoch FROM clock_timestamp())::float8 AS now
    FROM notifications n JOIN pages p ON p.id = n.page_id
    LEFT JOIN attempts a ON a.notification_id = n.id AND a.number = 1
"""


def _on_time(history: History, found: Checked) -> Iterator[str]:
    for row in history.rows(_HAND_OFFS):
        if (row["position"] > 0 or row["held"]) and row["attempts"] > 1:
            continue  # its due time has moved with each try
        due_at = row["due_at"]
        ended_at = fault_near(history.faults, due_at)
        allowed_at = due_at + ON_TIME_S * WIDER
        if ended_at is not None:
            allowed_at = max(allowed_at, ended_at + AFTER_FAULT_S * WIDER)
        if row["started_at"] is None:
            if row["status"] not in ("superseded", "bundled") and row["now"] > allowed_at:
                yield f"I4: notification {row['id']} was never handed off: {row['status']} {row['reason']}"
            continue
        if due_at >= history.since:
            found.late_s.append(row["started_at"] - due_at)
            if ended_at is None:
                found.quick_s.append(row["started_at"] - due_at)
            else:
                found.after_faults_s.append(max(0.0, row["started_at"] - max(due_at, ended_at)))
        if row["started_at"] > allowed_at:
            late_s = row["started_at"] - due_at
            near = "no fault near" if ended_at is None else f"{row['started_at'] - ended_at:.2f} s after a fault's end"
            yield f"I4: notification {row['id']} was handed off {late_s:.2f} s after due, {near}"


def fault_near(faults: Sequence[Fault], due_at: float) -> float | None:
    """Return when the faults ended that could delay what is due then, None where none could.

    What falls due while the product still recovers waits in the same queue as what fell due in the fault.
    """
    ended_at = None
    for fault in sorted(faults, key=lambda fault: fault.began_at):
        last = due_at + ON_TIME_S if ended_at is None else ended_at + AFTER_FAULT_S
        if fault.began_at <= last and fault.ended_at + AFTER_FAULT_S >= due_at:
            ended_at = max(ended_at or fault.ended_at, fault.ended_at)
    return ended_at


# --- I5 ------------------------------------------------------------------------------------------------------------

_STOPS = """
    SELECT n.id, f.kind, extract(epoch FROM pg_xact_commit_timestamp(xid(f.xid)))::float8 AS stopped_at,
        extract(epoch FROM max(a.started_at))::float8 AS started_at
    FROM notifications n JOIN pages p ON p.id = n.page_id JOIN attempts a ON a.notification_id = n.id
    JOIN facts f ON f.incident_id = n.incident_id AND f.kind IN ('acknowledged', 'resolved') AND f.at >= p.created_at
    WHERE p.kind NOT IN ('still_on_it', 'hand_over', 'joined') GROUP BY n.id, f.kind, f.xid
"""


def _quiet_once_stopped(history: History, _: Checked) -> Iterator[str]:
    came_at = {_notification(mail): mail.came_at for mail in history.mails}
    for row in history.rows(_STOPS):
        started_s = row["started_at"] - row["stopped_at"]
        came_s = came_at.get(str(row["id"]), 0.0) - row["stopped_at"]
        if started_s > AFTER_STOP_S * WIDER:
            yield f"I5: notification {row['id']} was handed off {started_s:.2f} s after its incident was {row['kind']}"
        elif came_s > (AFTER_STOP_S + CONVERSATION_S) * WIDER:
            yield f"I5: notification {row['id']} arrived {came_s:.2f} s after its incident was {row['kind']}"
