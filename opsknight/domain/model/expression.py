"""Conditions of rules: a small language over one event, as values. Nothing here is ever run as code.

    severity == "critical" and tags.env in ["prod", "live"]
    title contains "disk" or details.check.output matches "inode.*full"
    not (hour("Europe/Berlin") >= 8 and hour("Europe/Berlin") < 18)

Read by `expression_parser`, looked over by `expression_check`, carried out by `expression_evaluation`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeAlias

from opsknight.domain.model.event import Action, Severity

MAX_LENGTH: Final = 4000
"""So many characters a condition may have."""
MAX_DEPTH: Final = 40
"""So deep parentheses and `not` may be nested."""
WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
PLAIN: Final = (
    "title",
    "severity",
    "source",
    "component",
    "dedup_key",
    "action",
    "links",
    "integration",
    "provider",
    "service",
    "team",
)
"""Fields that are one text each; `links` holds one address a line."""
TREES: Final = ("tags", "details")
"""Fields with names inside."""
TIMES: Final = ("hour", "weekday")
"""Fields of the moment at which the event arrived, in a zone."""
WORDS: Final = {"severity": tuple(Severity), "action": tuple(Action), "weekday": WEEKDAYS}
"""What the fields can be that are one of a few words."""


class Operator(StrEnum):
    """How two values are compared."""

    EQUAL = "=="
    UNEQUAL = "!="
    LESS = "<"
    AT_MOST = "<="
    GREATER = ">"
    AT_LEAST = ">="
    CONTAINS = "contains"
    STARTS_WITH = "starts_with"
    ENDS_WITH = "ends_with"
    MATCHES = "matches"


@dataclass(frozen=True, slots=True)
class Span:
    """Where something stands in the text: from character `position` on, `length` characters."""

    position: int = 0
    length: int = 0


class BadExpression(ValueError):
    """A condition that cannot be used: where the trouble is, and a sentence that says what to write."""

    def __init__(self, sentence: str, span: Span) -> None:
        """Keep both."""
        super().__init__(sentence)
        self.sentence = sentence
        self.span = span


NOWHERE: Final = Span()
Scalar: TypeAlias = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Literal:
    """A value that stands in the text."""

    value: Scalar
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Field:
    """A value of the event. `path` leads on inside tags and details; `zone` is whose clock is read."""

    name: str
    path: tuple[str | int, ...] = ()
    zone: str = ""
    span: Span = field(default=NOWHERE, compare=False)


Operand: TypeAlias = Literal | Field


@dataclass(frozen=True, slots=True)
class Always:
    """`true` or `false` by itself."""

    value: bool


@dataclass(frozen=True, slots=True)
class Compare:
    """Two values and how they are compared."""

    left: Operand
    operator: Operator
    right: Operand


@dataclass(frozen=True, slots=True)
class Among:
    """Whether a value is one of several."""

    operand: Operand
    values: tuple[Literal, ...]


@dataclass(frozen=True, slots=True)
class Exists:
    """Whether the event has the field."""

    field: Field


@dataclass(frozen=True, slots=True)
class Not:
    """The contrary."""

    of: Expression


@dataclass(frozen=True, slots=True)
class And:
    """All of at least two."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """One of at least two."""

    parts: tuple[Expression, ...]


Expression: TypeAlias = Always | Compare | Among | Exists | Not | And | Or

_NAME_START: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_")
_NAME_REST: Final = _NAME_START | frozenset("0123456789-")
_ESCAPED: Final = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def is_name(text: str) -> bool:
    """Return whether `text` may stand after a dot without quotes."""
    return bool(text) and text[0] in _NAME_START and _NAME_REST.issuperset(text)


def write(expression: Expression) -> str:
    """Return `expression` as text; what reads it gets the same expression again."""
    match expression:
        case Always(value):
            return "true" if value else "false"
        case Compare(left, operator, right):
            return f"{write_operand(left)} {operator} {write_operand(right)}"
        case Among(operand, values):
            return f"{write_operand(operand)} in [{', '.join(map(write_operand, values))}]"
        case Exists(operand):
            return f"{write_operand(operand)} exists"
        case Not(of):
            return f"not {_enclosed(of) if isinstance(of, And | Or) else write(of)}"
        case And(parts):
            return " and ".join(_enclosed(part) if isinstance(part, And | Or) else write(part) for part in parts)
        case Or(parts):
            return " or ".join(_enclosed(part) if isinstance(part, Or) else write(part) for part in parts)


def write_operand(operand: Operand) -> str:
    """Return a value or field as text."""
    if isinstance(operand, Field):
        path = "".join(_step(step) for step in operand.path)
        return f"{operand.name}{path}" + (f"({_quoted(operand.zone)})" if operand.zone else "")
    value = operand.value
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, float):
        return f"{value:f}" if value.is_integer() or abs(value) < 1e-4 else repr(value)
    return _quoted(value) if isinstance(value, str) else str(value)


def _enclosed(expression: Expression) -> str:
    return f"({write(expression)})"


def _step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if is_name(step) else f"[{_quoted(step)}]"


def _quoted(text: str) -> str:
    return '"' + "".join(_ESCAPED.get(character, character) for character in text) + '"'
