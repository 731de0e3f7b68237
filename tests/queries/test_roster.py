"""What the pages of people, teams and who is on call read, on a real database."""

from __future__ import annotations

from datetime import timedelta

from opsknight.deps import Deps
from opsknight.domain.queries.roster import person, roster
from opsknight.domain.queries.teams import policies, teams
from opsknight.domain.store.engine import Database
from opsknight.settings import Settings
from opsknight.ui.reading import read_turns
from tests.builders import a_contact_method, a_policy, a_schedule, a_service, a_stored_incident, a_team, a_user
from tests.clock import NOON, StoppedClock

DAY = timedelta(days=1)


async def test_everybody_is_told_with_turn_reach_teams_and_what_they_own(database: Database):
    ada, bo = await a_user(database, "Ada", role="manager"), await a_user(database, "Bo", reachable=False)
    await a_contact_method(database, ada, channel="push")
    await a_user(database, "Cy", active=False)
    team = await a_team(database, "Payments", managers=[ada], members=[bo])
    await a_schedule(database, ada, bo, name="Primary", team=team, unit="days", starts_at=NOON)
    await a_stored_incident(database, await a_service(database, team=team), status="acknowledged", assignee_id=bo.id)

    async with database.screens() as session:
        found = await roster(session, at=NOON, unset=(), addresses=False)

    first, second, last = found
    assert [line["name"] for line in found] == ["Ada", "Bo", "Cy"]
    assert (first["channels"], second["why"], last["why"]) == (
        ["push", "email"],
        "No contact method yet",
        "Deactivated",
    )
    assert [duty["schedule"] for duty in first["on_call"]] == ["Primary"]
    assert second["next_shift"] is not None
    assert second["next_shift"]["from"] == (NOON + DAY).timestamp()
    assert (first["open_incidents"], second["open_incidents"]) == (0, 1)
    assert first["teams"] == [{"id": team.id, "name": "Payments", "manages": True}]
    assert first["email"].endswith("…@example.org")


async def test_a_team_is_told_with_managers_first_and_what_it_owns(database: Database):
    ada, bo = await a_user(database, "Ada"), await a_user(database, "Bo", role="manager")
    gone = await a_user(database, "Aaron", active=False)
    team = await a_team(database, "Payments", members=[ada, gone], managers=[bo])
    schedule = await a_schedule(database, ada, name="Primary", team=team)
    policy = await a_policy(database, schedule, team=team)
    await a_policy(database, ada, team=team, deleted_at=NOON)
    await a_service(database, "Checkout", team=team, policy=policy)

    async with database.screens() as session:
        [found] = await teams(session)
        [listed] = await policies(session)

    assert [member["name"] for member in found["members"]] == ["Bo", "Ada", "Aaron"]
    assert [[each["name"] for each in found[kind]] for kind in ("services", "policies", "schedules")] == [
        ["Checkout"],
        [policy.name],
        ["Primary"],
    ]
    assert (listed["name"], listed["team"]) == (policy.name, "Payments")


async def test_of_shifts_that_begin_together_a_person_s_page_tells_each(database: Database):
    ada, bo = await a_user(database, "Ada"), await a_user(database, "Bo")
    for name in ("Primary", "Database"):
        await a_schedule(database, bo, ada, name=name, starts_at=NOON - 6 * DAY)

    async with database.screens() as session:
        told = await person(session, ada.id, at=NOON, unset=(), addresses=True)

    days = [(one["schedule"], (one["from"] - NOON.timestamp()) / 86400) for one in told["shifts"]]
    assert days == [(name, 1 + 14 * nth) for nth in range(3) for name in ("Database", "Primary")]


async def test_who_is_next_is_who_is_on_call_when_the_first_one_goes(database: Database, clock: StoppedClock):
    ada, bo = await a_user(database, "Ada"), await a_user(database, "Bo")
    team = await a_team(database, "Payments")
    daily = await a_schedule(database, ada, bo, name="Daily", team=team, unit="days", starts_at=NOON)
    weekly = await a_schedule(database, bo, ada, name="Weekly", team=team, starts_at=NOON)
    empty = await a_schedule(database, name="Empty", team=team)
    deps = Deps(Settings(_env_file=None), clock)
    await deps.open(database)

    turns = await read_turns(deps, you=ada.id)

    assert [(duty["schedule"], duty["user"]) for duty in turns.now] == [
        ("Daily", "Ada"),
        ("Empty", None),
        ("Weekly", "Bo"),
    ]
    then = {schedule_id: [duty["user"] for duty in duties] for schedule_id, duties in turns.then.items()}
    assert then == {daily.id: ["Bo"], weekly.id: ["Ada"]}
    assert set(turns.teams) == {daily.id, weekly.id, empty.id}
    assert set(turns.people) == {ada.id, bo.id}
