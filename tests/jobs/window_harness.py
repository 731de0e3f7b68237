"""The native window with its peer, for the contract of channels: a post office that is reached over a network."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from opsknight.clock import Clock
from opsknight.jobs.channels.channel import Address, Channel, Drawer, Presence
from opsknight.jobs.channels.window import WindowChannel


class Mood(StrEnum):
    """What the office does with a message that was handed over."""

    SILENT = "silent"
    HANGS_UP = "hangs up"


@dataclass
class Office:
    """Takes one message a connection, and answers how the window was found."""

    port: int = 0
    taken: set[str] = field(default_factory=set[str])
    next: list[Presence] = field(default_factory=list[Presence])
    mood: Mood | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            message_id = (await reader.readline()).decode().strip()
            if not message_id:
                return
            found = self.next.pop(0) if self.next else Presence.OPEN
            if found is Presence.OPEN:
                self.taken.add(message_id)
            if self.mood is Mood.SILENT:
                await asyncio.sleep(3600)
            if self.mood is None:
                writer.write(f"{found}\n".encode())
                await writer.drain()
        finally:
            writer.close()


@dataclass
class Visit:
    """What the channel does at the office's window."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def put(self, address: str, message_id: UUID, payload: Mapping[str, Any], *, lasts: timedelta) -> Presence:
        assert address
        assert payload["tag"]
        assert lasts > timedelta()
        self.writer.write(f"{message_id}\n".encode())
        await self.writer.drain()
        answer = (await self.reader.readline()).decode().strip()
        if not answer:
            raise ConnectionResetError("connection was closed in the middle of operation")
        return Presence(answer)

    async def replace(self, message_id: UUID, payload: Mapping[str, Any], *, lasts: timedelta) -> None:
        raise AssertionError(f"nothing is amended here: {message_id}, {payload}, {lasts}")

    async def has(self, message_id: UUID) -> bool:
        raise AssertionError(f"nothing is asked for here: {message_id}")


@dataclass
class Way:
    """The way to an office."""

    host: str
    port: int
    secure: bool = False

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Drawer]:
        reader, writer = await asyncio.open_connection(self.host, self.port, ssl=self.secure or None)
        try:
            yield Visit(reader, writer)
        finally:
            writer.close()


@dataclass
class WindowHarness:
    office: Office
    silent: socket.socket
    address: Address = field(default_factory=lambda: Address("a-window"))

    def channel(self, *, budget_s: float = 5.0) -> Channel:
        return WindowChannel(Way("127.0.0.1", self.office.port), now=Clock().now, budget_s=budget_s)

    def taken(self) -> int:
        return len(self.office.taken)

    def refuse_for_now(self) -> None:
        self.office.next.append(Presence.CLOSED)

    def refuse_for_good(self) -> None:
        self.office.next.append(Presence.GONE)

    def nobody_answers(self, *, budget_s: float) -> tuple[Channel, Address]:
        way = Way("127.0.0.1", self.silent.getsockname()[1])
        return WindowChannel(way, now=Clock().now, budget_s=budget_s), self.address

    def hang_after_handover(self) -> None:
        self.office.mood = Mood.SILENT

    def drop_after_handover(self) -> None:
        self.office.mood = Mood.HANGS_UP

    def elsewhere(self, host: str, port: int) -> tuple[Channel, Address]:
        return WindowChannel(Way(host, port, secure=port != 443), now=Clock().now), self.address

    @asynccontextmanager
    async def speaking_tls(self, tls: ssl.SSLContext) -> AsyncIterator[tuple[Channel, Address]]:
        server = await asyncio.start_server(self.office.serve, "127.0.0.1", 0, ssl=tls)
        async with server:
            way = Way("127.0.0.1", server.sockets[0].getsockname()[1], secure=True)
            yield WindowChannel(way, now=Clock().now), self.address


@asynccontextmanager
async def window_harness(silent: socket.socket) -> AsyncIterator[WindowHarness]:
    office = Office()
    server = await asyncio.start_server(office.serve, "127.0.0.1", 0)
    office.port = server.sockets[0].getsockname()[1]
    try:
        yield WindowHarness(office, silent)
    finally:
        server.close()
