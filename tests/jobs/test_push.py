from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

import aiohttp
import pytest

from opsknight.clock import Clock
from opsknight.crypto import new_vapid
from opsknight.desktop.alarm import Alarm
from opsknight.domain.model.event import Urgency
from opsknight.domain.model.web_address import refusal
from opsknight.jobs.channels.channel import Address, Failed, Fault, Sent
from opsknight.jobs.channels.notices import notice
from opsknight.jobs.channels.push import PushChannel
from opsknight.outbound import Blocked, connector
from tests.clock import NOON
from tests.jobs.a_message import a_message
from tests.peers.push_service import Answer, Browser, PushPeer, push_peer

PRIVATE, PUBLIC = new_vapid()


@pytest.fixture
async def peer() -> AsyncIterator[PushPeer]:
    async with push_peer() as made:
        yield made


@pytest.fixture
async def channel() -> AsyncIterator[PushChannel]:
    made = a_channel(allow_private=True)
    yield made
    await made.close()


def a_channel(*, allow_private: bool) -> PushChannel:
    return PushChannel(
        vapid_private_pem=PRIVATE,
        subject="https://ops.example.com",
        now=Clock().now,
        allow_private=allow_private,
        budget_s=3,
    )


def address_of(browser: Browser) -> Address:
    return Address(browser.endpoint, browser.secret)


async def test_the_browser_reads_what_the_service_worker_needs(peer: PushPeer, channel: PushChannel) -> None:
    await channel.send(a_message(), address_of(peer.browser(PUBLIC)))

    payload = peer.taken[0].payload
    assert abs(payload.pop("at") / 1000 - Clock().now().timestamp()) < 60
    assert payload.pop("words") == ["Acknowledge", "Open"]
    assert payload.pop("failing") == ["Try again", "Not acknowledged: {title}", "OpsKnight could not be reached"]
    assert payload == {
        "title": "CRITICAL Checkout: Disk full on db-1 (#12)",
        "body": "Service Checkout, critical, high urgency.",
        "tag": "018f0000-0000-7000-8000-000000000012",
        "url": "/incidents/12",
        "n": 12,
        "urgency": "high",
        "ack": "token.signed",
        "receipt": "receipt.signed",
        "kind": "page",
    }


async def test_a_loud_message_asks_for_haste_and_a_quiet_one_does_not(peer: PushPeer, channel: PushChannel) -> None:
    address = address_of(peer.browser(PUBLIC))
    await channel.send(a_message(), address)
    await channel.send(a_message(urgency=Urgency.LOW), address)

    assert [taken.headers["Urgency"] for taken in peer.taken] == ["high", "normal"]
    assert [int(taken.headers["TTL"]) for taken in peer.taken] == [3600, 21600]


async def test_a_repeat_replaces_the_first_and_another_message_does_not(peer: PushPeer, channel: PushChannel) -> None:
    address, message = address_of(peer.browser(PUBLIC)), a_message()
    for sent in (message, message, a_message()):
        await channel.send(sent, address)

    first, repeat, other = (taken.headers["Topic"] for taken in peer.taken)
    assert first == repeat != other
    assert len(first) == 32


def test_a_native_window_reads_the_same_message() -> None:
    alarm = Alarm.read(notice(a_message(), at=NOON))

    assert (alarm.words, alarm.title) == (("Acknowledge", "Open"), a_message().subject)


async def test_the_longest_message_still_fits_what_push_services_take(peer: PushPeer, channel: PushChannel) -> None:
    longest = a_message(
        subject="警" * 2000,
        body="報" * 20000,
        acknowledge_token="t" * 320,
        receipt_token="r" * 180,
        incident_id=UUID(int=2**128 - 1),
        number=2**40,
    )

    outcome = await channel.send(longest, address_of(peer.browser(PUBLIC)))

    assert isinstance(outcome, Sent)
    assert peer.taken[0].payload["title"].endswith("警…")


@pytest.mark.parametrize("status", [404, 410])
async def test_a_subscription_that_is_gone_ends_its_contact_method(
    peer: PushPeer, channel: PushChannel, status: int
) -> None:
    peer.answer = Answer(status)

    outcome = await channel.send(a_message(), address_of(peer.browser(PUBLIC)))

    assert isinstance(outcome, Failed)
    assert outcome.gone


@pytest.mark.parametrize("status", [400, 403, 413])
async def test_a_refused_message_fails_and_the_contact_method_stays(
    peer: PushPeer, channel: PushChannel, status: int
) -> None:
    peer.answer = Answer(status)

    outcome = await channel.send(a_message(), address_of(peer.browser(PUBLIC)))

    assert isinstance(outcome, Failed)
    assert not outcome.gone


async def test_a_redirect_is_not_followed(peer: PushPeer, channel: PushChannel) -> None:
    peer.answer = Answer(307, {"Location": peer.browser(PUBLIC).endpoint})

    outcome = await channel.send(a_message(), address_of(peer.browser(PUBLIC)))

    assert isinstance(outcome, Failed)
    assert peer.requests == 1


async def test_keys_that_are_none_fail_without_a_call(peer: PushPeer, channel: PushChannel) -> None:
    browser = peer.browser(PUBLIC)

    for secret in ({}, {"p256dh": "x", "auth": "y"}, {"p256dh": "%%%", "auth": ""}):
        outcome = await channel.send(a_message(), Address(browser.endpoint, secret))
        assert isinstance(outcome, Failed)
        assert outcome.gone

    assert peer.requests == 0


async def test_a_message_for_a_key_of_another_installation_is_refused(peer: PushPeer, channel: PushChannel) -> None:
    _, other = new_vapid()

    outcome = await channel.send(a_message(), address_of(peer.browser(other)))

    assert isinstance(outcome, Failed)
    assert peer.refused == ["signed by another server than the subscription's"]


# --- fault 32: addresses that lead inside ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "http://push.example.com/x",
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://[::ffff:127.0.0.1]/x",
        "https://[64:ff9b::7f00:1]/x",
        "https://[fec0::1]/x",
        "https://[::127.0.0.1]/x",
        "https://[2002:7f00:1::]/x",
        "https://169.254.169.254/latest/meta-data",
        "https://10.0.0.1/x",
        "https://100.64.0.1/x",
        "https://2130706433/x",
        "https://0x7f000001/x",
        "https://0177.0.0.1/x",
        "https://127.1/x",
        "https://localhost/x",
        "https://db.internal./x",
        "https://user:password@push.example.com/x",
        "https://push.example.com:99999/x",
        "https://push.example.com\\@127.0.0.1/x",
        "file:///etc/passwd",
        "https:///x",
        "",
    ],
)
def test_an_address_that_leads_inside_is_refused_when_it_is_saved(url: str) -> None:
    assert refusal(url, allow_private=False)


@pytest.mark.parametrize(
    "url",
    [
        "https://fcm.googleapis.com/fcm/send/abc",
        "https://updates.push.services.mozilla.com/wpush/v2/abc",
        "https://web.push.apple.com/abc",
        "https://wns2-by3p.notify.windows.com/w/?token=abc",
        "https://8.8.8.8:8443/x",
    ],
)
def test_the_browsers_own_push_services_pass(url: str) -> None:
    assert refusal(url, allow_private=False) is None


async def test_a_private_address_is_not_called_unless_allowed(peer: PushPeer) -> None:
    browser = peer.browser(PUBLIC)
    channel = a_channel(allow_private=False)

    outcome = await channel.send(a_message(), address_of(browser))

    assert isinstance(outcome, Failed)
    assert outcome.fault is Fault.ADDRESS
    assert peer.requests == 0
    await channel.close()


async def test_a_name_that_resolves_inside_is_refused_when_the_connection_is_made(peer: PushPeer) -> None:
    port = peer.origin.rpartition(":")[2]
    async with aiohttp.ClientSession(connector=connector(allow_private=False)) as session:
        with pytest.raises(aiohttp.ClientConnectorError) as refused:
            await session.post(f"http://localhost:{port}/push/1")

    assert isinstance(refused.value.os_error, Blocked)
    assert peer.requests == 0
