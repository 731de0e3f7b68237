"""What those who watch an incident are told: what became of it, and not again that nobody answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from opsknight.domain.model.ledger import Fact, sentence

APART: Final = timedelta(minutes=1)
"""Between one message and the next to the same watcher: what happens meanwhile is told together."""
FORGOTTEN_AFTER: Final = timedelta(days=7)
"""So long after an incident was resolved nobody watches it any more."""
TOLD: Final = frozenset({Fact.ACKNOWLEDGED, Fact.RESOLVED, Fact.REOPENED, Fact.SAFETY_NET, Fact.UNDONE})
_WORTH_UNDOING: Final = frozenset({"acknowledge", "resolve", "reopen"})


@dataclass(frozen=True, slots=True)
class Told:
    """One fact of TOLD, by whom it was done; `actor_name` is how they are called."""

    kind: str
    at: datetime
    actor: str
    actor_name: str
    data: dict[str, Any]


def news(facts: Sequence[Told], *, watcher_id: int, last_told: str) -> Sequence[Told]:
    """Return which of `facts`, the oldest first, a watcher is told; `last_told` is the kind of what they heard last.

    Not what they did themselves, nor that a verb was taken back of which they are not told; and of the rounds
    of the safety net only the first until something else happens.
    """
    found: list[Told] = []
    before = last_told
    for fact in facts:
        again = fact.kind == Fact.SAFETY_NET and before == Fact.SAFETY_NET
        unheard = fact.kind == Fact.UNDONE and fact.data.get("verb") not in _WORTH_UNDOING
        before = fact.kind
        if not again and not unheard and fact.actor != f"user:{watcher_id}":
            found.append(fact)
    return found


def words(facts: Sequence[Told]) -> str:
    """Return `facts` as sentences for the watcher."""
    return " ".join(sentence(fact.kind, fact.actor_name, fact.data) for fact in facts)
