"""Does the checker notice? The history of a good year is spoilt in one way after the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from tests.clusters import Addresses
from tests.faults import checker as shared
from tests.simulator.checker import check
from tests.simulator.history import History, Row, read
from tests.simulator.simulation import Simulation


def stored_twice(history: History) -> None:
    """An event is there a second time."""
    history.stored = [*history.stored, history.stored[0]]


def without_a_timer(history: History) -> None:
    """Something is open, and nothing will ever happen to it."""
    first, *rest = history._answers[shared.TIMERS]
    history._answers[shared.TIMERS] = [{**first, "status": "open", "kinds": []}, *rest]


def taken_twice(history: History) -> None:
    """A provider took a message a second time."""
    history.run.providers.calls.append(next(call for call in history.run.providers.calls if call.taken))


def handed_off_late(history: History) -> None:
    """A call began three seconds after it was due."""
    call = next(call for call in history.run.providers.calls if call.kind == "page")
    tries = history.tries[call.notification_id]
    tries[0] = {**tries[0], "started_at": tries[0]["started_at"] + timedelta(seconds=3)}
    call.at += timedelta(seconds=3)


def called_after_the_end(history: History) -> None:
    """Somebody was called two seconds after all was over."""
    resolved = _fact(history, "resolved")
    call = next(call for call in history.run.providers.calls if call.incident_id == resolved["incident_id"])
    history.run.providers.calls.append(replace(call, at=_committed(history, resolved) + timedelta(seconds=2)))


def opened_twice_over(history: History) -> None:
    """The ledger says what the table of moves does not allow."""
    resolved = _fact(history, "resolved")
    history.facts[resolved["incident_id"]].append({**resolved, "kind": "unacknowledged"})


def to_a_stranger(history: History) -> None:
    """A step paged somebody whom it never asks."""
    page = next(page for pages in history.pages.values() for page in pages if page["kind"] == "page")
    pages = history.pages[page["incident_id"]]
    pages[pages.index(page)] = {**page, "user_id": history.run.world.admins[0]}


def a_step_left_out(history: History) -> None:
    """One firing never was."""
    fired = _fact(history, "step fired")
    history.facts[fired["incident_id"]].remove(fired)


def acknowledged_while_it_fired(history: History) -> None:
    """Somebody acknowledged, stood still before the incident was theirs to change, and it paged meanwhile."""
    for ledger in history.facts.values():
        kinds = [fact["kind"] for fact in ledger]
        if "step fired" in kinds and "acknowledged" in kinds[kinds.index("step fired") :]:
            fired, at = ledger[kinds.index("step fired")], kinds.index("acknowledged")
            ledger[at] = {**ledger[at], "at": fired["at"] - timedelta(seconds=4)}


SPOILT: dict[Callable[[History], None], str] = {
    stored_twice: "I1: ",
    without_a_timer: "I2: ",
    taken_twice: "I3: ",
    handed_off_late: "I4: ",
    called_after_the_end: "I5: ",
    opened_twice_over: "the ledger of incident",
    to_a_stranger: "paged a stranger",
    a_step_left_out: "came not",
}


async def test_each_kind_of_break_is_noticed_and_nothing_else(addresses: Addresses):
    run = Simulation(addresses, seed=7, teams=6, days=5.0, rate=0.0)
    try:
        await run.run()
        assert check(await read(run)) == []
        for spoil, told in SPOILT.items():
            calls = [replace(call) for call in run.providers.calls]
            history = await read(run)
            spoil(history)
            found = check(history)
            run.providers.calls = calls
            assert any(told in each for each in found), (spoil.__doc__, found)
        history = await read(run)
        acknowledged_while_it_fired(history)
        assert not any("besides" in each for each in check(history))
    finally:
        await run.close()


def _fact(history: History, kind: str) -> Row:
    return next(fact for facts in history.facts.values() for fact in facts if fact["kind"] == kind)


def _committed(history: History, fact: Row) -> datetime:
    return history.run.committed_at.get(fact["xid"], fact["at"])
