"""The text of a condition cut into words, signs, texts and numbers, each with its place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from opsknight.domain.model.expression import MAX_LENGTH, BadExpression, Scalar, Span


class Kind(StrEnum):
    """What a token is."""

    WORD = "word"
    TEXT = "text"
    NUMBER = "number"
    SIGN = "sign"
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    """One piece; `said` is it as written, `value` what a text or number means."""

    kind: Kind
    said: str
    span: Span
    value: Scalar = None


_SPACE: Final = frozenset(" \t\r\n")
_WORD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_NUMBER: Final = re.compile(r"-?[0-9]{1,32}(\.[0-9]{1,32})?")
_SIGN: Final = re.compile(r"==|!=|<=|>=|[<>()\[\],.]")
_MEANT: Final = {"\\": "\\", '"': '"', "'": "'", "n": "\n", "r": "\r", "t": "\t"}
_OFTEN_MEANT: Final = {"=": "==", "&": "and", "|": "or", "!": "not", "~": "matches"}


def tokens(text: str) -> list[Token]:
    """Return the pieces of `text`, an END last.

    Raises:
        BadExpression: a character means nothing here, a text has no end, or there is too much of it.
    """
    if len(text) > MAX_LENGTH:
        raise BadExpression(
            f"The condition has {len(text)} characters; {MAX_LENGTH} are allowed. Make two rules of it.",
            Span(MAX_LENGTH, len(text) - MAX_LENGTH),
        )
    found: list[Token] = []
    at = 0
    while at < len(text):
        if text[at] in _SPACE:
            at += 1
            continue
        token = _next(text, at)
        found.append(token)
        at += token.span.length
    return [*found, Token(Kind.END, "", Span(len(text), 0))]


def _next(text: str, at: int) -> Token:
    if text[at] in "\"'":
        return _text(text, at)
    for pattern, kind in ((_WORD, Kind.WORD), (_NUMBER, Kind.NUMBER), (_SIGN, Kind.SIGN)):
        found = pattern.match(text, at)
        if found is not None:
            said = found.group()
            value = None if kind is not Kind.NUMBER else float(said) if "." in said else int(said)
            return Token(kind, said, Span(at, len(said)), value)
    sign = text[at]
    hint = f"; did you mean {_OFTEN_MEANT[sign]}?" if sign in _OFTEN_MEANT else ""
    raise BadExpression(f"“{sign}” means nothing here{hint or '; texts stand in quotes.'}", Span(at, 1))


def _text(text: str, start: int) -> Token:
    quote, at = text[start], start + 1
    value: list[str] = []
    while at < len(text):
        character = text[at]
        if character == quote:
            return Token(Kind.TEXT, text[start : at + 1], Span(start, at + 1 - start), "".join(value))
        if character == "\\":
            escaped = text[at + 1 : at + 2]
            value.append(_MEANT.get(escaped, f"\\{escaped}"))  # "\\d" means itself, for regular expressions
            at += 2
            continue
        value.append(character)
        at += 1
    raise BadExpression(f"The text that begins here has no end; close it with {quote}.", Span(start, len(text) - start))
