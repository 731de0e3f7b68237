"""Whoever a leave, a temporary schedule or an edit puts on call at once is told at once, as by an override."""

from __future__ import annotations

import pytest

from opsknight.domain.commands import leaves
from opsknight.domain.commands import temporary_schedules as temporary
from opsknight.domain.model.layer_plan import Kind, LayerPlan
from opsknight.domain.model.rotation import Turn
from opsknight.domain.store.tables import UserRow
from tests.builders import a_schedule, a_user
from tests.clock import NOON
from tests.commands.desk import Desk
from tests.commands.rota import DAY, HOUR, Rota, a_rota


@pytest.fixture
async def rota(desk: Desk) -> Rota:
    return await a_rota(desk)


async def told(desk: Desk) -> list[tuple[str, list[str]]]:
    """Return who was told of a shift that begins, and the lines of it."""
    sql = (
        "SELECT u.name, p.reason FROM pages p JOIN users u ON u.id = p.user_id"
        " WHERE p.kind = 'shift' ORDER BY p.created_at, p.id"
    )
    return [(name, reason.splitlines()) for name, reason in await desk.rows(sql)]


async def replaced(rota: Rota, user: UserRow) -> int:
    """Have one person on call for six hours from now on, by a temporary schedule, and return its number."""
    shift = Turn(rota.desk.clock.now(), NOON + 6 * HOUR, (user.id,))
    layers = [LayerPlan("Shifts", Kind.FIXED, shifts=(shift,))]
    wish = temporary.Wish("Moving day", layers, NOON, NOON + 6 * HOUR)
    return (await rota.desk.as_(rota.mo, temporary.replace_for_a_while, rota.id, wish)).id


async def test_the_substitute_of_somebody_who_is_away_from_now_on_is_told(rota: Rota, desk: Desk):
    wish = leaves.Wish(rota.bo.id, NOON, NOON + 10 * HOUR, rota.cy.id)

    await desk.as_(rota.bo, leaves.take_leave, wish)

    assert await told(desk) == [
        (
            "Cy",
            [
                "You are on call on Platform from now on",
                "Bo has put you on call, until Tue 24 Nov 22:00 UTC.",
            ],
        )
    ]


async def test_a_substitute_is_told_of_every_schedule(rota: Rota, desk: Desk):
    await a_schedule(desk.database, rota.bo, name="Database")

    await desk.as_(rota.bo, leaves.take_leave, leaves.Wish(rota.bo.id, NOON, NOON + 10 * HOUR, rota.cy.id))

    assert sorted(lines[0] for _, lines in await told(desk)) == [
        "You are on call on Database from now on",
        "You are on call on Platform from now on",
    ]


async def test_who_is_back_from_leave_and_on_call_is_told_by_whom(rota: Rota, desk: Desk):
    leave = await desk.as_(rota.bo, leaves.take_leave, leaves.Wish(rota.bo.id, NOON, NOON + 10 * HOUR, rota.cy.id))

    await desk.as_(rota.mo, leaves.withdraw, leave.id)

    assert (await told(desk))[1] == (
        "Bo", ["You are on call on Platform from now on", "Mo has put you on call, until Wed 25 Nov 12:00 UTC."]
    )  # fmt: skip


async def test_who_is_on_call_by_a_temporary_schedule_from_now_on_is_told(rota: Rota, desk: Desk):
    await replaced(rota, rota.cy)

    [(name, lines)] = await told(desk)
    assert (name, lines[1]) == ("Cy", "Mo has put you on call, until Tue 24 Nov 18:00 UTC.")


async def test_who_is_on_call_again_as_a_temporary_schedule_is_withdrawn_is_told(rota: Rota, desk: Desk):
    number = await replaced(rota, rota.cy)

    await desk.as_(rota.mo, temporary.withdraw, number)

    assert [name for name, _ in await told(desk)] == ["Cy", "Bo"]


async def test_whom_an_edit_puts_on_call_is_told(rota: Rota, desk: Desk):
    await rota.change(rota.plan(rota.cy))

    assert [name for name, _ in await told(desk)] == ["Cy"]


async def test_who_stays_on_call_or_comes_later_is_told_nothing(rota: Rota, desk: Desk):
    await rota.change(rota.plan(name="Daily turns"))
    await desk.as_(rota.cy, leaves.take_leave, leaves.Wish(rota.cy.id, NOON + DAY, NOON + 2 * DAY, rota.ada.id))

    assert await told(desk) == []


async def test_whom_no_message_reaches_is_named_to_who_makes_the_change(rota: Rota, desk: Desk):
    lost = await a_user(desk.database, "Dee", reachable=False)

    edited = await rota.change(rota.plan(lost))
    away = await desk.as_(rota.mo, leaves.take_leave, leaves.Wish(lost.id, NOON, NOON + HOUR, rota.cy.id))
    back = await desk.as_(rota.mo, leaves.withdraw, away.id)

    assert edited.sentence == "Changed “Platform”. No message reaches Dee: tell them yourself."
    assert away.sentence == "Dee is away for 1 h from now on; Cy has their shifts."
    assert back.sentence == "Dee is here again. No message reaches Dee: tell them yourself."
