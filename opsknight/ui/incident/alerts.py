"""The alerts an incident gathers: what each monitor says, how often, since when, with all it sent along."""

from __future__ import annotations

from collections.abc import Sequence

from opsknight.domain.queries.board import BoardLine
from opsknight.domain.queries.incidents import AlertLine
from opsknight.ui.incident.said import Said, said
from opsknight.ui.parts.badge import badge
from opsknight.ui.parts.copybox import copy_button
from opsknight.ui.parts.links import outward
from opsknight.ui.parts.moment import moment
from opsknight.ui.parts.part import BARE, Part
from opsknight.ui.parts.tag import tag
from opsknight.ui.parts.verdict import verdict

MOST_DETAILS = 40
LONGEST = 2000
_COUNTED = frozenset(("count", "last_seen_at"))


class Alerts:
    """Every alert of an incident; another occurrence is told in place, for somebody may be reading the rest."""

    def __init__(self, alerts: Sequence[AlertLine], *, line: BoardLine) -> None:
        """Build them for the incident of `line`."""
        self._told: object = None
        self._times: dict[str, Part[AlertLine]] = {}
        self._place = tag("div")
        self.update(alerts, line=line)

    def update(self, alerts: Sequence[AlertLine], *, line: BoardLine) -> None:
        """Show `alerts`, those still firing first, and last of all seen first; they keep their places while they last.

        The only one stands open, and without a title where the incident bears the same.
        """
        named = len(alerts) != 1 or any(alerts[0][part] != line[part] for part in ("title", "severity"))
        each = {one["id"]: {name: said for name, said in one.items() if name not in _COUNTED} for one in alerts}
        if (each, named) != self._told:
            self._told = each, named
            self._place.clear()
            with self._place:
                if not alerts:
                    tag("p", "It was opened by hand; no monitor stands behind it.", classes="ok-muted")
                for alert in sorted(alerts, key=lambda one: (one["status"] != "open", -one["last_seen_at"])):
                    self._alert(alert, named=named, unfolded=len(alerts) == 1)
        for alert in alerts:
            self._times[alert["id"]].update(alert)

    def _alert(self, alert: AlertLine, *, named: bool, unfolded: bool) -> None:
        firing = alert["status"] == "open"
        told = said(title=alert["title"], details=alert["details"], tags=alert["tags"])
        with tag("article", classes="ok-alert"):
            if named:
                with tag("div", classes="ok-alert-head"):
                    badge(alert["severity"], solid=firing)
                    tag("span", alert["title"], classes="ok-alert-title")
            for sentence in told.sentences:
                tag("p", _cut(sentence), classes="ok-alert-says")
            with tag("p", classes="ok-alert-line ok-muted"):
                verdict("Firing", "warn", mark="bell") if firing else verdict("Resolved", mark="status-resolved")
                if alert["source"]:
                    tag("span", alert["source"])
                self._times[alert["id"]] = Part(_times, name="span", classes=BARE)
            _links(alert)
            _said(alert, told, unfolded=unfolded)


def _times(alert: AlertLine) -> None:
    if alert["count"] > 1:
        tag("span", f"{alert['count']:,} times".replace(",", "\u202f"), classes="ok-tab")
    with tag("span"):
        tag("span", "since ")
        moment(alert["started_at"] or alert["opened_at"], "clock")
    with tag("span"):
        tag("span", "last seen " if alert["status"] == "open" else "resolved ")
        moment(alert["resolved_at"] or alert["last_seen_at"], "ago")


def _links(alert: AlertLine) -> None:
    if alert["links"]:
        with tag("p", classes="ok-links"):
            for link in alert["links"]:
                outward(link["href"], link.get("text") or link["href"])


def _said(alert: AlertLine, told: Said, *, unfolded: bool) -> None:
    """Tell every other value; what is long can be scrolled and copied, never run."""
    with tag("details", classes="ok-more", open=True if unfolded else None):
        tag("summary", "What the monitor said")
        with tag("dl", classes="ok-facts ok-said"):
            for key, value in told.values[:MOST_DETAILS]:
                tag("dt", key)
                tag("dd", _cut(value), classes="ok-mono")
            tag("dt", "dedup key")
            with tag("dd", classes="ok-mono"):
                tag("span", alert["dedup_key"])
                copy_button(alert["dedup_key"], words="", what="the dedup key")
        if len(told.values) > MOST_DETAILS:
            tag("p", f"and {len(told.values) - MOST_DETAILS} more, in the API", classes="ok-faint")


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text)} characters)"
