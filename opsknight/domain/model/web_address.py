"""Web addresses that strangers may give us to call: https, and nothing inside our own network."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

MAX_ADDRESS: Final = 2048
_LOCAL_NAMES: Final = (".localhost", ".local", ".internal", ".localdomain", ".home.arpa")
_NUMBER: Final = re.compile(r"\d+|0x[0-9a-f]*")
"""A last label like this makes the whole host a number (WHATWG URL, “ends in a number”)."""
_NAT64: Final = IPv6Network("64:ff9b::/96")
_GIVEN_OUT: Final = IPv6Network("2000::/3")
"""All of IPv6 that the public internet has; beyond it lie the old site-local addresses and other private ones."""


def refusal(url: str, *, allow_private: bool) -> str | None:
    """Return why `url` may not be called, in words for a person, or None when it may.

    Looks at the text only: names are resolved, and checked again, when the connection is made.
    With `allow_private`, plain http and private addresses pass.
    """
    if len(url) > MAX_ADDRESS or not url.isascii() or any(c <= " " or c == "\\" for c in url):
        return "The address is not a web address that can be called."
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "The address is not a web address that can be called."
    if not host or parts.username is not None or parts.password is not None:
        return "The address needs a host, and no user name or password in it."
    return _refused_by_place(parts, host, allow_private=allow_private)


def is_public(address: str) -> bool:
    """Say whether `address`, an IPv4 or IPv6 address as text, lies on the public internet."""
    ip = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address):
        inner = _inner_v4(ip)
        if inner is not None:
            return is_public(str(inner))
        if ip not in _GIVEN_OUT:
            return False
    return ip.is_global and not ip.is_multicast


def is_linkable(url: str) -> bool:
    """Say whether chats take `url` for a button: its host has a dot, so is neither localhost nor a bare name."""
    host = urlsplit(url).hostname or ""
    return "." in host and not host.endswith(".localhost")


def _refused_by_place(parts: SplitResult, host: str, *, allow_private: bool) -> str | None:
    if allow_private:
        return None if parts.scheme in ("https", "http") else "Only https addresses are called."
    if parts.scheme != "https":
        return "Only https addresses are called."
    name = host.rstrip(".").lower()
    if _is_private(host) or f".{name}".endswith(_LOCAL_NAMES):
        return "The address lies inside a private network; only public addresses are called."
    if _NUMBER.fullmatch(name.rpartition(".")[2]) and not _is_plain(host):
        return "Write the number of the address in four plain parts, or use a name."
    return None


def _is_private(host: str) -> bool:
    return _is_plain(host) and not is_public(host)


def _is_plain(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _inner_v4(ip: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that an IPv6 address stands for: mapped, 6to4, Teredo or NAT64."""
    if ip.ipv4_mapped is not None:
        return ip.ipv4_mapped
    if ip.sixtofour is not None:
        return ip.sixtofour
    if ip.teredo is not None:
        return ip.teredo[1]
    return IPv4Address(int(ip) & 0xFFFF_FFFF) if ip in _NAT64 else None
