"""The native window's ear: asks the server for what pages its person, and knows which alarms are on.

Whatever was shown is said to the server, by the message's own receipt; what could not be shown is not, so that the
next way is tried.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Final

from opsknight.desktop.alarm import Alarm, Face, Reach, State
from opsknight.desktop.kept import Kept
from opsknight.desktop.line import Answer, Line

FIRST_PAUSE_S: Final = 1.0
LONGEST_PAUSE_S: Final = 30.0
SHOWN_AGAIN_WITHIN_S: Final = 8.0
"""How long it takes at most until what could not be shown is tried again; it must not make the window look closed."""


class Ear:
    """Asks the server of `origin` for news on a thread of its own, from `start` on until `stop`."""

    def __init__(self, origin: str, kept: Kept, face: Face) -> None:
        """Prepare; nothing is asked yet."""
        self._line = Line(origin)
        self._kept = kept
        self._face = face
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._reach = Reach.NOT_ADDED
        self._known: str | None = None
        self._shown: dict[str, Alarm] = {}
        self._silenced: set[tuple[str, int]] = set()
        self._answered: set[tuple[str, int]] = set()
        self._unsaid: list[str] = []

    @property
    def is_listening(self) -> bool:
        """Whether somebody is alarmed in this window now."""
        return self._kept.token is not None and not self._stopped.is_set()

    def state(self) -> State:
        """Return how things are."""
        with self._lock:
            asking = [one for one in self._shown.values() if one.calls and (one.tag, one.at) not in self._answered]
            sounding = {one.tag for one in asking if one.loud and (one.tag, one.at) not in self._silenced}
            calling = [one for one in asking if one.acknowledge or one.tag in sounding]
            return State(self._reach, tuple(sorted(calling, key=lambda one: one.at)), frozenset(sounding))

    def start(self) -> None:
        """Begin to ask, where the window was added; again after it was added anew."""
        with self._lock:
            self._known = None
            if (self._thread is not None and self._thread.is_alive()) or not self.is_listening:
                return
            self._reach = Reach.CUT_OFF
            self._thread = threading.Thread(target=self._listen, name="alarm", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Ask no more; a question that waits ends by itself."""
        self._stopped.set()

    def silence(self, tags: Iterable[str] | None = None) -> None:
        """Let alarms sound no more, all without `tags`; they go on calling."""
        with self._lock:
            wanted = set(self._shown) if tags is None else set(tags)
            self._silenced |= {(one.tag, one.at) for one in self._shown.values() if one.tag in wanted}
        self._follow()

    def acknowledge(self, tag: str) -> tuple[bool, str]:
        """Acknowledge what an alarm is about; return whether that is done, and the server's sentence."""
        with self._lock:
            alarm = self._shown.get(tag)
        if alarm is None or alarm.acknowledge is None:
            return False, "There is nothing to acknowledge any more."
        said = self._line.post("/api/v1/acknowledge-link", {"token": alarm.acknowledge, "via": "native window"})
        if said.done:
            with self._lock:
                self._answered.add((alarm.tag, alarm.at))
            self._follow()
        return said.done, said.sentence

    def _listen(self) -> None:
        pause_s = FIRST_PAUSE_S
        while not self._stopped.is_set():
            token = self._kept.token
            if token is None:
                break
            answer = self._line.ask(token, known=self._known)
            if answer is None:
                self._stands(Reach.CUT_OFF)
                self._stopped.wait(pause_s)
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
                continue
            if answer.gone:
                if self._kept.token == token:
                    self._kept.forget()
                continue
            self._stands(Reach.THERE)
            all_shown = self._take(answer)
            self._say_what_was_shown()
            if all_shown:
                pause_s = FIRST_PAUSE_S
            else:
                self._stopped.wait(pause_s)
                pause_s = min(2 * pause_s, SHOWN_AGAIN_WITHIN_S)
        with self._lock:
            self._shown, self._known, self._thread = {}, None, None
        self._stands(Reach.NOT_ADDED)

    def _take(self, answer: Answer) -> bool:
        """Show what is new, and let go of what is over; return whether all that calls is shown.

        What is not is asked for again, and tried again.
        """
        newest: dict[str, Alarm] = {}
        for alarm in answer.alarms:
            if alarm.tag not in newest or alarm.at >= newest[alarm.tag].at:
                newest[alarm.tag] = alarm
        with self._lock:
            before, self._shown, self._known = self._shown, newest, answer.known
            news = [one for one in newest.values() if one.tag not in before or before[one.tag].at != one.at]
        if not news:
            if before.keys() != newest.keys():
                self._follow()
            return True
        raised = set(self._face.show(self.state(), news))
        self._unsaid += [one.receipt for one in news if one.tag in raised and one.receipt]
        unraised = [one.tag for one in news if one.tag not in raised and one.calls]
        with self._lock:
            for tag in unraised:
                self._shown.pop(tag, None)
            self._known = None if unraised else self._known
        return not unraised

    def _say_what_was_shown(self) -> None:
        waiting, self._unsaid = self._unsaid, []
        for receipt in waiting:
            if self._line.post("/api/v1/push/receipts", {"receipt": receipt}).later:
                self._unsaid.append(receipt)

    def _stands(self, reach: Reach) -> None:
        with self._lock:
            changed, self._reach = self._reach is not reach, reach
        if changed:
            self._follow()

    def _follow(self) -> None:
        self._face.follow(self.state())
