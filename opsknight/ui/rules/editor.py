"""The editor of a rule: checked as one types, as controls or as YAML, and tried on what has been before it is saved.

assets/rules.js keeps both sides the same; the server alone knows what is right.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final

from nicegui import ui

from opsknight.domain.model.event import Severity, Urgency
from opsknight.domain.model.rule import MAX_NAME, PRIORITIES
from opsknight.domain.queries.rules import RuleLine
from opsknight.ui.parts.button import button
from opsknight.ui.parts.field import choice, field, select, switch
from opsknight.ui.parts.section import heading, section
from opsknight.ui.parts.tag import tag

_FATES: Final = {"page": "Page", "pause": "Pause first", "suppress": "Suppress", "drop": "Drop"}
_EXAMPLES: Final = (
    ('severity == "critical" and tags.env in ["prod", "live"]', "two things at once, one of several texts"),
    ('title contains "disk" or title starts_with "CPU"', "parts of a text; upper and lower case differ"),
    ('details.check.output matches "inode.*full"', "a regular expression over anything that was sent"),
    ("not tags.owner exists", "what is missing; a missing value is null"),
    ('severity < "error"', "less bad than an error"),
    ('hour("Europe/Berlin") >= 22 or weekday in ["saturday", "sunday"]', "when it arrives, in a zone or in UTC"),
)
_FIELDS: Final = (
    "title, severity, source, component, dedup_key, action, links, integration, provider, service, team, tags.name,"
    ' tags["a name"], details.path.0.name, hour, weekday'
)
_OPERATORS: Final = "==, !=, <, <=, >, >=, in […], contains, starts_with, ends_with, matches, exists, and, or, not, ( )"


def show(line: RuleLine | None, *, services: Mapping[str, str], own: Mapping[str, str], scope: str = "") -> None:
    """Build the editor of `line`, or of a new rule; `scope` is the service it begins with, "" for all.

    It may be about what is in `own`, and give events to any of `services`.
    """
    where = "All services" if line is None or line["service"] is None else line["service"]
    says = "It decides on the events that arrive once it is saved; what is open already stays as it is."
    with heading("New rule" if line is None else "Edit rule", says if line is None else f"{where}. {says}"):
        pass
    document = json.dumps({} if line is None else line["rule"])
    place = {"data_service": "" if line is None or line["service_id"] is None else str(line["service_id"])}
    if line is not None:
        place["data_id"] = str(line["id"])
    with tag("form", classes="ok-rule-form", id="ok-rule", novalidate="", data_rule=document, **place):
        choice("rule-as", {"controls": "Controls", "yaml": "YAML"}, chosen="controls", label="How the rule is written")
        with tag("div", classes="ok-rule-yaml"):
            _yaml()
        with tag("div", classes="ok-rule-controls"):
            _what(own, scope, is_new=line is None)
            _fate()
            _changes(services)
            _together()
        _end()


def _yaml() -> None:
    with _part("yaml"):
        field(
            "rule-yaml", "The rule as YAML", long=True, rows="16", spellcheck="false", autocomplete="off", wrap="off"
        ).classes("ok-rule-code")


def _what(own: Mapping[str, str], scope: str, *, is_new: bool) -> None:
    with section("What it is about", "Which events, in a few words and as a condition."):
        with _part("name"):
            field("rule-name", "Name", says="Shown wherever the rule decides.", maxlength=str(MAX_NAME))
        if is_new:
            select("rule-scope", "Asked about events of", {"": "All services", **own}, chosen=scope)
        with _part("when"):
            field(
                "rule-when",
                "When",
                long=True,
                rows="3",
                spellcheck="false",
                autocomplete="off",
                autocapitalize="off",
                placeholder='tags.env == "staging" and severity <= "warning"',
            ).classes("ok-rule-code")
            tag("p", classes="ok-rule-marked", id="rule-marked", aria_hidden="true")
        _help()


def _help() -> None:
    with tag("details", classes="ok-more"):
        tag("summary", "How a condition is written")
        with tag("div", classes="ok-rule-help"):
            with tag("dl", classes="ok-facts"):
                for text, words in _EXAMPLES:
                    with tag("dt"):
                        tag("code", text)
                    tag("dd", words)
            tag("p", f"Fields: {_FIELDS}.")
            tag("p", f"Operators: {_OPERATORS}.")


def _fate() -> None:
    with section("Whether it pages", "A resolve is never held back, whatever a rule says."):
        with _part("then"):
            choice("rule-fate", _FATES, chosen="page", label="Whether it pages")
            for fate, words in (
                ("page", "It pages as its service says."),
                ("pause", "It pages only if it has not resolved by then."),
                ("suppress", "Its incident opens quietly, pages nobody and ends when its alert resolves."),
                ("drop", "No incident opens. What was sent is kept, with this rule as the reason."),
            ):
                tag("p", words, classes="ok-muted", data_fate=fate)
        with _part("pause", classes="ok-rule-pause"):
            field("rule-pause", "Wait for", says="A span such as 90s, 5m or 1h.", value="5m", autocomplete="off")
        with _part("stop"):
            switch("rule-stop", "Ask no further rule when this one matches", on=False)


def _changes(services: Mapping[str, str]) -> None:
    unchanged = {"": "As it comes"}
    with section("What it changes", "Texts may hold fields in braces, such as {tags.host} or {title}."):
        with tag("div", classes="ok-rule-three"):
            with _part("severity"):
                select("rule-severity", "Severity", {**unchanged, **_words(list(Severity))})
            with _part("urgency"):
                select("rule-urgency", "Urgency", {**unchanged, **_words(list(Urgency))})
            with _part("priority"):
                select("rule-priority", "Priority", {"": "None", **{one: one for one in PRIORITIES}})
        with _part("title"):
            field("rule-title", "Title", placeholder="[{tags.env}] {title}", autocomplete="off")
        with _part("tags"):
            field("rule-tags", "Tags", long=True, rows="2", says="One a line: name = text", spellcheck="false")
        with tag("div", classes="ok-rule-three"):
            with _part("service_id"):
                select("rule-service_id", "Service", {"": "As it comes", **services})
            with _part("dedup_key"):
                key = "Alerts with the same key are one; its monitor still resolves it by its own."
                field("rule-dedup_key", "Dedup key", says=key, placeholder="{source}", autocomplete="off")


def _together() -> None:
    with section("Together with others", "Several alerts as one incident, or none before enough have come."):
        with _part("group"), tag("fieldset", classes="ok-rule-set"):
            tag("legend", "Group")
            field("rule-group-by", "Same values of", says="Fields, with commas between", placeholder="tags.cluster")
            field("rule-group-within", "Opened within", says="A span, or nothing: while it is open", placeholder="30m")
        with _part("threshold"), tag("fieldset", classes="ok-rule-set"):
            tag("legend", "Threshold")
            field("rule-count", "Open with event number", inputmode="numeric", placeholder="5")
            field("rule-within", "Within", placeholder="10m")
            field("rule-count-by", "Counted for each of", says="Fields, or nothing: all together", placeholder="source")


def _end() -> None:
    with tag("div", classes="ok-rule-end"):
        tag("p", classes="ok-error", id="rule-error", role="alert")
        tag("p", classes="ok-rule-does", id="rule-does", role="status")
        with tag("div", classes="ok-buttons"):
            button("Save", kind="primary", data_act="rule-save")
            button("Try on the last 7 days", data_act="rule-preview", icon="clock")
            button("Cancel", kind="quiet", href="/rules")
    tag("div", classes="ok-rule-preview", id="rule-preview", aria_live="polite")


def _part(name: str, *, classes: str = "") -> ui.element:
    """Return the place of one part of the rule, where its problem is told."""
    return tag("div", classes=f"ok-rule-part {classes}", data_part=name)


def _words(values: Sequence[str]) -> Mapping[str, str]:
    return {str(value): str(value).capitalize() for value in values}
