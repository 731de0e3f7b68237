"""Answers kept by Idempotency-Key, on a real database."""

from __future__ import annotations

import asyncio

from opsknight.domain.commands.answers import Answer, begin, keep
from tests.conftest import Acting

KEY = b"k" * 32


async def test_a_key_is_answered_as_the_first_time(acting: Acting):
    async with acting() as uow:
        assert await begin(uow, KEY) is None
        keep(uow, KEY, Answer(200, {"sentence": "Done."}))

    async with acting() as uow:
        assert await begin(uow, KEY) == Answer(200, {"sentence": "Done."})


async def test_what_was_undone_is_not_kept(acting: Acting):
    async with acting() as uow:
        await begin(uow, KEY)
        await uow.session.rollback()

    async with acting() as uow:
        assert await begin(uow, KEY) is None


async def test_two_at_once_get_the_same_answer(acting: Acting):
    async def ask(number: int) -> Answer | None:
        async with acting() as uow:
            answer = await begin(uow, KEY)
            if answer is None:
                keep(uow, KEY, Answer(200, number))
            return answer

    first, second = await asyncio.gather(ask(1), ask(2))

    assert [first, second].count(None) == 1
    assert (first or second) in (Answer(200, 1), Answer(200, 2))
