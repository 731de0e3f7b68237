"""Who is told of shifts that are offered, taken or not, and of being put on call at once."""

from __future__ import annotations

import pytest

from opsknight.domain.commands import overrides, shift_swaps
from opsknight.domain.model.override import Change
from opsknight.domain.store.tables import UserRow
from tests.builders import a_user
from tests.clock import NOON
from tests.commands.desk import Desk
from tests.commands.rota import DAY, HOUR, Rota, a_rota, offer

WHOLE = shift_swaps.Part()
BACK = {"in_return": True, "return_start_at": NOON + DAY, "return_end_at": NOON + 2 * DAY}


@pytest.fixture
async def rota(desk: Desk) -> Rota:
    return await a_rota(desk)


async def messages(desk: Desk) -> list[tuple[str, str, list[str]]]:
    """Return what goes out of low urgency, to whom and of which kind, line by line."""
    sql = (
        "SELECT u.name, p.kind, p.reason FROM pages p JOIN users u ON u.id = p.user_id"
        " JOIN notifications n ON n.page_id = p.id WHERE n.urgency = 'low' ORDER BY p.created_at, u.name"
    )
    return [(name, kind, reason.splitlines()) for name, kind, reason in await desk.rows(sql)]


async def asks(rota: Rota, user: UserRow, start: float, end: float, **what: object) -> int:
    return (await rota.desk.as_(user, shift_swaps.ask, rota.id, offer(user, start, end, **what))).id


async def test_who_is_asked_by_name_is_told_for_when_what_in_return_and_until_when(rota: Rota, desk: Desk):
    await asks(rota, rota.bo, 2, 6, offered_to=(rota.cy.id,), note="Concert", **BACK)

    assert await messages(desk) == [
        (
            "Cy",
            "offer",
            [
                "Bo asks you to take their shift on Platform",
                "From Tue 24 Nov 14:00 UTC until Tue 24 Nov 18:00 UTC.",
                "They take yours in return, from Wed 25 Nov 12:00 UTC until Thu 26 Nov 12:00 UTC.",
                "Take it by Tue 24 Nov 14:00 UTC. Untaken, it stays theirs.",
                "Concert",
            ],
        )
    ]
    [(told,)] = await desk.rows("SELECT data FROM facts WHERE kind = 'offer told'")
    assert (told["user"], told["reason"]) == ("Cy", "Bo asks you to take their shift on Platform")


async def test_of_an_offer_to_everybody_nobody_gets_a_message(rota: Rota, desk: Desk):
    await asks(rota, rota.bo, 2, 6)

    assert await messages(desk) == []


async def test_whom_no_message_reaches_is_named_to_the_one_who_asks(rota: Rota, desk: Desk):
    lost = await a_user(desk.database, "Dee", reachable=False)

    done = await desk.as_(rota.bo, shift_swaps.ask, rota.id, offer(rota.bo, 2, 6, offered_to=(lost.id, rota.cy.id)))

    assert done.sentence.endswith(" No message reaches Dee: tell them yourself.")
    assert [name for name, _, _ in await messages(desk)] == ["Cy"]


async def test_whose_shift_is_taken_is_told_by_whom_and_what_they_take_in_return(rota: Rota, desk: Desk):
    number = await asks(rota, rota.bo, 2, 6, **BACK)

    await desk.as_(rota.cy, shift_swaps.take, number, WHOLE)

    [(name, kind, lines)] = await messages(desk)
    assert (name, kind, lines[0]) == ("Bo", "offer", "Cy has taken your shift on Platform")
    assert lines[2] == "You take theirs in return, from Wed 25 Nov 12:00 UTC until Thu 26 Nov 12:00 UTC."


async def test_of_whose_shift_a_part_is_taken_is_told_what_stays_theirs(rota: Rota, desk: Desk):
    number = await asks(rota, rota.bo, 2, 12)

    await desk.as_(rota.cy, shift_swaps.take, number, shift_swaps.Part(NOON + 2 * HOUR, NOON + 6 * HOUR))

    [(_, _, lines)] = await messages(desk)
    assert lines == [
        "Cy has taken a part of your shift on Platform",
        "From Tue 24 Nov 14:00 UTC until Tue 24 Nov 18:00 UTC.",
        "Still offered, and yours until taken: Tue 24 Nov 18:00 UTC until Wed 25 Nov 00:00 UTC.",
    ]


async def test_whose_offer_nobody_took_is_told_once_that_they_are_still_on_call(rota: Rota, desk: Desk):
    await asks(rota, rota.bo, 2, 6)
    desk.clock.advance(2 * HOUR)

    for _ in range(2):
        await desk.as_("housekeeping:shifts", shift_swaps.expire)

    assert await messages(desk) == [
        (
            "Bo",
            "offer",
            [
                "Nobody has taken your shift on Platform: you are still on call",
                "From Tue 24 Nov 14:00 UTC until Tue 24 Nov 18:00 UTC.",
            ],
        )
    ]


async def test_whose_offer_nobody_took_as_another_is_on_call_instead_is_told_nothing(rota: Rota, desk: Desk):
    await asks(rota, rota.bo, 2, 6)
    await rota.instead(rota.ada, rota.bo, NOON + 2 * HOUR)
    desk.clock.advance(2 * HOUR)

    assert await desk.as_("housekeeping:shifts", shift_swaps.expire) == 1

    assert await messages(desk) == []


async def test_who_is_put_on_call_from_now_on_is_told_at_once(rota: Rota, desk: Desk):
    wish = overrides.Wish(Change.REPLACE, NOON, NOON + 4 * HOUR, rota.cy.id, rota.bo.id)

    await desk.as_(rota.mo, overrides.override, rota.id, wish)

    assert await messages(desk) == [
        (
            "Cy",
            "shift",
            [
                "You are on call on Platform from now on",
                "Mo has put you on call, until Tue 24 Nov 16:00 UTC.",
            ],
        )
    ]


async def test_who_is_put_on_call_later_or_by_themselves_is_not_told_at_once(rota: Rota, desk: Desk):
    await rota.instead(rota.cy, rota.bo, NOON + HOUR)
    later = await messages(desk)
    mine = overrides.Wish(Change.ADD, NOON, NOON + HOUR, user_id=rota.cy.id)
    await desk.as_(rota.cy, overrides.override, rota.id, mine)

    assert (later, await messages(desk)) == ([], [])


async def test_who_is_on_call_again_as_an_override_is_withdrawn_is_told_at_once(rota: Rota, desk: Desk):
    done = await rota.instead(rota.ada, rota.bo, NOON)

    await desk.do(overrides.withdraw, done.id)

    assert [(name, kind) for name, kind, _ in await messages(desk)] == [("Bo", "shift")]


async def test_both_are_told_when_somebody_else_withdraws_their_swap(rota: Rota, desk: Desk):
    number = await asks(rota, rota.bo, 2, 6, **BACK)
    await desk.as_(rota.cy, shift_swaps.take, number, WHOLE)
    desk.clock.advance(HOUR)

    await desk.as_(rota.mo, overrides.withdraw, (await desk.rows("SELECT min(id) FROM overrides"))[0][0])

    told = [(name, lines[0]) for name, _, lines in await messages(desk)]
    withdrawn = "Mo has withdrawn your swap on Platform"
    assert told[1:] == [("Bo", withdrawn), ("Cy", withdrawn)]
