"""The change feed: what is news, also after the data came from another cluster."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text

from opsknight.domain.model.ledger import Fact
from opsknight.domain.queries import feed
from opsknight.domain.store.engine import Database
from tests.clock import StoppedClock
from tests.conftest import Acting

A_CLUSTER_AHEAD_OF_THIS_ONE = 4_000_000_000_000


async def test_facts_restored_from_another_cluster_are_no_news_and_hold_nothing_back(
    database: Database, acting: Acting, clock: StoppedClock
):
    async with database.screens() as session:
        cursor = await feed.here(session)
    async with acting() as uow:
        await uow.session.execute(
            text("INSERT INTO facts (xid, at, kind, actor) VALUES (CAST(:xid AS text)::xid8, :at, 'opened', 'user:1')"),
            {"xid": str(A_CLUSTER_AHEAD_OF_THIS_ONE), "at": clock.now()},
        )
        uow.record(Fact.SIGNED_IN, subject="session:1")

    async with database.screens() as session:
        news = await feed.past(session, cursor, since=clock.now() - timedelta(hours=1))

    assert [(entry.kind, entry.settled) for entry in news] == [("signed in", True)]
