"""Many questions “still on it?” at once: one message asks about all, and no time to answer moves with another.

A person who has acknowledged sixty incidents in one go is asked about all sixty half an hour later.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from opsknight.domain.commands import notifications, outcomes
from opsknight.domain.model.attempt import Attempt
from opsknight.domain.model.burst import Bursts
from opsknight.domain.model.escalation import ANSWER_WITHIN
from opsknight.domain.model.notification import Sent
from opsknight.domain.store.tables import ContactMethodRow, ServiceRow, UserRow
from tests.api.house import House
from tests.builders import a_contact_method, a_notification, a_page, a_service, a_stored_incident, a_timer, a_user

NUMBER = "+4915123456789"


class Ada:
    """Somebody who owns much, and is asked about it."""

    def __init__(self, house: House, user: UserRow, service: ServiceRow) -> None:
        self.house, self.user, self.service = house, user, service

    async def asked(self, *methods: ContactMethodRow) -> tuple[int, UUID]:
        """Ask her now whether she is still on one incident, by each of the methods."""
        now, database = self.house.clock.now(), self.house.database
        incident = await a_stored_incident(
            database, self.service, status="acknowledged", assignee_id=self.user.id, acknowledged_at=now
        )
        await a_timer(
            database, incident.id, kind="ack_reminder", due_at=now + ANSWER_WITHIN, generation=incident.generation
        )
        page = await a_page(database, incident, self.user, kind="still_on_it", due_at=now, created_at=now)
        for position, method in enumerate(methods):
            await a_notification(database, page, method, position=position)
        return incident.number, incident.id

    async def told(self, channel: str, bursts: Bursts | None = None) -> Sequence[Attempt]:
        """Let a worker send what is due; return what it began."""
        async with self.house.deps.engine_commands("timer:notification") as uow:
            begun = await notifications.claim_and_begin(
                uow, channel=channel, worker=1, limit=50, limit_low=25, bursts=bursts
            )
        async with self.house.deps.engine_commands("timer:notification") as uow:
            await outcomes.finish_sent(uow, [(attempt, Sent("1")) for attempt in begun])
        return begun

    async def must_answer_by(self, incident_id: UUID) -> datetime:
        sql = text("SELECT due_at FROM timers WHERE subject = :id")
        async with self.house.deps.reading() as session:
            return (await session.execute(sql, {"id": incident_id})).scalar_one()


async def an_ada(house: House) -> Ada:
    user = await a_user(house.database, "Ada", reachable=False)
    return Ada(house, user, await a_service(house.database, "Checkout"))


def numbers(attempt: Attempt) -> set[int]:
    assert attempt.incident is not None
    return {attempt.incident.number, *(other.number for other in attempt.others)}


async def test_one_text_asks_about_all_and_each_has_five_minutes_from_then(house: House) -> None:
    ada = await an_ada(house)
    phone = await a_contact_method(house.database, ada.user, channel="sms", address=NUMBER)
    asked = dict([await ada.asked(phone) for _ in range(6)])

    messages = await ada.told("sms")

    assert [numbers(one) for one in messages] == [set(asked)]
    times = {await ada.must_answer_by(one) for one in asked.values()}
    assert times == {house.clock.now() + ANSWER_WITHIN}


async def test_what_a_mailbox_has_too_much_of_is_asked_in_one_mail(house: House) -> None:
    ada, bursts = await an_ada(house), Bursts(3)
    mail = await a_contact_method(house.database, ada.user, channel="email", address="ada@example.com")
    asked = [(await ada.asked(mail))[0] for _ in range(8)]
    first = await ada.told("email", bursts)

    house.clock.advance(timedelta(minutes=1))
    then = await ada.told("email", bursts)

    assert [len(numbers(one)) for one in (*first, *then)] == [1, 1, 1, 5]
    assert set().union(*(numbers(one) for one in (*first, *then))) == set(asked)


async def test_a_question_that_was_asked_elsewhere_keeps_its_time_while_its_text_is_held_back(house: House) -> None:
    ada = await an_ada(house)
    chat = await a_contact_method(house.database, ada.user, channel="slack", address="U1234567")
    phone = await a_contact_method(house.database, ada.user, channel="sms", address=NUMBER)
    await ada.asked(phone)
    await ada.told("sms")
    house.clock.advance(timedelta(seconds=10))
    _, in_chat = await ada.asked(chat, phone)
    _, nowhere_else = await ada.asked(phone)
    asked_at = house.clock.now()
    await ada.told("slack")

    assert not await ada.told("sms")

    assert await ada.must_answer_by(in_chat) == asked_at + ANSWER_WITHIN
    assert await ada.must_answer_by(nowhere_else) == asked_at + timedelta(seconds=50) + ANSWER_WITHIN


async def test_what_she_owns_no_more_is_not_asked_with_the_others(house: House) -> None:
    ada, bo = await an_ada(house), await a_user(house.database, "Bo", reachable=False)
    phone = await a_contact_method(house.database, ada.user, channel="sms", address=NUMBER)
    asked = [await ada.asked(phone) for _ in range(3)]
    async with house.database.commands() as session:
        sql = text("UPDATE incidents SET assignee_id = :bo WHERE id = :id")
        await session.execute(sql, {"bo": bo.id, "id": asked[1][1]})
        await session.commit()

    (message,) = await ada.told("sms")

    assert numbers(message) == {asked[0][0], asked[2][0]}
