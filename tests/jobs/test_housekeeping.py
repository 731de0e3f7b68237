"""Housekeeping at work: the auditor looks as soon as the process has started."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import update

from opsknight.domain.commands.weekly_drills import set_weekly
from opsknight.domain.model.drill import LASTS
from opsknight.domain.model.liveness import SILENT_AFTER
from opsknight.domain.model.weekly import Weekly
from opsknight.domain.store.tables import InstallationRow
from opsknight.jobs.housekeeping import Housekeeping
from tests.bounds import WIDER
from tests.builders import a_contact_method, a_schedule, a_user
from tests.jobs.pager import Pager, until

HOUR = timedelta(hours=1)


async def test_the_first_audit_does_not_wait_for_its_turn(pager: Pager) -> None:
    incident = await pager.an_incident(timer="")
    housekeeping = Housekeeping(pager.deps, partitions=None)

    async def armed() -> list[tuple[object, ...]]:
        return await pager.rows("SELECT subject, kind FROM timers")

    housekeeping.start()
    try:
        await until(armed, [(incident.id, "escalation")], within_s=5 * WIDER)
    finally:
        housekeeping.stop()


async def test_who_was_on_call_is_recorded_once_however_often_it_runs(pager: Pager) -> None:
    clock, began = pager.deps.clock, pager.deps.clock.now().replace(microsecond=0) - 3 * HOUR
    ada = await a_user(pager.deps.database, "Ada")
    schedule = await a_schedule(pager.deps.database, ada, starts_at=began)
    housekeeping = Housekeeping(pager.deps, partitions=None)

    await housekeeping.shifts()
    clock.offset += HOUR
    await housekeeping.shifts()

    [(of, user, start_at, end_at)] = await pager.rows(
        "SELECT schedule_id, user_id, start_at, end_at FROM recorded_shifts"
    )
    assert (of, user, start_at) == (schedule.id, ada.id, began)
    assert end_at == clock.now()


async def test_a_weekly_drill_begins_at_its_time_and_ends(pager: Pager) -> None:
    clock, database = pager.deps.clock, pager.deps.database
    root, now = await a_user(database, "Root", role="admin"), clock.now()
    await a_schedule(database, root, starts_at=now - 24 * HOUR)
    at = now + HOUR
    async with pager.deps.commands(f"user:{root.id}") as uow:
        await set_weekly(uow, Weekly(at.isoweekday(), at.hour, "UTC"))
    housekeeping = Housekeeping(pager.deps, partitions=None)

    await housekeeping.drills()
    before = await pager.rows("SELECT about FROM drills")
    clock.offset += at.replace(minute=0, second=0, microsecond=0) - now
    await housekeeping.drills()
    clock.offset += LASTS
    await housekeeping.drills()

    assert before == []
    facts = await pager.rows("SELECT kind FROM facts WHERE kind LIKE 'drill %' ORDER BY seq")
    assert facts == [("drill began",), ("drill ended",)]


async def test_who_is_on_call_and_not_ready_is_told(pager: Pager) -> None:
    ada, now = await a_user(pager.deps.database, "Ada", reachable=False), pager.deps.clock.now()
    root = await a_user(pager.deps.database, "Root", role="admin")
    await a_schedule(pager.deps.database, ada, starts_at=now - HOUR)

    await Housekeeping(pager.deps, partitions=None).readiness()

    assert await pager.rows("SELECT user_id FROM pages WHERE kind = 'readiness'") == [(root.id,)]


async def test_of_a_silent_device_its_person_is_told_and_it_is_asked_once_however_often_it_runs(pager: Pager) -> None:
    ada = await a_user(pager.deps.database, "Ada")
    long_ago = pager.deps.clock.now() - SILENT_AFTER
    await a_contact_method(pager.deps.database, ada, channel="push", label="Phone", heard_at=long_ago)
    housekeeping = Housekeeping(pager.deps, partitions=None)

    await housekeeping.devices()
    await housekeeping.devices()

    pages = "SELECT p.kind, m.channel FROM pages p JOIN notifications n ON n.page_id = p.id"
    found = await pager.rows(f"{pages} JOIN contact_methods m ON m.id = n.contact_method_id ORDER BY p.kind")
    assert found == [("check", "push"), ("silent", "email")]


async def test_a_restored_copy_tells_nobody_anything_until_it_is_armed_and_keeps_house_all_the_same(
    pager: Pager,
) -> None:
    incident = await pager.an_incident(timer="")
    async with pager.database.commands() as session:
        await session.execute(update(InstallationRow).values(restored_at=pager.deps.clock.now()))
        await session.commit()
    housekeeping = Housekeeping(pager.deps, partitions=None)

    async def armed() -> list[tuple[object, ...]]:
        return await pager.rows("SELECT subject FROM timers")

    housekeeping.start()
    try:
        await until(armed, [(incident.id,)], within_s=5 * WIDER)
    finally:
        housekeeping.stop()

    assert await pager.rows("SELECT count(*) FROM canaries") == [(0,)]
