"""Overrides and leave that are changed instead of being withdrawn and made anew: in one step, and what was stays."""

from __future__ import annotations

from dataclasses import replace

import pytest

from opsknight.domain.commands import leaves, overrides, shift_swaps
from opsknight.domain.model.override import Change
from opsknight.domain.store.tables import UserRow
from opsknight.errors import Conflict, Forbidden, Invalid, NotFound
from tests.clock import NOON
from tests.commands.desk import Desk
from tests.commands.rota import HOUR, Rota, a_rota, offer


@pytest.fixture
async def rota(desk: Desk) -> Rota:
    """Bo is on call now, until tomorrow's noon."""
    return await a_rota(desk)


def instead(user: UserRow, of: UserRow, start: float, end: float) -> overrides.Wish:
    return overrides.Wish(Change.REPLACE, NOON + start * HOUR, NOON + end * HOUR, user.id, of.id)


def away(user: UserRow, start: float, end: float, by: UserRow | None = None) -> leaves.Wish:
    return leaves.Wish(user.id, NOON + start * HOUR, NOON + end * HOUR, by.id if by else None)


async def test_an_override_has_another_time_and_another_person_in_one_step(rota: Rota, desk: Desk):
    made = await desk.do(overrides.override, rota.id, instead(rota.cy, rota.bo, 2, 6))

    done = await desk.do(overrides.change, made.id, instead(rota.ada, rota.bo, 4, 8))

    assert done.sentence == "In “Platform”, Ada is on call instead of Bo for 4 h, in 4 h."
    assert await rota.told(NOON, NOON + 9 * HOUR) == [("Bo", 0, 4), ("Ada", 4, 8), ("Bo", 8, 24)]
    told = await desk.rows(
        "SELECT data->'before'->>'user_id', data->'after'->>'user_id' FROM facts WHERE kind = 'override changed'"
    )
    assert told == [(str(rota.cy.id), str(rota.ada.id))]


async def test_what_an_override_did_until_it_is_changed_stays(rota: Rota, desk: Desk):
    made = await desk.do(overrides.override, rota.id, instead(rota.cy, rota.bo, 0, 6))
    desk.clock.advance(2 * HOUR)

    await desk.do(overrides.change, made.id, instead(rota.ada, rota.bo, 0, 6))

    assert await rota.told(NOON, NOON + 7 * HOUR) == [("Cy", 0, 2), ("Ada", 2, 6), ("Bo", 6, 24)]


async def test_an_override_that_runs_lasts_longer_from_its_own_start(rota: Rota, desk: Desk):
    made = await desk.do(overrides.override, rota.id, instead(rota.cy, rota.bo, 0, 6))
    desk.clock.advance(2 * HOUR)

    await desk.do(overrides.change, made.id, instead(rota.cy, rota.bo, 0, 8))

    assert await desk.rows("SELECT start_at, end_at FROM overrides") == [(NOON, NOON + 8 * HOUR)]
    assert await rota.told(NOON, NOON + 7 * HOUR) == [("Cy", 0, 8)]


async def test_who_took_the_time_on_from_an_override_that_is_changed_keeps_it(rota: Rota, desk: Desk):
    made = await desk.do(overrides.override, rota.id, instead(rota.cy, rota.bo, 2, 6))
    await desk.do(overrides.override, rota.id, instead(rota.ada, rota.cy, 3, 4))

    await desk.do(overrides.change, made.id, instead(rota.cy, rota.bo, 2, 8))

    expected = [("Bo", 0, 2), ("Cy", 2, 3), ("Ada", 3, 4), ("Cy", 4, 8), ("Bo", 8, 24)]
    assert await rota.told(NOON, NOON + 9 * HOUR) == expected


async def test_an_override_is_not_changed_to_what_would_have_no_effect(rota: Rota, desk: Desk):
    made = await desk.do(overrides.override, rota.id, instead(rota.cy, rota.bo, 2, 6))

    with pytest.raises(Invalid, match="would change nothing: Ada is not on call then"):
        await desk.do(overrides.change, made.id, instead(rota.cy, rota.ada, 2, 6))

    assert await rota.who(NOON + 3 * HOUR) == ["Cy"]


async def test_an_override_is_not_moved_to_where_another_replaces_the_same_person(rota: Rota, desk: Desk):
    made = await desk.do(overrides.override, rota.id, instead(rota.cy, rota.bo, 2, 6))
    await desk.do(overrides.override, rota.id, instead(rota.ada, rota.bo, 6, 9))

    with pytest.raises(Conflict, match=r"they are replaced by Ada \(override"):
        await desk.do(overrides.change, made.id, instead(rota.cy, rota.bo, 2, 7))


async def test_the_half_of_a_swap_and_what_is_over_are_not_changed(rota: Rota, desk: Desk):
    asked = await desk.as_(rota.bo, shift_swaps.ask, rota.id, offer(rota.bo, 2, 6))
    await desk.as_(rota.cy, shift_swaps.take, asked.id, shift_swaps.Part())
    [(half,)] = await desk.rows("SELECT id FROM overrides")
    over = await desk.do(overrides.override, rota.id, instead(rota.cy, rota.bo, 0, 1))
    gone = await desk.do(overrides.override, rota.id, instead(rota.cy, rota.bo, 8, 9))
    await desk.do(overrides.withdraw, gone.id)
    desk.clock.advance(HOUR)

    with pytest.raises(Conflict, match="belongs to a swap"):
        await desk.do(overrides.change, half, instead(rota.cy, rota.bo, 2, 7))
    with pytest.raises(Conflict, match="is over already"):
        await desk.do(overrides.change, over.id, instead(rota.cy, rota.bo, 2, 7))
    with pytest.raises(Conflict, match="has been withdrawn"):
        await desk.do(overrides.change, gone.id, instead(rota.cy, rota.bo, 2, 7))
    with pytest.raises(NotFound):
        await desk.do(overrides.change, 4711, instead(rota.cy, rota.bo, 2, 7))


async def test_a_leave_has_another_time_and_another_substitute_in_one_step(rota: Rota, desk: Desk):
    made = await desk.as_(rota.bo, leaves.take_leave, away(rota.bo, 2, 6, rota.cy))

    done = await desk.as_(rota.bo, leaves.change, made.id, away(rota.bo, 4, 8, rota.ada))

    assert done.sentence == "Bo is away for 4 h, in 4 h; Ada has their shifts."
    assert await rota.told(NOON, NOON + 9 * HOUR) == [("Bo", 0, 4), ("Ada", 4, 8), ("Bo", 8, 24)]
    told = await desk.rows("SELECT data->'before'->>'substitute_id' FROM facts WHERE kind = 'leave changed'")
    assert told == [(str(rota.cy.id),)]


async def test_what_a_leave_did_until_it_is_changed_stays(rota: Rota, desk: Desk):
    made = await desk.as_(rota.bo, leaves.take_leave, away(rota.bo, 0, 6, rota.cy))
    desk.clock.advance(2 * HOUR)

    await desk.as_(rota.bo, leaves.change, made.id, away(rota.bo, 0, 8, rota.ada))

    assert await rota.told(NOON, NOON + 9 * HOUR) == [("Cy", 0, 2), ("Ada", 2, 8), ("Bo", 8, 24)]


async def test_a_leave_is_changed_by_its_person_while_it_is_one(rota: Rota, desk: Desk):
    made = await desk.as_(rota.bo, leaves.take_leave, away(rota.bo, 0, 1))

    with pytest.raises(Forbidden, match="yourself only"):
        await desk.as_(rota.cy, leaves.change, made.id, away(rota.bo, 0, 8))
    with pytest.raises(Invalid, match="stays that of Bo"):
        await desk.as_(rota.mo, leaves.change, made.id, replace(away(rota.bo, 0, 8), user_id=rota.cy.id))
    desk.clock.advance(2 * HOUR)
    with pytest.raises(Conflict, match="over already"):
        await desk.as_(rota.bo, leaves.change, made.id, away(rota.bo, 0, 8))
