"""The window as an alarm, put together: the ear, the bell, the tray, and what a page may ask of them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from opsknight.desktop.alarm import State
from opsknight.desktop.bell import Bell
from opsknight.desktop.ear import Ear
from opsknight.desktop.kept import Kept
from opsknight.desktop.page import PageSide
from opsknight.desktop.tray import Doing, Tray, tray

if TYPE_CHECKING:
    import webview

SHOWN_WITHIN_S = 60.0


class Alarming:
    """Alarms the person of a window on the server of `origin`; what it remembers is in `folder`.

    `leave` ends the window. Make it on the main thread, before the window; `begin` when that is made.
    """

    def __init__(self, origin: str, folder: Path, *, gui: str | None, leave: Callable[[], object]) -> None:
        """Put up the tray's icon, where the toolkit and the system have one."""
        self._origin = origin
        self._kept = Kept(folder, origin)
        self._view: webview.Window | None = None
        self._bell: Bell | None = None
        self._ear: Ear | None = None
        self.page_side = PageSide(origin, self._kept, url=self._url, added=self._listen)
        self._tray: Tray | None = tray(self._doing(leave)) if gui == "qt" else None

    def begin(self, view: webview.Window) -> None:
        """Alarm in `view`, from when it is shown, where it was added."""
        self._view = view
        self._bell = Bell(self._origin, view, tell=self._tell)
        self._ear = Ear(self._origin, self._kept, self._bell)
        view.events.closing += self._may_close
        self._bell.start(self._ear)
        threading.Thread(target=self._begin_when_shown, args=(view,), daemon=True).start()

    def end(self) -> None:
        """Alarm nobody any more, and let the window close."""
        if self._ear is not None and self._bell is not None:
            self._ear.stop()
            self._bell.stop()

    def _begin_when_shown(self, view: webview.Window) -> None:
        if view.events.shown.wait(SHOWN_WITHIN_S):
            self._listen()

    def _listen(self) -> None:
        if self._ear is not None:
            self._ear.start()

    def _url(self) -> str | None:
        return self._view.get_current_url() if self._view is not None else None

    def _tell(self, state: State) -> None:
        if self._tray is not None:
            self._tray.tell(state)

    def _may_close(self) -> bool:
        """Hide instead, where there is a tray and somebody is alarmed here."""
        bell, ear, view = self._bell, self._ear, self._view
        if self._tray is None or bell is None or ear is None or view is None or not ear.is_listening:
            return True
        bell.is_hidden = True
        view.hide()
        self._tray.say_once()
        return False

    def _doing(self, leave: Callable[[], object]) -> Doing:
        return Doing(
            show=_apart(lambda: self._bell and self._bell.open(None)),
            acknowledge=_apart(lambda tag: self._bell and self._bell.do("acknowledge", tag)),
            silence=_apart(lambda: self._ear and self._ear.silence()),
            leave=_apart(leave),
        )


def _apart(deed: Callable[..., object]) -> Callable[..., None]:
    """Have it done on a thread of its own: the toolkit's must go on."""
    return lambda *about: threading.Thread(target=deed, args=about, daemon=True).start()
