"""A text message: how many segments it takes, and what is left of it where it would take too many.

Source: 3GPP TS 23.038 (the GSM 7 bit default alphabet and its extension) and TS 23.040 (concatenation).
"""

from __future__ import annotations

import re
from typing import Final

SEGMENTS_AT_MOST: Final = 2

_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED: Final = frozenset("^{}\\[~]|€\f")
"""Two places each."""
_PLAIN: Final = str.maketrans(
    {
        "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‘": "'", "’": "'", "‚": "'", "`": "'", "–": "-", "—": "-",
        "‑": "-", "−": "-", "·": "-", "•": "-", "…": "...", "\u00a0": " ", "\u202f": " ", "\u2009": " ", "\t": " ",
        "→": "->", "\u200b": None, "\ufeff": None,
    }
)  # fmt: skip
"""One sign outside the alphabet halves what fits: these are said by one within it."""
_ONE_GSM, _EACH_GSM = 160, 153
_ONE_UCS2, _EACH_UCS2 = 70, 67
_KEEP: Final = re.compile(r"(?: \(#\d+\))?(?: \([^()]* late\))?\Z")
"""What stands at the end of a first line and is never cut: the number, and how late it is."""


def plain(text: str) -> str:
    """Return `text` with typographic signs said by ones that every phone has."""
    return text.translate(_PLAIN)


def is_gsm(text: str) -> bool:
    """Say whether the GSM alphabet has every sign of `text`."""
    return all(sign in _BASIC or sign in _EXTENDED for sign in text)


def segments(text: str) -> int:
    """Return how many segments `text` is sent in; an empty one takes one."""
    if is_gsm(text):
        return _count([1 + (sign in _EXTENDED) for sign in text], one=_ONE_GSM, each=_EACH_GSM)
    return _count([1 + (ord(sign) > 0xFFFF) for sign in text], one=_ONE_UCS2, each=_EACH_UCS2)


def fitted(first_line: str, *, rest: str = "", most: int = SEGMENTS_AT_MOST) -> str:
    """Return `first_line` and `rest` below it, in at most `most` segments.

    `rest` is kept whole where anything of the first line stays beside it; of the first line the end is cut,
    but neither its number nor how late it is.
    """
    first_line, rest = plain(" ".join(first_line.split())), plain(rest).strip()
    tail = f"\n{rest}" if rest else ""
    if segments(first_line + tail) <= most:
        return first_line + tail
    kept = _KEEP.search(first_line)
    head, end = (first_line[: kept.start()], kept.group()) if kept else (first_line, "")
    whole = _cut(head, f"{end}{tail}", most)
    return whole or _cut(f"{first_line}{tail}", "", most)


def _cut(head: str, end: str, most: int) -> str:
    """Return the most of `head` that fits before `end`, "" where nothing of it does."""
    low, high = 0, len(head)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if segments(_shortened(head, middle, end)) <= most else (low, middle - 1)
    return _shortened(head, low, end) if low else ""


def _shortened(head: str, length: int, end: str) -> str:
    """Return the first `length` signs of `head`, marked as cut, and `end`; where all else is GSM, by three dots."""
    text = head[:length].rstrip()
    dots = "..." if is_gsm(text + end) else "…"
    return f"{text}{dots}{end}"


def _count(sizes: list[int], *, one: int, each: int) -> int:
    """Return in how many segments signs of these sizes go: none of them is split between two."""
    if sum(sizes) <= one:
        return 1
    count, used = 1, 0
    for size in sizes:
        if used + size > each:
            count, used = count + 1, 0
        used += size
    return count
