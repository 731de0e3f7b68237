"""Pushover is asked whether somebody acknowledged on the phone, where it cannot call us."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from opsknight.crypto import new_id
from opsknight.domain.store.tables import AttemptRow, NotificationRow
from opsknight.jobs.channels.pushover import PushoverSettings
from opsknight.jobs.pushover_receipts import PushoverReceipts
from tests.builders import a_contact_method, a_notification, a_page, a_service, a_stored_incident, a_user
from tests.jobs.pager import Pager
from tests.peers.http_provider import Asked, HttpPeer, Said, http_peer


@pytest.fixture
async def peer() -> AsyncIterator[HttpPeer]:
    async with http_peer() as running:
        running.answering = a_receipt()
        yield running


def a_receipt(**changes: Any) -> Any:
    def answering(asked: Asked) -> Said:
        assert asked.query == {"token": "T"}
        return Said(200, {"status": 1, "acknowledged": 0, "last_delivered_at": 0, "expired": 0, **changes})

    return answering


async def a_message(pager: Pager, receipt: str, *, ago: timedelta = timedelta(), **columns: Any) -> NotificationRow:
    database, now = pager.deps.database, pager.deps.clock.now()
    user = await a_user(database)
    method = await a_contact_method(database, user, channel="pushover", address="u" * 30)
    page = await a_page(database, await a_stored_incident(database, await a_service(database)), user)
    message = await a_notification(database, page, method, **{"status": "accepted", "attempts": 1, **columns})
    async with database.commands() as session:
        session.add(
            AttemptRow(
                id=new_id(),
                notification_id=message.id,
                number=1,
                worker=1,
                started_at=now - ago,
                finished_at=now - ago,
                outcome="accepted",
                carrier="pushover",
                provider_id=receipt,
            )
        )
        await session.commit()
    return message


async def ask(pager: Pager, peer: HttpPeer) -> None:
    await PushoverReceipts(pager.deps, PushoverSettings(url=peer.origin, token="T")).ask()


@pytest.mark.parametrize(
    ("said", "becomes"),
    [
        ({}, "accepted"),
        ({"last_delivered_at": 1360001238}, "delivered"),
        ({"last_delivered_at": 1360001238, "acknowledged": 1, "acknowledged_at": 1360019238}, "seen"),
        ({"status": 0, "acknowledged": 1}, "accepted"),
    ],
)
async def test_what_the_receipt_says_is_noted(pager: Pager, peer: HttpPeer, said: dict[str, int], becomes: str):
    message = await a_message(pager, "r" * 30)
    peer.answering = a_receipt(**said)

    await ask(pager, peer)

    assert [asked.path for asked in peer.asked] == [f"/1/receipts/{'r' * 30}.json"]
    assert await pager.status(message) == becomes


async def test_only_what_may_still_be_acknowledged_is_asked_for(pager: Pager, peer: HttpPeer):
    await a_message(pager, "r" * 30, status="seen")
    await a_message(pager, "s" * 30, ago=timedelta(hours=2))
    await a_message(pager, "647d2300-702c-4b38-8b2f-d56326ae460b")

    await ask(pager, peer)

    assert peer.asked == []


async def test_a_pushover_that_is_away_is_not_asked_for_the_rest(pager: Pager, peer: HttpPeer):
    for letter in "rst":
        await a_message(pager, letter * 30)
    peer.answering = lambda _asked: Said(502, "bad gateway")

    await ask(pager, peer)

    assert len(peer.asked) == 1
