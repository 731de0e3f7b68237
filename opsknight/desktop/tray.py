"""The window's icon in the system's tray, by Qt: how things stand, and what can be done without opening the window.

Everything here happens on Qt's own thread; what comes from others comes as a signal.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any, Final

from opsknight.desktop.alarm import Reach, State
from opsknight.settings import ASSETS

LISTED: Final = 10
"""Alarms that the menu offers to acknowledge; the others are on the board."""
_SAYS_ONCE: Final = "OpsKnight goes on here and alarms you. To end it, choose Quit from this menu."


def words(state: State) -> str:
    """Return how things stand, in a few words."""
    if state.calling:
        count = len(state.calling)
        return f"{count} {'alarm pages' if count == 1 else 'alarms page'} you" + (
            "; cut off from the server" if state.reach is Reach.CUT_OFF else ""
        )
    if state.reach is Reach.CUT_OFF:
        return "Cut off from the server: no page arrives here"
    return "Quiet" if state.reach is Reach.THERE else "This window alarms nobody: add it on the page Me"


def tray(doing: Doing) -> Tray | None:
    """Return the icon, None where the system shows none. Call it on the main thread, before the window is made."""
    _qt("QtWebEngineWidgets")  # Qt wants it before the application
    widgets = _qt("QtWidgets")
    application = widgets.QApplication.instance() or widgets.QApplication(["OpsKnight"])
    return Tray(application, doing) if widgets.QSystemTrayIcon.isSystemTrayAvailable() else None


class Doing:
    """What the menu does; each is called on a thread of its own choice."""

    def __init__(
        self,
        *,
        show: Callable[[], object],
        acknowledge: Callable[[str], object],
        silence: Callable[[], object],
        leave: Callable[[], object],
    ) -> None:
        """Keep what is done for each of the menu's words."""
        self.show = show
        self.acknowledge = acknowledge
        self.silence = silence
        self.leave = leave


class Tray:
    """The icon. `tell` and `say_once` may be called from any thread."""

    def __init__(self, application: Any, doing: Doing) -> None:
        """Show it."""
        core, widgets = _qt("QtCore"), _qt("QtWidgets")

        class Signals(core.QObject):
            told = core.Signal(object)
            said = core.Signal(str)

        self._clicked = widgets.QSystemTrayIcon.ActivationReason.Trigger
        self._application = application  # nobody else holds it before the window does
        self._doing = doing
        self._said = False
        self._menu: Any = widgets.QMenu()
        self._icon: Any = widgets.QSystemTrayIcon(_drawn(State(Reach.NOT_ADDED)))
        self._icon.setContextMenu(self._menu)
        self._icon.activated.connect(self._pressed)
        self._signals: Any = Signals()
        self._signals.told.connect(self._follow)
        self._signals.said.connect(self._balloon)
        self._follow(State(Reach.NOT_ADDED))
        self._icon.show()

    def tell(self, state: State) -> None:
        """Show that things are so now."""
        self._signals.told.emit(state)

    def say_once(self) -> None:
        """Say, the first time, that closing the window does not end it."""
        if not self._said:
            self._said = True
            self._signals.said.emit(_SAYS_ONCE)

    def _balloon(self, sentence: str) -> None:
        self._icon.showMessage("OpsKnight", sentence, self._icon.icon(), 10_000)

    def _follow(self, state: State) -> None:
        self._icon.setIcon(_drawn(state))
        self._icon.setToolTip(f"OpsKnight: {words(state)}")
        self._menu.clear()
        self._menu.addAction(words(state)).setEnabled(False)
        self._menu.addSeparator()
        self._offer("Open", self._doing.show)
        for alarm in [one for one in state.calling if one.acknowledge][-LISTED:]:
            name = f"#{alarm.number} " if alarm.number is not None else ""
            title = alarm.title if len(alarm.title) <= 48 else f"{alarm.title[:47]}…"
            self._offer(f"Acknowledge {name}{title}".replace("&", "&&"), partial(self._doing.acknowledge, alarm.tag))
        if state.sounding:
            self._offer("Silence sound", self._doing.silence)
        self._menu.addSeparator()
        self._offer("Quit", self._doing.leave)

    def _offer(self, name: str, deed: Callable[[], object]) -> None:
        self._menu.addAction(name).triggered.connect(lambda _checked=False: deed())

    def _pressed(self, how: Any) -> None:
        if how == self._clicked:
            self._doing.show()


def _drawn(state: State) -> Any:
    """Return the icon with a mark in its corner: red while alarms are on, hollow while no page arrives."""
    core, gui = _qt("QtCore"), _qt("QtGui")
    picture = gui.QPixmap(str(ASSETS / "icons" / "icon-192.png"))
    if state.calling or state.reach is not Reach.THERE:
        painter = gui.QPainter(picture)
        painter.setRenderHint(gui.QPainter.RenderHint.Antialiasing)
        painter.setPen(gui.QPen(gui.QColor("#ffffff"), 10))
        painter.setBrush(gui.QBrush(gui.QColor("#e5383b" if state.calling else "#5b6270")))
        painter.drawEllipse(core.QPointF(140, 140), 42, 42)
        painter.end()
    return gui.QIcon(picture)


def _qt(module: str) -> Any:
    """Return a module of whichever Qt is installed; the window's toolkit asks in the same way."""
    return import_module(f"qtpy.{module}")
