"""A language in which each sentence stands in brackets: what stands outside of them, no catalogue can change.

Nor do the parts of a sentence stand in them, unless they are said in that language themselves.
"""

from __future__ import annotations

import re
from gettext import NullTranslations

import pytest

from opsknight.domain.model import speech

MARKED = "xx"
"""The language of whoever reads it; others read English."""


class Marked(NullTranslations):
    """A language in which each sentence stands in brackets."""

    def gettext(self, message: str) -> str:
        return _bracketed(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return _bracketed(msgid1 if n == 1 else msgid2)

    def info(self) -> dict[str, str]:
        return {"language": MARKED}


def _bracketed(sentence: str) -> str:
    return re.sub(r"\{\w*\}", lambda part: f"⟧{part[0]}⟦", f"⟦{sentence}⟧").replace("⟦⟧", "")


def outside(text: str) -> str:
    """Return what stands in no bracket, each piece for itself."""
    kept, depth = "", 0
    for one in text:
        depth += (one == "⟦") - (one == "⟧")
        kept += "" if depth else " " if one == "⟧" else one
    return kept


def words_left(text: str, *known: str) -> list[str]:
    """Return the words that no catalogue could change, without what monitors and people have called things."""
    for one in known:
        text = text.replace(one, "")
    return re.findall(r"[A-Za-z]{2,}", re.sub(r"https?://\S+|\S+@\S+", "", outside(text)))


def is_marked(text: str, *known: str) -> bool:
    """Say whether `text` says anything, and all of it in the marked language."""
    return "⟦" in text and words_left(text, *known) == []


def read_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let whose language is MARKED read it, and everybody else English."""
    monkeypatch.setattr(speech, "_catalogue", lambda known: Marked() if known == MARKED else NullTranslations())
