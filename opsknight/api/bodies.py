"""Reading an ingest request: its headers, no more of its body than may be sent, and few large ones at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, MutableMapping
from typing import Any, Final, TypeAlias

Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]

LARGE: Final = 1_048_576
LARGE_AT_ONCE: Final = 8
"""Of bodies longer than LARGE, and of those that do not say how long they are, only so many are in memory."""


class HungUp(Exception):  # nobody is left to answer
    """The sender went away before its request was whole."""


class Headers(Mapping[str, str]):
    """The headers of a request by lower-case name; made once for every request, and read of it only what is asked."""

    __slots__ = ("raw",)

    def __init__(self, raw: Iterable[tuple[bytes, bytes]]) -> None:
        """Take what ASGI gives; of several headers of one name the last counts."""
        self.raw = dict(raw)

    def __getitem__(self, name: str) -> str:
        return self.raw[name.encode("latin-1")].decode("latin-1")

    def get(self, name: str, default: Any = None) -> Any:
        """Return a header, or `default` where the request has none of that name."""
        found = self.raw.get(name.encode("latin-1"))
        return default if found is None else found.decode("latin-1")

    def __iter__(self) -> Iterator[str]:
        return (name.decode("latin-1") for name in self.raw)

    def __len__(self) -> int:
        return len(self.raw)


async def received(receive: Receive, limit: int, *, over: bool) -> bytes:
    """Return the body, or as much of it as shows that it is over the limit; `over`: that is known already.

    Raises:
        HungUp: the sender went away in its middle.
    """
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body") and message["type"] == "http.request":
        return body
    parts, size = [body], len(body)
    while message["type"] == "http.request" and message.get("more_body") and not over and size <= limit:
        message = await receive()
        parts.append(message.get("body", b""))
        size += len(parts[-1])
    if message["type"] != "http.request":
        raise HungUp
    return b"".join(parts)


def peer(scope: MutableMapping[str, Any]) -> str:
    """Return the address that a request comes from, "" where that is not known."""
    client = scope.get("client")
    return client[0] if client else ""


def stands_in_address(scope: MutableMapping[str, Any]) -> bool:
    """Say whether a request sends what it has to say in its address; HEAD only asks what GET would be answered."""
    return scope["method"] == "GET" and bool(scope.get("query_string"))


def is_large(headers: Mapping[bytes, bytes]) -> bool:
    """Say whether the body may be large; one whose length is not declared may."""
    declared = headers.get(b"content-length")
    return declared is None or not declared.isdigit() or int(declared) > LARGE
