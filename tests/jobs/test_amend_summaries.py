"""Summaries that were sent are changed when all that they told of has moved on."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from opsknight.domain.commands import incidents
from opsknight.domain.store.tables import IncidentRow
from opsknight.jobs.amend import Amender
from opsknight.jobs.channels.routes import Routed
from tests.builders import a_contact_method, a_user
from tests.jobs.a_told_chat import Chat, sent_by_slack, slack_of
from tests.jobs.pager import Pager
from tests.peers.slack import slack_peer


@pytest.fixture
async def summary(pager: Pager) -> AsyncIterator[Chat]:
    """Ada was told in her chat of two incidents by one message."""
    async with slack_peer() as peer:
        channel = slack_of(peer)
        ada, first = await a_user(pager.database, "Ada", reachable=False), await pager.an_incident(title="Disk full")
        method = await a_contact_method(pager.database, ada, channel="slack", address="U024BE7LH")
        told = await sent_by_slack(pager, first, ada, method, peer)
        other = await sent_by_slack(pager, await pager.an_incident(title="Slow"), ada, method, peer)
        peer.messages["D024BE7LH"].pop()
        async with pager.deps.commands("system:test") as uow:
            sql = "UPDATE notifications SET status = 'bundled', attempts = 0, bundled_into = :into WHERE id = :id"
            await uow.session.execute(text(sql), {"into": told.id, "id": other.id})
        yield Chat(pager, peer, Amender(pager.deps, {"slack": Routed({"slack": channel})}), ada, method, first, told)
        await channel.close()


async def the_other(chat: Chat) -> IncidentRow:
    async with chat.pager.deps.reading() as session:
        found = await session.get(
            IncidentRow, (await chat.pager.rows("SELECT max(id::text)::uuid FROM incidents"))[0][0]
        )
    assert found is not None
    return found


async def acknowledge(chat: Chat, incident: IncidentRow) -> None:
    async with chat.pager.deps.commands(f"user:{chat.ada.id}") as uow:
        await incidents.acknowledge(uow, incident.id)


async def test_while_one_of_them_is_open_a_summary_stays_as_it_is(summary: Chat):
    await summary.do(incidents.resolve)
    await summary.amend()

    assert summary.changes == 0
    assert await summary.waiting() == 0


async def test_when_the_last_of_them_has_moved_on_a_summary_says_how_each_stands(summary: Chat):
    other = await the_other(summary)
    await summary.do(incidents.resolve)
    await summary.amend()
    await acknowledge(summary, other)
    await summary.amend()

    shown = summary.shown
    assert shown.startswith("None of these 2 is open any more")
    body = str(summary.peer.messages["D024BE7LH"][-1])
    assert f"#{summary.incident.number} CRITICAL" in body
    assert "Disk full: Resolved" in body
    assert "Slow: Acknowledged by Ada" in body
    assert await summary.waiting() == 0


async def test_a_summary_that_was_changed_says_when_one_of_them_is_open_again(summary: Chat):
    other = await the_other(summary)
    await acknowledge(summary, other)
    await summary.do(incidents.resolve)
    await summary.amend()

    await summary.do(incidents.reopen)
    await summary.amend()

    assert summary.shown.startswith("1 of these 2 is open")
    assert summary.changes == 2


async def test_a_summary_that_shows_how_all_stand_is_not_changed_again(summary: Chat):
    await acknowledge(summary, await the_other(summary))
    await summary.do(incidents.acknowledge)
    await summary.amend()
    await summary.do(incidents.acknowledge)
    await summary.amend()

    assert summary.changes == 1
