"""Notifications of the system, where it has a service for them: buttons to acknowledge and to open."""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import threading
from collections.abc import Callable
from importlib import import_module
from typing import Any, Final

from opsknight.desktop.alarm import Alarm
from opsknight.settings import ASSETS

SHOWN_WITHIN_S: Final = 3.0
Pressed = Callable[[str, str], object]
"""Called with what was pressed, `acknowledge` or `open`, and the alarm's tag."""


class Notices:
    """Shows notifications on a loop of its own; where nothing can show them, it says so each time."""

    def __init__(self, pressed: Pressed) -> None:
        """Prepare; the service is called for the first notification."""
        self._pressed = pressed
        self._ids: dict[str, tuple[int, str]] = {}
        self._notifier: Any = None
        self._loop = asyncio.new_event_loop()
        logging.getLogger("desktop_notifier").setLevel(logging.CRITICAL)  # it tells at length that there is no service
        self._installed = importlib.util.find_spec("desktop_notifier") is not None
        if self._installed:
            threading.Thread(target=self._loop.run_forever, name="notices", daemon=True).start()

    def show(self, alarm: Alarm) -> bool:
        """Show `alarm` in place of what was shown of the same thing; return whether that worked."""
        if self._ids.get(alarm.tag, (None,))[0] == alarm.at:
            return True
        return bool(self._do(self._show(alarm)))

    def has(self, tag: str) -> bool:
        """Say whether something is shown of one thing."""
        return tag in self._ids

    def clear(self, tag: str) -> None:
        """Take away what is shown of one thing."""
        if self.has(tag):
            self._do(self._clear(tag))

    def _do(self, work: Any) -> Any:
        if not self._installed:
            work.close()
            return None
        done = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return done.result(SHOWN_WITHIN_S)
        except Exception:  # noqa: BLE001  # there is no service, or it does not answer: the window shows it all the same
            done.cancel()
            return None

    async def _show(self, alarm: Alarm) -> bool:
        notifier = import_module("desktop_notifier")
        await self._clear(alarm.tag)
        dispatched = asyncio.Event()
        press, look = alarm.words
        buttons = (
            [notifier.Button(press, on_pressed=lambda: self._tell("acknowledge", alarm.tag))]
            if alarm.acknowledge
            else []
        )
        buttons.append(notifier.Button(look, on_pressed=lambda: self._tell("open", alarm.tag)))
        identifier = await self._service().send(
            alarm.title,
            alarm.body,
            urgency=notifier.Urgency.Critical if alarm.loud else notifier.Urgency.Normal,
            buttons=buttons,
            on_clicked=lambda: self._tell("open", alarm.tag),
            on_dispatched=dispatched.set,
        )
        if dispatched.is_set():
            self._ids[alarm.tag] = (alarm.at, identifier)
        return dispatched.is_set()

    async def _clear(self, tag: str) -> None:
        _, identifier = self._ids.pop(tag, (0, ""))
        if identifier:
            await self._service().clear(identifier)

    def _service(self) -> Any:
        notifier = import_module("desktop_notifier")  # an extra: absent on servers
        if self._notifier is None:
            icon = notifier.Icon(path=ASSETS / "icons" / "icon-192.png")
            self._notifier = notifier.DesktopNotifier(app_name="OpsKnight", app_icon=icon)
        return self._notifier

    def _tell(self, deed: str, tag: str) -> None:
        """Have it done elsewhere: the loop must go on."""
        threading.Thread(target=self._pressed, args=(deed, tag), daemon=True).start()
