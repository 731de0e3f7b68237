"""Lanes are apart: what keeps the outcomes of one channel from being written keeps no other channel from sending."""

from __future__ import annotations

from sqlalchemy import text

from tests.builders import a_contact_method, a_notification, a_page, a_user
from tests.jobs.pager import Pager
from tests.peers.smtp import Mood

MANY = 40
WAITS = (
    "SELECT least(count(*), 1) FROM pg_stat_activity"
    " WHERE datname = current_database() AND application_name = 'opsknight engine' AND wait_event_type = 'Lock'"
)


async def test_failures_that_wait_for_their_incident_leave_the_engines_connections_to_other_channels(pager: Pager):
    stormy = await pager.an_incident()
    ada = await a_user(pager.database, reachable=False)
    page = await a_page(pager.database, stormy, ada)
    for nth in range(MANY):
        method = await a_contact_method(pager.database, ada, address=f"ada{nth}@example.com")
        await a_notification(pager.database, page, method)
    pager.smtp.mood = Mood.REFUSE_FOR_GOOD

    async with pager.database.commands() as holding:
        await holding.execute(text("SELECT FROM incidents WHERE id = :id FOR NO KEY UPDATE"), {"id": stormy.id})
        async with pager.sending():
            await pager.count_becomes(WAITS, 1)
            push, _ = await pager.push_then_mail(await pager.an_incident())
            pager.wake()
            await pager.becomes("accepted", push, within_s=2)
            await holding.rollback()
            await pager.count_becomes("SELECT count(*) FROM notifications WHERE status = 'failed'", MANY)
