"""A part of a page that is built anew only where it would say something else: what is open in it stays open."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from opsknight.ui.parts.tag import tag

T = TypeVar("T")
BARE = "ok-part"
"""The class of a part that takes no room of its own: what is in it stands as if it were not there."""


class Part(Generic[T]):
    """What `build` makes of what is said; nothing until something was.

    A part for what often changes keeps what stands beside it as it is: a menu that is open, the focus, a press that
    is on its way.
    """

    def __init__(self, build: Callable[[T], object], *, name: str = "div", classes: str = "") -> None:
        """Begin as an empty element `name`."""
        self._build = build
        self._said: T | None = None
        self.place = tag(name, classes=classes)

    def update(self, said: T) -> None:
        """Say `said`."""
        if said == self._said:
            return
        self._said = said
        self.place.clear()
        with self.place:
            self._build(said)
