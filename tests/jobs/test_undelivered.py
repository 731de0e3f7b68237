"""What was taken by a provider and never arrived; and what a provider says when it is asked."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from opsknight.domain.commands import incidents, receipts
from opsknight.domain.store.tables import ContactMethodRow, NotificationRow, PageRow, UserRow
from opsknight.jobs import deliver
from opsknight.jobs.channels.channel import Address, Ambiguous, Channel, Message, Outcome, Retry, Sent
from opsknight.jobs.channels.routes import Routed
from tests.bounds import PATIENCE_S
from tests.builders import a_contact_method, a_notification, a_page, a_user
from tests.jobs.a_message import a_message
from tests.jobs.pager import Pager


async def test_after_a_message_that_never_arrived_the_next_contact_method_starts(pager: Pager) -> None:
    push, mail = await pager.push_then_mail(await pager.an_incident())
    async with pager.sending():
        await pager.becomes("accepted", push)

        async with pager.deps.commands("system:callback") as uow:
            was_news = await receipts.undelivered(uow, push.id, detail="The phone was off.")
        pager.wake()
        await pager.becomes("accepted", mail)

    assert was_news
    assert await pager.status(push) == "failed"
    assert [fact["detail"] for fact in await pager.told("failed")] == ["The phone was off."]


async def test_a_message_that_was_shown_is_never_called_undelivered(pager: Pager) -> None:
    push, mail = await pager.push_then_mail(await pager.an_incident())
    async with pager.sending():
        await pager.becomes("accepted", push)
    async with pager.deps.commands("system:callback") as uow:
        await receipts.delivered(uow, push.id)

    async with pager.deps.commands("system:callback") as uow:
        was_news = await receipts.undelivered(uow, push.id, detail="late and wrong")

    assert not was_news
    assert [await pager.status(one) for one in (push, mail)] == ["delivered", "queued"]


async def test_the_end_of_a_call_that_a_machine_took_is_no_proof_that_its_person_is_reached(pager: Pager) -> None:
    message = await taken_by_a_phone(pager)
    async with pager.deps.commands("system:callback") as uow:
        await receipts.undelivered(uow, message.id, detail="a machine answered the call")

    async with pager.deps.commands("system:callback") as uow:
        was_news = await receipts.delivered(uow, message.id)

    assert not was_news
    assert await proved_at(pager, message) is None


async def test_a_machine_that_took_a_call_is_known_also_after_the_end_of_the_call(pager: Pager) -> None:
    call, mail = await a_call_then_mail(pager)
    async with pager.deps.commands("system:callback") as uow:
        await receipts.completed(uow, call.id)
    before = (await pager.status(call), await proved_at(pager, call), await pager.due_in(mail))

    async with pager.deps.commands("system:callback") as uow:
        was_news = await receipts.answered_by_machine(uow, call.id, detail="a machine answered the call")

    assert before == ("delivered", None, timedelta(minutes=5))
    assert was_news
    assert (await pager.status(call), await proved_at(pager, call)) == ("failed", None)
    assert await pager.due_in(mail) == timedelta()


@pytest.mark.parametrize("first", ["the end of the call", "who answered"])
async def test_a_call_that_a_person_took_is_proof_in_whichever_order_it_is_told(pager: Pager, first: str) -> None:
    call, _ = await a_call_then_mail(pager)
    told = [receipts.completed, receipts.delivered]
    for each in told if first == "the end of the call" else reversed(told):
        async with pager.deps.commands("system:callback") as uow:
            await each(uow, call.id)

    async with pager.deps.commands("system:callback") as uow:
        was_news = await receipts.answered_by_machine(uow, call.id, detail="a machine answered another call")

    assert await proved_at(pager, call) is not None
    assert (was_news, await pager.status(call)) == (False, "delivered")


async def a_call_then_mail(pager: Pager) -> tuple[NotificationRow, NotificationRow]:
    call = await taken_by_a_phone(pager)
    async with pager.deps.reading() as session:
        page, user = await session.get(PageRow, call.page_id), await session.get(UserRow, call.user_id)
    assert page is not None
    assert user is not None
    mailbox, due_at = await a_contact_method(pager.database, user), pager.deps.clock.now() + timedelta(minutes=5)
    return call, await a_notification(pager.database, page, mailbox, due_at=due_at)


EARLIER, ACCEPTED = {"carrier": "twilio", "provider_id": "SM1"}, {"carrier": "vonage", "provider_id": "v-2"}


@pytest.mark.parametrize(
    ("of", "status"),
    [
        (EARLIER, "accepted"),
        ({"carrier": "vonage", "provider_id": "v-1"}, "accepted"),
        (ACCEPTED, "failed"),
        ({"carrier": "vonage", "provider_id": ""}, "failed"),
        ({"carrier": "", "provider_id": ""}, "failed"),
    ],
)
async def test_a_late_word_of_an_earlier_attempt_says_nothing_of_the_one_that_was_accepted_since(
    pager: Pager, of: dict[str, str], status: str
) -> None:
    message = await taken_by_a_phone(pager)
    await pager.an_attempt(message, 1, outcome="ambiguous", **{**EARLIER, "provider_id": ""})
    await pager.an_attempt(message, 2, outcome="accepted", **ACCEPTED)

    async with pager.deps.commands("system:callback") as uow:
        was_news = await receipts.undelivered(uow, message.id, detail="it was not delivered", **of)

    assert (was_news, await pager.status(message)) == (status == "failed", status)


async def test_a_receipt_that_is_told_again_proves_nothing_new(pager: Pager) -> None:
    message = await taken_by_a_phone(pager)
    async with pager.deps.commands("system:callback") as uow:
        await receipts.delivered(uow, message.id)
    first = await proved_at(pager, message)
    await pager.move_on(timedelta(days=2))

    async with pager.deps.commands("system:callback") as uow:
        await receipts.delivered(uow, message.id)

    assert first is not None
    assert await proved_at(pager, message) == first


async def taken_by_a_phone(pager: Pager) -> NotificationRow:
    user = await a_user(pager.database, reachable=False)
    phone = await a_contact_method(pager.database, user, channel="voice", address="+4915123456789")
    page = await a_page(pager.database, await pager.an_incident(), user)
    taken = {"status": "accepted", "attempts": 1, "finished_at": pager.deps.clock.now()}
    return await a_notification(pager.database, page, phone, **taken)


async def proved_at(pager: Pager, message: NotificationRow) -> datetime | None:
    async with pager.deps.reading() as session:
        method = await session.get(ContactMethodRow, message.contact_method_id)
    assert method is not None
    return method.last_proof_at


@dataclass
class Carrier:
    """A provider that answers as it is told, from the second message on with `then`, and can be asked."""

    says: Outcome
    then: Outcome | None = None
    has: Sent | None = None
    hangs: bool = False
    thinks_s: float = 0.0
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    sent: list[Message] = field(default_factory=list[Message])

    async def send(self, message: Message, _address: Address) -> Outcome:
        self.sent.append(message)
        return self.says if self.then is None or len(self.sent) == 1 else self.then

    async def find(self, _message: Message, _address: Address, *, since: datetime) -> Sent | None:  # noqa: ARG002
        self.asked.set()
        if self.hangs:
            await asyncio.Event().wait()
        await asyncio.sleep(self.thinks_s)
        return self.has

    async def close(self) -> None:
        """Have nothing to close."""


def routed(**carriers: Channel) -> Routed:
    return Routed(carriers, country=lambda _address: "DE")


async def test_a_message_that_did_not_go_through_goes_by_another_carrier() -> None:
    first, second = Carrier(Retry("busy")), Carrier(Sent("m-1"))
    channel = routed(first=first, second=second)
    tried = await channel.send(a_message(), Address("+491701234567"))

    outcome = await channel.send(a_message(tried_by=frozenset({tried.carrier})), Address("+491701234567"))

    assert (tried.carrier, outcome.carrier, outcome.country) == ("first", "second", "DE")


async def test_when_no_carrier_got_it_through_the_first_tries_again() -> None:
    channel = routed(first=Carrier(Retry("busy")), second=Carrier(Retry("busy")))

    outcome = await channel.send(a_message(tried_by=frozenset({"first", "second"})), Address("+491701234567"))

    assert outcome.carrier == "first"


async def test_what_was_perhaps_sent_is_not_sent_again_where_its_provider_has_it(pager: Pager) -> None:
    mail = await pager.a_mail()
    asked = Carrier(Ambiguous("no answer"))
    async with pager.sending() as running:
        lane = next(lane for lane in running.sender.lanes if lane.slug == "email")
        lane._channel = routed(only=asked)
        asked.has = Sent("m-7")
        pager.wake()
        await pager.move_on(timedelta(seconds=1))
        await pager.becomes("accepted", mail)

    assert len(asked.sent) == 1
    assert (await pager.rows("SELECT carrier, provider_id FROM attempts ORDER BY number")) == [
        ("only", ""),
        ("only", "m-7"),
    ]


async def test_a_provider_that_does_not_say_whether_it_has_a_page_is_sent_it_again(
    pager: Pager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliver, "ASK_S", 0.05)
    mail = await pager.a_mail()
    asked = Carrier(Ambiguous("no answer"), hangs=True, then=Sent("m-8"))  # it is sent again at once
    async with pager.sending() as running:
        lane = next(lane for lane in running.sender.lanes if lane.slug == "email")
        lane._channel = routed(only=asked)
        pager.wake()
        await pager.becomes("accepted", mail)

    assert await pager.attempts(mail) == ["ambiguous", "accepted"]
    assert len(asked.sent) == 2
    assert asked.sent[1].possible_repeat


async def test_what_is_acknowledged_while_its_provider_thinks_about_whether_it_has_it_is_not_sent(pager: Pager) -> None:
    mail = await pager.a_mail()
    asked = Carrier(Ambiguous("no answer"), thinks_s=deliver.STALE_AFTER_S + 0.1)
    async with pager.sending() as running:
        lane = next(lane for lane in running.sender.lanes if lane.slug == "email")
        lane._channel = routed(only=asked)
        pager.wake()
        await asyncio.wait_for(asked.asked.wait(), PATIENCE_S)
        async with pager.deps.commands("user:1") as uow:
            await incidents.acknowledge(uow, mail.incident_id)  # type: ignore[arg-type]
        await pager.becomes("superseded", mail)

    assert len(asked.sent) == 1
    assert await pager.attempts(mail) == ["ambiguous"]
