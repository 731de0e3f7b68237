"""The native windows that ask this process for news: each question waits here until there is some.

One reader for all of them, on no connection while nobody asks and nothing is committed. It looks after each commit,
here or in another process, and each second; between two looks it rests, however often commits wake it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import structlog

log = structlog.get_logger(__name__)

SWEEP_S: Final = 1.0
BREATH_S: Final = 0.1
AT_ONCE: Final = 2
"""Questions of one window that may wait side by side: after a cut, the old one need not have ended yet."""

Read: TypeAlias = Callable[[Collection[int]], Awaitable[Mapping[int, str]]]
"""From contact methods to by what their news are known now; what is none any more is missing."""


@dataclass(slots=True, eq=False)
class _Question:
    known: str
    news: asyncio.Event = field(default_factory=asyncio.Event)


class Windows:
    """Lets questions wait, and ends their waiting when there is news."""

    def __init__(self, read: Read) -> None:
        """Prepare; `run` looks."""
        self._read = read
        self._waiting: dict[int, list[_Question]] = {}
        self._woken = asyncio.Event()
        self._asked = asyncio.Event()
        self._lets_go = False

    def let_go(self) -> None:
        """Let nobody wait any more: the process ends, and a window asks again elsewhere, or after the next start."""
        self._lets_go = True
        for asking in self._waiting.values():
            for question in asking:
                question.news.set()

    def wake(self) -> None:
        """Look soon: something was committed."""
        self._woken.set()

    async def news(self, window_id: int, *, known: str, within_s: float) -> None:
        """Return when the window's news are known by something else than `known`, or when the time is over.

        The oldest of more than AT_ONCE questions of one window ends at once, and after `let_go` each.
        """
        if self._lets_go:
            return
        question = _Question(known)
        asking = self._waiting.setdefault(window_id, [])
        asking.append(question)
        if len(asking) > AT_ONCE:
            asking[0].news.set()
        self._asked.set()
        self._woken.set()
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(within_s):
                    await question.news.wait()
        finally:
            asking.remove(question)
            if not asking and self._waiting.get(window_id) is asking:
                del self._waiting[window_id]

    async def run(self) -> None:
        """Look while anybody asks, for ever; a database that is away is looked at again."""
        while True:
            if not self._waiting:
                self._asked.clear()
                await self._asked.wait()
            self._woken.clear()
            try:
                await self._look()
            except Exception as error:  # noqa: BLE001  # questions end by themselves, and are asked again
                log.warning("news for native windows could not be read", retry_after_s=SWEEP_S, error=repr(error))
                await asyncio.sleep(SWEEP_S)
            await asyncio.sleep(BREATH_S)
            with suppress(TimeoutError):
                async with asyncio.timeout(SWEEP_S):
                    await self._woken.wait()

    async def _look(self) -> None:
        found = await self._read(list(self._waiting))
        for window_id, asking in self._waiting.items():
            for question in asking:
                if found.get(window_id) != question.known:
                    question.news.set()
