"""Texts with fields of the event in braces: `{severity} on {tags.host}: {title}`; a brace itself is written twice."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from opsknight.domain.model.expression import BadExpression, Field
from opsknight.domain.model.expression_check import read_field
from opsknight.domain.model.rule import BadRule

MAX_TEMPLATE: Final = 1000
MAX_PARTS: Final = 40
_PIECES: Final = re.compile(r"\{\{|\}\}|\{[^{}]*\}|[{}]|[^{}]+")


@dataclass(frozen=True, slots=True)
class Template:
    """Texts and fields in turn."""

    parts: tuple[str | Field, ...]

    def fill(self, value: Callable[[Field], Any], *, at_most: int) -> str:
        """Return it filled in, on one line of `at_most` characters; what the event lacks is left out."""
        filled = "".join(part if isinstance(part, str) else _text(value(part)) for part in self.parts)
        return " ".join(filled.split())[:at_most].rstrip()


def template(text: str, *, part: str) -> Template:
    """Return `text` ready to be filled in.

    Raises:
        BadRule: a brace has no other, or what stands between two is no field; it names `part`.
    """
    if len(text) > MAX_TEMPLATE:
        raise BadRule(f"The text has {len(text)} characters; {MAX_TEMPLATE} are allowed.", part=part)
    parts: list[str | Field] = []
    for piece in _PIECES.findall(text):
        if piece in ("{{", "}}"):
            parts.append(piece[0])
        elif piece in ("{", "}"):
            raise BadRule(f"A {piece} stands alone; write a field in braces, or {piece * 2} for a brace.", part=part)
        else:
            parts.append(_field(piece[1:-1], part) if piece.startswith("{") else piece)
    if len(parts) > MAX_PARTS:
        raise BadRule(f"The text has more than {MAX_PARTS} parts.", part=part)
    return Template(tuple(parts))


def _field(name: str, part: str) -> Field:
    try:
        return read_field(name)
    except BadExpression as refusal:
        raise BadRule(f"{{{name}}}: {refusal.sentence}", part=part) from refusal


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)[:MAX_TEMPLATE] if isinstance(value, str | int | float) else ""
