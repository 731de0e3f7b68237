"""Rules: which events they are about, and what they make of the alert that such an event opens.

A rule decides on the trigger that opens an alert; of later ones it decides the severity and urgency
anew. Acknowledge and resolve are never touched by a rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from opsknight.domain.model.event import Severity, Urgency
from opsknight.domain.model.ledger import people, span

PRIORITIES: Final = ("P1", "P2", "P3", "P4", "P5")
MAX_NAME: Final = 100
LONGEST: Final = timedelta(days=7)
"""No pause, window or threshold looks further."""
MAX_COUNT: Final = 10_000
MAX_FIELDS: Final = 5


class BadRule(ValueError):
    """A rule that cannot be used; `part` is the one that a person must change, by its name in a document."""

    def __init__(self, sentence: str, *, part: str = "") -> None:
        """Keep both."""
        super().__init__(sentence)
        self.sentence = sentence
        self.part = part


@dataclass(frozen=True, slots=True)
class Group:
    """Join the open incident of the same service in which these fields are the same, within a span of its opening.

    Without fields every alert that the rule is about belongs together; without a span as long as it is open.
    """

    by: tuple[str, ...] = ()
    within: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Threshold:
    """Open nothing before `count` such events have come within a span; those with the same fields are counted."""

    count: int
    within: timedelta
    by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Actions:
    """What a rule does. Texts may hold fields in braces: `{tags.host}: {title}`."""

    severity: Severity | None = None
    urgency: Urgency | None = None
    priority: str | None = None
    title: str = ""
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    service_id: int | None = None
    dedup_key: str = ""
    suppress: bool = False
    drop: bool = False
    pause: timedelta | None = None
    group: Group | None = None
    threshold: Threshold | None = None

    def does(self) -> tuple[str, ...]:
        """Return what they do, each as the end of a sentence that begins with the rule's name."""
        named = (
            (self.severity, f"sets the severity to {self.severity}"),
            (self.urgency, f"sets the urgency to {self.urgency}"),
            (self.priority, f"sets the priority to {self.priority}"),
            (self.title, "changes the title"),
            (self.tags, f"sets {people([f'tags.{name}' for name in self.tags])}"),
            (self.service_id, "moves it to another service"),
            (self.dedup_key, "changes the dedup key"),
            (self.threshold, _threshold_words(self.threshold)),
            (self.group, _group_words(self.group)),
            (self.drop, "drops it"),
            (self.suppress, "suppresses it until its alert resolves"),
            (self.pause, f"waits {span(self.pause.total_seconds()) if self.pause else ''} before it pages"),
        )
        return tuple(words for said, words in named if said)

    def did(self) -> tuple[str, ...]:
        """Return the same of what has been."""
        told = (words.split(" ", 1) for words in self.does())
        return tuple(f"{_DID.get(verb, verb)} {rest}" for verb, rest in told)


MOVED: Final = "moved it to another service"
"""What `did` says of an event that went to another service."""
PRIORITY_SET: Final = "set the priority to"
"""So begins what `did` says of a priority."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of all services (`service_id` None) or of one, in the order in which they are asked."""

    id: int
    name: str
    condition: str
    actions: Actions
    stops: bool = False
    enabled: bool = True
    service_id: int | None = None


_DID: Final = {
    "sets": "set",
    "changes": "changed",
    "moves": "moved",
    "opens": "opened",
    "groups": "grouped",
    "drops": "dropped",
    "suppresses": "suppressed",
}


def _threshold_words(threshold: Threshold | None) -> str:
    if threshold is None:
        return ""
    return f"opens it with event {threshold.count} within {span(threshold.within.total_seconds())}"


def _group_words(group: Group | None) -> str:
    if group is None:
        return ""
    by = f" by {people(list(group.by))}" if group.by else ""
    return f"groups it{by}" + (f" for {span(group.within.total_seconds())}" if group.within else "")
