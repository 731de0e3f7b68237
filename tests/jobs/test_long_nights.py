"""Incidents that stay open for weeks: what repeats for ever must neither stop nor grow for ever."""

from __future__ import annotations

from tests.jobs.pager import Pager


async def test_a_message_that_was_tried_for_weeks_holds_no_other_up(pager: Pager) -> None:
    weary = await pager.a_mail(attempts=40_000)
    fresh = await pager.a_mail()

    async with pager.sending():
        await pager.becomes("accepted", weary, fresh)

    assert await pager.rows("SELECT number FROM attempts ORDER BY number") == [(1,), (40_001,)]
