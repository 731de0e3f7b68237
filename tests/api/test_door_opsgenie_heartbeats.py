"""Pings as Opsgenie takes them, for the heartbeats of the service whose integration's key they carry."""

from __future__ import annotations

import pytest

from opsknight.domain.store.engine import Database
from tests.api.doors import a_sender
from tests.builders import a_heartbeat, a_service, an_integration


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH"])
async def test_a_ping_by_name_is_heard(database: Database, method: str):
    service = await a_service(database)
    key = (await an_integration(database, service, provider="opsgenie", name="Nightly jobs")).key
    await a_heartbeat(database, service, name="Nightly backup")
    async with a_sender(database, authorization=f"GenieKey {key}", user_agent="cron") as sender:
        answer = await sender.client.request(method, "/v2/heartbeats/Nightly%20backup/ping")

        assert (answer.status_code, answer.json()["result"]) == (202, "PONG - Heartbeat received")
        assert await sender.rows("SELECT state, pings FROM heartbeats") == [("up", 1)]
        assert await sender.rows("SELECT signal, sender FROM heartbeat_pings") == [("success", "Nightly jobs cron")]


async def test_a_name_that_nobody_waits_for_is_refused_in_words(database: Database):
    service = await a_service(database, name="Checkout")
    key = (await an_integration(database, service, provider="opsgenie")).key
    await a_heartbeat(database, name="Nightly backup")  # of another service
    async with a_sender(database, authorization=f"GenieKey {key}") as sender:
        answer = await sender.get("/v2/heartbeats/Nightly%20backup/ping")

        assert (answer.status_code, answer.json()["message"]) == (
            404,
            "Checkout has no heartbeat called “Nightly backup”; make one under Heartbeats.",
        )
        assert await sender.rows("SELECT pings FROM heartbeats") == [(0,)]


@pytest.mark.parametrize(
    ("method", "path", "header", "status"),
    [
        ("GET", "/v2/heartbeats/x/ping", "", 401),
        ("GET", "/v2/heartbeats/x/ping", "GenieKey nobody", 401),
        ("DELETE", "/v2/heartbeats/x/ping", "GenieKey {key}", 405),
        ("HEAD", "/v2/heartbeats/x/ping", "GenieKey {key}", 405),
        ("GET", "/v2/heartbeats/x", "GenieKey {key}", 404),
        ("GET", "/v2/heartbeats/ping", "GenieKey {key}", 404),
        ("POST", "/v2/heartbeats/x/enable", "GenieKey {key}", 404),
    ],
)
async def test_what_is_no_ping_is_refused(database: Database, method: str, path: str, header: str, status: int):
    key = (await an_integration(database, provider="opsgenie")).key
    async with a_sender(database, authorization=header.replace("{key}", key)) as sender:
        assert (await sender.client.request(method, path)).status_code == status
