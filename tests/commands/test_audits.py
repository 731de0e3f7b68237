"""The auditor: each incident has exactly the one timer that its status calls for, whatever went wrong before."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from opsknight.domain.commands.audits import repair
from opsknight.domain.commands.services import change
from opsknight.domain.model.ledger import sentence
from opsknight.domain.model.service_plan import Plan
from opsknight.domain.store.tables import IncidentRow
from tests.builders import a_service, a_stored_incident, a_timer, a_user
from tests.clock import NOON
from tests.commands.desk import Desk

HOUR = timedelta(hours=1)


async def audit(desk: Desk) -> list[str]:
    return list(await desk.as_("auditor:i2", repair))


async def test_a_pause_is_the_timer_of_an_incident_that_waits_until_it_is_sure(desk: Desk):
    await a_stored_incident(desk.database, status="suppressed", until=NOON, timer="pause")

    assert await audit(desk) == []


async def told(desk: Desk, incident: IncidentRow) -> str:
    return sentence("timer repaired", "OpsKnight", await desk.told(incident.id, "timer repaired"))


@pytest.mark.parametrize(
    ("columns", "armed"),
    [
        ({"status": "open"}, ("escalation", 1, timedelta())),
        ({"status": "open", "generation": 3, "timer": "snooze_end"}, ("escalation", 3, timedelta())),
        ({"status": "acknowledged", "acknowledged_at": NOON}, ("ack_timeout", 1, HOUR / 2)),
        ({"status": "acknowledged", "acknowledged_at": NOON - 2 * HOUR}, ("ack_timeout", 1, timedelta())),
        ({"status": "acknowledged", "acknowledged_at": None}, ("ack_timeout", 1, HOUR / 2)),
        ({"status": "snoozed", "until": NOON + HOUR, "timer": "escalation"}, ("snooze_end", 1, HOUR)),
        ({"status": "snoozed", "until": None}, ("snooze_end", 1, timedelta())),
        ({"status": "suppressed", "until": NOON + HOUR}, ("suppress_end", 1, HOUR)),
    ],
)
async def test_the_timer_that_is_missing_or_wrong_is_armed(
    desk: Desk, columns: dict[str, Any], armed: tuple[str, int, timedelta]
):
    incident = await a_stored_incident(desk.database, **columns)

    mended = await audit(desk)

    assert mended == [armed[0]]
    assert await desk.timer(incident.id) == armed


@pytest.mark.parametrize(
    "columns",
    [
        {"status": "resolved"},
        {"status": "suppressed", "until": None},
        {"status": "acknowledged", "urgency": "low", "acknowledged_at": NOON},
    ],
)
async def test_a_timer_that_nothing_calls_for_is_taken_away(desk: Desk, columns: dict[str, Any]):
    incident = await a_stored_incident(desk.database, timer="escalation", **columns)

    await audit(desk)

    assert await desk.timer(incident.id) is None
    assert await told(desk, incident) == "The auditor took away a timer: it had escalation and needs none."


async def test_what_the_auditor_armed_it_says(desk: Desk):
    incident = await a_stored_incident(desk.database)

    await audit(desk)

    assert await told(desk, incident) == "The auditor armed a timer: it had none and needs escalation."


@pytest.mark.parametrize(
    ("timer", "columns"),
    [
        ("safety_net", {}),
        ("ack_reminder", {"status": "acknowledged", "acknowledged_at": NOON - HOUR}),
        ("", {"status": "resolved"}),
        ("", {"status": "suppressed"}),
    ],
)
async def test_what_is_right_is_left_alone(desk: Desk, timer: str, columns: dict[str, Any]):
    incident = await a_stored_incident(desk.database, timer=timer, **columns)

    assert await audit(desk) == []
    assert await desk.facts(incident.id) == []


async def test_what_tells_an_owner_of_more_alerts_is_no_timer_of_the_incident_s_own(desk: Desk):
    incident = await a_stored_incident(desk.database, status="acknowledged", timer="ack_timeout", assignee_id=1)
    await a_timer(desk.database, incident.id, kind="alerts_joined")

    assert await audit(desk) == []
    assert len(await desk.rows("SELECT kind FROM timers")) == 2


@pytest.mark.parametrize(("was_s", "becomes", "timer"), [(None, HOUR, None), (3600, None, "ack_timeout")])
async def test_what_was_acknowledged_before_its_service_asks_or_asks_no_more_goes_on_as_it_began(
    desk: Desk, was_s: int | None, becomes: timedelta | None, timer: str | None
):
    service = await a_service(desk.database, "Network", pages=[desk.user], ack_timeout_low_s=was_s)
    columns: dict[str, Any] = {"status": "acknowledged", "urgency": "low", "acknowledged_at": NOON - 48 * HOUR}
    incident = await a_stored_incident(desk.database, service, **columns, **({"timer": timer} if timer else {}))
    plan = Plan("Network", service.team_id, service.policy_id, ack_timeout_low=becomes)
    await desk.as_(await a_user(desk.database, role="admin"), change, service.id, plan)

    assert await audit(desk) == []
    assert (await desk.timer(incident.id) or [None])[0] == timer
