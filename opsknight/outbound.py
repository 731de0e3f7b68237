"""Connections to addresses that people gave us: checked when they are made, whatever the name resolves to."""

from __future__ import annotations

import socket
from typing import Any

import aiohttp

from opsknight.domain.model.web_address import is_public


class Blocked(OSError):
    """The name led to an address inside a private network."""


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
        resolver=aiohttp.ThreadedResolver(),  # the system's own, which knows all that the machine's other programs do
        socket_factory=checked_socket,
        limit=limit,
        ttl_dns_cache=10,
        keepalive_timeout=15,
        force_close=False,
    )
