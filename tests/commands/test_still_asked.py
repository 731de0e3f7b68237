"""Who is deactivated, or may respond no more: what still counts on them is said, and calendars are read anew."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from opsknight.domain.commands import people, schedules
from opsknight.domain.commands.people import Wish
from opsknight.domain.model.layer_plan import Kind, LayerPlan
from opsknight.domain.model.permission import Role
from opsknight.domain.model.rotation import Turn
from opsknight.domain.queries import roster
from opsknight.domain.queries.calendar_sources import due, shifts_sha
from opsknight.domain.queries.schedules import plans
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import LayerRow, LeaveRow, OverrideRow, TemporaryScheduleRow
from opsknight.errors import Invalid
from tests.builders import a_calendar_source, a_schedule, a_user
from tests.clock import NOON, StoppedClock
from tests.commands.desk import Desk
from tests.conftest import Acting

ADA = Wish("Ada Moreno", Role.RESPONDER, "Europe/Berlin")


@pytest.fixture
async def office(database: Database, acting: Acting, clock: StoppedClock) -> Desk:
    """The desk of Sam, an admin."""
    return Desk(database, acting, clock, await a_user(database, "Sam", role="admin"))


async def test_all_that_would_put_a_deactivated_person_on_call_is_said(office: Desk, database: Database):
    ada, bo = await a_user(database, "Ada"), await a_user(database, "Bo")
    primary = await a_schedule(database, bo, name="Primary")
    await a_calendar_source(database, primary, name="Team calendar")
    soon, later = (NOON + timedelta(days=days) for days in (1, 2))
    shifts = [[soon.timestamp(), later.timestamp(), [ada.id]]]
    nights = LayerPlan("Nights", Kind.FIXED, shifts=(Turn(soon, later, (ada.id,)),)).to_json()
    async with office.acting("system:test") as uow:
        await uow.session.execute(
            update(LayerRow).where(LayerRow.kind == "fixed").values(name="Imported", shifts=shifts)
        )
        times = {"start_at": soon, "end_at": later, "created_at": NOON}
        uow.session.add_all(
            [
                OverrideRow(schedule_id=primary.id, change="replace", user_id=ada.id, replaces_id=bo.id, **times),
                TemporaryScheduleRow(schedule_id=primary.id, name="Move", layers=[nights], **times),
                LeaveRow(user_id=bo.id, substitute_id=ada.id, **times),
            ]
        )

    done = await office.do(people.deactivate, ada.id)

    assert done.sentence == (
        "Ada is deactivated and signed out everywhere. Still to be mended: Ada has shifts in “Imported” of Primary,"
        " is in the temporary schedule “Move” of Primary, is put on call on Primary by an override and has the shifts"
        " of Bo, who is on leave."
    )


async def test_what_is_over_counts_on_nobody_any_more(office: Desk, database: Database):
    ada = await a_user(database, "Ada")
    primary = await a_schedule(database, name="Primary")
    old = await a_schedule(database, ada, name="Old", deleted_at=NOON)
    async with office.acting("system:test") as uow:
        times = {"start_at": NOON - timedelta(days=2), "end_at": NOON, "created_at": NOON}
        uow.session.add(OverrideRow(schedule_id=primary.id, change="add", user_id=ada.id, **times))

    done = await office.do(people.deactivate, ada.id)

    assert old.deleted_at is not None
    assert done.sentence == "Ada is deactivated and signed out everywhere."


async def test_who_becomes_an_observer_is_told_of_with_what_still_counts_on_them(office: Desk, database: Database):
    ada = await a_user(database, "Ada")
    await a_schedule(database, ada, name="Primary")

    done = await office.do(people.change, ada.id, Wish("Ada", Role.OBSERVER))
    async with database.screens() as session:
        left = (await roster.person(session, ada.id, at=NOON, unset=(), addresses=True))["left"]

    assert done.sentence == "Ada is an observer now. Still to be mended: Ada is in the rotation of Primary."
    assert left == ["is in the rotation of Primary"]


@pytest.mark.parametrize("what", ["invited", "deactivated", "reactivated", "renamed"])
async def test_when_people_change_imported_calendars_are_read_anew_whatever_their_servers_say(
    office: Desk, database: Database, what: str
):
    bo = await a_user(database, "Bo", active=what != "reactivated")
    await a_calendar_source(database, etag='"one"', shifts_sha=shifts_sha(()))
    commands = {
        "invited": (people.invite, "ada@example.org", ADA),
        "deactivated": (people.deactivate, bo.id),
        "reactivated": (people.reactivate, bo.id),
        "renamed": (people.change, bo.id, Wish("Bo B", Role.RESPONDER)),
    }
    command, *said = commands[what]

    await office.do(command, *said, **({"mailed": True} if what == "invited" else {}))

    async with database.screens() as session:
        [source] = await due(session, at=NOON + timedelta(minutes=15))
    assert source.etag == ""


async def test_a_deactivated_person_in_an_imported_layer_leaves_the_schedule_editable(office: Desk, database: Database):
    ada, bo = await a_user(database, "Ada"), await a_user(database, "Bo")
    primary = await a_schedule(database, bo, name="Primary")
    await a_calendar_source(database, primary)
    shifts = [[NOON.timestamp(), NOON.timestamp() + 3600, [ada.id]]]
    async with office.acting("system:test") as uow:
        await uow.session.execute(update(LayerRow).where(LayerRow.kind == "fixed").values(shifts=shifts))
    await office.do(people.deactivate, ada.id)
    async with database.screens() as session:
        layers = tuple(await plans(session, primary.id))
    plan = schedules.Plan("Second", primary.team_id, "UTC", layers)

    done = await office.do(schedules.change, primary.id, plan)

    assert done.sentence == "Changed “Second”."
    more = LayerPlan("More", Kind.FIXED, shifts=layers[0].shifts)
    with pytest.raises(Invalid, match="The account of Ada is deactivated"):
        await office.do(schedules.change, primary.id, schedules.Plan("Third", primary.team_id, "UTC", (more, *layers)))
