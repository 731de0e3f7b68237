"""What the pages of escalation policies read, on a real database."""

from __future__ import annotations

from opsknight.deps import Deps
from opsknight.domain.store.engine import Database
from opsknight.settings import Settings
from opsknight.ui.reading import Askable, read_askable, read_policy_lines
from tests.builders import a_policy, a_schedule, a_service, a_team, a_user
from tests.clock import NOON, StoppedClock


async def test_each_policy_is_told_with_its_own_warnings(database: Database, clock: StoppedClock):
    ada, bo = await a_user(database, "Ada"), await a_user(database, "Bo", reachable=False)
    team = await a_team(database, "Payments")
    well, ill = await a_policy(database, ada, team=team), await a_policy(database, ada, bo, team=team)
    await a_policy(database, bo, team=team, deleted_at=NOON)
    await a_service(database, "Checkout", team=team, policy=well)
    deps = Deps(Settings(_env_file=None, smtp_url="smtp://localhost:25"), clock)
    await deps.open(database)

    found = await read_policy_lines(deps)

    told = [
        (line["id"], [one["name"] for one in line["services"]], {each["step"] for each in its}) for line, its in found
    ]
    assert told == [(well.id, ["Checkout"], set()), (ill.id, [], {2})]


async def test_who_left_and_what_was_deleted_cannot_be_asked(database: Database, clock: StoppedClock):
    ada = await a_user(database, "Ada")
    await a_user(database, "Aaron", active=False)
    team = await a_team(database, "Payments")
    schedule = await a_schedule(database, ada, name="Primary", team=team)
    await a_schedule(database, ada, name="Old", team=team, deleted_at=NOON)
    deps = Deps(Settings(_env_file=None, smtp_url="smtp://localhost:25"), clock)
    await deps.open(database)

    found = await read_askable(deps)

    assert found == Askable({str(schedule.id): "Primary"}, {str(ada.id): "Ada"}, {str(team.id): "Payments"})
