"""HTTP as uvicorn speaks it, with a short cut for small requests that one call can answer.

A request in uvicorn is a dictionary, an event, a task and two messages back; where most requests are
a kilobyte in and a hundred bytes out, that is as much work as what they ask for. The short cut takes
a small POST to a given prefix as headers and body, and gives the answer back as bytes. Whatever is
out of the ordinary goes uvicorn's own way, as if there were no short cut.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Final, TypeAlias, cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

Answer: TypeAlias = Callable[[int, bytes, bytes], None]
"""Called once, in any later turn of the loop: status, header lines (each ended by CR LF), body."""
ShortCut: TypeAlias = Callable[[bytes, list[tuple[bytes, bytes]], bytes, Answer], bool]
"""Takes URL, headers by lower-case name, body, and whom to answer; False: the request goes the long way."""

SMALL: Final = 16_384
"""Bodies longer than this, in bytes, go the long way."""


class _NoEvent:
    """Stands where uvicorn has an event that somebody may wait for; nobody does."""

    def set(self) -> None:
        """Wake nobody."""


_NOBODY_WAITS: Final = _NoEvent()


class _Quick:
    """A request on the short cut, as uvicorn's protocol looks at one that is in flight."""

    __slots__ = ("_protocol", "disconnected", "keep_alive", "message_event", "response_complete")

    def __init__(self, protocol: QuickProtocol, *, keep_alive: bool) -> None:
        self._protocol = protocol
        self.keep_alive = keep_alive
        self.message_event = _NOBODY_WAITS
        self.disconnected = False
        self.response_complete = False

    def answer(self, status: int, headers: bytes, body: bytes) -> None:
        """Write the whole answer, unless the sender has hung up."""
        self.response_complete = True
        if self.disconnected:
            return
        protocol = self._protocol
        closing = b"" if self.keep_alive else b"connection: close\r\n"
        length = b"content-length: %d\r\n\r\n" % len(body)
        protocol.transport.write(b"".join((STATUS_LINE[status], protocol.common(), headers, closing, length, body)))
        if not self.keep_alive:
            protocol.transport.close()
        protocol.on_response_complete()


class QuickProtocol(HttpToolsProtocol):
    """uvicorn's protocol on httptools, with `short_cut` for POSTs whose URL begins with `prefix`."""

    prefix: ClassVar[bytes] = b""
    short_cut: ClassVar[ShortCut | None] = None

    _parts: list[bytes] | None = None
    """The body so far of a request that may take the short cut."""
    _size = 0
    _known_headers: ClassVar[tuple[Any, bytes]] = (None, b"")

    def common(self) -> bytes:
        """Return the header lines of every answer, which change once a second."""
        headers = self.server_state.default_headers
        known, lines = QuickProtocol._known_headers
        if known is not headers:
            lines = b"".join(b"%s: %s\r\n" % header for header in headers)
            QuickProtocol._known_headers = headers, lines
        return lines

    def on_message_begin(self) -> None:
        """Begin a request; what the long way needs is made when it is taken."""
        self.url = b""
        self.expect_100_continue = False
        self.headers = []

    def on_headers_complete(self) -> None:
        """Choose the way, as far as the headers tell."""
        cycle, parser = self.cycle, cast("Any", self.parser)
        self._parts = None
        if (
            self.short_cut is not None
            and self.url.startswith(self.prefix)
            and parser.get_method() == b"POST"
            and (cycle is None or cycle.response_complete)
            and not self.expect_100_continue
            and not self.flow.write_paused
            and not parser.should_upgrade()
        ):
            self._parts, self._size = [], 0
            return
        self._go_the_long_way()

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        if self._parts is None:
            super().on_body(body)
            return
        self._parts.append(body)
        self._size += len(body)
        if self._size > SMALL:
            self._go_the_long_way()

    def on_message_complete(self) -> None:
        """Hand over the request when it is whole."""
        parts = self._parts
        if parts is None:
            super().on_message_complete()
            return
        short_cut, before = type(self).short_cut, self.cycle
        parser = cast("Any", self.parser)
        keep_alive = parser.get_http_version() != "1.0" and parser.should_keep_alive()
        quick = _Quick(self, keep_alive=keep_alive)
        self.cycle = cast("Any", quick)
        body = parts[0] if len(parts) == 1 else b"".join(parts)
        if short_cut is not None and short_cut(self.url, self.headers, body, quick.answer):
            self._parts = None
            return
        self.cycle = before
        self._go_the_long_way()
        super().on_message_complete()

    def _go_the_long_way(self) -> None:
        """Do as uvicorn would have done from the beginning."""
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expects
        self.headers.extend(headers)
        super().on_headers_complete()
        parts, self._parts = self._parts, None
        for part in parts or ():
            super().on_body(part)


def with_short_cut(prefix: bytes, short_cut: ShortCut) -> type[QuickProtocol]:
    """Return the protocol whose POSTs to `prefix` try `short_cut` first."""
    return type("ShortCutProtocol", (QuickProtocol,), {"prefix": prefix, "short_cut": staticmethod(short_cut)})
