"""What gave no sign of life: which contact method starts in its place, for which urgency, and what is left in peace."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import text

from opsknight.domain.commands.without_receipt import start_next
from opsknight.domain.store.tables import ContactMethodRow, NotificationRow, PageRow, UserRow
from tests.builders import a_contact_method, a_notification, a_page, a_user
from tests.jobs.pager import Pager

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


@dataclass
class Paged:
    """A page to somebody whose messages go out in an order of their own."""

    pager: Pager
    urgency: str
    page: PageRow
    user: UserRow
    made: list[NotificationRow] = field(default_factory=list[NotificationRow])

    async def method(self, channel: str) -> ContactMethodRow:
        address = {"push": "https://push.example.org/1", "sms": "+4915123456789"}.get(channel, "ada@example.org")
        return await a_contact_method(self.pager.database, self.user, channel=channel, address=address)

    async def silent(self, method: ContactMethodRow) -> None:
        """One that its provider has just taken, and of which nobody hears."""
        await self._put(method, status="accepted", attempts=1, finished_at=self.pager.deps.clock.now())

    async def waits(self, method: ContactMethodRow, wait: timedelta, *, held_for: timedelta | None = None) -> None:
        held_until = None if held_for is None else self.page.due_at + held_for
        await self._put(method, due_at=self.page.due_at + wait, held_until=held_until)

    async def _put(self, method: ContactMethodRow, **columns: object) -> None:
        place = {"position": len(self.made), "urgency": self.urgency}
        self.made.append(await a_notification(self.pager.database, self.page, method, **place, **columns))

    async def started_after(self, span: timedelta) -> list[int]:
        """Let time pass, and return which of those that waited were started then."""
        waiting = await self._waiting()
        await self.pager.move_on(span)
        async with self.pager.deps.commands("system:test") as uow:
            await start_next(uow)
        return sorted(waiting - await self._waiting())

    async def _waiting(self) -> set[int]:
        sql = "SELECT position FROM notifications WHERE status = 'queued' AND due_at > :now"
        return {place for (place,) in await self.pager.rows(sql, now=self.pager.deps.clock.now())}


async def paged(pager: Pager, *, urgency: str = "high", **person: object) -> Paged:
    incident = await pager.an_incident(urgency=urgency)
    user = await a_user(pager.database, reachable=False, **person)
    at = pager.deps.clock.now()
    return Paged(pager, urgency, await a_page(pager.database, incident, user, due_at=at, created_at=at), user)


async def test_after_a_silent_device_another_one_starts_and_not_the_same_once_more(pager: Pager):
    page = await paged(pager)
    push, phone = await page.method("push"), await page.method("sms")
    await page.silent(push)
    await page.waits(push, 5 * MINUTE)
    await page.waits(phone, 10 * MINUTE)

    assert await page.started_after(20 * SECOND) == [2]


async def test_a_silent_device_that_comes_twice_is_not_waited_for_once_more(pager: Pager):
    page = await paged(pager)
    push, phone, mailbox = await page.method("push"), await page.method("sms"), await page.method("email")
    await page.silent(push)
    await page.silent(phone)
    await page.waits(phone, 5 * MINUTE)
    await page.waits(mailbox, 10 * MINUTE)

    assert (await page.started_after(59 * SECOND), await page.started_after(1 * SECOND)) == ([], [3])


async def test_what_is_next_is_waited_for_before_what_comes_after_it(pager: Pager):
    page = await paged(pager)
    await page.silent(await page.method("push"))
    await page.waits(await page.method("sms"), 5 * MINUTE)
    await page.waits(await page.method("email"), 10 * MINUTE)

    assert await page.started_after(20 * SECOND) == [1]


async def test_low_urgency_without_a_sign_of_life_goes_on_as_well(pager: Pager):
    page = await paged(pager, urgency="low")
    await page.silent(await page.method("push"))
    await page.waits(await page.method("sms"), 30 * MINUTE)

    assert (await page.started_after(19 * SECOND), await page.started_after(1 * SECOND)) == ([], [1])


async def test_what_quiet_hours_hold_is_not_started_by_a_silent_device(pager: Pager):
    page = await paged(pager, urgency="low")
    await page.silent(await page.method("push"))
    await page.waits(await page.method("sms"), 8 * 60 * MINUTE, held_for=8 * 60 * MINUTE)

    assert await page.started_after(20 * SECOND) == []


async def test_low_urgency_that_is_to_come_after_quiet_hours_does_not_come_within_them(pager: Pager):
    now = pager.deps.clock.now() + 10 * SECOND
    window = {"weekdays": [1, 2, 3, 4, 5, 6, 7], "start": "12:00", "end": "13:00"}
    page = await paged(pager, urgency="low", zone="UTC", quiet_hours=[window])
    await page.silent(await page.method("push"))
    await page.waits(await page.method("sms"), 90 * MINUTE)
    ends = (now.replace(hour=13, minute=0, second=0) - pager.deps.clock.now()) - 20 * SECOND

    assert (await page.started_after(20 * SECOND), await page.started_after(ends)) == ([], [1])


async def test_quiet_hours_hold_no_high_urgency(pager: Pager):
    page = await paged(pager, zone="UTC", quiet_hours=[{"weekdays": [2], "start": "11:00", "end": "13:00"}])
    await page.silent(await page.method("push"))
    await page.waits(await page.method("sms"), 30 * MINUTE)

    assert await page.started_after(20 * SECOND) == [1]


async def test_one_message_that_was_shown_leaves_all_others_waiting(pager: Pager):
    page = await paged(pager)
    await page.silent(await page.method("push"))
    await page.silent(await page.method("sms"))
    await page.waits(await page.method("email"), 30 * MINUTE)
    async with pager.deps.commands("system:test") as uow:
        await uow.session.execute(text("UPDATE notifications SET status = 'delivered' WHERE position = 0"))

    assert await page.started_after(2 * MINUTE) == []
