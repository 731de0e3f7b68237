"""The hub: what boards are told, in which order, and what happens when they fall behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from opsknight.clock import Clock
from opsknight.domain.queries.feed import Cursor, Entry
from opsknight.hub import BACKLOG, Beat, Hub, Line, Reading, Tick


class Ledger:
    """A ledger in memory, with the transactions that are still open."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.removed: set[UUID] = set()

    def add(self, *incidents: UUID, settled: bool = True) -> None:
        for incident in incidents:
            number = len(self.entries) + 1
            self.entries.append(Entry(number, number, "opened", incident, "", settled))

    def add_of_the_house(self) -> None:
        """Add a fact that belongs to no incident: somebody signed in."""
        number = len(self.entries) + 1
        self.entries.append(Entry(number, number, "signed in", None, "", settled=True))

    def settle(self) -> None:
        self.entries = [Entry(e.xid, e.seq, e.kind, e.incident_id, e.subject, settled=True) for e in self.entries]

    async def start(self) -> Cursor:
        return Cursor("epoch", 0, 0)

    async def feed(self, cursor: Cursor, _since: datetime) -> Sequence[Entry]:
        return [entry for entry in self.entries if (entry.xid, entry.seq) > (cursor.xid, cursor.seq)]

    async def lines(self, ids: Sequence[UUID]) -> dict[UUID, Line]:
        return {each: {"id": str(each)} for each in ids if each not in self.removed}

    async def summary(self) -> dict[str, Any]:
        return {"total": len(self.entries)}


@asynccontextmanager
async def a_hub(ledger: Ledger) -> AsyncIterator[tuple[Hub, AsyncIterator[Tick | Beat]]]:
    hub = Hub(Reading(ledger.start, ledger.feed, ledger.lines, ledger.summary), clock=Clock())
    async with hub.subscribe() as messages, asyncio.TaskGroup() as group:
        running = group.create_task(hub.run())
        try:
            yield hub, messages
        finally:
            running.cancel()


async def next_tick(messages: AsyncIterator[Tick | Beat]) -> Tick:
    async with asyncio.timeout(30):
        async for message in messages:
            if isinstance(message, Tick):
                return message
    raise AssertionError("no tick came")


async def test_several_changes_of_one_incident_are_one_line():
    ledger, incident = Ledger(), uuid4()
    async with a_hub(ledger) as (hub, messages):
        ledger.add(incident, incident, incident)
        hub.wake()

        tick = await next_tick(messages)

    assert [line["id"] for line in tick.lines] == [str(incident)]
    assert (tick.base, tick.rev) == ("epoch.0.0", "epoch.3.3")


async def test_an_incident_that_a_board_may_not_see_any_more_is_removed_from_it():
    ledger, incident = Ledger(), uuid4()
    async with a_hub(ledger) as (hub, messages):
        ledger.add(incident)
        ledger.removed.add(incident)
        hub.wake()

        tick = await next_tick(messages)

    assert (list(tick.lines), list(tick.removed)) == ([], [str(incident)])


async def test_facts_behind_an_open_transaction_wait_and_are_not_skipped():
    ledger, early, late = Ledger(), uuid4(), uuid4()
    async with a_hub(ledger) as (hub, messages):
        ledger.add(early, settled=False)
        hub.wake()
        await asyncio.sleep(0.06)
        ledger.add(late, settled=False)
        assert hub.rev == "epoch.0.0"
        ledger.settle()

        tick = await next_tick(messages)

    assert {line["id"] for line in tick.lines} == {str(early), str(late)}


async def test_a_tick_carries_the_newest_lines_and_the_rest_follows():
    ledger, incidents = Ledger(), [uuid4() for _ in range(100)]
    async with a_hub(ledger) as (hub, messages):
        ledger.add(*incidents)
        hub.wake()

        first = await next_tick(messages)
        second = await next_tick(messages)

    assert [line["id"] for line in first.lines] == [str(each) for each in reversed(incidents[40:])]
    assert [line["id"] for line in second.lines] == [str(each) for each in reversed(incidents[:40])]
    assert first.rev == second.base == second.rev


async def test_boards_are_told_to_read_anew_when_more_changed_than_ticks_can_carry():
    ledger = Ledger()
    async with a_hub(ledger) as (hub, messages):
        ledger.add(*(uuid4() for _ in range(BACKLOG + 1)))
        hub.wake()

        tick = await next_tick(messages)

    assert (tick.base, list(tick.lines)) == ("gap", [])


async def test_a_fact_that_changes_no_line_leaves_no_gap_for_boards():
    ledger, incident = Ledger(), uuid4()
    async with a_hub(ledger) as (hub, messages):
        ledger.add_of_the_house()
        hub.wake()
        await asyncio.sleep(0.1)
        ledger.add(incident)
        hub.wake()

        tick = await next_tick(messages)

    assert (tick.base, tick.rev) == ("epoch.0.0", "epoch.2.2")


async def test_a_beat_comes_only_after_the_feed_was_read():
    ledger = Ledger()
    async with a_hub(ledger) as (_, messages):
        async with asyncio.timeout(30):
            beat = await anext(messages)

    assert beat == Beat(now=beat.now, rev="epoch.0.0")
