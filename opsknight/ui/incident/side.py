"""The facts beside an incident: where it belongs, its times and tags, where to look, and who watches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from opsknight.domain.queries.board import BoardLine
from opsknight.domain.queries.incidents import Detail
from opsknight.domain.queries.watchers import WatcherLine
from opsknight.ui.incident.watching import show_watching
from opsknight.ui.parts.links import outward, web_address
from opsknight.ui.parts.moment import moment
from opsknight.ui.parts.part import BARE, Part
from opsknight.ui.parts.tag import tag
from opsknight.ui.reading import Told
from opsknight.ui.viewer import Viewer

SAID_ALREADY: Final = frozenset(("team", "service"))
Link = Mapping[str, str]


class Side:
    """What stands there. In a storm its times change many times a minute: what can be pressed stays where it is."""

    def __init__(self, told: Told, viewer: Viewer) -> None:
        """Build it."""
        line = told.detail["incident"]
        with tag("aside", classes="ok-incident-side", aria_label="Facts"):
            self._runbook = Part(_runbook, classes=BARE)
            with tag("dl", classes="ok-facts"):
                self._place = Part(_place, classes=BARE)
                self._times = Part(_times, classes=BARE)
                self._tags = Part(_tags, classes=BARE)
            self._links = Part(_links, classes=BARE)
            self._watching = Part[Sequence[WatcherLine]](
                lambda watchers: show_watching(watchers, viewer_id=viewer.id, incident_id=line["id"]), classes=BARE
            )
        self.update(told)

    def update(self, told: Told) -> None:
        """Say what is so now."""
        detail = told.detail
        line = detail["incident"]
        self._runbook.update(line["runbook_url"])
        self._place.update({name: line[name] for name in ("service", "service_id", "team", "urgency")})
        self._times.update(line)
        self._tags.update(detail["tags"])
        self._links.update(links(detail))
        self._watching.update(told.watchers)


def links(detail: Detail) -> Sequence[Link]:
    """Return those of the incident that do not stand with its only alert."""
    alerts = detail["alerts"]
    told = {link["href"] for link in alerts[0]["links"]} if len(alerts) == 1 else ()
    return [link for link in detail["links"] if link["href"] not in told]


def _runbook(url: str) -> None:
    if web_address(url):
        outward(url, "Open the runbook", icon_name="book", button=True).classes("ok-side-runbook")


def _place(line: Mapping[str, object]) -> None:
    _fact("Service", str(line["service"]), href=f"/services#service-{line['service_id']}")
    _fact("Team", str(line["team"]))
    _fact("Urgency", "High: pages until somebody has it" if line["urgency"] == "high" else "Low: it can wait")


def _times(line: BoardLine) -> None:
    for words, at in (("Opened", line["created_at"]), ("Last event", line["last_event_at"])):
        tag("dt", words)
        with tag("dd"):
            moment(at, "clock")
            tag("span", " · ", classes="ok-faint")
            moment(at, "ago", classes="ok-muted")
    if line["count"] > 1:
        _fact("Occurrences", f"{line['count']:,}".replace(",", "\u202f"))


def _tags(tags: Mapping[str, str]) -> None:
    for key, value in sorted(tags.items()):
        if key not in SAID_ALREADY:
            _fact(key, value)


def _links(found: Sequence[Link]) -> None:
    if found:
        with tag("div", classes="ok-links"):
            for link in found:
                outward(link["href"], link.get("text") or link["href"])


def _fact(name: str, value: str, *, href: str = "") -> None:
    tag("dt", name)
    with tag("dd"):
        tag("a" if href else "span", value, href=href or None)
