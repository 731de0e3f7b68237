"""A part of a page that is built anew only where it would say something else: what is open in it stays open."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
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

    def __init__(
        self,
        build: Callable[[T], object],
        *,
        of: Callable[[T], object] | None = None,
        name: str = "div",
        classes: str = "",
        **attributes: object,
    ) -> None:
        """Begin as an empty element `name`; it is built anew where what `of` makes of what is said has changed."""
        self._build = build
        self._of = of
        self._told: object = None
        self.place = tag(name, classes=classes, **attributes)

    def update(self, said: T) -> None:
        """Say `said`."""
        told = said if self._of is None else self._of(said)
        if told == self._told:
            return
        self._told = told
        self.place.clear()
        with self.place:
            self._build(said)


def apart_from(counted: Collection[str]) -> Callable[[Sequence[Mapping[str, object]]], object]:
    """Return what makes lines without what is `counted` in them, which is told in place."""
    return lambda lines: [{name: said for name, said in line.items() if name not in counted} for line in lines]
