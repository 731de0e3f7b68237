"""The short cut for small requests: whoever takes it, and whoever does not, is answered as HTTP wants it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvicorn

from opsknight.wire import SMALL, Answer, with_short_cut
from tests.bounds import PATIENCE_S
from tests.ports import free_port

HELLO = b"POST /quick/a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"


@dataclass
class Quick:
    """A short cut that answers at once, or when it is told to."""

    port: int = 0
    taken: list[tuple[bytes, bytes]] = field(default_factory=list)
    waiting: list[Answer] = field(default_factory=list)
    holds: bool = False
    refuses: bool = False

    def take(self, url: bytes, _headers: list[tuple[bytes, bytes]], body: bytes, answer: Answer) -> bool:
        if self.refuses:
            return False
        self.taken.append((url, body))
        if self.holds:
            self.waiting.append(answer)
        else:
            asyncio.get_running_loop().call_soon(answer, 202, b"content-type: text/plain\r\n", b"quick")
        return True

    async def app(self, scope: Any, receive: Any, send: Any) -> None:
        """The long way: tells what it was sent."""
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        told = f"long {scope['method']} {scope['path']} {len(body)}".encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(told))]})
        await send({"type": "http.response.body", "body": told})

    async def says(self, *parts: bytes, answers: int = 1) -> bytes:
        """Send bytes, part by part, on one connection; return what came back once it holds so many answers."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        said = b""
        try:
            for part in parts:
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(0.01)
            async with asyncio.timeout(PATIENCE_S):
                while said.count(b"HTTP/1.1 ") < answers or not said.rstrip().endswith((b"quick", b"5", b"0", b"1")):
                    chunk = await reader.read(65_536)
                    if not chunk:
                        break
                    said += chunk
        finally:
            writer.close()
        return said


@pytest.fixture
async def quick() -> AsyncIterator[Quick]:
    made = Quick(port=free_port())
    config = uvicorn.Config(
        made.app,
        port=made.port,
        interface="asgi3",
        lifespan="off",
        log_config=None,
        http=with_short_cut(b"/quick/", made.take),
    )
    server = uvicorn.Server(config)
    serving = asyncio.get_running_loop().create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  # uvicorn has no event for it
        await asyncio.sleep(0.01)
    yield made
    server.should_exit = True
    await serving


async def test_a_small_post_takes_the_short_cut_and_the_connection_stays_open(quick: Quick):
    said = await quick.says(HELLO, HELLO, answers=2)

    assert quick.taken == [(b"/quick/a", b"hello")] * 2
    assert said.count(b"HTTP/1.1 202 Accepted\r\n") == 2
    assert b"connection: close" not in said


@pytest.mark.parametrize("cut", [1, 20, 60, len(HELLO) - 2])
async def test_it_does_not_matter_where_the_network_cuts_a_request(quick: Quick, cut: int):
    await quick.says(HELLO[:cut], HELLO[cut:])

    assert quick.taken == [(b"/quick/a", b"hello")]


async def test_two_requests_sent_at_once_are_answered_in_their_order(quick: Quick):
    get = b"GET /page HTTP/1.1\r\nHost: x\r\n\r\n"

    said = await quick.says(HELLO + get + HELLO, answers=3)

    first, second = said.index(b"quick"), said.index(b"long GET /page 0")
    assert first < second < said.index(b"long POST /quick/a 5")  # behind another, it goes the long way


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        (b"POST /other HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", b"long POST /other 5"),
        (b"PUT /quick/a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", b"long PUT /quick/a 5"),
        (
            b"POST /quick/a HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (SMALL + 1) + b"x" * (SMALL + 1),
            b"long POST /quick/a %d" % (SMALL + 1),
        ),
        (
            b"POST /quick/a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello",
            b"long POST /quick/a 5",
        ),
    ],
    ids=["another place", "another method", "too large", "asks first"],
)
async def test_what_is_out_of_the_ordinary_goes_the_long_way(quick: Quick, request_: bytes, told: bytes):
    said = await quick.says(request_)

    assert told in said
    assert quick.taken == []


async def test_what_the_short_cut_does_not_want_goes_the_long_way_whole(quick: Quick):
    quick.refuses = True

    said = await quick.says(HELLO)

    assert b"long POST /quick/a 5" in said


async def test_a_sender_that_asks_for_it_is_hung_up_on_after_the_answer(quick: Quick):
    said = await quick.says(HELLO.replace(b"Host: x", b"Host: x\r\nConnection: close"))

    assert b"connection: close\r\n" in said
    assert said.endswith(b"quick")


async def test_a_sender_that_hung_up_before_the_answer_harms_nobody(quick: Quick):
    quick.holds = True
    _, writer = await asyncio.open_connection("127.0.0.1", quick.port)
    writer.write(HELLO)
    while not quick.waiting:  # noqa: ASYNC110  # a request on its way is no event of ours
        await asyncio.sleep(0.01)
    writer.transport.abort()
    await asyncio.sleep(0.05)

    quick.waiting[0](202, b"", b"quick")

    quick.holds = False
    assert b"202 Accepted" in await quick.says(HELLO)


async def test_a_chunked_body_is_taken_whole(quick: Quick):
    chunked = b"POST /quick/a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"

    await quick.says(chunked)

    assert quick.taken == [(b"/quick/a", b"hello")]
