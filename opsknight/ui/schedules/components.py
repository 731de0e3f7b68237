"""The components of /schedules: what is seen of a schedule, its editor, and what is asked of others.

The modules in `js/` carry them and are served under the name `opsknight-schedules`, so that they can import one
another and be tested without a browser.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from nicegui import ui
from nicegui.dependencies import register_esm
from nicegui.element import Element

from opsknight.domain.model.permission import Need
from opsknight.domain.queries.schedule_lines import ScheduleLine
from opsknight.ui.assets import asset
from opsknight.ui.viewer import Viewer

_MODULES = Path(__file__).parent / "js"
register_esm(
    "opsknight-schedules",
    _MODULES,
    max_time=max(module.stat().st_mtime for module in _MODULES.iterdir()),  # the address changes with any of them
)


class ScheduleView(Element, component="schedule.js"):
    """A schedule as a time line, a calendar or an agenda, with every way to change who is on call for a while."""

    def __init__(self, line: ScheduleLine, viewer: Viewer, *, people: Collection[int], may_change: bool) -> None:
        """Build it for what `viewer` may do; `people` are those of its layers, who keep their colours.

        Who `may_change` the schedule may replace it for a while as well.
        """
        super().__init__()
        style()
        self._props["schedule"] = dict(line)
        self._props["own"] = sorted(people)
        self._props["may_change"] = may_change
        _of(self, viewer)


class ScheduleEditor(Element, component="editor.js"):
    """The layers of a schedule as a form, and what would come of them, before they are saved."""

    def __init__(self, line: ScheduleLine | None, viewer: Viewer, *, teams: Mapping[int, str]) -> None:
        """Build it for a schedule, or for a new one; the browser reads the document itself."""
        super().__init__()
        style()
        self._props["schedule"] = None if line is None else dict(line)
        self._props["teams"] = [{"id": number, "name": name} for number, name in teams.items()]
        _of(self, viewer)


class TemporaryEditor(Element, component="temporary.js"):
    """Shifts or layers that replace a schedule for a while, and what would come of them, before they are saved."""

    def __init__(self, line: ScheduleLine, viewer: Viewer, *, temporary_id: int | None = None) -> None:
        """Build it for a schedule that `viewer` may change: for a new one, or for one that is there."""
        super().__init__()
        style()
        self._props["schedule"] = dict(line)
        self._props["temporary"] = temporary_id
        self._props["me"] = {"id": viewer.id, "name": viewer.name}


class AskedOfOthers(Element, component="offers.js"):
    """The shifts that are offered to `viewer` or by them, and their leave."""

    def __init__(self, viewer: Viewer, *, schedules: Mapping[int, str]) -> None:
        """Build it; `schedules` are their names by number."""
        super().__init__()
        style()
        self._props["schedules"] = {str(number): name for number, name in schedules.items()}
        _of(self, viewer)


def style() -> None:
    """Dress the page that is being built."""
    ui.add_head_html(f'<link rel="stylesheet" href="{asset("schedules.css")}">')


def _of(element: Element, viewer: Viewer) -> None:
    element._props["me"] = {"id": viewer.id, "name": viewer.name}  # noqa: SLF001  what a subclass sets itself
    element._props["may_cover"] = viewer.may(Need.ARRANGE_COVER)  # noqa: SLF001
    element._props["may_edit"] = viewer.may(Need.CONFIGURE)  # noqa: SLF001
