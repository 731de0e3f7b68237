"""What somebody answers to a text or a mail: which incidents are to be acknowledged, resolved or escalated.

Only an answer that is understood as a whole does anything: "ack" does, "not acknowledged by me" does not.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from opsknight.domain.model.button import Press
from opsknight.domain.model.speech import later

READ_AT_MOST: Final = 400
"""Characters; who writes more does not give orders."""
WISHES_AT_MOST: Final = 20
HELP: Final = later(
    "Answer ack (the last one), ack all, or a number with a letter: 12a acknowledges #12, 12r resolves it,"
    " 12e escalates it."
)


@dataclass(frozen=True, slots=True)
class Wish:
    """One thing to do: to the incident of this number, to all that are open, or, with neither, to the last one told."""

    wanted: Press
    number: int | None = None
    every: bool = False


class Consent(StrEnum):
    """Whether somebody wants texts at all. YES says so where a STOP came before, else it answers a question."""

    STOP = "stop"
    START = "start"
    YES = "yes"


Reply = tuple[Wish, ...] | Consent | None
"""None is what nobody understands."""

# Twilio heeds these words itself, so that whatever one of them does there is so here too.
# Source: https://help.twilio.com/articles/223134027 (opt-out keywords).
_CONSENTS: Final = {
    **dict.fromkeys(("stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"), Consent.STOP),
    **dict.fromkeys(("start", "unstop"), Consent.START),
    "yes": Consent.YES,
}
_LETTERS: Final = {
    "a": Press.ACKNOWLEDGE, "c": Press.RESOLVE, "r": Press.RESOLVE, "e": Press.ESCALATE,
}  # fmt: skip
_WORDS: Final = {
    **dict.fromkeys(("ack", "acknowledge"), Press.ACKNOWLEDGE),
    **dict.fromkeys(("resolve", "close"), Press.RESOLVE),
    **dict.fromkeys(("escalate", "esc"), Press.ESCALATE),
}
_QUOTES: Final = str.maketrans(dict.fromkeys("'\"`´‘’‚“”„«»‹›", " "))
_BETWEEN: Final = re.compile(r"[\s,;.!+&/]+|\band\b")
_TOKEN: Final = re.compile(r"#?(?P<number>[0-9]{1,9})(?P<letter>[acre])?|(?P<word>[a-z]+)")


def read(text: str) -> Reply:
    """Return what `text` asks for, in any case, with any spacing and quotes; None where that is not understood.

    Never raises.
    """
    if len(text) > READ_AT_MOST:
        return None
    plain = unicodedata.normalize("NFKC", text).casefold().translate(_QUOTES)
    words = [word for word in _BETWEEN.split(plain) if word]
    if len(words) == 1 and words[0] in _CONSENTS:
        return _CONSENTS[words[0]]
    wishes = _wishes(words)
    return tuple(dict.fromkeys(wishes)) if wishes and len(wishes) <= WISHES_AT_MOST else None


def _wishes(words: Sequence[str]) -> list[Wish] | None:
    """Return a wish for each order of `words`, None as soon as one of them is no part of an order."""
    wishes: list[Wish] = []
    at = 0
    while at < len(words):
        taken = _numbered(words, at) or _worded(words, at)
        if taken is None:
            return None
        found, at = taken
        wishes += found
    return wishes


def _numbered(words: Sequence[str], at: int) -> tuple[list[Wish], int] | None:
    """Read `12a`, `12 a` or `12 ack`."""
    token = _TOKEN.fullmatch(words[at])
    if token is None or token["number"] is None:
        return None
    number = int(token["number"])
    if token["letter"]:
        return [Wish(_LETTERS[token["letter"]], number)], at + 1
    follows = words[at + 1] if at + 1 < len(words) else ""
    wanted = _LETTERS.get(follows) or _WORDS.get(follows)
    return None if wanted is None else ([Wish(wanted, number)], at + 2)


def _worded(words: Sequence[str], at: int) -> tuple[list[Wish], int] | None:
    """Read `ack`, `ack all`, `ack 12 13`."""
    wanted = _WORDS.get(words[at])
    if wanted is None:
        return None
    at += 1
    if wanted is Press.ACKNOWLEDGE and at < len(words) and words[at] == "all":
        return [Wish(wanted, every=True)], at + 1
    wishes: list[Wish] = []
    while at < len(words) and _is_bare(words, at):
        wishes.append(Wish(wanted, int(words[at].removeprefix("#"))))
        at += 1
    return wishes or [Wish(wanted)], at


def _is_bare(words: Sequence[str], at: int) -> bool:
    """Say whether a number stands here that no letter or word after it makes an order of its own."""
    token = _TOKEN.fullmatch(words[at])
    return token is not None and token["number"] is not None and token["letter"] is None
