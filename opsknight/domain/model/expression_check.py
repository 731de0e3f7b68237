"""Whether a condition makes sense: are there such fields, such words, such zones, such patterns?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from typing import Final, Protocol, TypeAlias
from zoneinfo import ZoneInfo

from opsknight.domain.model.expression import (
    PLAIN,
    TIMES,
    TREES,
    WORDS,
    Always,
    Among,
    And,
    BadExpression,
    Compare,
    Exists,
    Expression,
    Field,
    Literal,
    Not,
    Operand,
    Operator,
    Or,
    Span,
)
from opsknight.domain.model.expression_parser import parse, parse_field

MAX_PATTERN: Final = 500
"""So many characters a regular expression may have."""
_FIELDS: Final = (*PLAIN, *TREES, *TIMES)
_ORDERED: Final = frozenset({Operator.LESS, Operator.AT_MOST, Operator.GREATER, Operator.AT_LEAST})


class Pattern(Protocol):
    """A regular expression that is ready to be used, in time that grows with the text alone."""

    def search(self, text: str, /) -> object | None:
        """Return something where it is found anywhere in `text`, else None."""
        ...


Compile: TypeAlias = Callable[[str], Pattern]
"""Makes a pattern; raises ValueError with the reason where it is none."""


def read(text: str, compile_pattern: Compile) -> tuple[Expression, Mapping[str, Pattern]]:
    """Return the expression that `text` says with the patterns in it, having made sure that it makes sense.

    Raises:
        BadExpression: it does not.
    """
    expression = parse(text)
    patterns: dict[str, Pattern] = {}
    for compare in comparisons(expression):
        _check(compare, compile_pattern, patterns)
    return expression, patterns


def read_field(text: str) -> Field:
    """Return the field that `text` names.

    Raises:
        BadExpression: there is no such field.
    """
    found = parse_field(text)
    _check_field(found)
    return found


def comparisons(expression: Expression) -> Iterator[Compare | Among | Exists]:
    """Yield everything in `expression` that looks at the event, in order."""
    match expression:
        case And(parts) | Or(parts):
            for part in parts:
                yield from comparisons(part)
        case Not(of):
            yield from comparisons(of)
        case Always():
            return
        case _:
            yield expression


def _check(found: Compare | Among | Exists, compile_pattern: Compile, patterns: dict[str, Pattern]) -> None:
    match found:
        case Exists(operand):
            _check_field(operand)
        case Among(operand, values):
            _check_operand(operand)
            for value in values:
                _check_word(operand, value)
        case Compare(left, operator, right):
            _check_operand(left)
            _check_operand(right)
            if operator is Operator.MATCHES:
                _compile(right, compile_pattern, patterns)
            elif operator in (Operator.EQUAL, Operator.UNEQUAL) or operator in _ORDERED:
                _check_word(left, right)
                _check_word(right, left)


def _check_operand(operand: Operand) -> None:
    if isinstance(operand, Field):
        _check_field(operand)


def _check_field(named: Field) -> None:
    where = Span(named.span.position, len(named.name))
    if named.name not in _FIELDS:
        close = get_close_matches(named.name, _FIELDS, n=1)
        hint = f"did you mean {close[0]}?" if close else "fields are " + ", ".join(_FIELDS) + "."
        raise BadExpression(f"There is no field {named.name}; {hint}", where)
    if named.name in TREES and not named.path:
        raise BadExpression(f"Say which of the {named.name} is meant, such as {named.name}.host.", where)
    if named.name == "tags" and (len(named.path) != 1 or isinstance(named.path[-1], int)):
        raise BadExpression('A tag has one name; one with dots in it is written tags["a.b"].', named.span)
    if named.zone:
        _check_zone(named)


def _check_zone(named: Field) -> None:
    try:
        ZoneInfo(named.zone)
    except (ValueError, OSError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        raise BadExpression(
            f"There is no time zone “{named.zone}”; name one such as Europe/Berlin or UTC.", named.span
        ) from None


def _check_word(operand: Operand, literal: Operand) -> None:
    """Refuse a word that the field can never be."""
    if not isinstance(operand, Field) or not isinstance(literal, Literal):
        return
    words = WORDS.get(operand.name)
    if words is not None and literal.value not in (*words, None):
        raise BadExpression(
            f"{operand.name} is never “{literal.value}”; it is one of {', '.join(words)}.", literal.span
        )


def _compile(operand: Operand, compile_pattern: Compile, patterns: dict[str, Pattern]) -> None:
    if not isinstance(operand, Literal) or not isinstance(operand.value, str):
        raise BadExpression('After matches comes a regular expression in quotes, such as "disk.*full".', operand.span)
    if len(operand.value) > MAX_PATTERN:
        raise BadExpression(f"A regular expression may have {MAX_PATTERN} characters.", operand.span)
    try:
        patterns[operand.value] = compile_pattern(operand.value)
    except ValueError as error:
        raise BadExpression(f"The regular expression cannot be used: {error}.", operand.span) from None
