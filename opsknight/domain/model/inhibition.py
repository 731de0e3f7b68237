"""Inhibition: while one thing is broken, what depends on it is quiet.

A rule names the source (“the switch is down”), the targets (“the host is unreachable”) and the fields in which
the two must be equal (“tags.rack”). As in Alertmanager, a field that both lack is equal, and an alert that
matches the source itself is never a target of the same rule.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from opsknight.domain.model import matcher
from opsknight.domain.model.matcher import BadMatcher, Matcher, Subject

MAX_EQUAL: Final = 8


@dataclass(frozen=True, slots=True)
class Inhibition:
    """A rule. While an alert that `source` holds for is open, one that `target` holds for opens quietly."""

    id: int
    name: str
    source: tuple[Matcher, ...]
    target: tuple[Matcher, ...]
    equal: tuple[str, ...] = ()

    def is_source(self, subject: Subject) -> bool:
        """Return whether it keeps others quiet."""
        return matcher.matches(self.source, subject)

    def is_target(self, subject: Subject) -> bool:
        """Return whether it is kept quiet while there is a source."""
        return matcher.matches(self.target, subject) and not self.is_source(subject)

    def equals(self, subject: Subject) -> bytes:
        """Return the hash of what must be equal in a source and its targets."""
        values = [subject.value(name) for name in self.equal]
        return hashlib.sha256(json.dumps(values, ensure_ascii=False).encode()).digest()

    def may_be_source(self, *, service: str, team: str) -> bool:
        """Return whether any alert of a service can be a source."""
        return matcher.may_match(self.source, service=service, team=team)

    def may_be_target(self, *, service: str, team: str) -> bool:
        """Return whether any alert of a service can be a target."""
        return matcher.may_match(self.target, service=service, team=team)

    def words(self) -> str:
        """Return it as people read it."""
        same = f", with equal {' and '.join(self.equal)}" if self.equal else ""
        return f"while {matcher.words(self.source)} is open, quiet are: {matcher.words(self.target)}{same}"


def check(source: Sequence[Matcher], target: Sequence[Matcher], equal: Sequence[str]) -> None:
    """Make sure that a rule can be kept.

    Raises:
        BadMatcher: a side has no condition, or a matcher or a field cannot be used.
    """
    if not source or not target:
        raise BadMatcher("Both sides need a condition: without one, everything would keep everything quiet.")
    for side in (source, target):
        matcher.check(side)
    if len(equal) > MAX_EQUAL:
        raise BadMatcher(f"{MAX_EQUAL} equal fields are allowed.")
    for name in equal:
        matcher.check_field(name)
