"""/schedules: the list, one schedule as a time line, and the editor of its layers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from nicegui import ui

from opsknight.domain.queries.calendar_feeds import FeedLine
from opsknight.domain.queries.calendar_sources import SourceLine
from opsknight.domain.queries.handoffs import Notes
from opsknight.domain.queries.schedule_lines import ScheduleLine
from opsknight.errors import NotFound, SignInRequired
from opsknight.ui import calendar_links, handoffs
from opsknight.ui.assets import asset
from opsknight.ui.calendar_links import Shown, list_links, show_links
from opsknight.ui.frame import frame
from opsknight.ui.pages import page
from opsknight.ui.parts.button import button
from opsknight.ui.parts.empty import empty
from opsknight.ui.parts.section import heading
from opsknight.ui.schedules import components, imported, listed, temporaries
from opsknight.ui.schedules.components import ScheduleEditor, ScheduleView, TemporaryEditor
from opsknight.ui.schedules.imported import Imported
from opsknight.ui.schedules.reading import (
    read_imported,
    read_links_of,
    read_notes,
    read_overviews,
    read_schedule,
    read_temporaries,
    read_temporary,
    read_their_teams,
)
from opsknight.ui.schedules.temporaries import Temporaries
from opsknight.ui.turns import in_turn
from opsknight.ui.viewer import Viewer, signed_in, still_signed_in

if TYPE_CHECKING:
    from opsknight.deps import Deps

PATH: Final = "/schedules"
AGAIN_EVERY_S: Final = 30.0
"""How soon the open list shows that a shift has ended, and a schedule that a calendar was read again."""


def mount(deps: Deps) -> None:
    """Serve the list at /schedules, and each schedule and its editor under it."""
    _mount_list(deps)
    _mount_editors(deps)

    @page(PATH + "/{schedule_id}")
    async def schedule_page(schedule_id: str) -> None:
        viewer = await signed_in(deps)
        try:
            line, people = await read_schedule(deps, schedule_id)
        except NotFound as refusal:
            absent(viewer, refusal.sentence)
            return
        number, may_change = line["id"], line["team_id"] in await read_their_teams(deps, viewer)
        sources, links = await read_imported(deps, number, viewer), await read_links_of(deps, number, viewer)
        ui.add_head_html(head())
        replaced = await read_temporaries(deps, number)

        async def read_before(cursor: int) -> Notes:
            await still_signed_in(deps)
            return await read_notes(deps, number, before=cursor)

        lists = show(
            viewer,
            line,
            people=people,
            sources=sources,
            links=links,
            replaced=replaced,
            may_change=may_change,
            notes=await read_notes(deps, number),
            read_before=read_before,
        )
        _keep_fresh(deps, viewer, number, lists)


def _mount_list(deps: Deps) -> None:
    @page(PATH, title="Schedules")
    async def schedules_page() -> None:
        viewer = await signed_in(deps)
        components.style()
        may_make = bool(await read_their_teams(deps, viewer))
        with frame("Schedules", viewer):
            shown = listed.show(viewer, await read_overviews(deps), may_make=may_make)

        async def again() -> None:
            try:
                await still_signed_in(deps)
            except SignInRequired:
                timer.cancel()
                return
            shown.update(await read_overviews(deps))

        timer = ui.timer(AGAIN_EVERY_S, again, immediate=False)


def _mount_editors(deps: Deps) -> None:
    @page(PATH + "/new", title="New schedule")
    async def new_page() -> None:
        viewer = await signed_in(deps)
        teams = await read_their_teams(deps, viewer)
        if not teams:
            absent(viewer, "Schedules are made by who manages a team, and by admins; ask one of them.")
            return
        edit(viewer, None, teams=teams)

    @page(PATH + "/{schedule_id}/edit")
    async def edit_page(schedule_id: str) -> None:
        viewer = await signed_in(deps)
        try:
            line, _ = await read_schedule(deps, schedule_id)
        except NotFound as refusal:
            absent(viewer, refusal.sentence)
            return
        teams = await read_their_teams(deps, viewer)
        if line["team_id"] not in teams:
            absent(viewer, _whose(line))
            return
        edit(viewer, line, teams=teams)

    @page(PATH + "/{schedule_id}/temporary")
    @page(PATH + "/{schedule_id}/temporary/{temporary_id}")
    async def temporary_page(schedule_id: str, temporary_id: str = "") -> None:
        viewer = await signed_in(deps)
        try:
            line, _ = await read_schedule(deps, schedule_id)
            one = await read_temporary(deps, line["id"], temporary_id) if temporary_id else None
        except NotFound as refusal:
            absent(viewer, refusal.sentence)
            return
        if line["team_id"] not in await read_their_teams(deps, viewer):
            absent(viewer, _whose(line))
            return
        replace(viewer, line, one)


@dataclass(frozen=True, slots=True)
class Lists:
    """What stands below the time line; each hears `changed` when the browser has changed it."""

    replaced: Temporaries
    imported: Imported
    links: ui.element


def head() -> str:
    """Return what stands in the head of a schedule's page besides."""
    scripts = (calendar_links.SCRIPT, imported.SCRIPT)
    return handoffs.head() + "".join(f'<script defer src="{asset(script)}"></script>' for script in scripts)


def show(
    viewer: Viewer,
    line: ScheduleLine,
    *,
    people: Sequence[int],
    sources: Sequence[SourceLine],
    links: Sequence[FeedLine],
    replaced: Sequence[dict[str, Any]],
    may_change: bool,
    notes: Notes,
    read_before: Callable[[int], Awaitable[Notes]],
) -> Lists:
    """Build the page of one schedule.

    `people` are those of its layers, `replaced` what replaces it for a while, `notes` what they left each other.
    """
    with frame(line["name"], viewer, path=PATH) as main:
        main.classes("ok-main-broad")
        says = f"{line['team']} · by the clock of {line['zone']}"
        with heading(line["name"], says if may_change else f"{says} · {_whose(line)}"):
            if may_change:
                button("Edit layers", icon="rules", href=f"{PATH}/{line['id']}/edit")
        ScheduleView(line, viewer, people=people, may_change=may_change)
        lists = Lists(
            temporaries.show(line, replaced, may_change=may_change),
            imported.show(line, sources, may_change=may_change),
            show_links(links, Shown(schedule_id=line["id"])),
        )
        handoffs.show_notes(notes, read_before)
        return lists


def edit(viewer: Viewer, line: ScheduleLine | None, *, teams: Mapping[int, str]) -> None:
    """Build the editor of a schedule, or of a new one."""
    title = "New schedule" if line is None else f"Edit “{line['name']}”"
    with frame(title, viewer, path=PATH) as main:
        main.classes("ok-main-broad")
        with heading(title, "What was on call stays as it was; a change counts from the moment it is saved."):
            pass
        ScheduleEditor(line, viewer, teams=teams)


def replace(viewer: Viewer, line: ScheduleLine, one: Mapping[str, Any] | None = None) -> None:
    """Build the page on which a schedule is replaced for a while, or `one` that replaces it is edited."""
    title = f"Replace “{line['name']}” for a while" if one is None else f"Edit “{one['name']}”"
    says = "Afterwards it counts again as it is; nothing has to be put back."
    if one is not None:
        says = f"It replaces “{line['name']}” for a while. What it did until now stays as it was."
    with frame(title, viewer, path=PATH) as main:
        main.classes("ok-main-broad")
        with heading(title, says):
            pass
        TemporaryEditor(line, viewer, temporary_id=None if one is None else one["id"])


def absent(viewer: Viewer, sentence: str) -> None:
    """Say that there is nothing to see here, and why."""
    with (
        frame("Schedules", viewer, path=PATH),
        empty("No schedule here", sentence, icon_name="calendar", whole_page=True),
    ):
        ui.link("To the schedules", PATH)


def _whose(line: ScheduleLine) -> str:
    """Return who may change a schedule, for those who may not."""
    return f"Its layers are changed by who manages {line['team']}, and by admins."


def _keep_fresh(deps: Deps, viewer: Viewer, schedule_id: int, lists: Lists) -> None:
    """Read the lists again when the browser has changed something, and calendars now and then: jobs read them too."""
    of = Shown(schedule_id=schedule_id)

    @in_turn
    async def again() -> None:
        try:
            await still_signed_in(deps)
            lists.imported.update(await read_imported(deps, schedule_id, viewer))
            lists.replaced.update(await read_temporaries(deps, schedule_id))
        except (SignInRequired, NotFound):
            timer.cancel()

    @in_turn
    async def links_again() -> None:
        await still_signed_in(deps)
        fresh = await read_links_of(deps, schedule_id, viewer)
        lists.links.clear()
        with lists.links:
            list_links(fresh, of)

    timer = ui.timer(AGAIN_EVERY_S, again, immediate=False)
    for place in (lists.replaced.place, lists.imported.place):
        place.on("changed", again, args=[])
    lists.links.on("changed", links_again, args=[])
