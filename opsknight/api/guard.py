"""The guard in front of every page, route and socket: plain ASGI, because middleware of frameworks sees no sockets.

Closed unless listed: who has neither a session nor an API token reaches only what OPEN and FILES name. A write
that a cookie vouches for must come from our own pages, and so must a socket; no other site can send a token.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import nullcontext
from typing import Any, Final, TypeAlias
from urllib.parse import urlsplit

import structlog
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import Response

from opsknight import logs
from opsknight.api import problems
from opsknight.api.parse import scrub
from opsknight.deps import Deps
from opsknight.domain.commands import api_tokens
from opsknight.domain.commands.sessions import touch, touch_due
from opsknight.domain.model.via import BY_TOKEN, VIA
from opsknight.domain.queries.sessions import Viewer

log = structlog.get_logger(__name__)

Message: TypeAlias = MutableMapping[str, Any]
Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

FILES: Final = ("/assets/", "/_nicegui/", "/sw.js", "/manifest.webmanifest", "/offline", "/favicon.ico", "/healthz")
"""Read without a session and the same for everyone: nobody is looked up for them."""
OPEN: Final = (
    "/sign-in",
    "/sign-out",
    "/ack/",
    "/ping/",
    "/badge/",
    "/calendars/",
    "/api/v1/acknowledge-link",
    "/api/v1/chats/",
    "/api/v1/mail-carriers/",
    "/api/v1/push/heartbeat",
    "/api/v1/push/receipts",
    "/api/v1/slack/interactions",
    "/api/v1/sms-gateway/",
    "/api/v1/twilio/",
    "/api/v1/vonage/",
    "/api/v1/windows/news",
    "/readyz",
    "/health",
    "/metrics",
)
"""Reached without a session; each checks for itself what it must."""
PATIENT: Final = ("/api/v1/windows/news",)
"""Nobody waits for the answer with a finger on the glass: it may take its time, and nothing gives way to it."""
FOR_SCRIPTS: Final = "/api/v1/"
"""Under it an API token counts as much as a session does; pages and sockets want a session."""
_READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_APP_POLICY: Final = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline';"
    " img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self'; manifest-src 'self';"
    " object-src 'none'; base-uri 'none'; frame-src 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""NiceGUI compiles its templates in the browser, hence the unsafe words; all else stays with our own server."""
_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
}


class Guard:
    """Lets in whom it should, and says in `scope["state"]` who it is: `viewer`, None when nobody is signed in."""

    def __init__(self, app: App, deps: Deps) -> None:
        """Stand in front of `app`."""
        self._app = app
        self._deps = deps
        self._headers = dict(_HEADERS)
        if deps.settings.address.startswith("https://"):
            self._headers["Strict-Transport-Security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, socket or lifespan."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})["viewer"] = None
        BY_TOKEN.set(False)
        VIA.set("")  # what this task served before may have come with a token
        request_id = logs.new_request_id()
        with logs.request(request_id):
            if scope["type"] == "http":
                patient = scope["path"].startswith(PATIENT)
                with nullcontext() if patient else self._deps.precedence.people.first():
                    await self._serve(scope, receive, self._with_headers(send, scope, request_id))
            elif await self._may_connect(HTTPConnection(scope)):
                await self._app(scope, receive, send)
            else:
                await send({"type": "websocket.close", "code": 1008})

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection = HTTPConnection(scope)
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            app = await self._admit(connection, scope["method"]) or self._app
            await app(scope, receive, sending)
        except Exception as failure:
            if not begun:
                await problems.of_failure(connection, failure)(scope, receive, send)
            elif not problems.was_told(connection, failure):
                raise  # the answer breaks off in its middle: the connection must close

    async def _admit(self, connection: HTTPConnection, method: str) -> Response | None:
        """Find out who asks; return the refusal of a request that may not go on."""
        path: str = connection.scope["path"]  # as the router matches it, whatever the Host header says
        reads = method in _READS
        if reads and path.startswith(FILES):
            return None
        is_open = path.startswith(OPEN)
        if not is_open and path.startswith(FOR_SCRIPTS) and (token := _token(connection)) is not None:
            return await self._admit_bearer(connection, token, reads=reads)
        if not reads and not self._from_our_pages(connection, absent_is_ours=is_open):
            sentence = (
                "This request came from another site, so it was not carried out. Do it from OpsKnight's own page."
            )
            return problems.answer(connection, 403, sentence)
        found = await self._viewer_or_none(connection) if is_open else await self._viewer(connection)
        connection.scope["state"]["viewer"] = found
        if found is not None or is_open:
            return None
        if reads and problems.wants_page(connection):
            return problems.to_sign_in(connection)
        return problems.problem(401, "Nobody is signed in here, or the session is over. Sign in and try again.")

    async def _admit_bearer(self, connection: HTTPConnection, token: str, *, reads: bool) -> Response | None:
        """Find out whose API token it is; return the refusal of one that does not count, or not for this."""
        now = self._deps.clock.now()
        found = await self._deps.bearer(token, now=now)
        if found is None or found.token is None:
            return problems.problem(401, "This API token does not count here: it was revoked, or its time is over.")
        if found.token.reads_only and not reads:
            return problems.problem(403, f"The API token “{found.token.name}” only reads. Make one that writes.")
        connection.scope["state"]["viewer"] = found
        BY_TOKEN.set(True)
        VIA.set(f"the API token “{found.token.name}”")
        if api_tokens.note_due(found.token.used_at, now=now):
            await self._note_used(found.token.id, scrub(connection.headers.get("user-agent", "")))
        return None

    async def _note_used(self, token_id: int, agent: str) -> None:
        """Note that a token is used; a database that takes no writes now must not hide what can be read."""
        try:
            async with self._deps.commands(f"api_token:{token_id}") as uow:
                await api_tokens.note_used(uow, token_id, agent=agent)
        except Exception as error:  # noqa: BLE001  # what was asked for can be given all the same
            log.warning("that an API token was used could not be noted", error=repr(error))

    async def _may_connect(self, connection: HTTPConnection) -> bool:
        if not self._from_our_pages(connection, absent_is_ours=False):
            log.warning("a socket from another site was refused", origin=connection.headers.get("origin"))
            return False
        found = await self._viewer_or_none(connection)
        connection.scope["state"]["viewer"] = found
        return found is not None

    async def _viewer_or_none(self, connection: HTTPConnection) -> Viewer | None:
        """Return who is signed in, or None also when that cannot be found out now."""
        try:
            return await self._viewer(connection)
        except Exception as failure:  # noqa: BLE001  # what is open to all stays open
            log.warning("who is signed in could not be read", error=repr(failure))
            return None

    async def _viewer(self, connection: HTTPConnection) -> Viewer | None:
        token = connection.cookies.get(self._deps.settings.session_cookie)
        if not token:
            return None
        now = self._deps.clock.now()
        found = await self._deps.viewer(token, now=now)
        if found is not None and touch_due(found.seen_at, now=now):
            await self._note_in_use(found)
        return found

    async def _note_in_use(self, viewer: Viewer) -> None:
        """Note that a session is in use; a database that takes no writes now must not hide what can be read."""
        try:
            async with self._deps.commands(viewer.actor) as uow:
                await touch(uow, viewer.session_id, lasts=self._deps.settings.session_lasts)
        except Exception as error:  # noqa: BLE001  # what was asked for can be given all the same
            log.warning("that a session is in use could not be noted", error=repr(error))

    def _from_our_pages(self, connection: HTTPConnection, *, absent_is_ours: bool) -> bool:
        origin = connection.headers.get("origin")
        if origin is None:
            return absent_is_ours
        return same_origin(
            origin,
            address=self._deps.settings.address,
            scheme=connection.scope.get("scheme", "http"),
            host=connection.headers.get("host", ""),
        )

    def _with_headers(self, send: Send, scope: Scope, request_id: str) -> Send:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message.setdefault("headers", []))
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                headers["X-Request-ID"] = request_id
                if headers.get("content-type", "").startswith("text/html"):
                    headers.setdefault("Content-Security-Policy", _APP_POLICY)
                if scope["state"]["viewer"] is not None:
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        return sending


def _token(connection: HTTPConnection) -> str | None:
    """Return the API token that a request shows; None for none, and for what a proxy in front of us put there."""
    scheme, _, said = connection.headers.get("authorization", "").partition(" ")
    said = said.strip()
    return said if scheme.lower() == "bearer" and said.startswith(api_tokens.PREFIX) else None


def same_origin(origin: str, *, address: str, scheme: str, host: str) -> bool:
    """Say whether a browser's `origin` is ours: the address people use, or the host that this request names.

    The second lets in who came by another name of this machine; behind a proxy the first counts.
    """
    ours = urlsplit(address)
    secure = scheme in ("https", "wss")
    return origin in (f"{ours.scheme}://{ours.netloc}", f"{'https' if secure else 'http'}://{host}")


def is_open(path: str) -> bool:
    """Say whether `path` is reached without a session."""
    return path.startswith((*FILES, *OPEN))
