"""How fast pages went out in the last hour: of what is known, and of nothing else."""

from __future__ import annotations

from datetime import datetime, timedelta

from opsknight.crypto import new_id
from opsknight.domain.model.service_level import ServiceLevel, ServiceLevels, told
from opsknight.domain.queries.service_levels import service_levels
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import AttemptRow, NotificationRow
from tests.builders import a_contact_method, a_notification, a_page, a_stored_incident, a_user
from tests.clock import NOON

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
NOTHING = ServiceLevels(ServiceLevel(1.0), ServiceLevel(0.25))


async def a_message(
    database: Database, *, waited: timedelta, number: int = 1, of_incident: timedelta = timedelta(), **columns: object
) -> NotificationRow:
    """A message that was due at noon, of an incident opened `of_incident` before, and handed over `waited` after."""
    incident = await a_stored_incident(database, created_at=NOON - of_incident)
    user = await a_user(database, reachable=False)
    page = await a_page(database, incident, user)
    method = await a_contact_method(database, user)
    said = {"position": 0, "status": "accepted", "attempts": number, "finished_at": NOON, **columns}
    message = await a_notification(database, page, method, **said)
    await an_attempt(database, message, at=NOON + waited, number=number)
    return message


async def an_attempt(database: Database, message: NotificationRow, *, at: datetime, number: int = 1) -> None:
    row = AttemptRow(id=new_id(), notification_id=message.id, number=number, worker=1, started_at=at, finished_at=at)
    async with database.commands() as session:
        session.add(row)
        await session.commit()


async def levels(database: Database, at: datetime = NOON + MINUTE) -> ServiceLevels:
    async with database.health() as session:
        return await service_levels(session, now=at)


async def test_nothing_was_sent_so_nothing_is_claimed(database: Database):
    assert await levels(database) == NOTHING


async def test_the_slowest_of_a_few_is_what_99_of_100_took_at_most(database: Database):
    for seconds in (0.1, 0.3, 0.2):
        await a_message(database, waited=seconds * SECOND, of_incident=SECOND)

    assert await levels(database) == ServiceLevels(ServiceLevel(1.0, 1.3, 3), ServiceLevel(0.25, 0.3, 3))


async def test_what_is_longer_ago_than_an_hour_counts_no_more(database: Database):
    await a_message(database, waited=SECOND)

    assert await levels(database, NOON + timedelta(hours=1, seconds=2)) == NOTHING


async def test_what_waits_for_another_try_tells_nothing_of_when_it_was_due(database: Database):
    await a_message(database, waited=SECOND, finished_at=None, due_at=NOON + MINUTE)

    found = await levels(database)

    assert (found.event_to_handoff.count, found.due_to_handoff.count) == (1, 0)


async def test_a_second_try_is_judged_by_when_it_was_due_and_says_nothing_of_the_event(database: Database):
    await a_message(database, waited=SECOND / 10, number=2)

    assert await levels(database) == ServiceLevels(ServiceLevel(1.0), ServiceLevel(0.25, 0.1, 1))


def test_a_promise_that_is_broken_is_told_as_such():
    found = told(ServiceLevels(ServiceLevel(1.0), ServiceLevel(0.25, 0.42, 1)))

    assert found == (
        (True, "From an event to its first hand-off: nothing in the last hour (promised: 99 of 100 within 1 s)."),
        (False, "From due to hand-off: 99 of 100 within 0.42 s, of 1 message of the last hour (promised: 0.25 s)."),
    )
