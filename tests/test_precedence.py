"""Who goes first on the one loop, and for how long at most."""

from __future__ import annotations

import asyncio

import pytest

from opsknight.precedence import Precedence


@pytest.fixture
def precedence() -> Precedence:
    return Precedence()


async def test_nothing_is_held_back_where_nobody_waits(precedence: Precedence):
    turn = asyncio.gather(precedence.give_way())
    await asyncio.sleep(0.001)

    assert turn.done()


@pytest.mark.parametrize("party", ["people", "pages"])
async def test_a_batch_comes_after_whoever_is_under_way(precedence: Precedence, party: str):
    with getattr(precedence, party).first(), getattr(precedence, party).first():
        turn = asyncio.gather(precedence.give_way())
        await asyncio.sleep(0.001)
        before = turn.done()
    await turn

    assert not before


async def test_a_batch_is_held_back_for_a_moment_only_however_many_go_on_and_on(precedence: Precedence):
    with precedence.people.first(), precedence.pages.first():
        async with asyncio.timeout(5):
            await precedence.give_way()
