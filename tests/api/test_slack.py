"""Slack's buttons: only Slack itself is heard, once, and the presser is told what happened."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from opsknight.api import slack
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import IncidentRow, UserRow
from opsknight.jobs.channels.slack import said
from tests.api.house import House, a_house
from tests.bounds import PATIENCE_S
from tests.builders import a_contact_method, a_notification, a_page, a_service, a_stored_incident, a_user
from tests.clock import StoppedClock
from tests.jobs.a_message import a_message
from tests.peers.slack import SIGNING_SECRET, Posted, SlackPeer, signed, slack_peer


@dataclass
class Workspace:
    """A workspace in which Ada (U024BE7LH) was paged."""

    house: House
    peer: SlackPeer
    ada: UserRow
    incident: IncidentRow
    message: dict[str, Any]

    def press(self, action: str = "acknowledge", *, by: str = "U024BE7LH", secret: str = SIGNING_SECRET) -> Posted:
        return self.peer.press(self.message, action, by=by, secret=secret, at=self.house.clock.now().timestamp())

    async def hear(self, posted: Posted) -> httpx.Response:
        async with self.house.client as client:
            return await client.post("/api/v1/slack/interactions", content=posted.body, headers=raw(posted))

    async def status(self) -> str:
        async with self.house.deps.reading() as session:
            sql = text("SELECT status FROM incidents WHERE id = :id")
            return (await session.execute(sql, {"id": self.incident.id})).scalar_one()

    async def told(self) -> str:
        async with asyncio.timeout(PATIENCE_S):  # it is told after the request
            answer = await self.peer.answered.get()
        assert (answer["response_type"], answer["replace_original"]) == ("ephemeral", False)
        return answer["text"]


def raw(posted: Posted) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in posted.headers.items()]


@pytest.fixture
async def workspace(database: Database, clock: StoppedClock) -> AsyncIterator[Workspace]:
    async with (
        slack_peer() as peer,
        a_house(database, clock, slack_signing_secret=SIGNING_SECRET, channels_allow_private=True) as house,
    ):
        house.routes.include_router(slack.router(house.deps))
        ada = await a_user(database, name="Ada")
        method = await a_contact_method(database, ada, channel="slack", address="U024BE7LH")
        incident = await a_stored_incident(database, await a_service(database))
        page = await a_page(database, incident, ada)
        row = await a_notification(database, page, method, status="accepted", attempts=1)
        message = {**said(a_message(notification_id=row.id)), "ts": "1503435956.000247", "channel": "D024BE91L"}
        yield Workspace(house, peer, ada, incident, message)


async def test_the_button_acknowledges_and_the_presser_is_told(workspace: Workspace):
    answer = await workspace.hear(workspace.press())

    assert (answer.status_code, answer.text) == (200, "")
    assert await workspace.status() == "acknowledged"
    assert "cknowledged" in await workspace.told()


async def test_resolve_resolves(workspace: Workspace):
    await workspace.hear(workspace.press("resolve"))

    assert await workspace.status() == "resolved"


async def test_opening_the_incident_by_its_link_changes_nothing(workspace: Workspace):
    answer = await workspace.hear(workspace.press("open"))

    assert answer.status_code == 200
    assert await workspace.status() == "open"


async def test_somebody_unknown_is_told_how_to_be_known(workspace: Workspace):
    await workspace.hear(workspace.press(by="U0STRANGER"))

    assert await workspace.status() == "open"
    assert "Add it to your contact methods" in await workspace.told()


async def test_a_late_button_says_what_happened_meanwhile(workspace: Workspace):
    await workspace.hear(workspace.press("resolve"))
    await workspace.told()

    await workspace.hear(workspace.press())

    assert "resolved" in await workspace.told()


@pytest.mark.parametrize("name", ["X-Slack-Signature", "X-Slack-Request-Timestamp"])
@pytest.mark.parametrize("value", [None, "", "v0=00", "ünlesbar", "9" * 400])
async def test_without_a_right_signature_nothing_is_heard(workspace: Workspace, name: str, value: str | None):
    posted = workspace.press()
    headers = {key: it for key, it in posted.headers.items() if key != name}

    answer = await workspace.hear(replace(posted, headers=headers if value is None else {**headers, name: value}))

    assert answer.status_code == 401
    assert await workspace.status() == "open"


async def test_what_another_app_signed_is_not_heard(workspace: Workspace):
    answer = await workspace.hear(workspace.press(secret="another"))

    assert answer.status_code == 401


async def test_a_request_of_six_minutes_ago_is_not_heard(workspace: Workspace):
    posted = workspace.peer.press(
        workspace.message, "acknowledge", by="U024BE7LH", at=workspace.house.clock.now().timestamp() - 360
    )

    answer = await workspace.hear(posted)

    assert answer.status_code == 401
    assert await workspace.status() == "open"


async def test_a_request_that_comes_twice_is_carried_out_once(workspace: Workspace):
    posted = workspace.press("escalate")
    await workspace.hear(posted)
    await workspace.told()

    again = await workspace.hear(posted)

    assert again.status_code == 200
    assert workspace.peer.answered.empty()


@pytest.mark.parametrize(
    "body", ["", "payload=", "payload=[]", "payload=%7B%22type%22%3A%22view_submission%22%7D", "x"]
)
async def test_what_is_no_button_is_taken_and_does_nothing(workspace: Workspace, body: str):
    answer = await workspace.hear(signed(body, at=workspace.house.clock.now().timestamp()))

    assert answer.status_code == 200


async def test_without_a_signing_secret_nobody_is_heard(database: Database, clock: StoppedClock):
    async with a_house(database, clock) as house:
        house.routes.include_router(slack.router(house.deps))
        posted = signed("payload={}", at=clock.now().timestamp())
        async with house.client as client:
            answer = await client.post("/api/v1/slack/interactions", content=posted.body, headers=posted.headers)

    assert answer.status_code == 401
