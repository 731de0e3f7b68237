"""A restored copy takes what comes, pages nobody until it is armed, and then pages by what is true by then."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from opsknight.domain.commands import notifications, restored
from opsknight.domain.commands.amends import claim as claim_amendments
from opsknight.domain.model.burst import Bursts
from opsknight.domain.model.restored import Waiting, told
from opsknight.domain.queries import notifications as due_notifications
from opsknight.domain.queries import restored as queries
from opsknight.domain.queries import timers as due_timers
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import InstallationRow
from opsknight.errors import Forbidden
from tests.builders import (
    a_contact_method,
    a_notification,
    a_page,
    a_service,
    a_stored_incident,
    a_user,
)
from tests.clock import NOON, StoppedClock
from tests.commands.clockwork import Clockwork
from tests.conftest import Acting

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
async def restored_copy(database: Database) -> None:
    """What is in the database was restored an hour ago."""
    async with database.commands() as session:
        await session.execute(update(InstallationRow).values(restored_at=NOON - HOUR))
        await session.commit()


async def begun(acting: Acting) -> int:
    """Return how many messages by mail are begun now."""
    async with acting("timer:notification") as uow:
        return len(
            await notifications.claim_and_begin(uow, channel="email", worker=1, limit=9, limit_low=9, bursts=Bursts(10))
        )


async def test_no_timer_fires_and_no_message_is_sent_until_it_is_armed_and_then_each_once(
    clockwork: Clockwork, database: Database, acting: Acting
):
    ada = await a_user(database, "Ada", role="admin")
    incident = await a_stored_incident(database, await a_service(database, pages=[ada]), timer="escalation")
    page = await a_page(database, await a_stored_incident(database), ada)
    await a_notification(database, page, await a_contact_method(database, ada, address="ada@example.net"))

    before = (await clockwork.run(), await begun(acting), await clockwork.paged())
    async with acting(f"user:{ada.id}") as uow:
        said = await restored.arm(uow)
    after = (await clockwork.run(), await begun(acting), await begun(acting))

    assert before == (0, 0, ["Ada"])
    assert said.startswith("Armed: people are paged from now on")
    assert after == (1, 2, 0)
    assert await clockwork.rows("SELECT kind FROM facts WHERE incident_id = :id", id=incident.id)


async def test_nobody_looks_again_and_again_for_what_is_due_and_not_claimed(database: Database):
    await a_stored_incident(database, timer="escalation")

    async with database.engine_reads() as session:
        due_at = (await due_timers.next_due_at(session), await due_notifications.next_due_at(session, channel="email"))

    assert due_at == (None, None)


async def test_messages_that_were_sent_elsewhere_are_not_changed(acting: Acting):
    async with acting("timer:amend") as uow:
        assert await claim_amendments(uow, channel="slack", limit=8) == ()


async def test_arming_is_told_once_however_often_it_is_asked_for(
    clockwork: Clockwork, database: Database, acting: Acting
):
    root = await a_user(database, "Root", role="admin")

    for _ in range(2):
        async with acting(f"user:{root.id}") as uow:
            said = await restored.arm(uow)

    assert said == "It is armed already: people are paged."
    assert await clockwork.told("armed") == [{"for_s": 3600.0}]


@pytest.mark.parametrize("role", ["manager", "responder", "observer"])
async def test_only_admins_arm(database: Database, acting: Acting, role: str):
    somebody = await a_user(database, role=role)

    with pytest.raises(Forbidden):
        async with acting(f"user:{somebody.id}") as uow:
            await restored.arm(uow)


async def test_what_waits_is_counted_by_kind_with_the_oldest(database: Database, clock: StoppedClock):
    ada = await a_user(database, "Ada")
    incidents = [await a_stored_incident(database, timer="escalation") for _ in range(2)]
    method = await a_contact_method(database, ada, address="ada@example.net")
    await a_notification(database, await a_page(database, incidents[0], ada), method)
    clock.advance(HOUR)

    async with database.screens() as session:
        waiting = await queries.waiting(session, now=clock.now())

    assert waiting == Waiting({"escalation": 2, "notification": 1}, NOON)
    assert told(waiting, now=clock.now()) == (
        "This is a restored copy: it pages nobody until an admin arms it. 2 steps and 1 notification wait, due for up"
        " to 1 h. Arm it on the page Readiness or with “opsknight arm”, unless the one that it was copied from still"
        " works."
    )
