"""An emergency on a phone ends as soon as its person is not called any more, also where the incident is open still."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from opsknight.domain.commands import amends, incidents, left_alone
from opsknight.domain.model.everyone import Everyone
from opsknight.domain.store.tables import ContactMethodRow, IncidentRow, NotificationRow, PageRow, UserRow
from opsknight.jobs.amend import Amender
from opsknight.jobs.channels.pushover import PushoverChannel
from opsknight.jobs.channels.routes import Routed
from tests.builders import a_contact_method, a_notification, a_page, a_user
from tests.jobs.cases.pushover import APP, CASE, RECEIPT
from tests.jobs.pager import Pager
from tests.peers.http_provider import HttpPeer, http_peer


@dataclass
class Sounding:
    """Ada's phone, which sounds for an incident, beside Bo, and who ends it."""

    pager: Pager
    peer: HttpPeer
    amender: Amender
    ada: UserRow
    bo: UserRow
    phone: ContactMethodRow
    incident: IncidentRow
    page: PageRow
    told: NotificationRow

    async def ended(self) -> bool:
        """Let what is behind be changed; return whether the phone was told to sound no more."""
        await self.amender.look()
        await self.amender.turn("pushover")
        return [asked.path for asked in self.peer.asked] == [f"/1/receipts/{RECEIPT}/cancel.json"]

    async def acknowledges(self, who: UserRow) -> None:
        async with self.pager.deps.commands(f"user:{who.id}") as uow:
            await incidents.acknowledge(uow, self.incident.id)

    async def tells_of(self, incident: IncidentRow) -> None:
        """Let the phone have been told of one more incident by the same message."""
        page = await a_page(self.pager.database, incident, self.ada)
        at = {"finished_at": self.pager.deps.clock.now(), "bundled_into": self.told.id}
        await a_notification(self.pager.database, page, self.phone, status="bundled", **at)

    async def leaves_ada_alone(self) -> None:
        """Let Bo be paged instead of Ada from now on."""
        until = self.pager.deps.clock.now() + timedelta(hours=8)
        async with self.pager.deps.commands(f"user:{self.ada.id}") as uow:
            await left_alone.do_not_disturb(uow, until=until, substitute_id=self.bo.id)


@pytest.fixture
async def sounding(pager: Pager) -> AsyncIterator[Sounding]:
    ada, bo = await a_user(pager.database, "Ada", reachable=False), await a_user(pager.database, "Bo")
    must = Everyone(generation=1, waiting=(ada.id, bo.id)).to_json()
    incident = await pager.an_incident(must_acknowledge=must)
    phone = await a_contact_method(pager.database, ada, channel="pushover", address="u" * 30)
    page = await a_page(pager.database, incident, ada)
    sent = {"status": "accepted", "attempts": 1, "finished_at": pager.deps.clock.now()}
    told = await a_notification(pager.database, page, phone, position=0, **sent)
    await pager.an_attempt(told, 1, outcome="accepted", carrier="pushover", provider_id=RECEIPT)
    async with http_peer() as peer:
        peer.answering, peer.check = CASE.takes, CASE.check
        channel = PushoverChannel(peer.origin, token=APP, now=pager.deps.clock.now)
        amender = Amender(pager.deps, {"pushover": Routed({"pushover": channel})})
        async with pager.deps.engine_commands("timer:test") as uow:
            await amends.look(uow, channels=["pushover"])
        yield Sounding(pager, peer, amender, ada, bo, phone, incident, page, told)
        await channel.close()


async def test_who_has_acknowledged_where_everyone_must_is_called_no_more(sounding: Sounding):
    await sounding.acknowledges(sounding.ada)

    assert await sounding.ended()


async def test_who_must_still_acknowledge_goes_on_being_called(sounding: Sounding):
    await sounding.acknowledges(sounding.bo)

    assert not await sounding.ended()
    assert sounding.peer.asked == []


async def test_who_had_it_before_it_went_to_another_is_called_no_more(sounding: Sounding):
    async with sounding.pager.deps.commands(f"user:{sounding.ada.id}") as uow:
        await incidents.reassign(uow, sounding.incident.id, to=sounding.bo.id)

    assert await sounding.ended()


async def test_who_is_not_to_be_disturbed_is_called_no_more_for_what_another_is_paged(sounding: Sounding):
    mail = await a_contact_method(sounding.pager.database, sounding.ada, address="ada@example.com")
    in_5_min = sounding.pager.deps.clock.now() + timedelta(minutes=5)
    await a_notification(sounding.pager.database, sounding.page, mail, position=1, due_at=in_5_min)

    await sounding.leaves_ada_alone()

    assert await sounding.ended()


async def test_who_is_not_to_be_disturbed_and_has_no_one_paged_instead_goes_on_being_called(sounding: Sounding):
    await sounding.leaves_ada_alone()

    assert not await sounding.ended()


async def test_a_message_about_several_sounds_until_its_person_has_answered_each(sounding: Sounding):
    must = Everyone(generation=1, waiting=(sounding.ada.id, sounding.bo.id)).to_json()
    other = await sounding.pager.an_incident(must_acknowledge=must)
    await sounding.tells_of(other)
    await sounding.acknowledges(sounding.ada)
    assert not await sounding.ended()

    sounding.incident = other
    await sounding.acknowledges(sounding.ada)

    assert await sounding.ended()
