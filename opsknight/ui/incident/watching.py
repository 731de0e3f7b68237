"""Who watches, and the button by which the viewer does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from opsknight.domain.queries.watchers import WatcherLine
from opsknight.ui.parts.button import post_button
from opsknight.ui.parts.person import person
from opsknight.ui.parts.tag import tag

BUTTON: Final = "ok-watch"
"""The id of the button: a key presses it too."""


def show_watching(watchers: Sequence[WatcherLine], *, viewer_id: int, incident_id: str) -> None:
    """Build the names of those who watch, and the button that changes whether the viewer does."""
    watches = any(one["user_id"] == viewer_id for one in watchers)
    with tag("div", classes="ok-watching"):
        verb, mark = ("unwatch", "check") if watches else ("watch", "bell")
        words = "Watching" if watches else "Watch"
        post_button(
            words,
            f"/api/v1/incidents/{incident_id}/{verb}",
            icon=mark,
            small=True,
            id=BUTTON,
            aria_pressed="true" if watches else "false",
            title="Be told, quietly, when it is acknowledged, resolved or reopened, or nobody answers",
        )
        if watchers:
            tag("span", "watched by", classes="ok-faint")
        for one in watchers:
            person(one["user"], you=one["user_id"] == viewer_id)
