"""Swaps as a whole: both halves together, parts, what stays offered, and time that goes back to whom it came from."""

from __future__ import annotations

import pytest

from opsknight.domain.commands import overrides, shift_swaps
from opsknight.domain.model.override import Change
from opsknight.domain.store.tables import UserRow
from opsknight.errors import Conflict, Invalid
from tests.clock import NOON
from tests.commands.desk import Desk
from tests.commands.rota import DAY, HOUR, Rota, a_rota, offer

WHOLE = shift_swaps.Part()
BACK = {"in_return": True, "return_start_at": NOON + DAY, "return_end_at": NOON + 2 * DAY}


@pytest.fixture
async def rota(desk: Desk) -> Rota:
    return await a_rota(desk)


async def gives(rota: Rota, user: UserRow, to: UserRow, start: float, end: float, **what: object) -> int:
    """Have `to` take all of what `user` offers, and return the number of the offer."""
    done = await rota.desk.as_(user, shift_swaps.ask, rota.id, offer(user, start, end, **what))
    await rota.desk.as_(to, shift_swaps.take, done.id, WHOLE)
    return done.id


async def live(desk: Desk) -> list[tuple[int, float, float]]:
    """Return who is put on call by overrides that were not withdrawn, and when, in hours from noon."""
    sql = "SELECT user_id, start_at, end_at FROM overrides WHERE deleted_at IS NULL ORDER BY start_at"
    return [(user, (start - NOON) / HOUR, (end - NOON) / HOUR) for user, start, end in await desk.rows(sql)]


async def open_until(desk: Desk) -> list[tuple[float, float, float]]:
    """Return what is offered, from when to when and until when it can be taken, in hours from noon."""
    sql = "SELECT start_at, end_at, expires_at FROM shift_swaps WHERE status = 'open' ORDER BY start_at"
    return [tuple((at - NOON) / HOUR for at in row) for row in await desk.rows(sql)]  # type: ignore[misc]


async def test_both_halves_of_a_swap_are_withdrawn_together(rota: Rota, desk: Desk):
    number = await gives(rota, rota.bo, rota.cy, 2, 24, **BACK)
    [(first,)] = await desk.rows("SELECT min(id) FROM overrides")

    done = await desk.do(overrides.withdraw, first)

    assert done.sentence == (
        "Withdrew the swap of Bo and Cy in “Platform”, both shifts of it: each has their own from now on."
    )
    assert [await rota.who(NOON + hours * HOUR) for hours in (3, 27)] == [["Bo"], ["Cy"]]
    assert await desk.rows("SELECT status, taken_by FROM shift_swaps WHERE id = :id", id=number) == [
        ("withdrawn", None)
    ]
    assert len(await desk.rows("SELECT 1 FROM facts WHERE kind = 'override withdrawn'")) == 2


async def test_a_swap_of_which_one_half_is_over_is_not_withdrawn(rota: Rota, desk: Desk):
    await gives(rota, rota.bo, rota.cy, 2, 12, **BACK)
    [(second,)] = await desk.rows("SELECT max(id) FROM overrides")
    desk.clock.advance(13 * HOUR)

    with pytest.raises(Conflict, match="the other shift of this swap is over"):
        await desk.do(overrides.withdraw, second)

    assert await rota.who(NOON + 27 * HOUR) == ["Bo"]


async def test_cover_that_was_taken_is_withdrawn_and_the_offer_with_it(rota: Rota, desk: Desk):
    number = await gives(rota, rota.bo, rota.cy, 2, 24)
    [(only,)] = await desk.rows("SELECT id FROM overrides")

    await desk.as_(rota.cy, overrides.withdraw, only)

    assert await rota.who(NOON + 3 * HOUR) == ["Bo"]
    assert await desk.rows("SELECT status FROM shift_swaps WHERE id = :id", id=number) == [("withdrawn",)]


async def test_a_part_of_a_swap_is_not_taken_for_the_whole_of_what_it_wants(rota: Rota, desk: Desk):
    done = await desk.as_(rota.bo, shift_swaps.ask, rota.id, offer(rota.bo, 0, 24, **BACK))

    with pytest.raises(Invalid, match="Bo wants a whole shift of yours for the whole of this one"):
        await desk.as_(rota.cy, shift_swaps.take, done.id, shift_swaps.Part(end_at=NOON + HOUR))

    assert await live(desk) == []


async def test_what_has_begun_of_a_swap_is_taken_whole_from_now_on(rota: Rota, desk: Desk):
    done = await desk.as_(rota.bo, shift_swaps.ask, rota.id, offer(rota.bo, 0, 24, **BACK))
    desk.clock.advance(2 * HOUR)

    await desk.as_(rota.cy, shift_swaps.take, done.id, WHOLE)

    assert await rota.told(NOON, NOON + 30 * HOUR) == [("Bo", 0, 2), ("Cy", 2, 24), ("Bo", 24, 48)]


async def test_the_rest_of_an_offer_can_be_taken_until_it_begins_itself(rota: Rota, desk: Desk):
    done = await desk.as_(rota.bo, shift_swaps.ask, rota.id, offer(rota.bo, 2, 12))

    await desk.as_(rota.cy, shift_swaps.take, done.id, shift_swaps.Part(NOON + 4 * HOUR, NOON + 6 * HOUR))

    assert await open_until(desk) == [(2, 4, 2), (6, 12, 6)]
    desk.clock.advance(5 * HOUR)
    await desk.as_("housekeeping:shifts", shift_swaps.expire)
    assert await open_until(desk) == [(6, 12, 6)]


async def test_the_rest_of_an_offer_with_a_deadline_keeps_it(rota: Rota, desk: Desk):
    wish = offer(rota.bo, 2, 12, expires_at=NOON + HOUR)
    done = await desk.as_(rota.bo, shift_swaps.ask, rota.id, wish)

    await desk.as_(rota.cy, shift_swaps.take, done.id, shift_swaps.Part(NOON + 2 * HOUR, NOON + 6 * HOUR))

    assert await open_until(desk) == [(6, 12, 1)]


async def test_who_has_their_own_time_again_can_hand_it_on_anew(rota: Rota, desk: Desk):
    await gives(rota, rota.bo, rota.cy, 2, 12)

    await gives(rota, rota.cy, rota.bo, 2, 12)

    assert await live(desk) == []
    assert await rota.told(NOON, NOON + HOUR) == [("Bo", 0, 24)]
    await rota.instead(rota.ada, rota.bo, NOON + 3 * HOUR)
    assert await rota.who(NOON + 4 * HOUR) == ["Ada"]


async def test_a_part_that_goes_back_leaves_the_rest_with_whoever_took_it(rota: Rota, desk: Desk):
    await gives(rota, rota.bo, rota.cy, 2, 12)

    await gives(rota, rota.cy, rota.bo, 4, 6)

    assert await live(desk) == [(rota.cy.id, 2, 4), (rota.cy.id, 6, 12)]
    assert await rota.told(NOON, NOON + 12 * HOUR) == [
        ("Bo", 0, 2),
        ("Cy", 2, 4),
        ("Bo", 4, 6),
        ("Cy", 6, 12),
    ]


async def test_time_goes_back_over_a_third_person_too(rota: Rota, desk: Desk):
    await gives(rota, rota.bo, rota.cy, 2, 12)
    await gives(rota, rota.cy, rota.ada, 2, 12)

    await gives(rota, rota.ada, rota.bo, 2, 12)

    assert await live(desk) == []
    assert await rota.who(NOON + 3 * HOUR) == ["Bo"]


async def test_what_was_handed_on_of_the_rest_stays_so_when_a_part_goes_back(rota: Rota, desk: Desk):
    await gives(rota, rota.bo, rota.cy, 2, 12)
    await gives(rota, rota.cy, rota.ada, 8, 12)

    await gives(rota, rota.cy, rota.bo, 4, 6)

    expected = [("Bo", 0, 2), ("Cy", 2, 4), ("Bo", 4, 6), ("Cy", 6, 8), ("Ada", 8, 12)]
    assert await rota.told(NOON, NOON + 12 * HOUR) == expected


async def test_what_goes_back_has_been_what_it_was(rota: Rota, desk: Desk):
    await gives(rota, rota.bo, rota.cy, 0, 12)
    desk.clock.advance(3 * HOUR)

    await gives(rota, rota.cy, rota.bo, 0, 12)

    assert await rota.told(NOON, NOON + 12 * HOUR) == [("Cy", 0, 3), ("Bo", 3, 24)]


async def test_who_fills_a_gap_can_hand_that_time_on(rota: Rota, desk: Desk):
    await rota.change(rota.plan(rota.bo, ends_at=(NOON + DAY).replace(tzinfo=None)))
    await rota.instead(rota.ada, None, NOON + 30 * HOUR, 10)

    await gives(rota, rota.ada, rota.cy, 32, 36)

    expected = [("Ada", 30, 32), ("Cy", 32, 36), ("Ada", 36, 40)]
    assert await rota.told(NOON + 25 * HOUR, NOON + 2 * DAY) == expected


async def test_who_took_from_one_who_fills_a_gap_hands_it_on_and_back(rota: Rota, desk: Desk):
    await rota.instead(rota.ada, None, NOON + 2 * HOUR, 8)
    await gives(rota, rota.ada, rota.cy, 2, 10)
    await gives(rota, rota.cy, rota.mo, 2, 10)

    await gives(rota, rota.mo, rota.ada, 4, 6)

    assert await rota.told(NOON + 2 * HOUR, NOON + 10 * HOUR) == [("Mo", 2, 4), ("Ada", 4, 6), ("Mo", 6, 10)]


async def test_nobody_offers_what_nobody_could_take_as_they_are_replaced_then_already(rota: Rota, desk: Desk):
    first = await rota.instead(rota.cy, rota.bo, NOON + 2 * HOUR)
    beside = overrides.Wish(Change.ADD, NOON + 4 * HOUR, NOON + 6 * HOUR, rota.bo.id)
    await desk.do(overrides.override, rota.id, beside)

    with pytest.raises(Invalid) as refusal:
        await desk.as_(rota.bo, shift_swaps.ask, rota.id, offer(rota.bo, 4, 6))

    assert str(refusal.value) == (
        f"Nobody could take that: in a part of it Bo is replaced by Cy then already (override {first.id}), and nobody"
        " is replaced by two at once. Withdraw that override first, or offer another time."
    )


async def test_time_that_only_its_giver_can_take_back_is_offered_to_them_by_name(rota: Rota, desk: Desk):
    await rota.instead(rota.cy, rota.bo, NOON + 2 * HOUR)
    await rota.instead(rota.bo, rota.cy, NOON + 2 * HOUR)

    with pytest.raises(Invalid, match="Nobody could take that"):
        await desk.as_(rota.bo, shift_swaps.ask, rota.id, offer(rota.bo, 2, 6))
    named = offer(rota.bo, 2, 6, offered_to=(rota.cy.id,))
    done = await desk.as_(rota.bo, shift_swaps.ask, rota.id, named)
    await desk.as_(rota.cy, shift_swaps.take, done.id, WHOLE)

    assert await rota.who(NOON + 3 * HOUR) == ["Cy"]
