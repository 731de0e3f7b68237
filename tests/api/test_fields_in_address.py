"""Monitors that say what they have to say in the address: with GET, or with POST and no body."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from opsknight.api.providers.table import PROVIDERS
from opsknight.domain.store.engine import Database
from tests.api.doors import Sender, a_sender
from tests.builders import an_integration

UPTIMEROBOT = {
    "monitorID": "778368750",
    "monitorURL": "https://shop.example.com",
    "monitorFriendlyName": "Shop &#40;EU&#41;",
    "alertType": "1",
    "alertTypeFriendlyName": "Down",
    "alertDetails": "HTTP 500 - Internal Server Error",
    "alertDuration": "",
    "sslExpiryDate": "",
}
KUMA = {"msg": "[Shop] [Down] timeout", "monitor": json.dumps({"id": 7, "name": "Shop", "url": "https://"})}
LIBRENMS = {"device_id": "2", "rule_id": "9", "title": "Shop"}
LOGICMONITOR = {"alertid": "LMS9", "message": "Shop"}
PINGDOM = {"check": "811", "checkname": "Shop", "action": "assign", "description": "down"}
SOLARWINDS = {"AlertObjectID": "9", "AlertMessage": "Shop"}
SENT: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "uptimerobot": (UPTIMEROBOT, {**UPTIMEROBOT, "alertType": "2", "alertTypeFriendlyName": "Up"}),
    "generic": ({"title": "Shop", "dedup_key": "shop"}, {"dedup_key": "shop", "status": "ok"}),
    "healthchecks": ({"code": "5398", "name": "Shop", "status": "down"}, {"code": "5398", "status": "up"}),
    "statuscake": ({"TestID": "6", "Name": "Shop", "Status": "Down"}, {"TestID": "6", "Name": "Shop", "Status": "Up"}),
    "uptime_kuma": ({**KUMA, "heartbeat": '{"status": 0, "monitorID": 7}'}, {**KUMA, "heartbeat": '{"status": 1}'}),
    "librenms": ({**LIBRENMS, "state": "1"}, {**LIBRENMS, "state": "0"}),
    "logicmonitor": ({**LOGICMONITOR, "alertstatus": "active"}, {**LOGICMONITOR, "alertstatus": "clear"}),
    "pingdom": (
        {"message": json.dumps(PINGDOM)},
        {"message": json.dumps({**PINGDOM, "action": "notify_of_close", "description": "up"})},
    ),
    "prtg": ({"sensorid": "2004", "name": "Shop", "status": "Down"}, {"sensorid": "2004", "status": "Up"}),
    "solarwinds": ({**SOLARWINDS, "ActionType": "create"}, {**SOLARWINDS, "ActionType": "reset"}),
    "site24x7": ({"MONITOR_ID": "28", "MONITORNAME": "Shop", "STATUS": "DOWN"}, {"MONITOR_ID": "28", "STATUS": "UP"}),
}  # fmt: skip
"""By the kind of monitor: fields with which something goes wrong, and those with which it is over."""


@pytest.fixture
async def sender(database: Database) -> AsyncIterator[Sender]:
    async with a_sender(database) as opened:
        yield opened


async def an_address(sender: Sender, database: Database, provider: str, **columns: Any) -> str:
    """Return the address of a new integration."""
    row = await an_integration(database, provider=provider, **columns)
    await sender.deps.catalogue.load()
    return f"/api/v1/events/{row.key}"


async def kept(sender: Sender) -> list[tuple[Any, ...]]:
    """Return status, body and content type of every delivery that is kept."""
    return await sender.rows("SELECT status, body, content_type FROM deliveries ORDER BY received_at")


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("provider", SENT)
async def test_fields_in_the_address_open_an_incident_and_end_it(
    sender: Sender, database: Database, provider: str, method: str
):
    address, (wrong, over) = await an_address(sender, database, provider), SENT[provider]

    opened = await sender.client.request(method, address, params=wrong)
    closed = await sender.client.request(method, address, params=over)

    assert (opened.status_code, opened.json()["events"][0]["verdict"]) == (202, "opened"), opened.text
    assert (closed.status_code, closed.json()["events"][0]["verdict"]) == (202, "resolved"), closed.text
    assert [status for _, status in await sender.incidents()] == ["resolved"]


def test_each_kind_of_monitor_that_says_so_is_tried_and_sends_forms_as_well():
    assert {slug for slug, kind in PROVIDERS.items() if kind.query} == SENT.keys()
    assert all(PROVIDERS[slug].form for slug in SENT)


async def test_what_stood_in_the_address_is_kept_as_the_form_that_it_is(sender: Sender, database: Database):
    address = await an_address(sender, database, "uptimerobot")

    await sender.get(address, params=UPTIMEROBOT, headers={"content-type": "application/json"})

    ((status, body, content_type),) = await kept(sender)
    assert (status, content_type) == ("accepted", "application/x-www-form-urlencoded")
    assert body == urlencode(UPTIMEROBOT).encode()
    assert await sender.incidents() == [("Shop (EU): HTTP 500 - Internal Server Error", "open")]


async def test_an_address_that_is_opened_again_pages_nobody_again(sender: Sender, database: Database):
    address = await an_address(sender, database, "uptimerobot")

    for _ in range(3):
        await sender.get(address, params=UPTIMEROBOT)

    assert await sender.rows("SELECT count FROM alerts") == [(3,)]
    assert len(await sender.incidents()) == 1


async def test_an_idempotency_key_counts_for_an_address_as_well(sender: Sender, database: Database):
    address = await an_address(sender, database, "generic")

    answers = [
        await sender.get(address, params={"title": "Disk full"}, headers={"idempotency-key": "once"}) for _ in range(2)
    ]

    assert [answer.json()["duplicate"] for answer in answers] == [False, True]
    assert await sender.rows("SELECT count FROM alerts") == [(1,)]


@pytest.mark.parametrize(
    ("method", "query"), [("GET", ""), ("GET", "?"), ("HEAD", "?title=x"), ("OPTIONS", "?title=x")]
)
async def test_who_only_looks_at_the_address_opens_nothing(sender: Sender, database: Database, method: str, query: str):
    answer = await sender.client.request(method, await an_address(sender, database, "generic") + query)

    assert answer.status_code == 405
    assert method == "HEAD" or "are sent with POST" in answer.json()["detail"]
    assert await kept(sender) == []


async def test_the_fields_of_a_monitor_that_sends_none_are_refused_in_words(sender: Sender, database: Database):
    answer = await sender.get(await an_address(sender, database, "grafana"), params={"title": "x"})

    assert (answer.status_code, answer.json()["detail"]) == (
        405,
        "Grafana sends with POST: fields in its address are not read.",
    )
    assert await kept(sender) == []


async def test_an_unknown_key_opens_nothing(sender: Sender):
    assert (await sender.get("/api/v1/events/nobody?title=x")).status_code == 404
    assert (await sender.get("/v2/enqueue?routing_key=x")).status_code == 405


async def test_fields_that_are_no_event_are_refused_and_kept(sender: Sender, database: Database):
    address = await an_address(sender, database, "generic")

    answers = [await sender.get(f"{address}?{query}") for query in ("utm_source=mail", "title=%ff")]

    assert [answer.json()["detail"] for answer in answers] == [
        "The event has no title; send one as “title”, “summary” or “message”.",
        "The form is not valid UTF-8.",
    ]
    assert [(status, body) for status, body, _ in await kept(sender)] == [
        ("rejected", b"utm_source=mail"),
        ("rejected", b"title=%ff"),
    ]


async def test_a_body_counts_and_not_what_stands_in_the_address_beside_it(sender: Sender, database: Database):
    address = await an_address(sender, database, "generic")

    await sender.post(f"{address}?title=address", {"title": "body"})
    empty = await sender.post(address)

    assert (await sender.incidents())[0] == ("body", "open")
    assert (empty.status_code, empty.json()["detail"]) == (400, "The body is empty.")


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer wrong"}])
async def test_fields_in_the_address_must_prove_themselves_where_there_is_a_secret(
    sender: Sender, database: Database, headers: dict[str, str]
):
    address = await an_address(sender, database, "uptimerobot", secret="a secret of ours")
    right = {"authorization": "Bearer a secret of ours"}

    refused = await sender.get(address, params=UPTIMEROBOT, headers=headers)
    taken = await sender.get(address, params=UPTIMEROBOT, headers=right)

    assert (refused.status_code, taken.status_code) == (401, 202)
    assert len(await kept(sender)) == 1


async def test_a_notice_of_uptime_kuma_comes_alone(sender: Sender, database: Database):
    address = await an_address(sender, database, "uptime_kuma")
    notice = "[Shop][https://shop.example.com] server certificate shop.example.com will expire in 7 days"

    answer: httpx.Response = await sender.get(address, params={"msg": notice})

    assert answer.status_code == 202
    assert await sender.incidents() == [(notice, "open")]
