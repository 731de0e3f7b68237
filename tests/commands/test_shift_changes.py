"""Changes of shift while incidents go on: who comes on call is paged, who goes is asked to hand over."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text

from opsknight.domain.commands.shift_changes import follow, know_all
from opsknight.domain.commands.waking import due
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import ScheduleRow, UserRow
from tests.builders import a_policy, a_schedule, a_service, a_stored_incident, a_user
from tests.clock import NOON, StoppedClock
from tests.commands.clockwork import Clockwork
from tests.conftest import Acting

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


async def a_day_rota(database: Database, *people: UserRow) -> ScheduleRow:
    """Turns of a day, handed over at one o'clock in the afternoon, UTC: in an hour."""
    return await a_schedule(database, *people, starts_at=NOON - timedelta(hours=23), unit="days")


async def look(acting: Acting, clock: StoppedClock, *, after: timedelta = timedelta()) -> int:
    clock.advance(after)
    async with acting("timer:waking") as uow:
        await know_all(uow)
        return await follow(uow)


async def test_who_comes_on_call_while_an_incident_waits_on_their_step_is_paged_then(
    database: Database, acting: Acting, clock: StoppedClock, clockwork: Clockwork
):
    ada, bo = await a_user(database, "Ada"), await a_user(database, "Bo")
    policy = await a_policy(database, await a_day_rota(database, ada, bo), wait_s=2 * 3600)
    await a_stored_incident(database, await a_service(database, policy=policy), timer="escalation")
    await look(acting, clock)
    await clockwork.run()

    early = await look(acting, clock, after=HOUR - timedelta(seconds=1))
    at_the_handoff = await look(acting, clock, after=timedelta(seconds=1))
    again = await look(acting, clock, after=MINUTE)

    assert (early, at_the_handoff, again) == (0, 1, 0)
    assert await clockwork.paged() == ["Ada", "Bo"]
    assert (await clockwork.told("came on call"))[0]["user"] == "Bo"
    assert await clockwork.rows("SELECT count(*) FROM timers") == [(1,)]


async def test_it_is_looked_again_at_the_very_handoff(database: Database, acting: Acting, clock: StoppedClock):
    await a_day_rota(database, await a_user(database), await a_user(database))
    await look(acting, clock)
    clock.advance(HOUR - timedelta(seconds=10))
    await look(acting, clock)

    async with database.engine_reads() as session:
        before = await due(session, now=clock.now())
        at_the_handoff = await due(session, now=clock.now() + timedelta(seconds=10))

    assert (before, at_the_handoff) == ([], [follow])


async def test_who_comes_on_call_is_not_paged_for_a_later_step_of_somebody_else(
    database: Database, acting: Acting, clock: StoppedClock, clockwork: Clockwork
):
    ada, bo, cy = [await a_user(database, name) for name in ("Ada", "Bo", "Cy")]
    policy = await a_policy(database, await a_day_rota(database, ada, bo), cy, wait_s=[60, 2 * 3600])
    await a_stored_incident(database, await a_service(database, policy=policy), timer="escalation")
    await look(acting, clock)
    await clockwork.run()
    await clockwork.run(after=MINUTE)

    await look(acting, clock, after=HOUR)

    assert await clockwork.paged() == ["Ada", "Cy"]


async def test_where_targets_take_turns_only_the_one_who_was_asked_is_replaced(
    database: Database, acting: Acting, clock: StoppedClock, clockwork: Clockwork
):
    ada, bo, cy = [await a_user(database, name) for name in ("Ada", "Bo", "Cy")]
    policy = await a_policy(database, [cy, await a_day_rota(database, ada, bo)], wait_s=2 * 3600, round_robin=True)
    await a_stored_incident(database, await a_service(database, policy=policy), timer="escalation")
    await look(acting, clock)
    await clockwork.run()

    await look(acting, clock, after=HOUR)

    assert await clockwork.paged() == ["Cy"]


async def test_at_the_end_of_a_shift_the_owner_is_asked_once_to_hand_over(
    database: Database, acting: Acting, clock: StoppedClock, clockwork: Clockwork
):
    ada, bo = await a_user(database, "Ada"), await a_user(database, "Bo")
    policy = await a_policy(database, await a_day_rota(database, ada, bo))
    service = await a_service(database, policy=policy)
    await a_stored_incident(database, service, timer="escalation")
    await look(acting, clock)
    await clockwork.run()
    await become_acknowledged(database, ada)

    asked = await look(acting, clock, after=HOUR)
    again = await look(acting, clock, after=MINUTE)

    assert (asked, again) == (1, 0)
    assert await clockwork.paged() == ["Ada", "Ada"]
    assert await clockwork.rows("SELECT kind, reason FROM pages WHERE kind <> 'page'") == [
        ("hand_over", f"Bo is on call on {await rota_name(clockwork)} now")
    ]
    assert (await clockwork.told("hand over asked"))[0]["user"] == "Ada"


async def test_who_owns_an_incident_of_another_schedule_is_left_alone(
    database: Database, acting: Acting, clock: StoppedClock, clockwork: Clockwork
):
    ada, bo, cy = [await a_user(database, name) for name in ("Ada", "Bo", "Cy")]
    await a_day_rota(database, ada, bo)
    await a_stored_incident(database, await a_service(database, pages=[cy]), timer="escalation")
    await look(acting, clock)
    await clockwork.run()
    await become_acknowledged(database, ada)

    assert await look(acting, clock, after=HOUR) == 0


async def become_acknowledged(database: Database, by: UserRow) -> None:
    async with database.commands() as session:
        statement = text("UPDATE incidents SET status = 'acknowledged', assignee_id = :by, acknowledged_at = :now")
        await session.execute(statement, {"by": by.id, "now": NOON})
        await session.commit()


async def rota_name(clockwork: Clockwork) -> str:
    return (await clockwork.rows("SELECT name FROM schedules"))[0][0]


async def test_who_comes_on_call_during_the_policy_s_last_wait_is_paged_too(
    database: Database, acting: Acting, clock: StoppedClock, clockwork: Clockwork
):
    ada, bo = await a_user(database, "Ada"), await a_user(database, "Bo")
    policy = await a_policy(database, await a_day_rota(database, ada, bo), wait_s=2 * 3600, repeats=0)
    await a_stored_incident(database, await a_service(database, policy=policy), timer="escalation")
    await look(acting, clock)
    await clockwork.run()

    await look(acting, clock, after=HOUR)

    assert await clockwork.paged() == ["Ada", "Bo"]
    assert await clockwork.timer() == ("safety_net", HOUR)


async def test_once_the_safety_net_pages_who_comes_on_call_is_left_to_it(
    database: Database, acting: Acting, clock: StoppedClock, clockwork: Clockwork
):
    ada, bo = await a_user(database, "Ada"), await a_user(database, "Bo")
    await a_user(database, "Root", role="admin")
    policy = await a_policy(database, await a_day_rota(database, ada, bo), wait_s=60, repeats=0)
    await a_stored_incident(database, await a_service(database, policy=policy), timer="escalation")
    await look(acting, clock)
    await clockwork.run()
    await clockwork.run(after=MINUTE)

    await look(acting, clock, after=HOUR)

    assert await clockwork.paged() == ["Ada", "Root"]
