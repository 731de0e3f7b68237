"""A mail as it comes in, line by line, without what is attached to it: an attachment is never in memory.

What is kept is the mail itself, byte for byte, but for the bodies of its attachments.
Source: RFC 2046 §5.1 (multipart).
"""

from __future__ import annotations

import re
from typing import Final

MAX_HEAD: Final = 65_536
"""Bytes of the headers of one part that are kept."""
MAX_DEPTH: Final = 32
"""Parts inside parts that are looked into."""

_KIND: Final = re.compile(rb"^content-type[ \t]*:[ \t]*([^\r\n]*)", re.IGNORECASE | re.MULTILINE)
_DISPOSITION: Final = re.compile(rb"^content-disposition[ \t]*:[ \t]*attachment", re.IGNORECASE | re.MULTILINE)
_BOUNDARY: Final = re.compile(rb"""boundary[ \t]*=[ \t]*(?:"([^"]{1,200})"|([^\s;"]{1,200}))""", re.IGNORECASE)
_NAMED: Final = re.compile(rb"\b(?:file)?name\*?[\d*]{0,5}[ \t]*=", re.IGNORECASE)
_FOLD: Final = re.compile(rb"\r?\n[ \t]+")
_REPORTS: Final = (
    b"message/delivery-status",
    b"message/global-delivery-status",
    b"message/disposition-notification",
)
"""What a mail server reports in, whatever it calls that."""


class Slim:
    """Takes the lines of one mail and keeps at most `limit` bytes of it; `cut` says that there was more to keep."""

    def __init__(self, limit: int) -> None:
        """Begin before the first line."""
        self._limit = limit
        self._kept = bytearray()
        self._head = bytearray()
        self._in_head = True
        self._dropping = False
        self._dropped = 0
        self._boundaries: list[bytes] = []
        self.cut = False

    def feed(self, line: bytes, *, begins: bool) -> None:
        """Take one line, or where not `begins` what more belongs to the one before."""
        if begins and self._boundaries and line.startswith(b"--") and self._at_boundary(line):
            return
        if self._in_head:
            self._take_head(line, ends=begins and line in (b"\r\n", b"\n"))
        elif self._dropping:
            self._dropped += len(line)
        else:
            self._keep(line)

    def body(self) -> bytes:
        """Return what is kept of the lines so far."""
        self._tell_dropped()
        return bytes(self._kept)

    def _at_boundary(self, line: bytes) -> bool:
        """Begin a new part, or end the last, where `line` says so."""
        said = line.rstrip()
        for place in range(len(self._boundaries) - 1, -1, -1):
            mark = b"--" + self._boundaries[place]
            if said not in (mark, mark + b"--"):
                continue
            self._tell_dropped()
            ends = said != mark
            del self._boundaries[place if ends else place + 1 :]
            self._in_head, self._dropping = not ends, False
            self._head.clear()
            self._keep(line)
            return True
        return False

    def _take_head(self, line: bytes, *, ends: bool) -> None:
        if len(self._head) + len(line) <= MAX_HEAD:
            self._head += line
            self._keep(line)
        if ends:
            self._in_head = False
            self._dropping = self._is_attachment(_FOLD.sub(b" ", bytes(self._head)))
            self._head.clear()

    def _is_attachment(self, head: bytes) -> bool:
        """Say whether the part that follows `head` is dropped; of a multipart, note what stands between its parts."""
        found = _KIND.search(head)
        kind = found[1].strip().lower() if found else b""
        if kind.startswith(b"multipart/"):
            boundary = _BOUNDARY.search(found[1]) if found else None
            if boundary is not None and len(self._boundaries) < MAX_DEPTH:
                self._boundaries.append((boundary[1] or boundary[2]).rstrip())
            return False
        if not self._boundaries:
            return b"/" in kind and not kind.startswith(b"text/")  # “plain” alone is what some call a text
        if kind.startswith(_REPORTS):
            return False
        if _DISPOSITION.search(head) or _NAMED.search(head):
            return True
        return bool(kind) and not kind.startswith(b"text/")

    def _tell_dropped(self) -> None:
        if self._dropped:
            self._keep(b"(%d bytes were dropped by OpsKnight)\r\n" % self._dropped)
            self._dropped = 0

    def _keep(self, line: bytes) -> None:
        if not self.cut and len(self._kept) + len(line) <= self._limit:
            self._kept += line
        else:
            self.cut = True
