"""The page at /channels: each part is built anew only where it would say something else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from nicegui import ui

from opsknight.errors import SignInRequired
from opsknight.ui.assets import asset
from opsknight.ui.channels import listed, rooms, watch
from opsknight.ui.channels.reading import Told, read_channels
from opsknight.ui.frame import frame
from opsknight.ui.pages import page
from opsknight.ui.parts.button import button
from opsknight.ui.parts.links import tabs
from opsknight.ui.parts.part import Part
from opsknight.ui.parts.section import heading
from opsknight.ui.parts.tag import tag
from opsknight.ui.people import PATH as PEOPLE
from opsknight.ui.people import PLACES
from opsknight.ui.turns import in_turn
from opsknight.ui.viewer import signed_in, still_signed_in

if TYPE_CHECKING:
    from opsknight.deps import Deps

PATH: Final = "/channels"
AGAIN_EVERY_S: Final = 15.0
"""How soon a channel that gets through no more shows on an open page; what is changed here shows at once."""
_STYLES: Final = ("people.css", "channels.css")
_SCRIPT: Final = "channels.js"


def mount(deps: Deps) -> None:
    """Serve the page at /channels."""

    @page(PATH, title="Channels")
    async def channels_page() -> None:
        viewer = await signed_in(deps)
        told = await read_channels(deps, viewer)
        ui.add_head_html(head())
        with frame("Channels", viewer, path=PEOPLE):
            shown = show(told)

        @in_turn
        async def again() -> None:
            try:
                await still_signed_in(deps)
            except SignInRequired:
                timer.cancel()
                return
            shown.update(await read_channels(deps, viewer))

        shown.place.on("changed", again, args=[])
        timer = ui.timer(AGAIN_EVERY_S, again, immediate=False)


def head() -> str:
    """Return what stands in the head of the page besides."""
    styles = "".join(f'<link rel="stylesheet" href="{asset(name)}">' for name in _STYLES)
    return f'{styles}<script defer src="{asset(_SCRIPT)}"></script>'


def show(told: Told) -> Channels:
    """Build the page."""
    offered = rooms.offered([standing.kind for standing in told.standings])
    may_add = bool(told.managed and offered)
    says = "By what pages leave, whether they get through just now, and the rooms in which teams are told."
    with heading("Channels", says):
        if may_add:
            button("Add a room", kind="primary", icon="plus", data_act="room-add")
    tabs(PLACES, here=PATH)
    shown = Channels()
    shown.update(told)
    if may_add:
        rooms.build_dialogs(told.managed, offered)
    return shown


class Channels:
    """All of the page that changes by itself; `place` hears `changed` when the browser has changed something."""

    def __init__(self) -> None:
        """Build the parts, empty."""
        self.place = tag("div", id="ok-channels")
        with self.place:
            self._watch = Part(watch.show_vouched)
            self._standings = Part(listed.show_standings)
            self._not_ready = Part(listed.show_not_ready)
            self._rooms = Part(rooms.show_rooms)
            self._costs = Part(watch.show_costs)

    def update(self, told: Told) -> None:
        """Show what is told."""
        self._watch.update(told.vouched)
        self._standings.update([one for one in told.standings if one.kind.ready])
        self._not_ready.update([one.kind for one in told.standings if not one.kind.ready])
        self._rooms.update((told.rooms, frozenset(told.managed)))
        self._costs.update(told.costs)
