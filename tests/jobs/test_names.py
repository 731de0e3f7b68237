"""Names that hosts have: while some are not answered, all others are."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Coroutine, Sequence
from typing import Any

import pytest

from opsknight.clock import Clock
from opsknight.jobs.channels.channel import Address, Outcome, Sent
from opsknight.jobs.channels.email import EmailChannel, mail_server
from opsknight.jobs.channels.ntfy import NtfyChannel
from opsknight.jobs.channels.webhook import WebhookChannel
from tests.jobs.a_message import a_message
from tests.jobs.cases.ntfy import CASE
from tests.jobs.cases.webhook import SECRET
from tests.peers.http_provider import HttpPeer, http_peer
from tests.peers.smtp import SmtpPeer, smtp_peer

MANY = 40
"""More than any pool of threads that is shared has."""
LONG_S = 60.0
ADA = Address("ada@example.com")


@pytest.fixture
async def silent_names(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """Have no answer come for names of silent.example."""
    ended, look_up = threading.Event(), socket.getaddrinfo

    def looked_up(host: Any, *args: Any, **options: Any) -> Any:
        if str(host).endswith("silent.example"):
            ended.wait(LONG_S)
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return look_up(host, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", looked_up)
    yield
    ended.set()


async def beside(waiting: Sequence[Coroutine[Any, Any, Outcome]], sent: Awaitable[Outcome]) -> Outcome:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one) for one in waiting]
        await asyncio.sleep(0.1)
        try:
            async with asyncio.timeout(5):
                return await sent
        finally:
            for task in tasks:
                task.cancel()


def an_ntfy(peer: HttpPeer) -> NtfyChannel:
    peer.answering = CASE.takes
    return NtfyChannel(peer.origin.replace("127.0.0.1", "localhost"), now=Clock().now)


def a_mail_channel(url: str) -> EmailChannel:
    return EmailChannel(mail_server(url), sender="OpsKnight <pager@ops.example.com>", home="ops.example.com")


@pytest.mark.usefixtures("silent_names")
async def test_names_that_nobody_answers_for_hold_up_no_other_channel():
    webhooks = WebhookChannel(now=Clock().now)
    posts = [
        webhooks.send(a_message(), Address(f"https://{nth}.silent.example/x", {"signing": SECRET}))
        for nth in range(MANY)
    ]
    async with http_peer() as peer:
        channel = an_ntfy(peer)
        outcome = await beside(posts, channel.send(a_message(), Address("ops-ada-x7Kq")))
        await channel.close()
    await webhooks.close()

    assert isinstance(outcome, Sent)


@pytest.mark.usefixtures("silent_names")
async def test_a_mail_server_whose_name_nobody_answers_for_holds_up_no_other_channel():
    mails = a_mail_channel("smtp://mail.silent.example:25")
    async with http_peer() as peer:
        channel = an_ntfy(peer)
        waiting = [mails.send(a_message(), ADA) for _ in range(MANY)]
        outcome = await beside(waiting, channel.send(a_message(), Address("ops-ada-x7Kq")))
        await channel.close()

    assert isinstance(outcome, Sent)


async def test_a_mail_server_is_reached_by_the_address_that_takes_the_connection(monkeypatch: pytest.MonkeyPatch):
    async with smtp_peer() as peer:
        port, look_up = int(peer.url.rpartition(":")[2]), socket.getaddrinfo

        def both(_host: Any, *args: Any, **options: Any) -> Any:
            return [*look_up("127.0.0.9", *args, **options), *look_up("127.0.0.1", *args, **options)]

        monkeypatch.setattr(socket, "getaddrinfo", both)
        outcome = await sent_by(peer, f"smtp://mail.example.com:{port}")

    assert isinstance(outcome, Sent)


async def sent_by(peer: SmtpPeer, url: str) -> Outcome:
    channel = a_mail_channel(url)
    outcome = await channel.send(a_message(), ADA)
    await channel.close()
    assert len(peer.mails) == 1
    return outcome
