"""What the timeline says of those who are paged outside of the steps, and what the safety net leaves behind."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from opsknight.domain.commands.claims import claim
from opsknight.domain.commands.escalations import fire
from opsknight.domain.model.ledger import sentence
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import NotificationRow
from tests.builders import a_policy, a_service, a_stored_incident, a_team, a_user
from tests.commands.desk import Desk

TOLD = "SELECT kind, data FROM facts WHERE incident_id IS NOT NULL ORDER BY seq"


async def fire_what_is_due(desk: Desk, *, after: timedelta = timedelta()) -> None:
    desk.clock.advance(after)
    timers = await desk.as_("engine:claim", claim, worker=1, limit=10)
    await desk.as_("timer:engine", fire, timers)


async def become(desk: Desk, status: str) -> None:
    """Let every message have become what `status` says."""
    async with desk.database.commands() as session:
        await session.execute(update(NotificationRow).values(status=status, finished_at=desk.clock.now()))
        await session.commit()


async def story(desk: Desk) -> list[str]:
    return [sentence(kind, "OpsKnight", data) for kind, data in await desk.rows(TOLD)]


async def test_the_timeline_says_that_the_new_assignee_was_paged_and_speaks_of_no_step(desk: Desk):
    service = await a_service(desk.database, pages=[desk.user])
    await a_stored_incident(desk.database, service, timer="escalation", next_step=-1, assignee_id=desk.user.id)

    await fire_what_is_due(desk)

    assert await story(desk) == ["Ada was paged: the incident was reassigned to them."]


async def test_an_assignee_who_cannot_be_reached_is_named_and_the_policy_goes_on_at_once(desk: Desk):
    mute, bo = await a_user(desk.database, "Mute", reachable=False), await a_user(desk.database, "Bo")
    service = await a_service(desk.database, pages=[bo])
    await a_stored_incident(desk.database, service, timer="escalation", next_step=-1, assignee_id=mute.id)

    await fire_what_is_due(desk)

    assert await story(desk) == ["Mute could not be paged: no contact method.", "Step 1 paged Bo."]


async def test_a_policy_that_reaches_nobody_is_not_said_to_have_been_ignored(database: Database, desk: Desk):
    boss = await a_user(database, "Boss", role="admin")
    await a_stored_incident(database, await a_service(database), timer="escalation")

    await fire_what_is_due(desk)
    await fire_what_is_due(desk)

    assert await story(desk) == [
        "The escalation policy has come to its end: the whole policy reaches nobody.",
        f"The safety net paged {boss.name}: the team has no manager: all admins.",
    ]


async def test_a_policy_has_come_to_its_end_when_its_last_wait_is_over_and_not_before(database: Database, desk: Desk):
    await a_user(database, "Boss", role="admin")
    policy = await a_policy(database, desk.user, repeats=0)
    await a_stored_incident(database, await a_service(database, policy=policy), timer="escalation")
    await fire_what_is_due(desk)
    early = await story(desk)

    await fire_what_is_due(desk, after=timedelta(minutes=5))

    assert early == ["Step 1 paged Ada."]
    assert (await story(desk))[1] == "Nobody acknowledged: the escalation policy has come to its end."


async def test_a_lap_of_which_no_message_arrived_is_followed_by_the_safety_net_and_by_no_further_lap(
    database: Database, desk: Desk
):
    boss = await a_user(database, "Boss", role="admin")
    policy = await a_policy(database, desk.user, desk.user, wait_s=0, repeats=9)
    await a_stored_incident(database, await a_service(database, policy=policy), timer="escalation")
    await fire_what_is_due(desk)
    await fire_what_is_due(desk)
    await become(desk, "failed")

    await fire_what_is_due(desk, after=timedelta(minutes=1))
    await fire_what_is_due(desk)

    assert await story(desk) == [
        "Step 1 paged Ada.",
        "Step 2 paged Ada.",
        "The escalation policy has come to its end: the whole policy reaches nobody.",
        f"The safety net paged {boss.name}: the team has no manager: all admins.",
    ]


async def test_a_last_step_that_reaches_nobody_after_others_in_vain_leaves_it_to_the_safety_net_at_once(
    database: Database, desk: Desk
):
    await a_user(database, "Boss", role="admin")
    policy = await a_policy(database, desk.user, await a_user(database, "Mute", reachable=False), wait_s=10)
    await a_stored_incident(database, await a_service(database, policy=policy), timer="escalation")
    await fire_what_is_due(desk)
    await become(desk, "failed")

    await fire_what_is_due(desk, after=timedelta(seconds=10))
    await fire_what_is_due(desk)

    assert (await story(desk))[-1] == "The safety net paged Boss: the team has no manager: all admins."


@pytest.mark.parametrize("became", ["accepted", "queued", "superseded"])
async def test_a_lap_of_which_something_may_have_arrived_is_followed_by_the_next(
    database: Database, desk: Desk, became: str
):
    await a_user(database, "Boss", role="admin")
    policy = await a_policy(database, desk.user)
    await a_stored_incident(database, await a_service(database, policy=policy), timer="escalation")
    await fire_what_is_due(desk)
    await become(desk, became)

    await fire_what_is_due(desk, after=timedelta(minutes=5))

    assert await story(desk) == ["Step 1 paged Ada.", "Step 1, round 2 paged Ada."]


async def test_each_round_of_the_safety_net_takes_the_place_of_the_one_before(database: Database, desk: Desk):
    boss = await a_user(database, "Boss", role="admin")
    service = await a_service(database, team=await a_team(database, managers=[boss]))
    incident = await a_stored_incident(database, service, timer="safety_net", lap=5)
    await fire_what_is_due(desk)
    async with database.commands() as session:
        await session.execute(update(NotificationRow).values(attempts=60))
        await session.commit()

    await fire_what_is_due(desk, after=timedelta(minutes=30))

    assert await desk.statuses("notifications", incident.id) == ["superseded", "queued"]


@pytest.mark.parametrize(
    ("role", "why"), [("admin", "every admin was paged with the managers"), ("manager", "no admin can be reached")]
)
async def test_a_round_that_has_nobody_new_to_page_says_so(database: Database, desk: Desk, role: str, why: str):
    boss = await a_user(database, "Boss", role=role)
    service = await a_service(database, team=await a_team(database, managers=[boss]))
    await a_stored_incident(database, service, timer="safety_net", lap=3)
    await fire_what_is_due(desk)

    await fire_what_is_due(desk, after=timedelta(minutes=5))

    assert (await story(desk))[-1] == f"The safety net paged nobody: {why}."
