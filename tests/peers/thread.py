"""An asynchronous peer in a thread and loop of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import TypeVar

from tests.bounds import PATIENCE_S

_Peer = TypeVar("_Peer")


@contextmanager
def in_thread(run: Callable[[], AbstractAsyncContextManager[_Peer]]) -> Iterator[_Peer]:
    """Enter `run()` in a new thread, give what it yields, leave it at the end."""
    started: Future[tuple[_Peer, asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def serve() -> None:
        stop = asyncio.Event()
        async with run() as peer:
            started.set_result((peer, asyncio.get_running_loop(), stop))
            await stop.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="peer", daemon=True)
    thread.start()
    peer, loop, stop = started.result(timeout=PATIENCE_S)
    try:
        yield peer
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(5)
