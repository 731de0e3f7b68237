"""Why somebody on call was paged: whose turn it was, or in whose place they were, and by whose doing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from opsknight.domain.commands import leaves, overrides, temporary_schedules
from opsknight.domain.commands.shift_changes import follow, know_all
from opsknight.domain.model.layer_plan import LayerPlan
from opsknight.domain.model.override import Change
from opsknight.domain.model.rotation import Unit
from opsknight.domain.queries.why import WhyLine, why
from opsknight.domain.store.tables import IncidentRow, ScheduleRow, UserRow
from tests.builders import a_policy, a_service, a_stored_incident
from tests.clock import NOON, StoppedClock
from tests.commands.clockwork import Clockwork
from tests.commands.desk import Desk
from tests.commands.rota import DAY, HOUR, Rota, a_rota


@pytest.fixture
async def rota(desk: Desk) -> Rota:
    return await a_rota(desk)


async def an_incident(rota: Rota) -> IncidentRow:
    """Open an incident whose policy asks the schedule."""
    async with rota.desk.database.screens() as session:
        schedule = await session.get_one(ScheduleRow, rota.id)
    policy = await a_policy(rota.desk.database, schedule, wait_s=2 * 3600)
    service = await a_service(rota.desk.database, policy=policy)
    return await a_stored_incident(rota.desk.database, service, timer="escalation")


async def asked(rota: Rota, incident: IncidentRow, whom: UserRow) -> WhyLine:
    async with rota.desk.database.screens() as session:
        at = rota.desk.clock.now()
        return await why(session, incident.id, user_id=whom.id, viewer_id=rota.mo.id, at=at)


async def reasons(clockwork: Clockwork) -> list[tuple[str, str]]:
    """Return who was paged for incidents, and why."""
    sql = (
        "SELECT u.name, p.reason FROM pages p JOIN users u ON u.id = p.user_id WHERE p.incident_id IS NOT NULL"
        " ORDER BY p.created_at, u.name"
    )
    return [(name, reason) for name, reason in await clockwork.rows(sql)]


async def replaced(rota: Rota) -> None:
    await rota.instead(rota.cy, rota.bo, NOON)


async def away(rota: Rota) -> None:
    await rota.desk.as_(rota.bo, leaves.take_leave, leaves.Wish(rota.bo.id, NOON, NOON + DAY, rota.cy.id))


async def replaced_by_who_is_away(rota: Rota) -> None:
    await rota.instead(rota.ada, rota.bo, NOON)
    await rota.desk.do(leaves.take_leave, leaves.Wish(rota.ada.id, NOON, NOON + DAY, rota.cy.id))


async def replaced_as_nobody_was_named(rota: Rota) -> None:
    await rota.instead(rota.cy, None, NOON)


async def replaced_for_a_while(rota: Rota) -> None:
    layer = LayerPlan("Days", starts_at=NOON.replace(tzinfo=None), unit=Unit.DAYS, groups=((rota.cy.id,),))
    wish = temporary_schedules.Wish("Holidays", (layer,), NOON, NOON + DAY)
    await rota.desk.as_(rota.mo, temporary_schedules.replace_for_a_while, rota.id, wish)


async def unchanged(rota: Rota) -> None:
    await rota.change(rota.plan(rota.cy))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (unchanged, "on call: Platform, Daily"),
        (replaced, "on call: Platform, in place of Bo (override by Ada)"),
        (replaced_as_nobody_was_named, "on call: Platform (override by Ada)"),
        (away, "on call: Platform, in place of Bo, who is away"),
        (replaced_by_who_is_away, "on call: Platform, in place of Ada, who is away"),
        (replaced_for_a_while, "on call: Platform, Days (temporary schedule Holidays)"),
    ],
)
async def test_a_page_says_what_has_put_somebody_on_call(
    rota: Rota, clockwork: Clockwork, change: Callable[[Rota], Awaitable[None]], reason: str
):
    await change(rota)
    await an_incident(rota)

    await clockwork.run()

    assert await reasons(clockwork) == [("Cy", reason)]


async def test_who_was_added_is_told_apart_from_who_has_the_turn(rota: Rota, clockwork: Clockwork):
    wish = overrides.Wish(Change.ADD, NOON, NOON + HOUR, user_id=rota.cy.id)
    await rota.desk.do(overrides.override, rota.id, wish)
    await an_incident(rota)

    await clockwork.run()

    assert await reasons(clockwork) == [
        ("Bo", "on call: Platform, Daily"),
        ("Cy", "on call: Platform (override by Ada)"),
    ]


async def test_an_override_that_no_person_made_is_told_without_a_name(rota: Rota, clockwork: Clockwork):
    wish = overrides.Wish(Change.REPLACE, NOON, NOON + HOUR, user_id=rota.cy.id, replaces_id=rota.bo.id)
    await rota.desk.as_("system:test", overrides.override, rota.id, wish)
    await an_incident(rota)

    await clockwork.run()

    assert await reasons(clockwork) == [("Cy", "on call: Platform, in place of Bo (override)")]


async def test_who_comes_on_call_by_an_override_while_an_incident_waits_hears_whose_place_they_take(
    rota: Rota, clock: StoppedClock, clockwork: Clockwork
):
    await an_incident(rota)
    for verb in (know_all, follow):
        await rota.desk.as_("timer:waking", verb)
    await clockwork.run()
    await rota.instead(rota.cy, rota.bo, NOON)
    clock.advance(timedelta(minutes=1))

    await rota.desk.as_("timer:waking", follow)

    assert (await reasons(clockwork))[-1] == ("Cy", "on call: Platform, in place of Bo (override by Ada)")
    [came] = await clockwork.told("came on call")
    assert came["reason"] == "Platform, in place of Bo (override by Ada)"


async def test_why_somebody_was_paged_names_the_override_and_its_end(rota: Rota, clockwork: Clockwork):
    await rota.instead(rota.cy, rota.bo, NOON, hours=3)
    incident = await an_incident(rota)
    await clockwork.run()

    told = await asked(rota, incident, rota.bo)

    assert told["summary"].startswith(
        "Bo was not paged: step 1 asked Cy (on call: Platform, in place of Bo (override by Ada), until Tue 15:00 UTC);"
    )


async def test_until_when_the_shift_of_a_past_page_was_is_read_from_the_record(
    rota: Rota, clock: StoppedClock, clockwork: Clockwork
):
    incident = await an_incident(rota)
    await clockwork.run()
    clock.advance(2 * HOUR)
    await rota.change(rota.plan(rota.ada))
    clock.advance(DAY)

    told = await asked(rota, incident, rota.cy)

    assert "step 1 asked Bo (on call: Platform, Daily, until Tue 14:00 UTC)" in told["summary"]


async def test_until_when_a_shift_was_is_told_though_its_schedule_has_another_name_now(
    rota: Rota, clockwork: Clockwork
):
    incident = await an_incident(rota)
    await clockwork.run()
    await rota.change(replace(rota.plan(), name="Base"))

    told = await asked(rota, incident, rota.cy)

    assert "step 1 asked Bo (on call: Platform, Daily, until Wed 12:00 UTC)" in told["summary"]
