"""What a message looks like in Mattermost, and what Mattermost's answers mean."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from opsknight.clock import Clock
from opsknight.domain.model.button import sealed
from opsknight.domain.model.channel import BadAddress
from opsknight.domain.model.incident import Status
from opsknight.jobs.channels.channel import Address, Failed, Fault, Message, Retry, Sent
from opsknight.jobs.channels.mattermost import ELSEWHERE, MattermostChannel, place, said
from tests.jobs.a_message import a_message
from tests.jobs.cases.mattermost import BOT, CASE, CHANNEL, HOOK, POST, USER
from tests.peers.http_provider import HttpPeer, Said, http_peer

ID = UUID("018f0000-0000-7000-8000-0000000000aa")
HOME = "https://ops.example.com"


@pytest.fixture
async def peer() -> AsyncIterator[HttpPeer]:
    async with http_peer() as running:
        running.answering, running.check = CASE.takes, CASE.check
        yield running
        assert not running.mistakes


@pytest.fixture
async def channel(peer: HttpPeer) -> AsyncIterator[MattermostChannel]:
    made = MattermostChannel(f"{peer.origin}/", token="T", now=Clock().now)
    yield made
    await made.close()


def attachment(message: Message, bot: str = "T") -> dict[str, Any]:
    return said(message, bot)["props"]["attachments"][0]


def test_a_page_says_its_cause_first_and_can_be_answered():
    page = a_message(notification_id=ID, home=HOME)

    assert said(page, "T")["message"] == "**CRITICAL Checkout: Disk full on db\\-1 \\(\\#12\\)**"
    assert attachment(page)["text"] == "Service Checkout, critical, high urgency."
    assert attachment(page)["title_link"] == "https://ops.example.com/incidents/12"
    assert [action["name"] for action in attachment(page)["actions"]] == ["Acknowledge", "Resolve", "Escalate"]
    assert attachment(page)["actions"][0]["integration"] == {
        "url": "https://ops.example.com/api/v1/chats/mattermost",
        "context": {"press": f"a:{ID}", "proof": sealed(f"a:{ID}", "T")},
    }


def test_without_a_bot_nothing_could_seal_a_button_so_there_is_none():
    assert attachment(a_message(), "")["actions"] == []


def test_a_post_that_is_changed_offers_what_is_left_to_do():
    after = a_message(became=Status.ACKNOWLEDGED)

    assert [action["name"] for action in attachment(after)["actions"]] == ["Resolve", "Escalate"]


def test_a_stranger_s_title_calls_nobody_and_marks_nothing_up():
    page = a_message(subject="@channel @all @here **x** [y](http://evil.example)", body="@ada ~town-square `code`")

    everything = str(said(page, "T"))

    assert not any(f"@{name}" in everything for name in ("channel", "all", "here", "ada"))
    assert "\\*\\*x\\*\\*" in said(page, "T")["message"]
    assert attachment(page)["text"].endswith("\\~town\\-square \\`code\\`")


@pytest.mark.parametrize("to", [USER, "hook"])
async def test_whatever_the_length_mattermost_takes_it(peer: HttpPeer, channel: MattermostChannel, to: str):
    address = Address(f"{peer.origin}/hooks/{HOOK}" if to == "hook" else to)

    assert isinstance(
        await channel.send(a_message(subject="🔥*" * 3000, body="_ 🔥\n" * 9000, home=HOME), address), Sent
    )


async def test_a_person_s_conversation_is_opened_once(peer: HttpPeer, channel: MattermostChannel):
    page = a_message(notification_id=ID, home=HOME)
    for _ in range(2):
        assert await channel.send(page, Address(USER)) == Sent(POST)

    paths = ["/api/v4/users/me", "/api/v4/channels/direct", "/api/v4/posts", "/api/v4/posts"]
    assert [asked.path for asked in peer.asked] == paths
    assert {(asked.json["channel_id"], asked.json["pending_post_id"]) for asked in peer.taken} == {(CHANNEL, str(ID))}


async def test_a_bot_may_write_in_a_channel(peer: HttpPeer, channel: MattermostChannel):
    await channel.send(a_message(home=HOME), Address(f"channel:{CHANNEL}"))

    assert [asked.path for asked in peer.asked] == ["/api/v4/posts"]


async def test_a_webhook_is_told_nothing_of_the_bot(peer: HttpPeer, channel: MattermostChannel):
    await channel.send(a_message(home=HOME), Address(f"{peer.origin}/hooks/{HOOK}"))

    assert "Authorization" not in peer.taken[0].headers


@pytest.mark.parametrize(
    "host", ["https://elsewhere.invalid", "http://169.254.169.254", "https://chat.invalid.evil.invalid"]
)
async def test_a_webhook_of_another_server_is_never_called(host: str):
    channel = MattermostChannel("https://chat.invalid", token="T", now=Clock().now, budget_s=1.0)

    outcome = await channel.send(a_message(), Address(f"{host}/hooks/{HOOK}"))
    await channel.close()

    assert outcome == Failed(ELSEWHERE, Fault.ADDRESS)


async def test_without_a_bot_people_cannot_be_reached(peer: HttpPeer):
    channel = MattermostChannel(peer.origin, token="", now=Clock().now)

    outcome = await channel.send(a_message(), Address(USER))
    await channel.close()

    assert isinstance(outcome, Failed)
    assert outcome.fault is Fault.SETTINGS


async def test_a_conversation_that_nobody_answered_is_surely_no_message(peer: HttpPeer, channel: MattermostChannel):
    peer.answers += [Said(200, {"id": BOT}), Said(reset=True)]

    assert isinstance(await channel.send(a_message(home=HOME), Address(USER)), Retry)


async def test_a_token_that_is_over_is_the_operator_s(peer: HttpPeer, channel: MattermostChannel):
    peer.answers.append(Said(401, {"id": "api.context.session_expired.app_error", "message": "Invalid session."}))

    outcome = await channel.send(a_message(home=HOME), Address(USER))

    assert isinstance(outcome, Failed)
    assert outcome.fault is Fault.SETTINGS


async def test_a_post_is_changed_where_it_stands(peer: HttpPeer, channel: MattermostChannel):
    after = a_message(subject="Acknowledged by Ada", became=Status.ACKNOWLEDGED, home=HOME)

    assert isinstance(await channel.amend(after, Address(USER), provider_id=POST), Sent)
    assert (peer.asked[0].method, peer.asked[0].path) == ("PUT", f"/api/v4/posts/{POST}/patch")


async def test_what_came_by_webhook_stays_as_it_is(channel: MattermostChannel):
    assert isinstance(await channel.amend(a_message(), Address(USER), provider_id=""), Failed)


def test_an_address_is_a_person_a_channel_or_a_webhook():
    hook = f"https://chat.example.com/mm/hooks/{HOOK}"

    assert [place(f" {USER} "), place(f"channel:{CHANNEL}"), place(hook)] == [USER, f"channel:{CHANNEL}", hook]


@pytest.mark.parametrize(
    "text", ["", "ada", "@ada", f"ftp://chat.example.com/hooks/{HOOK}", "https://chat.example.com/hooks/", USER.upper()]
)
def test_anything_else_is_refused_with_a_hint(text: str):
    with pytest.raises(BadAddress):
        place(text)
