"""Slack: what a message looks like there, what its errors mean, and that a message is found again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from opsknight.clock import Clock
from opsknight.domain.model.channel import BadAddress
from opsknight.domain.model.incident import Status
from opsknight.jobs.channels.channel import Address, Ambiguous, Amends, Asks, Failed, Fault, PageKind, Retry, Sent
from opsknight.jobs.channels.slack import KIND, SlackChannel, escaped, refused, said
from tests.jobs.a_message import a_message
from tests.peers.slack import SlackPeer, check_message, slack_peer

ADA = Address("U024BE7LH")


@pytest.fixture
async def peer() -> AsyncIterator[SlackPeer]:
    async with slack_peer() as made:
        yield made


@pytest.fixture
async def channel(peer: SlackPeer) -> AsyncIterator[SlackChannel]:
    made = SlackChannel(peer.url, token="xoxb-test", now=Clock().now, budget_s=3)
    yield made
    await made.close()


def labels(message: Any) -> list[str]:
    return [each["text"]["text"] for each in message["blocks"][-1]["elements"]]


async def test_a_person_is_shown_the_cause_the_urgency_and_four_buttons(peer: SlackPeer, channel: SlackChannel):
    await channel.send(a_message(), ADA)

    (posted,) = peer.messages["D024BE7LH"]
    shown = [block["text"]["text"] for block in posted["blocks"] if "text" in block]
    assert shown == ["CRITICAL Checkout: Disk full on db-1 (#12)", "Service Checkout, critical, high urgency."]
    assert posted["blocks"][2]["elements"][0]["text"] == "🔴 High urgency"
    assert labels(posted) == ["Acknowledge", "Resolve", "Escalate", "Open"]


async def test_the_message_is_named_by_its_conversation_and_its_time(peer: SlackPeer, channel: SlackChannel):
    outcome = await channel.send(a_message(), ADA)

    assert outcome == Sent(provider_id=f"D024BE7LH:{peer.messages['D024BE7LH'][0]['ts']}")


@pytest.mark.parametrize(
    "title", ["<!channel> wake up", "<@U024BE7LH|Ada>", "<https://evil.example|Sign in>", "a & b", "@here *now*"]
)
def test_what_a_stranger_wrote_is_only_text(title: str):
    sent = said(a_message(subject=title, body=title))

    texts = [sent["text"], *(block["text"]["text"] for block in sent["blocks"] if "text" in block)]
    assert not any("<" in text or ">" in text for text in texts)
    assert {block["text"]["type"] for block in sent["blocks"] if "text" in block} == {"plain_text"}
    assert (sent["mrkdwn"], sent["parse"], sent["link_names"]) == (False, "none", False)


def test_the_longest_words_fit_into_the_blocks():
    check_message(said(a_message(subject="<&>" * 400, body="&" * 9000)))


def test_an_escaped_character_is_never_torn():
    assert escaped("ab&", 5) == "ab…"
    assert escaped("ab&", 7) == "ab&amp;"


@pytest.mark.parametrize(
    ("became", "wanted"),
    [
        (Status.OPEN, ["Acknowledge", "Resolve", "Escalate", "Open"]),
        (Status.ACKNOWLEDGED, ["Resolve", "Escalate", "Open"]),
        (Status.RESOLVED, ["Open"]),
    ],
)
async def test_a_message_that_is_changed_offers_what_is_left_to_do(
    peer: SlackPeer, channel: SlackChannel, became: Status, wanted: list[str]
):
    outcome = await channel.send(a_message(), ADA)
    assert isinstance(outcome, Sent)

    amended = await channel.amend(a_message(subject="Now", became=became), ADA, provider_id=outcome.provider_id)

    (message,) = peer.messages["D024BE7LH"]
    assert isinstance(amended, Sent)
    assert (message["text"], labels(message)) == ("Now", wanted)


def test_a_test_asks_only_whether_it_arrived():
    message = a_message(kind=PageKind.TEST, drill=True, incident_id=None, number=None, acknowledge_token=None)

    assert labels(said(message)) == ["It arrived", "Open"]


async def test_what_was_perhaps_sent_is_found_again(peer: SlackPeer, channel: SlackChannel):
    message, since = a_message(), Clock().now() - timedelta(seconds=5)
    sent = await channel.send(message, ADA)
    await channel.send(a_message(), ADA)

    found = await channel.find(message, ADA, since=since)

    assert isinstance(found, Sent)
    assert isinstance(sent, Sent)
    assert found.provider_id == sent.provider_id
    assert await channel.find(a_message(), ADA, since=since) is None


async def test_what_was_perhaps_sent_is_found_in_a_conversation_that_has_much_to_say(
    peer: SlackPeer, channel: SlackChannel
):
    message, since = a_message(), Clock().now() - timedelta(seconds=5)
    await channel.send(message, ADA)
    for _ in range(40):
        await channel.send(a_message(body="x" * 2800), ADA)

    assert isinstance(await channel.find(message, ADA, since=since), Sent)


async def test_without_the_scope_to_read_nothing_is_found(peer: SlackPeer, channel: SlackChannel):
    peer.errors["conversations.history"] = "missing_scope"

    assert await channel.find(a_message(), ADA, since=Clock().now()) is None


@pytest.mark.parametrize(
    ("error", "kind", "fault"),
    [
        ("ratelimited", Retry, Fault.THROTTLED),
        ("service_unavailable", Retry, Fault.PROVIDER),
        ("internal_error", Ambiguous, Fault.PROVIDER),
        ("channel_not_found", Failed, Fault.ADDRESS),
        ("is_archived", Failed, Fault.ADDRESS),
        ("invalid_auth", Failed, Fault.SETTINGS),
        ("account_inactive", Failed, Fault.SETTINGS),
        ("msg_too_long", Failed, Fault.PROVIDER),
    ],
)
def test_each_error_of_slack_has_its_outcome(error: str, kind: type, fault: Fault):
    outcome = refused(error)

    assert isinstance(outcome, kind)
    assert isinstance(outcome, Retry | Ambiguous | Failed)
    assert outcome.fault is fault


def test_a_token_that_died_switches_nobody_off():
    outcome = refused("account_inactive")

    assert isinstance(outcome, Failed)
    assert not outcome.gone


def test_how_long_slack_wants_to_be_left_alone_is_kept():
    outcome = refused("ratelimited", after=timedelta(seconds=7))

    assert isinstance(outcome, Retry)
    assert outcome.after == timedelta(seconds=7)


@pytest.mark.parametrize("text", ["U024BE7LH", " u024be7lh ", "https://acme.slack.com/team/U024BE7LH"])
def test_a_member_id_is_read(text: str):
    assert KIND.read(text) == "U024BE7LH"


@pytest.mark.parametrize("text", ["@ada", "#ops", "", "xoxb-1234"])
def test_a_name_is_no_address(text: str):
    with pytest.raises(BadAddress):
        KIND.read(text)


def test_slack_can_be_asked_and_its_messages_changed(channel: SlackChannel):
    assert isinstance(channel, Asks)
    assert isinstance(channel, Amends)
