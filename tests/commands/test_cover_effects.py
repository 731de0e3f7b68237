"""Changes of who is on call that would have no effect, or leave nobody: refused, and it is said why."""

from __future__ import annotations

import pytest

from opsknight.domain.commands import leaves, overrides, shift_swaps
from opsknight.domain.commands.temporary_schedules import Wish, replace_for_a_while
from opsknight.domain.model.layer_plan import Kind, LayerPlan
from opsknight.domain.model.override import Change, OnLeave
from opsknight.domain.model.rotation import Turn
from opsknight.domain.store.tables import UserRow
from opsknight.errors import Invalid
from tests.clock import NOON
from tests.commands.desk import Desk
from tests.commands.rota import DAY, HOUR, Rota, a_rota, offer

REMOVES = {"on_leave": OnLeave.REMOVE}
WHOLE = shift_swaps.Part()


@pytest.fixture
async def rota(desk: Desk) -> Rota:
    return await a_rota(desk)


async def moving_day(rota: Rota, user: UserRow, start: float, end: float) -> None:
    """Have a temporary schedule by which `user` is on call."""
    span = NOON + start * HOUR, NOON + end * HOUR
    layer = LayerPlan("Move", Kind.FIXED, shifts=(Turn(*span, (user.id,)),))
    await rota.desk.as_(rota.mo, replace_for_a_while, rota.id, Wish("Moving day", [layer], *span))


async def remove_who_is_away(rota: Rota) -> None:
    plan = rota.plan()
    await rota.change(type(plan)(plan.name, plan.team_id, plan.zone, plan.layers, **REMOVES))


async def test_no_shift_of_a_temporary_schedule_is_taken_as_nobody_would_be_put_on_call(rota: Rota, desk: Desk):
    done = await desk.as_(rota.bo, shift_swaps.ask, rota.id, offer(rota.bo, 2, 6))
    await moving_day(rota, rota.bo, 0, 8)

    with pytest.raises(Invalid, match=r"“Moving day” replaces the schedule then.* Have it changed, or withdrawn"):
        await desk.as_(rota.cy, shift_swaps.take, done.id, WHOLE)

    assert await rota.who(NOON + 3 * HOUR) == ["Bo"]
    assert await desk.rows("SELECT status FROM shift_swaps") == [("open",)]


async def test_nobody_offers_a_shift_of_a_temporary_schedule_that_nobody_could_take(rota: Rota, desk: Desk):
    await moving_day(rota, rota.bo, 0, 8)

    with pytest.raises(Invalid, match="“Moving day” replaces the schedule then"):
        await desk.as_(rota.bo, shift_swaps.ask, rota.id, offer(rota.bo, 2, 10))


async def test_who_is_away_takes_no_shift_that_would_be_nobodys(rota: Rota, desk: Desk):
    await remove_who_is_away(rota)
    done = await desk.as_(rota.bo, shift_swaps.ask, rota.id, offer(rota.bo, 2, 6))
    await desk.as_(rota.cy, leaves.take_leave, leaves.Wish(rota.cy.id, NOON + 4 * HOUR, NOON + 9 * HOUR))

    with pytest.raises(Invalid, match="Cy is away then, and off call meanwhile"):
        await desk.as_(rota.cy, shift_swaps.take, done.id, WHOLE)

    assert await rota.who(NOON + 5 * HOUR) == ["Bo"]


async def test_who_is_away_and_stays_on_call_with_a_warning_takes_a_shift(rota: Rota, desk: Desk):
    done = await desk.as_(rota.bo, shift_swaps.ask, rota.id, offer(rota.bo, 2, 6))
    await desk.as_(rota.cy, leaves.take_leave, leaves.Wish(rota.cy.id, NOON + 4 * HOUR, NOON + 9 * HOUR))

    await desk.as_(rota.cy, shift_swaps.take, done.id, WHOLE)

    assert await rota.who(NOON + 5 * HOUR) == ["Cy"]


async def test_a_swap_is_refused_where_its_return_would_have_no_effect(rota: Rota, desk: Desk):
    back = {"return_start_at": NOON + DAY, "return_end_at": NOON + 2 * DAY}
    done = await desk.as_(rota.bo, shift_swaps.ask, rota.id, offer(rota.bo, 2, 6, in_return=True, **back))
    await moving_day(rota, rota.cy, 30, 40)

    with pytest.raises(Invalid, match="“Moving day” replaces the schedule then"):
        await desk.as_(rota.cy, shift_swaps.take, done.id, WHOLE)

    assert await rota.who(NOON + 3 * HOUR) == ["Bo"]


async def test_a_substitute_cannot_hand_on_what_is_anothers(rota: Rota, desk: Desk):
    away = leaves.Wish(rota.bo.id, NOON, NOON + 8 * HOUR, rota.ada.id)
    await desk.as_(rota.bo, leaves.take_leave, away)

    with pytest.raises(Invalid, match=r"Ada only substitutes for Bo then\. Have Bo replaced instead"):
        await desk.do(shift_swaps.ask, rota.id, offer(rota.ada, 2, 6))
    with pytest.raises(Invalid, match="Ada only substitutes for Bo then"):
        await rota.instead(rota.cy, rota.ada, NOON)

    await rota.instead(rota.cy, rota.bo, NOON)
    assert await rota.who(NOON) == ["Cy"]


async def test_an_override_without_any_effect_is_refused_and_says_why(rota: Rota, desk: Desk):
    with pytest.raises(Invalid, match="would change nothing: Ada is not on call then"):
        await rota.instead(rota.cy, rota.ada, NOON)
    again = overrides.Wish(Change.ADD, NOON, NOON + HOUR, user_id=rota.bo.id)
    with pytest.raises(Invalid, match="would change nothing: Bo is on call then already"):
        await desk.do(overrides.override, rota.id, again)
    await moving_day(rota, rota.bo, 0, 8)
    with pytest.raises(Invalid, match="would change nothing: “Moving day” replaces the schedule"):
        await rota.instead(rota.cy, rota.bo, NOON)

    assert await desk.rows("SELECT 1 FROM overrides") == []


async def test_an_override_by_somebody_who_is_away_all_the_time_is_refused(rota: Rota, desk: Desk):
    await remove_who_is_away(rota)
    await desk.as_(rota.cy, leaves.take_leave, leaves.Wish(rota.cy.id, NOON, NOON + 9 * HOUR))

    with pytest.raises(Invalid, match="would not put Cy on call: Cy is away then"):
        await rota.instead(rota.cy, rota.bo, NOON)


async def test_an_override_says_in_which_part_it_has_no_effect(rota: Rota):
    await moving_day(rota, rota.bo, 2, 8)

    done = await rota.instead(rota.cy, rota.bo, NOON)

    assert done.sentence.startswith("In “Platform”, Cy is on call instead of Bo for 4 h from now on. ")
    assert "For 2 h of that, in 2 h, nothing changes: “Moving day” replaces the schedule then" in done.sentence
    assert [await rota.who(NOON + hours * HOUR) for hours in (1, 3)] == [["Cy"], ["Bo"]]


async def test_an_override_says_in_which_part_it_leaves_nobody_on_call(rota: Rota, desk: Desk):
    await remove_who_is_away(rota)
    await desk.as_(rota.cy, leaves.take_leave, leaves.Wish(rota.cy.id, NOON + 3 * HOUR, NOON + 9 * HOUR))

    done = await rota.instead(rota.cy, rota.bo, NOON)

    assert "For 1 h of that, in 3 h, nobody is on call: Cy is away then" in done.sentence


async def test_to_remove_is_told_to_leave_nobody(rota: Rota, desk: Desk):
    wish = overrides.Wish(Change.REMOVE, NOON, NOON + 2 * HOUR, replaces_id=rota.bo.id)

    done = await desk.do(overrides.override, rota.id, wish)

    assert done.sentence == (
        "In “Platform”, Bo is not on call for 2 h from now on. In all of that time nobody is on call."
    )
