"""What a message looks like in Pushover, and what Pushover's answers mean."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from opsknight.domain.model.channel import BadAddress, face
from opsknight.domain.model.event import Urgency
from opsknight.domain.model.incident import Status
from opsknight.jobs.channels.channel import Address, Failed, Fault, Retry, Sent
from opsknight.jobs.channels.pushover import PushoverChannel, pushed, user_key
from tests.clock import NOON
from tests.jobs.a_message import a_message
from tests.jobs.cases.pushover import APP, CASE, RECEIPT, USER
from tests.peers.http_provider import HttpPeer, Said, http_peer


@pytest.fixture
async def peer() -> AsyncIterator[HttpPeer]:
    async with http_peer() as running:
        running.answering, running.check = CASE.takes, CASE.check
        yield running
        assert not running.mistakes


@pytest.fixture
async def channel(peer: HttpPeer) -> AsyncIterator[PushoverChannel]:
    made = PushoverChannel(peer.origin, token=APP, now=lambda: NOON)
    yield made
    await made.close()


def test_high_urgency_sounds_until_it_is_acknowledged_on_the_phone():
    assert pushed(a_message()) == {
        "title": "CRITICAL Checkout: Disk full on db-1 (#12)",
        "message": "Service Checkout, critical, high urgency.",
        "url": "https://ops.example.com/ack/token.signed",
        "url_title": "Acknowledge in OpsKnight",
        "priority": "2",
        "retry": "60",
        "expire": "1800",
        "callback": "https://ops.example.com/api/v1/chats/pushover/receipt.signed",
    }
    assert face("pushover").loud


def test_low_urgency_is_one_push():
    low = pushed(a_message(urgency=Urgency.LOW))

    assert low["priority"] == "0"
    assert not {"retry", "expire", "callback"} & set(low)


async def test_whatever_the_length_pushover_takes_it(peer: HttpPeer, channel: PushoverChannel):
    page = a_message(subject="🔥" * 3000, body="🔥 line\n" * 3000, acknowledge_url=f"https://x.example/{'t' * 600}")

    assert await channel.send(page, Address(USER)) == Sent(RECEIPT)
    assert peer.taken[0].form["url_title"] == "Open in OpsKnight"


@pytest.mark.parametrize("became", [Status.ACKNOWLEDGED, Status.RESOLVED, Status.SNOOZED, Status.SUPPRESSED])
async def test_what_is_not_open_any_more_sounds_no_more(peer: HttpPeer, channel: PushoverChannel, became: Status):
    outcome = await channel.amend(a_message(became=became), Address(USER), provider_id=RECEIPT)

    assert isinstance(outcome, Sent)
    assert [asked.path for asked in peer.asked] == [f"/1/receipts/{RECEIPT}/cancel.json"]


async def test_what_is_open_still_goes_on_sounding(peer: HttpPeer, channel: PushoverChannel):
    outcome = await channel.amend(a_message(became=Status.OPEN), Address(USER), provider_id=RECEIPT)

    assert isinstance(outcome, Sent)
    assert peer.asked == []


async def test_what_never_repeated_cannot_be_ended(channel: PushoverChannel):
    request = "647d2300-702c-4b38-8b2f-d56326ae460b"

    assert isinstance(await channel.amend(a_message(), Address(USER), provider_id=request), Failed)


async def test_a_month_that_is_used_up_says_when_the_next_begins(peer: HttpPeer, channel: PushoverChannel):
    begins = NOON + timedelta(days=3)
    peer.answers.append(
        Said(
            429,
            {"errors": ["application is over its quota"], "status": 0},
            {"X-Limit-App-Reset": str(int(begins.timestamp()))},
        )
    )

    outcome = await channel.send(a_message(), Address(USER))

    assert isinstance(outcome, Retry)
    assert outcome.fault is Fault.THROTTLED
    assert outcome.after == timedelta(days=3)


@pytest.mark.parametrize(
    ("body", "fault", "gone"),
    [
        ({"user": "invalid", "errors": ["user identifier is not a valid user"], "status": 0}, Fault.ADDRESS, True),
        ({"token": "invalid", "errors": ["application token is invalid"], "status": 0}, Fault.SETTINGS, False),
        ({"message": "cannot be blank", "errors": ["message cannot be blank"], "status": 0}, Fault.PROVIDER, False),
    ],
)
async def test_a_refusal_says_whose_fault_it_is(
    peer: HttpPeer, channel: PushoverChannel, body: dict[str, object], fault: Fault, *, gone: bool
):
    peer.answers.append(Said(400, body))

    outcome = await channel.send(a_message(), Address(USER))

    assert isinstance(outcome, Failed)
    assert (outcome.fault, outcome.gone) == (fault, gone)


@pytest.mark.parametrize("text", ["", "u" * 29, "u" * 31, "ada@pomail.net"])
def test_what_is_no_key_is_refused_with_a_hint(text: str):
    assert user_key(f" {USER} ") == USER
    with pytest.raises(BadAddress):
        user_key(text)
