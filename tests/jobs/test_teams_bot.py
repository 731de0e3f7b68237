"""The Teams bot: what its cards say and offer, how it signs in, what refusals mean, and that cards are changed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest

from opsknight.carriers import TeamsSettings
from opsknight.domain.model.adaptive_card import MAX_BYTES
from opsknight.domain.model.channel import BadAddress
from opsknight.domain.model.event import Urgency
from opsknight.domain.model.incident import Status
from opsknight.domain.model.teams import Place, sealed, unsealed
from opsknight.jobs.channels import table
from opsknight.jobs.channels.channel import Address, Amends, Asks, Failed, Fault, Ground, Outcome, PageKind, Retry, Sent
from opsknight.jobs.channels.teams_bot import TeamsBotChannel, activity, card
from opsknight.settings import Settings
from tests.clock import NOON, StoppedClock
from tests.jobs.a_message import a_message
from tests.peers.http_provider import Said
from tests.peers.teams import ADA, APP_SECRET, CHAT, ROOM, TENANT, TeamsPeer, check_activity, teams_peer


@pytest.fixture
async def peer() -> AsyncIterator[TeamsPeer]:
    async with teams_peer() as made:
        yield made


@pytest.fixture
async def channel(peer: TeamsPeer, clock: StoppedClock) -> AsyncIterator[TeamsBotChannel]:
    made = a_channel(peer, clock.now)
    yield made
    await made.close()


def a_channel(peer: TeamsPeer, now: Callable[[], datetime], *, budget_s: float = 3, **its: Any) -> TeamsBotChannel:
    settings = peer.settings.model_copy(update=its)
    return TeamsBotChannel(settings, now=now, allow_private=True, budget_s=budget_s)


def address(peer: TeamsPeer, conversation: str = CHAT) -> Address:
    place = peer.place(conversation)
    return Address(place.address, place.kept)


def titles(shown: Any) -> list[str]:
    return [action["title"] for action in shown["actions"]]


def shown_in(peer: TeamsPeer, conversation: str = CHAT) -> list[Any]:
    return [one["attachments"][0]["content"] for one in peer.conversations[conversation]]


# --- cards ----------------------------------------------------------------------------------------------------


async def test_a_person_is_shown_the_cause_and_four_buttons(peer: TeamsPeer, channel: TeamsBotChannel):
    outcome = await channel.send(a_message(), address(peer))

    assert outcome == Sent(provider_id="1632474074000")
    (posted,) = peer.conversations[CHAT]
    (shown,) = shown_in(peer)
    assert titles(shown) == ["Acknowledge", "Resolve", "Escalate", "Open"]
    assert posted["summary"] == "CRITICAL Checkout: Disk full on db-1 (#12)"
    assert posted["channelData"] == {"notification": {"alert": True}}


async def test_a_room_is_shown_the_same(peer: TeamsPeer, channel: TeamsBotChannel):
    await channel.send(a_message(acknowledge_url=None), address(peer, ROOM))

    assert titles(shown_in(peer, ROOM)[0]) == ["Acknowledge", "Resolve", "Escalate", "Open"]


def test_low_urgency_stays_out_of_the_activity_feed():
    assert "channelData" not in activity(a_message(urgency=Urgency.LOW))


@pytest.mark.parametrize("title", ["[Sign in](https://evil.example)", "**loud** <at>everyone</at>", "# heading"])
def test_what_a_stranger_wrote_is_in_text_runs_which_know_no_markup(title: str):
    shown = card(a_message(subject=title, body=title))

    assert [block["inlines"][0]["text"] for block in shown["body"]] == [title, title]
    assert {block["type"] for block in shown["body"]} == {"RichTextBlock"}


@pytest.mark.parametrize("character", ["x", "\x01", '"', "🔥", "\n"])
def test_the_longest_message_stays_below_what_teams_takes(character: str):
    whole = activity(a_message(subject=character * 9000, body=f"{character * 90}\n" * 900))

    check_activity(whole)
    assert len(orjson.dumps(whole)) < MAX_BYTES


@pytest.mark.parametrize(
    ("became", "wanted"),
    [
        (Status.OPEN, ["Acknowledge", "Resolve", "Escalate", "Open"]),
        (Status.ACKNOWLEDGED, ["Resolve", "Escalate", "Open"]),
        (Status.RESOLVED, ["Open"]),
    ],
)
async def test_a_card_that_is_changed_offers_what_is_left_to_do(
    peer: TeamsPeer, channel: TeamsBotChannel, became: Status, wanted: list[str]
):
    sent = await channel.send(a_message(), address(peer))
    assert isinstance(sent, Sent)

    changed = a_message(subject="Resolved by Ada", became=became)
    amended = await channel.amend(changed, address(peer), provider_id=sent.provider_id)

    (shown,) = shown_in(peer)
    assert isinstance(amended, Sent)
    assert titles(shown) == wanted
    assert shown["body"][0]["inlines"][0]["text"] == "Resolved by Ada"


async def test_a_card_that_is_gone_is_left_alone(peer: TeamsPeer, channel: TeamsBotChannel):
    outcomes = [await channel.amend(a_message(), address(peer), provider_id=name) for name in ("1", "", "../1")]

    assert all(isinstance(outcome, Failed) and not outcome.gone for outcome in outcomes)


def test_cards_can_be_changed_but_not_looked_for(channel: TeamsBotChannel):
    assert isinstance(channel, Amends)
    assert not isinstance(channel, Asks)


def test_a_drill_asks_for_one_press_alone():
    assert titles(card(a_message(kind=PageKind.DRILL, incident_id=None, number=None))) == ["Acknowledge", "Open"]


# --- places ---------------------------------------------------------------------------------------------------


def test_a_place_comes_back_as_it_was_sealed():
    place = Place("https://smba.trafficmanager.net/emea/", CHAT, ADA)
    text = sealed(place, APP_SECRET)

    assert unsealed(f"  {text[:40]}\n{text[40:]} ", APP_SECRET) == place  # as it is copied out of a narrow card
    assert len(text) <= 500


@pytest.mark.parametrize(
    "forged", ["", "teams:", "teams:x.y", "https://evil.example/", "teams:ü.y", "teams:" + "x" * 3000]
)
def test_a_place_that_nobody_sealed_is_none(forged: str):
    with pytest.raises(BadAddress):
        unsealed(forged, APP_SECRET)


def test_a_place_sealed_by_another_is_none():
    theirs = sealed(Place("https://evil.example/", CHAT), "guessed")

    with pytest.raises(BadAddress, match="incomplete"):
        unsealed(theirs, APP_SECRET)
    with pytest.raises(BadAddress):
        unsealed(sealed(Place("https://evil.example/", CHAT), ""), "")


async def test_the_token_never_goes_where_microsoft_has_not_named_a_service(peer: TeamsPeer, channel: TeamsBotChannel):
    forged = sealed(Place(f"{peer.http.origin}/emea/", CHAT), "guessed")

    outcomes = [await channel.send(a_message(), Address(value)) for value in (forged, ROOM, peer.service_url, "")]

    assert all(isinstance(outcome, Failed) and outcome.fault is Fault.ADDRESS for outcome in outcomes)
    assert peer.http.asked == []


async def test_what_an_operator_sets_for_the_canary_is_the_sealed_text(peer: TeamsPeer, channel: TeamsBotChannel):
    outcome = await channel.send(a_message(), Address(sealed(peer.place(ROOM), APP_SECRET)))

    assert isinstance(outcome, Sent)


# --- signing in -----------------------------------------------------------------------------------------------


async def test_many_messages_at_once_sign_in_once(peer: TeamsPeer, channel: TeamsBotChannel):
    outcomes = await asyncio.gather(*(channel.send(a_message(), address(peer)) for _ in range(30)))

    assert all(isinstance(outcome, Sent) for outcome in outcomes)
    assert peer.times("/token") == 1


async def test_a_bot_of_many_tenants_signs_in_with_microsofts_own(peer: TeamsPeer, clock: StoppedClock):
    for its in ("", TENANT):
        channel = a_channel(peer, clock.now, tenant=its)
        await channel.send(a_message(), address(peer))
        await channel.close()

    paths = [asked.path for asked in peer.http.asked if asked.path.endswith("/token")]
    assert paths == ["/botframework.com/oauth2/v2.0/token", f"/{TENANT}/oauth2/v2.0/token"]


async def test_a_token_is_renewed_five_minutes_before_its_end(
    peer: TeamsPeer, channel: TeamsBotChannel, clock: StoppedClock
):
    await channel.send(a_message(), address(peer))
    clock.advance(timedelta(minutes=54, seconds=59))
    await channel.send(a_message(), address(peer))
    assert peer.times("/token") == 1

    clock.advance(timedelta(seconds=2))
    await channel.send(a_message(), address(peer))

    assert peer.times("/token") == 2


async def test_while_a_new_token_is_refused_the_old_one_serves_until_its_end(
    peer: TeamsPeer, channel: TeamsBotChannel, clock: StoppedClock
):
    await channel.send(a_message(), address(peer))
    peer.sign_ins += [Said(503, "away")] * 9

    clock.advance(timedelta(minutes=56))
    outcomes = [await channel.send(a_message(), address(peer)) for _ in range(3)]
    assert all(isinstance(outcome, Sent) for outcome in outcomes)
    assert peer.times("/token") == 2  # it is not asked for each message

    clock.advance(timedelta(minutes=5))
    assert isinstance(await channel.send(a_message(), address(peer)), Retry)


async def test_a_token_that_is_not_taken_any_more_is_replaced_within_the_same_message(
    peer: TeamsPeer, channel: TeamsBotChannel, clock: StoppedClock
):
    await channel.send(a_message(), address(peer))
    clock.advance(timedelta(minutes=1))
    peer.token = "eyJ0.another"

    assert isinstance(await channel.send(a_message(), address(peer)), Sent)
    assert peer.times("/token") == 2


async def test_a_new_token_that_is_not_taken_is_a_fault_of_the_settings(peer: TeamsPeer, channel: TeamsBotChannel):
    peer.sign_ins.append(Said(200, {"access_token": "of-another-tenant", "expires_in": 3600}, takes=False))

    outcome = await channel.send(a_message(), address(peer))

    assert isinstance(outcome, Failed)
    assert outcome.fault is Fault.SETTINGS
    assert "OPSKNIGHT_TEAMS_TENANT" in outcome.reason


async def test_a_secret_that_has_expired_says_so_in_microsofts_words(peer: TeamsPeer, clock: StoppedClock):
    channel = a_channel(peer, clock.now, app_secret="old")

    outcome = await channel.send(a_message(), address(peer))
    await channel.close()

    assert isinstance(outcome, Failed)
    assert outcome.fault is Fault.SETTINGS
    assert outcome.reason.startswith("Microsoft does not let the bot sign in: AADSTS7000215: Invalid client secret")
    assert "Trace ID" not in outcome.reason
    assert "OPSKNIGHT_TEAMS_APP_ID" in outcome.reason


@pytest.mark.parametrize(
    "said", [Said(500, "x"), Said(429, "x"), Said(200, {}), Said(400, {"error": "temporarily_unavailable"})], ids=str
)
async def test_a_sign_in_that_fails_for_now_is_tried_again_and_nothing_is_sent(
    peer: TeamsPeer, channel: TeamsBotChannel, said: Said
):
    peer.sign_ins.append(said)

    assert isinstance(await channel.send(a_message(), address(peer)), Retry)
    assert peer.conversations[CHAT] == []


async def test_a_sign_in_that_hangs_costs_every_waiting_message_one_budget_and_sends_nothing(
    peer: TeamsPeer, clock: StoppedClock
):
    peer.sign_ins += [Said(hang=True, takes=False)] * 20
    channel, began = a_channel(peer, clock.now, budget_s=0.5), time.monotonic()

    outcomes = await asyncio.gather(*(channel.send(a_message(), address(peer)) for _ in range(20)))
    took_s = time.monotonic() - began
    await channel.close()

    assert all(isinstance(outcome, Retry) and outcome.fault is Fault.TIMEOUT for outcome in outcomes)
    assert took_s < 3  # not one after the other
    assert peer.times("/token") == 1


# --- refusals -------------------------------------------------------------------------------------------------


async def refused(peer: TeamsPeer, channel: TeamsBotChannel, said: Said) -> Outcome:
    peer.refusals.append(said)
    return await channel.send(a_message(), address(peer))


@pytest.mark.parametrize("status", [408, 412, 429, 500, 502, 503, 504])
async def test_what_microsoft_says_passes_is_tried_again(peer: TeamsPeer, channel: TeamsBotChannel, status: int):
    outcome = await refused(
        peer, channel, Said(status, {"error": {"code": "x", "message": "later"}}, {"Retry-After": "7"})
    )

    assert isinstance(outcome, Retry)
    assert outcome.after == timedelta(seconds=7)
    assert "later" in outcome.reason


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (403, {"error": {"code": "BotNotInConversationRoster", "message": "x"}}),
        (404, {"error": {"code": "ConversationNotFound", "message": "x"}}),
        (403, {"error": {"code": "ConversationBlockedByUser", "message": "x"}}),
        (403, {"errorCode": 209, "message": '{"subCode": "MessageWritesBlocked"}'}),
    ],
)
async def test_a_chat_that_the_bot_is_out_of_switches_the_contact_method_off(
    peer: TeamsPeer, channel: TeamsBotChannel, status: int, body: Any
):
    outcome = await refused(peer, channel, Said(status, body))

    assert isinstance(outcome, Failed)
    assert outcome.gone


@pytest.mark.parametrize("code", ["BotDisabledByAdmin", "BotNotRegistered"])
async def test_what_an_administrator_has_to_mend_switches_nobody_off(
    peer: TeamsPeer, channel: TeamsBotChannel, code: str
):
    outcome = await refused(peer, channel, Said(403, {"error": {"code": code, "message": "x"}}))

    assert isinstance(outcome, Failed)
    assert (outcome.fault, outcome.gone) == (Fault.SETTINGS, False)


@pytest.mark.parametrize("status", [400, 403, 404, 413])
async def test_any_other_refusal_ends_the_message_with_microsofts_words(
    peer: TeamsPeer, channel: TeamsBotChannel, status: int
):
    outcome = await refused(peer, channel, Said(status, {"error": {"code": "BadArgument", "message": "why not"}}))

    assert isinstance(outcome, Failed)
    assert (outcome.gone, "why not" in outcome.reason) == (False, True)


async def test_an_answer_to_who_wrote_is_said_in_their_chat(peer: TeamsPeer, channel: TeamsBotChannel):
    await channel.tell(peer.place().kept, card(a_message(subject="hello")))
    peer.refusals.append(Said(403, {}))
    await channel.tell(peer.place().kept, card(a_message()))  # logged, and no fault of who wrote
    await channel.tell({}, card(a_message()))

    assert len(peer.conversations[CHAT]) == 1


async def test_before_anything_is_open_the_bot_can_answer_where_it_is_set_up_and_nobody_else_can(peer: TeamsPeer):
    settings = Settings(_env_file=None)
    given = {TeamsSettings: peer.settings}
    telling = table.telling(Ground(settings, "", NOON.replace, given=given))

    assert list(telling) == ["teams_bot"]
    assert table.telling(Ground(settings, "", NOON.replace, given={TeamsSettings: TeamsSettings()})) == {}
    for each in telling.values():
        await each.close()
