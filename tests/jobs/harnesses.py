"""The channels of the contract with their peers: what each test of it may ask of a channel and its provider."""

from __future__ import annotations

import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial

from opsknight.clock import Clock
from opsknight.crypto import new_vapid
from opsknight.jobs.channels.channel import Address, Channel
from opsknight.jobs.channels.email import EmailChannel, mail_server
from opsknight.jobs.channels.push import PushChannel
from tests.jobs.http_case import HttpCase, http_cases
from tests.jobs.window_harness import WindowHarness, window_harness
from tests.jobs.xmpp_harness import XmppHarness, xmpp_harness
from tests.peers.http_provider import HttpPeer, Said, http_peer
from tests.peers.push_service import Answer, PushPeer, push_peer
from tests.peers.smtp import Mood, SmtpPeer, smtp_peer


@dataclass
class EmailHarness:
    peer: SmtpPeer
    address: Address = field(default_factory=lambda: Address("ada@example.com"))

    def channel(self, *, budget_s: float = 5.0) -> Channel:
        return self._to(self.peer.url, budget_s=budget_s)

    def _to(self, url: str, *, budget_s: float = 5.0) -> Channel:
        sender = "OpsKnight <pager@ops.example.com>"
        return EmailChannel(mail_server(url), sender=sender, home="ops.example.com", budget_s=budget_s)

    def taken(self) -> int:
        return len(self.peer.mails)

    def refuse_for_now(self) -> None:
        self.peer.moods.append(Mood.REFUSE_FOR_NOW)

    def refuse_for_good(self) -> None:
        self.peer.moods.append(Mood.REFUSE_FOR_GOOD)

    def nobody_answers(self, *, budget_s: float) -> tuple[Channel, Address]:
        self.peer.mood = Mood.HANG_AT_RECIPIENT
        return self.channel(budget_s=budget_s), self.address

    def hang_after_handover(self) -> None:
        self.peer.mood = Mood.HANG_AFTER_DOT

    def drop_after_handover(self) -> None:
        self.peer.mood = Mood.TAKE_AND_DROP

    def elsewhere(self, host: str, port: int) -> tuple[Channel, Address]:
        return self._to(f"smtp://{host}:{port}"), self.address

    @asynccontextmanager
    async def speaking_tls(self, tls: ssl.SSLContext) -> AsyncIterator[tuple[Channel, Address]]:
        async with smtp_peer(tls=tls) as peer:
            yield self._to(peer.url.replace("smtp:", "smtps:")), self.address


@dataclass
class PushHarness:
    peer: PushPeer
    keys: tuple[str, str]
    silent: socket.socket
    channels: list[Channel] = field(default_factory=list[Channel])

    @property
    def address(self) -> Address:
        browser = self.peer.browser(self.keys[1])
        return Address(browser.endpoint, browser.secret)

    def channel(self, *, budget_s: float = 5.0) -> Channel:
        made = PushChannel(
            vapid_private_pem=self.keys[0],
            subject="mailto:pager@ops.example.com",
            now=Clock().now,
            allow_private=True,
            budget_s=budget_s,
        )
        self.channels.append(made)
        return made

    def taken(self) -> int:
        return len(self.peer.taken)

    def refuse_for_now(self) -> None:
        self.peer.answers.append(Answer(500))

    def refuse_for_good(self) -> None:
        self.peer.answers.append(Answer(410))

    def ask_for_patience(self, headers: Mapping[str, str]) -> None:
        self.peer.answers.append(Answer(429, dict(headers)))

    def send_elsewhere(self, url: str) -> None:
        self.peer.answers.append(Answer(307, {"Location": url}))

    def nobody_answers(self, *, budget_s: float) -> tuple[Channel, Address]:
        address = Address(f"http://127.0.0.1:{self.silent.getsockname()[1]}/x", self.address.secret)
        return self.channel(budget_s=budget_s), address

    def hang_after_handover(self) -> None:
        self.peer.answer = Answer(hang=True, take=True)

    def drop_after_handover(self) -> None:
        self.peer.answer = Answer(reset=True, take=True)

    def elsewhere(self, host: str, port: int) -> tuple[Channel, Address]:
        return self.channel(), Address(f"https://{host}:{port}/x", self.address.secret)

    @asynccontextmanager
    async def speaking_tls(self, tls: ssl.SSLContext) -> AsyncIterator[tuple[Channel, Address]]:
        async with push_peer(tls=tls) as peer:
            browser = peer.browser(self.keys[1])
            yield self.channel(), Address(browser.endpoint, browser.secret)


@dataclass
class HttpHarness:
    case: HttpCase
    peer: HttpPeer
    silent: socket.socket
    channels: list[Channel] = field(default_factory=list[Channel])

    @property
    def address(self) -> Address:
        return self.case.address(self.peer.origin)

    def channel(self, *, budget_s: float = 5.0) -> Channel:
        return self._at(self.peer.origin, budget_s=budget_s)

    def _at(self, origin: str, *, budget_s: float = 5.0) -> Channel:
        self.channels.append(self.case.make(origin, Clock().now, budget_s))
        return self.channels[-1]

    def taken(self) -> int:
        assert not self.peer.mistakes
        return len(self.peer.taken)

    def refuse_for_now(self) -> None:
        self.peer.answers.append(self.case.for_now)

    def refuse_for_good(self) -> None:
        self.peer.answers.append(self.case.for_good)

    def nobody_answers(self, *, budget_s: float) -> tuple[Channel, Address]:
        origin = f"http://127.0.0.1:{self.silent.getsockname()[1]}"
        return self._at(origin, budget_s=budget_s), self.case.address(origin)

    def hang_after_handover(self) -> None:
        self._at_handover(Said(hang=True, takes=True))

    def drop_after_handover(self) -> None:
        self._at_handover(Said(reset=True, takes=True))

    def ask_for_patience(self, headers: Mapping[str, str]) -> None:
        self._at_handover(self.case.busy(headers))

    def send_elsewhere(self, url: str) -> None:
        self._at_handover(Said(307, "", {"Location": url}, takes=False))

    def answer_in_pieces(self) -> None:
        self.peer.answering = lambda asked: replace(self.case.takes(asked), in_pieces=True)

    def cut_its_answer_off(self) -> None:
        self.peer.answering = lambda asked: (
            replace(self.case.takes(asked), cut_off=True) if self.case.hands_over(asked) else self.case.takes(asked)
        )

    def have_a_proxy_answer(self) -> None:
        self._at_handover(Said(200, "<html><body>Please sign in to the network.</body></html>", takes=False))

    def _at_handover(self, said: Said) -> None:
        self.peer.answering = lambda asked: said if self.case.hands_over(asked) else self.case.takes(asked)

    def elsewhere(self, host: str, port: int) -> tuple[Channel, Address]:
        origin = f"https://{host}:{port}"
        return self._at(origin), self.case.address(origin)

    @asynccontextmanager
    async def speaking_tls(self, tls: ssl.SSLContext) -> AsyncIterator[tuple[Channel, Address]]:
        async with http_peer(tls=tls) as peer:
            yield self._at(peer.origin), self.case.address(peer.origin)


@contextmanager
def silent_door() -> Iterator[socket.socket]:
    """A door with a full backlog: connections are neither accepted nor refused."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as silent, socket.socket() as filler:
        filler.connect(silent.getsockname())
        yield silent


@asynccontextmanager
async def http_harness(case: HttpCase) -> AsyncIterator[HttpHarness]:
    with silent_door() as silent:
        async with http_peer() as peer:
            peer.answering, peer.check, peer.refuses = case.takes, case.check, case.refuses
            harness = HttpHarness(case, peer, silent)
            yield harness
            for channel in harness.channels:
                await channel.close()


@asynccontextmanager
async def email_harness() -> AsyncIterator[EmailHarness]:
    async with smtp_peer() as peer:
        yield EmailHarness(peer)


@asynccontextmanager
async def push_harness() -> AsyncIterator[PushHarness]:
    with silent_door() as silent:
        async with push_peer() as peer:
            harness = PushHarness(peer, new_vapid(), silent)
            yield harness
            for channel in harness.channels:
                await channel.close()


@asynccontextmanager
async def window_harness_with_a_silent_door() -> AsyncIterator[WindowHarness]:
    with silent_door() as silent:
        async with window_harness(silent) as harness:
            yield harness


Harness = EmailHarness | PushHarness | HttpHarness | XmppHarness | WindowHarness
HARNESSES: dict[str, Callable[[], AbstractAsyncContextManager[Harness]]] = {
    "email": email_harness,
    "push": push_harness,
    "xmpp": xmpp_harness,
    "window": window_harness_with_a_silent_door,
    **{name: partial(http_harness, case) for name, case in http_cases().items()},
}
