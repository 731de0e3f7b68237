"""Asking Amazon SNS outside of every request: for the certificates it signs with, and that it may send.

No delivery waits for AWS: what needs a certificate that is not here yet is answered 503 and comes again.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

import aiohttp
import structlog

from opsknight.api.sns import is_of_sns
from opsknight.outbound import connector

log = structlog.get_logger(__name__)

WITHIN_S: Final = 10.0
"""For one question, from the name's look-up to the last byte."""
AT_ONCE: Final = 4
WAITING: Final = 64
"""Questions that may wait; what is more is dropped, and asked for again by the next delivery."""
KEPT: Final = 32
"""Certificates in memory, those fetched last; SNS has one for each of its regions, and a new one once in a while."""
MAX_BYTES: Final = 65_536
AGAIN_AFTER_S: Final = (0.0, 2.0, 10.0)
"""How long each try waits first, before the question is given up."""


_CONNECT: Final = partial(connector, allow_private=True)


class Fetcher:
    """Gets what SNS has; `run` works until it is cancelled.

    `connect` makes the pool of connections; `waits_s` is how long each try of a question waits first.
    """

    def __init__(
        self,
        connect: Callable[[], aiohttp.BaseConnector] = _CONNECT,
        *,
        waits_s: Sequence[float] = AGAIN_AFTER_S,
    ) -> None:
        """Connect with the first question."""
        self._connect = connect
        self._waits_s = waits_s
        self._certificates: OrderedDict[str, bytes] = OrderedDict()
        self._asked: set[str] = set()
        self._waiting: asyncio.Queue[tuple[str, bool]] = asyncio.Queue(WAITING)

    @property
    def certificates(self) -> Mapping[str, bytes]:
        """What has been fetched, as PEM by address."""
        return self._certificates

    async def settled(self) -> None:
        """Wait until nothing is being asked, nor waits to be."""
        await self._waiting.join()

    def want(self, url: str) -> None:
        """Fetch the certificate at `url` soon, once, however often it is wanted meanwhile."""
        self._ask(url, keep=True)

    def confirm(self, url: str) -> None:
        """Tell SNS soon, by getting `url`, that a topic may send to the address that it asked for."""
        self._ask(url, keep=False)

    async def run(self) -> None:
        """Ask what is to be asked, for ever."""
        async with aiohttp.ClientSession(connector=self._connect()) as session, asyncio.TaskGroup() as workers:
            for _ in range(AT_ONCE):
                workers.create_task(self._work(session))

    def _ask(self, url: str, *, keep: bool) -> None:
        if url in self._asked or not is_of_sns(url):
            return
        try:
            self._waiting.put_nowait((url, keep))
        except asyncio.QueueFull:
            log.warning("too many questions to Amazon SNS wait; one was dropped")
        else:
            self._asked.add(url)

    async def _work(self, session: aiohttp.ClientSession) -> None:
        while True:
            url, keep = await self._waiting.get()
            try:
                body = await _tried(session, url, self._waits_s)
                if keep and body is not None:
                    self._keep(url, body)
                elif body is not None:
                    log.info("a subscription of Amazon SNS is confirmed", host=url.split("/")[2])
            finally:
                self._asked.discard(url)
                self._waiting.task_done()

    def _keep(self, url: str, body: bytes) -> None:
        if not body.startswith(b"-----BEGIN CERTIFICATE-----"):
            log.warning("Amazon SNS gave something else than a certificate", host=url.split("/")[2])
            return
        self._certificates[url] = body
        while len(self._certificates) > KEPT:
            self._certificates.popitem(last=False)


async def _tried(session: aiohttp.ClientSession, url: str, waits_s: Sequence[float]) -> bytes | None:
    """Return what stands at `url`, None where every try failed; that is logged, without the token in the address."""
    error = ""
    for wait_s in waits_s:
        await asyncio.sleep(wait_s)
        try:
            async with (
                asyncio.timeout(WITHIN_S),
                session.get(url, allow_redirects=False) as answer,
            ):
                if answer.status == 200:
                    return await _read(answer)
                error = f"status {answer.status}"
                if answer.status < 500:  # asking again would change nothing
                    break
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as accident:
            error = type(accident).__name__
    log.warning(
        "Amazon SNS did not give what was asked; let this machine reach it, then send again or request confirmation",
        host=url.split("/")[2],
        error=error,
    )
    return None


async def _read(answer: aiohttp.ClientResponse) -> bytes:
    """Return the body, cut off after MAX_BYTES: no certificate is as long."""
    body = b""
    async for chunk in answer.content.iter_chunked(8192):
        body += chunk
        if len(body) >= MAX_BYTES:
            break
    return body
