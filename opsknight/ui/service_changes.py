"""What was changed on a service of late, told on /services."""

from __future__ import annotations

from collections.abc import Sequence

from opsknight.domain.queries.changes import ChangeLine
from opsknight.ui.parts.links import outward
from opsknight.ui.parts.moment import moment
from opsknight.ui.parts.tag import tag


def show_changes(changes: Sequence[ChangeLine]) -> None:
    """Build the list of a service's last changes, newest first."""
    with tag("dl", classes="ok-facts"):
        tag("dt", "Lately")
        with tag("dd"):
            for change in changes:
                with tag("p", classes="ok-service-change"):
                    if change["links"]:
                        outward(change["links"][0]["href"], change["summary"])
                    else:
                        tag("span", change["summary"])
                    moment(change["at"], "ago", classes="ok-faint")
