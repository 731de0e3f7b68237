"""Schedules as they are changed: what is to come follows, and what was stays."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from opsknight.domain.commands import schedules, temporary_schedules
from opsknight.domain.commands.recorded_shifts import record_shifts
from opsknight.domain.model.layer_plan import Kind, LayerPlan
from opsknight.domain.model.restriction import Holidays, Part
from opsknight.domain.model.rotation import Turn, Unit
from opsknight.domain.queries.schedules import plans
from opsknight.domain.queries.schedules import schedules as read
from opsknight.domain.store.tables import ScheduleRow
from opsknight.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from tests.builders import a_policy, a_schedule, a_user
from tests.clock import NOON
from tests.commands.desk import Desk
from tests.commands.rota import DAY, HOUR, Rota, a_rota


@pytest.fixture
async def rota(desk: Desk) -> Rota:
    return await a_rota(desk)


async def test_what_was_stays_when_a_schedule_is_changed(rota: Rota):
    rota.desk.clock.advance(6 * HOUR)

    await rota.change(rota.plan(rota.cy))

    assert await rota.who(NOON + HOUR) == ["Bo"]
    assert await rota.who(NOON + 6 * HOUR) == ["Cy"]
    assert await rota.told(NOON, NOON + DAY) == [("Bo", 0, 6), ("Cy", 6, 24)]


async def test_a_shift_that_no_change_touches_is_one_shift_however_often_it_is_recorded(rota: Rota):
    for _ in range(5):
        rota.desk.clock.advance(3 * HOUR)
        await rota.desk.as_("housekeeping:shifts", record_shifts, rota.desk.clock.now())
    await rota.change(replace(rota.plan(), name="Platform on call"))

    assert await rota.told(NOON + HOUR, NOON + 20 * HOUR) == [("Bo", 0, 24)]
    assert len(await rota.desk.rows("SELECT 1 FROM recorded_shifts")) == 1


async def test_the_record_goes_on_over_handoffs(rota: Rota):
    rota.desk.clock.advance(3 * DAY)
    await rota.desk.as_("housekeeping:shifts", record_shifts, rota.desk.clock.now())
    await rota.change(rota.plan(rota.ada))

    assert await rota.told(NOON + HOUR, NOON + 3 * DAY) == [("Bo", 0, 24), ("Cy", 24, 48), ("Ada", 48, 72)]


async def test_what_a_deleted_schedule_was_stays(rota: Rota):
    rota.desk.clock.advance(6 * HOUR)

    await rota.desk.as_(rota.mo, schedules.delete, rota.id)

    assert await rota.who(NOON + HOUR) == ["Bo"]
    with pytest.raises(NotFound):
        await rota.change(rota.plan())


async def test_a_schedule_that_a_policy_asks_is_not_deleted(rota: Rota, desk: Desk):
    async with desk.acting() as uow:
        row = await uow.session.get_one(ScheduleRow, rota.id)
    policy = await a_policy(desk.database, row)

    with pytest.raises(Conflict, match=policy.name):
        await desk.as_(rota.mo, schedules.delete, rota.id)


async def test_who_looked_at_an_older_version_is_told(rota: Rota):
    await rota.change(rota.plan(rota.cy), seen_version=1)

    with pytest.raises(Stale) as refusal:
        await rota.change(rota.plan(rota.bo), seen_version=1)

    assert refusal.value.current["layers"][0]["groups"] == [[rota.cy.id]]


async def test_a_change_is_told_with_what_was_and_what_is(rota: Rota):
    await rota.change(rota.plan(rota.cy))
    again = await rota.change(rota.plan(rota.cy))

    facts = await rota.desk.rows("SELECT data FROM facts WHERE kind = 'schedule changed'")
    assert len(facts) == 1
    assert facts[0][0]["before"]["layers"][0]["groups"] == [[rota.ada.id], [rota.bo.id], [rota.cy.id]]
    assert facts[0][0]["after"]["layers"][0]["groups"] == [[rota.cy.id]]
    assert again.sentence == "“Platform” is like that already."


async def test_layers_come_back_as_they_were_written(rota: Rota, desk: Desk):
    weekend = LayerPlan(
        "Weekend",
        zone="Asia/Kathmandu",
        starts_at=datetime(2026, 1, 5, 9),  # noqa: DTZ001
        ends_at=datetime(2027, 1, 1),  # noqa: DTZ001
        unit=Unit.WEEKDAYS,
        length=2,
        handoffs=(540, 6780),
        groups=((rota.ada.id, rota.bo.id), (rota.cy.id,)),
        parts=(Part(6780, 10620),),
        holidays=Holidays.NOT,
        active_only=True,
    )
    fixed = LayerPlan("Imported", Kind.FIXED, shifts=(Turn(NOON, NOON + HOUR, (rota.cy.id,)),))
    plan = replace(rota.plan(), layers=(fixed, weekend, *rota.plan().layers), shadow_layers=(weekend,))

    await rota.change(plan)

    async with desk.database.screens() as session:
        assert tuple(await plans(session, rota.id)) == plan.layers
        known = (await read(session, [rota.id]))[rota.id]
    assert [layer.name for layer in known.layers] == ["Imported", "Weekend", "Daily"]
    assert [layer.name for layer in known.shadow_layers] == ["Weekend"]
    assert await rota.who(NOON + HOUR / 2) == ["Cy"]


async def test_a_layer_keeps_its_number_when_others_are_put_above_it(rota: Rota, desk: Desk):
    before = await desk.rows("SELECT id FROM layers WHERE name = 'Daily'")
    fixed = LayerPlan("Imported", Kind.FIXED)

    await rota.change(replace(rota.plan(), layers=(fixed, *rota.plan().layers)))

    assert await desk.rows("SELECT id FROM layers WHERE name = 'Daily'") == before


async def test_holidays_of_a_country_and_of_the_house_count(rota: Rota):
    off = replace(rota.plan(holidays=Holidays.NOT), country="DE", subdivision="BY", holidays=(date(2026, 11, 26),))

    await rota.change(off)

    assert await rota.who(datetime(2026, 11, 26, 15, tzinfo=UTC)) == []
    assert await rota.who(datetime(2026, 12, 25, 15, tzinfo=UTC)) == []
    assert await rota.who(datetime(2026, 12, 24, 15, tzinfo=UTC)) != []


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"zone": "Mars/Olympus"}, "no time zone"),
        ({"name": " "}, "needs a name"),
        ({"country": "XX"}, "public holidays"),
        ({"team_id": 4711}, "no such team"),
    ],
)
async def test_a_plan_that_cannot_be_is_refused_and_says_why(rota: Rota, wrong: dict[str, object], told: str):
    with pytest.raises(Invalid, match=told):
        await rota.change(replace(rota.plan(), **wrong))


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"groups": ()}, "at least one group"),
        ({"groups": ((4711,),)}, "no person with the number 4711"),
        ({"unit": Unit.WEEKDAYS}, "needs handoffs"),
        ({"length": 0}, "lasts 1 to"),
        ({"starts_at": None}, "needs starts_at"),
    ],
)
async def test_a_layer_that_cannot_be_is_refused_and_says_why(rota: Rota, wrong: dict[str, object], told: str):
    with pytest.raises(Invalid, match=told):
        await rota.change(rota.plan(**wrong))


async def test_a_responder_changes_no_schedule(rota: Rota):
    with pytest.raises(Forbidden):
        await rota.desk.do(schedules.change, rota.id, rota.plan())


async def test_a_temporary_schedule_replaces_all_and_is_taken_back(rota: Rota, desk: Desk):
    by_hand = LayerPlan("By hand", Kind.FIXED, shifts=(Turn(NOON + HOUR, NOON + 3 * HOUR, (rota.cy.id,)),))
    done = await desk.as_(
        rota.mo,
        temporary_schedules.replace_for_a_while,
        rota.id,
        temporary_schedules.Wish("Moving day", [by_hand], NOON, NOON + 8 * HOUR),
    )

    assert await rota.who(NOON + 2 * HOUR) == ["Cy"]
    assert await rota.who(NOON + 4 * HOUR) == []
    desk.clock.advance(2 * HOUR)
    await desk.as_(rota.mo, temporary_schedules.withdraw, done.id)
    assert await rota.who(NOON + 2 * HOUR) == ["Bo"]
    assert await rota.told(NOON, NOON + 8 * HOUR) == [("Cy", 1, 2), ("Bo", 2, 24)]


async def test_schedules_of_the_version_before_are_read_as_they_were(desk: Desk):
    bo = await a_user(desk.database, "Bo")
    schedule = await a_schedule(desk.database, desk.user, bo, starts_at=NOON, unit="days")

    async with desk.database.screens() as session:
        known = (await read(session, [schedule.id]))[schedule.id]

    assert known.layers[0].rotation.groups == ((desk.user.id,), (bo.id,))
