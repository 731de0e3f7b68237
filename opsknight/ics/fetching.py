"""Getting a calendar from the address that somebody gave us, and nothing else from anywhere else.

The address is looked at when it is saved, again before each hop, and once more when the connection is made,
whatever the name resolves to then: nothing inside our own network is ever called unless the operator allows it.
"""

from __future__ import annotations

import asyncio
import zlib
from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin, urlsplit

import aiohttp

from opsknight.domain.model.web_address import refusal
from opsknight.ics.reading import MAX_BYTES
from opsknight.outbound import Blocked, connector

WITHIN_S: Final = 15.0
"""For all hops together, from the name's look-up to the last byte."""
HOPS: Final = 4
"""Redirects are followed as often as this; Google and Outlook need one or two."""
_CHUNK: Final = 65_536
_GZIP: Final = zlib.MAX_WBITS | 16
_TOO_LARGE: Final = f"The calendar is larger than {MAX_BYTES:,} bytes."
_AGENT: Final = "OpsKnight (calendar import)"
_CHECKS_CERTIFICATE: Final = (aiohttp.ClientConnectorCertificateError, aiohttp.ClientConnectorSSLError)


class NotFetched(Exception):
    """The calendar could not be had; the text says why, for a person. It never holds the address's secret part."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """The calendar's bytes and the mark by which its server knows this version; `raw` is None where it is the same."""

    raw: bytes | None
    etag: str = ""


def https_of(url: str) -> str:
    """Return the address that is called for one as people copy it: `webcal:` is https by another name."""
    url = url.strip()
    scheme, colon, rest = url.partition(":")
    return f"https:{rest}" if colon and scheme.lower() in ("webcal", "webcals") else url


async def fetch(url: str, *, etag: str = "", allow_private: bool = False, within_s: float = WITHIN_S) -> Fetched:
    """Return the calendar at `url`, or that it is the one that `etag` marks.

    Raises:
        NotFetched: the address may not be called, does not answer with a calendar, or not in time.
    """
    try:
        async with (
            asyncio.timeout(within_s),
            aiohttp.ClientSession(
                connector=connector(allow_private=allow_private, limit=1), auto_decompress=False
            ) as session,
        ):
            return await _followed(session, https_of(url), etag, allow_private=allow_private)
    except TimeoutError as late:
        raise NotFetched(f"{_host(url)} did not give the calendar within {within_s:.0f} s.") from late
    except Blocked as blocked:
        raise NotFetched(str(blocked)) from blocked
    except _CHECKS_CERTIFICATE as wrong:
        raise NotFetched(f"{_host(url)} could not prove who it is: its certificate is not valid.") from wrong
    except (aiohttp.ClientError, OSError, ValueError) as failure:
        cause = failure.__cause__ if isinstance(failure.__cause__, Blocked) else getattr(failure, "os_error", failure)
        if isinstance(cause, Blocked):
            raise NotFetched(str(cause)) from failure
        raise NotFetched(f"{_host(url)} cannot be reached ({type(failure).__name__}).") from failure


async def _followed(session: aiohttp.ClientSession, url: str, etag: str, *, allow_private: bool) -> Fetched:
    headers = {"Accept": "text/calendar, */*;q=0.1", "Accept-Encoding": "gzip", "User-Agent": _AGENT}
    first = _host(url)
    for _ in range(HOPS + 1):
        refused = refusal(url, allow_private=allow_private)
        if refused is not None:
            raise NotFetched(refused if _host(url) == first else f"{first} sends us elsewhere. {refused}")
        marked = {"If-None-Match": etag} if etag and _host(url) == first else {}
        async with session.get(url, headers={**headers, **marked}, allow_redirects=False) as answer:
            if answer.status in (301, 302, 303, 307, 308) and "Location" in answer.headers:
                url = urljoin(url, answer.headers["Location"])
                continue
            if answer.status == 304 and etag:
                return Fetched(None, etag)
            if answer.status != 200:
                raise NotFetched(f"{_host(url)} answered {answer.status} {_words(answer.status)}".rstrip() + ".")
            return Fetched(await _body(answer), answer.headers.get("ETag", "")[:500])
    raise NotFetched(f"{first} sends us on and on: more than {HOPS} redirects.")


async def _body(answer: aiohttp.ClientResponse) -> bytes:
    """Return the body, unpacked; what is larger than a calendar may be is not read, and not unpacked, to its end."""
    body = bytearray()
    async for chunk in answer.content.iter_chunked(_CHUNK):
        body += chunk
        if len(body) > MAX_BYTES:
            raise NotFetched(_TOO_LARGE)
    packing = answer.headers.get("Content-Encoding", "identity").strip().lower()
    if packing in ("identity", ""):
        return bytes(body)
    if packing not in ("gzip", "x-gzip"):
        raise NotFetched(f"The calendar comes packed as “{packing[:20]}”, which was not asked for.")
    try:
        unpacked = zlib.decompressobj(_GZIP).decompress(bytes(body), MAX_BYTES + 1)
    except zlib.error as wrong:
        raise NotFetched("The calendar comes packed, and cannot be unpacked.") from wrong
    if len(unpacked) > MAX_BYTES:
        raise NotFetched(_TOO_LARGE)
    return unpacked


def _host(url: str) -> str:
    """Return the host alone: what comes after it in a calendar's address is often its secret."""
    try:
        return urlsplit(url).hostname or "The address"
    except ValueError:
        return "The address"


def _words(status: int) -> str:
    known = {
        401: "(it wants a sign-in)",
        403: "(it is not public)",
        404: "(there is nothing there)",
        410: "(it is gone)",
    }
    return known.get(status, "")
