"""A real Nagios, set up by the very words of the integration's page: its checks wake people, and let them sleep."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from opsknight.api.providers.nagios import PROVIDER
from opsknight.deps import Monitor
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import ServiceRow
from opsknight.ui.senders import sender
from tests.builders import an_integration
from tests.peers import nagios as program
from tests.peers.nagios import Nagios
from tests.peers.smtp import SmtpPeer, smtp_peer_in_thread
from tests.server import RunningServer, until

pytestmark = pytest.mark.skipif(not program.is_installed(), reason="Debian's nagios4-core and curl are not installed")
NOTICED_WITHIN_S = 60
"""From the target's death to the incident: two checks, a second apart, and what the machine does besides."""
KEY = "5ca1ab1e" * 4


@dataclass
class House:
    """OpsKnight with a mail server, told of everything by a Nagios."""

    browser: httpx.Client
    mails: SmtpPeer
    nagios: Nagios

    def rows(self) -> dict[str, dict[str, Any]]:
        """Return what stands on the board, by the words before the output of the check."""
        answer = self.browser.get("/api/v1/board")
        answer.raise_for_status()
        return {row["title"].partition(":")[0]: row for row in answer.json()["rows"]}

    def incident(self, number: int) -> dict[str, Any]:
        """Return one incident with its alerts."""
        found: dict[str, Any] = self.browser.get(f"/api/v1/incidents/{number}").json()
        return found


@pytest.fixture
def house() -> Iterator[House]:
    """A running OpsKnight whose sample service “Postgres main” is watched by a Nagios."""
    with ExitStack() as stack:
        mails = stack.enter_context(smtp_peer_in_thread())
        server = stack.enter_context(RunningServer(settings={"SMTP_URL": mails.url}))
        browser = stack.enter_context(closing(server.sign_in()))
        asyncio.run(watched_by_nagios(server.owner_dsn()))
        yield House(browser, mails, stack.enter_context(program.nagios(words_of_the_page(server.base_url))))


async def watched_by_nagios(dsn: str) -> None:
    """Give the sample service an integration of the kind Nagios."""
    database = Database(dsn)
    async with database.commands() as session:
        service = (await session.scalars(select(ServiceRow).where(ServiceRow.name == "Postgres main"))).one()
    await an_integration(database, service, provider=PROVIDER.slug, key=KEY)
    await database.close()


def words_of_the_page(base_url: str) -> str:
    """Return what the integration's page says to paste."""
    told = Monitor(PROVIDER.label, PROVIDER.where, PROVIDER.setup, PROVIDER.sample)
    return sender(PROVIDER.slug, {PROVIDER.slug: told}).text(base_url, KEY)


def test_a_check_that_fails_wakes_a_person_is_acknowledged_in_nagios_and_closes_when_it_recovers(house: House):
    house.nagios.target.kill()
    open_ = until(lambda: rows if len(rows := house.rows()) == 2 else None, within_s=NOTICED_WITHIN_S)

    service, host = open_["Orders on web-1 is CRITICAL"], open_["Host db-1 is DOWN"]
    assert service["title"].endswith("Connection refused")
    assert [(row["severity"], row["urgency"], row["count"]) for row in (service, host)] == [("critical", "high", 1)] * 2
    subjects = [str(mail.message["Subject"]) for mail in house.mails.wait_for(2)]
    assert any("Orders on web-1 is CRITICAL" in subject for subject in subjects)

    house.nagios.acknowledge("Looking at it")
    until(lambda: house.incident(service["n"])["incident"]["status"] == "acknowledged", within_s=NOTICED_WITHIN_S)

    house.nagios.target.start()
    until(lambda: not house.rows(), within_s=NOTICED_WITHIN_S)
    closed = [house.incident(row["n"]) for row in (service, host)]
    assert [one["incident"]["status"] for one in closed] == ["resolved", "resolved"]
    assert [alert["status"] for one in closed for alert in one["alerts"]] == ["resolved", "resolved"]
