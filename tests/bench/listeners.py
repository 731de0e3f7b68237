"""Boards without a browser: bare sockets that speak as one does and hear all that it hears.

A process of its own, so that a hundred of them hold up nothing that is measured: reads the cookie from its
input, says `listening` once each board has heard that all is live, and at the end of its input how many
messages and bytes came, which boards were lost, and when each board was told of changes.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from contextlib import AsyncExitStack
from uuid import uuid4

import httpx
import websockets
from websockets.typing import Origin

BEAT = '42["beat"'
"""How an event begins that tells a board that all is live."""
CHANGES = '42["board"'
"""How one begins that tells it what changed."""


class Listeners:
    """What the boards heard, of all together."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.messages = 0
        self.received = 0
        self.lost: list[str] = []
        self.told_at: list[list[float]] = []
        self._live: set[websockets.ClientConnection] = set()
        self._changed = asyncio.Condition()

    async def all_live(self, number: int) -> None:
        """Return once `number` boards have heard that all is live, or one was lost."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self._live) >= number or self.lost)

    async def listen(self, socket: websockets.ClientConnection) -> None:
        """Take all that comes, for as long as the connection lasts."""
        told_at: list[float] = []
        self.told_at.append(told_at)
        await socket.recv()
        await socket.send("40")
        try:
            async for message in socket:
                if message == "2":
                    await socket.send("3")
                elif message.startswith(CHANGES):
                    told_at.append(time.time())
                elif message.startswith(BEAT):
                    await self._is_live(socket)
                self.messages += 1
                self.received += len(message)
        except websockets.ConnectionClosed as closed:
            self.lost.append(str(closed))
            await self._is_live(socket)

    async def _is_live(self, socket: websockets.ClientConnection) -> None:
        if socket in self._live:
            return
        async with self._changed:
            self._live.add(socket)
            self._changed.notify_all()


async def main(base_url: str, number: int) -> None:
    """Open `number` boards and count until the input ends."""
    read = asyncio.get_running_loop().run_in_executor
    cookie = (await read(None, sys.stdin.readline)).strip()
    boards = Listeners()
    async with AsyncExitStack() as stack, asyncio.TaskGroup() as group:
        pages = httpx.AsyncClient(base_url=base_url, headers={"Cookie": cookie}, timeout=30)
        listening: list[asyncio.Task[None]] = []
        for _ in range(number):
            page = (await pages.get("/incidents")).text
            socket = await stack.enter_async_context(_socket(base_url, cookie, page))
            listening.append(group.create_task(boards.listen(socket)))
        await pages.aclose()
        await boards.all_live(number)
        print("listening", flush=True)
        await read(None, sys.stdin.read)
        for task in listening:
            task.cancel()
    print(json.dumps([boards.messages, boards.received, boards.lost, boards.told_at]))


def _socket(base_url: str, cookie: str, page: str) -> websockets.connect:
    client_id = re.search(r"'client_id': '([0-9a-f-]+)'", page)
    if client_id is None:
        raise RuntimeError("the page names no client; is the cookie's session over?")
    tab = uuid4()
    query = (
        f"client_id={client_id[1]}&tab_id={tab}&document_id={tab}&next_message_id=0&implicit_handshake=true"
        "&EIO=4&transport=websocket"
    )
    address = base_url.replace("http", "ws", 1) + f"/_nicegui_ws/socket.io/?{query}"
    return websockets.connect(
        address, origin=Origin(base_url), additional_headers={"Cookie": cookie}, max_size=None, ping_interval=None
    )


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
