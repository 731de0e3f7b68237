"""What was sent is written together: whoever comes to the turn writes for all who wait."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from opsknight.domain.model.attempt import Attempt
from opsknight.domain.model.notification import Sent
from opsknight.jobs.sent import OutcomeWriter
from tests.jobs.test_messages import an_attempt


class Ledger:
    """Keeps what is written; holds every write back until it is let go, and refuses `poison`."""

    def __init__(self) -> None:
        self.batches: list[list[Attempt]] = []
        self.poison: Attempt | None = None
        self.open = asyncio.Event()

    async def write(self, sent: Sequence[tuple[Attempt, Sent]]) -> Sequence[bool]:
        await self.open.wait()
        attempts = [attempt for attempt, _ in sent]
        if self.poison in attempts:
            raise ValueError("a text that no database takes")
        self.batches.append(attempts)
        return [attempt.number < 9 for attempt in attempts]


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


async def test_what_ends_while_a_commit_is_in_flight_goes_together_into_the_next(ledger: Ledger):
    writer = OutcomeWriter(ledger.write, many=lambda: False)
    waiting = asyncio.gather(*(writer.written(an_attempt(), Sent()) for _ in range(5)))
    await asyncio.sleep(0.001)
    later = asyncio.gather(*(writer.written(an_attempt(), Sent()) for _ in range(7)))
    await asyncio.sleep(0.001)
    ledger.open.set()
    await asyncio.gather(waiting, later)

    assert [len(batch) for batch in ledger.batches] in ([1, 11], [5, 7])


async def test_while_much_is_under_way_what_ends_waits_a_moment_for_more(ledger: Ledger):
    writer = OutcomeWriter(ledger.write, many=lambda: True)
    ledger.open.set()
    first = asyncio.gather(writer.written(an_attempt(), Sent()))
    await asyncio.sleep(0)
    others = asyncio.gather(*(writer.written(an_attempt(), Sent()) for _ in range(3)))
    await asyncio.gather(first, others)

    assert [len(batch) for batch in ledger.batches] == [4]


async def test_each_is_told_whether_it_was_still_its_own(ledger: Ledger):
    writer = OutcomeWriter(ledger.write, many=lambda: False)
    ledger.open.set()

    told = await asyncio.gather(*(writer.written(an_attempt(number=number), Sent()) for number in (1, 9, 2)))

    assert told == [True, False, True]


async def test_one_that_cannot_be_stored_takes_no_other_with_it(ledger: Ledger):
    writer = OutcomeWriter(ledger.write, many=lambda: False)
    attempts = [an_attempt(number=number) for number in range(1, 5)]
    ledger.poison = attempts[2]
    waiting = asyncio.gather(*(writer.written(each, Sent()) for each in attempts), return_exceptions=True)
    await asyncio.sleep(0.001)
    ledger.open.set()

    told = await waiting

    assert [isinstance(one, ValueError) for one in told] == [False, False, True, False]


async def test_one_that_is_cut_off_while_it_writes_leaves_the_others_to_the_next(ledger: Ledger):
    writer = OutcomeWriter(ledger.write, many=lambda: False)
    leader = asyncio.gather(writer.written(an_attempt(), Sent()))
    others = asyncio.gather(*(writer.written(an_attempt(), Sent()) for _ in range(3)))
    await asyncio.sleep(0.001)
    leader.cancel()
    ledger.open.set()

    assert await others == [True, True, True]
