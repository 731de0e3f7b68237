"""Heartbeats in tests: pinged, fired as the engine does, and looked at."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from opsknight.domain.commands.beating import actor_of
from opsknight.domain.commands.claims import claim
from opsknight.domain.commands.due import fire
from opsknight.domain.commands.pings import Ping, hear
from opsknight.domain.model.heartbeat import Signal
from opsknight.domain.store.tables import HeartbeatRow
from tests.commands.desk import Desk

HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
SUCCESS, FAIL, START = (Ping(signal) for signal in (Signal.SUCCESS, Signal.FAIL, Signal.START))


async def ping(desk: Desk, heartbeat: HeartbeatRow, what: Ping = SUCCESS) -> bool:
    return await desk.as_(actor_of(heartbeat.id), hear, heartbeat.id, what)


async def engine_runs(desk: Desk) -> None:
    """Claim and fire, as the engine does, until nothing is due."""
    while True:
        async with desk.acting("engine:claim") as uow:
            claimed = await claim(uow, worker=1, limit=100)
        if not claimed:
            return
        async with desk.acting("timer:engine") as uow:
            await fire(uow, claimed)


async def opened(desk: Desk) -> list[tuple[Any, ...]]:
    """Title, status, urgency and opener of every incident, oldest first."""
    return await desk.rows("SELECT title, status, urgency, opened_by FROM incidents ORDER BY id")


async def its_incident(desk: Desk) -> UUID:
    return (await desk.rows("SELECT id FROM incidents ORDER BY id DESC LIMIT 1"))[0][0]


async def pages(desk: Desk) -> int:
    return (await desk.rows("SELECT count(*) FROM pages"))[0][0]


async def state(desk: Desk, heartbeat: HeartbeatRow) -> str:
    return (await desk.rows("SELECT state FROM heartbeats WHERE id = :id", id=heartbeat.id))[0][0]


async def timer(desk: Desk, heartbeat: HeartbeatRow) -> tuple[str, timedelta] | None:
    found = await desk.timer(heartbeat.id)
    return found and (found[0], found[2])


async def fire_heartbeats(desk: Desk) -> None:
    """Fire only what belongs to heartbeats, so that no other timer of the incident has its say."""
    async with desk.acting("engine:claim") as uow:
        claimed = [one for one in await claim(uow, worker=1, limit=100) if one.kind.startswith("heartbeat")]
    async with desk.acting("timer:engine") as uow:
        await fire(uow, claimed)
