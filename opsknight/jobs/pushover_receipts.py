"""Asking Pushover what became of what sounds on phones, for where it cannot call us.

Source: https://pushover.net/api/receipts (no faster than every 5 s for one receipt).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog

from opsknight.deps import Deps
from opsknight.domain.commands import receipts
from opsknight.domain.queries.unseen import unseen
from opsknight.jobs.channels.http import Answer, Caller
from opsknight.jobs.channels.pushover import REPEATED_FOR_S, PushoverSettings, is_receipt

log = structlog.get_logger(__name__)

EVERY_S: Final = 10
AT_ONCE: Final = 30
"""Receipts that are asked for in one turn, of the newest messages."""
BUDGET_S: Final = 3.0


class PushoverReceipts:
    """Asks for the receipts of messages that nobody is known to have seen."""

    def __init__(self, deps: Deps, its: PushoverSettings) -> None:
        """Keep how to ask; nothing is opened yet."""
        self._deps = deps
        self._token = its.token
        self._url = f"{its.url.rstrip('/')}/1/receipts"

    async def ask(self) -> None:
        """Note of each message whether it reached a phone, and whether its person acknowledged there."""
        since = self._deps.clock.now() - timedelta(seconds=2 * REPEATED_FOR_S)
        async with self._deps.reading() as session:
            waiting = await unseen(session, "pushover", since=since, limit=AT_ONCE)
        caller = Caller("Pushover", now=self._deps.clock.now, budget_s=BUDGET_S, allow_private=True)
        try:
            for notification_id, receipt in waiting:
                if is_receipt(receipt) and not await self._note(caller, notification_id, receipt):
                    return
        finally:
            await caller.close()

    async def _note(self, caller: Caller, notification_id: UUID, receipt: str) -> bool:
        """Note what Pushover says of one; return whether it is worth asking for more now."""
        answer = await caller.call("GET", f"{self._url}/{receipt}.json?token={self._token}")
        if not isinstance(answer, Answer) or answer.status == 429 or answer.status >= 500:
            log.warning("Pushover could not be asked", again_in_s=EVERY_S)
            return False
        told = answer.fields()
        seen, delivered = told.get("acknowledged") == 1, bool(told.get("last_delivered_at"))
        if told.get("status") == 1 and (seen or delivered):
            async with self._deps.engine_commands("system:receipt") as uow:
                await (receipts.seen if seen else receipts.delivered)(uow, notification_id)
        return True
