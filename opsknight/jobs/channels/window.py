"""The native window: a message is put where the window asks for it, in our own database, and it raises the alarm.

No provider is between, so it works where nothing leaves the network. What a window has not asked for within the
last half minute is not put there: the window is closed, or cut off, and the next contact method starts.
"""

from __future__ import annotations

import socket
import ssl
from asyncio import timeout
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final

from opsknight.domain.model.channel import ChannelKind, one_line
from opsknight.domain.model.incident import Status
from opsknight.domain.model.window import AMENDED_LASTS, LOUD_LASTS, QUIET_LASTS, WINDOW
from opsknight.jobs.channels.channel import (
    BUDGET_S,
    Address,
    Ambiguous,
    Failed,
    Fault,
    Ground,
    Message,
    Outcome,
    Presence,
    Retry,
    Sent,
    Urgency,
    Windows,
)
from opsknight.jobs.channels.notices import notice

KIND: Final = ChannelKind(WINDOW, "Native window", "", one_line, by_hand=False)
CLOSED: Final = "The window is not open on that computer."
GONE: Final = "The window is no contact method any more; add it again in that window."


def make(ground: Ground) -> WindowChannel:
    """Return the channel."""
    return WindowChannel(ground.windows, now=ground.now)


class WindowChannel:
    """Puts messages where `windows` ask for them. `now` gives the present instant."""

    def __init__(self, windows: Windows | None, *, now: Callable[[], datetime], budget_s: float = BUDGET_S) -> None:
        """Keep where; nothing is held open between messages."""
        self._windows = windows
        self._now = now
        self._budget_s = budget_s

    async def send(self, message: Message, address: Address) -> Outcome:
        """Put `message` there; a window that is not open may be soon, and is tried again while the page is wanted."""
        lasts = LOUD_LASTS if message.urgency is Urgency.HIGH else QUIET_LASTS
        visited = False
        try:
            async with timeout(self._budget_s), self._where().opened() as drawer:
                visited = True
                payload = notice(message, at=self._now())
                found = await drawer.put(address.value, message.notification_id, payload, lasts=lasts)
        except Exception as error:  # noqa: BLE001  # whatever keeps the database from us
            return _accident(error, visited=visited)
        match found:
            case Presence.OPEN:
                return Sent()
            case Presence.CLOSED:
                return Retry(CLOSED, Fault.AWAY)
            case Presence.GONE:
                return Failed(GONE, Fault.ADDRESS, gone=True)

    async def find(self, message: Message, address: Address, *, since: datetime) -> Sent | None:  # noqa: ARG002
        """Return that `message` is there, None where it is not."""
        async with timeout(self._budget_s), self._where().opened() as drawer:
            there = await drawer.has(message.notification_id)
        return Sent(detail="it was there already") if there else None

    async def amend(self, message: Message, address: Address, *, provider_id: str) -> Outcome:  # noqa: ARG002
        """Have the window show what the incident has become, and stop its alarm.

        An incident that is open again pages anew.
        """
        if message.became is Status.OPEN:
            return Sent()
        try:
            async with timeout(self._budget_s), self._where().opened() as drawer:
                payload = notice(message, at=self._now())
                await drawer.replace(message.notification_id, payload, lasts=AMENDED_LASTS)
        except Exception as error:  # noqa: BLE001  # to replace it twice does no harm
            return _accident(error, visited=False)
        return Sent()

    async def close(self) -> None:
        """Do nothing: nothing is open."""

    def _where(self) -> Windows:
        if self._windows is None:
            raise RuntimeError("this channel was made to be described, not to send")
        return self._windows


def _accident(error: Exception, *, visited: bool) -> Retry | Ambiguous:
    """Return what an error on the way to the database means; before a visit began nothing was written."""
    fault, why = _named(error)
    return Ambiguous(why, fault) if visited else Retry(why, fault)


def _named(error: Exception) -> tuple[Fault, str]:
    for cause in _causes(error):
        match cause:
            case TimeoutError():
                return Fault.TIMEOUT, "OpsKnight's database did not answer in time."
            case ssl.SSLCertVerificationError():
                return Fault.CERTIFICATE, "The certificate of OpsKnight's database is not valid."
            case socket.gaierror():
                return Fault.DNS, "The name of OpsKnight's database does not resolve."
            case ConnectionRefusedError():
                return Fault.REFUSED, "OpsKnight's database cannot be reached."
            case _:
                continue
    return Fault.RESET, "OpsKnight's database closed the connection without an answer."


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield `error` and what it stands for: what it came from, or wraps."""
    given: set[int] = set()
    while error is not None and id(error) not in given:
        given.add(id(error))
        yield error
        error = getattr(error, "orig", None) or error.__cause__
