"""Conditions on alerts as rows of a form: a field, how it is compared, and with what."""

from __future__ import annotations

from typing import Final

from opsknight.domain.model.matcher import FIELDS, Op
from opsknight.ui.parts.button import button
from opsknight.ui.parts.icon import icon
from opsknight.ui.parts.tag import tag

KNOWN: Final = "ok-condition-fields"


def conditions(name: str, *, label: str) -> None:
    """Show rows that are added and removed in the browser; assets/conditions.js reads them, by `name`."""
    with tag("fieldset", classes="ok-conditions", id=name):
        tag("legend", label)
        tag("div", classes="ok-condition-rows")
        button("Add a condition", kind="quiet", small=True, icon="plus", data_act="condition-add", data_of=name)


def condition_parts() -> None:
    """Put on the page, once, what the rows are made of."""
    with tag("datalist", id=KNOWN):
        for field in (*FIELDS, "tags."):
            tag("option", value=field)
    with tag("div", id="ok-condition", hidden=True), tag("div", classes="ok-condition"):
        tag(
            "input",
            classes="ok-input",
            list=KNOWN,
            aria_label="Field",
            placeholder="tags.region",
            data_part="field",
            spellcheck="false",
            autocapitalize="off",
        )
        with tag("select", classes="ok-select", aria_label="How it is compared", data_part="op"):
            for op in Op:
                tag("option", op.value, value=op.value)
        words = "Value; several with commas between"
        tag("input", classes="ok-input", aria_label=words, placeholder="eu-west-1", data_part="value")
        with tag("button", classes="ok-tool", type="button", data_act="condition-remove", aria_label="Remove"):
            icon("close")
