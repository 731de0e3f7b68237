"""What a provider calls things that we know by another name: asked once, and not for every message."""

from __future__ import annotations

from collections import OrderedDict


class Remembered:
    """Ids by the names under which they were asked for; the one that nobody wanted for longest goes first."""

    def __init__(self, most: int) -> None:
        """Know none, and never more than `most`."""
        self._most = most
        self._ids: OrderedDict[str, str] = OrderedDict()

    def get(self, name: str) -> str | None:
        """Return the id of `name`, None where it has to be asked for."""
        if name in self._ids:
            self._ids.move_to_end(name)
        return self._ids.get(name)

    def put(self, name: str, its_id: str) -> None:
        """Remember an id."""
        self._ids[name] = its_id
        self._ids.move_to_end(name)
        if len(self._ids) > self._most:
            self._ids.popitem(last=False)
