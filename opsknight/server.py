"""One uvicorn worker that serves the app, says where it is, and stops within twelve seconds."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
import ssl
from collections.abc import Awaitable, Callable
from types import FrameType
from typing import Any, Final, TypeAlias

import uvicorn

from opsknight.errors import CannotStart
from opsknight.settings import Settings
from opsknight.wire import with_short_cut

App: TypeAlias = Callable[[Any, Any, Any], Awaitable[None]]
"""An ASGI application."""
REQUESTS_MAY_TAKE_S: Final = 2
"""How long requests in flight may go on after the word to stop; calls to providers have their own time after it."""


def listen(settings: Settings) -> socket.socket:
    """Take the port before anything else is started.

    Raises:
        CannotStart: something else has it, or the address is not this machine's.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    door = socket.socket(family, socket.SOCK_STREAM)
    try:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind((settings.host, settings.port))
    except OSError as refused:
        door.close()
        raise CannotStart(
            f"Cannot listen on {settings.host} port {settings.port}: {refused.strerror}."
            " Stop what uses it, or choose others with OPSKNIGHT_HOST and OPSKNIGHT_PORT."
        ) from None
    return door


def check_certificate(settings: Settings) -> None:
    """Return when https can be served as the settings say, or they do not say so.

    Raises:
        CannotStart: the certificate or its key cannot be read or used, or they do not fit each other.
    """
    cert, key = settings.tls_cert, settings.tls_key
    if cert is None or key is None:
        return
    read: list[bytes] = []
    for name, path in (("OPSKNIGHT_TLS_CERT", cert), ("OPSKNIGHT_TLS_KEY", key)):
        try:
            read.append(path.read_bytes())
        except OSError as refused:
            raise CannotStart(
                f"Cannot serve https: {name} names {path}, which cannot be read: {refused.strerror}. Put the file"
                " there, readable for the account that OpsKnight runs as, or name another."
            ) from None
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(
            cert, key, password=lambda: ""
        )  # nobody is there to ask
    except (ssl.SSLError, ValueError) as refused:
        if b"-----BEGIN CERTIFICATE-----" not in read[0]:
            why = f"{cert} holds no certificate as PEM. Name the chain, the server's own certificate first"
        elif b"ENCRYPTED" in read[1]:
            why = f"the key in {key} has a password, and nobody is there to type it. Store it without one"
        elif getattr(refused, "reason", None) == "KEY_VALUES_MISMATCH":
            why = f"the key in {key} does not fit the certificate in {cert}. Name the one with which it was made"
        else:
            why = f"{cert} and {key} are no certificate and its key as PEM ({refused}). Look into both files"
        raise CannotStart(f"Cannot serve https: {why}.") from None


def serve(app: App, settings: Settings, door: socket.socket) -> int:
    """Serve `app` on `door` until SIGTERM or SIGINT; return the exit code, 0 when it stopped as told.

    `app.short_cut`, a prefix and what takes small POSTs to it (see wire), may be missing.
    `app.state.greeting`, which the app's lifespan may set, is printed once connections are taken. `app.state.stop`,
    where it is set, is called in the loop as soon as the word to stop comes; the lifespan ends when requests have.

    Raises:
        CannotStart: https cannot be served as the settings say.
    """
    check_certificate(settings)
    # uvicorn raises the signal again when it has stopped; that must not turn an orderly stop into a death.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    server = _Server(
        uvicorn.Config(
            _Plainly(app),
            host=settings.host,
            port=settings.port,
            loop="uvloop",
            http=with_short_cut(*short_cut) if (short_cut := getattr(app, "short_cut", None)) else "auto",
            ws="websockets-sansio",
            interface="asgi3",
            lifespan="on",
            timeout_graceful_shutdown=REQUESTS_MAY_TAKE_S,
            server_header=False,
            proxy_headers=False,  # the guard is behind them, and ingest needs none
            access_log=False,  # paths hold the tokens of links and the keys of integrations
            log_config=None,
            ssl_certfile=settings.tls_cert,
            ssl_keyfile=settings.tls_key,
        )
    )
    server.run(sockets=[door])
    return 0 if server.started else 1


class _Plainly:
    """The app, except that a start that fails for a reason meant for a person is told without a stack."""

    def __init__(self, app: App) -> None:
        self._app = app
        self.state = getattr(app, "state", None)

    def __call__(self, scope: Any, receive: Any, send: Any) -> Awaitable[None]:
        return self._app(scope, receive, send) if scope["type"] != "lifespan" else self._live(scope, receive, send)

    async def _live(self, scope: Any, receive: Any, send: Any) -> None:
        held: list[Any] = []

        async def sending(message: Any) -> None:
            if message["type"] == "lifespan.startup.failed":
                held.append(message)
            else:
                await send(message)

        try:
            await self._app(scope, receive, sending)
        except CannotStart as why:
            await send({"type": "lifespan.startup.failed", "message": str(why)})
        except BaseException:
            for message in held:
                await send(message)
            raise


class _Server(uvicorn.Server):
    _loop: asyncio.AbstractEventLoop | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Take the word to stop, and pass it on at once: uvicorn tells the app only after all requests have ended."""
        super().handle_exit(sig, frame)
        app: Any = self.config.app
        if self._loop is not None and (stop := getattr(app.state, "stop", None)) is not None:
            self._loop.call_soon_threadsafe(stop)  # we are in the middle of whatever the loop does

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer, then say so."""
        await super().startup(sockets)
        if not self.started:
            return
        self._loop = asyncio.get_running_loop()
        # What exists now stays: the collector need not look at it again, and later looks at much at a time.
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 100)
        gc.enable()
        app: Any = self.config.app
        if greeting := getattr(app.state, "greeting", None):
            print(greeting, flush=True)  # noqa: T201  # for the person at the terminal
