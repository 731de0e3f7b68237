"""Judges what is quiet and what wakes: maintenance, rules, support hours, heartbeats, alerts not vouched for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tests.simulator.escalations import CUTS, Walk
from tests.simulator.history import History, Row
from tests.simulator.quiet import GRACE, GROUPED_FOR, PAUSE, Heart

SWEPT_WITHIN = timedelta(seconds=1)
LISTENS = timedelta(seconds=165)
"""After a fault, silence counts only once monitors had the time to repeat themselves."""
STORED_WITHIN = timedelta(seconds=2)


def check(history: History) -> Iterator[str]:
    """Yield what was loud, or quiet, and should have been otherwise."""
    walk = Walk(history)
    for incident in history.incidents:
        facts = [fact for fact in history.facts[incident["id"]] if fact["kind"] in CUTS]
        if facts and facts[0]["kind"] == "opened":
            yield from _opens_quietly(walk, incident, facts)
            yield from _loud_in_hours(walk, incident, facts)
    yield from _grouped(history)
    for heart in history.run.world.hearts:
        yield from _heard(walk, heart)
    yield from _expired(walk)


def _opens_quietly(walk: Walk, incident: Row, facts: list[Row]) -> Iterator[str]:
    """Under maintenance and by rules, and only so; and it wakes when that is over."""
    number, opened = incident["number"], facts[0]
    then = facts[1] if len(facts) > 1 else None
    rests = then is not None and then["kind"] == "suppressed" and then["at"] == opened["at"]
    ends_at = _quiet_until(walk.history, incident, opened["at"])
    by_rule = "unloved" in incident["title"]
    if "noise" in incident["title"]:
        yield f"incident {number} was opened, and a rule drops it"
    if rests != (by_rule or ends_at is not None):
        yield f"incident {number} “{incident['title']}” opened {'quietly' if rests else 'loudly'}, wanted {ends_at}"
    if not rests:
        return
    after = facts[2] if len(facts) > 2 else None
    if by_rule and after is not None and after["kind"] == "woken" and after["actor"].startswith("timer:"):
        yield f"incident {number} is to rest until its alert is over, and woke at {after['at']}"
    if by_rule or ends_at is None:
        return
    woke_at = None if after is None else after["at"]
    if after is not None and after["kind"] == "woken" and after["actor"].startswith("timer:"):
        if after["at"] < ends_at or walk.is_late(after["at"], ends_at):
            yield f"incident {number} was to wake at {ends_at}, and woke at {woke_at}"
    elif walk.must_be_done(ends_at) and (woke_at is None or walk.is_late(woke_at, ends_at)):
        yield f"incident {number} was to wake at {ends_at}, and did not until {woke_at}"


def _quiet_until(history: History, incident: Row, at: datetime) -> datetime | None:
    """Return until when maintenance or a pause keeps quiet what opens `at`: the later of both, and what covers that."""
    works = [work for work in history.run.world.works if work.service_id == incident["service_id"]]
    ends = [work.until(at) for work in works]
    if "patient" in incident["title"]:
        ends += [at + PAUSE, *(work.until(at + PAUSE) for work in works)]
    return max((end for end in ends if end is not None), default=None)


def _loud_in_hours(walk: Walk, incident: Row, facts: list[Row]) -> Iterator[str]:
    """Inside support hours it opens loudly, outside quietly, and it is raised when they begin."""
    history, opened = walk.history, facts[0]
    hours = history.run.world.services[incident["service_id"]].hours
    if hours is None or str(opened["actor"]).startswith("heartbeat:"):
        return
    wanted = "high" if hours.covers(opened["at"]) else "low"
    if opened["data"]["urgency"] != wanted:
        yield f"incident {incident['number']} opened at {opened['data']['urgency']} urgency, wanted {wanted}"
    all_facts = history.facts[incident["id"]]
    raised = [fact["at"] for fact in all_facts if fact["kind"] in ("urgency raised", "carried")]
    ends = [fact["at"] for fact in all_facts if fact["kind"] == "resolved"]
    until = min(ends, default=history.run.timeline.at)
    begins = hours.begins(opened["at"] + STORED_WITHIN, until)
    if wanted == "high" or not begins:
        return
    if not raised:
        if walk.allowed_until(begins[0] + SWEPT_WITHIN) < until:
            yield f"incident {incident['number']} was not raised when support hours began at {begins[0]}"
    elif raised[0] < begins[0] or raised[0] > walk.allowed_until(begins[0] + SWEPT_WITHIN):
        yield f"incident {incident['number']} was raised at {raised[0]}, support hours began at {begins[0]}"


def _grouped(history: History) -> Iterator[str]:
    """What a rule groups joins the incident that is there, for as long as the group lasts."""
    newest: dict[int, Row] = {}
    for incident in history.incidents:
        if "grouped" not in incident["title"]:
            continue
        last = newest.get(incident["service_id"])
        newest[incident["service_id"]] = incident
        if last is None or incident["created_at"] >= last["created_at"] + GROUPED_FOR:
            continue
        over = (fact["at"] for fact in history.facts[last["id"]] if fact["kind"] in ("resolved", "suppressed"))
        if not any(at <= incident["created_at"] for at in over):
            yield f"incident {incident['number']} opened beside {last['number']}, and a rule groups them"


def _heard(walk: Walk, heart: Heart) -> Iterator[str]:
    """A heartbeat's silence opens an incident when its grace is over, and no sooner; a ping ends it."""
    history, end_at = walk.history, walk.history.run.timeline.at
    pings = history.pings[heart.id]
    opened = [
        incident["created_at"] for incident in history.incidents if incident["opened_by"] == f"heartbeat:{heart.id}"
    ]
    for ping_at, then_at in zip(pings, [*pings[1:], None], strict=True):
        deadline, until = ping_at + heart.period + GRACE, then_at or end_at
        found = [at for at in opened if ping_at <= at < until]
        early = [at for at in found if at < deadline]
        if early:
            yield f"heartbeat {heart.id} was missed at {early[0]}, before its deadline {deadline}"
        if walk.allowed_until(deadline) < until and (not found or walk.is_late(found[0], deadline)):
            yield f"heartbeat {heart.id} was silent from {deadline} on until {until}, and opened {found[:1]}"
    for incident in history.incidents:
        if incident["opened_by"] == f"heartbeat:{heart.id}" and incident["status"] != "resolved":
            later = [at for at in pings if at > incident["created_at"]]
            undone = [fact for fact in history.facts[incident["id"]] if fact["kind"] in ("undone", "reopened")]
            if later and not undone:
                yield f"incident {incident['number']} of a heartbeat goes on after its ping at {later[0]}"


def _expired(walk: Walk) -> Iterator[str]:
    """What nobody vouches for any more ends then, and no sooner."""
    history, monitors = walk.history, walk.history.run.monitors
    ends: dict[str, list[datetime]] = {}
    for facts in history.facts.values():
        for fact in facts:
            if fact["kind"] == "alert expired":
                ends.setdefault(fact["data"]["title"], []).append(fact["at"])
    for title, found in ends.items():
        for at in found:
            last = max((until for sent_at, until in monitors.vouched.get(title, ()) if sent_at <= at), default=None)
            if last is None or at < last:
                yield f"“{title}” ended at {at}, and its monitor vouches for it until {last}"
            elif at > last + SWEPT_WITHIN and not walk.fault_between(last - LISTENS, at):
                yield f"“{title}” ended at {at}, and nobody has vouched for it since {last}"
    for incident in history.incidents:
        last = max((until for _, until in monitors.vouched.get(incident["title"], ())), default=None)
        if last is None or incident["status"] == "resolved" or walk.fault_between(last - LISTENS, last):
            continue
        if last + LISTENS < history.run.timeline.at and not _reopened(history, incident):
            yield f"incident {incident['number']} goes on, and nobody has vouched for it since {last}"


def _reopened(history: History, incident: Row) -> bool:
    """Return whether people have brought an incident back whose alert was over."""
    return any(fact["kind"] in ("undone", "reopened") for fact in history.facts[incident["id"]])
