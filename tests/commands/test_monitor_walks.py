"""Monitors, people and time in any order: never two open alerts of a key, and each incident has its one timer."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from opsknight.domain.commands import audits
from opsknight.domain.commands.claims import claim
from opsknight.domain.commands.escalations import fire
from opsknight.domain.model.event import Action, Severity
from opsknight.domain.model.incident import IllegalTransition
from opsknight.domain.model.ledger import sentence
from opsknight.domain.store.tables import IncidentRow, UserRow
from opsknight.errors import Refusal
from tests.builders import a_service, a_team, a_user, an_event
from tests.commands.desk import Desk
from tests.commands.monitors import Monitor, a_monitor
from tests.commands.test_incident_walks import something

STEPS = 40
_UNWANTED = """
    SELECT n.id FROM notifications n JOIN incidents i ON i.id = n.incident_id
    WHERE n.status = 'queued' AND i.status = 'resolved'
"""


async def the_monitor_says_something(monitor: Monitor, dice: random.Random) -> None:
    events = [
        an_event(
            action=dice.choice([Action.TRIGGER, Action.TRIGGER, Action.RESOLVE, Action.ACKNOWLEDGE]),
            dedup_key=dice.choice(["disk", "cpu"]),
            severity=dice.choice([Severity.CRITICAL, Severity.WARNING]),
        )
        for _ in range(dice.randint(1, 4))
    ]
    await monitor.take(*events)


async def step(desk: Desk, monitor: Monitor, people: list[UserRow], dice: random.Random) -> None:
    """Let the monitor speak, somebody act on an incident of it, or the engine fire what is due."""
    desk.clock.advance(timedelta(seconds=dice.choice([1, 3, 60, 400])))
    match dice.choice(["monitor", "monitor", "person", "person", "engine"]):
        case "monitor":
            await the_monitor_says_something(monitor, dice)
        case "engine":
            async with desk.acting("timer:engine") as uow:
                await fire(uow, await claim(uow, worker=1, limit=10))
        case _:
            ids = await desk.rows("SELECT id FROM incidents ORDER BY number")
            if ids:
                try:
                    await something(desk, people, IncidentRow(id=dice.choice(ids)[0]), dice)
                except (IllegalTransition, Refusal):
                    return


@pytest.mark.parametrize("seed", range(6))
async def test_whatever_monitors_and_people_do_nothing_contradicts_itself(desk: Desk, seed: int):
    dice = random.Random(seed)  # noqa: S311  # no secret
    people = [desk.user, await a_user(desk.database, "Bo"), await a_user(desk.database, "Cy", role="admin")]
    team = await a_team(desk.database, managers=[people[1]])
    service = await a_service(desk.database, team=team, pages=people[:2], reopen_window_s=dice.choice([0, 600]))
    monitor = await a_monitor(desk.database, desk.clock, service)

    for number in range(STEPS):
        await step(desk, monitor, people, dice)

        assert list(await desk.as_("auditor:i2", audits.repair)) == [], f"after step {number} of seed {seed}"
        assert await desk.rows(_UNWANTED) == []
    await monitor.connection.close()
    told = [
        sentence(kind, "Ada", data)
        for kind, data in await desk.rows("SELECT kind, data FROM facts WHERE incident_id IS NOT NULL")
    ]
    assert not [words for words in told if "?" in words.replace("still on it?", "") or "None" in words]
