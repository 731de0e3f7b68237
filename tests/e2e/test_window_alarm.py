"""The native window's ear against the whole product: paged, shown, acknowledged, cut off and back, removed."""

from __future__ import annotations

import stat
import threading
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from opsknight.desktop.alarm import Alarm, Reach, State
from opsknight.desktop.ear import Ear
from opsknight.desktop.kept import Kept
from tests.bounds import PATIENCE_S
from tests.server import RunningServer

pytestmark = pytest.mark.e2e


class Screen:
    """Shows everything, unless it is broken, and remembers what."""

    def __init__(self) -> None:
        self.shown: list[Alarm] = []
        self.state = State(Reach.NOT_ADDED)
        self.broken = False
        self._came = threading.Condition()

    def show(self, state: State, news: Sequence[Alarm]) -> Collection[str]:
        with self._came:
            self.state = state
            if not self.broken:
                self.shown += news
            self._came.notify_all()
        return [] if self.broken else [one.tag for one in news]

    def follow(self, state: State) -> None:
        with self._came:
            self.state = state
            self._came.notify_all()

    def waits_for(self, what: Any) -> Any:
        with self._came:
            assert self._came.wait_for(what, PATIENCE_S), (self.state, self.shown)
            return what()

    def showing(self, title: str) -> Alarm:
        """Wait for an alarm whose title has `title` in it."""
        return self.waits_for(lambda: next((one for one in self.shown if title in one.title), None))


class Window:
    """A window in which Sam is signed in."""

    def __init__(self, server: RunningServer, sam: httpx.Client, folder: Path) -> None:
        self.server, self.sam, self.screen = server, sam, Screen()
        self.kept = Kept(folder, server.base_url)
        self.ear = Ear(server.base_url, self.kept, self.screen)
        self.id = 0

    def add(self) -> None:
        """Add it as its page does."""
        answer = self.sam.post("/api/v1/windows", json={"device": self.kept.device, "label": "Laptop"})
        assert answer.status_code == 201, answer.text
        self.id = answer.json()["id"]
        self.kept.keep(answer.json()["token"])
        self.ear.start()

    def counts(self) -> None:
        self.add()
        self.screen.showing("OpsKnight pages you here from now on")

    def notes(self, incident: str) -> list[str]:
        pages = self.sam.get(f"/api/v1/incidents/{incident}/pages").json()["pages"]
        return [note["status"] for page in pages for note in page["notifications"] if note["channel"] == "window"]

    def becomes(self, incident: str, statuses: list[str]) -> None:
        done = threading.Event()
        for _ in range(int(PATIENCE_S / 0.1)):
            if self.notes(incident) == statuses:
                return
            done.wait(0.1)
        raise AssertionError(self.notes(incident))


@pytest.fixture
def window(server: RunningServer, sam: httpx.Client, tmp_path: Path) -> Iterator[Window]:
    made = Window(server, sam, tmp_path)
    yield made
    made.ear.stop()
    sam.delete(f"/api/v1/me/contact-methods/{made.id}")


def test_an_alert_alarms_the_window_whose_acknowledge_ends_it(window: Window):
    window.counts()
    window.server.fire(title="Card payments failing", severity="critical")
    alarm = window.screen.showing("Card payments failing")
    assert (alarm.loud, alarm.tag in window.screen.state.sounding) == (True, True)
    window.becomes(alarm.tag, ["delivered"])

    done, sentence = window.ear.acknowledge(alarm.tag)

    assert done, sentence
    assert window.ear.state().calling == ()
    incident = window.sam.get(f"/api/v1/incidents/{alarm.tag}").json()["incident"]
    assert (incident["status"], incident["assignee"]) == ("acknowledged", "Sam Sample")
    window.becomes(alarm.tag, ["seen"])
    replaced = window.screen.showing("Acknowledged by Sam Sample")
    assert (replaced.tag, replaced.calls, replaced.loud) == (alarm.tag, False, False)


def test_what_could_not_be_shown_is_not_receipted_and_is_tried_again(window: Window):
    window.counts()
    window.screen.broken = True
    window.server.fire(title="Queue stuck", severity="critical")
    tag = window.screen.waits_for(lambda: next((one.tag for one in window.screen.state.calling), None))
    window.becomes(tag, ["accepted"])

    window.screen.broken = False

    window.screen.showing("Queue stuck")
    window.becomes(tag, ["delivered"])
    assert window.ear.acknowledge(tag)[0]


def test_somebody_elses_acknowledge_stops_the_alarm(window: Window):
    window.counts()
    window.server.fire(title="Replica lags", severity="critical")
    alarm = window.screen.showing("Replica lags")

    answer = window.sam.post(f"/api/v1/incidents/{alarm.tag}/acknowledge", json={})

    assert answer.status_code == 200, answer.text
    window.screen.waits_for(lambda: not window.screen.state.sounding)
    window.screen.showing("Acknowledged by Sam Sample")


def test_a_window_that_is_silenced_goes_on_calling(window: Window):
    window.counts()
    window.server.fire(title="Disk full", severity="critical")
    alarm = window.screen.showing("Disk full")

    window.ear.silence()

    assert [one.tag for one in window.ear.state().calling] == [alarm.tag]
    assert window.ear.state().sounding == frozenset()
    assert window.ear.acknowledge(alarm.tag)[0]


def test_a_window_notices_that_its_server_is_away_and_comes_back_by_itself(
    window: Window, server: RunningServer, sam: httpx.Client
):
    window.counts()
    server.stop()
    window.screen.waits_for(lambda: window.screen.state.reach is Reach.CUT_OFF)

    server.start()

    window.screen.waits_for(lambda: window.screen.state.reach is Reach.THERE)
    server.fire(title="After the restart", severity="critical")
    assert window.ear.acknowledge(window.screen.showing("After the restart").tag)[0]


def test_a_window_that_is_removed_forgets_its_token(window: Window):
    window.counts()
    assert stat.S_IMODE((window.kept._path).stat().st_mode) == 0o600

    window.sam.delete(f"/api/v1/me/contact-methods/{window.id}")

    window.screen.waits_for(lambda: window.screen.state.reach is Reach.NOT_ADDED)
    assert window.kept.token is None


def test_a_window_that_was_closed_is_alarmed_as_soon_as_it_opens(window: Window):
    window.counts()
    window.ear.stop()
    window.server.fire(title="While it was closed", severity="critical")

    again = Ear(window.server.base_url, window.kept, window.screen)
    again.start()

    tag = window.screen.showing("While it was closed").tag
    assert again.acknowledge(tag)[0]
    again.stop()
