"""Words of strangers within Markdown, as chats read it: every mark is shown, none is obeyed."""

from __future__ import annotations

import re
from typing import Final

_MARKS: Final = frozenset(r"\*_~`|>#-[]()<")
_PIECE: Final = re.compile(r"https?://[\w.~:/?#@!$&'+,;=%-]+|.", re.DOTALL)


def escaped(text: str, most: int) -> str:
    """Return `text` with every mark escaped, cut to `most` characters so that no escape is torn.

    A web address stays one. Characters are counted as UTF-16 does.
    """
    pieces = [f"\\{each}" if each in _MARKS else each for each in _PIECE.findall(text)]
    if sum(map(length, pieces)) <= most:
        return "".join(pieces)
    kept, used = list[str](), 0
    for piece in pieces:
        if (used := used + length(piece)) > most - 1:
            break
        kept.append(piece)
    return f"{''.join(kept)}…"


def length(text: str) -> int:
    """Return how long `text` is as UTF-16 counts, by which an emoji is two."""
    return len(text.encode("utf-16-le", "replace")) // 2
