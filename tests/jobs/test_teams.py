"""Teams: what the card looks like, how large it may be, and what Workflows answers."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from opsknight.clock import Clock
from opsknight.domain.model.adaptive_card import MAX_BYTES, cut
from opsknight.domain.model.event import Urgency
from opsknight.jobs.channels.channel import Address, Failed, Fault, Outcome, Retry, Sent
from opsknight.jobs.channels.teams import TeamsChannel, card, posted
from tests.jobs.a_message import a_message
from tests.peers.http_provider import Said, http_peer


def lines(of: Any) -> list[str]:
    return [block["inlines"][0]["text"] for block in of["body"]]


def test_the_card_shows_the_cause_and_two_buttons():
    shown = card(a_message())

    assert lines(shown) == ["CRITICAL Checkout: Disk full on db-1 (#12)", "Service Checkout, critical, high urgency."]
    assert [(each["title"], each["url"]) for each in shown["actions"]] == [
        ("Acknowledge", "https://ops.example.com/ack/token.signed"),
        ("Open", "https://ops.example.com/incidents/12"),
    ]


def test_only_high_urgency_is_shown_in_the_colour_of_alarm():
    colours = [card(a_message(urgency=urgency))["body"][0]["inlines"][0]["color"] for urgency in Urgency]

    assert colours.count("Attention") == 1


def test_where_nothing_can_be_acknowledged_there_is_no_button_for_it():
    assert [each["title"] for each in card(a_message(acknowledge_url=None))["actions"]] == ["Open"]


@pytest.mark.parametrize("title", ["[Sign in](https://evil.example)", "**loud** <at>everyone</at>", "# heading"])
def test_what_a_stranger_wrote_is_in_text_runs_which_know_no_markup(title: str):
    shown = card(a_message(subject=title, body=title))

    assert lines(shown) == [title, title]
    assert {block["type"] for block in shown["body"]} == {"RichTextBlock"}
    assert "entities" not in shown["msteams"]


@pytest.mark.parametrize("character", ["x", "\x01", '"', "🔥", "\n"])
def test_the_longest_message_stays_below_what_teams_takes(character: str):
    whole = posted(a_message(subject=character * 9000, body=f"{character * 90}\n" * 900))

    assert len(orjson.dumps(whole)) < MAX_BYTES


def test_what_is_cut_says_so():
    assert cut("abcdef", 8) == "abcdef"
    assert cut("abcdef", 7) == "ab…"
    assert lines(card(a_message(body="line\n" * 50)))[-1] == "…"


async def answered(said: Said) -> Outcome:
    async with http_peer() as peer:
        peer.answering = lambda _asked: said
        channel = TeamsChannel(now=Clock().now, allow_private=True, budget_s=3)
        outcome = await channel.send(a_message(), Address(f"{peer.origin}/workflows/1"))
        await channel.close()
    return outcome


async def test_taken_is_taken():
    assert await answered(Said(202, "")) == Sent()


async def test_a_workflow_that_is_gone_is_never_tried_again():
    outcome = await answered(Said(404, {"error": {"code": "WorkflowNotFound", "message": "not found"}}))

    assert isinstance(outcome, Failed)
    assert outcome.gone


async def test_a_wrong_signature_is_a_fault_of_the_address_with_the_reason():
    code = "DirectApiAuthorizationRequired"
    outcome = await answered(Said(401, {"error": {"code": code, "message": "The request must be authenticated."}}))

    assert isinstance(outcome, Failed)
    assert (outcome.fault, outcome.gone) == (Fault.ADDRESS, False)
    assert "must be authenticated" in outcome.reason


async def test_too_many_messages_are_sent_later():
    outcome = await answered(Said(429, "slow down", {"Retry-After": "17"}))

    assert isinstance(outcome, Retry)
    assert outcome.after is not None
    assert (outcome.fault, outcome.after.total_seconds()) == (Fault.THROTTLED, 17)


@pytest.mark.parametrize(("status", "meaning"), [(429, Retry), (503, Retry), (403, Failed), (413, Failed)])
async def test_an_older_webhook_that_hides_its_refusal_in_an_answer_200_is_not_believed(
    status: int, meaning: type[Outcome]
):
    words = f"Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error {status}"

    assert isinstance(await answered(Said(200, f"{words} with ContextId tcid=0", takes=False)), meaning)
