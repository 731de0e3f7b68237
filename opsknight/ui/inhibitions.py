"""The second part of /maintenance: which alert keeps which others quiet while it is open."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from opsknight.domain.queries.inhibitions import InhibitionLine
from opsknight.ui.conditions import conditions
from opsknight.ui.parts.button import button
from opsknight.ui.parts.dialog import dialog
from opsknight.ui.parts.field import field
from opsknight.ui.parts.part import BARE, Part, apart_from
from opsknight.ui.parts.section import section
from opsknight.ui.parts.tag import tag

FORM: Final = "ok-rule-form"
DELETE: Final = "ok-rule-delete"
SCRIPT: Final = "inhibitions.js"
COUNTED: Final = frozenset(("sources", "resting"))
"""What alerts change of a rule: it is brought up to date in place."""


def show_inhibitions(lines: Sequence[InhibitionLine], *, may_change: bool) -> Rules:
    """Build the section; the rules are there to be read for everybody."""
    says = "While one thing is broken, what depends on it opens quietly; what still fires when that is over pages."
    with section("Inhibition", says, anchor="inhibition"):
        shown = Rules(may_change=may_change)
        shown.update(lines)
        if may_change:
            button("New rule", small=True, icon="plus", data_act="rule-new", data_dialog=FORM)
    if may_change:
        _build_dialogs()
    return shown


class Rules:
    """The list of rules, built anew only where it would say something else."""

    def __init__(self, *, may_change: bool) -> None:
        """Build an empty list; `place` hears `changed` when the browser has changed something."""
        self._may_change = may_change
        self._now: dict[int, Part[tuple[int, int]]] = {}
        self._list = Part(self._build, of=apart_from(COUNTED), id="ok-rules")
        self.place = self._list.place

    def update(self, lines: Sequence[InhibitionLine]) -> None:
        """Show `lines`."""
        self._list.update(lines)
        for line in lines:
            self._now[line["id"]].update((line["sources"], line["resting"]))

    def _build(self, lines: Sequence[InhibitionLine]) -> None:
        if not lines:
            tag("p", "There is no rule yet: every alert pages for itself.", classes="ok-muted")
        for line in lines:
            self._rule(line)

    def _rule(self, line: InhibitionLine) -> None:
        with tag("article", classes="ok-rule", id=f"rule-{line['id']}"):
            with tag("div", classes="ok-rule-who"):
                tag("h3", line["name"])
                tag("p", f"While an alert is open where {line['source_words']},", classes="ok-muted")
                same = f", with the same {' and '.join(line['equal'])}" if line["equal"] else ""
                tag("p", f"quiet are those where {line['target_words']}{same}.", classes="ok-muted")
                self._now[line["id"]] = Part(_now, classes=BARE)
            if self._may_change:
                with tag("div", classes="ok-buttons"):
                    _deeds(line)


def _now(counted: tuple[int, int]) -> None:
    sources, resting = counted
    if sources:
        are = f"{sources} source{'s are' if sources > 1 else ' is'} open now"
        tag("p", f"{are}; {resting} quiet incident{'' if resting == 1 else 's'}.")


def _deeds(line: InhibitionLine) -> None:
    url, name = f"/api/v1/inhibitions/{line['id']}", line["name"]
    plain = json.dumps({part: line[part] for part in ("name", "source", "target", "equal")})
    quiet = {"kind": "quiet", "small": True, "data_url": url}
    button("Edit", **quiet, data_act="rule-edit", data_dialog=FORM, data_line=plain, aria_label=f"Edit {name}")
    button("Delete", **quiet, data_act="rule-ask", data_dialog=DELETE, data_name=name, aria_label=f"Delete {name}")


def _build_dialogs() -> None:
    with dialog(FORM, "New rule"):
        field("rule-name", "Name", says="Such as “Switch before hosts”.", maxlength="100")
        conditions("rule-source", label="While an alert is open for which all of these hold")
        conditions("rule-target", label="quiet are those for which all of these hold")
        field(
            "rule-equal",
            "and which have the same",
            placeholder="tags.rack, tags.region",
            says="Fields with commas between; empty: whatever they say.",
            spellcheck="false",
            autocapitalize="off",
        )
        tag("p", classes="ok-error", id="rule-error", role="alert")
        with tag("div", classes="ok-buttons"):
            button("Save", kind="primary", data_act="rule-save", id="rule-save")
            button("Cancel", kind="quiet", data_act="close")
    with dialog(DELETE, "Delete this rule?"):
        tag("p", id="rule-delete-words")
        with tag("div", classes="ok-buttons"):
            button("Delete", kind="danger", data_act="rule-delete")
            button("Keep it", kind="quiet", data_act="close")
