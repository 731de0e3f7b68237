"""The hub: what boards are told, in which order, and what happens when they fall behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

from opsknight.clock import Clock
from opsknight.domain.queries.feed import AT_ONCE, Cursor, Entry
from opsknight.hub import BACKLOG, BUSY_TICK_S, SUMMARY_SHARE, TICK_S, Beat, Hub, Line, Reading, Tick
from tests.bounds import PATIENCE_S
from tests.clock import NOON, StoppedClock


class Ledger:
    """A ledger in memory, with the transactions that are still open."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.removed: set[UUID] = set()
        self.asked_since = NOON
        self.read_times = 0

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

    async def feed(self, cursor: Cursor, since: datetime) -> Sequence[Entry]:
        self.read_times += 1
        self.asked_since = min(self.asked_since, since)
        return [entry for entry in self.entries if (entry.xid, entry.seq) > (cursor.xid, cursor.seq)][:AT_ONCE]

    async def lines(self, ids: Sequence[UUID]) -> dict[UUID, Line]:
        return {each: {"id": str(each)} for each in ids if each not in self.removed}

    async def summary(self) -> dict[str, Any]:
        return {"total": len(self.entries)}


class LongDay(StoppedClock):
    """A clock whose monotonic time the test moves on, too."""

    ahead_s = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead_s


class HeavyLedger(Ledger):
    """A ledger whose board takes long to count."""

    def __init__(self, clock: LongDay, took_s: float) -> None:
        super().__init__()
        self.clock = clock
        self.took_s = took_s

    async def summary(self) -> dict[str, Any]:
        self.clock.ahead_s += self.took_s
        return await super().summary()


class RestlessLedger(Ledger):
    """A ledger in which more has happened whenever a tick is made than one can carry."""

    async def lines(self, ids: Sequence[UUID]) -> dict[UUID, Line]:
        self.add(*(uuid4() for _ in range(100)))
        return await super().lines(ids)


@asynccontextmanager
async def a_hub(ledger: Ledger, clock: Clock | None = None) -> AsyncIterator[tuple[Hub, AsyncIterator[Tick | Beat]]]:
    hub = Hub(Reading(ledger.start, ledger.feed, ledger.lines, ledger.summary), clock=clock or Clock())
    async with hub.subscribe() as messages, asyncio.TaskGroup() as group:
        running = group.create_task(hub.run())
        try:
            yield hub, messages
        finally:
            running.cancel()


async def next_tick(messages: AsyncIterator[Tick | Beat]) -> Tick:
    async with asyncio.timeout(PATIENCE_S):
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


async def test_a_busy_feed_is_told_in_fuller_frames_at_most_four_times_a_second():
    ledger = RestlessLedger()
    async with a_hub(ledger) as (hub, messages):
        ledger.add(uuid4())
        hub.wake()

        ticks = [await next_tick(messages) for _ in range(6)]

    gaps_s = [after.now - before.now for before, after in pairwise(ticks[1:])]
    assert min(gaps_s) >= BUSY_TICK_S * 0.95 >= 0.95 / 4
    assert {len(tick.lines) for tick in ticks[1:]} == {60}


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
        async with asyncio.timeout(PATIENCE_S):
            beat = await anext(messages)

    assert beat == Beat(now=beat.now, rev="epoch.0.0")


async def test_a_board_that_takes_long_to_count_is_counted_less_often_and_its_last_count_arrives():
    clock = LongDay()
    ledger = HeavyLedger(clock, took_s=30.0)
    async with a_hub(ledger, clock) as (hub, messages):
        ledger.add(uuid4())
        hub.wake()
        first = await next_tick(messages)
        ledger.add(uuid4())
        hub.wake()
        second = await next_tick(messages)
        clock.ahead_s += 30.0 / SUMMARY_SHARE
        hub.wake()
        third = await next_tick(messages)

    assert [tick.summary for tick in (first, second, third)] == [{"total": 1}, {}, {"total": 2}]
    assert (len(second.lines), len(third.lines)) == (1, 0)
    assert third.base == third.rev == second.rev


async def test_the_last_count_arrives_without_another_change():
    clock = LongDay()
    ledger = HeavyLedger(clock, took_s=0.02)
    async with a_hub(ledger, clock) as (hub, messages):
        ledger.add(uuid4())
        hub.wake()
        await next_tick(messages)
        ledger.add(uuid4())
        hub.wake()
        ticks = [await next_tick(messages)]
        if not ticks[-1].summary:
            ticks.append(await next_tick(messages))

    assert ticks[-1].summary == {"total": 2}


async def test_a_feed_that_has_much_to_give_is_read_on_at_once():
    ledger, incident = Ledger(), uuid4()
    async with a_hub(ledger) as (hub, messages):
        ledger.add(*(incident for _ in range(2 * AT_ONCE + 1)))
        hub.wake()

        tick = await next_tick(messages)

    assert tick.rev == f"epoch.{2 * AT_ONCE + 1}.{2 * AT_ONCE + 1}"


async def test_what_happened_while_the_feed_could_not_be_read_is_still_news():
    clock, ledger = LongDay(), Ledger()
    async with a_hub(ledger, clock) as (hub, messages):
        ledger.add(uuid4())
        hub.wake()
        await next_tick(messages)
        clock.ahead_s += 7200
        ledger.add(uuid4())
        hub.wake()
        await next_tick(messages)

    assert ledger.asked_since <= NOON - timedelta(hours=3)


async def test_where_nobody_looks_the_ledger_is_read_ten_times_a_second_however_much_happens():
    ledger = Ledger()
    async with a_hub(ledger) as (hub, _):
        hub.is_heard = lambda: False
        began = asyncio.get_running_loop().time()
        while (took_s := asyncio.get_running_loop().time() - began) < 0.6:
            ledger.add(uuid4())
            hub.wake()
            await asyncio.sleep(0.005)

    assert 2 <= ledger.read_times <= took_s / TICK_S + 2
