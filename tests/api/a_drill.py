"""A house with drills: begun by its boss, sent by hand."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import text

from opsknight import crypto
from opsknight.domain.commands.notifications import claim_and_begin
from opsknight.domain.model.attempt import Attempt
from opsknight.domain.model.link import ACKNOWLEDGE, DrillClaims
from opsknight.domain.store.tables import UserRow
from tests.api.house import FROM_US, House


class Drills:
    """A house with drills, its boss Max, and the sender by hand."""

    def __init__(self, house: House, boss: UserRow) -> None:
        self.house, self.boss = house, boss

    async def asked(self, who: UserRow, method: str, path: str = "", **sent: Any) -> httpx.Response:
        headers = {**await self.house.browser_of(who), **FROM_US}
        return await self.house.client.request(method, f"/api/v1/drills{path}", headers=headers, **sent)

    async def begun(self, **whom: int) -> str:
        answer = await self.asked(self.boss, "POST", json=whom)
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    async def read(self, drill_id: str) -> dict[str, Any]:
        return (await self.asked(self.boss, "GET", f"/{drill_id}")).json()

    async def sent(self, channel: str = "email") -> list[Attempt]:
        async with self.house.deps.engine_commands("timer:test") as uow:
            return list(await claim_and_begin(uow, channel=channel, worker=1, limit=9, limit_low=9))

    async def rows(self, sql: str, **values: Any) -> list[tuple[Any, ...]]:
        async with self.house.deps.reading() as session:
            return [tuple(row) for row in await session.execute(text(sql), values)]

    def token(self, user: UserRow, message: UUID) -> str:
        claims = DrillClaims(user.id, message).to_json(now=self.house.clock.now())
        return crypto.sign(self.house.deps.installation.secret, claims, purpose=ACKNOWLEDGE)
