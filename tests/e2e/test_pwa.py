"""The installed app on a phone: it opens offline, shows what is pushed, and acknowledges with every window closed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from playwright.async_api import expect

from opsknight import crypto
from opsknight.domain.model.link import ACKNOWLEDGE, AcknowledgeClaims
from tests.e2e.phones import WATCH_WINDOWS, Phone, phone, until
from tests.server import RunningServer

pytestmark = pytest.mark.e2e
SAM, ADA = 1, 2
# No browser here subscribes without a push service, so the worker is given a subscription, and its word is kept.
SUBSCRIBED = """() => {
  const subscription = { endpoint: "https://push.example.org/1", keys: { p256dh: "p", auth: "s3cret" } };
  self.registration.pushManager.getSubscription = async () => ({ toJSON: () => subscription });
  self.beats = [];
  const real = self.fetch;
  self.fetch = (url, options) => {
    if (!String(url).endsWith("/push/heartbeat")) return real(url, options);
    self.beats.push(JSON.parse(options.body));
    return Promise.resolve(new Response(null, { status: 204 }));
  };
}"""


@pytest.fixture(scope="module")
async def shared(
    server: RunningServer, sam: httpx.Client, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Phone]:
    profile = tmp_path_factory.mktemp("profile")
    async with phone(server.base_url, profile=profile, cookie=sam.headers["Cookie"]) as opened:
        yield opened


@pytest.fixture
async def own(server: RunningServer, sam: httpx.Client, tmp_path: Path) -> AsyncIterator[Phone]:
    """A phone of the test's own."""
    async with phone(server.base_url, profile=tmp_path, cookie=sam.headers["Cookie"]) as opened:
        yield opened


@pytest.fixture
async def app(shared: Phone) -> Phone:
    """A phone for tests that leave it as it was, but for its notifications."""
    await shared.clear()
    return shared


@pytest.fixture
async def secret(server: RunningServer) -> bytes:
    connection = await asyncpg.connect(server.owner_dsn())
    try:
        return await connection.fetchval("SELECT secret FROM installation")
    finally:
        await connection.close()


def an_incident(server: RunningServer, sam: httpx.Client, title: str) -> dict[str, Any]:
    """Fire an alert and return its line of the board."""
    answer = server.fire(title=title, dedup_key=title)
    assert answer.status_code == 202, f"{answer.text}\n{server.log()}"
    return next(line for line in sam.get("/api/v1/board").json()["rows"] if line["title"] == title)


def now_of(sam: httpx.Client, incident: dict[str, Any]) -> dict[str, Any]:
    return sam.get(f"/api/v1/incidents/{incident['id']}").json()["incident"]


def do(sam: httpx.Client, verb: str, incident: dict[str, Any]) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    answer = sam.post(f"/api/v1/incidents/{incident['id']}/{verb}", json={}, headers=key)
    assert answer.status_code == 200, answer.text


def a_page(incident: dict[str, Any], *, token: str | None) -> dict[str, Any]:
    """What the server pushes for a page; tests/e2e/test_push_loop.py holds it to the real one."""
    return {
        "title": f"CRITICAL {incident['service']}: {incident['title']} (#{incident['n']})",
        "body": incident["title"],
        "tag": incident["id"],
        "url": f"/incidents/{incident['n']}",
        "n": incident["n"],
        "urgency": "high",
        "ack": token,
        "receipt": None,
        "kind": "page",
    }


def a_token(secret: bytes, incident: dict[str, Any], *, user: int = SAM, **other: Any) -> str:
    claims = AcknowledgeClaims(user, UUID(incident["id"]), incident["generation"], uuid4())
    return crypto.sign(secret, replace(claims, **other).to_json(now=datetime.now(UTC)), purpose=ACKNOWLEDGE)  # noqa: TID251


async def test_the_app_can_be_installed(app: Phone):
    errors = await app.devtools.send("Page.getInstallabilityErrors")
    manifest = await app.devtools.send("Page.getAppManifest")

    assert errors["installabilityErrors"] == []
    assert manifest["errors"] == []
    assert manifest["url"] == f"{app.origin}/manifest.webmanifest"


async def test_a_page_shows_what_is_wrong_with_its_buttons_and_stays(app: Phone):
    await app.push(
        {
            "title": "CRITICAL Search: Disk full",
            "body": "Disk full",
            "tag": "t1",
            "urgency": "high",
            "ack": "x",
            "kind": "page",
        }
    )

    shown = await app.notification()

    assert (shown.title, shown.body, shown.tag) == ("CRITICAL Search: Disk full", "Disk full", "t1")
    assert shown.actions == ["Acknowledge", "Open"]
    assert shown.stays
    assert not shown.silent


async def test_the_device_says_that_it_is_there_with_each_push_and_at_most_once_an_hour(own: Phone):
    await own.in_worker(SUBSCRIBED)

    for number in (1, 2):
        await own.push({"title": f"OpsKnight still reaches you here {number}", "tag": f"c{number}", "kind": "check"})
        shown = await own.notification(titled=f"here {number}")

    assert shown.silent
    await until(lambda: own.in_worker("() => self.beats.length > 0"), "the device said so")
    assert await own.in_worker("() => self.beats") == [{"endpoint": "https://push.example.org/1", "auth": "s3cret"}]


async def test_a_quiet_page_does_not_stay_on_the_screen(app: Phone):
    await app.push({"title": "WARNING Search: Slow", "tag": "t2", "urgency": "low", "ack": "x", "kind": "page"})

    assert not (await app.notification()).stays


async def test_a_later_word_about_an_incident_replaces_its_page_and_makes_no_sound(app: Phone):
    await app.push({"title": "CRITICAL Search: Disk full", "tag": "t3", "urgency": "high", "ack": "x", "kind": "page"})
    await app.notification(titled="CRITICAL")

    await app.push({"title": "Ada Moreno has it", "tag": "t3", "urgency": "high", "ack": "x", "kind": "acknowledged"})

    shown = await app.notification(titled="Ada Moreno has it")
    assert await app.notifications() == [shown]
    assert shown.silent
    assert shown.actions == ["Open"]


@pytest.mark.parametrize("rubbish", ["", "not json", "[]", "null", '"text"'])
async def test_a_push_that_cannot_be_read_still_shows_a_notification(app: Phone, rubbish: str):
    await app.push(rubbish)

    assert (await app.notification()).title == "OpsKnight has news for you"


async def test_the_question_whether_someone_is_still_on_it_has_a_fitting_button(app: Phone):
    await app.push({"title": "Still on it?", "tag": "t4", "urgency": "high", "ack": "x", "kind": "still_on_it"})

    assert (await app.notification()).actions == ["I am on it", "Open"]


async def test_the_button_acknowledges_for_its_person_with_every_window_closed(
    own: Phone, server: RunningServer, sam: httpx.Client, secret: bytes
):
    incident = an_incident(server, sam, "Card payments failing")
    await own.push(a_page(incident, token=a_token(secret, incident, user=ADA)))
    await own.notification(titled="Card payments failing")
    await own.close_every_window()

    await own.press("ack", tag=incident["id"])

    shown = await own.notification(titled="Acknowledged")
    after = now_of(sam, incident)
    assert (after["status"], after["assignee_id"]) == ("acknowledged", ADA)
    assert shown.silent
    assert shown.actions == ["Open"]
    assert await own.notifications() == [shown]


async def test_the_button_names_who_already_has_it(app: Phone, server: RunningServer, sam: httpx.Client, secret: bytes):
    incident = an_incident(server, sam, "Queue grows")
    await app.push(a_page(incident, token=a_token(secret, incident, user=ADA)))
    await app.notification(titled="CRITICAL")
    do(sam, "acknowledge", incident)

    await app.press("ack", tag=incident["id"])

    assert "Sam Sample" in (await app.notification(titled="Sam Sample")).title
    assert now_of(sam, incident)["assignee_id"] == SAM


async def test_a_token_that_was_tampered_with_is_refused_in_words(
    app: Phone, server: RunningServer, sam: httpx.Client, secret: bytes
):
    incident = an_incident(server, sam, "Certificate expires")
    token = a_token(secret, incident)
    await app.push(a_page(incident, token=token[:-3] + ("AAA" if token[-3:] != "AAA" else "BBB")))
    await app.notification(titled="CRITICAL")

    await app.press("ack", tag=incident["id"])

    shown = await app.notification(titled="is not valid")
    assert "Not acknowledged" in shown.body
    assert shown.actions == ["Open"]
    assert shown.stays
    assert now_of(sam, incident)["status"] == "open"


async def test_what_the_worker_says_by_itself_is_said_in_the_language_of_the_message(
    app: Phone, server: RunningServer, sam: httpx.Client, secret: bytes
):
    incident = an_incident(server, sam, "Zertifikat läuft ab")
    said = {
        "words": ["Bestätigen", "Öffnen"],
        "failing": ["Noch einmal", "Nicht bestätigt: {title}", "OpsKnight war nicht zu erreichen"],
    }
    await app.push({**a_page(incident, token=f"{a_token(secret, incident)[:-3]}xyz"), **said})
    asked = await app.notification(titled="CRITICAL")

    await app.press("ack", tag=incident["id"])

    refused = await app.notification(titled="is not valid")
    assert asked.actions == ["Bestätigen", "Öffnen"]
    assert refused.body == f"Nicht bestätigt: {asked.title}"
    assert refused.actions == ["Öffnen"]


async def test_a_token_whose_time_has_passed_is_refused_in_words(
    app: Phone, server: RunningServer, sam: httpx.Client, secret: bytes
):
    incident = an_incident(server, sam, "Backups fail")
    claims = AcknowledgeClaims(SAM, UUID(incident["id"]), incident["generation"], uuid4())
    long_ago = datetime.now(UTC) - timedelta(days=2)  # noqa: TID251
    await app.push(a_page(incident, token=crypto.sign(secret, claims.to_json(now=long_ago), purpose=ACKNOWLEDGE)))
    await app.notification(titled="CRITICAL")

    await app.press("ack", tag=incident["id"])

    assert "Not acknowledged" in (await app.notification(titled="its time has passed")).body
    assert now_of(sam, incident)["status"] == "open"


async def test_a_page_of_an_earlier_generation_does_not_acknowledge_the_incident_of_now(
    app: Phone, server: RunningServer, sam: httpx.Client, secret: bytes
):
    incident = an_incident(server, sam, "Nodes are lost")
    await app.push(a_page(incident, token=a_token(secret, incident)))
    for verb in ("acknowledge", "unacknowledge"):
        do(sam, verb, incident)

    await app.press("ack", tag=incident["id"])

    shown = await app.notification(titled="was paged anew")
    assert "Not acknowledged" in shown.body
    assert now_of(sam, incident)["status"] == "open"
    assert shown.actions == ["Open"]


async def test_a_tap_opens_the_incident(own: Phone):
    await own.in_worker(WATCH_WINDOWS)
    await own.push(
        {"title": "CRITICAL", "tag": "t5", "url": "/incidents/12", "urgency": "high", "ack": "x", "kind": "page"}
    )
    await own.notification()
    await own.page.goto("about:blank")

    await own.press("", tag="t5")

    assert await own.opened() == [f"{own.origin}/incidents/12"]
    assert await own.notifications() == []


async def test_where_the_system_draws_no_buttons_a_tap_opens_the_page_that_acknowledges(
    own: Phone, server: RunningServer, sam: httpx.Client, secret: bytes
):
    incident = an_incident(server, sam, "Clock drifts")
    await own.in_worker(WATCH_WINDOWS)
    await own.in_worker("() => Object.defineProperty(Notification, 'maxActions', { get: () => 0 })")
    await own.push(a_page(incident, token=a_token(secret, incident)))
    await own.notification()
    await own.close_every_window()

    await own.press("", tag=incident["id"])

    await own.page.goto((await own.opened())[0])
    assert now_of(sam, incident)["status"] == "open"  # opening it is not acknowledging
    await own.page.get_by_role("button", name="Acknowledge").click()
    await expect(own.page.get_by_role("heading")).to_have_text("Acknowledged")
    assert now_of(sam, incident)["assignee_id"] == SAM


async def test_a_tap_never_leaves_for_another_site(own: Phone):
    await own.in_worker(WATCH_WINDOWS)
    await own.push(
        {"title": "CRITICAL", "tag": "t7", "url": "https://evil.example/", "urgency": "high", "kind": "page"}
    )
    await own.notification()
    await own.page.goto("about:blank")

    await own.press("", tag="t7")

    assert await own.opened() == [f"{own.origin}/incidents"]


async def test_who_has_blocked_notifications_is_told_where_to_allow_them(
    server: RunningServer, sam: httpx.Client, tmp_path: Path
):
    async with phone(server.base_url, profile=tmp_path, cookie=sam.headers["Cookie"], allow=False) as opened:
        answer = await opened.page.evaluate("opsknightPush.enable()")

    assert answer["state"] == "blocked"
    assert "Allow them in its settings" in answer["sentence"]


async def test_push_is_off_until_it_is_turned_on(app: Phone):
    assert (await app.page.evaluate("opsknightPush.state()"))["state"] == "off"


async def test_offline_the_app_says_so_and_returns_by_itself(server: RunningServer, own: Phone):
    server.stop()
    await expect(own.page.locator("html[data-live=live]")).to_have_count(0)  # a live page would write the time anew
    await own.page.evaluate("localStorage['ok-last-live'] = Date.now() - 240000")
    await own.page.evaluate("localStorage['ok-queue'] = JSON.stringify([{verb: 'acknowledge'}, {verb: 'resolve'}])")

    await own.page.goto(f"{own.origin}/incidents")

    await expect(own.page.get_by_role("heading")).to_have_text("OpsKnight is out of reach")
    await expect(own.page.get_by_text("Last live on this device 4 minutes ago")).to_be_visible()
    await expect(own.page.get_by_text("2 waiting to send")).to_be_visible()
    await own.page.evaluate("localStorage.removeItem('ok-queue')")
    server.start()
    await expect(own.page).to_have_title("Incidents · OpsKnight")


async def test_a_press_that_the_server_missed_can_be_repeated(
    own: Phone, server: RunningServer, sam: httpx.Client, secret: bytes
):
    incident = an_incident(server, sam, "Link is down")
    await own.push(a_page(incident, token=a_token(secret, incident)))
    await own.notification(titled="CRITICAL")
    server.stop()
    await own.press("ack", tag=incident["id"])
    missed = await own.notification(titled="could not be reached")
    server.start()

    await own.press("ack", tag=incident["id"])

    await own.notification(titled="Acknowledged")
    assert missed.actions == ["Try again", "Open"]
    assert missed.stays
    assert now_of(sam, incident)["status"] == "acknowledged"
