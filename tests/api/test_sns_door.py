"""Amazon SNS at the door: nobody waits for AWS, a subscription is confirmed, and only what SNS signed is taken."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from opsknight.api.fetching import Fetcher
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import IntegrationRow
from tests.api.a_door import Door, a_door
from tests.bounds import PATIENCE_S
from tests.clock import StoppedClock
from tests.peers.sns import CERTIFICATE_URL, HOST, TOPIC, Signer, SnsPeer, sns_peer


@pytest.fixture
async def aws(tmp_path: Path) -> AsyncIterator[SnsPeer]:
    """An SNS that speaks https under its own name."""
    async with sns_peer(tmp_path) as peer:
        yield peer


@pytest.fixture
async def door(database: Database, clock: StoppedClock, aws: SnsPeer) -> AsyncIterator[Door]:
    """A door that reaches that SNS."""
    async with a_door(database, clock, fetcher=Fetcher(aws.connector)) as opened:
        yield opened


async def send(door: Door, integration: IntegrationRow, said: Mapping[str, Any]) -> httpx.Response:
    headers = {"content-type": "text/plain; charset=UTF-8", "x-amz-sns-message-id": said["MessageId"]}
    return await door.send(integration, json.dumps(said).encode(), headers)


async def send_until_taken(door: Door, integration: IntegrationRow, said: Mapping[str, Any]) -> httpx.Response:
    """Send as SNS does: again, some time later, while it is told to."""
    async with asyncio.timeout(PATIENCE_S):
        while (answer := await send(door, integration, said)).status_code == 503:
            await door.fetcher.settled()
    return answer


async def test_an_alarm_that_sns_signed_is_taken_once_its_certificate_is_here(door: Door, aws: SnsPeer):
    integration = await door.integration("cloudwatch", TOPIC)
    said = aws.signer.message()

    first = await send(door, integration, said)

    assert (first.status_code, first.headers["retry-after"]) == (503, "2")
    assert await door.count("deliveries") == 0
    answer = await send_until_taken(door, integration, said)
    assert answer.status_code == 202
    assert await door.count("incidents") == 1
    assert aws.gets == ["/SimpleNotificationService-6fce2a9e.pem"]


async def test_the_certificate_is_fetched_once_for_all(door: Door, aws: SnsPeer):
    integration = await door.integration("cloudwatch", TOPIC)
    said = [aws.signer.message(MessageId=f"m-{number}") for number in range(20)]

    await asyncio.gather(*(send(door, integration, one) for one in said))
    answers = [await send_until_taken(door, integration, one) for one in said]

    assert {answer.status_code for answer in answers} == {202}
    assert len(aws.gets) == 1


async def test_what_sns_sends_again_changes_nothing_and_what_it_did_not_sign_is_refused(door: Door, aws: SnsPeer):
    integration = await door.integration("cloudwatch", TOPIC)
    said = aws.signer.message()
    await send_until_taken(door, integration, said)

    again = await send(door, integration, said)
    forged = await send(door, integration, Signer().message(MessageId="m-2"))

    assert (again.status_code, again.json()["duplicate"]) == (202, True)
    assert forged.status_code == 401
    assert await door.count("deliveries") == 1


@pytest.mark.parametrize("secret", ["", TOPIC])
async def test_a_subscription_is_confirmed(door: Door, aws: SnsPeer, secret: str):
    integration = await door.integration("cloudwatch", secret)

    answer = await send_until_taken(door, integration, aws.signer.confirmation())

    assert answer.json()["events"] == []
    await door.fetcher.settled()
    assert any("ConfirmSubscription" in path for path in aws.gets)


async def test_the_short_cut_leaves_confirmations_to_the_long_way(door: Door, aws: SnsPeer):
    integration = await door.integration("cloudwatch", "")
    body = json.dumps(aws.signer.confirmation()).encode()

    assert not door.routes.at_once(f"/api/v1/events/{integration.key}".encode(), [], body, lambda *_: None)


async def test_a_forged_request_to_confirm_is_not_confirmed(door: Door, aws: SnsPeer):
    integration = await door.integration("cloudwatch", TOPIC)
    await send_until_taken(door, integration, aws.signer.message())

    answer = await send(door, integration, Signer().confirmation())

    assert answer.status_code == 401
    assert not any("Confirm" in path for path in aws.gets)


async def test_a_redirect_is_not_followed_and_what_failed_may_be_wanted_again(door: Door, aws: SnsPeer):
    integration = await door.integration("cloudwatch", TOPIC)
    aws.statuses.append(302)

    answer = await send_until_taken(door, integration, aws.signer.message())

    assert answer.status_code == 202
    assert aws.gets == ["/SimpleNotificationService-6fce2a9e.pem"] * 2


async def test_a_server_with_another_name_is_not_believed_to_be_sns(tmp_path: Path):
    async with sns_peer(tmp_path, name="sns.example.org") as liar, asyncio.TaskGroup() as group:
        fetcher = Fetcher(liar.connector, waits_s=(0.0,))
        running = group.create_task(fetcher.run())
        fetcher.want(CERTIFICATE_URL)
        await fetcher.settled()
        running.cancel()

    assert (liar.gets, dict(fetcher.certificates)) == ([], {})


@pytest.mark.parametrize("url", [f"https://{HOST}:443/x.pem", f"https://{HOST}/x.pem#y"])
async def test_an_address_that_is_not_exactly_one_of_sns_is_never_asked(aws: SnsPeer, url: str):
    async with asyncio.TaskGroup() as group:
        fetcher = Fetcher(aws.connector)
        running = group.create_task(fetcher.run())
        fetcher.want(url)
        fetcher.confirm(url)
        await fetcher.settled()
        running.cancel()

    assert aws.gets == []
