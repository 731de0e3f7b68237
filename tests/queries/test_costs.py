"""What texts and calls cost, and the warning when that is much."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from opsknight.domain.commands import notifications, outcomes, receipts
from opsknight.domain.model.notification import Sent
from opsknight.domain.model.readiness import Observed, State, findings
from opsknight.domain.queries.costs import costs, this_month
from opsknight.domain.store.engine import Database
from opsknight.domain.store.unit_of_work import unit_of_work
from tests.builders import a_contact_method, a_notification, a_page, a_stored_incident, a_user
from tests.clock import NOON

DECEMBER = datetime(2026, 12, 1, 1, tzinfo=UTC)


async def a_text_that_costs(database: Database, cost: str | None, *, carrier: str, at: datetime, sid: str = "") -> None:
    user = await a_user(database, reachable=False)
    phone = await a_contact_method(database, user, channel="sms", address=f"+49151{user.id:08}")
    page = await a_page(database, await a_stored_incident(database), user, due_at=at, created_at=at)
    await a_notification(database, page, phone)
    async with unit_of_work(database.commands, actor="system:test", now=at) as uow:
        begun = await notifications.claim_and_begin(uow, channel="sms", worker=1, limit=9, limit_low=9)
    sent = Sent(sid, carrier=carrier, cost=Decimal(cost) if cost else None, currency="EUR" if cost else "")
    async with unit_of_work(database.commands, actor="system:test", now=at) as uow:
        await outcomes.finish_sent(uow, [(attempt, sent) for attempt in begun])
        for attempt in begun:
            if sid:
                await receipts.cost(
                    uow, attempt.notification_id, carrier=carrier, provider_id=sid, cost=Decimal("0.5"), currency="USD"
                )


async def test_costs_are_summed_for_each_month_and_carrier_and_the_carriers_own_word_counts(database: Database) -> None:
    for cost in ("0.075", "0.15", None):
        await a_text_that_costs(database, cost, carrier="twilio", at=NOON)
    await a_text_that_costs(database, "0.06", carrier="vonage", at=NOON, sid="u-1")
    await a_text_that_costs(database, "0.075", carrier="twilio", at=DECEMBER)

    async with database.screens() as session:
        lines, now = await costs(session, now=DECEMBER), await this_month(session, now=NOON)

    told = [(line["month"], line["carrier"], line["messages"], line["cost"], line["currency"]) for line in lines]
    assert told == [
        ("2026-12", "twilio", 1, "0.075", "EUR"),
        ("2026-11", "twilio", 2, "0.225", "EUR"),
        ("2026-11", "vonage", 1, "0.5", "USD"),
    ]
    assert now == {"EUR": 0.3, "USD": 0.5}
    assert lines[0]["channel"] == "sms"


async def test_what_is_older_than_a_year_is_not_listed(database: Database) -> None:
    await a_text_that_costs(database, "0.075", carrier="twilio", at=NOON)

    async with database.screens() as session:
        assert not await costs(session, now=NOON + timedelta(days=366))


def test_a_budget_that_is_used_up_is_a_warning_and_keeps_nothing_from_its_duty() -> None:
    seen = Observed(database=True, late_s=None, feed_s=0, months_ahead=5, mail=True, costs={"EUR": 104.2, "USD": 3})

    def told(budget: float | None) -> tuple[State, str]:
        found = findings(Observed(**{**{f: getattr(seen, f) for f in seen.__slots__}, "phone_budget": budget}))
        return next((one.state, one.sentence) for one in found if one.name == "costs")

    assert told(None) == told(200) == (State.GOOD, "")
    state, sentence = told(100)
    assert state is State.WARN
    assert sentence.startswith("Texts and calls have cost 104.20 EUR this month, more than their budget of 100.00.")
