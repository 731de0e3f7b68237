"""XMPP with its peer, for the contract of channels."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from opsknight.jobs.channels.channel import Address, Channel
from opsknight.jobs.channels.xmpp import XmppChannel, XmppSettings, account
from tests.peers.xmpp import DOMAIN, PASSWORD, Mood, XmppPeer, xmpp_peer


def a_channel(
    server: str, *, password: str = PASSWORD, ca_file: str = "", domain: str = DOMAIN, budget_s: float = 5.0
) -> XmppChannel:
    settings = XmppSettings(address=f"pager@{domain}", password=password, server=server, ca_file=ca_file)
    return XmppChannel(account(settings), budget_s=budget_s)


@dataclass
class XmppHarness:
    peer: XmppPeer
    address: Address = field(default_factory=lambda: Address(f"ada@{DOMAIN}"))
    channels: list[Channel] = field(default_factory=list[Channel])

    def channel(self, *, budget_s: float = 5.0) -> Channel:
        return self._to(f"xmpp://127.0.0.1:{self.peer.port}?tls=never", budget_s=budget_s)

    def _to(self, server: str, *, budget_s: float = 5.0) -> Channel:
        self.channels.append(a_channel(server, budget_s=budget_s))
        return self.channels[-1]

    def taken(self) -> int:
        return len(self.peer.taken)

    def refuse_for_now(self) -> None:
        self.peer.moods.append(Mood.REFUSE_FOR_NOW)

    def refuse_for_good(self) -> None:
        self.peer.moods.append(Mood.REFUSE_FOR_GOOD)

    def nobody_answers(self, *, budget_s: float) -> tuple[Channel, Address]:
        self.peer.silent = True
        return self.channel(budget_s=budget_s), self.address

    def hang_after_handover(self) -> None:
        self.peer.mood = Mood.HANG_AFTER

    def drop_after_handover(self) -> None:
        self.peer.mood = Mood.DROP_AFTER

    def elsewhere(self, host: str, port: int) -> tuple[Channel, Address]:
        return self._to(f"xmpp://{host}:{port}"), self.address

    @asynccontextmanager
    async def speaking_tls(self, tls: ssl.SSLContext) -> AsyncIterator[tuple[Channel, Address]]:
        async with xmpp_peer(tls=tls) as peer:
            yield self._to(f"xmpps://127.0.0.1:{peer.port}"), self.address


@asynccontextmanager
async def xmpp_harness() -> AsyncIterator[XmppHarness]:
    async with xmpp_peer() as peer:
        harness = XmppHarness(peer)
        yield harness
        for channel in harness.channels:
            await channel.close()
