"""From a page to a press and back: a card of the Teams bot acknowledges, and is changed by that."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from opsknight.api.chats.teams import Bot
from opsknight.api.chats.teams_activity import Activity
from opsknight.domain.model.teams import CHANNEL
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import ContactMethodRow, UserRow
from opsknight.jobs.amend import Amender
from opsknight.jobs.channels import table
from tests.builders import a_contact_method, a_notification, a_page, a_service, a_stored_incident, a_user
from tests.clock import StoppedClock
from tests.jobs.pager import Pager, a_pager
from tests.peers.http_provider import Said
from tests.peers.teams import ADA, APP_ID, APP_SECRET, CHAT, TeamsPeer, teams_peer


@pytest.fixture
async def peer(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[TeamsPeer]:
    async with teams_peer() as running:
        its = running.settings
        wanted = {"APP_ID": APP_ID, "APP_SECRET": APP_SECRET, "LOGIN_URL": its.login_url, "OPENID_URL": its.openid_url}
        for name, value in wanted.items():
            monkeypatch.setenv(f"OPSKNIGHT_TEAMS_{name}", value)
        yield running
        assert not running.http.mistakes


@pytest.fixture
async def pager(peer: TeamsPeer, database: Database, clock: StoppedClock) -> AsyncIterator[Pager]:
    async with a_pager(database, clock, channels_allow_private=True) as made:
        yield made


@pytest.fixture
async def ada(pager: Pager) -> UserRow:
    return await a_user(pager.deps.database, "Ada", reachable=False)


async def reached_by_teams(pager: Pager, ada: UserRow, **columns: Any) -> ContactMethodRow:
    return await a_contact_method(pager.deps.database, ada, channel=CHANNEL, address=ADA, **columns)


def shown(peer: TeamsPeer) -> tuple[str, list[str]]:
    """The first line of the only card, and its buttons."""
    (message,) = peer.conversations[CHAT]
    card = message["attachments"][0]["content"]
    return card["body"][0]["inlines"][0]["text"], [action["title"] for action in card["actions"]]


async def test_a_page_is_acknowledged_by_its_own_button_and_its_card_says_so(
    peer: TeamsPeer, pager: Pager, ada: UserRow
):
    database = pager.deps.database
    method = await reached_by_teams(pager, ada, secret=peer.place().kept)
    incident = await a_stored_incident(database, await a_service(database))
    message = await a_notification(database, await a_page(database, incident, ada), method)
    async with pager.sending():
        await pager.becomes("accepted", message)

    button = peer.conversations[CHAT][0]["attachments"][0]["content"]["actions"][0]
    press = Activity.model_validate(peer.presses(button["data"]["press"]))
    answer = await Bot(pager.deps, APP_SECRET).heed(press)

    assert answer is not None
    assert answer["type"] == "application/vnd.microsoft.card.adaptive"
    assert await pager.rows("SELECT status, assignee_id FROM incidents") == [("acknowledged", ada.id)]
    assert await pager.rows("SELECT status FROM notifications") == [("seen",)]
    amending = table.amending(pager.deps)
    amender = Amender(pager.deps, {CHANNEL: amending[CHANNEL]})
    await amender.look()
    await amender.turn(CHANNEL)
    first, buttons = shown(peer)
    assert first.startswith("Acknowledged by Ada: ")
    assert buttons == ["Resolve", "Escalate", "Open"]
    for each in amending.values():
        await each.close()


async def test_a_card_goes_where_its_chat_has_moved_meanwhile(peer: TeamsPeer, pager: Pager, ada: UserRow):
    database = pager.deps.database
    method = await reached_by_teams(pager, ada, secret={"service_url": "http://127.0.0.1:9/old/", "conversation": CHAT})
    incident = await a_stored_incident(database, await a_service(database))
    message = await a_notification(database, await a_page(database, incident, ada), method)

    await Bot(pager.deps, APP_SECRET).heed(Activity.model_validate(peer.says("message", text="hello")))

    async with pager.sending():
        await pager.becomes("accepted", message)
    assert len(peer.conversations[CHAT]) == 1


async def test_while_microsofts_sign_in_hangs_mail_goes_out_as_ever(peer: TeamsPeer, pager: Pager, ada: UserRow):
    database = pager.deps.database
    peer.sign_ins += [Said(hang=True, takes=False)] * 99
    teams = await reached_by_teams(pager, ada, secret=peer.place().kept)
    mail = await a_contact_method(database, ada, address="ada@example.org")
    service = await a_service(database)
    for _ in range(4):
        page = await a_page(database, await a_stored_incident(database, service), ada)
        await a_notification(database, page, teams)
    mailed = await a_notification(database, page, mail, position=1)

    async with pager.sending():
        await pager.becomes("accepted", mailed)
        peer.http.release()

    assert len(pager.smtp.mails) == 1
