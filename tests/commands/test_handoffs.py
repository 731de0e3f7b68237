"""Leaving a note at the end of a shift, and what who comes is told even without one."""

from __future__ import annotations

from datetime import timedelta

import pytest

from opsknight.domain.commands.foretelling import announce_shifts
from opsknight.domain.commands.handoffs import leave_note
from opsknight.domain.queries.handoffs import Handoffs, handoffs_of, notes_of
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import ScheduleRow, UserRow
from opsknight.errors import Conflict, Invalid
from tests.builders import a_page, a_policy, a_schedule, a_service, a_stored_incident, a_user
from tests.clock import NOON, StoppedClock
from tests.commands.desk import Desk

HOUR = timedelta(hours=1)


@pytest.fixture
async def bo(database: Database) -> UserRow:
    return await a_user(database, "Bo")


@pytest.fixture
async def rota(database: Database, desk: Desk, bo: UserRow) -> ScheduleRow:
    """A schedule on which Ada, of the desk, is on call until six hours from now, and then Bo for a day."""
    return await a_schedule(database, desk.user, bo, name="Primary", unit="days", starts_at=NOON - 18 * HOUR)


async def seen(desk: Desk, who: UserRow) -> Handoffs:
    async with desk.database.screens() as session:
        return await handoffs_of(session, who.id, at=desk.clock.now())


async def test_who_comes_reads_what_who_leaves_has_written(desk: Desk, rota: ScheduleRow, bo: UserRow):
    done = await desk.do(leave_note, rota.id, "  The replica lags.\nLook at #12.  ")

    assert done.sentence == "Whoever comes on call on Primary after you reads it."
    (left,) = (await seen(desk, bo))["coming"]
    assert (left["user"], left["text"]) == ("Ada", "The replica lags.\nLook at #12.")
    assert left["handoff_at"] == (NOON + 6 * HOUR).timestamp()
    (mine,) = (await seen(desk, desk.user))["leaving"]
    assert mine == left
    assert await desk.rows("SELECT subject, data ->> 'after' FROM facts WHERE kind = 'handoff noted'") == [
        (f"schedule:{rota.id}", "The replica lags.\nLook at #12.")
    ]


async def test_an_empty_note_says_what_is_still_theirs_and_what_they_were_paged_for(
    database: Database, desk: Desk, rota: ScheduleRow, bo: UserRow
):
    service = await a_service(database, policy=await a_policy(database, rota))
    mine = await a_stored_incident(database, service, status="acknowledged", assignee_id=desk.user.id)
    over = await a_stored_incident(database, service, status="resolved", title="Queue full")
    before = await a_stored_incident(database, service, title="Long ago")
    elsewhere = await a_stored_incident(database, status="acknowledged", assignee_id=desk.user.id, title="Elsewhere")
    for lap, (incident, hours) in enumerate(((mine, -3), (over, -2), (over, -1), (before, -30), (elsewhere, -1))):
        await a_page(database, incident, desk.user, created_at=NOON + hours * HOUR, lap=lap)

    (left,) = (await seen(desk, bo))["coming"]

    assert (left["text"], left["written_at"]) == ("", None)
    assert [(one["title"], one["status"]) for one in left["owned"]] == [("Disk full on db-1", "acknowledged")]
    assert [(one["title"], one["times"]) for one in left["paged"]] == [("Queue full", 2), ("Disk full on db-1", 1)]


async def test_a_note_is_written_anew_and_taken_back(desk: Desk, rota: ScheduleRow):
    await desk.do(leave_note, rota.id, "first")
    await desk.do(leave_note, rota.id, "second")
    same = await desk.do(leave_note, rota.id, "second")

    assert await desk.rows("SELECT text FROM handoff_notes") == [("second",)]
    assert same.sentence == "The note is as it was."

    await desk.do(leave_note, rota.id, "")
    assert await desk.rows("SELECT text FROM handoff_notes") == []


async def test_a_note_can_be_left_for_half_a_day_after_the_end_and_no_longer(
    desk: Desk, rota: ScheduleRow, bo: UserRow, clock: StoppedClock
):
    with pytest.raises(Conflict, match="You are not on call on Primary"):
        await desk.as_(bo, leave_note, rota.id, "not yet")
    clock.advance(17 * HOUR)
    await desk.do(leave_note, rota.id, "sorry, late")
    clock.advance(2 * HOUR)

    with pytest.raises(Conflict, match="a note is left by who hands over"):
        await desk.do(leave_note, rota.id, "too late")
    assert [one["text"] for one in (await seen(desk, bo))["coming"]] == ["sorry, late"]


async def test_a_note_has_an_end(desk: Desk, rota: ScheduleRow):
    with pytest.raises(Invalid, match="4001 characters; 4000 are allowed"):
        await desk.do(leave_note, rota.id, "x" * 4001)


async def test_the_notes_of_a_schedule_stay_newest_first(
    desk: Desk, rota: ScheduleRow, bo: UserRow, clock: StoppedClock
):
    await desk.do(leave_note, rota.id, "from Ada")
    clock.advance(12 * HOUR)
    await desk.as_(bo, leave_note, rota.id, "from Bo")

    async with desk.database.screens() as session:
        found = await notes_of(session, rota.id)

    assert [(one["user"], one["text"]) for one in found["notes"]] == [("Bo", "from Bo"), ("Ada", "from Ada")]
    assert found["more"] is None


async def test_the_reminder_of_a_shift_tells_what_is_left(
    database: Database, desk: Desk, rota: ScheduleRow, clock: StoppedClock
):
    await a_service(database, policy=await a_policy(database, rota))
    await desk.do(leave_note, rota.id, "The replica lags.")
    clock.advance(5.5 * HOUR)

    await desk.as_("housekeeping:shifts", announce_shifts)

    ((reason,),) = await desk.rows("SELECT reason FROM pages WHERE kind = 'shift'")
    assert "Ada notes: The replica lags." in reason.splitlines()
