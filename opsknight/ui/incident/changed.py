"""What was changed on the service before it broke: the first suspects."""

from __future__ import annotations

from collections.abc import Sequence

from opsknight.domain.queries.changes import ChangeLine
from opsknight.ui.parts.links import outward
from opsknight.ui.parts.moment import moment
from opsknight.ui.parts.tag import tag


def show_changed(changes: Sequence[ChangeLine]) -> None:
    """Build one block per change, newest first."""
    for change in changes:
        with tag("article", classes="ok-alert"):
            with tag("div", classes="ok-alert-head"):
                tag("span", change["summary"], classes="ok-alert-title")
            with tag("p", classes="ok-alert-line ok-muted"):
                if change["source"]:
                    tag("span", change["source"])
                moment(change["at"], "clock")
                moment(change["at"], "ago")
            if change["links"]:
                with tag("p", classes="ok-links"):
                    for link in change["links"]:
                        outward(link["href"], link.get("text") or link["href"])
