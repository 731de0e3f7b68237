"""Answers to what a page asks, in the server's place.

Playwright's own `page.route` turns the browser's cache off and has every request of the page pass through
the tests: a page cost half as much again. Here only what is to be answered waits for its answer.
"""

from __future__ import annotations

import asyncio
import re
from base64 import b64encode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from json import dumps, loads
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary

from playwright.async_api import CDPSession, Error, Page

Answer: TypeAlias = "Callable[[Question], Awaitable[None] | None]"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the page has sent."""

    method: str
    url: str
    post_data: str | None

    @property
    def post_data_json(self) -> Any:
        """What it holds, None where it holds nothing."""
        return None if self.post_data is None else loads(self.post_data)


@dataclass(frozen=True, slots=True)
class Question:
    """A request that waits for its answer."""

    request: Asked
    _id: str
    _inspector: CDPSession

    async def fulfill(
        self, *, status: int = 200, content_type: str = "text/plain", body: str = "", json: object = None
    ) -> None:
        """Answer it."""
        if json is not None:
            content_type, body = "application/json", dumps(json)
        answer = {
            "requestId": self._id,
            "responseCode": status,
            "responseHeaders": [{"name": "Content-Type", "value": content_type}],
            "body": b64encode(body.encode()).decode(),
        }
        await self._inspector.send("Fetch.fulfillRequest", answer)

    async def let_pass(self) -> None:
        """Have the server answer it."""
        await self._inspector.send("Fetch.continueRequest", {"requestId": self._id})

    async def abort(self) -> None:
        """Let it fail as without a network."""
        await self._inspector.send("Fetch.failRequest", {"requestId": self._id, "errorReason": "Failed"})


@dataclass
class _Answering:
    """What is answered on one page, the latest first."""

    inspector: CDPSession
    rules: list[tuple[re.Pattern[str], Answer]] = field(default_factory=list[tuple[re.Pattern[str], Answer]])
    places: list[str] = field(default_factory=list[str])
    under_way: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])
    failed: list[BaseException] = field(default_factory=list[BaseException])

    def paused(self, event: dict[str, Any]) -> None:
        task = asyncio.get_running_loop().create_task(self._answer(event))
        self.under_way.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self.under_way.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, Error):  # the page that asked may have gone meanwhile
            self.failed.append(error)

    async def _answer(self, event: dict[str, Any]) -> None:
        sent, number = event["request"], event["requestId"]
        question = Question(Asked(sent["method"], sent["url"], sent.get("postData")), number, self.inspector)
        answer = next((answer for matches, answer in self.rules if matches.fullmatch(sent["url"])), None)
        answered = question.let_pass() if answer is None else answer(question)
        if answered is not None:
            await answered


_answering: WeakKeyDictionary[Page, _Answering] = WeakKeyDictionary()


async def answer_to(page: Page, where: str, answer: Answer) -> None:
    """Let `answer` answer what the page sends `where` from now on: `*` stands for a part of a path, `**` for any."""
    its = _answering.get(page)
    if its is None:
        its = _answering[page] = _Answering(await page.context.new_cdp_session(page))
        its.inspector.on("Fetch.requestPaused", its.paused)
    its.rules.insert(0, (_pattern(where), answer))
    its.places.append(where.replace("**", "*"))
    await its.inspector.send("Fetch.enable", {"patterns": [{"urlPattern": place} for place in its.places]})


async def forget(page: Page) -> None:
    """Answer nothing any more on a page; what went wrong in an answer is raised."""
    its = _answering.pop(page, None)
    if its is None:
        return
    for task in its.under_way:
        task.cancel()
    await its.inspector.detach()
    if its.failed:
        raise its.failed[0]


def _pattern(where: str) -> re.Pattern[str]:
    parts = re.split(r"(\*\*|\*)", where)
    return re.compile("".join({"**": ".*", "*": "[^/]*"}.get(part, re.escape(part)) for part in parts))
