"""Run by Debian's Python: what libical, the library of GNOME's and KDE's calendars, makes of a calendar."""

from __future__ import annotations

import json
import sys

import gi  # type: ignore[import-not-found]

gi.require_version("ICalGLib", "3.0")
from gi.repository import ICalGLib  # type: ignore[import-not-found]  # noqa: E402


def main() -> None:
    """Print how many errors there are in the calendar on standard input, and its events."""
    calendar = ICalGLib.Component.new_from_string(sys.stdin.buffer.read().decode())
    errors = calendar.count_errors()
    kind, events = ICalGLib.ComponentKind.VEVENT_COMPONENT, []
    event = calendar.get_first_component(kind)
    while event is not None:
        start, end = (one.as_timet() for one in (event.get_dtstart(), event.get_dtend()))
        events.append([start, end, event.get_uid(), event.get_summary(), event.get_description()])
        event = calendar.get_next_component(kind)
    json.dump({"errors": errors, "events": events}, sys.stdout)


if __name__ == "__main__":
    main()
