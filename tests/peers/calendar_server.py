"""A web server with one calendar on it, which it can refuse, move, let grow and forget to give."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web


def ics(*events: str, name: str = "Team calendar") -> str:
    """Return a calendar of `events`, each written as `20261124T120000Z/20261125T120000Z Ada`."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", f"X-WR-CALNAME:{name}"]
    for number, event in enumerate(events):
        span, _, who = event.partition(" ")
        start, end = span.split("/")
        lines += ["BEGIN:VEVENT", f"UID:{number}", f"DTSTART:{start}", f"DTEND:{end}", f"SUMMARY:{who}", "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""])


@dataclass(slots=True)
class CalendarServer:
    """`url` is the calendar's address; `body`, `status`, `etag` and `moved_to` are what it answers."""

    port: int = 0
    body: str | bytes = ""
    status: int = 200
    etag: str = ""
    moved_to: str = ""
    packing: str = ""
    """What the body is packed with, which it is already."""
    hangs: bool = False
    asked: list[str] = field(default_factory=list[str])
    """If-None-Match of each request, "" where there was none."""

    @property
    def url(self) -> str:
        """Where the calendar is."""
        return f"http://localhost:{self.port}/secret-path/basic.ics"

    async def answer(self, request: web.Request) -> web.Response:
        """Answer one request."""
        self.asked.append(request.headers.get("If-None-Match", ""))
        if self.hangs:
            await asyncio.sleep(60)
        if self.moved_to and request.path != "/moved.ics":
            return web.Response(status=302, headers={"Location": self.moved_to})
        if self.etag and self.etag == request.headers.get("If-None-Match"):
            return web.Response(status=304, headers={"ETag": self.etag})
        body = self.body.encode() if isinstance(self.body, str) else self.body
        headers = {"ETag": self.etag} if self.etag else {}
        if self.packing:
            headers["Content-Encoding"] = self.packing
        return web.Response(status=self.status, body=body, headers=headers)


@asynccontextmanager
async def calendar_server() -> AsyncIterator[CalendarServer]:
    """Run such a server on this machine."""
    server = CalendarServer()
    app = web.Application()
    app.router.add_get("/{path:.*}", server.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.port = runner.addresses[0][1]
    try:
        yield server
    finally:
        await runner.cleanup()
