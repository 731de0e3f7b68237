"""Connections to addresses that people gave us: checked when they are made, whatever the name resolves to."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final, TypeAlias

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from opsknight.domain.model.web_address import is_public

_AS_NUMBERS: Final = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
Found: TypeAlias = tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[Any, ...]]


class Blocked(OSError):
    """The name led to an address inside a private network."""


class Names(AbstractResolver):
    """Looks names up as the system does, which knows all that the machine's other programs do."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of `host`."""
        return [
            ResolveResult(
                hostname=host, host=_numbers(address), port=port, family=found, proto=protocol, flags=_AS_NUMBERS
            )
            for found, _, protocol, _, address in await looked_up(host, port, family=family, flags=socket.AI_ADDRCONFIG)
        ]

    async def close(self) -> None:
        """Do nothing: nothing is open."""


async def looked_up(
    host: str, port: int, *, family: socket.AddressFamily = socket.AF_UNSPEC, flags: int = 0
) -> Sequence[Found]:
    """Return the addresses of `host`, asked for in a thread of its own, which keeps no process alive.

    The loop has two threads for all look-ups (libuv), or a handful (asyncio): a few names whose server is silent
    would have every other channel wait for them.

    Raises:
        OSError: there are none.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Sequence[Found]] = loop.create_future()

    def tell(found: Sequence[Found] | Exception) -> None:
        if done.done():  # nobody waits any more
            return
        if isinstance(found, Exception):
            done.set_exception(found)
        else:
            done.set_result(found)

    def look_up() -> None:
        found: Sequence[Found] | Exception
        try:
            found = socket.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM, flags=flags)
        except Exception as error:  # noqa: BLE001  # whatever it is, who asked is told
            found = error
        with suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(tell, found)

    threading.Thread(target=look_up, name=f"name {host}", daemon=True).start()
    return await done


async def connected(host: str, port: int) -> socket.socket:
    """Return a socket that is connected to `host`, by the first of its addresses that takes it.

    Raises:
        OSError: none does, or there is none.
    """
    loop, failed = asyncio.get_running_loop(), OSError(f"{host} has no address")
    for family, kind, protocol, _, address in await looked_up(host, port):
        made = socket.socket(family, kind, protocol)
        try:
            made.setblocking(False)
            await loop.sock_connect(made, address)
        except OSError as error:
            made.close()
            failed = error
        except BaseException:
            made.close()
            raise
        else:
            return made
    raise failed


def _numbers(address: tuple[Any, ...]) -> str:
    """Return an address as it is written, with the interface of one that is of that interface only."""
    return socket.getnameinfo(address, socket.NI_NUMERICHOST | socket.NI_NUMERICSERV)[0]


def connector(*, allow_private: bool, limit: int = 32) -> aiohttp.TCPConnector:
    """Return a pool of connections that refuses every address that is not public.

    The check sits where the socket is made, after names are resolved, so that a name that resolves
    differently the second time gains nothing. Redirects are not followed by themselves:
    whoever does must ask for each address.
    """

    def checked_socket(info: tuple[int, int, int, str, tuple[Any, ...]]) -> socket.socket:
        family, kind, protocol, _, address = info
        if not allow_private and not is_public(str(address[0])):
            raise Blocked("The address leads into a private network; only public addresses are called.")
        made = socket.socket(family, kind, protocol)
        made.setblocking(False)
        return made

    return aiohttp.TCPConnector(
        resolver=Names(),
        socket_factory=checked_socket,
        limit=limit,
        ttl_dns_cache=10,
        keepalive_timeout=15,
        force_close=False,
    )
