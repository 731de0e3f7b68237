"""What a message looks like in XMPP, what a server's answers mean, and how a lasting connection is kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import pytest

from opsknight.domain.model.channel import BadAddress
from opsknight.errors import CannotStart
from opsknight.jobs.channels import xmpp_talk
from opsknight.jobs.channels.channel import Address, Ambiguous, Failed, Fault, Retry, Sent
from opsknight.jobs.channels.xmpp import XmppChannel, XmppSettings, account, place, said
from tests.bounds import PATIENCE_S
from tests.jobs.a_message import a_message
from tests.jobs.xmpp_harness import a_channel
from tests.peers.certificates import certificate
from tests.peers.xmpp import Mood, XmppPeer, xmpp_peer

ADA = Address("ada@peer.test")
OPS = Address("room:ops@rooms.peer.test")
ID = UUID("018f0000-0000-7000-8000-0000000000aa")


@pytest.fixture
async def peer() -> AsyncIterator[XmppPeer]:
    async with xmpp_peer() as running:
        running.rooms.add("ops@rooms.peer.test")
        yield running


@pytest.fixture
async def channel(peer: XmppPeer) -> AsyncIterator[XmppChannel]:
    async with a_channel_to(peer) as made:
        yield made


@asynccontextmanager
async def a_channel_to(peer: XmppPeer, server: str = "xmpp://127.0.0.1:{}?tls=never", **more: str | float):
    made = a_channel(server.format(peer.port), **more)  # type: ignore[arg-type]
    yield made
    await made.close()


def test_a_page_says_its_cause_first_and_ends_in_links():
    assert said(a_message()) == (
        "CRITICAL Checkout: Disk full on db-1 (#12)\nService Checkout, critical, high urgency.\n"
        "Acknowledge: https://ops.example.com/ack/token.signed\nOpen: https://ops.example.com/incidents/12"
    )


async def test_whatever_a_stranger_writes_arrives_without_what_would_end_the_conversation(
    peer: XmppPeer, channel: XmppChannel
):
    page = a_message(subject="</body>&\x00\x1b\ud800￾ 日本 🔥 <b>" * 9, body="x\x0by" * 9000)

    assert isinstance(await channel.send(page, ADA), Sent)
    assert peer.taken[0].body.startswith("</body>& 日本 🔥 <b>")


async def test_messages_share_one_connection_and_name_their_notification(peer: XmppPeer, channel: XmppChannel):
    first = await channel.send(a_message(notification_id=ID), ADA)
    again, other = await asyncio.gather(
        channel.send(a_message(notification_id=ID), ADA), channel.send(a_message(), Address("bob@peer.test"))
    )

    assert first == again == Sent(str(ID))
    assert isinstance(other, Sent)
    assert [one.id for one in peer.taken].count(str(ID)) == 2
    assert {one.kind for one in peer.taken} == {"chat"}
    assert peer.connections == 1


async def test_a_connection_that_was_hung_up_is_opened_anew(peer: XmppPeer, channel: XmppChannel):
    await channel.send(a_message(), ADA)
    peer.hang_up()

    outcomes = [await channel.send(a_message(), ADA) for _ in range(2)]

    assert isinstance(outcomes[-1], Sent)
    assert peer.connections == 2


async def test_no_message_is_risked_on_a_connection_that_rested_for_long_and_is_dead(
    peer: XmppPeer, channel: XmppChannel, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(xmpp_talk, "RESTS_S", 0.0)
    monkeypatch.setattr(xmpp_talk, "LIVES_WITHIN_S", 1.0)
    await channel.send(a_message(), ADA)
    assert isinstance(await channel.send(a_message(), ADA), Sent)
    assert peer.connections == 1
    peer.freeze()

    assert isinstance(await channel.send(a_message(), ADA), Sent)
    assert (peer.connections, len(peer.taken)) == (2, 3)


async def test_a_server_without_acks_vouches_by_answering_in_turn(peer: XmppPeer):
    peer.managed = False
    async with a_channel_to(peer, budget_s=2.0) as channel:
        assert isinstance(await channel.send(a_message(), ADA), Sent)
        peer.moods = [Mood.REFUSE_FOR_GOOD, Mood.HANG_AFTER]
        assert isinstance(await channel.send(a_message(), ADA), Failed)
        assert isinstance(await channel.send(a_message(), ADA), Ambiguous)


async def test_an_error_that_comes_after_the_ack_is_heard_as_well(peer: XmppPeer, channel: XmppChannel):
    peer.late_errors, peer.moods = True, [Mood.REFUSE_FOR_GOOD]

    outcome = await channel.send(a_message(), ADA)

    assert isinstance(outcome, Failed)
    assert outcome.reason == "The XMPP server said item-not-found. There is no such account or room."


async def test_what_our_server_took_is_sent_although_the_addressees_says_nothing(peer: XmppPeer):
    peer.answers_pings = False
    async with a_channel_to(peer, budget_s=1.5) as channel:
        assert isinstance(await channel.send(a_message(), ADA), Sent)


@pytest.mark.parametrize(
    ("mood", "kind", "fault", "words"),
    [
        (Mood.BUSY, Retry, Fault.THROTTLED, "policy-violation"),
        (Mood.NO_SUCH_SERVER, Retry, Fault.DNS, "remote-server-not-found"),
        (Mood.NOT_LET_IN, Failed, Fault.ADDRESS, "Let OpsKnight's account write there."),
        (Mood.FORGOTTEN, Failed, Fault.ADDRESS, "not-acceptable"),
    ],
)
async def test_what_a_server_will_not_do_is_told_apart(
    peer: XmppPeer, channel: XmppChannel, mood: Mood, kind: type[Retry | Failed], fault: Fault, words: str
):
    peer.moods = [mood]

    outcome = await channel.send(a_message(), ADA)

    assert isinstance(outcome, kind)
    assert outcome.fault is fault
    assert words in outcome.reason


async def test_a_wrong_password_is_the_operators_and_is_tried_once(peer: XmppPeer):
    async with a_channel_to(peer, password="planted-secret") as channel:
        outcomes = await asyncio.gather(*(channel.send(a_message(), ADA) for _ in range(3)))

    assert peer.sign_ins == 1
    for outcome in outcomes:
        assert isinstance(outcome, Failed)
        assert outcome.fault is Fault.SETTINGS
        assert "planted-secret" not in outcome.reason


async def test_nothing_is_said_to_a_server_that_offers_no_encryption(peer: XmppPeer):
    async with a_channel_to(peer, "xmpp://127.0.0.1:{}") as channel:
        outcome = await channel.send(a_message(), ADA)

    assert isinstance(outcome, Failed)
    assert outcome.fault is Fault.SETTINGS
    assert (peer.sign_ins, peer.taken) == (0, [])


async def test_nothing_is_said_to_somebody_who_lets_us_in_without_showing_who_they_are(peer: XmppPeer):
    peer.lax = True
    async with a_channel_to(peer, "xmpp://127.0.0.1:{}") as channel:
        outcome = await channel.send(a_message(), ADA)

    assert isinstance(outcome, Failed)
    assert outcome.fault is Fault.SETTINGS
    assert peer.taken == []


@pytest.mark.parametrize("direct", [False, True])
async def test_a_certificate_is_checked_by_the_authority_that_was_named(tmp_path: Path, *, direct: bool):
    made = certificate(tmp_path)
    context = made.server_context()
    async with xmpp_peer(starttls=None if direct else context, tls=context if direct else None) as peer:
        server = "xmpps://127.0.0.1:{}" if direct else "xmpp://127.0.0.1:{}"
        async with a_channel_to(peer, server, ca_file=str(made.chain)) as knowing, a_channel_to(peer, server) as other:
            trusted = await knowing.send(a_message(), ADA)
            refused = await other.send(a_message(), ADA)

    assert isinstance(trusted, Sent)
    assert isinstance(refused, Retry)
    assert refused.fault is Fault.CERTIFICATE
    assert len(peer.taken) == 1


async def test_a_domain_that_does_not_exist_is_told_apart_where_no_server_is_set():
    channel = a_channel("", domain="nowhere.invalid")
    outcome = await channel.send(a_message(), ADA)
    await channel.close()

    assert isinstance(outcome, Retry)
    assert outcome.fault is Fault.DNS


async def test_a_group_chat_is_entered_once_and_then_written_to(peer: XmppPeer, channel: XmppChannel):
    outcomes = await asyncio.gather(*(channel.send(a_message(), OPS) for _ in range(3)))

    assert all(isinstance(outcome, Sent) for outcome in outcomes)
    assert peer.entered == ["ops@rooms.peer.test/OpsKnight"]
    assert {(one.to, one.kind) for one in peer.taken} == {("ops@rooms.peer.test", "groupchat")}


async def test_where_somebody_else_has_our_name_another_is_taken(peer: XmppPeer, channel: XmppChannel):
    peer.taken_nicks.add("OpsKnight")

    assert isinstance(await channel.send(a_message(), OPS), Sent)
    assert peer.entered[0].startswith("ops@rooms.peer.test/OpsKnight-")


async def test_a_group_chat_that_only_our_entering_made_is_left_and_fails(peer: XmppPeer, channel: XmppChannel):
    outcome = await channel.send(a_message(), Address("room:opps@rooms.peer.test"))
    await channel.send(a_message(), ADA)

    assert isinstance(outcome, Failed)
    assert outcome.fault is Fault.ADDRESS
    assert peer.entered == []
    assert len(peer.taken) == 1


async def test_a_group_chat_that_has_forgotten_us_is_entered_anew(peer: XmppPeer, channel: XmppChannel):
    peer.moods = [Mood.FORGOTTEN]

    assert isinstance(await channel.send(a_message(), OPS), Retry)
    assert isinstance(await channel.send(a_message(), OPS), Sent)
    assert len(peer.entered) == 2


@pytest.mark.parametrize("hangs_at_bind", [False, True])
@pytest.mark.parametrize("mood", [Mood.TAKE, Mood.HANG_AFTER])
async def test_a_channel_that_was_closed_leaves_nothing_behind(mood: Mood, *, hangs_at_bind: bool):
    before = asyncio.all_tasks()
    async with xmpp_peer() as peer:
        peer.mood, peer.hangs_at_bind = mood, hangs_at_bind
        async with a_channel_to(peer, budget_s=0.3) as channel:
            await channel.send(a_message(), ADA)
        left = {task for task in asyncio.all_tasks() - before if "XmppPeer" not in repr(task)}
        if left:  # what was cancelled has one turn to end
            await asyncio.wait(left, timeout=PATIENCE_S)

    assert all(task.done() for task in left)


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("Ada@Example.com/phone", "ada@example.com"),
        (" xmpp:ada@example.com ", "ada@example.com"),
        ("xmpp:ops@conference.example.com?join", "room:ops@conference.example.com"),
        ("Room: ops@conference.example.com", "room:ops@conference.example.com"),
        ("ada@bücher.example", "ada@bücher.example"),
    ],
)
def test_an_address_is_a_persons_or_a_group_chats(text: str, stored: str):
    assert place(text) == stored
    assert place(stored) == stored


@pytest.mark.parametrize("text", ["", "ada", "example.com", "a b@example.com", "ada@", "room:", "a@b@c", "ada@x y"])
def test_anything_else_is_refused_with_a_hint(text: str):
    with pytest.raises(BadAddress):
        place(text)


@pytest.mark.parametrize("server", ["host", "http://host", "xmpp://", "xmpp://host:99999"])
def test_a_server_that_cannot_be_used_is_refused_at_the_start(server: str):
    with pytest.raises(CannotStart, match="OPSKNIGHT_XMPP_SERVER"):
        account(XmppSettings(address="pager@example.com", password="x", server=server))


def test_an_account_that_is_none_is_refused_at_the_start():
    with pytest.raises(CannotStart, match="OPSKNIGHT_XMPP_ADDRESS"):
        account(XmppSettings(address="example.com", password="x"))


async def test_an_authority_that_cannot_be_read_is_the_operators(tmp_path: Path):
    outcome = await a_channel("xmpp://127.0.0.1:1", ca_file=str(tmp_path / "none")).send(a_message(), ADA)

    assert isinstance(outcome, Failed)
    assert outcome.fault is Fault.SETTINGS
