"""What a person wrote into the answer to a mail: its first line of their own, without what they quote or sign.

Only that line is read, so that nothing which merely stands in the mail that is answered can do anything. Where a line
cannot be told from a quotation it counts as the person's own: it is then not understood, rather than passed over.
Source: RFC 3676 §4.3 and §4.5 (the signs of a signature, and of what is quoted).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from opsknight.domain.model.mail_text import of_html
from opsknight.domain.model.speech import later

READ_AT_MOST: Final = 20_000
"""Characters of a mail in which its first line of its own is looked for."""
HELP: Final = later(
    "Answer with one line: ack, resolve or escalate for what a mail was about, ack all, or a number with a letter:"
    " 12a acknowledges #12, 12r resolves it, 12e escalates it."
)
HINT: Final = later("Or answer this mail with ack, resolve or escalate.")

_QUOTED: Final = (">", "|", "\u203a")
_ENDS: Final = (
    re.compile(r"[-_=\u2014]{2,}.*"),  # a signature, “-----Original Message-----”, “________”
    re.compile(r"\*?(?:from|von|de|da|van|fra|fr\u00e5n|od|l\u00e4hett\u00e4j\u00e4)\*?\s*:\*?.*", re.IGNORECASE),
    re.compile(
        r"(?:sent|get|gesendet|envoy\u00e9|enviado|inviato|verzonden)"
        r" (?:from|outlook|von|depuis|desde|da|vanaf)\b.*",
        re.IGNORECASE,
    ),
)
"""Lines with which a person's own text is over: a signature, or the mail that is answered, as Outlook puts it there."""
_INTRODUCED_WITHIN: Final = 4
"""Lines of the sentence that introduces what is quoted, as in “On Monday … wrote:”."""
_WRAPPED_FROM: Final = 40
"""A line of that sentence which goes on in the next one is at least so long; what a person orders is shorter."""
_HTML_ENDS: Final = re.compile(
    r"<blockquote|<hr\b|gmail_quote|gmail_signature|moz-cite|yahoo_quoted|divrplyfwdmsg|appendonsend|protonmail_quote",
    re.IGNORECASE,
)
"""What begins the mail that is answered in HTML, or stands in the tag that does."""


def first_own_line(text: str) -> str:
    """Return the first line of a mail's text that its writer wrote, "" where there is none. Never raises."""
    lines = ["".join(filter(_is_seen, line)).strip() for line in text[:READ_AT_MOST].splitlines()]
    at = 0
    while at < len(lines):
        line = lines[at]
        if any(end.fullmatch(line) for end in _ENDS):
            return ""
        if line and not line.startswith(_QUOTED):
            introduced = _introduced(lines, at)
            if introduced is None:
                return line
            at = introduced
        at += 1
    return ""


def own_html(source: str) -> str:
    """Return what a person would read of the HTML of an answer, up to where the mail that is answered begins."""
    ends = _HTML_ENDS.search(source)
    return of_html(source[: max(0, source.rfind("<", 0, ends.start() + 1))] if ends else source)


def _introduced(lines: Sequence[str], at: int) -> int | None:
    """Return the last line of what introduces a quotation, where a sentence that begins at `at` does; else None."""
    for end in range(at, min(at + _INTRODUCED_WITHIN, len(lines))):
        line = lines[end]
        if not line or line.startswith(_QUOTED):
            return None
        if line.endswith((":", "\uff1a")):
            follows = next((one for one in lines[end + 1 :] if one), "")
            return end if follows.startswith(_QUOTED) else None
        if len(line) < _WRAPPED_FROM:
            return None
    return None


def _is_seen(char: str) -> bool:
    """Say whether a character is more than a mark that no reader sees, as some programs put around a text."""
    return unicodedata.category(char) not in ("Cf", "Cc") or char == "\t"
