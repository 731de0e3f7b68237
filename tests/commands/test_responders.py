"""Asking others to help with an incident, and what they answer."""

from __future__ import annotations

import pytest

from opsknight.domain.commands.incidents import acknowledge, resolve, snooze
from opsknight.domain.commands.responders import Helpers, answer_help, ask_for_help
from opsknight.domain.model.incident import IllegalTransition
from opsknight.domain.store.engine import Database
from opsknight.errors import Invalid, NotFound
from tests.builders import a_policy, a_schedule, a_stored_incident, a_team, a_user
from tests.clock import NOON
from tests.commands.clockwork import Clockwork
from tests.commands.desk import Desk


async def test_whoever_is_asked_is_paged_at_once_and_the_owner_keeps_it(
    database: Database, desk: Desk, clockwork: Clockwork
):
    bo = await a_user(database, "Bo")
    incident = await a_stored_incident(database, status="acknowledged", assignee_id=desk.user.id, acknowledged_at=NOON)

    done = await desk.do(ask_for_help, incident.id, whom=Helpers(user_ids=(bo.id,)), note="it is the database")

    assert done.sentence == "Bo is asked to help with “Disk full on db-1”."
    assert done.incident.assignee_id == desk.user.id
    assert await clockwork.rows("SELECT kind, reason FROM pages") == [
        ("help", "Ada asks you to help: it is the database")
    ]
    assert await desk.statuses("notifications", incident.id) == ["queued"]
    assert await desk.told(incident.id, "help asked") == {"people": ["Bo"], "note": "it is the database"}


async def test_a_schedule_asks_who_is_on_call_and_a_policy_whom_its_first_step_asks(
    database: Database, desk: Desk, clockwork: Clockwork
):
    bo, cy, di = [await a_user(database, name) for name in ("Bo", "Cy", "Di")]
    rota, policy = await a_schedule(database, cy, bo), await a_policy(database, di, bo)
    incident = await a_stored_incident(database, timer="escalation")

    await desk.do(ask_for_help, incident.id, whom=Helpers(schedule_id=rota.id))
    await desk.do(ask_for_help, incident.id, whom=Helpers(policy_id=policy.id))

    assert await clockwork.paged() == ["Bo", "Di"]


async def test_nobody_is_asked_twice_unless_they_declined(database: Database, desk: Desk, clockwork: Clockwork):
    bo = await a_user(database, "Bo")
    incident = await a_stored_incident(database)
    whom = Helpers(user_ids=(bo.id,))
    await desk.do(ask_for_help, incident.id, whom=whom)

    again = await desk.do(ask_for_help, incident.id, whom=whom)
    await desk.as_(bo, answer_help, incident.id, accept=False)
    asked_anew = await desk.do(ask_for_help, incident.id, whom=whom)

    assert (again.changed, again.sentence) == (False, "Bo was asked already.")
    assert asked_anew.changed
    assert await clockwork.paged() == ["Bo", "Bo"]
    assert await clockwork.rows("SELECT times, answer FROM responders") == [(2, "asked")]


async def test_an_answer_stops_the_messages_that_asked(database: Database, desk: Desk):
    bo = await a_user(database, "Bo")
    incident = await a_stored_incident(database)
    await desk.do(ask_for_help, incident.id, whom=Helpers(user_ids=(bo.id,)))

    done = await desk.as_(bo, answer_help, incident.id, accept=True)
    again = await desk.as_(bo, answer_help, incident.id, accept=True)

    assert (done.sentence, done.changed, again.changed) == ("You help with “Disk full on db-1”.", True, False)
    assert await desk.statuses("notifications", incident.id) == ["superseded"]
    assert await desk.facts(incident.id) == ["help asked", "help answered"]


async def test_a_snooze_leaves_calls_for_help_and_an_acknowledge_stops_them(database: Database, desk: Desk):
    bo = await a_user(database, "Bo")
    incident = await a_stored_incident(database)
    await desk.do(ask_for_help, incident.id, whom=Helpers(user_ids=(bo.id,)))

    await desk.do(snooze, incident.id, until=NOON.replace(hour=13))
    asleep = await desk.statuses("notifications", incident.id)
    await desk.do(acknowledge, incident.id)

    assert (asleep, await desk.statuses("notifications", incident.id)) == (["queued"], ["superseded"])


async def test_only_somebody_who_can_be_reached_can_be_asked(database: Database, desk: Desk):
    bo = await a_user(database, "Bo", reachable=False)
    incident = await a_stored_incident(database)

    with pytest.raises(Invalid, match="Nobody was asked: Bo cannot be reached"):
        await desk.do(ask_for_help, incident.id, whom=Helpers(user_ids=(bo.id,)))
    with pytest.raises(Invalid, match="Say who shall help"):
        await desk.do(ask_for_help, incident.id, whom=Helpers())


async def test_a_resolved_incident_needs_no_help(database: Database, desk: Desk):
    bo = await a_user(database, "Bo")
    incident = await a_stored_incident(database)
    await desk.do(resolve, incident.id)

    with pytest.raises(IllegalTransition, match=r"it is resolved\. Reopen it first"):
        await desk.do(ask_for_help, incident.id, whom=Helpers(user_ids=(bo.id,)))


async def test_who_was_not_asked_has_nothing_to_answer(database: Database, desk: Desk):
    incident = await a_stored_incident(database)

    with pytest.raises(NotFound, match="Nobody has asked you"):
        await desk.do(answer_help, incident.id, accept=True)


async def test_a_team_asks_everybody_in_it_but_who_asks_and_who_has_the_incident(
    database: Database, desk: Desk, clockwork: Clockwork
):
    bo, cy = [await a_user(database, name) for name in ("Bo", "Cy")]
    team = await a_team(database, members=(desk.user, bo, cy))
    incident = await a_stored_incident(database, status="acknowledged", assignee_id=bo.id, acknowledged_at=NOON)

    done = await desk.do(ask_for_help, incident.id, whom=Helpers(team_id=team.id))

    assert done.sentence == "Cy is asked to help with “Disk full on db-1”."
    assert await clockwork.paged() == ["Cy"]


async def test_a_team_without_anybody_else_is_refused_by_its_name(database: Database, desk: Desk):
    team = await a_team(database, "Night shift", members=(desk.user,))
    incident = await a_stored_incident(database)

    with pytest.raises(Invalid, match="Night shift has nobody else"):
        await desk.do(ask_for_help, incident.id, whom=Helpers(team_id=team.id))
    with pytest.raises(Invalid, match="There is no such team"):
        await desk.do(ask_for_help, incident.id, whom=Helpers(team_id=999_999))
