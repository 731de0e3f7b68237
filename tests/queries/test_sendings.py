"""How the carriers of each channel fared in the last hour."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from opsknight.domain.commands import notifications, outcomes
from opsknight.domain.model.notification import Sent
from opsknight.domain.queries.sendings import sendings
from opsknight.domain.store.engine import Database
from opsknight.domain.store.unit_of_work import unit_of_work
from tests.builders import a_contact_method, a_notification, a_page, a_stored_incident, a_user
from tests.clock import NOON


async def a_text(database: Database, *, carrier: str | None, at: datetime = NOON) -> None:
    user = await a_user(database, reachable=False)
    phone = await a_contact_method(database, user, channel="sms", address=f"+49151{user.id:08}")
    page = await a_page(database, await a_stored_incident(database), user, due_at=at, created_at=at)
    await a_notification(database, page, phone)
    async with unit_of_work(database.commands, actor="system:test", now=at) as uow:
        begun = await notifications.claim_and_begin(uow, channel="sms", worker=1, limit=9, limit_low=9)
    if carrier is None:
        return
    async with unit_of_work(database.commands, actor="system:test", now=at) as uow:
        await outcomes.finish_sent(uow, [(attempt, Sent("", carrier=carrier)) for attempt in begun])


async def told(database: Database, *, at: datetime) -> list[tuple[Any, ...]]:
    async with database.screens() as session:
        return [
            (line["channel"], line["carrier"], line["tried"], line["accepted"])
            for line in await sendings(session, at=at)
        ]


async def test_calls_are_counted_by_carrier_once_they_have_ended(database: Database) -> None:
    for carrier in ("vonage", "twilio", "twilio", None):
        await a_text(database, carrier=carrier)

    assert await told(database, at=NOON) == [("sms", "twilio", 2, 2), ("sms", "vonage", 1, 1)]


async def test_what_is_more_than_an_hour_ago_counts_no_more(database: Database) -> None:
    await a_text(database, carrier="twilio")

    assert await told(database, at=NOON + timedelta(hours=1)) == [("sms", "twilio", 1, 1)]
    assert await told(database, at=NOON + timedelta(hours=1, seconds=1)) == []
