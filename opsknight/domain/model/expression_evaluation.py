"""Whether a condition holds for one event. Every look costs a step, and the steps are bounded."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, cast
from zoneinfo import ZoneInfo

from opsknight.domain.model.event import Event, Severity
from opsknight.domain.model.expression import (
    WEEKDAYS,
    Always,
    Among,
    And,
    Compare,
    Exists,
    Expression,
    Field,
    Literal,
    Not,
    Operand,
    Operator,
    Or,
)
from opsknight.domain.model.expression_check import Pattern

MAX_STEPS: Final = 1000
"""A condition that takes more is not carried out to its end."""
STEP_OF_TEXT: Final = 256
"""Searching so many characters of a text costs one more step."""
_NUMBER: Final = re.compile(r"-?[0-9]{1,32}(\.[0-9]{1,32})?")
_HOW_BAD: Final = {severity.value: -place for place, severity in enumerate(Severity)}


class OutOfSteps(Exception):
    """The condition costs more than it may for this event."""

    def __init__(self) -> None:
        """Say so."""
        super().__init__(f"its condition takes more than {MAX_STEPS} steps for this event")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known of an event besides what it says itself. `at` is when it arrived."""

    integration: str
    provider: str
    service: str
    team: str
    at: datetime


class Evaluation:
    """One event before conditions. Each call of `holds` begins to count anew."""

    def __init__(self, event: Event, around: Surroundings, *, max_steps: int = MAX_STEPS) -> None:
        """Look at `event` as it arrived from `around`."""
        self._event = event
        self._around = around
        self._max_steps = max_steps
        self.steps = 0

    def holds(self, expression: Expression, patterns: Mapping[str, Pattern]) -> bool:
        """Return whether `expression` holds; `patterns` are those that it names, ready for use.

        Raises:
            OutOfSteps: it takes too many steps.
        """
        self.steps = 0
        return self._holds(expression, patterns)

    def value(self, field: Field) -> Any:
        """Return what the event has in `field`, None where it has nothing."""
        match field.name:
            case "tags":
                return self._event.tags.get(str(field.path[0]))
            case "details":
                return self._inside(field.path)
            case "links":
                return "\n".join(link.href for link in self._event.links) or None
            case "hour" | "weekday":
                local = self._around.at.astimezone(ZoneInfo(field.zone) if field.zone else UTC)
                return local.hour if field.name == "hour" else WEEKDAYS[local.weekday()]
            case "integration" | "provider" | "service" | "team":
                return getattr(self._around, field.name) or None
            case _:
                said = getattr(self._event, field.name)
                return str(said) if said else None

    def _holds(self, expression: Expression, patterns: Mapping[str, Pattern]) -> bool:
        self._step()
        match expression:
            case Always(value):
                return value
            case And(parts):
                return all(self._holds(part, patterns) for part in parts)
            case Or(parts):
                return any(self._holds(part, patterns) for part in parts)
            case Not(of):
                return not self._holds(of, patterns)
            case Exists(operand):
                return self._read(operand) is not None
            case Among(operand, values):
                return self._among(self._read(operand), values)
            case Compare(left, operator, right):
                return self._compare(left, operator, right, patterns)

    def _among(self, value: Any, literals: Sequence[Literal]) -> bool:
        self._step(len(literals))
        return any(_equal(value, literal.value) for literal in literals)

    def _compare(self, left: Operand, operator: Operator, right: Operand, patterns: Mapping[str, Pattern]) -> bool:
        one, other = self._read(left), self._read(right)
        match operator:
            case Operator.EQUAL:
                return _equal(one, other)
            case Operator.UNEQUAL:
                return not _equal(one, other)
            case Operator.CONTAINS | Operator.STARTS_WITH | Operator.ENDS_WITH:
                return self._has(one, operator, other)
            case Operator.MATCHES:
                return self._matches(one, patterns[str(other)])
            case _:
                by_severity = "severity" in (getattr(left, "name", ""), getattr(right, "name", ""))
                return _ordered(one, operator, other, by_severity=by_severity)

    def _has(self, value: Any, operator: Operator, part: Any) -> bool:
        if isinstance(value, list) and operator is Operator.CONTAINS:
            elements = cast("list[Any]", value)
            self._step(len(elements))
            return any(_equal(element, part) for element in elements)
        text, piece = _text(value), _text(part)
        if text is None or piece is None:
            return False
        self._step(len(text) // STEP_OF_TEXT)
        if operator is Operator.CONTAINS:
            return piece in text
        return text.startswith(piece) if operator is Operator.STARTS_WITH else text.endswith(piece)

    def _matches(self, value: Any, pattern: Pattern) -> bool:
        text = _text(value)
        if text is None:
            return False
        self._step(len(text) // STEP_OF_TEXT)
        return pattern.search(text) is not None

    def _read(self, operand: Operand) -> Any:
        self._step()
        return operand.value if isinstance(operand, Literal) else self.value(operand)

    def _inside(self, path: Sequence[str | int]) -> Any:
        value: Any = self._event.details
        for step in path:
            self._step()
            if isinstance(value, Mapping):
                value = cast("Mapping[str, Any]", value).get(str(step))
            elif isinstance(value, list) and isinstance(step, int):
                elements = cast("list[Any]", value)
                value = elements[step] if step < len(elements) else None
            else:
                return None
        return value

    def _step(self, count: int = 1) -> None:
        self.steps += count
        if self.steps > self._max_steps:
            raise OutOfSteps


def _equal(one: Any, other: Any) -> bool:
    """Return whether both are the same; a text that is wholly a number is the same as that number."""
    if isinstance(one, bool) or isinstance(other, bool) or one is None or other is None:
        return one is other
    if isinstance(one, str) != isinstance(other, str):
        left, right = _number(one), _number(other)
        return left is not None and left == right
    return bool(one == other)


def _ordered(one: Any, operator: Operator, other: Any, *, by_severity: bool) -> bool:
    """Return how two numbers or two texts stand to each other; what cannot be ordered stands in no order."""
    left: Any
    right: Any
    if by_severity and one in _HOW_BAD and other in _HOW_BAD:
        left, right = _HOW_BAD[one], _HOW_BAD[other]
    elif isinstance(one, str) and isinstance(other, str):
        left, right = one, other
    else:
        left, right = _number(one), _number(other)
        if left is None or right is None:
            return False
    match operator:
        case Operator.LESS:
            return bool(left < right)
        case Operator.AT_MOST:
            return bool(left <= right)
        case Operator.GREATER:
            return bool(left > right)
        case _:
            return bool(left >= right)


def _number(value: Any) -> int | float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return value
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return float(value) if "." in value else int(value)
    return None


def _text(value: Any) -> str | None:
    """Return a text or number as text; what else there is contains nothing."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
