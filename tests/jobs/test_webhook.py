"""Signed webhooks: what the body says, that it can be verified, and that no stranger leads us into our own network."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from opsknight.clock import Clock
from opsknight.domain.model.channel import BadAddress
from opsknight.domain.model.incident import Status
from opsknight.domain.model.notification import PageKind
from opsknight.jobs.channels.channel import Address, Failed, Fault, Ground, Outcome, Sent
from opsknight.jobs.channels.table import kinds
from opsknight.jobs.channels.webhook import KIND, SECRET, WebhookChannel, new_secret
from opsknight.jobs.channels.webhook import told as body
from opsknight.settings import Settings
from tests.clock import NOON
from tests.jobs.a_message import a_message
from tests.jobs.test_messages import WRITER, an_attempt, an_incident_now
from tests.peers.http_provider import HttpPeer, Said, http_peer

CHANNELS = Path(__file__).resolve().parents[2] / "docs/channels.md"
HOOK = Address("", new_secret())


@pytest.fixture
async def peer() -> AsyncIterator[HttpPeer]:
    async with http_peer() as made:
        yield made


@pytest.fixture
async def channel() -> AsyncIterator[WebhookChannel]:
    made = WebhookChannel(now=Clock().now, allow_private=True, budget_s=3)
    yield made
    await made.close()


def at(peer: HttpPeer) -> Address:
    return Address(f"{peer.origin}/hook", HOOK.secret)


async def test_the_receiver_can_prove_who_sent_it(peer: HttpPeer, channel: WebhookChannel):
    message = a_message()
    assert isinstance(await channel.send(message, at(peer)), Sent)

    (asked,) = peer.taken
    assert asked.headers["webhook-id"] == str(message.notification_id)
    assert Webhook(HOOK.secret[SECRET]).verify(asked.body, asked.headers) == asked.json
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()[SECRET]).verify(asked.body, asked.headers)


async def test_the_body_is_as_the_documentation_says(peer: HttpPeer, channel: WebhookChannel):
    message = a_message(late_by=timedelta(seconds=90))
    await channel.send(message, at(peer))

    told = peer.taken[0].json
    assert told["type"] == "message.sent"
    assert told["data"] == {
        "notification_id": str(message.notification_id),
        "kind": "page",
        "subject": "CRITICAL Checkout: Disk full on db-1 (#12)",
        "title": "Disk full on db-1",
        "body": "Service Checkout, critical, high urgency.",
        "url": "https://ops.example.com/incidents/12",
        "urgency": "high",
        "to": "Ada Lovelace",
        "incident": {"id": "018f0000-0000-7000-8000-000000000012", "number": 12, "status": "open"},
        "acknowledge_url": "https://ops.example.com/ack/token.signed",
        "drill": False,
        "possible_repeat": False,
        "late_s": 90.0,
    }


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (PageKind.STILL_ON_IT, Status.ACKNOWLEDGED),
        (PageKind.HAND_OVER, Status.ACKNOWLEDGED),
        (PageKind.WATCH, Status.RESOLVED),
        (PageKind.PAGE, Status.OPEN),
    ],
)
def test_the_body_says_how_the_incident_stands(kind: PageKind, status: Status):
    attempt = an_attempt(kind=kind, incident=an_incident_now(status=status))

    told = body(WRITER.message(attempt, now=NOON), at=NOON)

    assert told["data"]["incident"]["status"] == status


def test_the_documentation_names_every_kind_of_message():
    row = next(line for line in CHANNELS.read_text("utf-8").splitlines() if line.startswith("| `data.kind`"))

    assert re.findall(r"`(\w+)`", row) == list(PageKind)


async def test_what_the_incident_became_is_told_under_an_id_of_its_own(peer: HttpPeer, channel: WebhookChannel):
    message = a_message(status=Status.RESOLVED, became=Status.RESOLVED)
    assert isinstance(await channel.amend(message, at(peer), provider_id=""), Sent)

    (asked,) = peer.taken
    assert (asked.json["type"], asked.json["data"]["incident"]["status"]) == ("message.changed", "resolved")
    assert asked.headers["webhook-id"] != str(message.notification_id)
    Webhook(HOOK.secret[SECRET]).verify(asked.body, asked.headers)


@pytest.mark.parametrize(("status", "gone"), [(400, False), (404, False), (410, True), (302, False)])
async def test_a_refusal_is_about_the_address(peer: HttpPeer, channel: WebhookChannel, status: int, *, gone: bool):
    peer.answering = lambda _asked: Said(status, "no", {"Location": "http://127.0.0.1/"})

    outcome = await channel.send(a_message(), at(peer))

    assert isinstance(outcome, Failed)
    assert (outcome.fault, outcome.gone) == (Fault.ADDRESS, gone)
    assert len(peer.asked) == 1


@pytest.mark.parametrize("secret", [{}, {"signing": "whsec_§"}, {"signing": "whsec_abc"}])
async def test_without_a_usable_secret_nothing_is_sent(peer: HttpPeer, channel: WebhookChannel, secret: dict[str, str]):
    outcome = await channel.send(a_message(), Address(f"{peer.origin}/hook", secret))

    assert isinstance(outcome, Failed)
    assert outcome.fault is Fault.SETTINGS
    assert peer.asked == []


def test_every_address_has_a_secret_of_its_own():
    assert KIND.new_secret is not None
    assert KIND.new_secret() != KIND.new_secret()
    assert len(new_secret()[SECRET]) == len("whsec_") + 44


async def refused(url: str, *, allow_private: bool) -> Outcome:
    channel = WebhookChannel(now=Clock().now, allow_private=allow_private, budget_s=3)
    try:
        return await channel.send(a_message(), Address(url, HOOK.secret))
    finally:
        await channel.close()


PRIVATE = [
    "http://example.com/hook",
    "https://127.0.0.1/hook",
    "https://[::ffff:10.0.0.1]/hook",
    "https://169.254.169.254/latest/meta-data",
    "https://0x7f000001/hook",
    "https://user:pass@example.com/",
    "https://printer.local/hook",
    "ftp://example.com/",
]


@pytest.mark.parametrize("url", PRIVATE)
async def test_an_address_inside_our_network_is_refused_when_it_is_saved_and_when_it_is_called(url: str):
    with pytest.raises(BadAddress):
        KIND.read(url)

    outcome = await refused(url, allow_private=False)

    assert isinstance(outcome, Failed)
    assert outcome.fault is Fault.ADDRESS


async def test_a_name_that_leads_into_our_network_is_refused_at_the_connection(
    monkeypatch: pytest.MonkeyPatch, peer: HttpPeer
):
    async def resolved(*_: object, **__: object) -> list[dict[str, object]]:
        return [{"hostname": "rebound.example", "host": "127.0.0.1", "port": 443, "family": 2, "proto": 0, "flags": 0}]

    monkeypatch.setattr("opsknight.outbound.Names.resolve", resolved)

    outcome = await refused("https://rebound.example/hook", allow_private=False)

    assert isinstance(outcome, Failed)
    assert (outcome.fault, peer.asked) == (Fault.ADDRESS, [])


def test_an_operator_may_allow_private_addresses():
    def read(**settings: bool) -> str:
        ground = Ground(Settings(_env_file=None, **settings), "", Clock().now)  # type: ignore[arg-type]
        return kinds(ground)["webhook"].read("http://10.0.0.7/hook")

    assert read(channels_allow_private=True) == "http://10.0.0.7/hook"
    with pytest.raises(BadAddress):
        read()
