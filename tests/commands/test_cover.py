"""Overrides, swaps, requests for cover and leave: who is paged instead, and from when on."""

from __future__ import annotations

import asyncio

import pytest

from opsknight.domain.commands import leaves, overrides, shift_swaps
from opsknight.domain.model.override import Change
from opsknight.errors import Conflict, Forbidden, Invalid
from tests.clock import NOON
from tests.commands.desk import Desk
from tests.commands.rota import DAY, HOUR, Rota, a_rota, offer


@pytest.fixture
async def rota(desk: Desk) -> Rota:
    return await a_rota(desk)


async def test_a_replacement_counts_for_its_span_and_says_so(rota: Rota):
    done = await rota.instead(rota.cy, rota.bo, NOON + HOUR)

    assert done.sentence == "In “Platform”, Cy is on call instead of Bo for 4 h, in 1 h."
    assert [await rota.who(NOON + hours * HOUR) for hours in (0, 1, 4, 5)] == [["Bo"], ["Cy"], ["Cy"], ["Bo"]]


async def test_nobody_is_replaced_by_two_at_once(rota: Rota):
    await rota.instead(rota.cy, rota.bo, NOON + HOUR)

    with pytest.raises(Conflict, match="replaced by Cy"):
        await rota.instead(rota.ada, rota.bo, NOON + 4 * HOUR)

    await rota.instead(rota.ada, rota.bo, NOON + 5 * HOUR)
    assert await rota.who(NOON + 5 * HOUR) == ["Ada"]


async def test_everybody_is_not_replaced_by_two_at_once_either(rota: Rota):
    done = await rota.instead(rota.cy, None, NOON + HOUR)

    with pytest.raises(Conflict, match=rf"everybody is replaced by Cy \(override {done.id}\) already"):
        await rota.instead(rota.ada, None, NOON + 4 * HOUR)


async def test_of_everybody_and_one_person_replaced_at_once_what_was_made_last_counts(rota: Rota):
    await rota.instead(rota.cy, rota.bo, NOON + HOUR)

    await rota.instead(rota.ada, None, NOON + 3 * HOUR)
    await rota.instead(rota.mo, rota.ada, NOON + 5 * HOUR, 1)

    assert await rota.told(NOON, NOON + 8 * HOUR) == [
        ("Bo", 0, 1), ("Cy", 1, 3), ("Ada", 3, 5), ("Mo", 5, 6), ("Ada", 6, 7), ("Bo", 7, 24),
    ]  # fmt: skip


async def test_of_two_who_replace_the_same_person_at_the_same_instant_one_is_refused(rota: Rota):
    answers = await asyncio.gather(
        rota.instead(rota.cy, rota.bo, NOON), rota.instead(rota.ada, rota.bo, NOON), return_exceptions=True
    )

    assert sorted(type(one).__name__ for one in answers) == ["Conflict", "Done"]
    assert len(await rota.desk.rows("SELECT 1 FROM overrides")) == 1


async def test_two_are_added_at_once(rota: Rota):
    for user in (rota.ada, rota.cy):
        await rota.desk.do(overrides.override, rota.id, overrides.Wish(Change.ADD, NOON, NOON + HOUR, user_id=user.id))

    assert sorted(await rota.who(NOON)) == ["Ada", "Bo", "Cy"]


async def test_a_withdrawn_override_has_been_what_it_was(rota: Rota):
    done = await rota.instead(rota.cy, rota.bo, NOON)
    rota.desk.clock.advance(2 * HOUR)

    await rota.desk.do(overrides.withdraw, done.id)

    assert await rota.told(NOON, NOON + 20 * HOUR) == [("Cy", 0, 2), ("Bo", 2, 24)]
    with pytest.raises(Conflict, match="withdrawn already"):
        await rota.desk.do(overrides.withdraw, done.id)


async def test_an_override_of_the_past_is_refused_and_one_that_began_begins_now(rota: Rota):
    rota.desk.clock.advance(2 * HOUR)

    with pytest.raises(Invalid, match="over already"):
        await rota.instead(rota.cy, rota.bo, NOON, 1)
    await rota.instead(rota.cy, rota.bo, NOON, 4)

    assert await rota.told(NOON, NOON + 5 * HOUR) == [("Bo", 0, 2), ("Cy", 2, 4), ("Bo", 4, 24)]


async def test_an_offered_shift_stays_its_persons_until_it_is_taken(rota: Rota, desk: Desk):
    done = await desk.as_(rota.bo, shift_swaps.ask, rota.id, offer(rota.bo, 2, 6))

    assert await rota.who(NOON + 3 * HOUR) == ["Bo"]
    await desk.as_(rota.cy, shift_swaps.take, done.id, shift_swaps.Part())
    assert await rota.who(NOON + 3 * HOUR) == ["Cy"]
    with pytest.raises(Conflict, match="taken"):
        await desk.do(shift_swaps.take, done.id, shift_swaps.Part())


async def test_of_two_who_take_a_shift_at_once_one_has_it(rota: Rota, desk: Desk):
    done = await desk.as_(rota.bo, shift_swaps.ask, rota.id, offer(rota.bo, 2, 6))

    answers = await asyncio.gather(
        *(desk.as_(who, shift_swaps.take, done.id, shift_swaps.Part()) for who in (rota.ada, rota.cy)),
        return_exceptions=True,
    )

    assert sorted(type(one).__name__ for one in answers) == ["Conflict", "Done"]


async def test_a_part_is_taken_and_the_rest_stays_offered(rota: Rota, desk: Desk):
    done = await desk.as_(rota.bo, shift_swaps.ask, rota.id, offer(rota.bo, 2, 8))

    await desk.as_(rota.cy, shift_swaps.take, done.id, shift_swaps.Part(NOON + 3 * HOUR, NOON + 5 * HOUR))

    assert [await rota.who(NOON + hours * HOUR) for hours in (2, 3, 5)] == [["Bo"], ["Cy"], ["Bo"]]
    rest = await desk.rows("SELECT start_at, end_at FROM shift_swaps WHERE status = 'open' ORDER BY start_at")
    assert [((a - NOON) / HOUR, (b - NOON) / HOUR) for a, b in rest] == [(2, 3), (5, 8)]


async def test_a_swap_gives_a_shift_in_return(rota: Rota, desk: Desk):
    done = await desk.as_(rota.bo, shift_swaps.ask, rota.id, offer(rota.bo, 0, 24, in_return=True))

    with pytest.raises(Invalid, match="return_start_at"):
        await desk.as_(rota.cy, shift_swaps.take, done.id, shift_swaps.Part())
    back = shift_swaps.Part(return_start_at=NOON + 24 * HOUR, return_end_at=NOON + 48 * HOUR)
    await desk.as_(rota.cy, shift_swaps.take, done.id, back)

    assert await rota.who(NOON + HOUR) == ["Cy"]
    assert await rota.who(NOON + DAY + HOUR) == ["Bo"]


async def test_what_nobody_took_in_time_expires_and_its_person_stays_on_call(rota: Rota, desk: Desk):
    done = await desk.as_(rota.bo, shift_swaps.ask, rota.id, offer(rota.bo, 2, 6))
    desk.clock.advance(2 * HOUR)

    with pytest.raises(Conflict, match="expired"):
        await desk.as_(rota.cy, shift_swaps.take, done.id, shift_swaps.Part())
    assert await desk.as_("housekeeping:shifts", shift_swaps.expire) == 1
    assert await desk.as_("housekeeping:shifts", shift_swaps.expire) == 0
    assert await rota.who(NOON + 3 * HOUR) == ["Bo"]


async def test_an_offer_to_named_people_is_for_them_and_ones_own_is_for_others(rota: Rota, desk: Desk):
    done = await desk.as_(rota.bo, shift_swaps.ask, rota.id, offer(rota.bo, 2, 6, offered_to=(rota.cy.id,)))

    for who in (rota.ada, rota.bo):
        with pytest.raises(Forbidden):
            await desk.as_(who, shift_swaps.take, done.id, shift_swaps.Part())
    with pytest.raises(Forbidden):
        await desk.do(shift_swaps.withdraw, done.id)
    await desk.as_(rota.bo, shift_swaps.withdraw, done.id)


async def test_nobody_offers_a_shift_that_is_not_theirs(rota: Rota, desk: Desk):
    with pytest.raises(Invalid, match="not on call"):
        await desk.as_(rota.cy, shift_swaps.ask, rota.id, offer(rota.cy, 2, 6))
    with pytest.raises(Forbidden):
        await desk.as_(rota.cy, shift_swaps.ask, rota.id, offer(rota.bo, 2, 6))


async def test_a_named_substitute_has_the_shifts_of_who_is_away_and_what_was_stays(rota: Rota, desk: Desk):
    desk.clock.advance(HOUR)

    done = await desk.as_(rota.bo, leaves.take_leave, leaves.Wish(rota.bo.id, NOON, NOON + 6 * HOUR, rota.cy.id))
    desk.clock.advance(HOUR)
    await desk.as_(rota.bo, leaves.withdraw, done.id)

    assert await rota.told(NOON, NOON + 8 * HOUR) == [("Bo", 0, 1), ("Cy", 1, 2), ("Bo", 2, 24)]


async def test_leave_is_ones_own_unless_a_manager_says_it(rota: Rota, desk: Desk):
    wish = leaves.Wish(rota.bo.id, NOON, NOON + HOUR)

    with pytest.raises(Forbidden, match="yourself only"):
        await desk.do(leaves.take_leave, wish)
    done = await desk.as_(rota.mo, leaves.take_leave, wish)

    assert done.sentence.startswith("Bo is away for 1 h from now on.")
    assert await rota.who(NOON) == ["Bo"]
