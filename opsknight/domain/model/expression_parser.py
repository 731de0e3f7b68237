"""Reading a condition: text in, expression out, or one sentence that says where it cannot be followed.

or-list   =  and-list { "or" and-list }
and-list  =  negation { "and" negation }
negation  =  "not" negation  |  "(" or-list ")"  |  "true"  |  "false"  |  comparison
comparison = operand ( operator operand | "in" "[" literal { "," literal } "]" | "exists" )
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from opsknight.domain.model.expression import (
    MAX_DEPTH,
    TIMES,
    TREES,
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
from opsknight.domain.model.expression_lexer import Kind, Token, tokens

_CONSTANTS: Final = {"true": True, "false": False, "null": None}
_OPERATORS: Final = frozenset(Operator)
_AFTER_OPERAND: Final = _OPERATORS | {"in", "exists"}
_KEYWORDS: Final = frozenset({"and", "or", "not", "in", "exists"}) | frozenset(
    operator for operator in Operator if operator.isidentifier()
)


def parse(text: str) -> Expression:
    """Return the expression that `text` says; its fields are not looked at.

    Raises:
        BadExpression: it says none.
    """
    reader = _Reader(tokens(text))
    if not text.strip():
        raise BadExpression("The condition is empty; write true for one that always holds.", Span(0, len(text)))
    expression = reader.either(0)
    if reader.now.kind is not Kind.END:
        raise reader.unexpected("Here the condition should end, or go on with and / or")
    return expression


def parse_field(text: str) -> Field:
    """Return the one field that `text` names.

    Raises:
        BadExpression: it is no field, or more than one.
    """
    reader = _Reader(tokens(text))
    operand = reader.operand()
    if reader.now.kind is not Kind.END:
        raise reader.unexpected("Here the name of the field should end")
    if not isinstance(operand, Field):
        raise BadExpression("Name a field of the event, such as tags.host.", operand.span)
    return operand


class _Reader:
    def __init__(self, pieces: list[Token]) -> None:
        self._pieces = pieces
        self._at = 0

    @property
    def now(self) -> Token:
        return self._pieces[self._at]

    def unexpected(self, sentence: str) -> BadExpression:
        found = f"not “{self.now.said}”" if self.now.said else "but it ends"
        return BadExpression(f"{sentence}, {found}.", self.now.span)

    def either(self, depth: int) -> Expression:
        return self._listed("or", Or, self._all, depth)

    def _all(self, depth: int) -> Expression:
        return self._listed("and", And, self._negation, depth)

    def _listed(self, word: str, kind: type[And | Or], part: Callable[[int], Expression], depth: int) -> Expression:
        parts = [part(depth)]
        while self._took(word):
            parts.append(part(depth))
        return parts[0] if len(parts) == 1 else kind(tuple(parts))

    def _negation(self, depth: int) -> Expression:
        if depth > MAX_DEPTH:
            raise BadExpression(f"Parentheses and not are nested more than {MAX_DEPTH} deep.", self.now.span)
        if self._took("not"):
            return Not(self._negation(depth + 1))
        if self._took("("):
            inner = self.either(depth + 1)
            self._must(")", "Here a ) should close the parenthesis")
            return inner
        return self._comparison()

    def _comparison(self) -> Expression:
        start = self.now
        left = self.operand()
        if self.now.said not in _AFTER_OPERAND or self.now.kind is Kind.TEXT:
            if isinstance(left, Literal) and isinstance(left.value, bool):
                return Always(left.value)
            raise self._lacks_comparison(start, left)
        operator = self._take()
        if operator.said == "exists":
            if isinstance(left, Field):
                return Exists(left)
            raise BadExpression("Only a field can exist; write its name before exists.", left.span)
        if operator.said == "in":
            return Among(left, self._values())
        return Compare(left, Operator(operator.said), self.operand())

    def _lacks_comparison(self, start: Token, left: Operand) -> BadExpression:
        what = start.said if isinstance(left, Literal) else "the field"
        return self.unexpected(f"After {what} should come a comparison, such as == or contains")

    def _values(self) -> tuple[Literal, ...]:
        self._must("[", 'After in comes a list in square brackets, such as ["a", "b"]')
        values: list[Literal] = []
        while True:
            value = self.operand()
            if not isinstance(value, Literal):
                raise BadExpression("A list holds texts and numbers only; texts stand in quotes.", value.span)
            values.append(value)
            if self._took("]"):
                return tuple(values)
            self._must(",", "Here the list should go on with a comma or end with ]")

    def operand(self) -> Operand:
        token = self.now
        if token.kind in (Kind.TEXT, Kind.NUMBER):
            return Literal(self._take().value, token.span)
        if token.kind is not Kind.WORD or token.said in _KEYWORDS:
            raise self.unexpected("Here a field, a text in quotes or a number should stand")
        self._at += 1
        if token.said in _CONSTANTS:
            return Literal(_CONSTANTS[token.said], token.span)
        return self._field(token)

    def _field(self, name: Token) -> Field:
        path: list[str | int] = []
        while name.said in TREES and self.now.kind is Kind.SIGN and self.now.said in ".[":
            path.append(self._dotted() if self._take().said == "." else self._bracketed())
        zone = self._zone() if name.said in TIMES and self._took("(") else ""
        last = self._pieces[self._at - 1].span
        start = name.span.position
        return Field(name.said, tuple(path), zone, Span(start, last.position + last.length - start))

    def _dotted(self) -> str | int:
        step = self.now
        if step.kind is Kind.WORD:
            return self._take().said
        if isinstance(step.value, int) and step.value >= 0 and step.kind is Kind.NUMBER:
            self._at += 1
            return step.value
        raise self.unexpected('After the dot should come a name; one with other signs stands in ["…"]')

    def _bracketed(self) -> str | int:
        step = self.now
        if step.kind is not Kind.TEXT and not (isinstance(step.value, int) and step.value >= 0):
            raise self.unexpected('In the brackets should stand a name in quotes or a number, such as ["host name"]')
        self._at += 1
        self._must("]", "Here a ] should close the bracket")
        return step.value if isinstance(step.value, str | int) else ""

    def _zone(self) -> str:
        zone = self.now
        if zone.kind is not Kind.TEXT or not isinstance(zone.value, str) or not zone.value:
            raise self.unexpected('In the parentheses should stand a time zone in quotes, such as "Europe/Berlin"')
        self._at += 1
        self._must(")", "Here a ) should close the parenthesis")
        return zone.value

    def _take(self) -> Token:
        token = self.now
        self._at += 1
        return token

    def _took(self, said: str) -> bool:
        is_it = self.now.said == said and self.now.kind is not Kind.TEXT
        self._at += is_it
        return is_it

    def _must(self, said: str, sentence: str) -> None:
        if not self._took(said):
            raise self.unexpected(sentence)
