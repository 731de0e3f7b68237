"""What the last deliveries would become by a field mapping that is not saved yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from opsknight.ui.parts.badge import badge
from opsknight.ui.parts.moment import moment
from opsknight.ui.parts.tag import tag
from opsknight.ui.parts.verdict import verdict

SHOWN: Final = 5
"""Events of one delivery that are shown."""


@dataclass(frozen=True, slots=True)
class Becoming:
    """One event that a delivery would become, in words."""

    action: str
    severity: str
    title: str
    dedup_key: str = ""
    more: str = ""


@dataclass(frozen=True, slots=True)
class Become:
    """What one delivery would become: its events, or why it would be refused."""

    at: float
    events: Sequence[Becoming]
    refused: str = ""


def show_previews(found: Sequence[Become]) -> None:
    """Build the list of `found`, with a sentence that counts them."""
    refused = sum(bool(one.refused) for one in found)
    tag("p", f"{len(found) - refused} would be understood, {refused} refused.", classes="ok-where")
    for one in found:
        with tag("div", classes="ok-preview"):
            moment(one.at, "seconds", classes="ok-faint")
            with tag("div", classes="ok-delivery-said"):
                _show(one)


def _show(one: Become) -> None:
    if one.refused:
        verdict("Refused", "bad")
        tag("p", one.refused, classes="ok-delivery-reason")
    elif not one.events:
        verdict("Nothing that pages or resolves", "none", mark="check")
    for event in one.events[:SHOWN]:
        with tag("div", classes="ok-preview-event"):
            tag("span", event.action.capitalize())
            if event.severity:
                badge(event.severity, solid=False)
            tag("span", event.title, classes="ok-delivery-title")
            tag("span", event.dedup_key, classes="ok-mono ok-faint ok-cut")
            if event.more:
                tag("span", event.more, classes="ok-faint ok-preview-more")
    if (left := len(one.events) - SHOWN) > 0:
        tag("p", f"and {left} more events", classes="ok-faint")
