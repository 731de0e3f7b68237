"""The shelf: files that are the same for everyone are read and packed once, and then given from memory.

A changed file needs a new start, as it does for the service worker; so the mark in its address (`?v=`) says no more
here than that it may be kept for ever, and nobody fills the shelf by marks of their own.

A browser that comes for the first time asks for some forty of them, and after an upgrade all walls and phones come at
once. Read, packed and passed through the app for each, they cost the process that pages 0.1 s and more a browser.
"""

from __future__ import annotations

import gzip
from http import HTTPStatus
from typing import Final, NamedTuple, TypeAlias

from starlette.datastructures import Headers, MutableHeaders

from opsknight.api.guard import App, Message, Receive, Scope, Send

Asked: TypeAlias = tuple[str, bool, bool]
"""The path, whether its address is marked, and whether gzip is taken."""

UNDER: Final = ("/assets/", "/_nicegui/")
ROOM: Final = 24_000_000
"""Bytes that it keeps at most; what comes later is served as if there were no shelf."""
_MARK: Final = b"v="
_FOR_EVERYONE: Final = "public"
_CONDITIONS: Final = ("range", "if-none-match", "if-modified-since", "if-range")
_PACKED: Final = ("text/", "application/javascript", "application/json", "image/svg+xml")
_WORTH_PACKING: Final = 500


class _Kept(NamedTuple):
    headers: list[tuple[bytes, bytes]]
    body: bytes


class Shelf:
    """An ASGI application in front of another that keeps what it calls `public`, packed for whoever takes gzip."""

    def __init__(self, app: App, *, room: int = ROOM) -> None:
        """Stand in front of `app`, with `room` for so many bytes."""
        self._app = app
        self._kept: dict[Asked, _Kept] = {}
        self._room = room

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, socket or lifespan."""
        asked = _asked(scope)
        if asked is None:
            await self._app(scope, receive, send)
        elif (kept := self._kept.get(asked)) is not None:
            await send({"type": "http.response.start", "status": 200, "headers": list(kept.headers)})
            await send({"type": "http.response.body", "body": kept.body})
        else:
            await self._app(scope, receive, self._keeping(asked, send))

    def _keeping(self, asked: Asked, send: Send) -> Send:
        """Return `send` that also keeps the answer, if it may be kept."""
        headers: list[tuple[bytes, bytes]] | None = None
        body = bytearray()

        async def sending(message: Message) -> None:
            nonlocal headers
            if message["type"] == "http.response.start":
                headers = _worth_keeping(message)
            elif message["type"] == "http.response.body" and headers is not None:
                body.extend(message.get("body", b""))
                if not message.get("more_body", False):
                    self._keep(asked, headers, bytes(body))
            await send(message)

        return sending

    def _keep(self, asked: Asked, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        if asked in self._kept:  # several asked at once
            return
        said = MutableHeaders(raw=headers)
        packable = said.get("content-type", "").startswith(_PACKED) and "content-encoding" not in said
        if packable and len(body) >= _WORTH_PACKING:
            said.add_vary_header("Accept-Encoding")
            if asked[-1]:
                body = gzip.compress(body, mtime=0)
                said["Content-Encoding"] = "gzip"
        said["Content-Length"] = str(len(body))
        if len(body) <= self._room:
            self._room -= len(body)
            self._kept[asked] = _Kept(said.raw, body)


def _asked(scope: Scope) -> Asked | None:
    """Return what a request asks for, or None where the shelf has nothing to do with it."""
    if scope["type"] != "http" or scope["method"] != "GET" or not scope["path"].startswith(UNDER):
        return None
    headers, marks = Headers(scope=scope), scope["query_string"]
    if any(name in headers for name in _CONDITIONS) or not (marks == b"" or marks.startswith(_MARK)):
        return None
    return scope["path"], bool(marks), "gzip" in headers.get("accept-encoding", "")


def _worth_keeping(start: Message) -> list[tuple[bytes, bytes]] | None:
    """Return a copy of the headers of an answer that is the same for everyone, None for any other."""
    headers = Headers(raw=list(start.get("headers", [])))
    same = _FOR_EVERYONE in headers.get("cache-control", "") and "set-cookie" not in headers
    return headers.raw if same and start["status"] == HTTPStatus.OK else None
