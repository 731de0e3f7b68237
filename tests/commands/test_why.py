"""Why somebody was paged, or was not: told of incidents that the real engine has paged for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import text

from opsknight.crypto import new_id
from opsknight.domain.commands import incidents as verbs
from opsknight.domain.commands.claims import claim
from opsknight.domain.commands.escalations import fire
from opsknight.domain.commands.leaves import Wish as Leave
from opsknight.domain.commands.leaves import take_leave
from opsknight.domain.model.ledger import Fact
from opsknight.domain.queries.why import WhyLine, why
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import AttemptRow, IncidentRow, ScheduleRow, UserRow
from opsknight.errors import NotFound
from tests.builders import a_policy, a_schedule, a_service, a_stored_incident, a_user
from tests.clock import NOON, StoppedClock
from tests.conftest import Acting

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


class Desk:
    """An incident, the engine that pages for it, and the question why."""

    def __init__(self, database: Database, acting: Acting, clock: StoppedClock) -> None:
        self.database, self.acting, self.clock = database, acting, clock

    async def opened(self, *steps: UserRow | ScheduleRow, fires: bool = True) -> IncidentRow:
        policy = await a_policy(self.database, *steps)
        async with self.database.commands() as session:
            await session.execute(text("UPDATE escalation_policies SET name = 'Platform'"))
            await session.commit()
        service = await a_service(self.database, policy=policy)
        incident = await a_stored_incident(self.database, service, timer="escalation")
        if fires:
            await self.fire()
        return incident

    async def fire(self, *, after: timedelta = timedelta()) -> None:
        self.clock.advance(after)
        async with self.acting("engine:claim") as uow:
            timers = await claim(uow, worker=1, limit=100)
        async with self.acting("timer:engine") as uow:
            await fire(uow, timers)

    async def acknowledged(self, incident: IncidentRow, who: UserRow, *, after: timedelta) -> None:
        self.clock.advance(after)
        async with self.acting(f"user:{who.id}") as uow:
            await verbs.acknowledge(uow, incident.id)

    async def sent(self, status: str = "accepted", detail: str = "250 OK") -> None:
        """Let the provider answer every message that is queued."""
        async with self.database.commands() as session:
            queued = (await session.execute(text("SELECT id FROM notifications WHERE status = 'queued'"))).scalars()
            for notification_id in list(queued):
                row = AttemptRow(id=new_id(), notification_id=notification_id, number=1, worker=1)
                row.started_at = row.finished_at = self.clock.now()
                row.outcome, row.detail = status, detail
                session.add(row)
            values = {"status": status, "now": self.clock.now(), "detail": detail if status == "failed" else ""}
            await session.execute(
                text("UPDATE notifications SET status = :status, attempts = 1, finished_at = :now, reason = :detail"),
                values,
            )
            await session.commit()

    async def asked(self, incident: IncidentRow, whom: UserRow, *, by: UserRow | None = None) -> WhyLine:
        viewer = (by or whom).id
        async with self.database.screens() as session:
            return await why(session, incident.id, user_id=whom.id, viewer_id=viewer, at=self.clock.now())


@pytest.fixture
def desk(database: Database, acting: Acting, clock: StoppedClock) -> Desk:
    return Desk(database, acting, clock)


@pytest.fixture
async def crew(database: Database) -> Sequence[UserRow]:
    """Ada, whose turn it is; Bo, who takes turns too; Cy, who is somebody else."""
    return [await a_user(database, name, zone="Europe/Berlin") for name in ("Ada", "Bo", "Cy")]


@pytest.fixture
async def rota(database: Database, crew: Sequence[UserRow]) -> ScheduleRow:
    """A week of Bo, which is over, and a week of Ada from Tuesday noon on."""
    return await a_schedule(database, crew[1], crew[0], name="Primary")


async def test_who_was_paged_is_told_by_what_and_what_became_of_it(
    desk: Desk, crew: Sequence[UserRow], rota: ScheduleRow
):
    incident = await desk.opened(rota, crew[1])
    await desk.sent()

    told = await desk.asked(incident, crew[0])

    assert told["paged"]
    assert told["summary"] == (
        "You were paged by step 1 (on call: Primary, Primary, until Tue 13:00 CET)."
        " The mail was accepted by its provider (the provider said: “250 OK”)."
    )
    assert told["chain"][-1]["sentence"] == (
        "Step 1 asked you (on call: Primary, Primary, until Tue 13:00 CET). The messages were planned as mail,"
        " over every verified contact method, push first and a minute apart, without rules of your own."
    )


async def test_who_is_asked_by_a_later_step_is_told_who_was_faster(
    desk: Desk, crew: Sequence[UserRow], rota: ScheduleRow
):
    incident = await desk.opened(rota, crew[1])
    await desk.acknowledged(incident, crew[0], after=timedelta(seconds=100))

    told = await desk.asked(incident, crew[1])

    assert not told["paged"]
    assert told["summary"] == (
        "You were not paged: step 1 asked Ada (on call: Primary, Primary, until Tue 13:00 CET);"
        " you are asked by step 2, due 5 min after the first; Ada acknowledged after 1 min 40 s."
    )


async def test_while_it_waits_the_next_step_is_told(desk: Desk, crew: Sequence[UserRow], rota: ScheduleRow):
    incident = await desk.opened(rota, crew[1])

    told = await desk.asked(incident, crew[1], by=crew[0])

    assert told["summary"] == (
        "Bo was not paged: step 1 asked Ada (on call: Primary, Primary, until Tue 13:00 CET);"
        " Bo is asked by step 2, due 5 min after the first; nobody has acknowledged yet, and step 2 is due at"
        " Tue 13:05 CET."
    )


async def test_who_takes_turns_is_told_whose_turn_it_was(desk: Desk, crew: Sequence[UserRow], rota: ScheduleRow):
    incident = await desk.opened(rota)
    await desk.acknowledged(incident, crew[0], after=MINUTE)

    told = await desk.asked(incident, crew[1])

    assert "; you take turns in Primary, and it was the turn of Ada; Ada acknowledged after 1 min." in told["summary"]


async def test_who_is_to_substitute_somebody_some_day_takes_no_turns(
    desk: Desk, crew: Sequence[UserRow], rota: ScheduleRow
):
    incident = await desk.opened(rota)
    async with desk.acting(f"user:{crew[1].id}") as uow:
        await take_leave(uow, Leave(crew[1].id, NOON + 100 * DAY, NOON + 101 * DAY, crew[2].id))

    told = await desk.asked(incident, crew[2])

    assert "; the policy Platform does not ask you; nobody has acknowledged yet" in told["summary"]


async def test_whom_the_policy_does_not_name_is_told_so(desk: Desk, crew: Sequence[UserRow], rota: ScheduleRow):
    incident = await desk.opened(rota)

    told = await desk.asked(incident, crew[2])

    assert "; the policy Platform does not ask you; nobody has acknowledged yet" in told["summary"]
    assert (
        told["chain"][-1]["sentence"] == "Step 1 asked Ada (on call: Primary, Primary, until Tue 13:00 CET), not you."
    )


async def test_who_cannot_be_reached_is_told_why(desk: Desk, database: Database, crew: Sequence[UserRow]):
    mute = await a_user(database, "Mute", reachable=False)
    incident = await desk.opened(mute, crew[0])

    told = await desk.asked(incident, mute)

    assert told["summary"] == "You were not paged, though step 1 asks you: no contact method."
    assert [link["kind"] for link in told["chain"]] == ["not paged", "step skipped", "step fired"]


async def test_a_message_that_an_acknowledge_came_before_is_told_as_not_sent(desk: Desk, crew: Sequence[UserRow]):
    incident = await desk.opened(crew[0])
    async with desk.database.commands() as session:
        await session.execute(
            text("UPDATE notifications SET status = 'superseded', reason = 'the incident is acknowledged'")
        )
        await session.commit()

    told = await desk.asked(incident, crew[0])

    assert told["summary"] == (
        "You were to be paged (named in step 1 of Platform), and nothing was sent any more:"
        " the incident is acknowledged."
    )


async def test_what_the_provider_said_is_told_in_its_own_words(desk: Desk, crew: Sequence[UserRow]):
    incident = await desk.opened(crew[0])
    await desk.sent("failed", "550 no such mailbox")

    told = await desk.asked(incident, crew[0])

    assert told["summary"].endswith("The mail failed (550 no such mailbox).")


async def test_a_silence_is_told_with_its_reason(desk: Desk, acting: Acting, crew: Sequence[UserRow]):
    incident = await desk.opened(crew[0], fires=False)
    async with acting("maintenance:4") as uow:
        uow.record(
            Fact.SUPPRESSED, incident_id=incident.id, for_s=3600, reason="maintenance “Upgrade”", cause="maintenance"
        )

    told = await desk.asked(incident, crew[0])

    assert told["summary"] == (
        "You were not paged, and nobody was by a step: OpsKnight suppressed it for 1 h: maintenance “Upgrade”."
    )


async def test_before_the_first_step_it_is_told_when_that_is_due(desk: Desk, crew: Sequence[UserRow]):
    incident = await desk.opened(crew[0], fires=False)

    told = await desk.asked(incident, crew[0])

    assert told["summary"] == "You were not paged yet: step 1 is due at Tue 13:00 CET; you are asked by step 1."


async def test_others_messages_are_no_part_of_ones_own_chain(desk: Desk, acting: Acting, crew: Sequence[UserRow]):
    incident = await desk.opened(crew[0])
    async with acting("system:test") as uow:
        for who in crew[:2]:
            told = {"channel": "email", "user": who.name, "user_id": who.id}
            uow.record(Fact.SENT, incident_id=incident.id, **told)

    chain = (await desk.asked(incident, crew[0]))["chain"]

    assert [link["sentence"] for link in chain if link["kind"] == "sent"] == ["Mail to Ada was accepted."]


async def test_a_kind_of_fact_that_is_new_is_told_as_the_timeline_tells_it(
    desk: Desk, acting: Acting, crew: Sequence[UserRow]
):
    incident = await desk.opened(crew[0])
    async with acting(f"user:{crew[1].id}") as uow:
        uow.record("rang a bell", incident_id=incident.id)

    assert (await desk.asked(incident, crew[0]))["chain"][-1]["sentence"].startswith("Bo: rang a bell")


async def test_nobody_can_be_asked_about_who_is_not_there(desk: Desk, crew: Sequence[UserRow]):
    incident = await desk.opened(crew[0])
    async with desk.database.screens() as session:
        with pytest.raises(NotFound):
            await why(session, incident.id, user_id=9999, viewer_id=crew[0].id, at=NOON)
        with pytest.raises(NotFound):
            await why(session, new_id(), user_id=crew[0].id, viewer_id=crew[0].id, at=NOON)


async def test_what_a_reassignment_pages_is_told_to_those_it_left_alone(
    desk: Desk, crew: Sequence[UserRow], rota: ScheduleRow
):
    incident = await desk.opened(rota)
    async with desk.acting(f"user:{crew[0].id}") as uow:
        await verbs.reassign(uow, incident.id, to=crew[2].id)
    await desk.fire()

    told = await desk.asked(incident, crew[1])

    assert told["summary"] == (
        "You were not paged: Cy was paged: the incident was reassigned to them;"
        " you take turns in Primary, and it was the turn of Ada."
    )
