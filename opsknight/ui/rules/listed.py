"""The list of rules: those of all services, then those of each service, in the order in which they are asked."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from opsknight.domain.model.ledger import people
from opsknight.domain.model.permission import Need
from opsknight.domain.queries.rules import RuleLine
from opsknight.ui.parts.button import button
from opsknight.ui.parts.dialog import dialog
from opsknight.ui.parts.empty import empty
from opsknight.ui.parts.field import switch
from opsknight.ui.parts.menu import item, menu
from opsknight.ui.parts.moment import moment
from opsknight.ui.parts.part import Part, apart_from
from opsknight.ui.parts.section import heading, section
from opsknight.ui.parts.tag import tag
from opsknight.ui.parts.verdict import verdict
from opsknight.ui.viewer import Viewer

DELETE = "ok-rule-delete"
COUNTED = frozenset(("matched", "matched_at", "skipped", "skipped_at", "why"))
"""What events change of a line: it is brought up to date in place, for a menu beside it may be open."""


def show(
    viewer: Viewer,
    lines: Sequence[RuleLine],
    *,
    services: Mapping[str, str],
    own: Collection[str],
    wanted: int | None = None,
) -> Rules:
    """Build the page; `services` names every service by id, `wanted` is one to be shown though it has no rules.

    Of the services in `own` the reader may change the rules, as of all together.
    """
    says = (
        "What decides about an event before it pages: the rules of all services first, then those of its own, in order."
    )
    may = viewer.may(Need.CONFIGURE)
    with heading("Rules", says):
        if may:
            button("New rule", kind="primary", icon="plus", href="/rules/new")
    shown = Rules(services, wanted, may=may, own=own)
    shown.update(lines)
    if may:
        with dialog(DELETE, "Delete this rule?"):
            tag("p", id="rule-delete-words")
            with tag("div", classes="ok-buttons"):
                button("Delete", kind="danger", data_act="rule-delete")
                button("Keep it", kind="quiet", data_act="close")
    return shown


class Rules:
    """The list on the page; it is built anew only where something in it has changed."""

    def __init__(self, services: Mapping[str, str], wanted: int | None, *, may: bool, own: Collection[str]) -> None:
        """Build an empty list; `place` hears `changed` when the browser has changed something."""
        self._services = services
        self._wanted = wanted
        self._may = may
        self._own = own
        self._counts: dict[int, Part[RuleLine]] = {}
        self._list = Part(self._build, of=apart_from(COUNTED), id="ok-rules")
        self.place = self._list.place

    def update(self, lines: Sequence[RuleLine]) -> None:
        """Show `lines`."""
        self._list.update(lines)
        for line in lines:
            self._counts[line["id"]].update(line)

    def _build(self, lines: Sequence[RuleLine]) -> None:
        if not lines and self._wanted is None:
            self._teach()
            return
        self._section(None, [line for line in lines if line["service_id"] is None])
        for service_id in self._with_rules(lines):
            self._section(service_id, [line for line in lines if line["service_id"] == service_id])

    def _with_rules(self, lines: Sequence[RuleLine]) -> Sequence[int]:
        found = {line["service_id"] for line in lines} | {self._wanted}
        return sorted((one for one in found if one is not None), key=lambda one: self._name(one).lower())

    def _section(self, service_id: int | None, lines: Sequence[RuleLine]) -> None:
        title = "All services" if service_id is None else self._name(service_id)
        anchor = "all-services" if service_id is None else f"service-{service_id}"
        says = "Asked first, about every event." if service_id is None else "Asked after those of all services."
        with section(title, says, anchor=anchor):
            if not lines:
                tag("p", "No rules: events page as they come.", classes="ok-muted")
            with tag("ol", classes="ok-rules", aria_label=f"Rules of {title}", data_service=service_id or "") as place:
                place.set_visibility(bool(lines))
                for number, line in enumerate(lines):
                    self._rule(line, lines, number)
            if self._may_change(service_id):
                scope = "" if service_id is None else f"?service={service_id}"
                button("Add a rule", kind="quiet", small=True, icon="plus", href=f"/rules/new{scope}")

    def _rule(self, line: RuleLine, lines: Sequence[RuleLine], number: int) -> None:
        with tag("li", classes="ok-rule", id=f"rule-{line['id']}", data_off=None if line["enabled"] else "yes"):
            tag("span", str(number + 1), classes="ok-rule-number ok-tab", aria_hidden="true")
            with tag("div", classes="ok-rule-what"):
                with tag("h3"):
                    if self._may_change(line["service_id"]):
                        tag("a", line["name"], href=f"/rules/{line['id']}")
                    else:
                        tag("span", line["name"])
                tag("code", line["when"], classes="ok-rule-when")
                tag("p", _does(line))
                if line["to_archived"]:
                    verdict(f"“{line['to_archived']}” is archived: events stay with their own service.", "warn")
                self._counts[line["id"]] = Part(_counted, name="p", classes="ok-rule-counts ok-muted")
            if self._may_change(line["service_id"]):
                self._deeds(line, lines, number)

    def _deeds(self, line: RuleLine, lines: Sequence[RuleLine], number: int) -> None:
        url, name = f"/api/v1/rules/{line['id']}", f"more-{line['id']}"
        with tag("div", classes="ok-rule-deeds"):
            control = switch(f"on-{line['id']}", "On" if line["enabled"] else "Off", on=line["enabled"])
            control.props.update({"data-rule-url": url, "aria-label": f"{line['name']} is asked"})
            button("Edit", kind="quiet", small=True, href=f"/rules/{line['id']}", aria_label=f"Edit {line['name']}")
            button("More", kind="quiet", small=True, popovertarget=name, aria_label=f"More for {line['name']}")
            with menu(name, label=f"More for {line['name']}"):
                for words, step in (("Move up", -1), ("Move down", 1)):
                    if 0 <= number + step < len(lines):
                        item(words, icon_name="arrow", data_act="rule-move", data_rule=line["id"], data_step=step)
                item("Delete", icon_name="close", data_act="rule-ask", data_url=url, data_name=line["name"])

    def _teach(self) -> None:
        says = (
            "A rule says what happens to an event before anybody is paged: lower its urgency, wait until it is sure,"
            " keep it quiet, put it with others, or drop it. Before you save one, it is tried on the last 7 days."
        )
        who = "" if self._may else " A manager or an admin adds the first one."
        with empty("No rules yet: events page as they come", says + who, icon_name="rules"):
            if self._may:
                button("New rule", kind="primary", icon="plus", href="/rules/new")

    def _may_change(self, service_id: int | None) -> bool:
        return self._may and (service_id is None or str(service_id) in self._own)

    def _name(self, service_id: int) -> str:
        return self._services.get(str(service_id), f"Service {service_id}")


def _does(line: RuleLine) -> str:
    words = people(line["words"]) if line["words"] else "changes nothing"
    return f"{words[0].upper()}{words[1:]}{', then no further rule is asked' if line['rule'].get('stop') else ''}."


def _counted(line: RuleLine) -> None:
    times = line["matched"]
    tag("span", "Never matched" if not times else "Matched once" if times == 1 else f"Matched {times:,} times")
    if line["matched_at"] is not None:
        with tag("span"):
            tag("span", "last ")
            moment(line["matched_at"], "ago")
    if line["skipped"] or line["why"]:
        skipped = f"Skipped {line['skipped']:,} times" if line["skipped"] else "Skipped"
        verdict(f"{skipped}: {line['why']}", "warn")
