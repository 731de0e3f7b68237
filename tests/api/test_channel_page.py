"""What the page of channels reads of an installation, and for whom."""

from __future__ import annotations

import pytest

from opsknight.domain.store.engine import Database
from opsknight.jobs.channels import table
from opsknight.jobs.channels.channel import Ground
from opsknight.ui.channels.reading import Told, read_channels
from opsknight.ui.viewer import Viewer
from tests.api.house import House
from tests.builders import a_room, a_team, a_user


@pytest.fixture
def rooms_of_all(house: House) -> House:
    """A house that knows every channel."""
    house.deps.channels = table.kinds(Ground(house.deps.settings, "", house.clock.now))
    return house


async def told_to(house: House, user_id: int, role: str) -> Told:
    return await read_channels(house.deps, Viewer(user_id, "Ada", role))


async def test_a_manager_changes_rooms_of_their_own_teams_alone_and_sees_no_costs(
    rooms_of_all: House, database: Database
):
    boss = await a_user(database, role="manager")
    ours, theirs = await a_team(database, "Ours", managers=[boss]), await a_team(database, "Theirs", members=[boss])
    for team in (theirs, ours):
        await a_room(database, team, label="ops")

    told = await told_to(rooms_of_all, boss.id, "manager")

    assert told.managed == {ours.id: "Ours"}
    assert [(room["team"], room["name"]) for room in told.rooms] == [("Ours", "ops in Mail"), ("Theirs", "ops in Mail")]
    assert told.costs is None


async def test_who_was_made_a_responder_since_manages_no_team_any_more(rooms_of_all: House, database: Database):
    boss = await a_user(database, role="responder")
    await a_team(database, "Ours", managers=[boss])

    assert (await told_to(rooms_of_all, boss.id, "responder")).managed == {}


async def test_an_admin_changes_the_rooms_of_all_teams_and_sees_the_costs(rooms_of_all: House, database: Database):
    admin, team = await a_user(database, role="admin"), await a_team(database, "Theirs")

    told = await told_to(rooms_of_all, admin.id, "admin")

    assert told.managed == {team.id: "Theirs"}
    assert told.costs is not None


async def test_every_channel_is_told_of_but_our_own(rooms_of_all: House, database: Database):
    admin = await a_user(database, role="admin")

    told = await told_to(rooms_of_all, admin.id, "admin")

    told_of = {standing.kind.slug: standing.kind.ready for standing in told.standings}
    assert set(told_of) == set(rooms_of_all.deps.channels) - {"sink"}
    assert (told_of["email"], told_of["telegram"]) == (True, False)


async def test_nobody_vouches_before_a_canary_has_arrived(rooms_of_all: House, database: Database):
    admin = await a_user(database, role="admin")

    vouched = (await told_to(rooms_of_all, admin.id, "admin")).vouched

    assert vouched.doubts
    assert (vouched.last_at, vouched.watched) == (None, False)
