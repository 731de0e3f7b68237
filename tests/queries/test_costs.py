"""What texts and calls cost, and the warning when that is much."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from opsknight.domain.commands import notifications, outcomes, receipts
from opsknight.domain.model.budget import Budget
from opsknight.domain.model.notification import Sent
from opsknight.domain.model.readiness import Observed, State, findings
from opsknight.domain.queries.costs import costs, this_month
from opsknight.domain.store.engine import Database
from opsknight.domain.store.unit_of_work import unit_of_work
from opsknight.jobs.channels import table
from opsknight.jobs.channels.channel import Ground
from opsknight.settings import Settings
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


def told(budget: Budget | None, costs: dict[str, float], **unpriced: list[str]) -> tuple[State, str]:
    """Return what readiness says of the costs of a month."""
    seen = Observed(
        database=True, late_s=None, feed_s=0, months_ahead=5, mail=True, costs=costs, budget=budget, unpriced=unpriced
    )
    return next((one.state, one.sentence) for one in findings(seen) if one.name == "costs")


def test_a_budget_that_is_used_up_is_a_warning_and_keeps_nothing_from_its_duty() -> None:
    spent = {"EUR": 104.2}

    assert told(None, spent) == told(Budget(200), spent) == (State.GOOD, "")
    state, sentence = told(Budget(100), spent)
    assert state is State.WARN
    assert sentence.startswith("Texts and calls have cost 104.20 EUR this month, more than their budget of 100.00.")


def test_money_of_another_currency_is_named_and_not_counted() -> None:
    spent = {"EUR": 40.0, "USD": 170.0}

    in_euros, in_dollars, in_none = (told(Budget(100, currency), spent) for currency in ("EUR", "USD", ""))

    assert in_euros[0] is State.WARN
    assert in_euros[1].startswith(
        "Not counted against the budget of 100.00 EUR: 170.00 USD, which is another currency."
    )
    assert in_dollars[1].startswith(
        "Texts and calls have cost 170.00 USD this month, more than their budget of 100.00 USD"
    )
    assert "Not counted against the budget of 100.00 USD: 40.00 EUR" in in_dollars[1]
    assert in_none[1] == (
        "Which of 40.00 EUR and 170.00 USD counts against the budget of 100.00 is not known: set"
        " OPSKNIGHT_PHONE_BUDGET_CURRENCY."
    )


def test_a_budget_that_no_price_ever_reaches_says_so() -> None:
    unpriced = {"sms": ["OPSKNIGHT_TWILIO_SMS_PRICE"], "voice": ["OPSKNIGHT_TWILIO_VOICE_PRICE"]}

    assert told(None, {}, **unpriced) == (State.GOOD, "")
    state, sentence = told(Budget(100), {}, **unpriced)
    assert state is State.WARN
    assert sentence == (
        "The budget cannot be watched for SMS and Call: nobody tells what a message costs."
        f" Set {unpriced['sms'][0]} and {unpriced['voice'][0]}."
    )


def test_the_currency_of_a_budget_is_three_letters() -> None:
    said = Settings(_env_file=None, phone_budget=90, phone_budget_currency="eur").budget  # type: ignore[call-arg]

    assert said == Budget(90, "EUR")
    with pytest.raises(ValueError, match="must be three letters, like EUR"):
        Settings(_env_file=None, phone_budget_currency="Euro")  # type: ignore[call-arg]


def test_which_carriers_tell_no_price_is_known_from_their_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": "t", "TWILIO_SMS_FROM": "+4915", "TWILIO_VOICE_FROM": "+4915",
        "TWILIO_VOICE_PRICE": "0.04", "SNS_REGION": "eu-central-1",
        "VONAGE_API_KEY": "k", "VONAGE_API_SECRET": "s", "VONAGE_SMS_FROM": "Ops", "VONAGE_SIGNATURE_SECRET": "x",
    }.items():  # fmt: skip
        monkeypatch.setenv(f"OPSKNIGHT_{name}", value)

    kinds = table.kinds(Ground(Settings(_env_file=None), "", lambda: NOON))  # type: ignore[call-arg]

    assert kinds["sms"].unpriced == ("OPSKNIGHT_TWILIO_SMS_PRICE",)
    assert kinds["voice"].unpriced == kinds["email"].unpriced == kinds["whatsapp"].unpriced == ()
