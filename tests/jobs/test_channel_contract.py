"""What every channel keeps to, tried against real peers. A new channel adds a harness and passes the same tests."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from opsknight.clock import Clock
from opsknight.jobs.channels.channel import Ambiguous, Failed, Fault, Retry, Sent
from tests.jobs.a_message import a_message
from tests.jobs.harnesses import HARNESSES, Harness, push_harness
from tests.peers.certificates import certificate
from tests.peers.push_service import Answer

SHORT_S = 0.3
"""A budget for tests in which the provider is silent."""


@pytest.fixture(params=HARNESSES)
async def harness(request: pytest.FixtureRequest) -> AsyncIterator[Harness]:
    async with HARNESSES[request.param]() as made:
        yield made


async def test_a_message_that_the_provider_takes_is_sent_once(harness: Harness) -> None:
    outcome = await harness.channel().send(a_message(), harness.address)

    assert isinstance(outcome, Sent)
    assert harness.taken() == 1


async def test_a_refusal_for_now_is_a_retry_and_surely_not_sent(harness: Harness) -> None:
    harness.refuse_for_now()

    outcome = await harness.channel().send(a_message(), harness.address)

    assert isinstance(outcome, Retry)
    assert harness.taken() == 0


async def test_a_refusal_for_good_fails_with_the_reason(harness: Harness) -> None:
    harness.refuse_for_good()

    outcome = await harness.channel().send(a_message(), harness.address)

    assert isinstance(outcome, Failed)
    assert outcome.reason
    assert outcome.fault is Fault.ADDRESS


async def test_after_a_refusal_the_same_channel_sends_the_next_message(harness: Harness) -> None:
    channel, address = harness.channel(), harness.address
    harness.refuse_for_now()
    await channel.send(a_message(), address)

    outcome = await channel.send(a_message(), address)

    assert isinstance(outcome, Sent)


async def test_a_provider_that_never_answers_costs_its_budget_and_no_more(harness: Harness) -> None:
    channel, address = harness.nobody_answers(budget_s=SHORT_S)
    began = time.monotonic()

    outcome = await channel.send(a_message(), address)

    assert isinstance(outcome, Retry)
    assert outcome.fault is Fault.TIMEOUT
    assert SHORT_S <= time.monotonic() - began < SHORT_S + 5


async def test_silence_after_the_message_was_handed_over_is_ambiguous(harness: Harness) -> None:
    harness.hang_after_handover()

    for budget_s in (SHORT_S, 10 * SHORT_S, 100 * SHORT_S):  # a busy machine may need it all to hand one over
        outcome = await harness.channel(budget_s=budget_s).send(a_message(), harness.address)
        if harness.taken():
            break

    assert isinstance(outcome, Ambiguous)
    assert harness.taken() == 1


async def test_a_connection_lost_after_the_message_was_handed_over_is_ambiguous(harness: Harness) -> None:
    harness.drop_after_handover()

    outcome = await harness.channel().send(a_message(), harness.address)

    assert isinstance(outcome, Ambiguous)
    assert outcome.fault is Fault.RESET


async def test_a_port_where_nobody_listens_is_told_apart(harness: Harness) -> None:
    channel, address = harness.elsewhere("127.0.0.1", free_port())

    outcome = await channel.send(a_message(), address)

    assert isinstance(outcome, Retry)
    assert outcome.fault is Fault.REFUSED


async def test_a_name_that_does_not_resolve_is_told_apart(harness: Harness) -> None:
    channel, address = harness.elsewhere("nowhere.invalid", 443)

    outcome = await channel.send(a_message(), address)

    assert isinstance(outcome, Retry)
    assert outcome.fault is Fault.DNS


async def test_a_provider_that_resets_the_connection_is_told_apart(harness: Harness) -> None:
    async with resetting_server() as port:
        channel, address = harness.elsewhere("127.0.0.1", port)
        outcome = await channel.send(a_message(), address)

    assert isinstance(outcome, Retry)
    assert outcome.fault is Fault.RESET


async def test_an_expired_certificate_is_told_apart(harness: Harness, tmp_path: Path) -> None:
    expired = certificate(tmp_path, days=-1)
    async with harness.speaking_tls(expired.server_context()) as (channel, address):
        outcome = await channel.send(a_message(), address)

    assert isinstance(outcome, Retry)
    assert outcome.fault is Fault.CERTIFICATE


async def test_many_messages_at_once_are_all_taken(harness: Harness) -> None:
    channel, address = harness.channel(), harness.address

    outcomes = await asyncio.gather(*(channel.send(a_message(), address) for _ in range(40)))

    assert all(isinstance(outcome, Sent) for outcome in outcomes)
    assert harness.taken() == 40


# --- fault 11: how long a provider may ask us to wait ---------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7), ("-1", None), ("999999", 999999), ("soon", None), ("", None), (None, None)],
)
async def test_a_push_service_that_is_too_busy_says_when_to_come_back(header: str | None, seconds: int | None) -> None:
    async with push_harness() as harness:
        harness.peer.answers.append(Answer(429, {"Retry-After": header} if header is not None else {}))

        outcome = await harness.channel().send(a_message(), harness.address)

    wanted = None if seconds is None else timedelta(seconds=seconds)
    assert isinstance(outcome, Retry)
    assert (outcome.fault, outcome.after) == (Fault.THROTTLED, wanted)


async def test_a_push_service_may_name_the_hour_to_come_back() -> None:
    async with push_harness() as harness:
        at = Clock().now() + timedelta(seconds=31)
        harness.peer.answers.append(Answer(429, {"Retry-After": format_datetime(at.astimezone(UTC), usegmt=True)}))

        outcome = await harness.channel().send(a_message(), harness.address)

    assert isinstance(outcome, Retry)
    assert outcome.after is not None
    assert timedelta(seconds=29) <= outcome.after <= timedelta(seconds=31)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


@asynccontextmanager
async def resetting_server() -> AsyncIterator[int]:
    def reset(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    server = await asyncio.start_server(reset, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
