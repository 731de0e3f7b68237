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
from opsknight.crypto import new_vapid
from opsknight.jobs.channels.channel import Address, Ambiguous, Failed, Fault, Ground, Outcome, Retry, Sent
from opsknight.jobs.channels.table import KINDS, Kind
from opsknight.settings import Settings
from tests.jobs.a_message import a_message
from tests.jobs.cases import webhook
from tests.jobs.harnesses import HARNESSES, Harness, HttpHarness, PushHarness
from tests.jobs.http_case import http_cases
from tests.peers.certificates import certificate
from tests.peers.http_provider import http_peer
from tests.peers.push_service import PushPeer

SHORT_S = 0.3
"""A budget for tests in which the provider is silent."""
NOWHERE = ".".join(["nowhere" * 8] * 5)
"""A name longer than any can be: the resolver says so itself, and no name server need answer."""


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
    channel, address = harness.elsewhere(NOWHERE, 443)

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

CALLED = ["push", *http_cases()]
"""The channels whose providers answer over HTTP; the others have no such thing."""


@pytest.fixture(params=CALLED)
async def called(request: pytest.FixtureRequest) -> AsyncIterator[PushHarness | HttpHarness]:
    async with HARNESSES[request.param]() as made:
        assert isinstance(made, PushHarness | HttpHarness)
        yield made


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7), ("-1", None), ("999999", 999999), ("soon", None), ("", None), (None, None)],
)
async def test_a_provider_that_is_too_busy_says_when_to_come_back(
    called: PushHarness | HttpHarness, header: str | None, seconds: int | None
) -> None:
    called.ask_for_patience({} if header is None else {"Retry-After": header})

    outcome = await called.channel().send(a_message(), called.address)

    wanted = None if seconds is None else timedelta(seconds=seconds)
    assert isinstance(outcome, Retry)
    assert (outcome.fault, outcome.after) == (Fault.THROTTLED, wanted)


async def test_a_provider_may_name_the_hour_to_come_back(called: PushHarness | HttpHarness) -> None:
    at = Clock().now() + timedelta(seconds=31)
    called.ask_for_patience({"Retry-After": format_datetime(at.astimezone(UTC), usegmt=True)})

    outcome = await called.channel().send(a_message(), called.address)

    assert isinstance(outcome, Retry)
    assert outcome.after is not None
    assert timedelta(seconds=29) <= outcome.after <= timedelta(seconds=31)


# --- fault 32: addresses that lead inside ----------------------------------------------------------------------

GROUND = Ground(Settings(_env_file=None), new_vapid()[0], Clock().now)  # type: ignore[call-arg]
TYPED = [kind for kind in KINDS if kind.channel.by_hand]
INSIDE = [
    "https://127.0.0.1/x",
    "https://[::1]/x",
    "https://[::ffff:10.0.0.1]/x",
    "https://169.254.169.254/latest/meta-data",
    "https://2130706433/x",
    "https://0x7f000001/x",
    "https://localhost/x",
    "https://printer.local/x",
    "http://hooks.example.com/x",
]


@pytest.mark.parametrize("url", INSIDE)
@pytest.mark.parametrize("kind", TYPED, ids=lambda kind: kind.channel.slug)
def test_an_address_that_leads_inside_is_refused_when_it_is_saved(kind: Kind, url: str) -> None:
    assert "://" not in kept(kind, url)


def kept(kind: Kind, url: str) -> str:
    """What is stored of an address as somebody typed it, nothing where it is refused."""
    try:
        return kind.on(GROUND).read(url)
    except ValueError:
        return ""


ANYWHERE = [kind for kind in KINDS if kind.channel.slug in ("push", "webhook", "teams")]
"""The channels of which people say where in the world they lead."""
KEPT = {"push": PushPeer("").browser(new_vapid()[1]).secret, "webhook": {"signing": webhook.SECRET}}


def test_only_these_channels_lead_to_whichever_host_somebody_names() -> None:
    anywhere = [kind for kind in TYPED if "://" in kept(kind, "https://hooks.example.com/x")]

    assert {kind.channel.slug for kind in anywhere} | {"push"} == {kind.channel.slug for kind in ANYWHERE}


@pytest.mark.parametrize("url", INSIDE)
@pytest.mark.parametrize("kind", ANYWHERE, ids=lambda kind: kind.channel.slug)
async def test_an_address_that_leads_inside_is_refused_when_it_is_called(kind: Kind, url: str) -> None:
    outcome = await sent_to(url, kind)

    assert isinstance(outcome, Failed)
    assert outcome.fault is Fault.ADDRESS


@pytest.mark.parametrize("kind", ANYWHERE, ids=lambda kind: kind.channel.slug)
async def test_a_name_that_leads_inside_by_now_is_refused_at_the_connection(
    kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def resolved(*_: object, **__: object) -> list[dict[str, object]]:
        return [
            {"hostname": "hooks.example.com", "host": "127.0.0.1", "port": 443, "family": 2, "proto": 0, "flags": 0}
        ]

    monkeypatch.setattr("opsknight.outbound.Names.resolve", resolved)

    outcome = await sent_to("https://hooks.example.com/x", kind)

    assert isinstance(outcome, Failed)
    assert outcome.fault is Fault.ADDRESS


async def test_nobody_is_led_elsewhere_by_an_answer(called: PushHarness | HttpHarness) -> None:
    async with http_peer() as inside:
        called.send_elsewhere(f"{inside.origin}/latest/meta-data")
        outcome = await called.channel().send(a_message(), called.address)

    assert isinstance(outcome, Failed)
    assert inside.asked == []


async def sent_to(url: str, kind: Kind) -> Outcome:
    """Send as an installation does whose operator has set nothing."""
    channel = kind.carriers[0].make(GROUND)
    try:
        return await channel.send(a_message(), Address(url, KEPT.get(kind.channel.slug, {})))
    finally:
        await channel.close()


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
