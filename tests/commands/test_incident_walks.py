"""Whatever is done in whatever order, each incident has the one timer that its status calls for (I2)."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from opsknight.domain.commands import audits, incidents
from opsknight.domain.commands.claims import claim
from opsknight.domain.commands.escalations import fire
from opsknight.domain.commands.undoing import undo
from opsknight.domain.model.incident import IllegalTransition, Status
from opsknight.domain.store.tables import IncidentRow, UserRow
from opsknight.errors import Conflict
from tests.builders import a_service, a_stored_incident, a_user, an_alert
from tests.commands.desk import Desk

STEPS = 25
TIMER_OF = {
    Status.OPEN: {"escalation", "safety_net"},
    Status.ACKNOWLEDGED: {"ack_timeout", "ack_reminder"},
    Status.SNOOZED: {"snooze_end"},
    Status.SUPPRESSED: {"suppress_end"},
    Status.RESOLVED: {None},
}


async def something(desk: Desk, people: list[UserRow], incident: IncidentRow, dice: random.Random) -> None:
    """Let somebody do something, or let time pass and the engine fire."""
    who = dice.choice(people)
    soon = desk.clock.now() + timedelta(minutes=dice.randint(1, 90))
    match dice.choice(["verb", "verb", "verb", "undo", "time"]):
        case "undo":
            await desk.as_(who, undo, incident.id)
        case "time":
            desk.clock.advance(timedelta(minutes=dice.randint(0, 40)))
            async with desk.acting("timer:engine") as uow:
                await fire(uow, await claim(uow, worker=1, limit=10))
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
                    (incidents.escalate, {}),
                    (incidents.reassign, {"to": dice.choice(people).id}),
                ]
            )
            await desk.as_(who, verb[0], incident.id, **verb[1])


@pytest.mark.parametrize("seed", range(6))
async def test_after_every_act_the_incident_has_exactly_its_timer(desk: Desk, seed: int):
    dice = random.Random(seed)  # noqa: S311
    people = [desk.user, await a_user(desk.database), await a_user(desk.database)]
    service = await a_service(desk.database, pages=[people[0], people[1]])
    incident = await a_stored_incident(desk.database, service, timer="escalation")
    await an_alert(desk.database, incident)

    for _ in range(STEPS):
        try:
            await something(desk, people, incident, dice)
        except (IllegalTransition, Conflict):
            continue
        [(status, generation)] = await desk.rows("SELECT status, generation FROM incidents")
        timer = await desk.timer(incident.id)
        assert (timer[0] if timer else None) in TIMER_OF[Status(status)]
        assert timer is None or timer[1] == generation
        async with desk.acting("system:auditor") as uow:
            assert await audits.repair(uow) == ()
    open_alerts = await desk.rows("SELECT count(*) FROM alerts WHERE status = 'open'")
    assert open_alerts == [(int(status != "resolved"),)]
