"""One line of a timeline: when, a mark, and the sentence that says what happened."""

from __future__ import annotations

from datetime import datetime

from nicegui import ui

from opsknight.ui.parts.icon import icon
from opsknight.ui.parts.moment import As, moment
from opsknight.ui.parts.tag import tag


def timeline() -> ui.element:
    """Return the list that holds entries, newest first."""
    return tag("ol", classes="ok-timeline")


def entry(
    at: datetime | float,
    sentence: str,
    *,
    mark: str = "status-acknowledged",
    kind: str = "",
    more: str = "",
    as_: As = "seconds",
) -> ui.element:
    """Show that `sentence` happened `at`; `more` is said smaller; `kind` good, warn or bad colours the mark.

    `as_` is how the instant is shown, as `moment` takes it.
    """
    with tag("li", classes="ok-entry", data_kind=kind or None) as element:
        moment(at, as_)
        with tag("span", classes="ok-entry-rail", aria_hidden="true"):
            icon(mark)
        with tag("div"):
            tag("p", sentence)
            if more:
                tag("small", more)
    return element
