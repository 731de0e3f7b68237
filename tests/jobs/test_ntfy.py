"""What a message looks like in ntfy."""

from __future__ import annotations

import pytest

from opsknight.clock import Clock
from opsknight.jobs.channels.channel import Address, Sent
from opsknight.jobs.channels.ntfy import NtfyChannel
from tests.jobs.a_message import a_message
from tests.jobs.cases.ntfy import CASE
from tests.peers.http_provider import http_peer


@pytest.mark.parametrize("character", ["x", "ж", "災", "🔥"])
async def test_whatever_the_script_a_message_is_no_attachment(character: str):
    async with http_peer() as peer:
        peer.answering, peer.check = CASE.takes, CASE.check
        channel = NtfyChannel(peer.origin, token="tk_test", now=Clock().now)
        outcome = await channel.send(a_message(subject=character * 5000, body=character * 5000), Address("ops-ada"))
        await channel.close()

    assert isinstance(outcome, Sent)
    assert not peer.mistakes
