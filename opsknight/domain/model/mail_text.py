"""Texts in mails: bytes in whatever charset, encoded words in headers (RFC 2047), HTML as a person reads it."""

from __future__ import annotations

import base64
import binascii
import codecs
import html
import quopri
import re
from collections.abc import Iterator
from typing import Final

MAX_HTML: Final = 400_000
"""Characters of HTML that are read."""

_ENCODED: Final = re.compile(r"=\?([^?\s]{1,64})\?([bBqQ])\?([^?]*)\?=")
_FOLD: Final = re.compile(r"\r?\n(?=[ \t])")
_CONTROL: Final = re.compile(r"[\x01-\x08\x0b-\x1f\x7f-\x9f]")
_UNFIT: Final = re.compile("[\0\ud800-\udfff]")
_SPACES: Final = re.compile(r"[ \t\xa0]+")
_LINES: Final = re.compile(r"\n[ \t\n]*\n")
_SLOW: Final = frozenset({"idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined"})
"""Codecs that are no charset of texts; some take time with the square of the length."""
_BOMS: Final = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
                (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))  # fmt: skip
_BLOCK_NAMES: Final = (
    "address article blockquote br dd div dl dt footer form h1 h2 h3 h4 h5 h6 header hr li main ol p pre section"
    " table td th tr ul"
)
_BLOCKS: Final = frozenset(_BLOCK_NAMES.split())
_UNSEEN: Final = {name: re.compile(f"</{name}", re.IGNORECASE) for name in ("head", "script", "style", "template")}
"""What holds nothing to read, by where it ends."""


def decoded(raw: bytes, charset: str) -> str:
    """Return the text that bytes mean: by their mark, as declared, as UTF-8, or as Windows' Latin; never fails."""
    for mark, name in _BOMS:
        if raw.startswith(mark):
            return raw.decode(name, "replace")
    for name in (_codec(charset), "utf-8"):
        try:
            return raw.decode(name)
        except (LookupError, UnicodeError):
            continue
    if raw.count(0) * 3 > len(raw):  # every other byte of Latin letters in UTF-16 is none
        return raw.decode("utf-16-le" if raw[1::2].count(0) >= raw[::2].count(0) else "utf-16-be", "replace")
    return raw.decode("cp1252", "replace")


def of_header(value: str) -> str:
    """Return what a header says on one line, its encoded words decoded; `value` is as the parser keeps it."""
    text = decoded(value.encode("utf-8", "surrogateescape"), "")
    text = _FOLD.sub("", text)
    if "=?" in text:
        text = "".join(_words(text))
    return " ".join(clean(text).split())


def clean(text: str) -> str:
    """Return a text that can be stored and shown: line ends as one character, no control characters."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROL.sub("", _UNFIT.sub("\ufffd", text))


def of_html(source: str) -> str:
    """Return what a person would read of HTML, in one pass over it: blocks on lines of their own, nothing unseen."""
    source = source[:MAX_HTML]
    said: list[str] = []
    at = 0
    while (opens := source.find("<", at)) >= 0:
        said.append(source[at:opens])
        if not (source[opens + 1 : opens + 2].isalpha() or source[opens + 1 : opens + 2] in {"/", "!", "?"}):
            said.append("<")
            at = opens + 1
            continue
        is_comment = source.startswith("<!--", opens)
        closes = source.find("-->", opens) + 2 if is_comment else source.find(">", opens)
        if closes < 2:
            at = len(source)
            break
        at = closes + 1
        name = source[opens + 1 : closes].lstrip("/ ").split(None, 1)[:1]
        tag = name[0].rstrip("/").lower() if name else ""
        if tag in _UNSEEN and source[opens + 1] != "/":
            ends = _UNSEEN[tag].search(source, at)
            at = ends.start() if ends else len(source)
        elif tag in _BLOCKS:
            said.append("\n")
    said.append(source[at:])
    text = _SPACES.sub(" ", html.unescape("".join(said)))
    return _LINES.sub("\n\n", "\n".join(line.strip() for line in text.splitlines())).strip()


def _codec(charset: str) -> str:
    """Return the name of the codec of a charset, UTF-8 where there is none that is fit for texts."""
    try:
        name = codecs.lookup(charset.strip("\"' ")).name if charset else "utf-8"
    except (LookupError, UnicodeError, ValueError):
        return "utf-8"
    return "utf-8" if name.replace("_", "-") in _SLOW else name


def _words(text: str) -> Iterator[str]:
    """Yield the parts of a header; neighbours in one charset are one text, of which a letter may be cut in two."""
    held, charset, at = b"", "", 0
    for word in _ENCODED.finditer(text):
        between = text[at : word.start()]
        named = word[1].partition("*")[0].lower()
        if held and (between.strip() or named != charset):
            yield decoded(held, charset)
            held = b""
        if between.strip() or at == 0:
            yield between
        held, charset, at = held + _bytes(word[2], word[3]), named, word.end()
    if held:
        yield decoded(held, charset)
    yield text[at:]


def _bytes(way: str, said: str) -> bytes:
    raw = said.encode("utf-8", "surrogateescape")
    if way in "qQ":
        return quopri.decodestring(raw, header=True)
    raw = bytes(one for one in raw if one not in b" \t\r\n")
    try:
        return base64.b64decode(raw + b"=" * (-len(raw) % 4))
    except (binascii.Error, ValueError):
        return raw
