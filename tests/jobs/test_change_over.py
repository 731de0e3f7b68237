"""Channels with several providers, of which one refuses or asks for patience: the next takes the message now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from opsknight.jobs.channels.channel import Address, Ambiguous, Channel, Failed, Fault, Message, Outcome, Retry, Sent
from opsknight.jobs.channels.routes import Routed
from tests.jobs.pager import Pager

SUSPENDED = Failed("account suspended", Fault.SETTINGS)
BUSY = Retry("too many requests", Fault.THROTTLED, after=timedelta(seconds=50))


@dataclass
class Carrier:
    """A provider that answers with each of these in turn, the last again and again."""

    answers: Sequence[Outcome]
    sent: list[Message] = field(default_factory=list[Message])

    async def send(self, message: Message, _address: Address) -> Outcome:
        self.sent.append(message)
        return self.answers[min(len(self.sent), len(self.answers)) - 1]

    async def close(self) -> None:
        """Have nothing to close."""


async def sent_by(pager: Pager, *carriers: Carrier, becomes: str, urgency: str = "high", after_s: int = 0) -> list[str]:
    """Send a mail by these carriers, in this order; return how each attempt ended, with its carrier's place."""
    async with pager.sending() as running:
        lane = next(lane for lane in running.sender.lanes if lane.slug == "email")
        named: dict[str, Channel] = {str(nth): carrier for nth, carrier in enumerate(carriers, start=1)}
        lane._channel = Routed(named)
        await pager.a_mail(await pager.an_incident(urgency=urgency), urgency=urgency)
        pager.wake()
        if after_s:
            await pager.count_becomes("SELECT count(*) FROM attempts WHERE outcome <> 'started'", len(carriers))
            await pager.move_on(timedelta(seconds=after_s))
        ended = f"SELECT count(*) FROM notifications WHERE status = '{becomes}' AND finished_at IS NOT NULL"  # noqa: S608
        await pager.count_becomes(ended, 1)
    rows = await pager.rows("SELECT carrier, outcome FROM attempts ORDER BY number")
    return [f"{carrier} {outcome}" for carrier, outcome in rows]


@pytest.mark.parametrize("urgency", ["high", "low"])
async def test_what_one_carrier_refuses_for_a_reason_of_its_own_goes_by_the_next_at_once(
    pager: Pager, urgency: str
) -> None:
    went = await sent_by(pager, Carrier([SUSPENDED]), Carrier([Sent("m")]), becomes="accepted", urgency=urgency)

    assert went == ["1 failed", "2 accepted"]
    assert await pager.told("failed") == []
    assert [fact["detail"] for fact in await pager.told("retrying")] == ["account suspended"]


async def test_a_carrier_that_asks_for_patience_is_not_waited_for_where_another_has_not_tried(pager: Pager) -> None:
    went = await sent_by(pager, Carrier([BUSY]), Carrier([Sent("m")]), becomes="accepted", urgency="low")

    assert went == ["1 retry", "2 accepted"]


async def test_where_all_ask_for_patience_they_have_it(pager: Pager) -> None:
    went = await sent_by(pager, Carrier([BUSY, Sent("m")]), Carrier([BUSY]), becomes="accepted", after_s=50)

    assert went == ["1 retry", "2 retry", "1 accepted"]


@pytest.mark.parametrize("refusal", [Failed("no such number", Fault.ADDRESS), Failed("stop", gone=True)])
async def test_an_address_that_one_carrier_refuses_is_refused(pager: Pager, refusal: Failed) -> None:
    second = Carrier([Sent("m")])

    went = await sent_by(pager, Carrier([refusal]), second, becomes="failed")

    assert (went, second.sent) == (["1 failed"], [])


async def test_when_every_carrier_has_refused_the_message_has_failed(pager: Pager) -> None:
    went = await sent_by(pager, Carrier([SUSPENDED]), Carrier([SUSPENDED]), becomes="failed")

    assert went == ["1 failed", "2 failed"]
    assert len(await pager.told("failed")) == 1


async def test_a_carrier_that_has_refused_is_not_asked_again_while_another_is_busy(pager: Pager) -> None:
    went = await sent_by(
        pager, Carrier([SUSPENDED]), Carrier([Retry("busy"), Sent("m")]), becomes="accepted", after_s=3
    )

    assert went == ["1 failed", "2 retry", "2 accepted"]


async def test_what_was_perhaps_sent_is_sent_once_more_and_never_a_third_time(pager: Pager) -> None:
    first = Carrier([Ambiguous("no answer")])

    went = await sent_by(pager, first, Carrier([SUSPENDED]), becomes="ambiguous")

    assert went == ["1 ambiguous", "2 failed", "1 ambiguous"]
    assert [message.possible_repeat for message in first.sent] == [False, True]
