"""The whole way of a page: an alert, the engine, the push service, the phone, its button, and every other board."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import Page, expect

from tests.bounds import PATIENCE_MS
from tests.browsers import a_browser
from tests.e2e.phones import Phone, cookies, phone, until
from tests.peers.push_service import PushPeer, push_peer_in_thread
from tests.server import RunningServer

pytestmark = pytest.mark.e2e
SAM = "Sam Sample"
# The browser's own push service is out of reach; everything before and behind it is the real thing.
SUBSCRIBES_AT_THE_PEER = """
const given = SUBSCRIPTION;
let held = null;
const unsubscribe = async () => { held = null; return true; };
PushManager.prototype.subscribe = async (options) =>
  (held = { options, unsubscribe, endpoint: given.endpoint, toJSON: () => given });
PushManager.prototype.getSubscription = async () => held;
"""


@pytest.fixture(scope="module")
def peer() -> Iterator[PushPeer]:
    with push_peer_in_thread() as running:
        yield running


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with RunningServer(settings={"PUSH_ALLOW_PRIVATE": "1"}) as running:
        yield running


@asynccontextmanager
async def a_board(server: RunningServer, sam: httpx.Client) -> AsyncIterator[Page]:
    """Open the board in another browser."""
    async with a_browser() as browser:
        context = await browser.new_context(viewport={"width": 1440, "height": 900})
        context.set_default_timeout(PATIENCE_MS)
        await context.add_cookies(cookies(server.base_url, sam.headers["Cookie"]))
        page = await context.new_page()
        await page.goto(f"{server.base_url}/incidents")
        yield page


def answer(sam: httpx.Client, path: str) -> dict[str, Any]:
    said = sam.get(path)
    assert said.status_code == 200, said.text
    return said.json()


async def turn_push_on(app: Phone, peer: PushPeer, sam: httpx.Client) -> None:
    """Press the button on the person's own page, as they would."""
    subscription = peer.browser(answer(sam, "/api/v1/push/key")["key"]).subscription
    await app.page.add_init_script(SUBSCRIBES_AT_THE_PEER.replace("SUBSCRIPTION", json.dumps(subscription)))
    await app.page.goto(f"{app.origin}/me")
    await app.page.get_by_role("button", name="Turn push on").click()
    await expect(app.page.get_by_text("Push is on for Chrome on Linux.").first).to_be_visible()


async def is_verified(app: Phone) -> bool:
    """Say whether the person's own page calls this device verified: only then pages go there."""
    await app.page.reload()
    method = app.page.get_by_role("listitem").filter(has_text="Chrome on Linux").last
    await expect(method).to_be_visible()
    return "Not verified" not in await method.inner_text()


async def taken(peer: PushPeer, *, kind: str, title: str = "") -> dict[str, Any]:
    """Wait for a push of this kind and return what it says, decrypted with the browser's keys."""

    def found() -> dict[str, Any] | None:
        return next(
            (one.payload for one in peer.taken if one.payload["kind"] == kind and title in one.payload["title"]), None
        )

    await until(lambda: found() is not None, f"a {kind} is pushed; refused: {peer.refused}")
    return found() or {}


def notifications_of(sam: httpx.Client, incident: str) -> list[dict[str, Any]]:
    pages = answer(sam, f"/api/v1/incidents/{incident}/pages")["pages"]
    return [note for page in pages for note in page["notifications"] if note["channel"] == "push"]


async def test_an_alert_reaches_a_phone_whose_button_acknowledges_it_on_every_board(
    server: RunningServer, sam: httpx.Client, peer: PushPeer, tmp_path: Path
):
    async with (
        phone(server.base_url, profile=tmp_path, cookie=sam.headers["Cookie"]) as app,
        a_board(server, sam) as board,
    ):
        await turn_push_on(app, peer, sam)
        await app.push(await taken(peer, kind="confirm"))
        await app.notification(titled="OpsKnight pages you here from now on")
        await until(lambda: is_verified(app), "the device counts")
        await app.close_every_window()

        server.fire(title="Card payments failing", severity="critical")
        page = await taken(peer, kind="page", title="Card payments failing")
        await app.push(page)
        shown = await app.notification(titled="Card payments failing")
        assert shown.actions == ["Acknowledge", "Open"]
        await until(
            lambda: [note["status"] for note in notifications_of(sam, page["tag"])] == ["delivered"],
            "the server knows that it was shown",
        )
        row = board.get_by_role("row").filter(has_text="Card payments failing")
        await expect(row).to_contain_text("Open")

        await app.press("ack", tag=page["tag"])

        await app.notification(titled="Acknowledged")
        await expect(row).to_contain_text("Acknowledged")
        await expect(row).to_contain_text(SAM)
        incident = answer(sam, f"/api/v1/incidents/{page['tag']}")["incident"]
        assert (incident["status"], incident["assignee"]) == ("acknowledged", SAM)
        assert [note["status"] for note in notifications_of(sam, page["tag"])] == ["seen"]

        # What every device of his is told afterwards replaces what it shows, without a sound.
        quiet = await taken(peer, kind="acknowledged")
        await app.push({**quiet, "at": page["at"] - 1})
        await app.push(quiet)
        replaced = await app.notification(titled=f"Acknowledged by {SAM}")
        assert (replaced.tag, replaced.actions, replaced.silent) == (page["tag"], ["Open"], True)


async def test_page_me_now_reaches_the_phone_and_leads_to_ones_own_page(
    server: RunningServer, sam: httpx.Client, peer: PushPeer, tmp_path: Path
):
    async with phone(server.base_url, profile=tmp_path, cookie=sam.headers["Cookie"]) as app:
        await turn_push_on(app, peer, sam)
        await until(lambda: is_verified(app), "the device counts")
        await app.page.get_by_role("button", name="Page me now").click()

        test = await taken(peer, kind="test")
        await app.push(test)

        shown = await app.notification(titled="Test page from OpsKnight")
        assert shown.actions == ["Open"]
        assert test["url"] == "/me"
