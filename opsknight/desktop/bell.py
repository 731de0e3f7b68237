"""The native window as an alarm: it comes to the front with the incident, and sounds until somebody sees to it."""

from __future__ import annotations

import json
import queue
import threading
import time
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol, cast
from urllib.parse import urlsplit

from opsknight.desktop.alarm import Alarm, Reach, State
from opsknight.desktop.notices import Notices
from opsknight.settings import ASSETS

if TYPE_CHECKING:
    import webview

LOOK_EVERY_S: Final = 0.5
PAGE_WAIT_S: Final = 8.0
SCRIPT_WAIT_S: Final = 4.0
HEARD_WITHIN_S: Final = 3.0
ON_TOP_S: Final = 3.0
NOTE_LASTS_S: Final = 15.0
"""How long the card of what does not sound stays."""
UNANSWERED_SOUNDS_S: Final = 30.0
"""How long what nobody can acknowledge sounds: a test."""


class Deeds(Protocol):
    """What can be done about an alarm."""

    def acknowledge(self, tag: str) -> tuple[bool, str]:
        """Acknowledge what it is about; return whether that is done, and a sentence."""
        ...

    def silence(self, tags: Collection[str] | None = None) -> None:
        """Let it sound no more, all without `tags`."""
        ...


class Bell:
    """Shows what the ear hears, in the window `view` and in notifications of the system."""

    def __init__(self, origin: str, view: webview.Window, *, tell: Callable[[State], object]) -> None:
        """Prepare to show alarms of the server of `origin`; `tell` is told how things are, from any thread."""
        self._origin = origin
        self._view = view
        self._tell = tell
        self._notices = Notices(self.do)
        self._deeds: Deeds | None = None
        self._lock = threading.RLock()
        self._state = State(Reach.NOT_ADDED)
        self._notes: dict[str, tuple[Alarm, float]] = {}
        self._said: dict[str, str] = {}
        self._since: dict[str, float] = {}
        self._came: set[tuple[str, int]] = set()
        self._changed = threading.Event()
        self._closed = threading.Event()
        self._is_drawn = False
        self._script = (ASSETS / "alarm.js").read_text("utf-8")
        self.is_hidden = False

    def start(self, deeds: Deeds) -> None:
        """Begin to look after the page: it may be another one at any time, and buttons are pressed in it."""
        self._deeds = deeds
        self._view.events.loaded += self._changed.set
        threading.Thread(target=self._look_after, name="bell", daemon=True).start()

    def stop(self) -> None:
        """Touch the window no more."""
        self._closed.set()
        self._changed.set()

    def show(self, state: State, news: Sequence[Alarm]) -> Collection[str]:
        """Show `news`; return the tags of what is on the screen, and heard where it is loud."""
        self._hold(state, anew={one.tag for one in news})
        loud = [one for one in news if one.tag in state.sounding and (one.tag, one.at) not in self._came]
        quiet = [one for one in news if one.tag not in state.sounding]
        with self._lock:
            self._notes |= {one.tag: (one, time.monotonic() + NOTE_LASTS_S) for one in quiet}
            self._came |= {(one.tag, one.at) for one in loud}
        noticed = {one.tag for one in news if (one.calls or self._notices.has(one.tag)) and self._notices.show(one)}
        if loud:
            self.open(loud[-1].url, on_top=True)
        elif self.is_hidden and any(one.calls and one.tag not in noticed for one in quiet):
            self.open(None)
        drawn, heard = self._drawn(until_heard=bool(state.sounding))
        self._tell(state)
        shown = {one.tag for one in quiet if one.tag in noticed or (drawn and not self.is_hidden)}
        return shown | {one.tag for one in news if one.tag in state.sounding and drawn and heard}

    def follow(self, state: State) -> None:
        """Show that things are so now."""
        self._hold(state)
        self._changed.set()
        self._tell(state)

    def do(self, deed: str, tag: str) -> None:
        """Do what a button says."""
        if self._deeds is None:
            return
        alarm = next((one for one in self._cards() if one.tag == tag), None)
        if deed == "acknowledge":
            done, sentence = self._deeds.acknowledge(tag)
            with self._lock:
                self._said.pop(tag, None) if done else self._said.update({tag: sentence})
            self._changed.set()
            return
        self._deeds.silence([tag])
        with self._lock:
            self._notes.pop(tag, None)
        if deed == "open":
            self.open(alarm.url if alarm else None)
        self._changed.set()

    def open(self, path: str | None, *, on_top: bool = False) -> None:
        """Bring the window to the front, with the server's page at `path` in it; on top of others for a moment."""
        self.is_hidden = False
        self._view.show()
        self._view.restore()
        if on_top:
            self._view.on_top = True
            letting_go = threading.Timer(ON_TOP_S, self._let_go)
            letting_go.daemon = True
            letting_go.start()
        if path is not None and self._path() != path:
            self._view.load_url(self._origin + path)
            self._view.events.loaded.wait(PAGE_WAIT_S)

    def _path(self) -> str | None:
        """Return the path of the page that is open, None where it is none of the server's own."""
        here = urlsplit(self._view.get_current_url() or "")
        return here.path if f"{here.scheme}://{here.netloc}" == self._origin else None

    def _let_go(self) -> None:
        if not self._closed.is_set() and not self.is_hidden:
            self._view.on_top = False

    def _hold(self, state: State, *, anew: Collection[str] = ()) -> None:
        """Keep how things are, and take the notifications of what is over away but those that are shown anew."""
        with self._lock:
            before, self._state = self._state, state
            now = time.monotonic()
            self._since = {tag: self._since.get(tag, now) for tag in state.sounding}
        for tag in _on(before) - _on(state) - set(anew):
            self._notices.clear(tag)

    def _look_after(self) -> None:
        while not self._closed.is_set():
            self._changed.wait(LOOK_EVERY_S if self._cards() else None)
            if self._closed.is_set():
                return
            if self._changed.is_set():
                self._changed.clear()
                self._drawn()
            elif self._seen("window.opsknightAlarm ? opsknightAlarm.look() : ''") is None:
                self._changed.set()  # another page, or none: it is drawn there
                self._closed.wait(LOOK_EVERY_S)
            self._end_what_lasted()

    def _end_what_lasted(self) -> None:
        now = time.monotonic()
        with self._lock:
            over = [tag for tag, (_, until) in self._notes.items() if until <= now]
            for tag in over:
                del self._notes[tag]
            tests = {one.tag for one in self._state.calling if not one.acknowledge}
            spent = [tag for tag, since in self._since.items() if tag in tests and now - since > UNANSWERED_SOUNDS_S]
        if over:
            self._changed.set()
        if spent and self._deeds is not None:
            self._deeds.silence(spent)

    def _cards(self) -> Sequence[Alarm]:
        with self._lock:
            sounding = [one for one in self._state.calling if one.tag in self._state.sounding]
            return [*sounding, *(one for one, _ in self._notes.values() if one.tag not in self._state.sounding)]

    def _drawn(self, *, until_heard: bool = False) -> tuple[bool, bool]:
        """Draw the cards on the page that is open; return whether they are there, and heard."""
        cards = [
            {
                "tag": one.tag, "title": one.title, "body": one.body, "acknowledge": bool(one.acknowledge),
                "words": one.words, "sounds": one.tag in self._state.sounding, "said": self._said.get(one.tag, ""),
            }
            for one in self._cards()
        ]  # fmt: skip
        if not cards and not self._is_drawn:
            return True, False
        self._is_drawn = bool(cards)
        seen = self._seen(f"{self._script};opsknightAlarm.show({json.dumps(cards)})")
        until = time.monotonic() + HEARD_WITHIN_S
        while until_heard and seen is not None and not seen["heard"] and time.monotonic() < until:
            self._closed.wait(0.1)
            seen = self._seen(f"opsknightAlarm.show({json.dumps(cards)})")
        return (False, False) if seen is None else (bool(seen["drawn"]), bool(seen["heard"]))

    def _seen(self, script: str) -> dict[str, Any] | None:
        """Return what the page says of its alarms, None where it says nothing in time; what was pressed there is done.

        Only a page of the server itself is asked, and shown anything. One that goes away meanwhile never answers: who
        asks it must not be needed elsewhere.
        """
        answers: queue.SimpleQueue[object] = queue.SimpleQueue()

        def ask() -> None:
            try:
                answers.put(self._view.run_js(script) if self._path() is not None else None)
            except Exception:  # noqa: BLE001  # there is no page, or no window any more
                answers.put(None)

        threading.Thread(target=ask, daemon=True).start()
        try:
            said = answers.get(timeout=SCRIPT_WAIT_S)
            seen: Any = json.loads(said) if isinstance(said, str) and said else said
        except (queue.Empty, ValueError):
            return None
        if not isinstance(seen, dict) or "pressed" not in seen:
            return None
        for one in cast("dict[str, Any]", seen)["pressed"]:  # it is told once, whatever the page was asked for
            threading.Thread(target=self.do, args=(str(one["deed"]), str(one["tag"])), daemon=True).start()
        return cast("dict[str, Any]", seen)


def _on(state: State) -> set[str]:
    return {*state.sounding, *(one.tag for one in state.calling)}
