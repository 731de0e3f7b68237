"""Steps that post in a room: what is said there, to whom it counts, and what follows where it cannot be said."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from opsknight.domain.commands import incidents
from opsknight.domain.commands.claims import claim
from opsknight.domain.commands.escalations import fire
from opsknight.domain.queries.pages import pages
from opsknight.domain.store.tables import ContactMethodRow, IncidentRow, UserRow
from tests.builders import a_policy, a_room, a_service, a_stored_incident, a_team, a_user
from tests.jobs.pager import Pager
from tests.peers.smtp import Mood


async def an_incident(pager: Pager, *steps: Any, **of_policy: Any) -> IncidentRow:
    """An incident whose first step is due, and fired."""
    policy = await a_policy(pager.database, *steps, **of_policy)
    service = await a_service(pager.database, policy=policy)
    incident = await a_stored_incident(pager.database, service, title="Disk full on db-1", timer="escalation")
    await run_engine(pager)
    return incident


async def run_engine(pager: Pager) -> None:
    async with pager.deps.engine_commands("engine:claims") as uow:
        timers = await claim(uow, worker=1, limit=10)
    async with pager.deps.engine_commands("timer:engine") as uow:
        await fire(uow, timers)


async def next_step(pager: Pager) -> tuple[int, timedelta]:
    """The step that is due next, from 1, and in how long."""
    sql = "SELECT i.next_step, t.due_at FROM timers t JOIN incidents i ON i.id = t.subject"
    ((step, due_at),) = await pager.rows(sql)
    return step + 1, due_at - pager.deps.clock.now()


@pytest.fixture
async def room(pager: Pager) -> ContactMethodRow:
    return await a_room(pager.database, await a_team(pager.database), label="ops list", address="ops@example.org")


@pytest.fixture
async def ada(pager: Pager) -> UserRow:
    return await a_user(pager.database, "Ada")


async def test_a_step_posts_in_a_room_besides_asking_people(pager: Pager, room: ContactMethodRow, ada: UserRow):
    incident = await an_incident(pager, [ada, room])

    async with pager.sending():
        await pager.becomes_settled()

    assert sorted(mail.to[0] for mail in pager.smtp.mails) == sorted([ada.email, "ops@example.org"])
    assert [fact["people"] for fact in await pager.told("step fired")] == [["Ada", "ops list in Mail"]]
    async with pager.deps.reading() as session:
        assert {page["user"] for page in await pages(session, incident.id)} == {"Ada", "ops list in Mail"}


async def test_nobody_acknowledges_from_a_room_by_a_link_that_names_no_one(pager: Pager, room: ContactMethodRow):
    await an_incident(pager, [room])

    async with pager.sending():
        await pager.becomes_settled()

    assert "/ack/" not in pager.smtp.mails[0].text
    assert "Disk full on db-1" in pager.smtp.mails[0].text


async def test_a_step_that_posts_in_a_room_alone_has_reached_somebody_and_waits(
    pager: Pager, room: ContactMethodRow, ada: UserRow
):
    await an_incident(pager, [room], [ada], wait_s=300)

    assert await next_step(pager) == (2, timedelta(minutes=5))


async def test_a_room_that_has_not_taken_a_message_yet_is_passed_over(
    pager: Pager, room: ContactMethodRow, ada: UserRow
):
    fresh = await a_room(pager.database, await a_team(pager.database), verified=False)

    await an_incident(pager, [fresh], [ada])

    assert [fact["reason"] for fact in await pager.told("not paged")] == ["the channel has not taken a message yet"]
    assert [fact["people"] for fact in await pager.told("step fired")] == [["Ada"]]


async def test_where_a_room_refuses_for_good_the_next_step_comes_at_once(
    pager: Pager, room: ContactMethodRow, ada: UserRow
):
    await an_incident(pager, [room], [ada])
    pager.smtp.moods.append(Mood.REFUSE_FOR_GOOD)

    async with pager.sending():
        await pager.count_becomes("SELECT count(*) FROM notifications WHERE status = 'failed'", 1)

    assert (await next_step(pager))[1] <= timedelta()


async def test_what_is_acknowledged_is_not_posted_any_more(pager: Pager, room: ContactMethodRow, ada: UserRow):
    incident = await an_incident(pager, [room])
    async with pager.deps.commands(f"user:{ada.id}") as uow:
        await incidents.acknowledge(uow, incident.id)

    async with pager.sending():
        await pager.becomes_settled()

    assert pager.smtp.mails == []


async def test_turns_are_of_people_and_a_room_is_told_each_time(pager: Pager, room: ContactMethodRow, ada: UserRow):
    ben = await a_user(pager.database, "Ben")

    await an_incident(pager, [ada, ben, room], round_robin=True)

    assert [fact["people"] for fact in await pager.told("step fired")] == [["Ada", "ops list in Mail"]]


async def test_what_goes_together_goes_together_in_a_room_too(pager: Pager, room: ContactMethodRow):
    for _ in range(3):
        policy = await a_policy(pager.database, [room])
        incident = await a_stored_incident(
            pager.database, await a_service(pager.database, policy=policy), timer="escalation"
        )
        assert incident
    pager.deps.clock.advance(timedelta(minutes=10))  # type: ignore[attr-defined]  # the tests' clock
    await run_engine(pager)

    async with pager.sending():
        await pager.becomes_settled()

    assert [mail.message["Subject"].partition(":")[0] for mail in pager.smtp.mails] == ["3 open for you"]
