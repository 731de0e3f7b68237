"""Judges a run by its history: invariants I1 to I5, the walk of each ledger, and each step of each escalation."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from tests.faults import checker
from tests.simulator import escalations, handovers, silences
from tests.simulator.escalations import Walk
from tests.simulator.history import History, Row

MANY = 8
STOPS = ("acknowledged", "resolved", "snoozed", "suppressed")
AFTER_STOP = timedelta(seconds=1)
OF_OWNERS = ("still_on_it", "hand_over", "joined")
"""What is asked of who owns an incident: paging has stopped, and this goes on."""


def check(history: History) -> list[str]:
    """Return all that is not as promised, in sentences."""
    found: list[str] = []
    looks: tuple[Callable[[History], Iterator[str]], ...] = (
        _stored_once, checker.counted, checker.one_timer, checker.paged_twice, _accepted_once, _handed_off,
        _silent_once_stopped, _legal_walk, _asked_in_time, escalations.check, handovers.check, silences.check,
    )  # fmt: skip
    for look in looks:
        breaks = list(look(history))
        found += breaks[:MANY]
        if len(breaks) > MANY:
            found.append(f"… and {len(breaks) - MANY} more like these")
    return found


def _stored_once(history: History) -> Iterator[str]:
    stored: dict[str, list[Row]] = defaultdict(list)
    for row in history.stored:
        stored[row["key"]].append(row)
    monitors = history.run.monitors
    for key, sent_at in monitors.sent.items():
        rows = stored.get(key, [])
        answered = monitors.answered.get(key)
        if answered is None and sent_at < history.run.end_at:
            yield f"I1: {key} was never answered"
        elif answered is not None and [row["id"] for row in rows] != [answered]:
            yield f"I1: {key} was answered {answered} and is stored as {[row['id'] for row in rows]}"
        elif len(rows) > 1 or any(row["events"] != 1 for row in rows):
            yield f"I1: {key} is stored {len(rows)} times with {[row['events'] for row in rows]} events"


def _accepted_once(history: History) -> Iterator[str]:
    calls: Counter[Any] = Counter()
    taken: Counter[Any] = Counter()
    for call in history.run.providers.calls:
        calls[call.notification_id] += 1
        taken[call.notification_id] += call.taken
    known = {message["id"] for messages in history.messages.values() for message in messages}
    for notification_id in known | {*calls}:
        outcomes = [each["outcome"] for each in history.tries[notification_id]]
        accepted = outcomes.count("accepted")
        perhaps = outcomes.count("ambiguous")
        if accepted > 1 and "ambiguous" not in outcomes[: outcomes.index("accepted")]:
            yield f"I3: message {notification_id} was accepted {accepted} times: {outcomes}"
        if taken[notification_id] > accepted + perhaps:
            yield f"I3: the provider took message {notification_id} {taken[notification_id]} times: {outcomes}"
        if calls[notification_id] > len(outcomes):
            yield f"I3: message {notification_id} was called {calls[notification_id]} times: {outcomes}"
        if accepted > taken[notification_id]:
            yield f"I3: message {notification_id} counts as accepted, and the provider never took it"
        if "started" in outcomes:
            yield f"I3: message {notification_id} has an attempt that nobody finished: {outcomes}"


def _handed_off(history: History) -> Iterator[str]:
    walk = Walk(history)
    began: dict[Any, datetime] = {each["notification_id"]: each["started_at"] for each in _first_tries(history)}
    for call in history.run.providers.calls:
        began[call.notification_id] = min(call.at, began.get(call.notification_id, call.at))
    alone = _alone_again(history)
    for pages in history.pages.values():
        for page in pages:
            for message in history.messages[page["id"]]:
                began_at = began.get(message["id"])
                due_at = max(message["due_at"], alone.get(str(message["id"]), message["due_at"]))
                if message["attempts"] > 1:  # its due time has moved with each try
                    if message["position"] or message["user_id"] in history.run.world.with_rules:
                        continue
                    due_at = page["due_at"]
                due_at = _taken_up_again(history, message, due_at, began_at)
                if began_at is None:
                    if message["finished_at"] is None and walk.must_be_done(due_at):
                        yield f"I4: message {message['id']} was never handed off, due {due_at}"
                elif walk.is_late(began_at, due_at):
                    late_s = (began_at - due_at).total_seconds()
                    yield f"I4: message {message['id']} was handed off {late_s:.2f} s after {due_at}"


def _taken_up_again(history: History, message: Row, due_at: datetime, began_at: datetime | None) -> datetime:
    """Return when a message was due that an acknowledgement had withdrawn, until that was undone."""
    facts = history.facts.get(message["incident_id"], ())
    undone = [fact["at"] for fact in facts if fact["kind"] == "undone" and (began_at is None or fact["at"] <= began_at)]
    return max([due_at, *undone[-1:]])


def _alone_again(history: History) -> dict[str, datetime]:
    """Return since when messages wait for themselves whose carrier was not sent after all."""
    facts = (fact for facts in history.facts.values() for fact in facts if fact["kind"] == "unbundled")
    return {fact["data"]["notification_id"]: fact["at"] for fact in facts}


def _first_tries(history: History) -> Iterator[Row]:
    """Yield the first try of each message: where its process died before the call, it was perhaps made."""
    return (each for tries in history.tries.values() for each in tries[:1])


def _silent_once_stopped(history: History) -> Iterator[str]:
    calls: dict[Any, list[Any]] = defaultdict(list)
    for call in history.run.providers.calls:
        calls[call.incident_id].append(call)
    walk = Walk(history)
    for incident in history.incidents:
        facts = history.facts[incident["id"]]
        for fact, until in zip(facts, [*facts[1:], None], strict=True):
            if fact["kind"] not in STOPS:
                continue
            stopped_at = history.run.committed_at.get(fact["xid"])
            if stopped_at is None:  # a monitor's or a timer's: known to the instant only where nothing held it up
                if walk.fault_between(fact["at"] - timedelta(seconds=1), fact["at"] + timedelta(seconds=1)):
                    continue
                stopped_at = fact["at"]
            over_at = _next_move(facts, fact)
            for call in calls[incident["id"]]:
                if call.kind in OF_OWNERS and fact["kind"] == "acknowledged":
                    continue
                if stopped_at + AFTER_STOP < call.at and (over_at is None or call.at < over_at):
                    late_s = (call.at - stopped_at).total_seconds()
                    yield f"I5: incident {incident['number']} was {fact['kind']} and called for {late_s:.2f} s later"
            del until


def _next_move(facts: Sequence[Row], fact: Row) -> datetime | None:
    """Return when the incident's status changed next."""
    later = facts[facts.index(fact) + 1 :]
    return next((each["at"] for each in later if each["kind"] in _MOVES), None)


# --- the table of semantics.md 3 -----------------------------------------------------------------------------------

_ANY = frozenset({"open", "acknowledged", "snoozed", "suppressed"})
_MOVES: dict[str, tuple[frozenset[str], str]] = {
    "acknowledged": (_ANY, "acknowledged"),
    "unacknowledged": (frozenset({"acknowledged"}), "open"),
    "snoozed": (frozenset({"open", "acknowledged", "snoozed"}), "snoozed"),
    "woken": (frozenset({"snoozed", "suppressed"}), "open"),
    "suppressed": (_ANY, "suppressed"),
    "resolved": (_ANY, "resolved"),
    "reopened": (frozenset({"resolved"}), "open"),
    "reassigned": (_ANY, "open"),
    "escalated": (_ANY, "open"),
    "undone": (_ANY | {"resolved"}, ""),
    "urgency raised": (_ANY, ""),
}


def _legal_walk(history: History) -> Iterator[str]:
    for incident in history.incidents:
        status, before = "", ""
        for fact in history.facts[incident["id"]]:
            kind = fact["kind"]
            if kind == "opened":
                status = before = "open"
            if kind not in _MOVES:
                continue
            allowed, after = _MOVES[kind]
            if status not in allowed:
                yield f"the ledger of incident {incident['number']} says {kind} while it was {status}"
            before, status = status, _after(kind, after, fact, status, before)
        if status != incident["status"]:
            yield f"incident {incident['number']} is {incident['status']}, and its ledger ends {status}"


def _after(kind: str, after: str, fact: Row, status: str, before: str) -> str:
    if kind == "undone":
        return before
    if kind == "urgency raised":
        return "suppressed" if status == "suppressed" else "open"
    if kind == "reassigned" and fact["actor"] == f"user:{fact['data']['user_id']}":
        return "acknowledged"
    return after


# --- still on it? --------------------------------------------------------------------------------------------------

ANSWER_WITHIN = timedelta(minutes=5)


def _asked_in_time(history: History) -> Iterator[str]:
    walk = Walk(history)
    for incident in history.incidents:
        facts = history.facts[incident["id"]]
        timeout_s = _timeout_s(history, incident, facts)
        if any(fact["kind"] in ("urgency raised", "carried", "reopened") for fact in facts):
            continue  # another urgency has another timeout
        acts = [fact for fact in facts if fact["kind"] in _MOVES or fact["kind"] in ("asked", "still on it")]
        for fact, then in pairwise([*acts, None]):
            assert fact is not None
            kind, then_kind = fact["kind"], None if then is None else then["kind"]
            if kind == "asked":
                wanted, due_at = ("unacknowledged",), fact["at"] + ANSWER_WITHIN
            elif kind in ("acknowledged", "still on it") and timeout_s is not None:
                wanted, due_at = ("asked", "unacknowledged"), fact["at"] + timedelta(seconds=timeout_s)
            else:
                if then_kind == "asked" and kind not in ("reassigned", "undone"):
                    yield f"incident {incident['number']}: asked whether somebody is on it after it was {kind}"
                continue
            happened_at = None if then is None else then["at"]
            by_timer = then is not None and str(then["actor"]).startswith("timer:")
            if by_timer and then_kind in wanted:
                assert happened_at is not None
                if happened_at < due_at or walk.is_late(happened_at, due_at):
                    yield f"incident {incident['number']}: {then_kind} at {happened_at}, due {due_at}"
            elif (happened_at is None or walk.is_late(happened_at, due_at)) and walk.must_be_done(due_at):
                yield f"{incident['number']}: nobody was {wanted[0]} at {due_at}, but {then_kind} {happened_at}"


def _timeout_s(history: History, incident: Row, facts: Sequence[Row]) -> int | None:
    urgency = next((fact["data"].get("urgency", "high") for fact in facts if fact["kind"] == "opened"), "high")
    return history.run.world.services[incident["service_id"]].ack_timeouts_s[urgency]


def names(breaks: Sequence[str]) -> str:
    """Return what kinds of break there are, for a short answer."""
    return ", ".join(sorted({re.split(r"[: ]", each)[0] for each in breaks}))
