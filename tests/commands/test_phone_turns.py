"""At most one message a minute to a number about one service; what is held back is told of by the next."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import text

from opsknight.domain.commands import incidents, notifications, outcomes
from opsknight.domain.commands.alone import page_alone
from opsknight.domain.model.attempt import Attempt
from opsknight.domain.model.event import Urgency
from opsknight.domain.model.notification import PageKind, Retry, Sent
from opsknight.domain.queries.pages import pages
from opsknight.domain.store.tables import ContactMethodRow, IncidentRow, ServiceRow, UserRow
from tests.api.house import House
from tests.builders import a_contact_method, a_notification, a_page, a_service, a_stored_incident, a_user

NUMBER = "+4915123456789"


class Ada:
    """Somebody with a phone, who is paged again and again."""

    def __init__(self, house: House, user: UserRow, phone: ContactMethodRow) -> None:
        self.house, self.user, self.phone = house, user, phone

    async def paged(
        self,
        service: ServiceRow,
        *,
        method: ContactMethodRow | None = None,
        then: ContactMethodRow | None = None,
        after: timedelta = timedelta(),
    ) -> IncidentRow:
        """Page her now about a new incident of `service`, and by the method `then` some time `after`."""
        incident = await a_stored_incident(self.house.database, service)
        now = self.house.clock.now()
        page = await a_page(self.house.database, incident, self.user, due_at=now, created_at=now)
        await a_notification(self.house.database, page, method or self.phone)
        if then is not None:
            await a_notification(self.house.database, page, then, position=1, due_at=now + after)
        return incident

    async def told(self, channel: str = "sms", *, sent: bool = True) -> Sequence[Attempt]:
        """Let a worker send what is due; return what it began."""
        async with self.house.deps.engine_commands("timer:notification") as uow:
            begun = await notifications.claim_and_begin(uow, channel=channel, worker=1, limit=50, limit_low=25)
        async with self.house.deps.engine_commands("timer:notification") as uow:
            if sent:
                await outcomes.finish_sent(uow, [(attempt, Sent("SM1", carrier="twilio")) for attempt in begun])
        return begun

    async def tried(self, channel: str = "sms") -> Sequence[Attempt]:
        """Let a worker try what is due while the carrier is out of order."""
        begun = await self.told(channel, sent=False)
        async with self.house.deps.engine_commands("timer:notification") as uow:
            for attempt in begun:
                await outcomes.finish(uow, attempt, Retry("503"), jitter=0.5)
        return begun

    async def tried_after(self, seconds: float) -> Sequence[Attempt]:
        self.house.clock.advance(timedelta(seconds=seconds))
        return await self.tried()

    async def after(self, seconds: float) -> Sequence[Attempt]:
        self.house.clock.advance(timedelta(seconds=seconds))
        return await self.told()

    async def held(self) -> list[tuple[str, str]]:
        sql = text("SELECT status, reason FROM notifications WHERE held ORDER BY id")
        async with self.house.deps.reading() as session:
            return [tuple(row) for row in await session.execute(sql)]


async def an_ada(house: House) -> Ada:
    user = await a_user(house.database, "Ada", reachable=False)
    return Ada(house, user, await a_contact_method(house.database, user, channel="sms", address=NUMBER))


def numbers(attempt: Attempt) -> set[int]:
    assert attempt.incident is not None
    return {attempt.incident.number, *(other.number for other in attempt.others)}


def lateness(attempt: Attempt) -> dict[int, timedelta | None]:
    """How late each is of what a message tells."""
    assert attempt.incident is not None
    return {attempt.incident.number: attempt.late, **{other.number: other.late for other in attempt.others}}


async def test_a_second_incident_of_a_service_waits_a_minute_and_says_so(house: House) -> None:
    ada, checkout = await an_ada(house), await a_service(house.database, "Checkout")
    first = await ada.paged(checkout)
    assert [numbers(one) for one in await ada.told()] == [{first.number}]
    second = await ada.paged(checkout)

    assert not await ada.after(10)

    assert [status for status, _ in await ada.held()] == ["queued"]
    async with house.deps.reading() as session:
        ((page),) = await pages(session, second.id)
    assert page["notifications"][0]["sentence"] == (
        "Held back for a minute at most: its number was sent a message about Checkout a moment ago,"
        " and the next tells all."
    )
    assert not await ada.after(49)
    assert [numbers(one) for one in await ada.after(1)] == [{second.number}]


async def test_a_storm_of_a_service_is_one_message_a_minute_that_names_them_all(house: House) -> None:
    ada, checkout = await an_ada(house), await a_service(house.database, "Checkout")
    first = await ada.paged(checkout)
    assert len(await ada.told()) == 1
    stormed = set()
    for _ in range(5):
        stormed.add((await ada.paged(checkout)).number)
        assert not await ada.after(5)

    (message,) = await ada.after(40)

    assert numbers(message) == stormed
    assert first.number not in stormed


async def test_what_is_due_at_once_goes_in_one_message(house: House) -> None:
    ada, checkout = await an_ada(house), await a_service(house.database, "Checkout")
    due = {(await ada.paged(checkout)).number for _ in range(4)}

    (message,) = await ada.told()

    assert numbers(message) == due
    assert not await ada.held()


async def test_a_new_service_is_told_at_once_and_takes_along_what_is_held_back(house: House) -> None:
    ada = await an_ada(house)
    checkout, search = await a_service(house.database, "Checkout"), await a_service(house.database, "Search")
    await ada.paged(checkout)
    await ada.told()
    held = await ada.paged(checkout)
    assert not await ada.after(5)
    new = await ada.paged(search)

    (message,) = await ada.after(1)

    assert numbers(message) == {held.number, new.number}


async def test_what_is_held_back_and_not_wanted_any_more_is_not_sent(house: House) -> None:
    ada, checkout = await an_ada(house), await a_service(house.database, "Checkout")
    await ada.paged(checkout)
    await ada.told()
    second = await ada.paged(checkout)
    await ada.after(5)
    async with house.deps.commands(f"user:{ada.user.id}") as uow:
        await incidents.acknowledge(uow, second.id)

    assert not await ada.after(60)


async def test_a_number_that_two_people_share_has_one_turn(house: House) -> None:
    ada, checkout = await an_ada(house), await a_service(house.database, "Checkout")
    bo = Ada(house, bo_user := await a_user(house.database, "Bo", reachable=False), ada.phone)
    bo.phone = await a_contact_method(house.database, bo_user, channel="sms", address=NUMBER)
    await ada.paged(checkout)
    await ada.told()
    await bo.paged(checkout)

    assert not await ada.after(5)


async def test_a_retry_is_not_held_back_by_its_own_turn(house: House) -> None:
    ada, checkout = await an_ada(house), await a_service(house.database, "Checkout")
    await ada.paged(checkout)
    (attempt,) = await ada.told(sent=False)
    async with house.deps.engine_commands("timer:notification") as uow:
        await outcomes.finish(uow, attempt, outcomes.Retry("busy"), jitter=0.0)

    assert [one.number for one in await ada.after(5)] == [2]


@pytest.mark.parametrize("first", ["sms", "voice"])
async def test_in_a_storm_of_texts_the_calls_that_follow_them_come(house: House, first: str) -> None:
    ada, checkout = await an_ada(house), await a_service(house.database, "Checkout")
    call = await a_contact_method(house.database, ada.user, channel="voice", address=NUMBER)
    came: dict[str, list[set[int]]] = {"sms": [], "voice": []}
    stormed = []

    for second in range(0, 10 * 60, 10):
        if second % 20 == 0:
            stormed.append((await ada.paged(checkout, then=call, after=timedelta(minutes=5))).number)
        for channel in sorted(came, key=lambda one: one != first):
            came[channel] += [numbers(one) for one in await ada.told(channel)]
        house.clock.advance(timedelta(seconds=10))

    assert [len(messages) for messages in came.values()] == [10, 5]  # one of each a minute, no more
    assert set().union(*came["voice"]) == set(stormed[: len(set().union(*came["voice"]))])
    assert len(set().union(*came["voice"])) >= 12


async def test_a_call_that_is_the_first_of_its_page_waits_for_the_texts_of_others(house: House) -> None:
    ada, checkout = await an_ada(house), await a_service(house.database, "Checkout")
    call = await a_contact_method(house.database, ada.user, channel="voice", address=NUMBER)
    await ada.paged(checkout)
    await ada.told()
    await ada.paged(checkout, method=call)

    assert not await ada.told("voice")


async def an_outage_of_ten_minutes(ada: Ada, service: ServiceRow, method: ContactMethodRow) -> set[int]:
    """Page her every half a minute while the carrier is out of order; return the incidents."""
    paged = set[int]()
    for second in range(0, 10 * 60, 5):
        if second % 30 == 0:
            paged.add((await ada.paged(service, method=method)).number)
        await ada.tried(method.channel)
        ada.house.clock.advance(timedelta(seconds=5))
    return paged


@pytest.mark.parametrize("channel", ["sms", "voice", "email"])
async def test_after_an_outage_of_a_carrier_what_it_held_up_is_told_together_and_says_how_late_it_is(
    house: House, channel: str
) -> None:
    ada, checkout = await an_ada(house), await a_service(house.database, "Checkout")
    address = "ada@example.com" if channel == "email" else NUMBER
    method = (
        ada.phone
        if channel == "sms"
        else await a_contact_method(house.database, ada.user, channel=channel, address=address)
    )
    paged = await an_outage_of_ten_minutes(ada, checkout, method)

    came: list[Attempt] = []
    for _ in range(14):  # 70 s
        came += await ada.told(channel)
        house.clock.advance(timedelta(seconds=5))

    assert sorted(number for one in came for number in numbers(one)) == sorted(paged)
    assert len(came) <= 4
    late = {number: how_late for one in came for number, how_late in lateness(one).items()}
    assert [late[number] is not None for number in sorted(paged)][:17] == [True] * 17
    assert timedelta(minutes=10) <= (late[min(paged)] or timedelta()) <= timedelta(minutes=11)


async def test_what_was_never_tried_does_not_join_what_does_not_go_through(house: House) -> None:
    ada, checkout = await an_ada(house), await a_service(house.database, "Checkout")
    await an_outage_of_ten_minutes(ada, checkout, ada.phone)
    new = await ada.paged(checkout)

    tried = [one for _ in range(13) for one in await ada.tried_after(5)]

    told = [one for one in tried if new.number in numbers(one)]
    assert told[0].number == 1
    assert len(numbers(told[0])) > 2  # and it takes along what does not go through


async def test_a_message_that_was_tried_for_minutes_says_so(house: House) -> None:
    ada, checkout = await an_ada(house), await a_service(house.database, "Checkout")
    await ada.paged(checkout)
    for _ in range(24):
        await ada.tried_after(5)

    (message,) = [one for _ in range(6) for one in await ada.after(5)]

    assert message.late is not None
    assert message.late >= timedelta(minutes=2)


async def test_an_answer_that_was_just_texted_holds_nothing_back(house: House) -> None:
    ada = await an_ada(house)
    came: list[Attempt] = []

    for kind in (PageKind.REPLY, PageKind.SHIFT):
        async with house.deps.commands("system:test") as uow:
            await page_alone(uow, kind, [ada.phone], user_id=ada.user.id, urgency=Urgency.HIGH, reason="Said.")
        came += await ada.told()

    assert [message.kind for message in came] == [PageKind.REPLY, PageKind.SHIFT]


async def test_mail_is_not_held_back(house: House) -> None:
    ada, checkout = await an_ada(house), await a_service(house.database, "Checkout")
    mail = await a_contact_method(house.database, ada.user)
    for _ in range(3):
        await ada.paged(checkout, method=mail)

    assert len(await ada.told("email")) == 3
