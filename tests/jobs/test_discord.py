"""What a message looks like in Discord, and what Discord's answers mean."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest
from pydantic import ValidationError

from opsknight.clock import Clock
from opsknight.domain.model.channel import BadAddress
from opsknight.domain.model.event import Urgency
from opsknight.domain.model.incident import Status
from opsknight.jobs.channels.channel import Address, Failed, Fault, Message, Retry, Sent
from opsknight.jobs.channels.discord import DiscordChannel, DiscordSettings, linked, place, pressable
from tests.jobs.a_message import a_message
from tests.jobs.cases.discord import CASE, CHANNEL, MESSAGE, USER, WEBHOOK
from tests.peers.http_provider import HttpPeer, Said, http_peer

ID = UUID("018f0000-0000-7000-8000-0000000000aa")


@pytest.fixture
async def peer() -> AsyncIterator[HttpPeer]:
    async with http_peer() as running:
        running.answering, running.check = CASE.takes, CASE.check
        yield running
        assert not running.mistakes


@pytest.fixture
async def channel(peer: HttpPeer) -> AsyncIterator[DiscordChannel]:
    made = DiscordChannel(peer.origin, token="T", now=Clock().now)
    yield made
    await made.close()


def labels(message: Message, *, presses: bool = True) -> list[str]:
    said = pressable(message, presses=presses)
    return [button["label"] for row in said["components"] for button in row["components"]]


def test_a_page_says_its_cause_first_and_can_be_answered():
    said = pressable(a_message(notification_id=ID))

    assert said["content"] == (
        "**CRITICAL Checkout: Disk full on db\\-1 \\(\\#12\\)**\nService Checkout, critical, high urgency."
    )
    assert [button.get("custom_id") or button["url"] for button in said["components"][0]["components"]] == [
        f"a:{ID}",
        f"r:{ID}",
        f"e:{ID}",
        "https://ops.example.com/incidents/12",
    ]


def test_without_a_key_there_are_no_buttons_that_nobody_would_hear():
    assert labels(a_message(), presses=False) == ["Open"]


def test_a_message_that_is_changed_offers_what_is_left_to_do():
    assert labels(a_message(became=Status.ACKNOWLEDGED)) == ["Resolve", "Escalate", "Open"]
    assert labels(a_message(became=Status.RESOLVED)) == ["Open"]


def test_a_webhook_s_post_ends_in_links():
    assert linked(a_message())["content"].splitlines()[-1] == (
        "[Acknowledge](<https://ops.example.com/ack/token.signed>) · [Open](<https://ops.example.com/incidents/12>)"
    )
    room = a_message(acknowledge_token=None, acknowledge_url=None)
    assert linked(room)["content"].splitlines()[-1] == "[Open](<https://ops.example.com/incidents/12>)"


@pytest.mark.parametrize("to", [USER, WEBHOOK])
async def test_whatever_the_length_discord_takes_it(peer: HttpPeer, channel: DiscordChannel, to: str):
    long = a_message(subject="🔥*" * 3000, body="🔥_ line\n" * 3000, acknowledge_url="https://x.example/" + "t" * 600)

    assert isinstance(await channel.send(long, Address(to)), Sent)


async def test_a_person_s_conversation_is_opened_once(peer: HttpPeer, channel: DiscordChannel):
    for _ in range(2):
        assert await channel.send(a_message(), Address(USER)) == Sent(f"{CHANNEL}:{MESSAGE}")

    assert [asked.path for asked in peer.asked] == [
        "/users/@me/channels",
        f"/channels/{CHANNEL}/messages",
        f"/channels/{CHANNEL}/messages",
    ]


async def test_the_same_message_has_the_same_nonce_so_it_is_there_once(peer: HttpPeer, channel: DiscordChannel):
    page = a_message(notification_id=ID)
    await channel.send(page, Address(USER))
    await channel.send(page, Address(USER))

    assert [asked.json["nonce"] for asked in peer.taken] == ["AY8AAAAAcACAAAAAAAAAqg"] * 2
    assert all(asked.json["enforce_nonce"] for asked in peer.taken)


async def test_a_bot_may_write_in_a_channel_of_a_server(peer: HttpPeer, channel: DiscordChannel):
    await channel.send(a_message(), Address(f"channel:{CHANNEL}"))

    assert [asked.path for asked in peer.asked] == [f"/channels/{CHANNEL}/messages"]


async def test_a_webhook_s_thread_is_kept(peer: HttpPeer, channel: DiscordChannel):
    await channel.send(a_message(), Address(f"{WEBHOOK}?thread_id={USER}"))

    assert peer.taken[0].query == {"wait": "true", "thread_id": USER}
    assert "Authorization" not in peer.taken[0].headers


@pytest.mark.parametrize(("urgency", "flags"), [(Urgency.HIGH, 4), (Urgency.LOW, 4 | 4096)])
async def test_only_high_urgency_makes_a_sound(peer: HttpPeer, channel: DiscordChannel, urgency: Urgency, flags: int):
    await channel.send(a_message(urgency=urgency), Address(USER))

    assert peer.taken[0].json["flags"] == flags


async def test_without_a_bot_people_cannot_be_reached_and_webhooks_can(peer: HttpPeer):
    channel = DiscordChannel(peer.origin, token="", now=Clock().now)

    refused = await channel.send(a_message(), Address(USER))
    taken = await channel.send(a_message(), Address(WEBHOOK))
    await channel.close()

    assert isinstance(refused, Failed)
    assert refused.fault is Fault.SETTINGS
    assert isinstance(taken, Sent)


async def test_discord_says_to_a_fraction_when_to_come_back(peer: HttpPeer, channel: DiscordChannel):
    peer.answers.append(CASE.for_now)

    outcome = await channel.send(a_message(), Address(WEBHOOK))

    assert isinstance(outcome, Retry)
    assert (outcome.fault, outcome.after) == (Fault.THROTTLED, timedelta(seconds=64.57))


async def test_a_wall_in_front_of_discord_says_it_in_a_header(peer: HttpPeer, channel: DiscordChannel):
    peer.answers.append(Said(429, "error code: 1015", {"Retry-After": "9"}))

    outcome = await channel.send(a_message(), Address(WEBHOOK))

    assert isinstance(outcome, Retry)
    assert outcome.after == timedelta(seconds=9)


async def test_a_conversation_that_nobody_answered_is_surely_no_message(peer: HttpPeer, channel: DiscordChannel):
    peer.answers.append(Said(reset=True))

    assert isinstance(await channel.send(a_message(), Address(USER)), Retry)


@pytest.mark.parametrize(
    ("status", "body", "fault", "gone"),
    [
        (403, {"message": "Cannot send messages to this user", "code": 50007}, Fault.ADDRESS, False),
        (404, {"message": "Unknown Webhook", "code": 10015}, Fault.ADDRESS, True),
        (404, {"message": "Unknown Channel", "code": 10003}, Fault.ADDRESS, True),
        (401, {"message": "401: Unauthorized", "code": 0}, Fault.SETTINGS, False),
        (400, {"message": "Invalid Form Body", "code": 50035}, Fault.PROVIDER, False),
    ],
)
async def test_a_refusal_says_whose_fault_it_is(
    peer: HttpPeer, channel: DiscordChannel, status: int, body: dict[str, object], fault: Fault, *, gone: bool
):
    peer.answers.append(Said(status, body))

    outcome = await channel.send(a_message(), Address(WEBHOOK))

    assert isinstance(outcome, Failed)
    assert (outcome.fault, outcome.gone) == (fault, gone)


@pytest.mark.parametrize(
    ("to", "path"),
    [
        (USER, f"/channels/{CHANNEL}/messages/{MESSAGE}"),
        (WEBHOOK, f"/webhooks/{CHANNEL}/a-webhook-s-token_0123456789/messages/{MESSAGE}"),
    ],
)
async def test_a_message_is_changed_where_it_stands(peer: HttpPeer, channel: DiscordChannel, to: str, path: str):
    after = a_message(subject="Acknowledged by Ada", became=Status.ACKNOWLEDGED)

    outcome = await channel.amend(after, Address(to), provider_id=f"{CHANNEL}:{MESSAGE}")

    assert isinstance(outcome, Sent)
    assert (peer.asked[0].method, peer.asked[0].path) == ("PATCH", path)
    assert peer.asked[0].json["content"].startswith("**Acknowledged by Ada**")


async def test_what_is_no_message_of_discord_is_not_changed(channel: DiscordChannel):
    assert isinstance(await channel.amend(a_message(), Address(USER), provider_id="../1:2"), Failed)


def test_an_address_is_a_person_a_channel_or_a_webhook():
    longer = f"https://ptb.discord.com/api/v10/webhooks/{CHANNEL}/a-webhook-s-token_0123456789/?wait=true"
    threaded = f"{WEBHOOK}?thread_id={USER}"

    assert [place(f" {USER} "), place(f"channel:{CHANNEL}"), place(longer), place(threaded)] == [
        USER,
        f"channel:{CHANNEL}",
        WEBHOOK,
        threaded,
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ada#1234",
        "12",
        "http://discord.com/api/webhooks/904512345678901234/a-webhook-s-token_0123456789",
        "https://discord.com.evil.example/api/webhooks/904512345678901234/a-webhook-s-token_0123456789",
        "https://discord.com/api/webhooks/904512345678901234",
        "https://discord.com/api/webhooks/904512345678901234/../../users/1234567890123456789012",
    ],
)
def test_anything_else_is_refused_with_a_hint(text: str):
    with pytest.raises(BadAddress):
        place(text)


def test_a_key_that_is_none_is_refused_at_the_start():
    with pytest.raises(ValidationError, match="64 hexadecimal digits"):
        DiscordSettings(public_key="abc")
