"""The door of ingest: at most so many requests inside, the rest wait in line unparsed.

Work per turn of the loop stays bounded, so boards and pages keep their pace under any storm. Each integration
has a line of its own and may hold no more places than are left, so there is one for who comes new. Who has
not named a known key yet shares a small part of the places, by the address it comes from: anybody can send such.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from opsknight.errors import Throttled, TurnedAway, Unavailable

INSIDE = 128
STRANGERS = 32
"""Places for those that have not named a known key: enough to read small bodies, and soon free again."""
IN_LINE = 8192
IN_LINE_BYTES = 33_554_432
"""Of bodies that were read before their integration was known, and that wait for a place."""
HOLD_S = 0.5
"""A refusal at once makes senders hammer: it comes after this long."""
PATIENCE_S = 2.0
BODY_WITHIN_S = 20.0
"""Who takes longer to send a body loses the place as soon as somebody else needs it."""
TOO_MANY: Final = "This integration sends more than its share of what can be stored. Send the event again."
_CROWDED: Final = "Too many events arrive at once. Send this one again."

Whose: TypeAlias = int | str
"""The id of an integration; of a request that has named none, the address it comes from."""
_Task: TypeAlias = asyncio.Task[object]


@dataclass(slots=True, eq=False)
class _InLine:
    """A request that waits for a place; `size` is how many bytes of it are read already."""

    place: asyncio.Future[None]
    task: _Task
    size: int
    stands: bool = True


class Gate:
    """Lets in whose turn it is; who comes in and then says nothing is turned out when others wait.

    `monotonic` tells seconds that only grow. A place belongs to the task that took it. Of all `places`, strangers
    have `strangers` at most; who waits in vain without having sent too much is told that it is `crowded`.
    """

    def __init__(
        self,
        monotonic: Callable[[], float],
        *,
        places: int = INSIDE,
        strangers: int = STRANGERS,
        crowded: str = _CROWDED,
    ) -> None:
        """Begin with every place free."""
        self._monotonic, self._crowded = monotonic, crowded
        self._places, self._for_strangers = places, strangers
        self._many = max(2, places // 16)  # who holds fewer is not the one that sends too much
        self._inside: dict[_Task, Whose] = {}
        self._held: dict[Whose, int] = {}
        self._strangers = 0
        self._lines: dict[Whose, deque[_InLine]] = {}
        self._in_line = self._in_line_bytes = 0
        self._receiving: dict[_Task, float] = {}
        self._read: dict[_Task, int] = {}
        self._turned_out: set[_Task] = set()

    def enter_at_once(self, whose: Whose) -> bool:
        """Take a place inside if there is one for `whose` and none of its own waits for it; say whether that was so."""
        if whose in self._lines or not self._has_room(whose):
            return False
        self._take(_present(), whose)
        return True

    async def enter(self, whose: Whose, *, size: int = 0) -> None:
        """Take a place inside, in turn; give it back with `leave`, whatever happens.

        `size` is how many bytes of the request are in memory already.

        Raises:
            Throttled: `whose` is an integration that has its share of the places, and more of it waits already.
            Unavailable: too many wait already, or no place came free in time.
        """
        if not self.enter_at_once(whose):
            await self._wait(whose, size)

    async def named(self, whose: int) -> None:
        """Note that the present request has named an integration: it gives its place up for one of those of `whose`.

        Nothing happens to what did not come by this gate. Raises what `enter` raises; then no place is held.
        """
        task = _present()
        if self._inside.get(task, whose) != whose:
            size = self._read.get(task, 0)
            self.leave()
            await self.enter(whose, size=size)

    def leave(self) -> None:
        """Give the place back, where the present request holds one, to whose turn it is."""
        task = _present()
        self._read.pop(task, None)
        whose = self._inside.pop(task, None)
        if whose is not None:
            self._give(whose)

    def receive(self) -> _Task:
        """Note that the present request waits for its body now; hand what is returned to `received`."""
        task = _present()
        self._receiving[task] = self._monotonic()
        return task

    def received(self, task: _Task, size: int = 0) -> None:
        """Note that it waits no more, and has `size` bytes of its body in memory."""
        self._receiving.pop(task, None)
        if task in self._inside:
            self._read[task] = size

    def turn_out(self) -> None:
        """End the requests whose body does not come."""
        before = self._monotonic() - BODY_WITHIN_S
        for task, since in list(self._receiving.items()):
            if since >= before:
                return  # they stand in order of time
            self._turned_out.add(task)
            self.received(task)
            task.cancel()

    def was_turned_out(self) -> bool:
        """Say whether the present request was ended by `turn_out`; if so, it may go on to answer."""
        task = asyncio.current_task()
        if task is None or task not in self._turned_out:
            return False
        self._turned_out.discard(task)
        task.uncancel()
        return True

    def _has_room(self, whose: Whose) -> bool:
        """Whether one more of `whose` still leaves as many places as it holds."""
        left = self._places - len(self._inside)
        if isinstance(whose, str):
            left = min(left, self._for_strangers - self._strangers)
        return self._held.get(whose, 0) < left

    def _take(self, task: _Task, whose: Whose) -> None:
        self._inside[task] = whose
        self._held[whose] = self._held.get(whose, 0) + 1
        self._strangers += isinstance(whose, str)

    def _give(self, whose: Whose) -> None:
        """Take back a place of `whose`, and call in who may come now, a line after the other."""
        self._strangers -= isinstance(whose, str)
        self._held[whose] -= 1
        if not self._held[whose]:
            del self._held[whose]
        while (called := next((each for each in self._lines if self._has_room(each)), None)) is not None:
            line = self._lines.pop(called)
            first = self._next_of(line)
            if line:
                self._lines[called] = line  # behind the other lines
            if not first.place.done():  # else it has just lost its patience, or hung up
                self._take(first.task, called)
                first.place.set_result(None)

    async def _wait(self, whose: Whose, size: int) -> None:
        self.turn_out()
        line = self._lines.get(whose, ())
        if len(line) >= IN_LINE - self._in_line or size > IN_LINE_BYTES - self._in_line_bytes:
            own = line and isinstance(whose, int)
            raise Throttled(TOO_MANY, retry_after_s=2) if own else TurnedAway(self._crowded, retry_after_s=1)
        waiting = _InLine(asyncio.get_running_loop().create_future(), _present(), size)
        self._lines.setdefault(whose, deque()).append(waiting)
        self._in_line += 1
        self._in_line_bytes += size
        try:
            async with asyncio.timeout(PATIENCE_S):
                await waiting.place
        except BaseException as error:
            if waiting.task in self._inside:  # it was given while we were told to go
                self.leave()
            else:
                self._step_out(whose, waiting)
            if isinstance(error, TimeoutError):
                raise self._refusal(whose) from None
            raise

    def _next_of(self, line: deque[_InLine]) -> _InLine:
        """Take the first of a line that still waits, the last one in any case."""
        while True:
            first = line.popleft()
            self._forget(first)
            if not line or not first.place.done():
                return first

    def _step_out(self, whose: Whose, waiting: _InLine) -> None:
        if not waiting.stands:
            return
        self._lines[whose].remove(waiting)  # who waits longest stands first, so that is soon found
        self._forget(waiting)
        if not self._lines[whose]:
            del self._lines[whose]

    def _forget(self, waiting: _InLine) -> None:
        waiting.stands = False
        self._in_line -= 1
        self._in_line_bytes -= waiting.size

    def _refusal(self, whose: Whose) -> Unavailable:
        """Return why one of `whose` waited in vain: because of its own others, or because of everybody's."""
        if isinstance(whose, int) and self._held.get(whose, 0) >= self._many:
            return Throttled(TOO_MANY, retry_after_s=2)
        return Unavailable(self._crowded, retry_after_s=1)


def _present() -> _Task:
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("a request is answered in a task")
    return task
