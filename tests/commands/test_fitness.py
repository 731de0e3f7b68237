"""Who is told that somebody is not ready to be on call: the person once a day, then their lead."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from opsknight.domain.commands.fitness import tell
from opsknight.domain.commands.left_alone import do_not_disturb
from opsknight.domain.queries.fitness import Ground, fitness
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import ContactMethodRow, LeaveRow, NotificationRuleRow, UserRow
from tests.builders import a_contact_method, a_policy, a_schedule, a_service, a_team, a_user
from tests.clock import NOON, StoppedClock
from tests.commands.clockwork import Clockwork
from tests.conftest import Acting

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
GROUND = Ground(unset=(), loud=True)


class Night:
    """Ada is on call on Primary of Payments, which Max manages; housekeeping looks when it is told to."""

    def __init__(self, database: Database, acting: Acting, clock: StoppedClock, clockwork: Clockwork) -> None:
        self.database, self.acting, self.clock, self.clockwork = database, acting, clock, clockwork

    async def begin(self, *, reachable: bool = True, managed: bool = True) -> UserRow:
        self.ada = await a_user(self.database, "Ada", reachable=reachable)
        self.max = await a_user(self.database, "Max", role="manager")
        team = await a_team(self.database, "Payments", managers=[self.max] if managed else [])
        await a_schedule(self.database, self.ada, team=team, name="Primary")
        return self.ada

    async def look(self, ground: Ground = GROUND) -> list[tuple[str, str]]:
        """Look, and return whom that told, with the first line."""
        before = len(await self._told())
        async with self.acting("housekeeping:readiness") as uow:
            await tell(uow, ground)
        return (await self._told())[before:]

    async def _told(self) -> list[tuple[str, str]]:
        sql = (
            "SELECT u.name, split_part(p.reason, chr(10), 1) FROM pages p JOIN users u ON u.id = p.user_id"
            " WHERE p.kind = 'readiness' ORDER BY p.id"
        )
        return [(name, line) for name, line in await self.clockwork.rows(sql)]

    async def wakes(self) -> None:
        """Give Ada a number that wakes her."""
        await a_contact_method(self.database, self.ada, channel="voice", address="+491511")

    async def switches_off(self, channel: str) -> None:
        """Switch what Ada has on a channel off."""
        async with self.database.commands() as session:
            off = update(ContactMethodRow).where(ContactMethodRow.channel == channel)
            await session.execute(off.values(disabled_at=self.clock.now()))
            await session.commit()


@pytest.fixture
def night(database: Database, acting: Acting, clock: StoppedClock, clockwork: Clockwork) -> Night:
    return Night(database, acting, clock, clockwork)


YOU = ("Ada", "You are on call on Primary and not ready for it")
LEAD = ("Max", "Not ready to be on call: Ada")


async def test_who_is_red_is_told_once_a_day(night: Night):
    await night.begin()

    first, second = await night.look(), await night.look()
    night.clock.advance(23 * HOUR)
    third = await night.look()

    assert (first, second, third) == ([YOU], [], [])


async def test_after_a_day_of_red_the_lead_is_told_as_well(night: Night):
    await night.begin()
    await night.look()
    night.clock.advance(DAY)

    assert await night.look() == [YOU, LEAD]
    assert await night.look() == []


async def test_who_mended_it_is_told_no_more_and_the_lead_never(night: Night):
    await night.begin()
    await night.look()
    await night.wakes()
    night.clock.advance(DAY)

    assert await night.look() == []


async def test_red_again_counts_its_day_anew(night: Night):
    await night.begin()
    await night.look()
    night.clock.advance(HOUR)
    await night.wakes()
    await night.look()
    night.clock.advance(22 * HOUR)
    await night.switches_off("voice")

    assert await night.look() == []
    night.clock.advance(HOUR)
    assert await night.look() == [YOU]
    night.clock.advance(23 * HOUR)
    assert await night.look() == [LEAD]


async def test_whom_no_message_reaches_is_told_of_to_the_lead_at_once(night: Night):
    await night.begin(reachable=False)

    assert await night.look() == [LEAD]


async def test_where_nobody_manages_the_team_the_admins_are_told(night: Night):
    await night.begin(reachable=False, managed=False)
    await a_user(night.database, "Root", role="admin")

    assert await night.look() == [("Root", LEAD[1])]


async def test_an_observer_is_told_and_a_day_later_their_lead(night: Night):
    await night.begin()
    await night.wakes()
    async with night.database.commands() as session:
        await session.execute(update(UserRow).where(UserRow.name == "Ada").values(role="observer"))
        await session.commit()

    first = await night.look()
    night.clock.advance(DAY)
    later = await night.look()

    assert (first, later) == ([YOU], [YOU, LEAD])


async def test_whom_a_policy_of_a_service_asks_directly_counts_as_always_on_call(night: Night):
    await night.begin()
    await night.wakes()
    bo, cy = await a_user(night.database, "Bo"), await a_user(night.database, "Cy")
    await a_service(night.database, policy=await a_policy(night.database, bo))
    await a_policy(night.database, cy)

    told = await night.look()
    async with night.database.screens() as session:
        lines = {line["name"]: line["turns"] for line in await fitness(session, GROUND, at=NOON)}

    assert [name for name, _ in told] == ["Bo"]
    assert lines.keys() == {"Ada", "Bo"}
    assert [(turn["schedule_id"], turn["policy"][:6]) for turn in lines["Bo"]] == [(None, "Policy")]


async def test_what_only_an_operator_can_mend_is_told_to_nobody_by_message(night: Night):
    await night.begin()

    assert await night.look(Ground(unset=(), loud=False)) == []


async def test_at_night_nobody_is_told_of_a_turn_that_is_days_away(night: Night):
    await night.begin()
    night.ada = await a_user(night.database, "Bo", zone="Pacific/Auckland")
    await a_schedule(night.database, night.ada, name="Later", starts_at=NOON + 3 * DAY)

    assert await night.look() == [YOU]


async def test_the_ledger_says_who_was_told(night: Night):
    await night.begin()
    await night.look()

    (data,) = await night.clockwork.rows("SELECT data FROM facts WHERE kind = 'readiness told'")
    assert data[0] == {"user": "Ada", "user_id": night.ada.id, "reason": YOU[1]}


async def test_everybody_of_the_next_seven_days_is_listed_with_what_is_known(night: Night):
    ada = await night.begin()
    bo = await a_user(night.database, "Bo")
    await a_schedule(night.database, bo, name="Soon", starts_at=NOON + 6 * DAY)
    late = await a_user(night.database, "Late")
    await a_schedule(night.database, late, name="Far", starts_at=NOON + 8 * DAY)
    await night.wakes()
    async with night.database.commands() as session:
        leave = LeaveRow(user_id=ada.id, start_at=NOON, end_at=NOON + DAY, created_at=NOON)
        session.add(leave)
        await session.commit()

    async with night.database.screens() as session:
        lines = await fitness(session, GROUND, at=NOON, readable=set())

    assert [(line["name"], line["state"]) for line in lines] == [("Ada", "bad"), ("Bo", "bad")]
    (first, _) = lines
    assert [item["name"] for item in first["items"] if item["state"] == "bad"] == ["away"]
    assert [(way["channel"], way["works"], way["loud"]) for way in first["ways"]] == [
        ("email", True, False),
        ("voice", True, True),
    ]
    assert first["ways"][0]["label"].startswith("p…@")


async def test_a_number_that_nothing_carries_does_not_wake(night: Night):
    await night.begin()
    await night.wakes()

    assert await night.look(Ground(unset={"voice"}, loud=True)) == [YOU]


async def test_whoever_gets_the_pages_of_who_is_not_to_be_disturbed_is_judged_and_told(night: Night):
    ada, bo = await night.begin(), await a_user(night.database, "Bo")
    await night.wakes()
    async with night.acting(f"user:{ada.id}") as uow:
        await do_not_disturb(uow, until=NOON + 3 * HOUR, substitute_id=bo.id)

    told = await night.look()
    async with night.database.screens() as session:
        lines = await fitness(session, GROUND, at=NOON)

    assert told == [("Bo", YOU[1])]
    assert (lines[0]["name"], lines[0]["state"]) == ("Bo", "bad")
    [turn] = lines[0]["turns"]
    assert turn["end_at"] == (NOON + 3 * HOUR).timestamp()
    said = {item["name"]: item["sentence"] for line in lines for item in line["items"]}
    assert said["stands_in"] == "Gets the pages of Ada, who is not to be disturbed."
    assert said["instead"].startswith("Not to be disturbed: Bo gets the pages until")


async def test_own_rules_decide_what_wakes(night: Night):
    ada = await night.begin()
    await night.wakes()
    async with night.database.commands() as session:
        mail = (await night.clockwork.rows("SELECT id FROM contact_methods WHERE channel = 'email' ORDER BY id"))[0][0]
        session.add(NotificationRuleRow(user_id=ada.id, urgency="high", contact_method_id=mail))
        await session.commit()

    assert await night.look() == [YOU]
