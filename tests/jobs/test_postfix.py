"""The whole way round by a real Postfix: our mail out, another server's refusal or a person's answer, and back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from opsknight.domain.store.engine import Database
from tests.clock import StoppedClock
from tests.jobs.an_office import Office, an_office
from tests.jobs.pager import until
from tests.peers.postfix import may_run, postfix
from tests.peers.smtp import Mood
from tests.ports import free_port

pytestmark = pytest.mark.skipif(
    not may_run(), reason="Debian's postfix is not installed, or the tests do not run as root"
)


@asynccontextmanager
async def an_office_behind_postfix(database: Database, clock: StoppedClock) -> AsyncIterator[Office]:
    """Open an office whose mails go by a Postfix to people's own mail server, and come back by it."""
    port = free_port()
    async with an_office(database, clock, smtp_url=f"smtp://127.0.0.1:{port}") as office:
        with postfix(port, routes={"example.org": office.pager.smtp.port, "pages.example.com": office.port}):
            office.port = port
            yield office


async def test_a_refusal_by_a_persons_own_mail_server_starts_their_next_contact_method(
    database: Database, clock: StoppedClock
):
    async with an_office_behind_postfix(database, clock) as office:
        office.pager.smtp.mood = Mood.REFUSE_FOR_GOOD
        page = await office.a_mailed_page()
        async with office.pager.sending():
            await office.pager.becomes("failed", page.mail)
            office.pager.wake()
            await office.pager.becomes("accepted", page.push)

        (told,) = await office.pager.told("failed")
        assert told["detail"] == "The mail came back: 550 5.1.1 no such mailbox"
        assert await office.address_is_off(page)


async def test_an_answer_that_comes_by_postfix_acts_and_is_answered(database: Database, clock: StoppedClock):
    async with an_office_behind_postfix(database, clock) as office:
        page = await office.a_mailed_page()
        async with office.pager.sending():
            (mail,) = await office.pager.smtp.mails_come(1)
            await office.answer(mail, "ack")
            await until(lambda: office.incident(page), ("acknowledged", page.user.id))
            office.pager.wake()
            _, answer = await office.pager.smtp.mails_come(2)

    assert mail.sender.startswith("opsknight+")
    assert str(answer.message["Subject"]).startswith(f"#{page.incident.number}: Acknowledged")
