"""Whether a call comes from Microsoft's Bot Connector: its token, and the keys by which that is verified.

The keys are read when the first call comes, again after a day, and when a call names one that is not there, once a
minute at most. What is forged so costs a look at what is known.
Source: https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-authentication
(“Authenticate requests from the Bot Connector service to your bot”; all of its seven requirements are met here).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, cast

import aiohttp
import jwt
import orjson
import structlog

from opsknight.carriers import TeamsSettings
from opsknight.errors import Unavailable
from opsknight.outbound import connector

log = structlog.get_logger(__name__)

WITHIN_S: Final = 4.0
"""For both documents; the whole answer to a button must be there within 10 s."""
READ_AGAIN: Final = timedelta(days=1)
LOOK_AGAIN: Final = timedelta(minutes=1)
"""How soon after the last reading an unknown key may cause the next."""
TRY_AGAIN: Final = timedelta(seconds=10)
"""How soon after a reading that failed the next is tried."""
KEPT: Final = timedelta(days=5)
"""How long keys count while they cannot be read again; Microsoft's own libraries keep them so long."""
SKEW: Final = timedelta(minutes=5)
READ_AT_MOST: Final = 512 * 1024
_ALGORITHMS: Final = frozenset({"RS256", "RS384", "RS512"})
_CONNECT: Final = partial(connector, allow_private=True)
_LONG_AGO: Final = timedelta(days=1000)


@dataclass(frozen=True, slots=True)
class Key:
    """One of Microsoft's keys, and for calls of which channels it vouches."""

    public: Any
    endorsements: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Known:
    keys: Mapping[str, Key]
    algorithms: Sequence[str]
    read_at: datetime


@dataclass(slots=True)
class Keys:
    """The keys that the document at `url` leads to; `now` gives the present instant."""

    url: str
    now: Callable[[], datetime]
    connect: Callable[[], aiohttp.BaseConnector] = _CONNECT
    _known: _Known | None = None
    _tried_at: datetime | None = None
    _reading: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def find(self, kid: str) -> tuple[Key, Sequence[str]] | None:
        """Return a key by its name, with the algorithms that it may be used for; None where there is none.

        Raises:
            Unavailable: the keys cannot be read now.
        """
        if not self._serves(kid):
            async with self._reading:  # who asks meanwhile waits for the same reading
                if not self._serves(kid):
                    await self._read_again()
        known = self._known
        if known is None or self.now() - known.read_at > KEPT:
            raise Unavailable("Microsoft's keys cannot be read now, so nobody can say who calls.", retry_after_s=5)
        found = known.keys.get(kid)
        return None if found is None else (found, known.algorithms)

    def _serves(self, kid: str) -> bool:
        """Say whether what is known will do: it is of today and has the key, or was just looked for."""
        known, since_try = self._known, self.now() - self._tried_at if self._tried_at else _LONG_AGO
        if known is not None and known.read_at == self._tried_at:
            return since_try < (READ_AGAIN if kid in known.keys else LOOK_AGAIN)
        return since_try < TRY_AGAIN

    async def _read_again(self) -> None:
        self._tried_at = self.now()
        try:
            async with (
                asyncio.timeout(WITHIN_S),
                aiohttp.ClientSession(connector=self.connect(), headers={"User-Agent": "OpsKnight"}) as session,
            ):
                named = await _document(session, self.url)
                told = await _document(session, str(named["jwks_uri"]))
                self._known = _Known(_keys(told["keys"]), _algorithms(named), self._tried_at)
        except (aiohttp.ClientError, OSError, TimeoutError, KeyError, TypeError, ValueError) as error:
            log.warning("Microsoft's keys could not be read", url=self.url, error=repr(error))


async def is_proven(authorization: str, *, its: TeamsSettings, keys: Keys, channel: str, service_url: str) -> bool:
    """Say whether a call with this header comes from the Bot Connector, for the bot of `its`, by way of `channel`.

    `service_url` is what the call says of where answers go: the token vouches for it as well.

    Raises:
        Unavailable: Microsoft's keys cannot be read now.
    """
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.isascii():
        return False
    try:
        kid = jwt.get_unverified_header(token).get("kid")
    except jwt.InvalidTokenError:
        return False
    if not isinstance(kid, str) or (found := await keys.find(kid)) is None:
        return False
    key, algorithms = found
    if channel not in key.endorsements:
        return False
    try:
        # The time is judged by our own clock below.
        how = {"require": ["exp", "iss", "aud"], "verify_exp": False, "verify_iat": False, "verify_nbf": False}
        claims = jwt.decode(
            token,
            key.public,
            algorithms=list(algorithms),
            audience=its.app_id,
            issuer=its.issuer,
            options=cast("Any", how),
        )
    except jwt.InvalidTokenError:
        return False
    vouched = claims.get("serviceurl") or claims.get("serviceUrl")
    is_for_it = isinstance(vouched, str) and vouched.rstrip("/") == service_url.rstrip("/")
    return is_for_it and _is_current(claims, at=keys.now())


def _is_current(claims: Mapping[str, Any], *, at: datetime) -> bool:
    ends, begins = claims["exp"], claims.get("nbf", 0)
    if not isinstance(ends, int | float) or not isinstance(begins, int | float):
        return False
    return begins - SKEW.total_seconds() <= at.timestamp() < ends + SKEW.total_seconds()


async def _document(session: aiohttp.ClientSession, url: str) -> Mapping[str, Any]:
    async with session.get(url, allow_redirects=False) as answer:
        answer.raise_for_status()
        raw = bytearray()
        async for piece in answer.content.iter_chunked(16_384):
            raw += piece
            if len(raw) > READ_AT_MOST:
                raise ValueError(f"{url} says too much")
        if answer.status != 200:
            raise ValueError(f"{url} says {answer.status}")
        return cast("Mapping[str, Any]", orjson.loads(bytes(raw)))


def _keys(listed: Sequence[Mapping[str, Any]]) -> Mapping[str, Key]:
    """Return what is an RSA key; Microsoft's list may have others some day."""
    found: dict[str, Key] = {}
    for each in listed:
        try:
            if each["kty"] == "RSA":
                public = jwt.PyJWK.from_dict(dict(each), algorithm="RS256").key
                found[str(each["kid"])] = Key(public, frozenset(map(str, each.get("endorsements") or ())))
        except (KeyError, jwt.PyJWTError) as error:
            log.warning("one of Microsoft's keys cannot be used", error=repr(error))
    if not found:
        raise ValueError("there is no key")
    return found


def _algorithms(named: Mapping[str, Any]) -> Sequence[str]:
    wanted = _ALGORITHMS.intersection(map(str, named.get("id_token_signing_alg_values_supported") or ()))
    return sorted(wanted) or ["RS256"]
