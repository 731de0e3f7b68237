"""A phone for tests: Chromium with a profile of its own, in which the app is installed and pushes arrive.

A real push service is out of reach here, so a message is handed to the worker where the browser's own push client
would: by CDP, decrypted. Buttons are pressed by the event that the system would send to the worker.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import BrowserContext, CDPSession, Page, async_playwright

from tests.bounds import PATIENCE_MS, PATIENCE_S
from tests.browsers import QUIET, WHOLE

LOOK_EVERY_S = 0.2
"""Chromium forgets a notification for which it is asked between storing and showing it, so it is asked seldom."""
NOTIFICATIONS = """async () => (await self.registration.getNotifications()).map((note) => ({
  title: note.title, body: note.body, tag: note.tag, actions: note.actions.map((action) => action.title),
  stays: note.requireInteraction, silent: note.silent }))"""
# The browser keeps waitUntil for its own events; the worker's work has begun by then.
PRESS = """async ([tag, action]) => {
  const note = (await self.registration.getNotifications()).find((one) => one.tag === tag);
  self.dispatchEvent(new NotificationEvent("notificationclick", { notification: note, action }));
}"""
# While Chromium still looks for the desktop's notification service it forgets what it is told to show.
LIGHT_UP = """async () => {
  await self.registration.showNotification("", { tag: "light", silent: true });
  const shown = await self.registration.getNotifications({ tag: "light" });
  shown.forEach((note) => note.close());
  return shown.length > 0;
}"""
# Windows may be opened and focused in answer to a real press only, so the attempt is what can be seen.
WATCH_WINDOWS = """() => {
  self.opened = [];
  self.clients.openWindow = async (url) => { self.opened.push(url); };
}"""


@dataclass(frozen=True, slots=True)
class Notification:
    """What stands on the lock screen."""

    title: str
    body: str
    tag: str
    actions: list[str]
    stays: bool
    silent: bool


@dataclass
class Phone:
    """One installed app: its window, its worker, its lock screen."""

    origin: str
    context: BrowserContext
    page: Page
    devtools: CDPSession
    _registrations: list[str] = field(default_factory=list[str])

    async def install(self) -> None:
        """Learn how the browser calls the worker's registration."""
        self.devtools.on("ServiceWorker.workerRegistrationUpdated", self._note)
        await self.devtools.send("ServiceWorker.enable")
        await until(lambda: bool(self._registrations), "the worker is registered")

    async def in_worker(self, script: str, *arguments: Any) -> Any:
        """Run `script` in the worker; one that the browser has put to sleep is woken, as a push would."""
        if not self.context.service_workers:
            await self.devtools.send("ServiceWorker.startWorker", {"scopeURL": f"{self.origin}/"})
            await until(lambda: bool(self.context.service_workers), "the worker runs")
        return await self.context.service_workers[-1].evaluate(script, *arguments)

    async def push(self, payload: Mapping[str, Any] | str) -> None:
        """Let a push message arrive, as its decrypted content."""
        data = payload if isinstance(payload, str) else json.dumps(payload)
        await self.devtools.send(
            "ServiceWorker.deliverPushMessage",
            {"origin": self.origin, "registrationId": self._registrations[-1], "data": data},
        )

    async def notifications(self) -> list[Notification]:
        """Return what is shown now."""
        return [Notification(**note) for note in await self.in_worker(NOTIFICATIONS)]

    async def notification(self, *, titled: str = "", within_s: float = PATIENCE_S) -> Notification:
        """Wait for a notification with `titled` in its title and return it."""
        deadline = asyncio.get_running_loop().time() + within_s
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            shown = await self.notifications()
            found = next((note for note in shown if titled in note.title), None)
            if found is not None:
                return found
            assert asyncio.get_running_loop().time() < deadline, f"no “{titled}” after {within_s} s, but {shown}"

    async def clear(self) -> None:
        """Wipe every notification away."""
        await self.in_worker("async () => (await self.registration.getNotifications()).forEach((note) => note.close())")

    async def press(self, action: str, *, tag: str) -> None:
        """Press a button of the notification `tag`; no action is a tap on its body."""
        await self.in_worker(PRESS, [tag, action])

    async def opened(self) -> list[str]:
        """Return what the worker wanted to open since WATCH_WINDOWS ran in it."""
        await until(lambda: self.in_worker("() => self.opened.length > 0"), "a window was opened")
        return await self.in_worker("() => self.opened")

    async def close_every_window(self) -> None:
        """Leave only the worker: no page of the app is open, and nobody is signed in."""
        await self.page.goto("about:blank")
        await self.context.clear_cookies()

    def _note(self, said: dict[str, Any]) -> None:
        self._registrations += [
            one["registrationId"]
            for one in said["registrations"]
            if one["scopeURL"] == f"{self.origin}/" and not one["isDeleted"]
        ]


@asynccontextmanager
async def phone(origin: str, *, profile: Path, cookie: str = "", allow: bool = True) -> AsyncIterator[Phone]:
    """Open the board at `origin`, signed in by `cookie` (name=value), and wait until the app's worker runs.

    Without a cookie it is the sign-in page that opens. `allow` says what the person answers when asked for
    notifications.
    """
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            str(profile),
            executable_path=WHOLE,
            headless=True,
            args=list(QUIET),
            permissions=["notifications"] if allow else [],
        )
        context.set_default_timeout(PATIENCE_MS)
        try:
            if cookie:
                await context.add_cookies(cookies(origin, cookie))
            page = context.pages[0]
            await page.goto(f"{origin}/incidents")
            if not cookie:
                await page.evaluate("navigator.serviceWorker.register('/sw.js')")  # pages that need no sign-in do not
            await page.evaluate("navigator.serviceWorker.ready.then(() => true)")
            made = Phone(origin, context, page, await context.new_cdp_session(page))
            await made.install()
            if allow:
                await until(lambda: made.in_worker(LIGHT_UP), "the lock screen lights up")
            yield made
        finally:
            await context.close()


def cookies(origin: str, cookie: str) -> list[Any]:
    """Return `cookie` (name=value) for a browser: a __Host- cookie is set on https, and localhost counts as that."""
    name, _, value = cookie.partition("=")
    return [{"name": name, "value": value, "url": origin.replace("http://", "https://")}]


async def until(true: Any, what: str, *, within_s: float = PATIENCE_S) -> None:
    """Wait until `true()`, which may be a coroutine function; say `what` did not happen when it does not."""
    deadline = asyncio.get_running_loop().time() + within_s
    while True:
        answer = true()
        if await answer if asyncio.iscoroutine(answer) else answer:
            return
        assert asyncio.get_running_loop().time() < deadline, f"after {within_s} s: not {what}"
        await asyncio.sleep(0.02)
