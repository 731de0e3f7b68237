"""Channels with several providers: by whom a message goes first, by what was seen of each in the last half hour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from opsknight import metrics
from opsknight.domain.commands import notifications, outcomes, receipts
from opsknight.domain.model.carrying import Record
from opsknight.domain.model.event import Urgency
from opsknight.domain.model.notification import Failed, Outcome, Retry, Sent
from opsknight.domain.queries.carriers import carrier_records
from opsknight.jobs.carrying import Carrying
from opsknight.jobs.channels.channel import Address, Message
from opsknight.jobs.channels.routes import Routed
from opsknight.jobs.channels.table import Lane
from tests.builders import a_contact_method, a_notification, a_page, a_user
from tests.jobs.a_message import a_message
from tests.jobs.pager import Pager

HERE, THERE = Address("+491701234567"), Address("+14155550100")


@dataclass
class Carrier:
    """A provider that takes everything."""

    sent: list[Message] = field(default_factory=list[Message])

    async def send(self, message: Message, _address: Address) -> Outcome:
        self.sent.append(message)
        return Sent("m")

    async def close(self) -> None:
        """Have nothing to close."""


def routed() -> Routed:
    carriers = {"first": Carrier(), "second": Carrier()}
    return Routed(carriers, country=lambda address: "DE" if address.startswith("+49") else "US")


async def chosen(channel: Routed, address: Address = HERE, **of_message: object) -> str:
    return (await channel.send(a_message(**of_message), address)).carrier


BAD = {"DE": {"first": Record(lost=9, confirmed=1, confirms=True)}}


async def test_a_carrier_that_does_not_get_through_to_a_country_is_the_second_there_and_the_first_elsewhere() -> None:
    channel = routed()

    assert channel.heed(BAD) == {"DE": ("second", "first")}

    assert [await chosen(channel, where) for where in (HERE, THERE)] == ["second", "first"]
    assert await chosen(channel, tried_by=frozenset({"second"})) == "first"
    assert await chosen(channel, tried_by=frozenset({"first", "second"})) == "second"


async def test_one_message_that_waits_for_nothing_goes_by_the_carrier_that_was_overtaken_and_a_loud_one_never() -> None:
    channel = routed()
    channel.heed(BAD)

    went = [await chosen(channel, urgency=each) for each in (Urgency.HIGH, Urgency.LOW, Urgency.LOW, Urgency.HIGH)]
    channel.heed(BAD)
    again = [await chosen(channel, urgency=each) for each in (Urgency.HIGH, Urgency.LOW)]

    assert (went, again) == (["second", "first", "second", "second"], ["second", "first"])


async def test_a_message_of_low_urgency_that_failed_before_is_no_trial() -> None:
    channel = routed()
    channel.heed(BAD)

    assert await chosen(channel, urgency=Urgency.LOW, tried_by=frozenset({"first"})) == "second"


async def test_a_carrier_that_gets_through_again_is_the_first_again_and_only_changes_are_told() -> None:
    channel = routed()
    channel.heed(BAD)

    assert channel.heed(BAD) == {}
    assert channel.heed({"DE": {"first": Record(confirmed=10)}}) == {"DE": ("first", "second")}
    assert channel.heed({}) == {}
    assert await chosen(channel) == "first"


async def texts(pager: Pager, outcomes_of: Sequence[Outcome], *, to: str = "") -> list[object]:
    """Send a text for each outcome, to a phone of its own unless `to` is said; return the notifications' ids."""
    ids: list[object] = []
    for outcome in outcomes_of:
        user = await a_user(pager.database, reachable=False)
        phone = await a_contact_method(pager.database, user, channel="sms", address=to or f"+49151{user.id:08}")
        page = await a_page(pager.database, await pager.an_incident(), user)
        message = await a_notification(pager.database, page, phone, position=0)
        async with pager.deps.commands("system:test") as uow:
            (attempt,) = await notifications.begin(uow, {message.id: 0}, worker=1)
        async with pager.deps.commands("system:test") as uow:
            await outcomes.finish(uow, attempt, outcome, jitter=0.0)
        ids.append(message.id)
    return ids


def by(carrier: str) -> dict[str, str]:
    return {"carrier": carrier, "country": "DE"}


async def records(pager: Pager) -> dict[str, Record]:
    async with pager.deps.reading() as session:
        found = await carrier_records(session, ["sms", "email"], now=pager.deps.clock.now())
    return dict(found.get("sms", {}).get("DE", {}))


async def test_what_became_of_texts_is_counted_by_carrier_and_country(pager: Pager) -> None:
    one, two, three, _ = await texts(pager, [Sent("m", **by("first"))] * 3 + [Retry("busy", **by("second"))])
    async with pager.deps.commands("system:test") as uow:
        await receipts.delivered(uow, one)
        await receipts.undelivered(uow, two, detail="no phone")

    assert await records(pager) == {"first": Record(1, 0, 1, confirms=True), "second": Record(0, 0, 1)}
    await pager.move_on(timedelta(seconds=61))
    assert await records(pager) == {"first": Record(1, 1, 1, confirms=True), "second": Record(0, 0, 1)}
    async with pager.deps.commands("system:test") as uow:
        await receipts.seen(uow, three)
    assert await records(pager) == {"first": Record(2, 0, 1, confirms=True), "second": Record(0, 0, 1)}
    await pager.move_on(timedelta(minutes=30))
    assert await records(pager) == {}


async def test_a_number_that_does_not_exist_condemns_nobody_however_often_it_is_refused(pager: Pager) -> None:
    user = await a_user(pager.database, reachable=False)
    phone = await a_contact_method(pager.database, user, channel="sms", address="+4915100000000")
    for _ in range(6):
        page = await a_page(pager.database, await pager.an_incident(), user)
        message = await a_notification(pager.database, page, phone, position=0)
        async with pager.deps.commands("system:test") as uow:
            begun = await notifications.begin(uow, {message.id: 0}, worker=1)
        async with pager.deps.commands("system:test") as uow:
            for attempt in begun:
                await outcomes.finish(uow, attempt, Failed("no such number", **by("first")), jitter=0.0)
        await pager.move_on(timedelta(minutes=2))

    assert await records(pager) == {"first": Record(0, 0, 1)}


async def test_only_the_newest_messages_count(pager: Pager) -> None:
    await texts(pager, [Retry("busy", **by("first"))] * 10)
    await pager.move_on(timedelta(seconds=1))
    for each in await texts(pager, [Sent("m", **by("first"))] * 16):
        async with pager.deps.commands("system:test") as uow:
            await receipts.delivered(uow, each)

    assert await records(pager) == {"first": Record(16, 0, 4, confirms=True)}


async def test_a_look_at_the_carriers_has_the_next_text_go_by_the_better_one_and_shows_the_shares(
    pager: Pager,
) -> None:
    channel = routed()
    carrying = Carrying(pager.deps, {"sms": Lane("sms", 1, channel), "push": Lane("push", 1, Carrier())})
    await texts(pager, [Retry("busy", **by("first"))] * 6)

    assert await chosen(channel) == "first"
    await carrying.look()

    assert await chosen(channel) == "second"
    labels = {"channel": "sms", "carrier": "first", "country": "DE"}
    assert metrics.CARRIER_SUCCESS.labels(**labels)._value.get() == 0.0


@pytest.mark.parametrize("carriers", [1, 2])
async def test_only_channels_with_a_choice_are_looked_at(pager: Pager, carriers: int) -> None:
    channel = Routed({str(number): Carrier() for number in range(carriers)})

    assert channel.has_choice == (carriers > 1)
    if carriers == 1:
        await Carrying(pager.deps, {"sms": Lane("sms", 1, channel)}).run()
