"""What those who watch an incident are told: what became of it, and not again that nobody answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from opsknight.domain.model.ledger import Fact, people, sentence
from opsknight.domain.model.speech import later, say, say_many

APART: Final = timedelta(minutes=1)
"""Between one message and the next to the same watcher: what happens meanwhile is told together."""
FORGOTTEN_AFTER: Final = timedelta(days=7)
"""So long after an incident was resolved nobody watches it any more."""
TOLD: Final = frozenset({Fact.ACKNOWLEDGED, Fact.RESOLVED, Fact.REOPENED, Fact.SAFETY_NET, Fact.UNDONE})
_TOOK_BACK: Final = {
    "acknowledge": later("{name} took back: acknowledge."),
    "resolve": later("{name} took back: resolve."),
    "reopen": later("{name} took back: reopen."),
}
"""Of which verbs a watcher hears that they were taken back, and how."""


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
        unheard = fact.kind == Fact.UNDONE and fact.data.get("verb") not in _TOOK_BACK
        before = fact.kind
        if not again and not unheard and fact.actor != f"user:{watcher_id}":
            found.append(fact)
    return found


def words(facts: Sequence[Told]) -> str:
    """Return `facts` as sentences for the watcher: those of the ledger, in the language that is spoken."""
    return " ".join(_sentence(fact) for fact in facts)


def _sentence(fact: Told) -> str:
    its, data = {"name": fact.actor_name}, fact.data
    match fact.kind:
        case Fact.ACKNOWLEDGED:
            if via := data.get("via"):
                return say("{name} acknowledged it by {via}.", **its, via=say(via))
            return say("{name} acknowledged it.", **its)
        case Fact.RESOLVED:
            firing = later("{name} resolved it while its monitor was still firing.")
            return say(firing if data.get("firing") else later("{name} resolved it."), **its)
        case Fact.REOPENED:
            return _reopened(data.get("left", 0), **its)
        case Fact.SAFETY_NET:
            paged = people(list(data.get("people", ())))
            if reason := data.get("reason"):
                return say("The safety net paged {people}: {reason}.", people=paged, reason=say(reason))
            return say("The safety net paged {people}.", people=paged)
        case Fact.UNDONE if data.get("verb") in _TOOK_BACK:
            return say(_TOOK_BACK[data["verb"]], **its)
        case _:
            return sentence(fact.kind, fact.actor_name, data)


def _reopened(left: int, *, name: str) -> str:
    if not left:
        return say("{name} reopened it; paging starts at the first step.", name=name)
    return say_many(
        "{name} reopened it; {count} of its alerts had opened again elsewhere and stay there; paging starts at the"
        " first step.",
        "{name} reopened it; {count} of its alerts had opened again elsewhere and stay there; paging starts at the"
        " first step.",
        count=left,
        name=name,
    )
