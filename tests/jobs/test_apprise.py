"""Apprise: places that the operator names, in few threads, of which one that hangs slows no other."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator

import pytest

from opsknight.clock import Clock
from opsknight.domain.model.channel import BadAddress
from opsknight.jobs.channels import apprise
from opsknight.jobs.channels.apprise import AppriseChannel, AppriseSettings
from opsknight.jobs.channels.channel import Address, Ambiguous, Failed, Fault, Ground, Retry, Sent
from opsknight.jobs.channels.table import kinds
from opsknight.settings import Settings
from tests.jobs.a_message import a_message
from tests.peers.http_provider import HttpPeer, Said, http_peer_in_thread

SHORT_S = 0.5


@pytest.fixture
def peer() -> Iterator[HttpPeer]:
    with http_peer_in_thread() as made:
        yield made
        made.release()


def url(peer: HttpPeer, path: str = "") -> str:
    return f"{peer.origin.replace('http:', 'json:')}/{path}"


async def test_a_place_is_written_to_by_the_library(peer: HttpPeer):
    channel = AppriseChannel({"ops": url(peer)})

    outcome = await channel.send(a_message(), Address("ops"))

    assert outcome == Sent()
    told = peer.taken[0].json
    assert told["title"] == "CRITICAL Checkout: Disk full on db-1 (#12)"
    assert "Service Checkout" in told["message"]
    assert "https://ops.example.com/incidents/12" in told["message"]
    assert told["type"] == "failure"


async def test_a_refusal_ends_the_message_with_the_words_of_the_library(peer: HttpPeer):
    peer.answering = lambda _asked: Said(403, "no")

    outcome = await AppriseChannel({"ops": url(peer)}).send(a_message(), Address("ops"))

    assert isinstance(outcome, Failed)
    assert "403" in outcome.reason


async def test_an_address_that_the_library_does_not_know_is_the_operators_fault():
    outcome = await AppriseChannel({"ops": "nothing://x"}).send(a_message(), Address("ops"))

    assert isinstance(outcome, Failed)
    assert outcome.fault is Fault.SETTINGS


async def test_a_place_that_hangs_costs_the_budget_and_slows_no_other(peer: HttpPeer):
    peer.answering = lambda asked: Said(200, "ok", hang="hangs" in asked.path)
    places = {"hangs": url(peer, "hangs"), "ops": url(peer)}
    channel = AppriseChannel(places, budget_s=2 * SHORT_S, threads=2)
    began = time.monotonic()

    assert isinstance(await channel.send(a_message(), Address("hangs")), Ambiguous)
    later = await asyncio.gather(*(channel.send(a_message(), Address("hangs")) for _ in range(5)))
    other = [await channel.send(a_message(), Address("ops")) for _ in range(3)]

    assert all(isinstance(outcome, Retry) for outcome in later)
    assert all(isinstance(outcome, Sent) for outcome in other)
    assert time.monotonic() - began < 20  # a place that hangs does so for ever
    assert sum(thread.name == "apprise" for thread in threading.enumerate()) <= 2
    assert all(thread.daemon for thread in threading.enumerate() if thread.name == "apprise")


async def test_a_place_that_comes_back_is_written_to_again(peer: HttpPeer):
    peer.answers.append(Said(200, "ok", hang=True))
    channel = AppriseChannel({"ops": url(peer)}, budget_s=SHORT_S)
    assert isinstance(await channel.send(a_message(), Address("ops")), Ambiguous)

    peer.release()
    outcomes = [await channel.send(a_message(), Address("ops")) for _ in range(20)]

    assert isinstance(outcomes[-1], Sent)


async def test_a_fault_within_the_library_is_perhaps_sent(monkeypatch: pytest.MonkeyPatch):
    def broken(_url: str, _message: object) -> None:
        raise RuntimeError("a plugin")

    monkeypatch.setattr(apprise, "_written", broken)

    outcome = await AppriseChannel({"ops": "json://x"}).send(a_message(), Address("ops"))

    assert isinstance(outcome, Ambiguous)


def test_people_are_never_reached_by_it_and_rooms_only_at_names_that_the_operator_set():
    given = {AppriseSettings: AppriseSettings(urls={"irc": "ircs://irc.example.com/#ops"})}
    kind = kinds(Ground(Settings(_env_file=None), "", Clock().now, given))["apprise"]  # type: ignore[call-arg]

    assert (kind.people, kind.rooms, kind.ready) == (False, True, True)
    assert kind.read(" irc ") == "irc"
    for text in ("json://169.254.169.254/", "ircs://irc.example.com/#ops", "other"):
        with pytest.raises(BadAddress):
            kind.read(text)
