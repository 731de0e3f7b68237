"""Layers of imported calendars when the schedule is edited: renamed they stay imported, removed it is said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from opsknight.domain.commands import calendar_sources, people, schedules
from opsknight.domain.commands.calendar_sources import Copy
from opsknight.domain.model.imported_shift import Imported, ImportedShift
from opsknight.domain.model.layer_plan import Kind, LayerPlan
from opsknight.domain.queries.schedules import plans
from opsknight.domain.store.tables import UserRow
from opsknight.errors import Invalid
from tests.builders import a_user
from tests.clock import NOON
from tests.commands.desk import Desk
from tests.commands.rota import HOUR, Rota, a_rota

CALENDAR = calendar_sources.Plan("Team calendar", "https://calendar.example.org/a.ics", "UTC")


@pytest.fixture
async def rota(desk: Desk) -> Rota:
    """A schedule whose highest layer is an imported calendar, by which Ada is on call from 1 to 3 hours after noon."""
    rota = await a_rota(desk)
    await desk.as_(rota.mo, calendar_sources.add, rota.id, CALENDAR, a_copy(rota.ada))
    return rota


def a_copy(user: UserRow) -> Copy:
    return Copy(Imported((ImportedShift(NOON + HOUR, NOON + 3 * HOUR, user.id, "uid"),)))


async def layers(rota: Rota) -> list[LayerPlan]:
    async with rota.desk.database.screens() as session:
        return list(await plans(session, rota.id))


async def changed(rota: Rota, *wished: LayerPlan, shadows: tuple[LayerPlan, ...] = ()) -> schedules.Done:
    return await rota.change(replace(rota.plan(), layers=wished, shadow_layers=shadows))


async def imported(desk: Desk) -> list[str]:
    return [
        name for (name,) in await desk.rows("SELECT l.name FROM calendar_sources c JOIN layers l ON l.id = layer_id")
    ]


async def test_an_imported_layer_that_is_renamed_goes_on_following_its_calendar(rota: Rota, desk: Desk):
    calendar, daily = await layers(rota)

    await changed(rota, replace(calendar, name="From the team"), daily)

    assert await imported(desk) == ["From the team"]
    await desk.as_("housekeeping:calendars", calendar_sources.renew, 1, a_copy(rota.cy))
    assert await rota.who(NOON + 2 * HOUR) == ["Cy"]


async def test_layers_whose_names_are_exchanged_stay_what_they_are(rota: Rota, desk: Desk):
    calendar, daily = await layers(rota)

    await changed(rota, replace(calendar, name=daily.name), replace(daily, name=calendar.name))

    assert await imported(desk) == ["Daily"]
    assert await rota.who(NOON + 2 * HOUR) == ["Ada"]


async def test_what_is_sent_without_a_number_is_known_by_its_name(rota: Rota, desk: Desk):
    calendar, daily = await layers(rota)

    await changed(rota, replace(calendar, id=None), replace(daily, id=None, length=2))

    assert await imported(desk) == ["Team calendar"]


async def test_whoever_removes_an_imported_layer_hears_that_its_calendar_is_imported_no_more(rota: Rota, desk: Desk):
    _, daily = await layers(rota)

    done = await changed(rota, daily)

    assert done.sentence == (
        "Changed “Platform”. The calendar “Team calendar” is not imported any more, as its layer is gone."
    )
    assert await desk.rows("SELECT 1 FROM calendar_sources") == []
    told = await desk.rows("SELECT data->>'did' FROM facts WHERE kind = 'calendar removed'")
    assert told == [("removed “Team calendar” from Platform with its layer",)]


@pytest.mark.parametrize("known_by", ["number", "name"])
async def test_an_imported_layer_does_not_become_a_shadow(rota: Rota, desk: Desk, known_by: str):
    calendar, daily = await layers(rota)
    shadow = calendar if known_by == "number" else replace(calendar, id=None)

    with pytest.raises(Invalid) as refusal:
        await changed(rota, daily, shadows=(shadow,))

    assert str(refusal.value) == (
        "“Team calendar” has its shifts from the calendar “Team calendar”, and shadows are not imported."
        " Leave it among the layers, or remove the calendar first."
    )
    assert await imported(desk) == ["Team calendar"]


async def test_an_imported_layer_does_not_become_a_rotation(rota: Rota, desk: Desk):
    calendar, daily = await layers(rota)

    with pytest.raises(Invalid, match=r"has its shifts from the calendar “Team calendar”, and takes no turns\."):
        await changed(rota, replace(daily, id=None, name=calendar.name), daily)

    assert [one.kind for one in await layers(rota)] == [Kind.FIXED, Kind.ROTATION]


async def test_whatever_shifts_are_sent_an_imported_layer_keeps_those_of_its_calendar(rota: Rota, desk: Desk):
    calendar, daily = await layers(rota)
    await desk.as_("housekeeping:calendars", calendar_sources.renew, 1, a_copy(rota.cy))

    done = await changed(rota, calendar, replace(daily, name="By day"))

    assert done.sentence == "Changed “Platform”."
    assert await rota.who(NOON + 2 * HOUR) == ["Cy"]


async def test_somebody_deactivated_whom_a_calendar_names_does_not_keep_others_from_editing(rota: Rota, desk: Desk):
    root = await a_user(desk.database, "Root", role="admin")
    await desk.as_("housekeeping:calendars", calendar_sources.renew, 1, a_copy(rota.cy))
    await desk.as_(root, people.deactivate, rota.cy.id)
    calendar, daily = await layers(rota)

    done = await changed(rota, calendar, replace(daily, groups=((rota.bo.id,),)))

    assert done.sentence == "Changed “Platform”."
