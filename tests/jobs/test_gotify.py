"""What a message looks like in Gotify, and what its answers mean."""

from __future__ import annotations

import pytest

from opsknight.clock import Clock
from opsknight.domain.model.channel import BadAddress
from opsknight.domain.model.event import Urgency
from opsknight.jobs.channels.channel import Address, Failed, Sent
from opsknight.jobs.channels.gotify import GotifyChannel, application, pushed
from tests.jobs.a_message import a_message
from tests.jobs.cases.gotify import CASE, TOKEN
from tests.peers.http_provider import http_peer


def test_a_page_says_its_cause_first_and_leads_to_its_incident():
    assert pushed(a_message()) == {
        "title": "CRITICAL Checkout: Disk full on db-1 (#12)",
        "message": "Service Checkout, critical, high urgency.\nAcknowledge: https://ops.example.com/ack/token.signed",
        "priority": 10,
        "extras": {
            "client::display": {"contentType": "text/plain"},
            "client::notification": {"click": {"url": "https://ops.example.com/incidents/12"}},
        },
    }


def test_low_urgency_does_not_vibrate():
    assert pushed(a_message(urgency=Urgency.LOW))["priority"] < 8


def test_a_message_is_never_empty():
    assert pushed(a_message(body="", acknowledge_url=None))["message"] == "Disk full on db-1"


async def test_a_token_that_was_deleted_ends_the_contact_method():
    async with http_peer() as peer:
        peer.answering, peer.check = CASE.takes, CASE.check
        peer.answers.append(CASE.for_good)
        channel = GotifyChannel(peer.origin, now=Clock().now)
        refused, taken = [await channel.send(a_message(), Address(TOKEN)) for _ in range(2)]
        await channel.close()

    assert isinstance(refused, Failed)
    assert refused.gone
    assert TOKEN not in refused.reason
    assert taken == Sent("25")


@pytest.mark.parametrize("text", ["", "short", "https://gotify.example.com", "A4Zud DRdLT40L5X"])
def test_what_is_no_token_is_refused_with_a_hint(text: str):
    assert application(f" {TOKEN} ") == TOKEN
    with pytest.raises(BadAddress):
        application(text)
