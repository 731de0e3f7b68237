"""A burst of messages about one service: a few at once, the rest together when the minute is over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import text

from opsknight.domain.commands import incidents, notifications, outcomes
from opsknight.domain.model.attempt import Attempt
from opsknight.domain.model.burst import Bursts
from opsknight.domain.model.event import Severity
from opsknight.domain.model.notification import LATE, Sent
from opsknight.domain.queries.pages import pages
from opsknight.domain.store.tables import ContactMethodRow, IncidentRow, ServiceRow, UserRow
from opsknight.domain.store.unit_of_work import UnitOfWork
from tests.api.house import House
from tests.builders import a_contact_method, a_notification, a_page, a_service, a_stored_incident, a_timer, a_user

MOST = 3


class Mailbox:
    """Ada's, to which a storm comes."""

    def __init__(self, house: House, user: UserRow, method: ContactMethodRow) -> None:
        self.house, self.user, self.method = house, user, method
        self.bursts = Bursts(MOST)

    async def paged(
        self, service: ServiceRow, *, severity: Severity = Severity.ERROR, late: timedelta = timedelta()
    ) -> IncidentRow:
        """Page her a moment later about a new incident of `service`, `late` after that was due."""
        self.house.clock.advance(timedelta(milliseconds=1))
        incident = await a_stored_incident(self.house.database, service, severity=severity)
        now = self.house.clock.now()
        page = await a_page(self.house.database, incident, self.user, due_at=now - late, created_at=now)
        await a_notification(self.house.database, page, self.method)
        return incident

    async def begun(self, uow: UnitOfWork) -> Sequence[Attempt]:
        return await notifications.claim_and_begin(
            uow, channel="email", worker=1, limit=50, limit_low=25, bursts=self.bursts
        )

    async def told_in_vain(self) -> None:
        """Let a worker begin what is due, and lose the connection before the commit."""
        async with self.house.deps.engine_commands("timer:notification") as uow:
            await self.begun(uow)
            raise OSError("the connection was lost")

    async def told(self) -> Sequence[Attempt]:
        """Let a worker send what is due; return what it began."""
        async with self.house.deps.engine_commands("timer:notification") as uow:
            begun = await self.begun(uow)
        async with self.house.deps.engine_commands("timer:notification") as uow:
            await outcomes.finish_sent(uow, [(attempt, Sent("m1", carrier="smtp")) for attempt in begun])
        return begun

    async def after(self, seconds: float) -> Sequence[Attempt]:
        self.house.clock.advance(timedelta(seconds=seconds))
        return await self.told()


async def a_mailbox(house: House) -> Mailbox:
    user = await a_user(house.database, "Ada", reachable=False)
    return Mailbox(
        house, user, await a_contact_method(house.database, user, channel="email", address="ada@example.com")
    )


def numbers(attempt: Attempt) -> set[int]:
    assert attempt.incident is not None
    return {attempt.incident.number, *(other.number for other in attempt.others)}


async def test_a_storm_is_a_few_messages_and_then_one_that_names_the_rest(house: House):
    ada, checkout = await a_mailbox(house), await a_service(house.database, "Checkout")
    stormed = [(await ada.paged(checkout)).number for _ in range(10)]

    first = await ada.told()
    then = await ada.after(60)

    assert [len(numbers(one)) for one in first] == [1, 1, 1]
    assert [len(numbers(one)) for one in then] == [7]
    assert set().union(*(numbers(one) for one in (*first, *then))) == set(stormed)


async def test_what_a_fault_of_the_database_undid_goes_at_once_all_the_same(house: House):
    ada, checkout = await a_mailbox(house), await a_service(house.database, "Checkout")
    await ada.paged(checkout)
    for _ in range(MOST + 1):
        with pytest.raises(OSError, match="lost"):
            await ada.told_in_vain()

    assert len(await ada.told()) == 1


async def test_what_is_held_back_says_so_on_the_incident(house: House):
    ada, checkout = await a_mailbox(house), await a_service(house.database, "Checkout")
    for _ in range(MOST + 1):
        last = await ada.paged(checkout)

    await ada.told()

    async with house.deps.reading() as session:
        ((page),) = await pages(session, last.id)
    assert page["notifications"][0]["sentence"] == (
        "Held back for a minute at most: 3 messages about Checkout went here within a minute, and the next tells all."
    )


async def test_a_critical_one_in_the_midst_of_lesser_ones_goes_at_once(house: House):
    ada, checkout = await a_mailbox(house), await a_service(house.database, "Checkout")
    for _ in range(MOST + 4):
        await ada.paged(checkout)
    await ada.told()
    critical = await ada.paged(checkout, severity=Severity.CRITICAL)

    (message,) = await ada.after(1)

    assert numbers(message) == {critical.number}


async def test_what_is_late_is_not_made_later(house: House):
    ada, checkout = await a_mailbox(house), await a_service(house.database, "Checkout")
    for _ in range(MOST):
        await ada.paged(checkout)
    await ada.told()
    late = {(await ada.paged(checkout, late=2 * LATE)).number for _ in range(2)}

    (message,) = await ada.after(1)

    assert numbers(message) == late


async def test_what_was_acknowledged_while_it_was_held_is_told_to_nobody(house: House):
    ada, checkout = await a_mailbox(house), await a_service(house.database, "Checkout")
    held = [await ada.paged(checkout) for _ in range(MOST + 2)][MOST:]
    await ada.told()
    async with house.deps.commands(f"user:{ada.user.id}") as uow:
        await incidents.acknowledge(uow, held[0].id)

    (message,) = await ada.after(60)

    assert numbers(message) == {held[1].number}
    async with house.deps.reading() as session:
        statuses = await session.execute(text("SELECT status FROM notifications WHERE held ORDER BY id"))
    assert [row.status for row in statuses] == ["superseded", "accepted"]


async def test_who_is_asked_later_because_of_a_burst_has_their_five_minutes_from_then(house: House):
    ada, checkout = await a_mailbox(house), await a_service(house.database, "Checkout")
    now = house.clock.now()
    for _ in range(MOST + 1):
        incident = await a_stored_incident(
            house.database, checkout, status="acknowledged", assignee_id=ada.user.id, severity=Severity.ERROR
        )
        await a_timer(house.database, incident.id, kind="ack_reminder", due_at=now + timedelta(minutes=5))
        page = await a_page(house.database, incident, ada.user, kind="still_on_it", due_at=now, created_at=now)
        await a_notification(house.database, page, ada.method)

    asked = await ada.told()

    async with house.deps.reading() as session:
        due = (await session.scalars(text("SELECT due_at FROM timers ORDER BY due_at"))).all()
    assert [(at - now) / timedelta(minutes=1) for at in due] == [5, 5, 5, 6]
    assert len(asked) == MOST
