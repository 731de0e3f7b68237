"""What a test of the native window needs: a screen, a toolkit, and a server that keeps what it was asked."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.bounds import PATIENCE_S

DEBIAN = Path("/usr/lib/python3/dist-packages")
PAGE = b"""<!doctype html><title>A page</title><h1>A page</h1>
<script>setInterval(() => fetch("/healthz").catch(() => location.reload()), 300)</script>"""
"""Somebody who presses reload as soon as the server is away, and so gets the browser's own error page."""


@dataclass(frozen=True, slots=True)
class Toolkit:
    """A window toolkit that this Python can load once `path` is on its search path."""

    name: str
    path: str

    def command(self, *arguments: str) -> list[str]:
        """Return a command line that runs `opsknight` with the toolkit at hand, after the packages of the project."""
        start = (
            f"import sys; sys.path.append({self.path!r}); from opsknight.cli import main; sys.exit(main(sys.argv[1:]))"
        )
        return [sys.executable, "-c", start, *arguments, "--gui", self.name]


def toolkit() -> Toolkit | None:
    """Return what can draw windows here: Qt of this environment, or GTK of Debian when it is for this Python."""
    if importlib.util.find_spec("PyQt6") and importlib.util.find_spec("PyQt6.QtWebEngineWidgets"):
        return Toolkit("qt", "")
    tag = f"cpython-{sys.version_info.major}{sys.version_info.minor}"
    fits = any(DEBIAN.glob(f"gi/_gi.{tag}-*.so"))
    has_webkit = any(Path("/usr/lib").glob("*/girepository-1.0/WebKit2-4.1.typelib"))
    return Toolkit("gtk", str(DEBIAN)) if fits and has_webkit else None


def why_no_window() -> str:
    """Return what is missing for a window on this machine, or nothing."""
    if not shutil.which("Xvfb"):
        return "no Xvfb: apt-get install xvfb"
    if toolkit() is None:
        return "no toolkit for this Python: apt-get install python3-gi gir1.2-webkit2-4.1"
    return ""


@contextmanager
def screen() -> Iterator[str]:
    """Run a screen that nobody sees; yield its DISPLAY."""
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "1400x900x24", "-nolisten", "tcp"],
        pass_fds=[write],
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    try:
        with os.fdopen(read) as said:
            yield f":{said.readline().strip()}"
    finally:
        server.terminate()
        server.wait(10)


@dataclass(slots=True)
class Asked:
    """One request of the window, or of the client around it."""

    path: str
    cookie: str
    body: str = ""


@dataclass(slots=True)
class Site:
    """A stand-in for the server: it answers /healthz and three pages, and keeps what it was asked."""

    port: int
    asked: list[Asked] = field(default_factory=list[Asked])
    signs_in: bool = False
    news: list[dict[str, object]] = field(default_factory=list[dict[str, object]])
    """What the client around the window is told of."""
    _came: threading.Condition = field(default_factory=threading.Condition)

    @property
    def origin(self) -> str:
        """Where it is."""
        return f"http://localhost:{self.port}"

    def note(self, path: str, cookie: str, body: str = "") -> None:
        """Keep one request."""
        with self._came:
            self.asked.append(Asked(path, cookie, body))
            self._came.notify_all()

    def wait_for(self, wanted: Callable[[Asked], bool], *, within_s: float = PATIENCE_S) -> Asked:
        """Return the first request that is `wanted`; fail when it does not come."""
        with self._came:
            came = self._came.wait_for(lambda: any(map(wanted, self.asked)), within_s)
        assert came, f"after {within_s} s the window had asked for {[one.path for one in self.asked]} only"
        return next(filter(wanted, self.asked))


@contextmanager
def site(port: int, *, signs_in: bool = False) -> Iterator[Site]:
    """Serve on `port`; with `signs_in` the board wants a cookie that the sign-in link gives."""
    made = Site(port, signs_in=signs_in)

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            cookie = self.headers.get("Cookie", "")
            if self.path.startswith("/api/v1/windows/news"):
                self._tell_news()
                return
            if self.path != "/healthz":
                made.note(self.path, cookie)
            wants_sign_in = made.signs_in and self.path == "/incidents" and "signed=in" not in cookie
            self.send_response(303 if wants_sign_in else 200)
            if wants_sign_in:
                self.send_header("Location", "/sign-in")
            if self.path.startswith("/sign-in/") or not made.signs_in:
                self.send_header("Set-Cookie", "signed=in; Max-Age=86400; Path=/")
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(PAGE)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            made.note(self.path, self.headers.get("Cookie", ""), body)
            self._answer({"sentence": "Done."})

        def _tell_news(self) -> None:
            known = str(len(made.news))
            if f"known={known}" in self.path:
                threading.Event().wait(0.5)
            self._answer({"known": known, "messages": made.news})

        def _answer(self, said: object) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(said).encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the standard library's name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Answers)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


@contextmanager
def window(command: Sequence[str], *, display: str, home: Path) -> Iterator[subprocess.Popen[str]]:
    """Run a window's process with its storage under `home`; end it if the test did not."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "NICEGUI", "WAYLAND"))}
    process = subprocess.Popen(
        command,
        env={**kept, "DISPLAY": display, "HOME": str(home), "XDG_DATA_HOME": str(home), "GDK_BACKEND": "x11"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # the window, and a server that it may have brought
        process.communicate(timeout=PATIENCE_S)


def said(process: subprocess.Popen[str], words: str) -> bool:
    """Read what `process` says until `words` are in it; toolkits say much besides."""
    return any(words in line for line in process.stdout or ())
