"""The parts of the page that tell what an integration is: each in its place, built anew with the others."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from nicegui import ui

from opsknight.domain.queries.integrations import Keyed
from opsknight.ui.parts.tag import tag

Build: TypeAlias = Callable[[Keyed], None]


class Parts:
    """Builds parts of what `line` says, and builds them again when it says something else."""

    def __init__(self, line: Keyed) -> None:
        """Begin with no part."""
        self.line = line
        self.places: list[tuple[ui.element, Build]] = []

    def add(self, build: Build, *, classes: str = "") -> None:
        """Build one more part here."""
        with tag("div", classes=classes) as place:
            build(self.line)
        self.places.append((place, build))

    def show(self, line: Keyed) -> None:
        """Make every part tell `line`; nothing moves when nothing has changed."""
        if line == self.line:
            return
        self.line = line
        for place, build in self.places:
            place.clear()
            with place:
                build(line)
