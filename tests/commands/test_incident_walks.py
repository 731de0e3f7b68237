"""Whatever is done in whatever order, each incident has the one timer that its status calls for (I2)."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from sqlalchemy import update

from opsknight.domain.commands import audits, incidents
from opsknight.domain.commands.claims import claim
from opsknight.domain.commands.escalations import fire
from opsknight.domain.commands.handing_over import hand_over_all
from opsknight.domain.commands.keeping_quiet import keep_quiet
from opsknight.domain.commands.responders import Helpers, answer_help, ask_for_help
from opsknight.domain.commands.shift_changes import follow, know_all
from opsknight.domain.commands.undoing import undo
from opsknight.domain.model.incident import IllegalTransition, Status
from opsknight.domain.store.tables import EscalationPolicyRow, EscalationStepRow, IncidentRow, UserRow
from opsknight.errors import Conflict, Invalid, NotFound
from tests.builders import a_policy, a_schedule, a_service, a_stored_incident, a_user, an_alert, an_integration
from tests.commands.desk import Desk

STEPS = 40
VARIED = ({"everyone": True}, {"round_robin": True}, {"conditions": {"priorities": ["P1"]}})
TIMER_OF = {
    Status.OPEN: {"escalation", "safety_net"},
    Status.ACKNOWLEDGED: {"ack_timeout", "ack_reminder"},
    Status.SNOOZED: {"snooze_end"},
    Status.SUPPRESSED: {"suppress_end", None},
    Status.RESOLVED: {None},
}


async def something(desk: Desk, people: list[UserRow], incident: IncidentRow, dice: random.Random) -> None:
    """Let somebody do something, or let time pass and the engine fire."""
    who = dice.choice(people)
    soon = desk.clock.now() + timedelta(minutes=dice.randint(1, 90))
    match dice.choice(["verb", "verb", "verb", "undo", "time", "time", "others"]):
        case "undo":
            await desk.as_(who, undo, incident.id)
        case "time":
            desk.clock.advance(timedelta(minutes=dice.randint(0, 40)))
            async with desk.acting("timer:engine") as uow:
                await fire(uow, await claim(uow, worker=1, limit=10))
            async with desk.acting("timer:waking") as uow:
                await know_all(uow)
                await follow(uow)
        case "others":
            act = dice.choice([ask_for_help, answer_help, hand_over_all])
            if act is ask_for_help:
                await desk.as_(who, act, incident.id, whom=Helpers((dice.choice(people).id,)))
            elif act is answer_help:
                await desk.as_(who, act, incident.id, accept=dice.choice([True, False]))
            else:
                await desk.as_(who, act, dice.choice(people).id, to=dice.choice(people).id)
        case _:
            verb = dice.choice(
                [
                    (incidents.acknowledge, {}),
                    (incidents.unacknowledge, {}),
                    (incidents.wake, {}),
                    (incidents.snooze, {"until": soon}),
                    (incidents.suppress, {"until": soon}),
                    (incidents.resolve, {}),
                    (incidents.reopen, {}),
                    (keep_quiet, {}),
                    (incidents.escalate, {}),
                    (incidents.reassign, {"to": dice.choice(people).id}),
                ]
            )
            await desk.as_(who, verb[0], incident.id, **verb[1])


async def a_varied_policy(desk: Desk, people: list[UserRow]) -> EscalationPolicyRow:
    """Everyone must acknowledge, then a rota that hands over every hour, in turn with somebody; then nobody, mostly."""
    rota = await a_schedule(desk.database, *people, unit="hours")
    policy = await a_policy(desk.database, people[:2], [rota, people[2]], people[0], wait_s=600, repeats=1)
    async with desk.database.commands() as session:
        for position, changes in enumerate(VARIED):
            await session.execute(
                update(EscalationStepRow).where(EscalationStepRow.position == position).values(**changes)
            )
        await session.commit()
    return policy


@pytest.mark.parametrize("seed", range(6))
async def test_after_every_act_the_incident_has_exactly_its_timer(desk: Desk, seed: int):
    dice = random.Random(seed)  # noqa: S311
    people = [desk.user, await a_user(desk.database), await a_user(desk.database)]
    service = await a_service(desk.database, policy=await a_varied_policy(desk, people))
    incident = await a_stored_incident(desk.database, service, timer="escalation")
    await an_alert(desk.database, incident, integration_id=(await an_integration(desk.database, service)).id)

    for _ in range(STEPS):
        try:
            await something(desk, people, incident, dice)
        except (IllegalTransition, Conflict, Invalid, NotFound):
            continue
        [(status, generation, until)] = await desk.rows("SELECT status, generation, until FROM incidents")
        timer = await desk.timer(incident.id)
        assert (timer[0] if timer else None) in TIMER_OF[Status(status)]
        assert timer is None or timer[1] == generation
        assert timer is not None or until is None
        async with desk.acting("system:auditor") as uow:
            assert await audits.repair(uow) == ()
    open_alerts = await desk.rows("SELECT count(*) FROM alerts WHERE status = 'open'")
    assert open_alerts == [(int(status != "resolved"),)]
