"""A change that takes from somebody what a swap, cover or an override gave them tells all who rely on it."""

from __future__ import annotations

import pytest

from opsknight.domain.commands import leaves, shift_swaps
from opsknight.domain.commands import temporary_schedules as temporary
from opsknight.domain.model.layer_plan import Kind, LayerPlan
from opsknight.domain.model.rotation import Turn
from opsknight.domain.store.tables import UserRow
from tests.builders import a_user
from tests.clock import NOON
from tests.commands.desk import Desk
from tests.commands.rota import DAY, HOUR, Rota, a_rota, offer

WHOLE = shift_swaps.Part()


@pytest.fixture
async def rota(desk: Desk) -> Rota:
    return await a_rota(desk)


async def taken(rota: Rota, day: int, *, by: UserRow, of: UserRow, back: int | None = None) -> None:
    """Have one person take the day of another, and give them one of theirs back where it is named."""
    span = (
        {} if back is None
        else {"in_return": True, "return_start_at": NOON + back * DAY, "return_end_at": NOON + (back + 1) * DAY}
    )  # fmt: skip
    number = (await rota.desk.as_(of, shift_swaps.ask, rota.id, offer(of, 24 * day, 24 * day + 24, **span))).id
    await rota.desk.as_(by, shift_swaps.take, number, WHOLE)
    rota.desk.clock.advance(HOUR / 60)


async def replaced(rota: Rota, start: int, end: int) -> str:
    """Let Mo be on call between two days by a temporary schedule, and return the answer."""
    span = NOON + start * DAY, NOON + end * DAY
    layers = [LayerPlan("Shifts", Kind.FIXED, shifts=(Turn(*span, (rota.mo.id,)),))]
    wish = temporary.Wish("Moving", layers, *span)
    return (await rota.desk.as_(rota.mo, temporary.replace_for_a_while, rota.id, wish)).sentence


async def told(rota: Rota) -> dict[str, list[str]]:
    """Return the lines of what went out since the offer was taken, by whom it was told."""
    sql = (
        "SELECT u.name, p.reason FROM pages p JOIN users u ON u.id = p.user_id"
        " WHERE p.kind = 'offer' AND p.created_at > :since ORDER BY u.name"
    )
    return {name: reason.splitlines() for name, reason in await rota.desk.rows(sql, since=NOON)}


async def test_both_are_told_of_an_edit_that_undoes_their_swap_and_so_is_who_makes_it(rota: Rota):
    await taken(rota, 5, by=rota.bo, of=rota.ada, back=6)

    done = await rota.change(rota.plan(rota.ada, rota.bo, rota.cy, rota.mo))

    assert done.sentence == (
        "Changed “Platform”. Bo is not on call any more by a swap with Ada for 1 d, in 4 d 23 h."
        " Ada is not on call any more by a swap with Bo for 1 d, in 5 d 23 h."
    )
    assert await told(rota) == {
        "Ada": [
            "Bo is not on call any more by your swap on Platform",
            "From Sun 29 Nov 12:00 UTC until Mon 30 Nov 12:00 UTC.",
            "You are not on call any more by your swap on Platform",
            "From Mon 30 Nov 12:00 UTC until Tue 1 Dec 12:00 UTC.",
            "Mo has changed who is on call: look at the schedule for who is then.",
        ],
        "Bo": [
            "You are not on call any more by your swap on Platform",
            "From Sun 29 Nov 12:00 UTC until Mon 30 Nov 12:00 UTC.",
            "Ada is not on call any more by your swap on Platform",
            "From Mon 30 Nov 12:00 UTC until Tue 1 Dec 12:00 UTC.",
            "Mo has changed who is on call: look at the schedule for who is then.",
        ],
    }


async def test_whose_shift_was_taken_is_told_that_who_took_it_is_away_then(rota: Rota):
    await taken(rota, 5, by=rota.bo, of=rota.ada)

    wish = leaves.Wish(rota.bo.id, NOON + 5 * DAY, NOON + 5 * DAY + 6 * HOUR, rota.cy.id)
    done = await rota.desk.as_(rota.bo, leaves.take_leave, wish)

    assert done.sentence.endswith(" Bo is not on call any more by cover for Ada for 6 h, in 4 d 23 h.")
    assert await told(rota) == {
        "Ada": [
            "Bo is not on call any more by your cover on Platform",
            "From Sun 29 Nov 12:00 UTC until Sun 29 Nov 18:00 UTC.",
            "Bo has changed who is on call: look at the schedule for who is then.",
        ]
    }


async def test_both_are_told_of_a_temporary_schedule_that_undoes_a_part_of_their_swap(rota: Rota):
    await taken(rota, 5, by=rota.bo, of=rota.ada)

    said = await replaced(rota, 3, 5)
    assert (await told(rota), said.count("any more")) == ({}, 0)
    await replaced(rota, 4, 6)

    assert sorted(await told(rota)) == ["Ada", "Bo"]


async def test_whom_an_override_put_on_call_and_who_made_it_are_told_that_it_does_nothing_any_more(rota: Rota):
    await rota.instead(rota.cy, rota.bo, NOON + 6 * HOUR)
    rota.desk.clock.advance(HOUR)

    done = await rota.change(rota.plan(rota.mo))

    assert done.sentence.startswith("Changed “Platform”. Cy is not on call any more by an override for 4 h, in 5 h.")
    found = await told(rota)
    assert {name: lines[0] for name, lines in found.items()} == {
        "Ada": "Cy is not on call any more by an override on Platform",
        "Bo": "Cy is not on call any more by an override on Platform",
        "Cy": "You are not on call any more by an override on Platform",
    }


async def test_a_change_that_leaves_what_was_arranged_as_it_is_tells_nobody(rota: Rota):
    await taken(rota, 5, by=rota.bo, of=rota.ada, back=6)

    await rota.change(rota.plan(name="Daily turns"))
    await rota.desk.as_(rota.cy, leaves.take_leave, leaves.Wish(rota.cy.id, NOON + 4 * DAY, NOON + 5 * DAY, rota.mo.id))

    assert await told(rota) == {}


async def test_of_many_the_first_are_told_and_how_many_more_there_are(rota: Rota):
    for hours in range(8):
        await rota.instead(rota.cy, rota.bo, NOON + (2 + 2 * hours) * HOUR, 1)
    lost = await a_user(rota.desk.database, "Dee", reachable=False)
    await rota.instead(lost, rota.bo, NOON + 20 * HOUR, 1)
    rota.desk.clock.advance(HOUR)

    done = await rota.change(rota.plan(rota.mo))

    assert (await told(rota))["Cy"][-2:] == [
        "And 3 more are undone.",
        "Mo has changed who is on call: look at the schedule for who is then.",
    ]
    assert " And 4 more are undone." in done.sentence
    assert done.sentence.endswith(" No message reaches Dee: tell them yourself.")
