"""Firing timers on a real database: who is paged, what is armed next, and what the ledger says."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from opsknight.domain.commands import incidents, leaves, overrides
from opsknight.domain.commands.claims import claim, put_back
from opsknight.domain.commands.escalations import fire
from opsknight.domain.model.override import Change
from opsknight.domain.store.engine import Database
from tests.builders import (
    a_notification,
    a_page,
    a_policy,
    a_schedule,
    a_service,
    a_stored_incident,
    a_team,
    a_timer,
    a_user,
)
from tests.clock import StoppedClock
from tests.conftest import Acting


class Engine:
    """Claims and fires what is due at the clock's instant."""

    def __init__(self, database: Database, acting: Acting, clock: StoppedClock) -> None:
        self._database = database
        self._acting = acting
        self.clock = clock

    async def run(self, *, after: timedelta = timedelta()) -> int:
        self.clock.advance(after)
        async with self._acting("engine:claim") as uow:
            timers = await claim(uow, worker=1, limit=100)
        async with self._acting("timer:engine") as uow:
            await fire(uow, timers)
        return len(timers)

    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        async with self._database.screens() as session:
            return [tuple(row) for row in await session.execute(text(sql))]

    async def timer(self) -> tuple[str, timedelta] | None:
        """The kind of the only timer, and how long from now it is due."""
        rows = await self.rows("SELECT kind, due_at FROM timers")
        return (rows[0][0], rows[0][1] - self.clock.now()) if rows else None

    async def paged(self) -> list[str]:
        sql = (
            "SELECT u.name FROM pages p JOIN users u ON u.id = p.user_id WHERE p.incident_id IS NOT NULL ORDER BY p.id"
        )
        return [name for (name,) in await self.rows(sql)]

    async def told(self, kind: str) -> list[dict[str, Any]]:
        return [data for (data,) in await self.rows(f"SELECT data FROM facts WHERE kind = '{kind}' ORDER BY seq")]  # noqa: S608


@pytest.fixture
def engine(database: Database, acting: Acting, clock: StoppedClock) -> Engine:
    return Engine(database, acting, clock)


async def test_the_first_step_pages_who_is_on_call_and_arms_the_next(database: Database, engine: Engine):
    ada, bo = await a_user(database, "Ada"), await a_user(database, "Bo")
    rota = await a_schedule(database, bo, ada)
    await a_stored_incident(database, await a_service(database, pages=[rota, bo]), timer="escalation")

    await engine.run()

    assert await engine.paged() == ["Ada"]
    assert await engine.timer() == ("escalation", timedelta(minutes=5))
    assert await engine.rows("SELECT next_step, lap, policy IS NOT NULL FROM incidents") == [(1, 0, True)]
    assert await engine.rows("SELECT channel, status, due_at FROM notifications") == [
        ("email", "queued", engine.clock.now())
    ]
    assert (await engine.told("step fired"))[0]["people"] == ["Ada"]


@pytest.mark.parametrize("change", ["replace", "leave"])
async def test_who_is_on_call_instead_is_paged(database: Database, acting: Acting, engine: Engine, change: str):
    ada, bo = await a_user(database, "Ada"), await a_user(database, "Bo")
    rota = await a_schedule(database, ada)
    await a_stored_incident(database, await a_service(database, pages=[rota]), timer="escalation")
    span = {"start_at": engine.clock.now(), "end_at": engine.clock.now() + timedelta(hours=1)}
    async with acting(f"user:{ada.id}") as uow:
        if change == "leave":
            await leaves.take_leave(uow, leaves.Wish(ada.id, **span, substitute_id=bo.id))
        else:
            await overrides.override(uow, rota.id, overrides.Wish(Change.REPLACE, **span, user_id=bo.id))

    await engine.run()

    assert await engine.paged() == ["Bo"]


async def test_the_second_step_fires_when_its_wait_is_over_and_not_before(database: Database, engine: Engine):
    ada, bo = await a_user(database, "Ada"), await a_user(database, "Bo")
    await a_stored_incident(database, await a_service(database, pages=[ada, bo]), timer="escalation")
    await engine.run()

    early = await engine.run(after=timedelta(minutes=4, seconds=59))
    await engine.run(after=timedelta(seconds=1))

    assert early == 0
    assert await engine.paged() == ["Ada", "Bo"]


async def test_an_edited_policy_does_not_disturb_an_incident_that_is_being_paged(database: Database, engine: Engine):
    ada, bo = await a_user(database, "Ada"), await a_user(database, "Bo")
    await a_stored_incident(database, await a_service(database, pages=[ada, bo]), timer="escalation")
    await engine.run()
    async with database.commands() as session:
        await session.execute(text("DELETE FROM escalation_steps WHERE position = 1"))
        await session.commit()

    await engine.run(after=timedelta(minutes=5))

    assert await engine.paged() == ["Ada", "Bo"]


async def test_a_step_that_reaches_nobody_is_skipped_at_once_with_its_reason(database: Database, engine: Engine):
    mute, bo = await a_user(database, "Mute", reachable=False), await a_user(database, "Bo")
    await a_stored_incident(database, await a_service(database, pages=[mute, bo]), timer="escalation")

    await engine.run()

    assert await engine.paged() == ["Bo"]
    assert await engine.told("step skipped") == [{"step": 1, "lap": 0, "reason": "Mute cannot be reached"}]
    assert (await engine.told("not paged"))[0]["reason"] == "no contact method"


async def test_a_policy_that_reaches_nobody_leads_to_the_teams_managers_at_once(database: Database, engine: Engine):
    lead = await a_user(database, "Lead")
    team = await a_team(database, managers=[lead])
    await a_stored_incident(database, await a_service(database, team=team), timer="escalation")

    await engine.run()
    await engine.run()

    assert await engine.paged() == ["Lead"]
    assert await engine.timer() == ("safety_net", timedelta(minutes=5))
    assert (await engine.told("policy exhausted"))[0]["reason"] == "the whole policy reaches nobody"


async def test_managers_who_do_not_answer_are_followed_by_all_admins_and_then_by_all_again(
    database: Database, engine: Engine
):
    lead, root = await a_user(database, "Lead"), await a_user(database, "Root", role="admin")
    team = await a_team(database, managers=[lead])
    await a_stored_incident(database, await a_service(database, team=team), timer="safety_net", lap=3)
    await engine.run()

    await engine.run(after=timedelta(minutes=5))
    await engine.run(after=timedelta(minutes=25))

    assert await engine.paged() == ["Lead", "Root", "Lead", "Root"]
    assert await engine.timer() == ("safety_net", timedelta(minutes=30))
    assert root.role == "admin"


async def test_without_a_manager_the_admins_are_paged_at_once(database: Database, engine: Engine):
    await a_user(database, "Root", role="admin")
    await a_stored_incident(database, timer="safety_net", lap=3)

    await engine.run()

    assert await engine.paged() == ["Root"]


async def test_the_policy_repeats_and_then_the_safety_net_catches(database: Database, engine: Engine):
    ada = await a_user(database, "Ada")
    lead = await a_user(database, "Lead")
    team = await a_team(database, managers=[lead])
    await a_stored_incident(database, await a_service(database, pages=[ada], team=team), timer="escalation")

    for _ in range(4):
        await engine.run()
        engine.clock.advance(timedelta(minutes=5))

    assert await engine.paged() == ["Ada", "Ada", "Ada", "Lead"]


async def test_a_later_step_supersedes_what_was_never_attempted(database: Database, engine: Engine):
    ada, bo = await a_user(database, "Ada"), await a_user(database, "Bo")
    await a_stored_incident(database, await a_service(database, pages=[ada, bo]), timer="escalation")
    await engine.run()

    await engine.run(after=timedelta(minutes=5))

    statuses = dict(
        await engine.rows("SELECT u.name, n.status FROM notifications n JOIN users u ON u.id = n.user_id")  # type: ignore[arg-type]
    )
    assert statuses == {"Ada": "superseded", "Bo": "queued"}


async def test_a_step_that_follows_at_once_takes_back_nothing_of_what_is_on_its_way(database: Database, engine: Engine):
    ada, bo = await a_user(database, "Ada"), await a_user(database, "Bo")
    policy = await a_policy(database, ada, bo, wait_s=[0, 300])
    await a_stored_incident(database, await a_service(database, policy=policy), timer="escalation")
    await engine.run()

    await engine.run(after=timedelta(milliseconds=20))

    assert await engine.rows("SELECT status FROM notifications") == [("queued",), ("queued",)]


async def test_a_later_step_leaves_what_was_held_back_to_the_message_that_tells_all(database: Database, engine: Engine):
    ada, bo = await a_user(database, "Ada"), await a_user(database, "Bo")
    await a_stored_incident(database, await a_service(database, pages=[ada, bo]), timer="escalation")
    await engine.run()
    async with database.commands() as session:
        await session.execute(text("UPDATE notifications SET held = true"))
        await session.commit()

    await engine.run(after=timedelta(minutes=5))

    assert await engine.rows("SELECT status FROM notifications") == [("queued",), ("queued",)]


async def test_a_timer_that_was_armed_anew_since_it_was_claimed_is_left_alone(
    database: Database, engine: Engine, acting: Acting
):
    ada = await a_user(database, "Ada")
    await a_stored_incident(database, await a_service(database, pages=[ada]), timer="escalation")
    async with acting("engine:claim") as uow:
        timers = await claim(uow, worker=1, limit=10)
    async with acting() as uow:
        await uow.session.execute(text("UPDATE timers SET fence = fence + 1"))

    async with acting("timer:engine") as uow:
        await fire(uow, timers)

    assert await engine.paged() == []


@pytest.mark.parametrize(("status", "kind"), [("acknowledged", "escalation"), ("resolved", "escalation")])
async def test_a_timer_whose_incident_moved_on_pages_nobody_and_goes(
    database: Database, engine: Engine, status: str, kind: str
):
    ada = await a_user(database, "Ada")
    await a_stored_incident(database, await a_service(database, pages=[ada]), timer=kind, status=status)

    await engine.run()

    assert await engine.paged() == []
    assert await engine.timer() is None


@pytest.mark.parametrize(("status", "kind"), [("snoozed", "snooze_end"), ("suppressed", "suppress_end")])
async def test_the_end_of_a_silence_wakes_the_incident_in_a_new_generation(
    database: Database, engine: Engine, status: str, kind: str
):
    ada = await a_user(database, "Ada")
    service = await a_service(database, pages=[ada])
    await a_stored_incident(database, service, timer=kind, status=status, until=engine.clock.now())

    await engine.run()
    await engine.run()

    assert await engine.rows("SELECT status, generation, until FROM incidents") == [("open", 2, None)]
    assert await engine.paged() == ["Ada"]
    assert len(await engine.told("woken")) == 1


async def test_the_owner_is_asked_and_without_an_answer_it_escalates_from_the_first_step(
    database: Database, engine: Engine
):
    ada, bo = await a_user(database, "Ada"), await a_user(database, "Bo")
    service = await a_service(database, pages=[bo])
    await a_stored_incident(database, service, timer="ack_timeout", status="acknowledged", assignee_id=ada.id)

    await engine.run()
    asked, armed = await engine.paged(), await engine.timer()
    await engine.run(after=timedelta(minutes=5))
    await engine.run()

    assert (asked, armed) == (["Ada"], ("ack_reminder", timedelta(minutes=5)))
    assert await engine.rows("SELECT status, assignee_id, generation FROM incidents") == [("open", None, 2)]
    assert await engine.paged() == ["Ada", "Bo"]


async def test_an_acknowledge_without_an_owner_is_taken_back_directly(database: Database, engine: Engine):
    bo = await a_user(database, "Bo")
    service = await a_service(database, pages=[bo])
    await a_stored_incident(database, service, timer="ack_timeout", status="acknowledged")

    await engine.run()

    assert await engine.rows("SELECT status FROM incidents") == [("open",)]
    assert await engine.timer() == ("escalation", timedelta(0))


async def test_the_new_assignee_is_paged_first_and_then_the_policy_from_its_first_step(
    database: Database, engine: Engine
):
    ada, bo = await a_user(database, "Ada"), await a_user(database, "Bo")
    service = await a_service(database, pages=[bo])
    await a_stored_incident(database, service, timer="escalation", next_step=-1, assignee_id=ada.id)

    await engine.run()
    first = await engine.paged()
    await engine.run(after=timedelta(minutes=5))

    assert (first, await engine.paged()) == (["Ada"], ["Ada", "Bo"])


async def test_a_page_that_is_more_than_a_minute_late_says_by_how_much(database: Database, engine: Engine):
    ada = await a_user(database, "Ada")
    await a_stored_incident(database, await a_service(database, pages=[ada]), timer="escalation")

    await engine.run(after=timedelta(minutes=10))

    assert (await engine.told("step fired"))[0]["late_s"] == 600


async def test_twelve_failures_hand_the_incident_to_the_safety_net(database: Database, engine: Engine, acting: Acting):
    await a_stored_incident(database, timer="escalation")
    for _ in range(12):
        engine.clock.advance(timedelta(minutes=1))
        async with acting("engine:claim") as uow:
            (timer,) = await claim(uow, worker=1, limit=1)
        async with acting("timer:escalation") as uow:
            await put_back(uow, timer, reason="ValueError('junk')")

    assert await engine.timer() == ("safety_net", timedelta(0))
    assert (await engine.told("timer died"))[0]["attempts"] == 12


async def test_a_hundred_incidents_are_fired_in_one_unit(database: Database, engine: Engine):
    ada = await a_user(database, "Ada")
    service = await a_service(database, pages=[ada])
    for _ in range(20):
        await a_stored_incident(database, service, timer="escalation")

    fired = await engine.run()

    assert fired == 20
    assert await engine.rows("SELECT count(*), count(DISTINCT incident_id) FROM notifications") == [(20, 20)]


async def test_a_step_that_failed_for_good_does_not_supersede_what_is_under_way(
    database: Database, engine: Engine, clock: StoppedClock
):
    ada, bo = await a_user(database, "Ada"), await a_user(database, "Bo")
    service = await a_service(database, pages=[ada, bo])
    incident = await a_stored_incident(database, service, timer="escalation", next_step=1)
    page = await a_page(database, incident, ada, created_at=clock.now() - timedelta(minutes=1))
    async with database.screens() as session:
        method = (
            await session.execute(text("SELECT * FROM contact_methods WHERE user_id = :id"), {"id": ada.id})
        ).one()
    await a_notification(database, page, method, attempts=1)  # type: ignore[arg-type]

    await engine.run()

    assert ("queued", 1) in await engine.rows("SELECT status, attempts FROM notifications")
    assert isinstance(clock.now(), datetime)


async def test_what_still_fires_when_its_pause_ends_pages_from_the_first_step(database: Database, engine: Engine):
    service = await a_service(database, pages=[await a_user(database, "Ada")])
    until = engine.clock.now() + timedelta(minutes=5)
    incident = await a_stored_incident(database, service, alert=True, status="suppressed", until=until)
    await a_timer(database, incident.id, kind="pause", due_at=until)

    assert await engine.run(after=timedelta(minutes=4)) == 0
    await engine.run(after=timedelta(minutes=1))
    await engine.run()

    assert await engine.paged() == ["Ada"]
    assert await engine.told("woken") == [{"reason": "its alert still fires after the pause"}]


async def test_what_is_escalated_from_its_owner_to_a_last_step_without_anybody_begins_the_next_lap(
    database: Database, engine: Engine, acting: Acting
):
    ada, nobody = await a_user(database, "Ada"), await a_user(database, "Zoe", reachable=False)
    policy = await a_policy(database, ada, nobody, wait_s=600)
    incident = await a_stored_incident(database, await a_service(database, policy=policy), timer="escalation")
    await engine.run()
    async with acting(f"user:{ada.id}") as uow:
        await incidents.acknowledge(uow, incident.id)
    async with acting(f"user:{ada.id}") as uow:
        await incidents.escalate(uow, incident.id)

    await engine.run()

    assert await engine.paged() == ["Ada", "Ada"]
    assert await engine.rows("SELECT lap, next_step FROM incidents") == [(1, 1)]
