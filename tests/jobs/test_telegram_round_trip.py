"""From a page to a press: what goes out by Telegram comes back as an acknowledge."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from opsknight.api.chats.telegram import heed_raw
from tests.builders import a_contact_method, a_notification, a_page, a_service, a_stored_incident, a_user
from tests.jobs.cases.telegram import CASE, TOKEN
from tests.jobs.pager import Pager
from tests.peers.http_provider import HttpPeer, http_peer


@pytest.fixture
async def peer(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[HttpPeer]:
    async with http_peer() as running:
        running.answering, running.check = CASE.takes, CASE.check
        monkeypatch.setenv("OPSKNIGHT_TELEGRAM_URL", running.origin)
        monkeypatch.setenv("OPSKNIGHT_TELEGRAM_TOKEN", TOKEN)
        yield running
        assert not running.mistakes


async def test_a_page_that_went_out_by_telegram_is_acknowledged_by_its_own_button(peer: HttpPeer, pager: Pager):
    database = pager.deps.database
    ada = await a_user(database, "Ada")
    method = await a_contact_method(database, ada, channel="telegram", address="123456789")
    incident = await a_stored_incident(database, await a_service(database))
    message = await a_notification(database, await a_page(database, incident, ada), method)
    async with pager.sending():
        await pager.becomes("accepted", message)

    button = peer.taken[0].json["reply_markup"]["inline_keyboard"][0][0]
    query = {"id": "9001", "from": {"id": 123456789}, "data": button["callback_data"]}
    answer = await heed_raw(pager.deps, {"update_id": 1, "callback_query": query})

    assert button["text"] == "Acknowledge"
    assert answer is not None
    assert answer["show_alert"] is False
    assert await pager.rows("SELECT status, assignee_id FROM incidents") == [("acknowledged", ada.id)]
    assert await pager.rows("SELECT status FROM notifications") == [("seen",)]
    assert await pager.rows("SELECT carrier, provider_id FROM attempts") == [("telegram", "123456789:57")]
