"""Temporary schedules that are changed instead of being withdrawn and made anew: in one step, and what was stays."""

from __future__ import annotations

import pytest

from opsknight.domain.commands import overrides
from opsknight.domain.commands import temporary_schedules as temporary
from opsknight.domain.model.layer_plan import Kind, LayerPlan
from opsknight.domain.model.override import Change
from opsknight.domain.model.rotation import Turn
from opsknight.domain.store.tables import UserRow
from opsknight.errors import Conflict, Forbidden, Invalid, NotFound
from tests.builders import a_user
from tests.clock import NOON
from tests.commands.desk import Desk
from tests.commands.rota import HOUR, Rota, a_rota


@pytest.fixture
async def rota(desk: Desk) -> Rota:
    """Bo is on call now, until tomorrow's noon."""
    return await a_rota(desk)


def a_move(start: float, end: float, *shifts: tuple[float, float, UserRow], name: str = "Moving day") -> temporary.Wish:
    """Return the wish for a temporary schedule of `shifts` `(hours from noon, until, who)`."""
    turns = tuple(Turn(NOON + begins * HOUR, NOON + ends * HOUR, (user.id,)) for begins, ends, user in shifts)
    layers = [LayerPlan("Shifts", Kind.FIXED, shifts=turns)]
    return temporary.Wish(name, layers, NOON + start * HOUR, NOON + end * HOUR)


async def made(rota: Rota, move: temporary.Wish) -> int:
    """Have it by Mo, who manages the team, and return its number."""
    return (await rota.desk.as_(rota.mo, temporary.replace_for_a_while, rota.id, move)).id


async def changed(rota: Rota, number: int, move: temporary.Wish) -> str:
    """Have it be otherwise, and return the answer."""
    return (await rota.desk.as_(rota.mo, temporary.change, number, move)).sentence


async def told(desk: Desk) -> list[tuple[str, str, str]]:
    """Return who was told, of what, and the first line of it."""
    sql = "SELECT u.name, p.kind, p.reason FROM pages p JOIN users u ON u.id = p.user_id ORDER BY p.created_at, u.name"
    return [(name, kind, reason.splitlines()[0]) for name, kind, reason in await desk.rows(sql)]


async def test_it_has_another_name_another_time_and_other_people_in_one_step(rota: Rota, desk: Desk):
    number = await made(rota, a_move(2, 6, (2, 6, rota.cy)))

    said = await changed(rota, number, a_move(4, 9, (4, 8, rota.ada), name=" Moving  night"))

    assert said == "“Moving night” replaces “Platform” for 5 h, in 4 h."
    assert await rota.told(NOON, NOON + 10 * HOUR) == [("Bo", 0, 4), ("Ada", 4, 8), ("Bo", 9, 24)]
    [(did, of, before, after)] = await desk.rows(
        "SELECT data->>'did', (data->>'temporary_id')::bigint, data->'before', data->'after' FROM facts"
        " WHERE kind = 'override changed'"
    )
    assert (did, of) == ("changed “Moving night”, which replaces “Platform” for 5 h, in 4 h", number)
    assert (before["name"], before["end_at"]) == ("Moving day", (NOON + 6 * HOUR).timestamp())
    assert (after["name"], after["end_at"]) == ("Moving night", (NOON + 9 * HOUR).timestamp())
    assert (before["layers"][0]["shifts"][0][2], after["layers"][0]["shifts"][0][2]) == ([rota.cy.id], [rota.ada.id])


async def test_what_it_did_until_it_is_changed_stays_and_who_goes_on_has_one_shift(rota: Rota, desk: Desk):
    number = await made(rota, a_move(0, 6, (0, 1, rota.ada), (1, 6, rota.cy)))
    desk.clock.advance(2 * HOUR)

    await changed(rota, number, a_move(0, 8, (0, 1, rota.mo), (1, 3, rota.cy), (3, 8, rota.mo)))

    expected = [("Ada", 0, 1), ("Cy", 1, 3), ("Mo", 3, 8), ("Bo", 8, 24)]
    assert await rota.told(NOON, NOON + 9 * HOUR) == expected
    assert await desk.rows("SELECT start_at, end_at FROM temporary_schedules") == [(NOON, NOON + 8 * HOUR)]


async def test_one_that_runs_and_shall_begin_later_lets_the_schedule_count_until_then(rota: Rota, desk: Desk):
    number = await made(rota, a_move(0, 6, (0, 6, rota.cy)))
    desk.clock.advance(2 * HOUR)

    said = await changed(rota, number, a_move(4, 6, (4, 6, rota.cy)))

    assert said == "“Moving day” replaces “Platform” for 2 h, in 2 h."
    assert await rota.told(NOON, NOON + 7 * HOUR) == [("Cy", 0, 2), ("Bo", 2, 4), ("Cy", 4, 6), ("Bo", 6, 24)]


async def test_of_several_at_once_it_keeps_its_place(rota: Rota):
    older = await made(rota, a_move(0, 4, (0, 4, rota.ada)))
    await made(rota, a_move(2, 6, (2, 6, rota.cy), name="Fair"))

    await changed(rota, older, a_move(1, 8, (1, 8, rota.mo)))

    expected = [("Bo", 0, 1), ("Mo", 1, 2), ("Cy", 2, 6), ("Mo", 6, 8), ("Bo", 8, 24)]
    assert await rota.told(NOON, NOON + 9 * HOUR) == expected


async def test_one_that_is_like_that_already_writes_nothing(rota: Rota, desk: Desk):
    number = await made(rota, a_move(0, 6, (0, 6, rota.cy)))
    desk.clock.advance(HOUR)

    said = await changed(rota, number, a_move(0, 6, (0, 6, rota.cy)))

    assert said == "“Moving day” is like that already."
    assert await desk.rows("SELECT 1 FROM facts WHERE kind = 'override changed'") == []
    assert len(await told(desk)) == 1, "Cy, when it was made"


async def test_who_is_on_call_at_once_by_the_change_is_told_and_so_is_who_loses_what_was_arranged(
    rota: Rota, desk: Desk
):
    number = await made(rota, a_move(20, 22, (20, 22, rota.mo)))
    instead = overrides.Wish(Change.REPLACE, NOON + 4 * HOUR, NOON + 6 * HOUR, rota.cy.id, rota.bo.id)
    await desk.do(overrides.override, rota.id, instead)
    assert await told(desk) == []

    said = await changed(rota, number, a_move(0, 22, (0, 22, rota.ada)))

    assert said == (
        "“Moving day” replaces “Platform” for 22 h from now on."
        " Cy is not on call any more by an override for 2 h, in 4 h."
    )
    assert sorted(await told(desk)) == [
        ("Ada", "offer", "Cy is not on call any more by an override on Platform"),
        ("Ada", "shift", "You are on call on Platform from now on"),
        ("Bo", "offer", "Cy is not on call any more by an override on Platform"),
        ("Cy", "offer", "You are not on call any more by an override on Platform"),
    ]


async def test_what_cannot_be_is_refused_and_it_stays_as_it_is(rota: Rota):
    number = await made(rota, a_move(2, 6, (2, 6, rota.cy)))
    gone = await a_user(rota.desk.database, "Dee", active=False)
    wrong = {
        "needs a name": a_move(2, 6, (2, 6, rota.ada), name="  "),
        "of the same person in “Shifts” overlap": a_move(2, 6, (2, 5, rota.ada), (3, 6, rota.ada)),
        "account of Dee is deactivated": a_move(2, 6, (2, 6, gone)),
        "ends before it begins": a_move(6, 2, (2, 6, rota.ada)),
        "is over already": a_move(-3, -1, (-3, -1, rota.ada)),
    }

    for why, move in wrong.items():
        with pytest.raises(Invalid, match=why):
            await changed(rota, number, move)

    assert await rota.told(NOON, NOON + 7 * HOUR) == [("Bo", 0, 2), ("Cy", 2, 6), ("Bo", 6, 24)]


async def test_one_that_is_over_withdrawn_or_of_another_team_is_not_changed(rota: Rota, desk: Desk):
    over, gone = await made(rota, a_move(0, 1)), await made(rota, a_move(2, 6))
    await desk.as_(rota.mo, temporary.withdraw, gone)
    stranger, stays = await a_user(desk.database, "Lin", role="manager"), await made(rota, a_move(2, 6))
    desk.clock.advance(HOUR)

    with pytest.raises(Conflict, match="“Moving day” is over already, and what was cannot be changed"):
        await changed(rota, over, a_move(2, 7))
    with pytest.raises(Conflict, match="“Moving day” has been withdrawn already"):
        await changed(rota, gone, a_move(2, 7))
    with pytest.raises(NotFound, match="no such temporary schedule"):
        await changed(rota, 4711, a_move(2, 7))
    for who in (desk.user, stranger):
        with pytest.raises(Forbidden):
            await desk.as_(who, temporary.change, stays, a_move(2, 7))
