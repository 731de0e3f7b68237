"""/schedules: the list, one schedule as a time line, and the editor of its layers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from nicegui import ui

from opsknight.domain.model.permission import Need
from opsknight.domain.queries.handoffs import Notes
from opsknight.domain.queries.schedule_lines import ScheduleLine
from opsknight.errors import NotFound, SignInRequired
from opsknight.ui import handoffs
from opsknight.ui.frame import frame
from opsknight.ui.parts.button import button
from opsknight.ui.parts.empty import empty
from opsknight.ui.parts.section import heading
from opsknight.ui.schedules import components, listed
from opsknight.ui.schedules.components import ScheduleEditor, ScheduleView
from opsknight.ui.schedules.reading import read_notes, read_overviews, read_schedule, read_teams
from opsknight.ui.viewer import Viewer, signed_in, still_signed_in

if TYPE_CHECKING:
    from opsknight.deps import Deps

PATH: Final = "/schedules"
AGAIN_EVERY_S: Final = 30.0
"""How soon the open list shows that a shift has ended."""


def mount(deps: Deps) -> None:
    """Serve the list at /schedules, and each schedule and its editor under it."""

    @ui.page(PATH, title="Schedules")
    async def schedules_page() -> None:
        viewer = await signed_in(deps)
        components.style()
        with frame("Schedules", viewer):
            shown = listed.show(viewer, await read_overviews(deps))

        async def again() -> None:
            try:
                await still_signed_in(deps)
            except SignInRequired:
                timer.cancel()
                return
            shown.update(await read_overviews(deps))

        timer = ui.timer(AGAIN_EVERY_S, again, immediate=False)

    @ui.page(PATH + "/new", title="New schedule")
    async def new_page() -> None:
        viewer = await signed_in(deps)
        if not viewer.may(Need.CONFIGURE):
            absent(viewer, "Schedules are made by managers and admins; ask one of them.")
            return
        edit(viewer, None, teams=await read_teams(deps))

    @ui.page(PATH + "/{schedule_id}")
    async def schedule_page(schedule_id: str) -> None:
        viewer = await signed_in(deps)
        try:
            line, people = await read_schedule(deps, schedule_id)
        except NotFound as refusal:
            absent(viewer, refusal.sentence)
            return

        async def read_before(cursor: int) -> Notes:
            await still_signed_in(deps)
            return await read_notes(deps, line["id"], before=cursor)

        notes = await read_notes(deps, line["id"])
        show(viewer, line, people=people, notes=notes, read_before=read_before)

    @ui.page(PATH + "/{schedule_id}/edit")
    async def edit_page(schedule_id: str) -> None:
        viewer = await signed_in(deps)
        try:
            line, _ = await read_schedule(deps, schedule_id)
        except NotFound as refusal:
            absent(viewer, refusal.sentence)
            return
        if not viewer.may(Need.CONFIGURE):
            absent(viewer, "Layers are changed by managers and admins; ask one of them.")
            return
        edit(viewer, line, teams=await read_teams(deps))


def show(
    viewer: Viewer,
    line: ScheduleLine,
    *,
    people: Sequence[int],
    notes: Notes,
    read_before: Callable[[int], Awaitable[Notes]],
) -> None:
    """Build the page of one schedule; `people` are those of its layers, `notes` what they left each other."""
    ui.add_head_html(handoffs.head())
    with frame(line["name"], viewer, path=PATH) as main:
        main.classes("ok-main-broad")
        with heading(line["name"], f"{line['team']} · by the clock of {line['zone']}"):
            if viewer.may(Need.CONFIGURE):
                button("Edit layers", icon="rules", href=f"{PATH}/{line['id']}/edit")
        ScheduleView(line, viewer, people=people)
        handoffs.show_notes(notes, read_before)


def edit(viewer: Viewer, line: ScheduleLine | None, *, teams: Mapping[int, str]) -> None:
    """Build the editor of a schedule, or of a new one."""
    title = "New schedule" if line is None else f"Edit “{line['name']}”"
    with frame(title, viewer, path=PATH) as main:
        main.classes("ok-main-broad")
        with heading(title, "What was on call stays as it was; a change counts from the moment it is saved."):
            pass
        ScheduleEditor(line, viewer, teams=teams)


def absent(viewer: Viewer, sentence: str) -> None:
    """Say that there is nothing to see here, and why."""
    with (
        frame("Schedules", viewer, path=PATH),
        empty("No schedule here", sentence, icon_name="calendar", whole_page=True),
    ):
        ui.link("To the schedules", PATH)
