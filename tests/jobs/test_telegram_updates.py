"""Asking Telegram for presses: each is heeded, answered and confirmed, by one process at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import update

from opsknight.deps import Deps
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import InstallationRow
from opsknight.jobs.channels.telegram import TelegramSettings
from opsknight.jobs.telegram_updates import TelegramUpdates
from opsknight.settings import Settings
from tests.bounds import PATIENCE_S
from tests.clock import StoppedClock
from tests.peers.http_provider import Asked, HttpPeer, Said, http_peer

SECRET = "a-secret-of-our-own_0123456789"


@dataclass
class Bot:
    """Telegram as a bot sees it: updates wait until they are confirmed, and only a webhook ends the asking."""

    peer: HttpPeer
    waiting: list[dict[str, Any]] = field(default_factory=list)
    webhook: dict[str, Any] | None = None
    answered: list[dict[str, Any]] = field(default_factory=list)

    def answering(self, asked: Asked) -> Said:
        method, sent = asked.path.rpartition("/")[2], asked.json
        match method:
            case "getUpdates" if self.webhook is not None:
                return Said(409, {"ok": False, "error_code": 409, "description": "Conflict: webhook is active"})
            case "getUpdates":
                assert sent["allowed_updates"] == ["message", "callback_query"]
                self.waiting = [update for update in self.waiting if update["update_id"] >= sent.get("offset", 0)]
                return Said(200, {"ok": True, "result": self.waiting[: sent["limit"]]})
            case "setWebhook":
                self.webhook = sent
            case "deleteWebhook":
                self.webhook = None
            case _:
                self.answered.append({"method": method, **sent})
        return Said(200, {"ok": True, "result": True})


@pytest.fixture
async def bot() -> AsyncIterator[Bot]:
    async with http_peer() as peer:
        made = Bot(peer)
        peer.answering = made.answering
        yield made


@pytest.fixture
async def deps(database: Database, clock: StoppedClock) -> Deps:
    made = Deps(Settings(_env_file=None, base_url="https://ops.example.com"), clock)  # type: ignore[call-arg]
    await made.open(database)
    return made


@dataclass
class Heeding:
    """What was brought, and what is answered to it; `failing` are raised first."""

    came: list[int] = field(default_factory=list)
    failing: list[Exception] = field(default_factory=list)

    async def __call__(self, update: Mapping[str, Any]) -> Mapping[str, Any] | None:
        if self.failing:
            raise self.failing.pop()
        self.came.append(update["update_id"])
        return {"method": "answerCallbackQuery", "callback_query_id": str(update["update_id"]), "text": "Done."}


def asking(deps: Deps, bot: Bot, heed: Heeding, *, secret: str = "") -> TelegramUpdates:
    its = TelegramSettings(url=bot.peer.origin, token="1:T", webhook_secret=secret)
    return TelegramUpdates(deps, its, heed=heed, again_s=0.01)


@asynccontextmanager
async def running(deps: Deps, updates: TelegramUpdates) -> AsyncIterator[None]:
    task = asyncio.get_running_loop().create_task(updates.run())
    try:
        yield
    finally:
        deps.stopping.set()
        await asyncio.wait_for(task, PATIENCE_S)
        deps.stopping.clear()


async def until(what: Any) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not what():  # noqa: ASYNC110  # it looks at a peer of another task
            await asyncio.sleep(0.01)


async def test_what_strangers_write_at_length_keeps_no_press_from_being_heeded(deps: Deps, bot: Bot):
    novels = [{"update_id": nth, "message": {"text": "Ж" * 4096, "chat": {"id": nth}}} for nth in range(1, 50)]
    bot.waiting, heed = [*novels, {"update_id": 50}], Heeding()
    updates = asking(deps, bot, heed)

    assert await updates.ask(wait_s=0)

    assert 50 in heed.came


async def test_what_was_pressed_is_heeded_answered_and_confirmed(deps: Deps, bot: Bot):
    bot.waiting, heed = [{"update_id": 7}, {"update_id": 8}], Heeding()
    updates = asking(deps, bot, heed)

    assert await updates.ask(wait_s=0)
    assert await updates.ask(wait_s=0)

    assert sorted(heed.came) == [7, 8]
    assert bot.waiting == []
    assert sorted(answer["callback_query_id"] for answer in bot.answered) == ["7", "8"]
    assert "method" not in bot.peer.asked[1].json


async def test_what_could_not_be_written_comes_again(deps: Deps, bot: Bot):
    bot.waiting = [{"update_id": 7}]
    heed = Heeding(failing=[ConnectionResetError("the database went away")])
    async with running(deps, asking(deps, bot, heed)):
        await until(lambda: heed.came == [7])


async def test_one_that_cannot_be_heeded_holds_up_no_other(deps: Deps, bot: Bot):
    bot.waiting, heed = [{"update_id": 7}, {"update_id": 8}], Heeding(failing=[KeyError("a mistake of ours")])
    updates = asking(deps, bot, heed)

    await updates.ask(wait_s=0)
    await updates.ask(wait_s=0)

    assert len(heed.came) == 1
    assert bot.waiting == []


async def test_of_two_processes_one_asks(deps: Deps, bot: Bot):
    first, second = Heeding(), Heeding()
    async with running(deps, asking(deps, bot, first)):
        await until(lambda: len(bot.peer.asked) > 1)
        before = len(bot.peer.asked)
        other = asking(deps, bot, second)
        await asyncio.wait_for(other.alone(), PATIENCE_S)

        assert second.came == []
        assert all("deleteWebhook" not in asked.path for asked in bot.peer.asked[before:])


async def test_with_a_secret_telegram_is_told_to_call_us(deps: Deps, bot: Bot):
    async with running(deps, asking(deps, bot, Heeding(), secret=SECRET)):
        await until(lambda: bot.webhook is not None)

    assert bot.webhook == {
        "url": "https://ops.example.com/api/v1/chats/telegram",
        "secret_token": SECRET,
        "allowed_updates": ["message", "callback_query"],
    }
    assert all("getUpdates" not in asked.path for asked in bot.peer.asked)


async def test_without_one_an_older_webhook_is_taken_down_first(deps: Deps, bot: Bot):
    bot.webhook, bot.waiting, heed = {"url": "https://elsewhere"}, [{"update_id": 7}], Heeding()
    async with running(deps, asking(deps, bot, heed)):
        await until(lambda: heed.came == [7])


async def test_a_telegram_that_is_away_is_asked_again(deps: Deps, bot: Bot):
    bot.waiting, heed = [{"update_id": 7}], Heeding()
    bot.peer.answers += [Said(502, "bad gateway"), Said(200, {"ok": True, "result": True}), Said(500, "oh")]
    async with running(deps, asking(deps, bot, heed)):
        await until(lambda: heed.came == [7])


@pytest.mark.parametrize("secret", ["", SECRET])
async def test_a_restored_copy_leaves_the_bot_to_the_one_that_works_until_it_is_armed(
    deps: Deps, bot: Bot, database: Database, secret: str
):
    await restored(database, deps.clock.now())
    updates = asking(deps, bot, Heeding(), secret=secret)

    await updates.alone()
    before = list(bot.peer.asked)
    await restored(database, None)
    async with running(deps, updates):
        await until(lambda: bot.peer.asked)

    assert before == []
    assert bot.peer.asked[0].path.endswith("setWebhook" if secret else "deleteWebhook")


async def restored(database: Database, at: datetime | None) -> None:
    """Let the database be a copy that was restored then; None arms it."""
    async with database.commands() as session:
        await session.execute(update(InstallationRow).values(restored_at=at))
        await session.commit()
