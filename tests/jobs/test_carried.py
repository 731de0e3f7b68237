"""Messages that went together, and the one that carried them reached nobody: each of them was in vain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import text

from opsknight.domain.commands import notifications, outcomes, receipts, without_receipt
from opsknight.domain.commands.incidents import acknowledge
from opsknight.domain.model.notification import Ambiguous, Failed, Outcome, Retry
from opsknight.domain.queries.pages import pages
from opsknight.domain.store.tables import ContactMethodRow, IncidentRow, NotificationRow, PageRow, UserRow
from tests.builders import a_contact_method, a_notification, a_page, a_timer, a_user
from tests.jobs.pager import Pager

LATER = timedelta(minutes=5)
PERHAPS = [Ambiguous("no answer"), Ambiguous("no answer")]
BUSY = [Retry("busy")] * 6


@dataclass
class Bundle:
    """Ada's mail that carries others; the first of each is the carrier's, and each incident's next step waits."""

    ada: UserRow
    mailbox: ContactMethodRow
    incidents: list[IncidentRow]
    mails: list[NotificationRow]

    @property
    def carrier(self) -> NotificationRow:
        return self.mails[0]

    @property
    def numbers(self) -> list[int]:
        return [incident.number for incident in self.incidents]


async def a_bundle(pager: Pager, *, count: int = 3, gather: bool = False, **of_carrier: object) -> Bundle:
    """Have the messages of `count` incidents go together; `gather` says that this was only decided so far."""
    ada = await a_user(pager.database, "Ada", reachable=False)
    bundle = Bundle(ada, await a_contact_method(pager.database, ada), [], [])
    for nth in range(count):
        incident = await pager.an_incident(timer="", next_step=1)
        await a_timer(pager.database, incident.id, due_at=pager.deps.clock.now() + LATER)
        page = await a_page(pager.database, incident, ada)
        carried = {"status": "bundled", "finished_at": page.due_at, "gather": gather}
        columns = of_carrier if nth == 0 else {**carried, "bundled_into": bundle.carrier.id}
        bundle.incidents.append(incident)
        bundle.mails.append(await a_notification(pager.database, page, bundle.mailbox, **{"position": 0, **columns}))
    return bundle


async def a_sent_bundle(pager: Pager, *, count: int = 3) -> Bundle:
    return await a_bundle(pager, count=count, status="accepted", attempts=1, finished_at=pager.deps.clock.now())


async def comes_back(pager: Pager, message: NotificationRow) -> None:
    async with pager.deps.commands("system:callback") as uow:
        await receipts.undelivered(uow, message.id, detail="no such mailbox")


async def ends(pager: Pager, message: NotificationRow, become: Sequence[Outcome]) -> None:
    """Try the message once for each of these outcomes."""
    for outcome in become:
        async with pager.deps.engine_commands("timer:test") as uow:
            (attempt,) = await notifications.begin(uow, {message.id: 0}, worker=1)
            await outcomes.finish(uow, attempt, outcome, jitter=0.0)


async def timers(pager: Pager) -> list[timedelta]:
    """How long from now each incident's next step is due, the carrier's first."""
    rows = await pager.rows("SELECT due_at FROM timers JOIN incidents ON incidents.id = subject ORDER BY number")
    return [due_at - pager.deps.clock.now() for (due_at,) in rows]


async def told_of(pager: Pager, kind: str) -> list[int]:
    """The numbers of the incidents of which the ledger says this, in order."""
    sql = "SELECT i.number FROM facts f JOIN incidents i ON i.id = f.incident_id WHERE f.kind = :kind ORDER BY i.number"
    return [number for (number,) in await pager.rows(sql, kind=kind)]


async def test_when_a_summary_comes_back_each_incident_in_it_goes_on_to_its_next_step(pager: Pager) -> None:
    bundle = await a_sent_bundle(pager)

    await comes_back(pager, bundle.carrier)

    assert await timers(pager) == [timedelta()] * 3
    assert await told_of(pager, "failed") == bundle.numbers
    assert await told_of(pager, "step skipped") == bundle.numbers


async def test_each_incident_shows_that_the_message_it_went_with_failed_and_why(pager: Pager) -> None:
    bundle = await a_sent_bundle(pager, count=2)

    await comes_back(pager, bundle.carrier)

    async with pager.deps.reading() as session:
        [line] = (await pages(session, bundle.incidents[1].id))[0]["notifications"]
    went = f"It went together with the message of #{bundle.incidents[0].number}."
    assert (line["status"], line["sentence"]) == ("failed", f"{went} No such mailbox.")


async def test_a_summary_that_comes_back_twice_is_told_once(pager: Pager) -> None:
    bundle = await a_sent_bundle(pager)
    await comes_back(pager, bundle.carrier)

    await comes_back(pager, bundle.carrier)

    assert await told_of(pager, "failed") == bundle.numbers


async def test_when_a_summary_comes_back_the_next_contact_method_of_each_page_starts(pager: Pager) -> None:
    bundle = await a_sent_bundle(pager, count=2)
    browser = await pager.a_browser(bundle.ada)
    carried = bundle.mails[1]
    async with pager.deps.commands("system:test") as uow:  # by its own rules the mail is the third of the carried page
        await uow.session.execute(text("UPDATE notifications SET position = 2 WHERE id = :id"), {"id": carried.id})
    waiting: list[NotificationRow] = []
    for mail, position in ((bundle.carrier, 1), (carried, 1), (carried, 3)):
        page = await a_page_of(pager, mail)
        at = pager.deps.clock.now() + LATER
        waiting.append(await a_notification(pager.database, page, browser, position=position, due_at=at))

    await comes_back(pager, bundle.carrier)

    assert [await pager.due_in(one) for one in waiting] == [timedelta(), LATER, timedelta()]
    assert await timers(pager) == [LATER, LATER]


async def a_page_of(pager: Pager, message: NotificationRow) -> PageRow:
    async with pager.deps.reading() as session:
        page = await session.get(PageRow, message.page_id)
    assert page is not None
    return page


async def test_an_incident_that_was_acknowledged_meanwhile_goes_on_to_nobody(pager: Pager) -> None:
    bundle = await a_sent_bundle(pager)
    async with pager.deps.commands(f"user:{bundle.ada.id}") as uow:
        await acknowledge(uow, bundle.incidents[1].id)

    await comes_back(pager, bundle.carrier)

    assert await told_of(pager, "step skipped") == [bundle.numbers[0], bundle.numbers[2]]


async def test_a_summary_that_does_not_go_through_counts_as_not_reached_for_each_incident_once(pager: Pager) -> None:
    bundle = await a_bundle(pager, gather=True)
    await ends(pager, bundle.carrier, BUSY[:5])
    before = await timers(pager)

    await ends(pager, bundle.carrier, [*BUSY[5:], *BUSY[:2]])

    assert (before, await timers(pager)) == ([LATER] * 3, [timedelta()] * 3)
    assert await told_of(pager, "not reached") == bundle.numbers
    assert await told_of(pager, "step skipped") == bundle.numbers
    assert [await pager.status(mail) for mail in bundle.mails] == ["queued", "bundled", "bundled"]


async def test_a_summary_that_was_perhaps_sent_twice_holds_up_no_incident_in_it(pager: Pager) -> None:
    bundle = await a_bundle(pager, gather=True)

    await ends(pager, bundle.carrier, PERHAPS)

    assert await timers(pager) == [timedelta()] * 3
    assert await told_of(pager, "step skipped") == bundle.numbers
    assert await told_of(pager, "ambiguous") == [bundle.numbers[0], *bundle.numbers]


async def test_a_summary_that_is_refused_for_good_fails_for_all_that_still_wants_it_at_once(pager: Pager) -> None:
    bundle = await a_bundle(pager, gather=True)
    async with pager.deps.commands(f"user:{bundle.ada.id}") as uow:
        await acknowledge(uow, bundle.incidents[1].id)

    await ends(pager, bundle.carrier, [Failed("no such mailbox")])

    assert [await pager.status(mail) for mail in bundle.mails] == ["failed", "bundled", "failed"]
    assert await told_of(pager, "step skipped") == [bundle.numbers[0], bundle.numbers[2]]


@pytest.mark.parametrize(("status", "starts"), [("accepted", True), ("delivered", False)])
async def test_a_summary_without_a_sign_of_life_starts_the_next_contact_method_of_each_page(
    pager: Pager, status: str, *, starts: bool
) -> None:
    bundle = await a_sent_bundle(pager, count=2)
    browser = await pager.a_browser(bundle.ada)
    async with pager.deps.commands("system:test") as uow:
        await uow.session.execute(text("UPDATE notifications SET channel = 'push'"))
        carrier = {"id": bundle.carrier.id, "status": status}
        await uow.session.execute(text("UPDATE notifications SET status = :status WHERE id = :id"), carrier)
    due_at = pager.deps.clock.now() + LATER
    waiting = [
        await a_notification(pager.database, await a_page_of(pager, mail), browser, position=1, due_at=due_at)
        for mail in bundle.mails
    ]
    await pager.move_on(timedelta(seconds=20))

    async with pager.deps.commands("system:test") as uow:
        await without_receipt.start_next(uow)

    left = timedelta() if starts else LATER - timedelta(seconds=20)
    assert [await pager.due_in(one) for one in waiting] == [left, left]
