"""What an imported calendar changes is told, once, to whom it concerns; and no telling holds a calendar up."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import update

from opsknight.domain.commands import calendar_sources as calendars
from opsknight.domain.commands import overrides
from opsknight.domain.commands.calendar_sources import Brings, Copy, Plan
from opsknight.domain.model.imported_shift import Imported, ImportedShift
from opsknight.domain.model.override import Change
from opsknight.domain.store.engine import connect
from opsknight.domain.store.tables import LayerRow, UserRow
from tests.builders import a_user
from tests.clock import NOON
from tests.clusters import Addresses
from tests.commands.desk import Desk
from tests.commands.rota import DAY, HOUR, Rota, a_rota

SHIFTS = Plan("Team calendar", "https://calendar.example.org/a.ics", "UTC")
HOLIDAYS = Plan("Holidays", "https://calendar.example.org/h.ics", "UTC", Brings.HOLIDAYS)
EVERY_QUARTER = "housekeeping:calendars"


@pytest.fixture
async def rota(desk: Desk) -> Rota:
    """Bo is on call now, until tomorrow's noon."""
    return await a_rota(desk)


def a_copy(*shifts: tuple[float, float, UserRow]) -> Copy:
    """Return what is read of a calendar of shifts `(hours from noon, until, who)`."""
    found = [ImportedShift(NOON + start * HOUR, NOON + end * HOUR, user.id, "uid") for start, end, user in shifts]
    return Copy(Imported(tuple(found)))


def of_days(*days: date) -> Copy:
    """Return what is read of a calendar of holidays."""
    return Copy(Imported(()), days=dict.fromkeys(days, "A holiday"))


async def imported(rota: Rota, copy: Copy, plan: Plan = SHIFTS) -> int:
    """Have a calendar imported by Mo, who manages the team, and return its number."""
    return (await rota.desk.as_(rota.mo, calendars.add, rota.id, plan, copy)).id


async def overridden(rota: Rota, start: float, end: float) -> None:
    """Have Cy on call instead of Bo, as Ada."""
    wish = overrides.Wish(Change.REPLACE, NOON + start * HOUR, NOON + end * HOUR, rota.cy.id, rota.bo.id)
    await rota.desk.do(overrides.override, rota.id, wish)


async def told(desk: Desk) -> list[tuple[str, list[str]]]:
    """Return who was told of a change of who is on call, and the lines of it."""
    sql = "SELECT u.name, p.reason FROM pages p JOIN users u ON u.id = p.user_id ORDER BY p.created_at, u.name"
    return [(name, reason.splitlines()) for name, reason in await desk.rows(sql)]


async def test_whom_a_calendar_puts_on_call_at_once_is_told_once_and_which_calendar_it_was(rota: Rota, desk: Desk):
    number = await imported(rota, a_copy((5, 6, rota.cy)))

    for _ in range(3):
        desk.clock.advance(HOUR / 4)
        await desk.as_(EVERY_QUARTER, calendars.renew, number, a_copy((0, 6, rota.cy)))

    assert await told(desk) == [
        (
            "Cy",
            [
                "You are on call on Platform from now on",
                "The calendar “Team calendar” has put you on call, until Tue 24 Nov 18:00 UTC.",
            ],
        )
    ]


async def test_who_relies_on_what_a_calendar_undoes_is_told(rota: Rota, desk: Desk):
    await overridden(rota, 4, 8)
    number = await imported(rota, a_copy((30, 31, rota.mo)))
    desk.clock.advance(HOUR)

    said = (await desk.as_(EVERY_QUARTER, calendars.renew, number, a_copy((6, 31, rota.mo)))).sentence

    assert said == "“Team calendar” was read: 1 shift. Cy is not on call any more by an override for 2 h, in 5 h."
    last = "The calendar “Team calendar” has changed who is on call: look at the schedule for who is then."
    time = "From Tue 24 Nov 18:00 UTC until Tue 24 Nov 20:00 UTC."
    assert await told(desk) == [
        ("Ada", ["Cy is not on call any more by an override on Platform", time, last]),
        ("Bo", ["Cy is not on call any more by an override on Platform", time, last]),
        ("Cy", ["You are not on call any more by an override on Platform", time, last]),
    ]


async def test_a_calendar_that_is_as_it_was_tells_nobody_though_a_shift_of_it_begins(rota: Rota, desk: Desk):
    number = await imported(rota, a_copy((2, 6, rota.cy), (6, 40, rota.mo)))
    for _ in range(3):
        desk.clock.advance(3 * HOUR)
        await desk.as_(EVERY_QUARTER, calendars.renew, number, a_copy((2, 6, rota.cy), (6, 40, rota.mo)))
    await desk.as_(EVERY_QUARTER, calendars.keep, number)
    await desk.as_(EVERY_QUARTER, calendars.fail, number, "calendar.example.org answered 500.")

    assert await told(desk) == []


async def test_a_holiday_that_a_calendar_brings_is_told_to_whom_it_takes_their_time(rota: Rota, desk: Desk):
    async with desk.database.commands.begin() as session:
        await session.execute(update(LayerRow).values(holidays="not"))
    await overridden(rota, 4, 8)
    number = await imported(rota, of_days((NOON + 9 * DAY).date()), HOLIDAYS)
    assert await told(desk) == []

    await desk.as_(EVERY_QUARTER, calendars.renew, number, of_days(NOON.date()))

    assert [(name, lines[-1]) for name, lines in await told(desk)] == [
        (name, "The calendar “Holidays” has changed who is on call: look at the schedule for who is then.")
        for name in ("Ada", "Bo", "Cy")
    ]


async def test_whom_an_import_or_its_end_puts_on_call_is_told_who_did_it_as_of_every_edit(rota: Rota, desk: Desk):
    number = await imported(rota, a_copy((0, 6, rota.cy)))
    desk.clock.advance(HOUR)

    await desk.as_(rota.mo, calendars.remove, number)

    assert [(name, lines[1]) for name, lines in await told(desk)] == [
        ("Cy", "Mo has put you on call, until Tue 24 Nov 18:00 UTC."),
        ("Bo", "Mo has put you on call, until Wed 25 Nov 12:00 UTC."),
    ]


async def test_whom_no_message_reaches_is_named_to_who_imports_and_reads_again(rota: Rota, desk: Desk):
    lost = await a_user(desk.database, "Dee", reachable=False)

    added = await desk.as_(rota.mo, calendars.add, rota.id, SHIFTS, a_copy((0, 6, lost)))
    await desk.as_(rota.mo, calendars.renew, added.id, a_copy((0, 6, rota.cy)))
    again = await desk.as_(rota.mo, calendars.renew, added.id, a_copy((0, 6, lost)))

    assert added.sentence.endswith(": 1 shift. No message reaches Dee: tell them yourself.")
    assert again.sentence == "“Team calendar” was read: 1 shift. No message reaches Dee: tell them yourself."


async def test_who_has_it_read_again_does_not_know_what_is_in_it_and_is_told_too(rota: Rota, desk: Desk):
    number = await imported(rota, a_copy())

    await desk.as_(rota.mo, calendars.renew, number, a_copy((0, 6, rota.mo)))

    [(name, lines)] = await told(desk)
    assert (name, lines[1]) == (
        "Mo", "The calendar “Team calendar” has put you on call, until Tue 24 Nov 18:00 UTC.",
    )  # fmt: skip


async def test_a_calendar_counts_though_nobody_can_be_told_of_it(rota: Rota, desk: Desk, addresses: Addresses):
    number = await imported(rota, a_copy((5, 6, rota.cy)))
    owner = await connect(addresses.owner_dsn, purpose="tests")
    await owner.execute("REVOKE INSERT ON pages FROM opsknight_app")
    await owner.close()

    done = await desk.as_(EVERY_QUARTER, calendars.renew, number, a_copy((0, 6, rota.cy)))

    assert (done.sentence, await rota.who(NOON)) == ("“Team calendar” was read: 1 shift.", ["Cy"])
    facts = "SELECT kind FROM facts WHERE kind LIKE 'calendar %' OR kind LIKE 'shift %' ORDER BY xid, seq"
    assert await desk.rows(facts) == [("calendar imported",), ("calendar changed",)]
