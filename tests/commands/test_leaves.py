"""Leave and what comes of it: who has the shifts then, who stays on call, and where nobody is."""

from __future__ import annotations

import pytest

from opsknight.domain.commands import leaves
from opsknight.domain.commands.arranging import Done
from opsknight.domain.model.override import OnLeave
from opsknight.domain.store.tables import UserRow
from tests.builders import a_user
from tests.clock import NOON
from tests.commands.desk import Desk
from tests.commands.rota import DAY, HOUR, Rota, a_rota


@pytest.fixture
async def rota(desk: Desk) -> Rota:
    """Bo is on call now, Cy from tomorrow's noon on, then Ada."""
    return await a_rota(desk)


async def remove_who_is_away(rota: Rota) -> None:
    plan = rota.plan()
    await rota.change(type(plan)(plan.name, plan.team_id, plan.zone, plan.layers, on_leave=OnLeave.REMOVE))


async def away(rota: Rota, user: UserRow, start: float, end: float, by: UserRow | None = None) -> Done:
    """Note that somebody is away between two hours from noon."""
    wish = leaves.Wish(user.id, NOON + start * HOUR, NOON + end * HOUR, by.id if by else None)
    return await rota.desk.as_(rota.mo, leaves.take_leave, wish)


async def test_a_substitute_has_the_shifts(rota: Rota):
    done = await away(rota, rota.bo, 0, 8, rota.cy)

    assert done.sentence == "Bo is away for 8 h from now on; Cy has their shifts."


async def test_a_substitute_who_is_away_as_well_leaves_a_gap_and_that_is_told(rota: Rota):
    await remove_who_is_away(rota)
    await away(rota, rota.ada, 0, 30)

    done = await away(rota, rota.bo, 2, 8, rota.ada)

    assert done.sentence == (
        "Bo is away for 6 h, in 2 h. In all of that time nobody is on call in “Platform”: Ada is away then too."
    )
    assert await rota.who(NOON + 3 * HOUR) == []


async def test_a_substitute_who_comes_back_within_it_has_the_rest(rota: Rota):
    await remove_who_is_away(rota)
    await away(rota, rota.ada, 0, 4)

    done = await away(rota, rota.bo, 2, 8, rota.ada)

    assert done.sentence == (
        "Bo is away for 6 h, in 2 h; Ada has their shifts."
        " For 2 h of that, in 2 h, nobody is on call in “Platform”: Ada is away then too."
    )


async def test_who_substitutes_for_the_substitute_has_the_shifts(rota: Rota):
    await away(rota, rota.ada, 0, 30, rota.mo)

    done = await away(rota, rota.bo, 2, 8, rota.ada)

    assert done.sentence == "Bo is away for 6 h, in 2 h; Mo has their shifts."


async def test_a_substitute_who_is_away_and_stays_on_call_is_told(rota: Rota):
    await away(rota, rota.ada, 0, 4)

    done = await away(rota, rota.bo, 2, 8, rota.ada)

    assert done.sentence == (
        "Bo is away for 6 h, in 2 h; Ada has their shifts."
        " For 2 h of that, in 2 h, Ada is on call in “Platform”, though away then too."
    )


async def test_without_a_substitute_the_gap_is_told_or_that_one_stays_on_call(rota: Rota):
    stays = await away(rota, rota.cy, 20, 36)
    await remove_who_is_away(rota)
    gap = await away(rota, rota.bo, 0, 8)

    assert stays.sentence == (
        "Cy is away for 16 h, in 20 h. For 12 h of that, in 1 d, Cy stays on call in “Platform”, though away."
    )
    assert gap.sentence == "Bo is away for 8 h from now on. In all of that time nobody is on call in “Platform”."


async def test_a_substitute_whom_no_page_reaches_is_told(rota: Rota, desk: Desk):
    zed = await a_user(desk.database, "Zed", reachable=False)

    done = await away(rota, rota.bo, 2, 8, zed)

    assert done.sentence == (
        "Bo is away for 6 h, in 2 h; Zed has their shifts. No page can reach Zed: they have no verified contact method."
    )


async def test_who_is_away_while_not_on_call_leaves_nothing(rota: Rota):
    await remove_who_is_away(rota)

    done = await away(rota, rota.cy, 2, 8)

    assert done.sentence == "Cy is away for 6 h, in 2 h."


async def test_who_goes_away_while_they_substitute_leaves_that_gap_too(rota: Rota):
    await remove_who_is_away(rota)
    await away(rota, rota.bo, 2, 8, rota.ada)

    done = await away(rota, rota.ada, 4, 6)

    assert done.sentence == "Ada is away for 2 h, in 4 h. In all of that time nobody is on call in “Platform”."
    assert await rota.told(NOON, NOON + DAY) == [("Bo", 0, 2), ("Ada", 2, 4), ("Ada", 6, 8), ("Bo", 8, 24)]
