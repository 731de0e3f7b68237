"""Matchers: which alerts a maintenance window or an inhibition is about, by one field at a time.

All matchers of a list must hold; a list without any holds for everything. A field that an alert
does not have reads as the empty text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from opsknight.domain.model.event import MAX_TITLE, Event

FIELDS: Final = ("service", "team", "severity", "title", "source", "component")
"""What can be asked of an alert, besides each of its tags by `tags.` and the tag's name."""
TAGS: Final = "tags."
OF_SERVICE: Final = frozenset({"service", "team"})
"""Fields that are the same for every alert of a service."""
MAX_MATCHERS: Final = 16
MAX_VALUES: Final = 50


class BadMatcher(ValueError):
    """A matcher that cannot be used; the text is for a person."""


class Op(StrEnum):
    """How a field is compared."""

    IS = "is"
    IS_NOT = "is not"
    ONE_OF = "one of"
    STARTS_WITH = "starts with"


@dataclass(frozen=True, slots=True)
class Subject:
    """What matchers are asked of: an alert with what its service adds to it."""

    service: str
    team: str
    severity: str
    title: str
    source: str = ""
    component: str = ""
    tags: Mapping[str, str] = field(default_factory=dict[str, str])

    def value(self, name: str) -> str:
        """Return the text of the field `name`, "" where there is none."""
        if name.startswith(TAGS):
            return self.tags.get(name[len(TAGS) :], "")
        return str(getattr(self, name)) if name in FIELDS else ""


@dataclass(frozen=True, slots=True)
class Matcher:
    """One comparison; only ONE_OF has more than one value."""

    field: str
    op: Op
    values: tuple[str, ...]

    def holds(self, subject: Subject) -> bool:
        """Return whether it is true of `subject`."""
        value = subject.value(self.field)
        match self.op:
            case Op.IS | Op.ONE_OF:
                return value in self.values
            case Op.IS_NOT:
                return value not in self.values
            case Op.STARTS_WITH:
                return value.startswith(self.values[0])

    def words(self) -> str:
        """Return it as people read it: `tags.region is eu-west-1`."""
        return f"{self.field} {self.op.value} {', '.join(self.values) or 'empty'}"

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return {"field": self.field, "op": self.op.value, "values": list(self.values)}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Matcher:
        """Return what `to_json` wrote."""
        return cls(plain["field"], Op(plain["op"]), tuple(plain["values"]))


def subject_of(event: Event, *, service: str, tags: Mapping[str, str]) -> Subject:
    """Return what an event says of its alert; `tags` are those of its service, its team among them."""
    return Subject(
        service=service,
        team=tags.get("team", ""),
        severity=event.severity.value,
        title=event.title,
        source=event.source,
        component=event.component,
        tags={**tags, **event.tags},
    )


def matches(matchers: Iterable[Matcher], subject: Subject) -> bool:
    """Return whether every one of `matchers` holds for `subject`."""
    return all(matcher.holds(subject) for matcher in matchers)


def may_match(matchers: Iterable[Matcher], *, service: str, team: str) -> bool:
    """Return whether `matchers` can hold for any alert of a service at all."""
    subject = Subject(service=service, team=team, severity="", title="")
    return matches((matcher for matcher in matchers if matcher.field in OF_SERVICE), subject)


def words(matchers: Sequence[Matcher]) -> str:
    """Return `matchers` as people read them."""
    return " and ".join(matcher.words() for matcher in matchers) or "everything"


def check(matchers: Sequence[Matcher]) -> None:
    """Make sure that `matchers` can be used.

    Raises:
        BadMatcher: there are too many, or one has an unknown field or no value.
    """
    if len(matchers) > MAX_MATCHERS:
        raise BadMatcher(f"{len(matchers)} conditions are more than anybody can follow; {MAX_MATCHERS} are allowed.")
    for matcher in matchers:
        check_field(matcher.field)
        first = next(iter(matcher.values), None)
        if first is None or (matcher.op is not Op.ONE_OF and len(matcher.values) > 1):
            raise BadMatcher(f"“{matcher.field} {matcher.op}” needs one value; only “one of” takes several.")
        if matcher.op is Op.STARTS_WITH and not first:
            raise BadMatcher(f"“{matcher.field} starts with” nothing holds for everything; say how it begins.")
        if len(matcher.values) > MAX_VALUES or any(len(value) > MAX_TITLE for value in matcher.values):
            raise BadMatcher(f"“{matcher.field}” has more values than {MAX_VALUES}, or one that is too long.")


def check_field(name: str) -> None:
    """Make sure that an alert can have the field `name`.

    Raises:
        BadMatcher: it cannot.
    """
    if name not in FIELDS and not (name.startswith(TAGS) and name != TAGS):
        known = ", ".join(FIELDS)
        raise BadMatcher(f"“{name}” is no field of an alert: choose {known}, or tags. and the name of a tag.")
