"""The native window: a thin client that shows a server's board, with a login of its own.

Of Python there is one thing inside, which only a page of the server itself can use: to have the window be an alarm.
`run` opens it on a server that is there, `run_with_server` also brings the server and takes it along when it closes.
pywebview and a window toolkit come with `opsknight[desktop]`; without them the answer is a sentence.
"""

from __future__ import annotations

import contextlib
import ctypes.util
import html
import importlib.util
import os
import re
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from opsknight.desktop.alarming import Alarming
from opsknight.settings import ASSETS

if TYPE_CHECKING:
    import webview

BOARD = "/incidents"
LOOK_EVERY_S = 2.0
LOOK_WAIT_S = 3.0
STOP_WAIT_S = 15.0
LINUX = sys.platform.startswith("linux")

_SIGN_IN_LINK = re.compile(r"https?://\S+/sign-in/\S+")
_TOOLKITS = {
    "qt": [("qtpy", "PyQt6.QtWebEngineWidgets"), ("qtpy", "PySide6.QtWebEngineWidgets")],
    "gtk": [("gi",)],
}
_HOW = {
    "qt": "pip install 'opsknight[desktop]'   (on Linux this brings Qt)",
    "gtk": "apt install python3-gi gir1.2-webkit2-4.1   (and a virtual environment made with --system-site-packages)",
}
_QT_LIBRARIES = "libxcb-cursor0 libxkbcommon-x11-0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-render-util0"


class CannotOpen(Exception):
    """The window cannot be opened here; the text says why and what to install."""


def run(server_url: str, *, gui: str | None = None) -> int:
    """Show the board of the server at `server_url` in a window of its own until it is closed.

    A path in `server_url`, such as that of a sign-in link, is opened instead of the board. `gui` is qt, gtk or None
    for whichever is installed. Return 0 when the window was closed, 1 (with a sentence on standard error) when it
    could not be opened.
    """
    try:
        _Window(whole_address(server_url), toolkit(gui)).show()
    except CannotOpen as why:
        _say(str(why))
        return 1
    return 0


def run_with_server(server_url: str, command: Sequence[str], *, gui: str | None = None) -> int:
    """Like `run`, but start `command`, which serves `server_url`, unless a server answers there already.

    What was started is stopped when the window closes, and the window closes when it ends. The sign-in link that it
    prints is used when the window's own login is over. Return its exit code when it ended by itself.
    """
    try:
        window = _Window(whole_address(server_url), toolkit(gui))
    except CannotOpen as why:
        _say(str(why))
        return 1
    if absence(window.address) is None:
        window.show()
        return 0
    server = _Server(command, window)
    try:
        window.show()
    finally:
        ended = server.stop()
    return ended


def whole_address(server_url: str) -> str:
    """Return the address to open: https unless said otherwise or on this machine, and the board unless a path is given.

    Raises:
        CannotOpen: there is no host in it.
    """
    if "://" not in server_url:
        here = server_url.split(":", maxsplit=1)[0] in ("localhost", "127.0.0.1")
        server_url = f"{'http' if here else 'https'}://{server_url}"
    parts = urlsplit(server_url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise CannotOpen(f"“{server_url}” is no address of a server; give one like https://opsknight.example.com")
    return parts._replace(path=BOARD).geturl() if parts.path in ("", "/") else server_url


def toolkit(gui: str | None) -> str | None:
    """Return the toolkit to draw with: `gui`, or the one that is installed; None leaves it to the system.

    Raises:
        CannotOpen: pywebview, the toolkit, a library of it or a display is missing.
    """
    if not _installed("webview"):
        raise CannotOpen("The native window needs pywebview: pip install 'opsknight[desktop]'")
    if not LINUX and gui is None:
        return None  # macOS and Windows have one of their own
    wanted = [gui] if gui else list(_TOOLKITS)
    found = next((name for name in wanted if any(all(map(_installed, way)) for way in _TOOLKITS.get(name, []))), None)
    if found is None:
        ways = "\n".join(f"  {_HOW[name]}" for name in wanted if name in _HOW)
        raise CannotOpen(f"The native window needs {' or '.join(wanted)} to draw with. Install it:\n{ways}")
    if LINUX and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise CannotOpen("There is no screen here (neither DISPLAY nor WAYLAND_DISPLAY is set): no window can open.")
    if LINUX and found == "qt" and os.environ.get("DISPLAY") and not ctypes.util.find_library("xcb-cursor"):
        raise CannotOpen(
            f"Qt lacks libraries of the system and would abort. Install them:\n  apt install {_QT_LIBRARIES}"
        )
    return found


def absence(address: str) -> str | None:
    """Return why the server of `address` cannot be used now, in a few words, or None when it answers."""
    try:
        with urllib.request.urlopen(_origin(address) + "/healthz", timeout=LOOK_WAIT_S):  # noqa: S310  # http(s) only
            return None
    except urllib.error.HTTPError as answer:
        return f"it answers {answer.code}"
    except urllib.error.URLError as failure:
        return str(getattr(failure.reason, "strerror", None) or failure.reason)
    except OSError as failure:
        return str(failure)


@dataclass(slots=True)
class _Window:
    """One window on one address; a thread beside it watches the server."""

    address: str
    gui: str | None
    sign_in_link: str | None = None
    closed: threading.Event = field(default_factory=threading.Event)
    _view: webview.Window | None = None
    _alarming: Alarming | None = None

    def show(self) -> None:
        """Show the window; return when it is closed. Call it on the main thread."""
        import webview  # an extra: absent on servers
        import webview.util

        _prepare_chromium()
        # pywebview's thread waits for ever for a page whose window was closed while it loaded: it must not keep us.
        webview.util.Thread = partial(threading.Thread, daemon=True)  # pyright: ignore[reportPrivateImportUsage]
        webview.settings["ALLOW_DOWNLOADS"] = True
        webview.settings["ALLOW_FILE_URLS"] = False
        webview.settings["OPEN_EXTERNAL_LINKS_IN_BROWSER"] = True
        alarming = self._alarming = Alarming(_origin(self.address), _storage(), gui=self.gui, leave=self.close)
        away = absence(self.address)
        first: dict[str, Any] = {"url": self.address} if away is None else {"html": self._waiting(away)}
        self._view = webview.create_window(
            "OpsKnight", width=1280, height=820, min_size=(360, 480), background_color="#0a0b0d",
            text_select=True, zoomable=True, js_api=alarming.page_side, **first,
        )  # fmt: skip
        if self._view is None or self.closed.is_set():
            return
        self._view.events.closed += self.closed.set
        alarming.begin(self._view)
        threading.Thread(target=self._watch, args=(away,), daemon=True).start()
        with _terminated_by(self.close):
            try:
                webview.start(
                    gui=self.gui,  # pyright: ignore[reportArgumentType]  # checked by toolkit()
                    private_mode=False,
                    storage_path=str(_storage()),
                    icon=str(ASSETS / "icons" / "icon-192.png"),
                )
            except webview.WebViewException as failure:
                raise CannotOpen(f"The native window cannot be opened: {failure}") from failure
            finally:
                self.closed.set()
                alarming.end()

    def close(self) -> None:
        """Close the window, from any thread; before it is shown, it never will be."""
        shown = not self.closed.is_set() and self._view is not None
        self.closed.set()
        if self._alarming is not None:
            self._alarming.end()  # else closing would only hide it
        if shown and self._view is not None:
            self._view.destroy()

    def _watch(self, away: str | None) -> None:
        """Bring the board up as soon as the server answers, also after it was away under an error page."""
        view = self._view
        if view is None or not view.events.shown.wait(60):
            return
        if away is None:
            self._use_sign_in_link(view)
        while not self.closed.wait(LOOK_EVERY_S):
            before, away = away, absence(self.address)
            if away is None and before is not None and not self._shows_server(view):
                view.load_url(self.address)
                self._use_sign_in_link(view)
            elif away not in (None, before) and not self._shows_server(view):
                view.load_html(self._waiting(str(away)))

    def _shows_server(self, view: webview.Window) -> bool:
        """Whether the page in the window is the server's own; it then says itself when it is cut off."""
        return view.evaluate_js("location.origin") == _origin(self.address)

    def _use_sign_in_link(self, view: webview.Window) -> None:
        """Go to the link that the started server printed when the window turns out not to be signed in."""
        view.events.loaded.wait(LOOK_WAIT_S * 3)
        if self.sign_in_link and urlsplit(view.get_current_url() or "").path == "/sign-in":
            view.load_url(self.sign_in_link)

    def _waiting(self, reason: str) -> str:
        title = f"OpsKnight at {_origin(self.address)} does not answer yet"
        page = Template((ASSETS / "waiting.html").read_text("utf-8"))
        return page.substitute(title=html.escape(title), reason=html.escape(f"Reason: {reason}."))


class _Server:
    """The server that a window brought along; its words go on to the terminal."""

    def __init__(self, command: Sequence[str], window: _Window) -> None:
        self._window = window
        self._process = subprocess.Popen(  # noqa: S603  # our own command
            command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}
        )
        threading.Thread(target=self._listen, daemon=True).start()

    def stop(self) -> int:
        """End it, if it still runs; return its exit code if it ended by itself, else 0."""
        by_itself = self._process.poll()
        if by_itself is not None:
            return by_itself
        self._process.terminate()
        try:
            self._process.wait(STOP_WAIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        return 0

    def _listen(self) -> None:
        for line in self._process.stdout or ():
            sys.stdout.write(line)
            sys.stdout.flush()
            if link := _SIGN_IN_LINK.search(line):
                self._window.sign_in_link = link[0]
        code = self._process.wait()
        if not self._window.closed.is_set():
            _say(f"The server has ended (exit code {code}); its window closes with it.")
            self._window.close()


@contextlib.contextmanager
def _terminated_by(close: Any) -> Any:
    """Let SIGTERM close the window, so that what was started with it is stopped too."""
    before = signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=close, daemon=True).start())
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _prepare_chromium() -> None:
    """Let the window sound without having been touched; and start at all as root, whom Chromium's sandbox refuses."""
    flags = os.environ.get("QTWEBENGINE_CHROMIUM_FLAGS", "")
    if "--autoplay-policy" not in flags:
        os.environ["QTWEBENGINE_CHROMIUM_FLAGS"] = f"{flags} --autoplay-policy=no-user-gesture-required".strip()
    if LINUX and os.geteuid() == 0:
        os.environ.setdefault("QTWEBENGINE_DISABLE_SANDBOX", "1")


def _say(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def _installed(module: str) -> bool:
    try:
        return bool(module) and importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _storage() -> Path:
    """Return where the window keeps its login, readable by its owner only."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home())
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    folder = base / "opsknight-window"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
