"""Changes of shift while very much is open: nobody is forgotten because there was too much for one look."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from opsknight.domain.commands.shift_changes import STEP, follow, know_all
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import LayerMemberRow, UserRow
from tests.builders import a_policy, a_schedule, a_service, a_stored_incident, a_user
from tests.clock import NOON, StoppedClock
from tests.commands.clockwork import Clockwork
from tests.conftest import Acting

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


class Storm:
    """Many incidents of one service, and a handoff in an hour from `goes` to `comes`, several people each."""

    def __init__(self, database: Database, acting: Acting, clock: StoppedClock, clockwork: Clockwork) -> None:
        self.database, self.acting, self.clock, self.clockwork = database, acting, clock, clockwork

    async def breaks_out(self, *, goes: list[UserRow], comes: list[UserRow], incidents: int, **of_steps: bool) -> None:
        """Open the incidents, and page those who are on call."""
        rota = await a_schedule(self.database, starts_at=NOON - timedelta(hours=23), unit="days")
        async with self.database.commands() as session:
            layer_id = (await session.execute(text("SELECT id FROM layers"))).scalar_one()
            for place, (group, user) in enumerate([*((0, one) for one in goes), *((1, one) for one in comes)]):
                row = LayerMemberRow(layer_id=layer_id, position=place, user_id=user.id, group_number=group)
                session.add(row)
            await session.commit()
        policy = await a_policy(self.database, rota, wait_s=2 * 3600, **of_steps)
        service = await a_service(self.database, policy=policy)
        await self.look()
        for _ in range(incidents):
            await a_stored_incident(self.database, service, timer="escalation")
        while await self.clockwork.run():
            pass

    async def look(self) -> int:
        """Look once."""
        async with self.acting("timer:waking") as uow:
            await know_all(uow)
            return await follow(uow)

    async def hand_off(self) -> int:
        """Look when the shift changes, as often as the engine would; return how often that was."""
        self.clock.advance(HOUR)
        for looks in range(1, 20):
            if await self.look() < STEP:
                return looks
        pytest.fail("the change of shift never comes to an end")

    async def acknowledged_by(self, *owners: UserRow) -> None:
        """Have the incidents acknowledged, each owner as many: the first those that are looked at first."""
        statement = text("""
            UPDATE incidents i SET status = 'acknowledged', assignee_id = n.owner, acknowledged_at = :now
            FROM (SELECT id, (CAST(:owners AS bigint[]))[ntile(:count) OVER (ORDER BY id)] AS owner FROM incidents) n
            WHERE n.id = i.id
        """)
        async with self.database.commands() as session:
            values = {"owners": [one.id for one in owners], "count": len(owners), "now": NOON}
            await session.execute(statement, values)
            await session.commit()

    async def pages(self, kind: str, user: UserRow) -> int:
        """Return for how many incidents a person was reached."""
        sql = "SELECT count(DISTINCT incident_id) FROM pages WHERE kind = :kind AND user_id = :user_id"
        return (await self.clockwork.rows(sql, kind=kind, user_id=user.id))[0][0]


@pytest.fixture
def storm(database: Database, acting: Acting, clock: StoppedClock, clockwork: Clockwork) -> Storm:
    """A storm that is still to break out."""
    return Storm(database, acting, clock, clockwork)


async def test_who_comes_on_call_is_paged_for_all_that_waits_however_few_of_them_can_be_reached(storm: Storm):
    ada, bo = await a_user(storm.database, "Ada"), await a_user(storm.database, "Bo")
    cy = await a_user(storm.database, "Cy", reachable=False)
    await storm.breaks_out(goes=[ada], comes=[bo, cy], incidents=80)

    await storm.hand_off()

    assert await storm.pages("page", bo) == 80


async def test_of_whom_it_was_told_that_they_cannot_be_paged_it_is_not_told_again(storm: Storm):
    ada, bo = await a_user(storm.database, "Ada"), await a_user(storm.database, "Bo", reachable=False)
    await storm.breaks_out(goes=[ada], comes=[bo], incidents=STEP + 10)

    looks = await storm.hand_off()

    told = [one["user"] for one in await storm.clockwork.told("not paged")]
    assert (looks, told) == (2, ["Bo"] * (STEP + 10))


async def test_whoever_could_not_be_reached_in_their_last_shift_is_paged_in_the_next(storm: Storm):
    ada, bo = await a_user(storm.database, "Ada"), await a_user(storm.database, "Bo", reachable=False)
    await storm.breaks_out(goes=[ada], comes=[bo], incidents=1)
    await storm.hand_off()
    async with storm.database.commands() as session:
        await session.execute(text("UPDATE timers SET due_at = due_at + interval '3 days'"))
        await session.execute(
            text("""
                INSERT INTO contact_methods (user_id, channel, address, verified_at, created_at)
                VALUES (:id, 'email', 'bo@example.org', :now, :now)
            """),
            {"id": bo.id, "now": NOON},
        )
        await session.commit()
    storm.clock.advance(timedelta(days=1))
    await storm.look()
    storm.clock.advance(timedelta(days=1))

    await storm.look()

    assert await storm.pages("page", bo) == 1


async def test_every_owner_whose_shift_ends_is_asked_to_hand_over(storm: Storm):
    ada, bo = await a_user(storm.database, "Ada"), await a_user(storm.database, "Bo")
    cy = await a_user(storm.database, "Cy")
    await storm.breaks_out(goes=[ada, bo], comes=[cy], incidents=2 * (STEP + 5))
    await storm.acknowledged_by(ada, bo)
    async with storm.database.commands() as session:
        await session.execute(text("UPDATE contact_methods SET disabled_at = :now WHERE user_id = :id"), {
            "now": NOON, "id": ada.id,
        })  # fmt: skip
        await session.commit()

    await storm.hand_off()

    assert await storm.pages("hand_over", bo) == STEP + 5
    assert [one["user"] for one in await storm.clockwork.told("not paged")] == ["Ada"] * (STEP + 5)


async def test_where_everyone_must_acknowledge_all_who_come_must(storm: Storm):
    ada, bo, cy = [await a_user(storm.database, name) for name in ("Ada", "Bo", "Cy")]
    await storm.breaks_out(goes=[ada], comes=[bo, cy], incidents=1, everyone=True)

    await storm.hand_off()

    ((waiting,),) = await storm.clockwork.rows("SELECT must_acknowledge -> 'waiting' FROM incidents")
    assert waiting == [ada.id, bo.id, cy.id]
