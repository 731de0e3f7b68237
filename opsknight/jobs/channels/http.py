"""Calling a provider over HTTP: what a channel needs to say truly whether a message was handed over.

A channel makes one `Caller`, asks it with `call`, and judges the `Answer`; an accident on the way is
an outcome already. Nothing of a request can have been acted on before its headers were written, and
an answer whose status came is one, however little of its body follows.
"""

from __future__ import annotations

import base64
import ssl
from asyncio import timeout
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias, cast

import aiohttp
import orjson

from opsknight.domain.model.notification import Ambiguous, Failed, Fault, Outcome, Retry, Sent
from opsknight.domain.model.retry import retry_after
from opsknight.domain.model.web_address import refusal
from opsknight.outbound import Blocked, connector

READ_AT_MOST: Final = 64 * 1024
"""Of an answer to a message; what a provider says beyond it is not looked at."""
CONNECTIONS: Final = 32
_TOLD_AT_MOST: Final = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider answered; `whole` says whether its body came to its end, or to what is read of it."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    whole: bool = True

    @property
    def ok(self) -> bool:
        """Whether the status says that all went well."""
        return 200 <= self.status < 300

    def json(self) -> Any:
        """Return the body as JSON, an empty object where it is none."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return {}

    def fields(self) -> Mapping[str, Any]:
        """Return the body as a JSON object, an empty one where it is none."""
        found: Any = self.json()
        return cast("Mapping[str, Any]", found) if isinstance(found, dict) else {}

    def words(self) -> str:
        """Return the beginning of the body in one line."""
        return " ".join(self.body[: 4 * _TOLD_AT_MOST].decode("utf-8", "replace").split())[:_TOLD_AT_MOST]


Called: TypeAlias = Answer | Retry | Failed | Ambiguous


@dataclass(slots=True)
class _Progress:
    """How far one request came, and what came back of its answer."""

    handed_over: bool = False
    answered: tuple[int, Mapping[str, str]] | None = None
    body: bytearray = field(default_factory=bytearray)


class Caller:
    """Calls one provider, named `who` in sentences ("ntfy"); `now` gives the present instant.

    Redirects are not followed. Only public https addresses are called unless `allow_private`. Of an answer
    `read_at_most` bytes are read: more where it lists what others wrote.
    """

    def __init__(
        self,
        who: str,
        *,
        now: Callable[[], datetime],
        budget_s: float,
        allow_private: bool = False,
        read_at_most: int = READ_AT_MOST,
    ) -> None:
        """Keep how to call; connections are opened when the first message is sent."""
        self.who = who
        self.now = now
        self._budget_s = budget_s
        self._allow_private = allow_private
        self._read_at_most = read_at_most
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close the open connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def call(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        body: bytes | None = None,
        auth: tuple[str, str] | None = None,
        within_s: float | None = None,
    ) -> Called:
        """Return the answer, whatever its status, or what became of the message without one.

        The body is one of `json`, `form` and `body`; `auth` is a name and a password (RFC 7617). `within_s` is what
        is left of the caller's budget, where some of it went into another call.
        """
        refused = refusal(url, allow_private=self._allow_private)
        if refused is not None:
            return Failed(refused, Fault.ADDRESS)
        progress, sent, whole = _Progress(), dict(headers or {}), False
        if auth is not None:
            sent["Authorization"] = f"Basic {base64.b64encode(':'.join(auth).encode()).decode()}"
        if json is not None:
            body, sent["Content-Type"] = orjson.dumps(json), "application/json"
        try:
            async with (
                timeout(self._budget_s if within_s is None else within_s),
                self._pool().request(
                    method,
                    url,
                    data=dict(form) if form is not None else body,
                    headers=sent,
                    allow_redirects=False,
                    trace_request_ctx=progress,
                ) as answer,
            ):
                progress.answered = answer.status, answer.headers
                while (left := self._read_at_most - len(progress.body)) and (piece := await answer.content.read(left)):
                    progress.body += piece
                whole = True
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            if progress.answered is None:
                return accident(error, who=self.who, handed_over=progress.handed_over)
        status, told = cast("tuple[int, Mapping[str, str]]", progress.answered)
        return Answer(status, told, bytes(progress.body), whole)

    def named(self, provider_id: str) -> Sent | Ambiguous:
        """Return what it means that an answer says well and names the message so.

        A provider that names what it takes has perhaps not taken what it does not name: the answer is then not whole,
        or that of somebody between who says well to everything.
        """
        if provider_id:
            return Sent(provider_id[:100])
        return Ambiguous(f"{self.who} said that all is well, and not what it calls the message.", Fault.PROVIDER)

    def judged(self, answer: Answer, *, words: str | None = None) -> Outcome:
        """Return what a status means where the provider has no more to say than that.

        `words` are the provider's own, read from the answer by who knows its shape. Well is Sent,
        too many requests and faults of the server are Retry, everything else is Failed.
        """
        words = answer.words() if words is None else words
        said = f"{self.who} said {answer.status}" + (f": {words}" if words else ".")
        if answer.ok:
            return Sent(detail=said)
        after = self.patience(answer)
        if answer.status == 429:
            return Retry(said, Fault.THROTTLED, after=after)
        if answer.status >= 500 or answer.status in (408, 425):
            return Retry(said, after=after)
        fault = Fault.SETTINGS if answer.status in (401, 403, 407) else Fault.PROVIDER
        return Failed(said, fault)

    def patience(self, answer: Answer) -> timedelta | None:
        """Return how long an answer asks us to wait, by the header that every provider and proxy may send."""
        return retry_after(answer.headers.get("Retry-After"), at=self.now())

    def _pool(self) -> aiohttp.ClientSession:
        if self._session is None:
            trace = aiohttp.TraceConfig()
            trace.on_request_headers_sent.append(_note_handed_over)
            self._session = aiohttp.ClientSession(
                connector=connector(allow_private=self._allow_private, limit=CONNECTIONS),
                trace_configs=[trace],
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._budget_s),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": "OpsKnight"},
            )
        return self._session


def accident(error: Exception, *, who: str, handed_over: bool) -> Retry | Failed | Ambiguous:
    """Return what an error on the way to `who` means for the message."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return Retry(f"The certificate of {who} is not valid: {_why(error)}", Fault.CERTIFICATE)
    if isinstance(error, aiohttp.ClientConnectorError):
        return _not_connected(error)
    if isinstance(error, aiohttp.InvalidURL):
        return Failed("The address is not a web address that can be called.", Fault.ADDRESS)
    if isinstance(error, TimeoutError):
        late = f"{who} did not answer in time."
        return Ambiguous(late) if handed_over else Retry(late, Fault.TIMEOUT)
    if isinstance(error, ValueError) and not isinstance(error, aiohttp.ClientError):
        return Failed(f"What was to be sent to {who} cannot be put into a request.", Fault.SETTINGS)
    lost = f"{who} closed the connection without an answer."
    return Ambiguous(lost, Fault.RESET) if handed_over else Retry(lost, Fault.RESET)


def _not_connected(error: aiohttp.ClientConnectorError) -> Retry | Failed:
    """Nothing was sent: there was no connection."""
    cause, host = error.os_error, str(cast("Any", error).host)
    if isinstance(cause, Blocked):
        return Failed(str(cause), Fault.ADDRESS)
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return Retry(f"The name {host} does not resolve.", Fault.DNS)
    if isinstance(cause, ssl.SSLError) or isinstance(error, aiohttp.ClientConnectorSSLError):
        return Retry(f"No secure connection to {host}: {cause}", Fault.TLS)
    if isinstance(cause, ConnectionResetError):
        return Retry(f"{host} resets the connection.", Fault.RESET)
    return Retry(f"{host} cannot be reached: {cause.strerror or cause}", Fault.REFUSED)


def _why(error: aiohttp.ClientConnectorCertificateError) -> str:
    cause = error.certificate_error
    return cause.verify_message if isinstance(cause, ssl.SSLCertVerificationError) else str(cause)


async def _note_handed_over(_session: aiohttp.ClientSession, context: Any, _params: object) -> None:
    context.trace_request_ctx.handed_over = True
