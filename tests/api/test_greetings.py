"""What a monitor asks of its address before it sends anything there: answered, and nothing is opened."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from opsknight.domain.store.engine import Database
from tests.api.doors import Sender, a_sender
from tests.builders import an_integration

SECRET = "Violet hinges creak"
ORIGIN = {"WebHook-Request-Origin": "eventgrid.azure.net", "WebHook-Request-Rate": "120"}


@pytest.fixture
async def sender(database: Database) -> AsyncIterator[Sender]:
    async with a_sender(database) as opened:
        yield opened


async def an_address(sender: Sender, provider: str, **columns: Any) -> str:
    """Return the address of a new integration."""
    row = await an_integration(sender.deps.database, provider=provider, **columns)
    await sender.deps.catalogue.load()
    return f"/api/v1/events/{row.key}"


def signed(token: str, secret: str) -> str:
    return "sha256=" + base64.b64encode(hmac.new(secret.encode(), token.encode(), hashlib.sha256).digest()).decode()


async def test_netdata_cloud_is_told_that_its_address_knows_the_secret(sender: Sender):
    address = await an_address(sender, "netdata", secret=SECRET, former_secret="old")

    answer = await sender.get(address, params={"crc_token": "a token/+="})

    assert (answer.status_code, answer.json()) == (200, {"response_token": signed("a token/+=", SECRET)})
    assert answer.headers["content-type"] == "application/json"
    assert await sender.rows("SELECT count(*) FROM deliveries") == [(0,)]


async def test_without_a_secret_netdata_clouds_question_is_answered_with_what_to_do(sender: Sender):
    answer = await sender.get(await an_address(sender, "netdata"), params={"crc_token": "x"})

    assert answer.status_code == 405
    assert "Give the integration a secret" in answer.json()["detail"]


async def test_the_answer_to_a_question_is_no_signature_of_a_delivery(sender: Sender):
    key = base64.b64encode(b"thirty-two bytes of signing key!").decode()
    address, body = await an_address(sender, "netdata", secret=f"whsec_{key}"), json.dumps({"alert": "x"})
    asked = (await sender.get(address, params={"crc_token": f"m-1.1.{body}"})).json()["response_token"]

    answer = await sender.client.post(address, content=body, headers={"webhook-id": "m-1", "webhook-signature": asked})

    assert answer.status_code == 401


@pytest.mark.parametrize("said", [{}, {"alert": "x"}, {"crc_token": ""}])
async def test_what_netdata_cloud_does_not_ask_is_refused_as_ever(sender: Sender, said: dict[str, str]):
    answer = await sender.get(await an_address(sender, "netdata", secret=SECRET), params=said)

    assert answer.status_code == 405


async def test_another_kind_of_monitor_is_asked_nothing_of_its_secret(sender: Sender):
    answer = await sender.get(await an_address(sender, "grafana", secret=SECRET), params={"crc_token": "x"})

    assert (answer.status_code, "response_token" in answer.text) == (405, False)


@pytest.mark.parametrize("provider", ["cloudevents", "generic"])
async def test_who_asks_whether_events_are_wanted_is_told_that_they_are(sender: Sender, provider: str):
    answer = await sender.client.options(await an_address(sender, provider, secret=SECRET), headers=ORIGIN)

    said = {name: answer.headers.get(name) for name in ("WebHook-Allowed-Origin", "WebHook-Allowed-Rate", "Allow")}
    assert (answer.status_code, answer.content) == (200, b"")
    assert said == {"WebHook-Allowed-Origin": "eventgrid.azure.net", "WebHook-Allowed-Rate": "*", "Allow": "POST"}


async def test_events_are_wanted_at_no_address_that_is_nobodys(sender: Sender):
    answer = await sender.client.options("/api/v1/events/nobody", headers=ORIGIN)

    assert (answer.status_code, answer.headers.get("WebHook-Allowed-Origin")) == (404, None)


@pytest.mark.parametrize(
    ("path", "headers"), [("", {}), ("", {"Origin": "https://evil.example"}), ("/v2/enqueue", ORIGIN)]
)
async def test_what_a_browser_asks_is_no_such_question(sender: Sender, path: str, headers: dict[str, str]):
    answer = await sender.client.options(path or await an_address(sender, "cloudevents"), headers=headers)

    assert (answer.status_code, answer.headers.get("WebHook-Allowed-Origin")) == (405, None)
