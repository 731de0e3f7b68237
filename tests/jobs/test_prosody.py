"""Pages that arrive by a real XMPP server: Debian's Prosody between our account and a person's own client."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from slixmpp import ClientXMPP
from slixmpp.stanza import Message, Presence

from opsknight.jobs.channels.channel import Address, Failed, Fault, Sent
from opsknight.jobs.channels.xmpp import said
from tests.bounds import PATIENCE_S
from tests.jobs.a_message import a_message
from tests.jobs.xmpp_harness import a_channel
from tests.peers.prosody import PROGRAM, Running, prosody

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="Debian's prosody is not installed")
ROOM = "ops@rooms.peer.test"


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with prosody({"pager": "secret", "ada": "adas", "bob": "bobs"}) as running:
        yield running


class Ada(ClientXMPP):
    """A person's client: it keeps what it is told, and opens a group chat where asked."""

    def __init__(self, server: Running) -> None:
        super().__init__(
            "ada@peer.test", "adas", ssl_context=ssl.create_default_context(cafile=server.certificate.chain)
        )
        self.told: asyncio.Queue[Message] = asyncio.Queue()
        self.enable_direct_tls = False
        self.register_plugin("xep_0045")
        self.add_event_handler("message", self.told.put_nowait)
        self.connect("127.0.0.1", server.port)

    async def hears(self) -> Message:
        return await asyncio.wait_for(self.told.get(), PATIENCE_S)


@asynccontextmanager
async def ada_online(server: Running) -> AsyncIterator[Ada]:
    ada = Ada(server)
    await ada.wait_until("session_start", PATIENCE_S)
    ada.send_presence()
    yield ada
    await ada.disconnect()
    assert ada._run_out_filters is not None
    ada._run_out_filters.cancel()


@pytest.mark.parametrize("direct", [False, True])
async def test_a_page_reaches_a_person_and_a_group_chat(server: Running, *, direct: bool):
    url = f"xmpps://127.0.0.1:{server.direct}" if direct else f"xmpp://127.0.0.1:{server.port}"
    channel, page, posted = a_channel(url, ca_file=str(server.certificate.chain)), a_message(), a_message()
    async with ada_online(server) as ada:
        await ada.plugin["xep_0045"].join_muc_wait(ROOM, "Ada", timeout=PATIENCE_S)
        await ada.plugin["xep_0045"].set_room_config(ROOM, await ada.plugin["xep_0045"].get_room_config(ROOM))
        sent = await channel.send(page, Address("ada@peer.test"))
        heard = await ada.hears()
        in_room = await channel.send(posted, Address(f"room:{ROOM}"))
        read = await ada.hears()
        await channel.close()

    assert (sent, in_room) == (Sent(str(page.notification_id)), Sent(str(posted.notification_id)))
    assert (heard["id"], heard["body"], heard["type"]) == (str(page.notification_id), said(page), "chat")
    assert (read["body"], read["type"], read["from"]) == (said(posted), "groupchat", f"{ROOM}/OpsKnight")


async def test_a_page_to_somebody_who_is_offline_is_kept_for_them(server: Running):
    channel, page = a_channel(f"xmpp://127.0.0.1:{server.port}", ca_file=str(server.certificate.chain)), a_message()
    outcome = await channel.send(page, Address("ada@peer.test"))
    await channel.close()
    async with ada_online(server) as ada:
        heard = await ada.hears()

    assert isinstance(outcome, Sent)
    assert heard["id"] == str(page.notification_id)


async def test_who_asks_to_be_a_contact_is_let(server: Running):
    channel = a_channel(f"xmpp://127.0.0.1:{server.port}", ca_file=str(server.certificate.chain))
    async with ada_online(server) as ada:
        seen: asyncio.Queue[Presence] = asyncio.Queue()
        ada.add_event_handler("got_online", lambda one: one["from"].user == "pager" and seen.put_nowait(one))
        ada.send_presence_subscription("pager@peer.test")
        sent = await channel.send(a_message(), Address("ada@peer.test"))
        await asyncio.wait_for(seen.get(), PATIENCE_S)  # only contacts see who is online
        await channel.close()

    assert isinstance(sent, Sent)


@pytest.mark.parametrize("address", ["nobody@peer.test", "room:none@rooms.peer.test"])
async def test_an_address_that_is_nobodys_is_refused(server: Running, address: str):
    channel = a_channel(f"xmpp://127.0.0.1:{server.port}", ca_file=str(server.certificate.chain))
    outcome = await channel.send(a_message(), Address(address))
    await channel.close()

    assert isinstance(outcome, Failed)
    assert outcome.fault is Fault.ADDRESS


async def test_a_wrong_password_is_told(server: Running):
    channel = a_channel(f"xmpp://127.0.0.1:{server.port}", password="wrong", ca_file=str(server.certificate.chain))
    outcome = await channel.send(a_message(), Address("ada@peer.test"))
    await channel.close()

    assert isinstance(outcome, Failed)
    assert outcome.fault is Fault.SETTINGS
