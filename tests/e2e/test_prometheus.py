"""The main job with real monitors: a target dies, Prometheus sees it, Alertmanager tells, a person is woken."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.bounds import WIDER
from tests.peers import monitors as programs
from tests.peers.monitors import Monitors, Wire
from tests.peers.smtp import SmtpPeer, smtp_peer_in_thread
from tests.server import RunningServer, until

pytestmark = pytest.mark.skipif(
    not programs.are_installed(), reason="Debian's prometheus and prometheus-alertmanager are not installed"
)
NOTICED_WITHIN_S = 60
"""From the target's death to Alertmanager's POST: a scrape, an evaluation, a flush of the group."""


@dataclass
class House:
    """OpsKnight with a mail server, watched by real monitors."""

    server: RunningServer
    browser: httpx.Client
    mails: SmtpPeer
    monitors: Monitors
    wire: Wire

    def rows(self) -> list[dict[str, Any]]:
        """Return what stands on the board."""
        answer = self.browser.get("/api/v1/board")
        answer.raise_for_status()
        rows: list[dict[str, Any]] = answer.json()["rows"]
        return rows

    def incident(self, number: int) -> dict[str, Any]:
        """Return one incident with its alerts."""
        found: dict[str, Any] = self.browser.get(f"/api/v1/incidents/{number}").json()
        return found


@pytest.fixture
def house() -> Iterator[House]:
    """A running OpsKnight whose sample service “Postgres main” is watched by a Prometheus."""
    with ExitStack() as stack:
        mails = stack.enter_context(smtp_peer_in_thread())
        server = stack.enter_context(RunningServer(settings={"SMTP_URL": mails.url}))
        browser = stack.enter_context(closing(server.sign_in()))
        wire = stack.enter_context(programs.wire(server.port))
        url = f"http://127.0.0.1:{wire.port}/api/v1/events/{alertmanager_key(browser)}"
        yield House(server, browser, mails, stack.enter_context(programs.monitors(url)), wire)


def alertmanager_key(browser: httpx.Client) -> str:
    """Return the key that the sample team's Alertmanager has."""
    services = browser.get("/api/v1/services").json()
    integrations = [one for service in services for one in service["integrations"]]
    return next(one["key"] for one in integrations if one["provider"] == "alertmanager")


def test_a_dead_target_wakes_a_person_and_its_return_closes_the_incident(house: House):
    house.monitors.target.kill()

    [row] = until(house.rows, within_s=NOTICED_WITHIN_S)
    seen_after_s = time.time() - house.wire.posted_at[0]
    print(f"on the board {seen_after_s * 1000:.0f} ms after Alertmanager's POST")
    assert seen_after_s <= 1.0 * WIDER
    title = f"{house.monitors.target.instance} is down"
    assert (row["title"], row["severity"], row["urgency"], row["service"], row["status"]) == (
        title, "critical", "high", "Postgres main", "open",
    )  # fmt: skip

    [mail] = house.mails.wait_for(1)
    assert title in str(mail.message["Subject"])

    house.monitors.target.start()
    until(lambda: not house.rows(), within_s=NOTICED_WITHIN_S)
    closed = house.incident(row["n"])
    assert closed["incident"]["status"] == "resolved"
    assert [alert["status"] for alert in closed["alerts"]] == ["resolved"]


def test_a_target_that_dies_while_opsknight_is_down_wakes_a_person_as_soon_as_it_is_back(house: House):
    house.server.kill()
    house.monitors.target.kill()
    until(lambda: house.wire.posted_at, within_s=NOTICED_WITHIN_S)

    house.server.start()

    [row] = until(house.rows, within_s=NOTICED_WITHIN_S)
    [mail] = house.mails.wait_for(1)
    assert row["title"] in str(mail.message["Subject"])
