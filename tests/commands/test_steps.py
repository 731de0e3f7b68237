"""Whom a step asks: teams, turns, conditions, and everyone who must acknowledge."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from opsknight.domain.commands.claims import claim
from opsknight.domain.commands.due import fire
from opsknight.domain.commands.incidents import Offer, acknowledge, escalate, unacknowledge
from opsknight.domain.commands.undoing import undo
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import EscalationPolicyRow, IncidentRow
from tests.builders import a_policy, a_schedule, a_service, a_stored_incident, a_team, a_user, an_alert
from tests.commands.clockwork import Clockwork
from tests.commands.desk import Desk
from tests.conftest import Acting

MINUTE = timedelta(minutes=1)


async def an_incident_of(database: Database, policy: EscalationPolicyRow, **columns: Any) -> IncidentRow:
    return await a_stored_incident(database, await a_service(database, policy=policy), timer="escalation", **columns)


async def test_a_team_means_all_its_active_members(database: Database, clockwork: Clockwork):
    ada, bo = await a_user(database, "Ada"), await a_user(database, "Bo")
    gone = await a_user(database, "Cy", active=False)
    team = await a_team(database, members=[bo, gone], managers=[ada])
    await an_incident_of(database, await a_policy(database, team))

    await clockwork.run()

    assert await clockwork.paged() == ["Ada", "Bo"]


async def test_a_team_may_mean_its_managers_only(database: Database, clockwork: Clockwork):
    ada, bo = await a_user(database, "Ada"), await a_user(database, "Bo")
    team = await a_team(database, members=[bo], managers=[ada])
    await an_incident_of(database, await a_policy(database, team, managers_only=True))

    await clockwork.run()

    assert await clockwork.paged() == ["Ada"]


async def test_a_round_robin_step_asks_the_next_with_each_incident(database: Database, clockwork: Clockwork):
    ada, bo, cy = [await a_user(database, name) for name in ("Ada", "Bo", "Cy")]
    policy = await a_policy(database, [ada, await a_schedule(database, bo), cy], round_robin=True, repeats=0)
    for _ in range(4):
        await an_incident_of(database, policy)
        await clockwork.run(after=timedelta(seconds=1))

    assert await clockwork.paged() == ["Ada", "Bo", "Cy", "Ada"]


async def test_incidents_of_one_batch_take_turns_too(database: Database, clockwork: Clockwork):
    policy = await a_policy(database, await a_team(database, members=[await a_user(database) for _ in range(3)]))
    async with database.commands() as session:
        await session.execute(text("UPDATE escalation_steps SET round_robin = true"))
        await session.commit()
    for _ in range(6):
        await an_incident_of(database, policy)

    await clockwork.run()

    assert await clockwork.rows("SELECT count(*) FROM pages GROUP BY user_id") == [(2,), (2,), (2,)]


async def test_turns_are_fair_when_two_workers_fire_at_once(database: Database, acting: Acting, clockwork: Clockwork):
    policy = await a_policy(database, [await a_user(database), await a_user(database)], round_robin=True)
    for _ in range(8):
        await an_incident_of(database, policy)

    async def work(worker: int) -> None:
        for _ in range(4):
            async with acting("engine:claim") as uow:
                timers = await claim(uow, worker=worker, limit=1)
            async with acting("timer:engine") as uow:
                await fire(uow, timers)

    await asyncio.gather(work(1), work(2))

    assert await clockwork.rows("SELECT count(*) FROM pages GROUP BY user_id") == [(4,), (4,)]


async def test_whoever_cannot_be_reached_loses_their_turn_and_the_next_is_asked(
    database: Database, clockwork: Clockwork
):
    ada, bo = await a_user(database, "Ada", reachable=False), await a_user(database, "Bo")
    await an_incident_of(database, await a_policy(database, [ada, bo], round_robin=True))

    await clockwork.run()

    assert await clockwork.paged() == ["Bo"]
    assert await clockwork.rows("SELECT turn FROM escalation_turns") == [(2,)]
    assert (await clockwork.told("not paged"))[0]["user"] == "Ada"


async def test_an_unmet_condition_skips_the_step_at_once_with_its_reason(database: Database, clockwork: Clockwork):
    ada, bo = await a_user(database, "Ada"), await a_user(database, "Bo")
    policy = await a_policy(database, ada, bo)
    async with database.commands() as session:
        only_p1 = text("""UPDATE escalation_steps SET conditions = '{"priorities": ["P1"]}' WHERE position = 0""")
        await session.execute(only_p1)
        await session.commit()
    await an_incident_of(database, policy)
    await an_incident_of(database, policy, priority="P1")

    await clockwork.run()

    assert sorted(await clockwork.paged()) == ["Ada", "Bo"]
    reason = "it asks only for P1, the incident has no priority"
    assert await clockwork.told("step skipped") == [{"step": 1, "lap": 0, "reason": reason, "unmet": True}]


async def test_a_step_may_ask_only_from_some_number_of_alerts_on(database: Database, clockwork: Clockwork):
    ada, bo = await a_user(database, "Ada"), await a_user(database, "Bo")
    policy = await a_policy(database, ada, bo, conditions={"alerts_at_least": 2})
    incident = await an_incident_of(database, policy, alert=True)
    await an_alert(database, incident, dedup_key="disk:db-2")
    lonely = await an_incident_of(database, policy, alert=False)

    await clockwork.run()

    paged = await clockwork.rows("SELECT incident_id FROM pages")
    assert paged == [(incident.id,)]
    assert await clockwork.rows("SELECT kind FROM timers WHERE subject = :id", id=lonely.id) == [("safety_net",)]


async def test_each_acknowledge_stops_only_that_persons_pages_and_the_last_the_incident(
    database: Database, clockwork: Clockwork, desk: Desk
):
    bo = await a_user(database, "Bo")
    policy = await a_policy(database, [desk.user, bo], everyone=True)
    incident = await an_incident_of(database, policy)
    await clockwork.run()

    first = await desk.do(acknowledge, incident.id)
    after_first = await clockwork.rows(
        "SELECT u.name, n.status FROM notifications n JOIN users u ON u.id = n.user_id ORDER BY u.name"
    )
    again = await desk.do(acknowledge, incident.id)
    last = await desk.as_(bo, acknowledge, incident.id)

    assert (first.incident.status, first.changed, first.offer) == ("open", True, Offer.TAKE_OVER)
    assert first.sentence == "You have acknowledged “Disk full on db-1”; it is open until Bo acknowledges too."
    assert after_first == [("Ada", "superseded"), ("Bo", "queued")]
    assert (again.changed, again.sentence) == (False, first.sentence)
    assert (last.incident.status, last.incident.assignee_id) == ("acknowledged", bo.id)
    assert await desk.facts(incident.id) == ["step fired", "acknowledged in part", "acknowledged"]


async def test_who_has_acknowledged_is_not_paged_in_the_next_lap(database: Database, clockwork: Clockwork, desk: Desk):
    bo = await a_user(database, "Bo")
    incident = await an_incident_of(database, await a_policy(database, [desk.user, bo], everyone=True))
    await clockwork.run()
    await desk.do(acknowledge, incident.id)

    await clockwork.run(after=5 * MINUTE)

    assert await clockwork.paged() == ["Ada", "Bo", "Bo"]


async def test_a_later_step_that_is_content_with_one_ends_it(database: Database, clockwork: Clockwork, desk: Desk):
    bo, cy = await a_user(database, "Bo"), await a_user(database, "Cy")
    policy = await a_policy(database, [desk.user, bo], cy, everyone=True)
    async with database.commands() as session:
        await session.execute(text("UPDATE escalation_steps SET everyone = false WHERE position = 1"))
        await session.commit()
    incident = await an_incident_of(database, policy)
    await clockwork.run()
    await clockwork.run(after=5 * MINUTE)

    done = await desk.as_(cy, acknowledge, incident.id)

    assert done.incident.status == "acknowledged"


async def test_who_could_not_be_asked_need_not_acknowledge_where_everyone_must(
    database: Database, clockwork: Clockwork, desk: Desk
):
    away = await a_user(database, "Bo", reachable=False)
    incident = await an_incident_of(database, await a_policy(database, [desk.user, away], everyone=True))
    await clockwork.run()

    done = await desk.do(acknowledge, incident.id)

    assert done.incident.status == "acknowledged"


async def test_whoever_takes_the_last_acknowledge_back_must_again(database: Database, clockwork: Clockwork, desk: Desk):
    bo = await a_user(database, "Bo")
    incident = await an_incident_of(database, await a_policy(database, [desk.user, bo], everyone=True))
    await clockwork.run()
    await desk.as_(bo, acknowledge, incident.id)
    await desk.do(acknowledge, incident.id)

    await desk.do(undo, incident.id)
    again = await desk.as_(bo, acknowledge, incident.id)
    last = await desk.do(acknowledge, incident.id)

    assert (again.incident.status, last.incident.status) == ("open", "acknowledged")


async def test_in_a_new_generation_everyone_must_acknowledge_anew(database: Database, clockwork: Clockwork, desk: Desk):
    bo = await a_user(database, "Bo")
    incident = await an_incident_of(database, await a_policy(database, [desk.user, bo], everyone=True))
    await clockwork.run()
    for who in (desk.user, bo):
        await desk.as_(who, acknowledge, incident.id)
    await desk.do(unacknowledge, incident.id)
    await clockwork.run()

    done = await desk.do(acknowledge, incident.id)

    assert await clockwork.paged() == ["Ada", "Bo", "Ada", "Bo"]
    assert done.incident.status == "open"


async def test_escalate_by_hand_goes_on_after_the_last_step_that_fired(
    database: Database, clockwork: Clockwork, desk: Desk
):
    bo, cy = await a_user(database, "Bo"), await a_user(database, "Cy")
    incident = await an_incident_of(database, await a_policy(database, desk.user, bo, cy))
    await clockwork.run()
    await desk.do(acknowledge, incident.id)

    await desk.do(escalate, incident.id)
    await clockwork.run()
    await desk.do(escalate, incident.id)
    await clockwork.run()

    assert await clockwork.paged() == ["Ada", "Bo", "Cy"]
