"""The native window's parts by themselves: what it keeps, what it shows where, and what its tray says."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

import pytest

from opsknight.desktop.alarm import Alarm, Reach, State
from opsknight.desktop.bell import Bell
from opsknight.desktop.kept import Kept
from opsknight.desktop.tray import words
from tests.bounds import PATIENCE_S
from tests.e2e.windows import DEBIAN

HOME = "https://ops.example.com"
TOKEN = "7.aaaaaaaaaaaaaaaaaaaaaaaa"


def an_alarm(tag: str = "x", **changes: Any) -> Alarm:
    said = {"title": "Disk full", "body": "Checkout", "url": "/incidents/12", "at": 1, "calls": True, "loud": True}
    return Alarm(**{"tag": tag, "acknowledge": "signed", **said, **changes})


def on(*alarms: Alarm) -> State:
    return State(Reach.THERE, alarms, frozenset(one.tag for one in alarms if one.loud))


class Event:
    """One of the window's events, as pywebview has them."""

    def __init__(self) -> None:
        self._handlers: list[Callable[[], object]] = []

    def __iadd__(self, handler: Callable[[], object]) -> Self:
        self._handlers.append(handler)
        return self

    def set(self) -> None:
        for handler in self._handlers:
            handler()

    def wait(self, _timeout: float) -> bool:
        return True


@dataclass
class Events:
    loaded: Event = field(default_factory=Event)


@dataclass
class View:
    """A window that does what pywebview's does, without one: its page draws what it is told, unless it is broken."""

    url: str | None = f"{HOME}/incidents"
    heard: bool = True
    broken: bool = False
    on_top: bool = False
    fronts: int = 0
    drawn: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    pressed: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    scripts: list[str] = field(default_factory=list[str])
    events: Events = field(default_factory=Events)

    def get_current_url(self) -> str | None:
        return self.url

    def load_url(self, url: str) -> None:
        self.url = url
        self.drawn = []
        self.events.loaded.set()

    def show(self) -> None:
        self.fronts += 1

    def restore(self) -> None:
        """Nothing is minimised."""

    def run_js(self, script: str) -> str | None:
        self.scripts.append(script)
        if self.broken:
            return None
        if "opsknightAlarm.show(" in script:
            self.drawn = json.loads(script.rpartition("opsknightAlarm.show(")[2][:-1])
        pressed, self.pressed = self.pressed, []
        return json.dumps({"drawn": True, "heard": self.heard, "pressed": pressed})


class Ear:
    """Remembers what was asked of it."""

    def __init__(self) -> None:
        self.done: list[tuple[str, Any]] = []
        self.answer: tuple[bool, str] = (True, "Acknowledged.")
        self.came = threading.Event()

    def acknowledge(self, tag: str) -> tuple[bool, str]:
        self.done.append(("acknowledge", tag))
        self.came.set()
        return self.answer

    def silence(self, tags: Collection[str] | None = None) -> None:
        self.done.append(("silence", tags))
        self.came.set()


@pytest.fixture
def view() -> View:
    return View()


@pytest.fixture
def ear() -> Ear:
    return Ear()


@pytest.fixture
def bell(view: View, ear: Ear) -> Iterator[Bell]:
    made = Bell(HOME, view, tell=lambda _: None)  # type: ignore[arg-type]
    made.start(ear)
    yield made
    made.stop()


def test_a_loud_alarm_comes_to_the_front_with_its_incident(bell: Bell, view: View):
    shown = bell.show(on(an_alarm()), [an_alarm()])

    assert set(shown) == {"x"}
    assert (view.url, view.fronts, view.on_top) == (f"{HOME}/incidents/12", 1, True)
    assert [(card["title"], card["sounds"]) for card in view.drawn] == [("Disk full", True)]


def test_a_loud_alarm_that_is_not_heard_does_not_count_as_shown(bell: Bell, view: View):
    view.heard = False

    assert set(bell.show(on(an_alarm()), [an_alarm()])) == set()


def test_a_quiet_one_is_shown_where_the_window_is_and_takes_nobody_away(bell: Bell, view: View):
    quiet = an_alarm(loud=False)

    shown = bell.show(on(quiet), [quiet])

    assert set(shown) == {"x"}
    assert (view.url, view.fronts) == (f"{HOME}/incidents", 0)


def test_a_page_that_draws_nothing_shows_nothing(bell: Bell, view: View):
    view.broken = True

    assert set(bell.show(on(an_alarm()), [an_alarm()])) == set()


@pytest.mark.parametrize("url", [None, "https://evil.example/incidents", "https://ops.example.com.evil.example/"])
def test_a_page_of_somebody_else_is_told_nothing(bell: Bell, view: View, url: str | None):
    view.url, quiet = url, an_alarm(loud=False)

    shown = bell.show(on(quiet), [quiet])

    assert set(shown) == set()
    assert view.scripts == []


def test_a_window_in_the_tray_comes_back_for_what_nothing_else_shows(bell: Bell, view: View):
    bell.is_hidden, quiet = True, an_alarm(loud=False)

    shown = bell.show(on(quiet), [quiet])

    assert (set(shown), view.fronts, bell.is_hidden) == ({"x"}, 1, False)


def test_a_button_in_the_page_acknowledges(bell: Bell, view: View, ear: Ear):
    bell.show(on(an_alarm()), [an_alarm()])

    view.pressed.append({"deed": "acknowledge", "tag": "x"})

    assert ear.came.wait(PATIENCE_S)
    assert ear.done == [("acknowledge", "x")]


def test_an_acknowledge_that_is_refused_says_why_in_the_card(bell: Bell, view: View, ear: Ear):
    ear.answer = (False, "It was paged anew.")
    bell.show(on(an_alarm()), [an_alarm()])

    bell.do("acknowledge", "x")

    done = threading.Event()
    for _ in range(int(PATIENCE_S / 0.05)):
        if [card["said"] for card in view.drawn] == ["It was paged anew."]:
            break
        done.wait(0.05)
    assert [card["said"] for card in view.drawn] == ["It was paged anew."]


def test_opening_an_alarm_by_hand_silences_it(bell: Bell, view: View, ear: Ear):
    quiet = an_alarm(loud=False)
    bell.show(on(quiet), [quiet])

    bell.do("open", "x")

    assert ear.done == [("silence", ["x"])]
    assert view.url == f"{HOME}/incidents/12"


def test_an_alarm_is_drawn_anew_on_every_page_that_is_opened(bell: Bell, view: View):
    bell.show(on(an_alarm()), [an_alarm()])

    view.load_url(f"{HOME}/services")

    done = threading.Event()
    for _ in range(int(PATIENCE_S / 0.05)):
        if view.drawn:
            break
        done.wait(0.05)
    assert [card["tag"] for card in view.drawn] == ["x"]


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (State(Reach.THERE), "Quiet"),
        (State(Reach.CUT_OFF), "Cut off from the server: no page arrives here"),
        (State(Reach.NOT_ADDED), "This window alarms nobody: add it on the page Me"),
        (on(an_alarm()), "1 alarm pages you"),
        (on(an_alarm(), an_alarm("y")), "2 alarms page you"),
        (State(Reach.CUT_OFF, [an_alarm()]), "1 alarm pages you; cut off from the server"),
    ],
)
def test_the_tray_says_how_things_stand(state: State, said: str):
    assert words(state) == said


_DEBIANS = DEBIAN.glob(f"PyQt6/sip.cpython-{sys.version_info.major}{sys.version_info.minor}-*.so")
HAS_QT = bool(find_spec("qtpy") and find_spec("PyQt6")) or any(_DEBIANS)
IN_THE_TRAY = """
import os, sys; os.environ["QT_QPA_PLATFORM"] = "offscreen"
sys.path.append("/usr/lib/python3/dist-packages")  # Debian's Qt, where this Python has none of its own
from qtpy.QtWidgets import QApplication
from opsknight.desktop.alarm import Alarm, Reach, State
from opsknight.desktop.tray import Doing, Tray
done = []
doing = Doing(show=lambda: done.append("show"), acknowledge=done.append, silence=lambda: done.append("silence"),
              leave=lambda: done.append("leave"))
application = QApplication([])
tray = Tray(application, doing)
alarm = Alarm("x", "A & B", "", "/", 1, True, True, number=12, acknowledge="signed")
tray.tell(State(Reach.THERE, (alarm,), frozenset("x")))
application.processEvents()
print([action.text() for action in tray._menu.actions() if action.text()])
for action in tray._menu.actions(): action.trigger()
application.processEvents()
print(done)
"""


@pytest.mark.skipif(not HAS_QT, reason="no Qt for this Python: apt-get install python3-pyqt6 python3-qtpy")
def test_the_menu_of_the_tray_acknowledges_silences_and_quits():
    said = subprocess.run([sys.executable, "-c", IN_THE_TRAY], capture_output=True, text=True, check=True)

    offered, done = said.stdout.splitlines()[-2:]
    assert offered == str(["1 alarm pages you", "Open", "Acknowledge #12 A && B", "Silence sound", "Quit"])
    assert done == str(["show", "x", "silence", "leave"])


def test_what_a_window_keeps_is_apart_for_each_server(tmp_path: Path):
    here, there = Kept(tmp_path, HOME), Kept(tmp_path, "https://other.example.com")
    here.keep(TOKEN)
    device = here.device
    there.keep("8.bbbbbbbbbbbbbbbbbbbbbbbb")

    there.forget()

    assert (here.token, there.token) == (TOKEN, None)
    assert Kept(tmp_path, HOME).device == there.device == device


@pytest.mark.parametrize(
    "found", ["", "[]", "{not json", '{"tokens": {"https://ops.example.com": 7}}', '{"tokens": 3}']
)
def test_a_file_that_cannot_be_read_is_as_none(tmp_path: Path, found: str):
    (tmp_path / "alarm.json").write_text(found, "utf-8")
    kept = Kept(tmp_path, HOME)

    assert kept.token is None
    kept.keep(TOKEN)
    assert kept.token == TOKEN


@pytest.mark.parametrize("token", ["", "7", "x.aaaaaaaaaaaaaaaaaaaaaaaa", "7.short", f"{TOKEN}\r\nHost: evil"])
def test_what_is_no_token_is_not_kept(tmp_path: Path, token: str):
    with pytest.raises(ValueError, match="no token"):
        Kept(tmp_path, HOME).keep(token)
