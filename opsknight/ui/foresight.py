"""What would happen: the panel that asks, and the place where assets/foresight.js draws the time line of the answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from opsknight.ui.parts.button import button
from opsknight.ui.parts.field import choice, field, select
from opsknight.ui.parts.note import note
from opsknight.ui.parts.tag import tag

STYLES: Final = "foresight.css"
SCRIPT: Final = "foresight.js"
URGENCIES: Final[Mapping[str, str]] = {"high": "High urgency", "low": "Low urgency"}


def panel(services: Mapping[str, str], *, document: Mapping[str, Any] | None = None) -> None:
    """Build the panel beside a policy: what it would do for one of `services` (id → name) if something broke.

    `document` is the policy as it is sent; an editor tells of its own draft instead.
    """
    policy = None if document is None else json.dumps(document)
    with tag(
        "section", classes="ok-foresight", id="ok-foresight", aria_labelledby="foresight-title", data_policy=policy
    ):
        tag("h2", "If something broke", id="foresight-title")
        if not services:
            note("What would happen depends on the service that breaks, and there is none yet.", title="No service")
            return
        with tag("form", classes="ok-foresight-form", novalidate=""):
            select("foresight-service", "Of the service", services)
            ask_when()
            choice("foresight-urgency", URGENCIES, chosen="high", label="Urgency")
        foreseen()


def ask_when() -> None:
    """Build the choice of the instant: now, or later by the reader's own clock."""
    choice("foresight-when", {"now": "Now", "later": "At a set time"}, chosen="now", label="When")
    with tag("div", classes="ok-foresight-later"):
        field("foresight-at", "At, by your clock", type="datetime-local")


def foreseen() -> None:
    """Build the place of the answer."""
    tag("p", classes="ok-error", id="foresight-error", role="alert")
    tag("p", classes="ok-foresight-read", id="foresight-read")
    tag("p", classes="ok-foresight-sum", id="foresight-sum", role="status")
    tag("ul", classes="ok-foresight-why", id="foresight-why")
    tag("ol", classes="ok-foreseen", id="foreseen", aria_label="What would happen, in order of time")


def ask_button() -> None:
    """Build the button that asks."""
    button("Show what would happen", kind="primary", data_act="foresee", icon="clock")
