"""Teams: made, renamed, joined, left and deleted, by admins and by their managers."""

from __future__ import annotations

import pytest

from opsknight.domain.commands import teams
from opsknight.domain.store.engine import Database
from opsknight.errors import Conflict, Forbidden, Invalid, NotFound
from tests.builders import a_policy, a_schedule, a_service, a_team, a_user
from tests.clock import StoppedClock
from tests.commands.desk import Desk
from tests.conftest import Acting


@pytest.fixture
async def office(database: Database, acting: Acting, clock: StoppedClock) -> Desk:
    """The desk of Sam, an admin."""
    return Desk(database, acting, clock, await a_user(database, "Sam", role="admin"))


async def members(office: Desk, team_id: int) -> list[tuple[str, bool]]:
    sql = "SELECT name, manages FROM team_members JOIN users ON users.id = user_id WHERE team_id = :id ORDER BY name"
    return [(name, manages) for name, manages in await office.rows(sql, id=team_id)]


async def told(office: Desk) -> list[str]:
    rows = await office.rows("SELECT data ->> 'name' FROM facts WHERE kind = 'configured' ORDER BY xid, seq")
    return [name for (name,) in rows]


async def test_a_team_is_made_filled_renamed_and_deleted(office: Desk, database: Database):
    ada, bo = await a_user(database, "Ada", role="manager"), await a_user(database, "Bo")

    made = await office.do(teams.make, "  Payments ")
    said = [
        await office.do(teams.put_member, made.id, ada.id, manages=True),
        await office.do(teams.put_member, made.id, bo.id, manages=False),
        await office.do(teams.put_member, made.id, bo.id, manages=False),
        await office.do(teams.rename, made.id, "Money"),
        await office.do(teams.remove_member, made.id, bo.id),
    ]

    assert [done.sentence for done in said] == [
        "Ada manages Payments.",
        "Bo belongs to Payments.",
        "Nothing has changed.",
        "Payments is called Money now.",
        "Bo belongs to Money no more.",
    ]
    assert await members(office, made.id) == [("Ada", True)]
    assert (await office.do(teams.delete, made.id)).sentence == "The team Money is deleted."
    assert await told(office) == [
        "the team Payments: made",
        "the team Payments: Ada manages it",
        "the team Payments: Bo belongs to it",
        "the team Money: it was called Payments",
        "the team Money: Bo left it",
        "the team Money: deleted",
    ]


async def test_a_manager_can_be_made_a_mere_member(office: Desk, database: Database):
    ada = await a_user(database, "Ada", role="manager")
    team = await a_team(database, "Payments", managers=[ada])

    done = await office.do(teams.put_member, team.id, ada.id, manages=False)

    assert done.sentence == "Ada manages Payments no more."
    assert await members(office, team.id) == [("Ada", False)]


async def test_a_team_that_owns_something_is_not_deleted(office: Desk, database: Database):
    team = await a_team(database, "Payments")
    schedule = await a_schedule(database, team=team)
    policy = await a_policy(database, schedule, team=team)
    for name in ("Checkout", "Refunds"):
        await a_service(database, name, team=team, policy=policy)

    with pytest.raises(Conflict) as refusal:
        await office.do(teams.delete, team.id)

    assert str(refusal.value) == (
        "Payments still owns 2 services, 1 escalation policy and 1 schedule."
        " Give them to another team or delete them first."
    )


async def test_a_name_is_given_once(office: Desk, database: Database):
    await a_team(database, "Payments")
    other = await a_team(database, "Search")

    for attempt in (office.do(teams.make, "payments"), office.do(teams.rename, other.id, "PAYMENTS")):
        with pytest.raises(Conflict, match="There is a team called"):
            await attempt
    with pytest.raises(Invalid, match="A team needs a name"):
        await office.do(teams.make, "  ")


async def test_who_may_manage_nothing_manages_no_team(office: Desk, database: Database):
    team, bo = await a_team(database, "Payments"), await a_user(database, "Bo")
    gone = await a_user(database, "Cy", active=False)

    with pytest.raises(Invalid, match="Bo has the role responder, which manages no team"):
        await office.do(teams.put_member, team.id, bo.id, manages=True)
    with pytest.raises(Invalid, match="Cy is deactivated"):
        await office.do(teams.put_member, team.id, gone.id, manages=False)


async def test_a_manager_arranges_their_own_team_and_no_other(office: Desk, database: Database):
    ada, bo = await a_user(database, "Ada", role="manager"), await a_user(database, "Bo")
    own, other = await a_team(database, "Payments", managers=[ada]), await a_team(database, "Search", members=[ada])

    assert (await office.as_(ada, teams.put_member, own.id, bo.id, manages=False)).sentence == "Bo belongs to Payments."
    for attempt in (
        office.as_(ada, teams.put_member, other.id, bo.id, manages=False),
        office.as_(ada, teams.remove_member, other.id, ada.id),
        office.as_(ada, teams.rename, other.id, "Mine"),
    ):
        with pytest.raises(Forbidden, match="You do not manage the team Search"):
            await attempt
    for attempt in (office.as_(ada, teams.make, "Mine"), office.as_(ada, teams.delete, own.id)):
        with pytest.raises(Forbidden, match="ask an admin"):
            await attempt


async def test_a_responder_arranges_no_team_even_one_they_are_marked_to_manage(office: Desk, database: Database):
    bo = await a_user(database, "Bo")
    team = await a_team(database, managers=[bo])

    with pytest.raises(Forbidden, match="A responder cannot change teams and what they own; ask a manager"):
        await office.as_(bo, teams.rename, team.id, "Mine")


async def test_what_is_not_there_is_told_so(office: Desk, database: Database):
    team = await a_team(database)

    with pytest.raises(NotFound, match="no such team"):
        await office.do(teams.rename, 4711, "Mine")
    with pytest.raises(NotFound, match="does not belong"):
        await office.do(teams.remove_member, team.id, office.user.id)
    with pytest.raises(Invalid, match="no such person"):
        await office.do(teams.put_member, team.id, 4711, manages=False)
