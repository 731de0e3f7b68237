"""The drill that comes by itself, on the page of drills: when, of whom, and the dialog that sets it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from opsknight.domain.model.drill import EVERYONE
from opsknight.domain.model.maintenance import WEEKDAYS
from opsknight.domain.queries.weekly_drills import WeeklyLine
from opsknight.ui.parts.button import button
from opsknight.ui.parts.dialog import dialog
from opsknight.ui.parts.field import field, select
from opsknight.ui.parts.moment import moment
from opsknight.ui.parts.section import section
from opsknight.ui.parts.tag import tag

FORM: Final = "ok-drill-weekly"
_DAYS: Final = {str(number): name for number, name in enumerate(WEEKDAYS, 1)}
_HOURS: Final = {str(hour): f"{hour:02}:00" for hour in range(24)}


def show(line: WeeklyLine | None, *, may_set: bool, zone: str) -> None:
    """Build the section; `zone` is what a new one goes by unless said otherwise."""
    with section("Every week", "A drill that nobody has to think of. One for the whole installation."):
        if line is None:
            tag("p", "No drill comes by itself.", classes="ok-muted")
        else:
            with tag("p"):
                tag("b", f"{line['words'][0].upper()}{line['words'][1:]}")
                tag("span", f", of {line['about']}. ")
                with tag("span", classes="ok-muted"):
                    tag("span", "Next: ")
                    moment(line["next_at"], "soon")
        if not may_set:
            return
        with tag("div", classes="ok-buttons ok-after"):
            _deeds(line, zone)


def _deeds(line: WeeklyLine | None, zone: str) -> None:
    set_to = line or {"weekday": 2, "hour": 11, "zone": zone, "schedule_id": None}
    button(
        "Drill every week" if line is None else "Change",
        icon="calendar",
        data_act="drill-weekly",
        data_dialog=FORM,
        data_weekday=str(set_to["weekday"]),
        data_hour=str(set_to["hour"]),
        data_zone=set_to["zone"],
        data_schedule=str(set_to["schedule_id"] or ""),
    )
    if line is not None:
        button("Turn off", kind="quiet", data_act="drill-do", data_method="DELETE", data_url="/api/v1/weekly-drill")


def build_form(schedules: Mapping[str, str]) -> None:
    """Build the dialog; assets/drills.js fills it in and sends it."""
    with dialog(FORM, "Drill every week"):
        select("weekly-day", "Day", _DAYS)
        select("weekly-hour", "At", _HOURS)
        field("weekly-zone", "By the clock of", spellcheck="false", says="A time zone, as Europe/Berlin.")
        select("weekly-schedule", "Of", {"": EVERYONE.capitalize(), **schedules})
        tag("p", classes="ok-error", id="weekly-error", role="alert")
        with tag("div", classes="ok-buttons"):
            button("Save", kind="primary", data_act="drill-weekly-save")
            button("Cancel", kind="quiet", data_act="close")
