"""Everything that happened to an incident, newest first, each as one sentence."""

from __future__ import annotations

from collections.abc import Sequence

from nicegui import ui

from opsknight.domain.queries.incidents import FactLine
from opsknight.ui.parts.entry import entry, timeline
from opsknight.ui.parts.tag import tag

MARKS: dict[str, tuple[str, str]] = {
    "opened": ("bell", "bad"),
    "opened by hand": ("bell", "bad"),
    "alert joined": ("bell", ""),
    "occurred": ("bell", ""),
    "alert resolved": ("check", "good"),
    "alert expired": ("clock", "good"),
    "urgency raised": ("escalate", "bad"),
    "support hours decided": ("clock", ""),
    "late copy": ("arrow", ""),
    "recorded": ("arrow", ""),
    "heartbeat down": ("clock", "bad"),
    "heartbeat up": ("check", "good"),
    "ruled": ("list", ""),
    "acknowledged": ("status-acknowledged", "good"),
    "still on it": ("status-acknowledged", "good"),
    "unacknowledged": ("undo", "warn"),
    "snoozed": ("status-snoozed", ""),
    "woken": ("bell", "warn"),
    "suppressed": ("status-suppressed", ""),
    "resolved": ("status-resolved", "good"),
    "reopened": ("undo", "warn"),
    "reassigned": ("person", ""),
    "escalated": ("escalate", "warn"),
    "undone": ("undo", ""),
    "asked": ("help", ""),
    "step fired": ("escalate", ""),
    "step skipped": ("arrow", "warn"),
    "paged": ("phone", ""),
    "not paged": ("close", "bad"),
    "policy exhausted": ("clock", "bad"),
    "safety net": ("team", "warn"),
    "timer died": ("close", "bad"),
    "sent": ("send", ""),
    "delivered": ("check", ""),
    "seen": ("check", "good"),
    "retrying": ("clock", "warn"),
    "not reached": ("close", "bad"),
    "failed": ("close", "bad"),
    "ambiguous": ("help", "warn"),
    "superseded": ("arrow", ""),
    "bundled": ("send", ""),
    "unbundled": ("send", "warn"),
    "acknowledged in part": ("status-acknowledged", ""),
    "help asked": ("team", ""),
    "help answered": ("person", ""),
    "watched": ("search", ""),
    "unwatched": ("search", ""),
    "watchers told": ("send", ""),
    "came on call": ("phone", ""),
    "hand over asked": ("help", ""),
}
PLAIN = ("clock", "")


class Story:
    """The list on the page; it grows at the top without disturbing what is being read."""

    def __init__(self, facts: Sequence[FactLine]) -> None:
        """Build the list for `facts`, newest first."""
        self._newest: list[tuple[object, ...]] = []
        self._nothing = tag("p", "Nothing has happened yet.", classes="ok-muted")
        self._list = timeline()
        self.older(facts)

    def older(self, facts: Sequence[FactLine]) -> None:
        """Add `facts` below."""
        with self._list:
            for fact in facts:
                _line(fact)
        self._newest += [_identity(fact) for fact in facts]
        self._nothing.set_visibility(not self._newest)

    def newer(self, facts: Sequence[FactLine]) -> None:
        """Put those of `facts`, newest first, that are not on the page yet at the top."""
        known = set(self._newest[:500])
        fresh = [fact for fact in facts if _identity(fact) not in known]
        for place, fact in enumerate(fresh):
            with self._list:
                line = _line(fact)
            line.move(self._list, target_index=place)
        self._newest[:0] = [_identity(fact) for fact in fresh]
        self._nothing.set_visibility(not self._newest)


def _line(fact: FactLine) -> ui.element:
    mark, kind = MARKS.get(fact["kind"], PLAIN)
    return entry(fact["at"], fact["sentence"], mark=mark, kind=kind)


def _identity(fact: FactLine) -> tuple[object, ...]:
    return fact["at"], fact["kind"], fact["sentence"]
