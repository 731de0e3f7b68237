"""A provider that is called over HTTP: keeps what it is sent, answers as told, misbehaves when told."""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from tests.bounds import PATIENCE_S
from tests.peers.thread import in_thread


@dataclass(slots=True)
class Asked:
    """One request, as it came."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, str]:
        """The body as a form."""
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


@dataclass(slots=True)
class Said:
    """One answer. `takes` says whether the provider has the message then; None is decided by the status.

    `in_pieces` sends the body in two parts with a pause between; `cut_off` ends the connection in between,
    and with `endless` the second part never comes.
    """

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict[str, str])
    takes: bool | None = None
    hang: bool = False
    reset: bool = False
    in_pieces: bool = False
    cut_off: bool = False
    endless: bool = False

    @property
    def is_taken(self) -> bool:
        return 200 <= self.status < 300 if self.takes is None else self.takes


Answering = Callable[[Asked], Said]


def well(_asked: Asked) -> Said:
    """Answer 200 with an empty object."""
    return Said(200, {})


@dataclass(slots=True)
class HttpPeer:
    """What it was sent (`asked`) and what of it is a message that it has (`taken`).

    `answers` are used up one by one, by requests that `refuses` lets have them, then `answering` decides; `check`
    raises AssertionError where a request does not keep to the protocol: it is answered 400 then, and kept in
    `mistakes`.
    """

    origin: str = ""
    answering: Answering = well
    check: Callable[[Asked], object] | None = None
    refuses: Callable[[Asked], bool] = lambda _asked: True
    asked: list[Asked] = field(default_factory=list[Asked])
    taken: list[Asked] = field(default_factory=list[Asked])
    answers: list[Said] = field(default_factory=list[Said])
    mistakes: list[str] = field(default_factory=list[str])
    _arrived: threading.Condition = field(default_factory=threading.Condition)
    _released: asyncio.Event = field(default_factory=asyncio.Event)

    def release(self) -> None:
        """Let go of the requests that hang."""
        self._released.set()

    def wait_for(self, count: int, *, within_s: float = PATIENCE_S) -> list[Asked]:
        """Block until `count` messages were taken; call it from a thread when the loop must go on."""
        with self._arrived:
            came = self._arrived.wait_for(lambda: len(self.taken) >= count, within_s)
        assert came, f"{len(self.taken)} messages after {within_s} s, wanted {count}; mistakes: {self.mistakes}"
        return self.taken

    async def messages_come(self, count: int, *, within_s: float = PATIENCE_S) -> list[Asked]:
        """Wait until `count` messages were taken, and let the loop go on meanwhile."""
        return await asyncio.to_thread(self.wait_for, count, within_s=within_s)

    async def receive(self, request: web.Request) -> web.StreamResponse:
        """Answer one request as told."""
        asked = Asked(request.method, request.path, dict(request.query), dict(request.headers), await request.read())
        self.asked.append(asked)
        if self.check is not None:
            try:
                self.check(asked)
            except (AssertionError, KeyError, ValueError) as mistake:
                self.mistakes.append(str(mistake))
                return web.json_response({"error": f"not to the protocol: {mistake}"}, status=400)
        said = self.answers.pop(0) if self.answers and self.refuses(asked) else self.answering(asked)
        if said.is_taken:
            with self._arrived:
                self.taken.append(asked)
                self._arrived.notify_all()
        if said.hang:
            await self._released.wait()
        if said.reset and request.transport is not None:
            request.transport.abort()
        body = said.body if isinstance(said.body, str) else json.dumps({} if said.body is None else said.body)
        kind = "text/plain" if isinstance(said.body, str) else "application/json"
        if (said.in_pieces or said.cut_off or said.endless) and said.status != 204:
            return await _in_pieces(request, said, body.encode(), kind, released=self._released)
        return web.Response(status=said.status, text=body, content_type=kind, headers=said.headers)


async def _in_pieces(
    request: web.Request, said: Said, body: bytes, kind: str, *, released: asyncio.Event
) -> web.StreamResponse:
    answer = web.StreamResponse(status=said.status, headers={**said.headers, "Content-Type": kind})
    await answer.prepare(request)
    await answer.write(body[: len(body) // 2] or b" ")
    await asyncio.sleep(0.1)
    if said.cut_off and request.transport is not None:
        request.transport.abort()
        raise asyncio.CancelledError
    if said.endless:
        await released.wait()
    await answer.write(body[len(body) // 2 :] or b" ")
    await answer.write_eof()
    return answer


@asynccontextmanager
async def http_peer(*, tls: ssl.SSLContext | None = None) -> AsyncIterator[HttpPeer]:
    """Run the provider in this loop."""
    peer = HttpPeer()
    app = web.Application(client_max_size=2**24)
    app.router.add_route("*", "/{tail:.*}", peer.receive)
    runner = web.AppRunner(app, shutdown_timeout=0, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    peer.origin = f"{'https' if tls else 'http'}://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield peer
    finally:
        peer.release()
        await runner.cleanup()


@contextmanager
def http_peer_in_thread() -> Iterator[HttpPeer]:
    """Run the provider beside the test, for tests that start OpsKnight as a process."""
    with in_thread(http_peer) as peer:
        yield peer
