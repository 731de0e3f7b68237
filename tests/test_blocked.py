"""What blocks the event loop is named in the log while it does."""

from __future__ import annotations

import asyncio
import time

from structlog.testing import capture_logs

from opsknight import metrics
from opsknight.blocked import BEAT_EVERY_S, LoopWatch
from tests.bounds import PATIENCE_S, WIDER


class Hands:
    """A monotonic clock that a test moves."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def a_handler_that_blocks(seconds: float) -> None:
    a_secret = "hunter2"
    time.sleep(seconds)
    assert a_secret


async def test_a_blocked_loop_is_told_within_a_second_with_where_it_stands_once_and_so_is_its_end():
    before = metrics.LOOP_BLOCKED_SECONDS._value.get()

    with capture_logs() as lines, LoopWatch():
        await asyncio.sleep(0)
        a_handler_that_blocks(1.4 * WIDER)
        told_meanwhile = list(lines)
        async with asyncio.timeout(PATIENCE_S):
            while len(lines) < 2:  # noqa: ASYNC110  # a thread writes them
                await asyncio.sleep(0.02)

    [blocked] = told_meanwhile
    assert (blocked["event"], blocked["log_level"]) == ("the event loop is blocked", "error")
    assert "in a_handler_that_blocks" in blocked["stack"]
    assert "hunter2" not in str(lines)
    assert [line["event"] for line in lines] == ["the event loop is blocked", "the event loop runs again"]
    assert metrics.LOOP_BLOCKED_SECONDS._value.get() - before >= 1.4 - BEAT_EVERY_S


async def test_a_loop_that_beats_is_not_spoken_of_and_looked_at_about_once_a_second():
    hands = Hands()
    watch = a_watch(hands)

    with capture_logs() as lines:
        waits = [after(watch, hands, 0.5, beats=True) for _ in range(4)]

    assert lines == []
    assert waits == [1.0] * 4


async def test_a_short_block_is_not_spoken_of():
    hands = Hands()
    watch = a_watch(hands)

    with capture_logs() as lines:
        after(watch, hands, 0.9)

    assert lines == []


async def test_a_machine_that_paused_is_not_taken_for_a_blocked_loop():
    hands = Hands()
    watch = a_watch(hands)

    with capture_logs() as lines:
        after(watch, hands, 30)
        after(watch, hands, 0.5, beats=True)

    assert [line["event"] for line in lines] == [
        "nothing ran: the machine paused, or code kept the interpreter to itself"
    ]
    assert lines[0]["for_s"] == 29.0


async def test_a_block_that_goes_on_is_told_once():
    hands = Hands()
    watch = a_watch(hands)

    with capture_logs() as lines:
        for _ in range(6):
            after(watch, hands, 1)

    assert [line["event"] for line in lines] == ["the event loop is blocked"]


def a_watch(hands: Hands) -> LoopWatch:
    """Return one that has just heard a beat and is asked by hand."""
    watch = LoopWatch(monotonic=hands)
    watch._loop = asyncio.get_running_loop()
    watch._again(hands.now, 1.0)
    return watch


def after(watch: LoopWatch, hands: Hands, seconds: float, *, beats: bool = False) -> float:
    """Let time pass, with a beat at its end or without one; return how long it is until the next look."""
    hands.now += seconds
    if beats:
        watch.beat()
    return watch.look()
