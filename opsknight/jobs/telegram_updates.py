"""Presses in Telegram: has Telegram call us where it may, and otherwise asks it, which needs no way in.

One process does it at a time, by an advisory lock on a connection of its own: Telegram gives updates to one
asker only. What was heeded is confirmed with the next question, so nothing is lost when a process ends; what comes
twice then is known by the name of its press, does nothing again and is answered as it was. A restored copy does not
ask before it is armed: it would take the bot away from the one that works.
Source: https://core.telegram.org/bots/api#getting-updates
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, cast

import structlog

from opsknight.deps import Deps, retryable
from opsknight.domain.queries.restored import is_armed
from opsknight.jobs.channels.http import Answer, Caller
from opsknight.jobs.channels.telegram import TelegramSettings
from opsknight.jobs.rest import Rest

log = structlog.get_logger(__name__)

LOCK: Final = (0x0B6, 40)
POLL_S: Final = 25
"""How long Telegram holds a question to which there is no answer yet."""
AGAIN_S: Final = 5.0
AT_ONCE: Final = 50
"""Updates that are heeded side by side."""
UPDATES_AT_MOST: Final = 16 * 1024 * 1024
"""Bytes of them: anybody may write to a bot, 24 kB in one message, and what is not read whole is never confirmed."""
WANTED: Final = ("message", "callback_query")

Heed = Callable[[Mapping[str, Any]], Awaitable[Mapping[str, Any] | None]]
"""Does what an update asks for; returns the method to answer with, and its parameters."""


class TelegramUpdates:
    """Brings updates to `heed`, for as long as `run` runs."""

    def __init__(self, deps: Deps, its: TelegramSettings, *, heed: Heed, again_s: float = AGAIN_S) -> None:
        """Prepare; nothing is asked yet."""
        self._deps = deps
        self._its = its
        self._heed = heed
        self._again_s = again_s
        self._url = f"{its.url.rstrip('/')}/bot{its.token}"
        self._caller = Caller(
            "Telegram", now=deps.clock.now, budget_s=POLL_S + 10, allow_private=True, read_at_most=UPDATES_AT_MOST
        )
        self._next: int | None = None

    async def run(self) -> None:
        """Ask until the process stops; what goes wrong is tried again."""
        try:
            while not self._deps.stopping.is_set():
                try:
                    await self.alone()
                except Exception as error:  # noqa: BLE001  # presses wait at Telegram meanwhile
                    log.warning("Telegram could not be asked", again_in_s=self._again_s, error=repr(error))
                await Rest(self._deps.stopping, self._again_s).over()
        finally:
            await self._caller.close()

    async def alone(self) -> None:
        """Ask for as long as this process is the one that does, and Telegram answers."""
        connection = await self._deps.database.direct("telegram")
        try:
            if not await connection.fetchval("SELECT pg_try_advisory_lock($1, $2)", *LOCK):
                return
            if not await self._is_armed() or not await self._say_how():
                return
            while not self._deps.stopping.is_set():
                await connection.fetchval("SELECT 1")  # a lock that went with its connection is another's by now
                if self._its.webhook_secret:
                    await Rest(self._deps.stopping, POLL_S).over()
                elif not await self.ask():
                    return
        finally:
            connection.terminate()

    async def ask(self, *, wait_s: int = POLL_S) -> bool:
        """Heed what Telegram has for us now or within `wait_s`; return whether it answered."""
        asked = {"timeout": wait_s, "limit": AT_ONCE, "allowed_updates": WANTED}
        if self._next is not None:
            asked["offset"] = self._next
        found = await self._call("getUpdates", asked)
        if found is None:
            return False
        updates = cast("Sequence[Mapping[str, Any]]", found)
        failed = await asyncio.gather(*(self._take(update) for update in updates), return_exceptions=True)
        for failure in failed:
            if failure is not None:
                raise failure  # none of them is confirmed, and those that were heeded find so
        if updates:
            self._next = 1 + max(int(update["update_id"]) for update in updates)
        return True

    async def _take(self, update: Mapping[str, Any]) -> None:
        try:
            answer = await self._heed(update)
        except Exception as error:
            if retryable(error):
                raise  # asked for again when the database is back
            log.exception("an update of Telegram could not be heeded")
            return
        if answer is not None:
            await self._call(str(answer["method"]), {name: said for name, said in answer.items() if name != "method"})

    async def _is_armed(self) -> bool:
        async with self._deps.database.health() as session:
            return await is_armed(session)

    async def _say_how(self) -> bool:
        """Tell Telegram whether it shall call us, and where; return whether it knows."""
        if not self._its.webhook_secret:
            return await self._call("deleteWebhook", {"drop_pending_updates": False}) is not None
        url = f"{self._deps.settings.address}/api/v1/chats/telegram"
        wish = {"url": url, "secret_token": self._its.webhook_secret, "allowed_updates": WANTED}
        return await self._call("setWebhook", wish) is not None

    async def _call(self, method: str, parameters: Mapping[str, Any]) -> Any:
        """Return the result of a method, None where there is none."""
        answer = await self._caller.call("POST", f"{self._url}/{method}", json=parameters)
        told = answer.fields() if isinstance(answer, Answer) else {}
        if told.get("ok") is True:
            return told.get("result")
        why = told.get("description") or (answer.words() if isinstance(answer, Answer) else answer.reason)
        log.warning("Telegram refused", method=method, reason=why)
        return None
