"""What a message looks like in Matrix, and what a home server's answers mean."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest

from opsknight.clock import Clock
from opsknight.domain.model.channel import BadAddress
from opsknight.domain.model.event import Urgency
from opsknight.domain.model.incident import Status
from opsknight.jobs.channels.channel import Address, Failed, Fault, Retry, Sent
from opsknight.jobs.channels.matrix import MatrixChannel, room, said
from tests.jobs.a_message import a_message
from tests.jobs.cases.matrix import ALIAS, API, CASE, EVENT, ROOM
from tests.peers.http_provider import HttpPeer, Said, http_peer

ID = UUID("018f0000-0000-7000-8000-0000000000aa")
FORBIDDEN = Said(403, {"errcode": "M_FORBIDDEN", "error": "not in the room"})


@pytest.fixture
async def peer() -> AsyncIterator[HttpPeer]:
    async with http_peer() as running:
        running.answering, running.check = CASE.takes, CASE.check
        yield running
        assert not running.mistakes


@pytest.fixture
async def channel(peer: HttpPeer) -> AsyncIterator[MatrixChannel]:
    made = MatrixChannel(peer.origin, token="T", now=Clock().now)
    yield made
    await made.close()


def test_a_page_says_its_cause_first_and_ends_in_links():
    assert said(a_message()) == {
        "msgtype": "m.text",
        "body": "CRITICAL Checkout: Disk full on db-1 (#12)\nService Checkout, critical, high urgency.\n"
        "Acknowledge: https://ops.example.com/ack/token.signed\nOpen: https://ops.example.com/incidents/12",
        "format": "org.matrix.custom.html",
        "formatted_body": "<strong>CRITICAL Checkout: Disk full on db-1 (#12)</strong><br>"
        "Service Checkout, critical, high urgency.<br>"
        '<a href="https://ops.example.com/ack/token.signed">Acknowledge</a> · '
        '<a href="https://ops.example.com/incidents/12">Open</a>',
        "m.mentions": {},
    }


def test_low_urgency_is_a_notice():
    assert said(a_message(urgency=Urgency.LOW))["msgtype"] == "m.notice"


async def test_whatever_a_stranger_writes_and_however_long_it_is_shown_as_it_is(peer: HttpPeer, channel: MatrixChannel):
    page = a_message(subject='<b onclick="x">@room' * 900, body="🔥 <a href='x'>&\n" * 2000, became=Status.ACKNOWLEDGED)

    assert isinstance(await channel.send(page, Address(ROOM)), Sent)
    assert isinstance(await channel.amend(page, Address(ROOM), provider_id=EVENT), Sent)


async def test_the_same_message_is_the_same_transaction_so_it_is_there_once(peer: HttpPeer, channel: MatrixChannel):
    for _ in range(2):
        assert await channel.send(a_message(notification_id=ID), Address(ROOM)) == Sent(EVENT)

    assert [asked.path.rpartition("/")[2] for asked in peer.taken] == [str(ID)] * 2


async def test_a_room_is_looked_up_by_its_address_once(peer: HttpPeer, channel: MatrixChannel):
    for _ in range(2):
        await channel.send(a_message(), Address(ALIAS))

    assert [asked.method for asked in peer.asked] == ["GET", "PUT", "PUT"]


async def test_a_room_to_which_we_were_invited_is_joined_first(peer: HttpPeer, channel: MatrixChannel):
    peer.answers.append(FORBIDDEN)

    assert isinstance(await channel.send(a_message(), Address(ROOM)), Sent)
    assert [(asked.method, asked.path) for asked in peer.asked][1] == ("POST", f"{API}/join/{ROOM}")


async def test_a_room_that_does_not_let_us_in_says_what_to_do(peer: HttpPeer, channel: MatrixChannel):
    peer.answers += [FORBIDDEN, FORBIDDEN]

    outcome = await channel.send(a_message(), Address(ROOM))

    assert isinstance(outcome, Failed)
    assert outcome.fault is Fault.ADDRESS
    assert "Invite OpsKnight's account" in outcome.reason


async def test_a_joining_that_nobody_answered_is_surely_no_message(peer: HttpPeer, channel: MatrixChannel):
    peer.answers += [FORBIDDEN, Said(reset=True)]

    assert isinstance(await channel.send(a_message(), Address(ROOM)), Retry)


@pytest.mark.parametrize(("headers", "after"), [({}, 2.0), ({"Retry-After": "7"}, 7.0)])
async def test_a_server_that_is_too_busy_says_when_to_come_back(
    peer: HttpPeer, channel: MatrixChannel, headers: dict[str, str], after: float
):
    peer.answers.append(Said(429, CASE.for_now.body, headers))

    outcome = await channel.send(a_message(), Address(ROOM))

    assert isinstance(outcome, Retry)
    assert (outcome.fault, outcome.after) == (Fault.THROTTLED, timedelta(seconds=after))


async def test_a_token_that_is_over_is_the_operator_s(peer: HttpPeer, channel: MatrixChannel):
    peer.answers.append(Said(401, {"errcode": "M_UNKNOWN_TOKEN", "error": "Invalid access token"}))

    outcome = await channel.send(a_message(), Address(ROOM))

    assert isinstance(outcome, Failed)
    assert outcome.fault is Fault.SETTINGS


async def test_an_event_is_replaced_by_what_it_shall_say(peer: HttpPeer, channel: MatrixChannel):
    first, other = (a_message(notification_id=ID, subject=by, became=Status.ACKNOWLEDGED) for by in ("Ada", "Bob"))
    for after in (first, first, other):
        await channel.amend(after, Address(ROOM), provider_id=EVENT)

    sent = peer.taken[0].json
    assert sent["m.relates_to"] == {"rel_type": "m.replace", "event_id": EVENT}
    assert sent["m.new_content"]["body"].startswith("Ada")
    assert "Acknowledge:" not in sent["m.new_content"]["body"]
    transactions = [asked.path.rpartition("/")[2] for asked in peer.taken]
    assert transactions[0] == transactions[1] != transactions[2]


def test_a_room_is_named_by_its_id_or_its_address():
    assert [room(ROOM), room(" #ops:example.com "), room("!v12RoomsHaveNoDomain")] == [
        ROOM,
        ALIAS,
        "!v12RoomsHaveNoDomain",
    ]


@pytest.mark.parametrize(
    "text", ["", "ops", "@ada:example.com", "#ops", "!a/../b:example.com", "https://matrix.to/#/x"]
)
def test_anything_else_is_refused_with_a_hint(text: str):
    with pytest.raises(BadAddress):
        room(text)
