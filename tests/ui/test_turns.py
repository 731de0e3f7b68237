"""What is read again for a page is read once at a time, and last of all what is newest."""

from __future__ import annotations

import asyncio

import pytest

from opsknight.ui.turns import in_turn


async def test_a_slow_read_from_before_a_deed_does_not_stand_on_the_page_after_it():
    truth, page, slow = "before", list[str](), asyncio.Event()

    @in_turn
    async def again() -> None:
        read = truth
        if read == "before":
            await slow.wait()
        page.append(read)

    async with asyncio.TaskGroup() as asking:
        asking.create_task(again())  # by the clock
        await asyncio.sleep(0)
        truth = "after"
        asking.create_task(again())  # by the deed
        await asyncio.sleep(0)
        slow.set()

    assert page == ["before", "after"]


async def test_however_many_ask_while_one_reads_one_more_is_enough():
    read, slow = list[int](), asyncio.Event()

    @in_turn
    async def again() -> None:
        read.append(len(read))
        await slow.wait()

    async with asyncio.TaskGroup() as asking:
        for _ in range(5):
            asking.create_task(again())
        await asyncio.sleep(0)
        slow.set()

    assert len(read) == 2


async def test_a_read_that_fails_keeps_no_other_from_its_turn():
    read = list[str]()

    @in_turn
    async def again() -> None:
        read.append("asked")
        if len(read) == 1:
            raise LookupError

    with pytest.raises(LookupError):
        await again()
    await again()

    assert len(read) == 2
