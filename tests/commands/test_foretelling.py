"""Who is told that their shift begins, and who of gaps: once, and before it matters."""

from __future__ import annotations

from datetime import timedelta

import pytest

from opsknight.domain.commands import overrides
from opsknight.domain.commands.foretelling import announce_shifts, warn_of_gaps
from opsknight.domain.commands.leaves import Wish as Leave
from opsknight.domain.commands.leaves import take_leave
from opsknight.domain.model.override import Change
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import LayerRow, ScheduleRow, UserRow
from tests.builders import a_policy, a_schedule, a_service, a_stored_incident, a_team, a_user
from tests.clock import NOON, StoppedClock
from tests.commands.clockwork import Clockwork
from tests.commands.desk import Desk
from tests.conftest import Acting

HOUR, MINUTE, DAY = timedelta(hours=1), timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
async def ada(database: Database) -> UserRow:
    return await a_user(database, "Ada", zone="Europe/Berlin")


@pytest.fixture
async def bo(database: Database) -> UserRow:
    return await a_user(database, "Bo")


async def asked(database: Database, schedule: ScheduleRow, **more: object) -> None:
    """Have a policy of a service ask the schedule: only such schedules matter."""
    await a_service(database, "Checkout", policy=await a_policy(database, schedule))


async def messages(clockwork: Clockwork) -> list[tuple[str, str, str]]:
    sql = (
        "SELECT u.name, p.kind, p.reason FROM pages p JOIN users u ON u.id = p.user_id"
        " JOIN notifications n ON n.page_id = p.id ORDER BY p.id"
    )
    return [(name, kind, reason) for name, kind, reason in await clockwork.rows(sql)]


async def test_a_discreet_reminder_of_a_shift_names_services_instead_of_titles(
    database: Database, acting: Acting, clock: StoppedClock, clockwork: Clockwork, ada: UserRow, bo: UserRow
):
    schedule = await a_schedule(database, bo, ada, name="Primary", starts_at=NOON - 6 * DAY - 23 * HOUR)
    service = await a_service(database, "Payroll", policy=await a_policy(database, schedule))
    late = await a_stored_incident(database, service, title="Payroll of Grace is late")
    owned = await a_stored_incident(
        database, service, title="Bo's laptop is gone", status="acknowledged", assignee_id=bo.id
    )
    clock.advance(5 * MINUTE)

    async with acting("housekeeping:shifts") as uow:
        await announce_shifts(uow, discreet=True)

    ((_, _, words),) = await messages(clockwork)
    assert "Grace" not in words
    assert "laptop" not in words
    assert f"#{late.number} Payroll (open)" in words.splitlines()
    assert f"Bo still owns #{owned.number} Payroll." in words.splitlines()


async def test_who_comes_on_call_is_told_an_hour_before_with_what_is_open(
    database: Database, acting: Acting, clock: StoppedClock, clockwork: Clockwork, ada: UserRow, bo: UserRow
):
    schedule = await a_schedule(database, bo, ada, name="Primary", starts_at=NOON - 6 * DAY - 23 * HOUR)
    policy = await a_policy(database, schedule)
    await a_stored_incident(database, await a_service(database, policy=policy), title="Disk full")
    clock.advance(5 * MINUTE)

    async with acting("housekeeping:shifts") as uow:
        await announce_shifts(uow)

    ((name, kind, words),) = await messages(clockwork)
    assert (name, kind) == ("Ada", "shift")
    lines = words.splitlines()
    assert lines[0] == "Your shift on Primary begins in 55 min"
    assert lines[1].startswith("From Tue 24 Nov 14:00 CET until Tue 1 Dec 14:00 CET")
    assert lines[2:4] == ["Open on its services:", "#1 Disk full (open)"]
    assert "alone, and mail and push wake nobody" in lines[4]


async def test_a_shift_is_announced_once(
    database: Database, acting: Acting, clock: StoppedClock, clockwork: Clockwork, ada: UserRow, bo: UserRow
):
    await asked(database, await a_schedule(database, bo, ada, starts_at=NOON - 6 * DAY - 23 * HOUR))
    clock.advance(5 * MINUTE)

    for _ in range(3):
        async with acting("housekeeping:shifts") as uow:
            await announce_shifts(uow)
        clock.advance(MINUTE)

    assert len(await messages(clockwork)) == 1


async def test_who_takes_turns_every_hour_is_not_told_each_time(
    database: Database, acting: Acting, clock: StoppedClock, clockwork: Clockwork, ada: UserRow, bo: UserRow
):
    await asked(database, await a_schedule(database, bo, ada, unit="hours"))
    clock.advance(5 * MINUTE)

    async with acting("housekeeping:shifts") as uow:
        await announce_shifts(uow)

    assert await messages(clockwork) == []


async def test_for_somebody_who_cannot_be_reached_the_managers_are_told(
    database: Database, acting: Acting, clock: StoppedClock, clockwork: Clockwork, bo: UserRow
):
    lost = await a_user(database, "Cy", reachable=False)
    team = await a_team(database, managers=[await a_user(database, "Max")])
    starts_at = NOON - 6 * DAY - 23 * HOUR
    await asked(database, await a_schedule(database, bo, lost, team=team, name="Primary", starts_at=starts_at))
    clock.advance(5 * MINUTE)

    async with acting("housekeeping:shifts") as uow:
        await announce_shifts(uow)

    ((name, kind, words),) = await messages(clockwork)
    assert (name, kind) == ("Max", "gap")
    assert words.startswith("Cy cannot be reached, and their shift on Primary begins Tue 24 Nov 13:00 UTC")


async def test_gaps_to_come_are_told_to_who_answers_for_the_schedule_and_only_once(
    database: Database, acting: Acting, clock: StoppedClock, clockwork: Clockwork, ada: UserRow
):
    team = await a_team(database, managers=[await a_user(database, "Max")])
    schedule = await a_schedule(database, ada, team=team, name="Primary")
    await asked(database, schedule)
    async with database.commands() as session:
        layer = await session.get(LayerRow, 1)
        assert layer is not None
        layer.ends_at = (NOON + 3 * DAY).replace(tzinfo=None)
        await session.commit()

    for _ in range(2):
        async with acting("housekeeping:gaps") as uow:
            await warn_of_gaps(uow)
        clock.advance(HOUR)

    ((name, kind, words),) = await messages(clockwork)
    assert (name, kind) == ("Max", "gap")
    assert words.splitlines()[0] == "Nobody is on call on Primary from Fri 27 Nov 12:00 UTC"
    assert [fact["name"] for fact in await clockwork.told("gap told")] == ["Primary"]


async def test_a_schedule_that_no_policy_asks_warns_nobody(
    database: Database, acting: Acting, clockwork: Clockwork, ada: UserRow
):
    await a_schedule(database, ada, starts_at=NOON + DAY)

    async with acting("housekeeping:gaps") as uow:
        await warn_of_gaps(uow)

    assert await messages(clockwork) == []


async def test_the_reminder_says_what_must_be_mended_before_the_shift(
    database: Database, acting: Acting, clock: StoppedClock, clockwork: Clockwork, ada: UserRow, bo: UserRow
):
    await asked(database, await a_schedule(database, bo, ada, starts_at=NOON - 6 * DAY - 23 * HOUR))
    async with acting(f"user:{ada.id}") as uow:
        await take_leave(uow, Leave(ada.id, NOON + 2 * HOUR, NOON + 4 * HOUR))
    clock.advance(5 * MINUTE)

    async with acting("housekeeping:shifts") as uow:
        await announce_shifts(uow)

    words = next(reason for name, kind, reason in await messages(clockwork) if (name, kind) == ("Ada", "shift"))
    assert words.splitlines()[-1] == (
        "You are away from Tue 24 Nov 15:00 CET until Tue 24 Nov 17:00 CET, and on call all the same."
        " Name a substitute, or ask others to take it."
    )


async def test_who_covered_an_hour_is_told_of_their_own_week_all_the_same(
    database: Database, desk: Desk, clock: StoppedClock, clockwork: Clockwork, bo: UserRow
):
    schedule = await a_schedule(database, bo, desk.user, name="Primary", starts_at=NOON - 7 * DAY + 5 * HOUR)
    await asked(database, schedule)
    cover = overrides.Wish(Change.REPLACE, NOON, NOON + HOUR, desk.user.id, bo.id)
    await desk.do(overrides.override, schedule.id, cover)
    clock.advance(4 * HOUR + 5 * MINUTE)

    await desk.as_("housekeeping:shifts", announce_shifts)

    ((name, _, words),) = await messages(clockwork)
    assert (name, words.splitlines()[0]) == ("Ada", "Your shift on Primary begins in 55 min")


async def test_whose_next_turn_begins_as_the_last_one_ends_is_not_told(
    database: Database, desk: Desk, clock: StoppedClock, clockwork: Clockwork, bo: UserRow
):
    await asked(database, await a_schedule(database, bo, starts_at=NOON - 6 * DAY - 23 * HOUR))
    clock.advance(5 * MINUTE)

    await desk.as_("housekeeping:shifts", announce_shifts)

    assert await messages(clockwork) == []
