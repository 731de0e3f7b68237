"""What people are told of offered shifts and of being put on call: all of it in the language of whom it is told."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from opsknight.domain.commands import overrides, shift_swaps
from opsknight.domain.model.override import Change
from opsknight.domain.store.tables import UserRow
from tests.clock import NOON
from tests.commands.desk import Desk
from tests.commands.rota import DAY, HOUR, Rota, a_rota, offer
from tests.marked import MARKED, outside, words_left

pytestmark = pytest.mark.usefixtures("marked_readers")

NAMES = ("Ada", "Bo", "Cy", "Mo", "Dee", "Platform", "UTC", "Concert")
BACK = {"return_start_at": NOON + DAY, "return_end_at": NOON + 2 * DAY}


@pytest.fixture
async def rota(desk: Desk) -> Rota:
    rota = await a_rota(desk)
    read_it = update(UserRow).where(UserRow.id.in_([one.id for one in (rota.ada, rota.bo, rota.cy)]))
    async with desk.database.commands() as session:
        await session.execute(read_it.values(language=MARKED))
        await session.commit()
    return rota


async def are_marked(desk: Desk, how_many: int) -> bool:
    """Say whether so many messages went out, each sentence of them marked, while the ledger is in English."""
    said = [reason for (reason,) in await desk.rows("SELECT reason FROM pages ORDER BY id")]
    assert "⟦" not in str(await desk.rows("SELECT data::text FROM facts"))
    assert len(said) == how_many
    return all(words_left(one, *NAMES) == [] for one in said) or pytest.fail(str([outside(one) for one in said]))


@pytest.mark.parametrize("wish", [{}, {"in_return": True}, {"in_return": True, **BACK}])
async def test_what_is_offered_and_taken(rota: Rota, desk: Desk, wish: dict[str, object]):
    asked = offer(rota.bo, 2, 6, offered_to=(rota.cy.id,), **wish)
    done = await desk.as_(rota.bo, shift_swaps.ask, rota.id, asked)
    part = shift_swaps.Part(**(BACK if wish else {"start_at": NOON + 3 * HOUR}))

    await desk.as_(rota.cy, shift_swaps.take, done.id, part)

    assert await are_marked(desk, 2)


@pytest.mark.parametrize("wish", [{}, {"in_return": True, **BACK}])
async def test_what_is_withdrawn(rota: Rota, desk: Desk, wish: dict[str, object]):
    done = await desk.as_(rota.bo, shift_swaps.ask, rota.id, offer(rota.bo, 2, 6, **wish))
    await desk.as_(rota.cy, shift_swaps.take, done.id, shift_swaps.Part())
    [(first,)] = await desk.rows("SELECT min(id) FROM overrides")

    await desk.as_(rota.mo, overrides.withdraw, first)

    assert await are_marked(desk, 3)


async def test_what_nobody_took(rota: Rota, desk: Desk):
    await desk.as_(rota.bo, shift_swaps.ask, rota.id, offer(rota.bo, 2, 6))
    desk.clock.advance(3 * HOUR)

    await desk.as_("housekeeping:shifts", shift_swaps.expire)

    assert await are_marked(desk, 1)


async def test_that_somebody_is_on_call_from_now_on(rota: Rota, desk: Desk):
    wish = overrides.Wish(Change.REPLACE, NOON, NOON + HOUR, rota.cy.id, rota.bo.id)

    await desk.as_(rota.mo, overrides.override, rota.id, wish)

    assert await are_marked(desk, 1)


async def test_what_was_arranged_and_a_change_undoes(rota: Rota, desk: Desk):
    done = await desk.as_(rota.bo, shift_swaps.ask, rota.id, offer(rota.bo, 2, 6, in_return=True, **BACK))
    await desk.as_(rota.cy, shift_swaps.take, done.id, shift_swaps.Part())
    for hour in range(14, 20):
        await rota.instead(rota.cy, rota.bo, NOON + hour * HOUR, 1)

    await rota.change(rota.plan(rota.mo))

    assert await are_marked(desk, 4)
