"""A monitor that never gives up: keeps requests in flight and sends each event, under one key, until it is taken."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any, Self

from tests.bounds import PATIENCE_S, WIDER

AGAIN_AFTER_S = 0.2
"""More impatient than any monitor, whatever Retry-After says: it shows sooner when the house is back."""
ANSWER_WITHIN_S = 30.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What one try came to, in seconds since 1970; status 0 where no answer came."""

    began_at: float
    ended_at: float
    status: int = 0
    retry_after: str = ""
    said: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def accepted(self) -> bool:
        """Whether the event was taken."""
        return 200 <= self.status < 300


@dataclass(slots=True)
class Sent:
    """One event with its idempotency key, and everything that was answered to it."""

    key: str
    body: bytes
    answers: list[Answer] = field(default_factory=list[Answer])

    @property
    def receipts(self) -> list[Answer]:
        """The answers that took it."""
        return [answer for answer in self.answers if answer.accepted]


class Sender:
    """Keeps `in_flight` requests on their way from `with` until its end, or until `most` events are made.

    `event` makes the payload of event number n. An event that is refused or not answered is sent
    again with the same key; leaving the block makes no new event (with `most`, all of them) and
    waits until each is taken.
    """

    def __init__(
        self,
        port: int,
        path: str,
        *,
        event: Callable[[int], Mapping[str, Any]],
        name: str = "storm",
        in_flight: int = 50,
        most: int | None = None,
        a_second: float | None = None,
    ) -> None:
        """Prepare; nothing is sent yet. `a_second` paces the events."""
        self.sent: list[Sent] = []
        self.taken = 0
        self._port, self._path, self._event, self._name = port, path, event, name
        self._in_flight, self._a_second = in_flight, a_second
        self._most = most
        self._numbers: Iterator[int] = count() if most is None else iter(range(most))
        self._enough = self._given_up = False
        self._began = 0.0
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name=f"sender {name}", daemon=True)

    def __enter__(self) -> Self:
        self._began = time.monotonic()
        self._thread.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self.finish(within_s=(5.0 if kind else 60.0) * WIDER)

    @property
    def answers(self) -> list[Answer]:
        """Every answer so far, in no order."""
        return [answer for sent in list(self.sent) for answer in list(sent.answers)]

    def finish(self, *, within_s: float = PATIENCE_S) -> None:
        """Make no new event unless `most` was given, and wait until all are taken.

        Raises:
            AssertionError: some were not taken in time.
        """
        self._enough = self._most is None
        self._thread.join(within_s)
        self._given_up = True
        if self._failure is not None:
            raise self._failure
        waiting = [sent.key for sent in self.sent if not sent.receipts]
        assert not waiting, f"{len(waiting)} not taken within {within_s} s: {waiting[:5]}, {self._last_answers()}"

    def wait_for(self, more: int, *, within_s: float = PATIENCE_S) -> float:
        """Return how many seconds it took until `more` events were taken than now."""
        began, wanted = time.monotonic(), self.taken + more
        while self.taken < wanted:
            assert self._thread.is_alive(), f"the sender stopped: {self._failure}"
            assert time.monotonic() - began < within_s, f"{self.taken} of {wanted} taken, {self._last_answers()}"
            time.sleep(0.002)
        return time.monotonic() - began

    def wait_for_news(self, since: float, *, within_s: float = PATIENCE_S) -> float:
        """Return how many seconds after `since` (since 1970) an event was taken that was sent after it."""
        until_s = time.monotonic() + within_s
        while True:
            # What was sent lately is at the end; what was under way then is among the last of each line.
            lately = [answer for sent in self.sent[-4 * self._in_flight :] for answer in sent.answers[-1:]]
            taken_at = [answer.ended_at for answer in lately if answer.accepted and answer.began_at > since]
            if taken_at:
                return min(taken_at) - since
            assert time.monotonic() < until_s, f"nothing taken within {within_s} s, {self._last_answers()}"
            time.sleep(0.005)

    def _last_answers(self) -> str:
        last = [sent.answers[-1] for sent in self.sent if sent.answers and not sent.receipts]
        return f"lately answered {Counter((one.status, one.said.get('detail')) for one in last)}"

    def _work(self) -> None:
        try:
            asyncio.run(self._all())
        except BaseException as failure:  # noqa: BLE001  # told by whoever waits for the thread
            self._failure = failure

    async def _all(self) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(self._in_flight):
                group.create_task(self._one_line())

    async def _one_line(self) -> None:
        """Send one event after the other over one connection, opened anew when it breaks."""
        link = _Link(self._port)
        while not self._enough and (number := next(self._numbers, None)) is not None:
            await self._pace(number)
            sent = Sent(f"{self._name}-{number}", json.dumps(self._event(number)).encode())
            self.sent.append(sent)
            while not (await self._try(link, sent)).accepted:
                if self._given_up:
                    return
                await asyncio.sleep(AGAIN_AFTER_S)
            self.taken += 1
        link.close()

    async def _pace(self, number: int) -> None:
        if self._a_second is not None:
            await asyncio.sleep(max(0.0, self._began + number / self._a_second - time.monotonic()))

    async def _try(self, link: _Link, sent: Sent) -> Answer:
        began_at = time.time()
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                status, headers, body = await link.post(self._path, sent.body, key=sent.key)
            said = json.loads(body)
            answer = Answer(began_at, time.time(), status, headers.get("retry-after", ""), said)
        except (OSError, EOFError, ValueError):
            link.close()
            answer = Answer(began_at, time.time())
        sent.answers.append(answer)
        return answer


class _Link:
    """One HTTP/1.1 connection to loopback; a client library would take half of the machine."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, path: str, body: bytes, *, key: str) -> tuple[int, dict[str, str], bytes]:
        """Post a body; EOFError or OSError where no whole answer came."""
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        writer.write(
            f"POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
            f"idempotency-key: {key}\r\ncontent-length: {len(body)}\r\n\r\n".encode()
            + body
        )
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
        return int(head[0].split()[1]), headers, await reader.readexactly(int(headers["content-length"]))

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


def a_storm(seed: int) -> Callable[[int], Mapping[str, Any]]:
    """Return what makes the events of a storm: twenty new conditions in every thousand, most of it repeats.

    One in a hundred is acknowledged by its monitor, one in a hundred is over.
    """
    chance = Random(seed)  # noqa: S311  # not a secret

    def event(number: int) -> Mapping[str, Any]:
        condition = f"{seed}-{number // 1000}-{chance.randrange(20)}"
        action = chance.choices(("trigger", "acknowledge", "resolve"), (98, 1, 1))[0]
        return {
            "action": action,
            "title": f"Trouble {condition}",
            "dedup_key": condition,
            "severity": "critical",
            "details": {"number": f"{seed}.{number}"},
        }

    return event


def a_row(name: str) -> Callable[[int], Mapping[str, Any]]:
    """Return what makes events of which each is a condition of its own."""
    return lambda number: {"title": f"{name} {number}", "dedup_key": f"{name} {number}", "severity": "critical"}
