"""A person who is paged in a chat, and the routes that the chat calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from sqlalchemy import text

from opsknight.api import chats
from opsknight.domain.store.tables import IncidentRow, NotificationRow, UserRow
from tests.api.house import House
from tests.builders import a_contact_method, a_notification, a_page, a_service, a_stored_incident, a_user


@dataclass
class Chat:
    """Somebody with an account in a chat, and the message that pages them there."""

    house: House
    path: str
    user: UserRow
    incident: IncidentRow
    message: NotificationRow

    async def called(self, body: bytes, headers: Mapping[str, str] | None = None) -> httpx.Response:
        """Call as the chat does."""
        async with self.house.client as client:
            return await client.post(self.path, content=body, headers=dict(headers or {}))

    async def status(self) -> str:
        """The incident's."""
        return (await self.read("SELECT status FROM incidents WHERE id = :id", id=self.incident.id))[0]

    async def message_is(self) -> str:
        """What became of the message."""
        return (await self.read("SELECT status FROM notifications WHERE id = :id", id=self.message.id))[0]

    async def vias(self) -> list[str]:
        """How it was acknowledged, each time."""
        return await self.read("SELECT data->>'via' FROM facts WHERE kind = 'acknowledged'")

    async def read(self, sql: str, **values: Any) -> list[Any]:
        async with self.house.deps.reading() as session:
            return list((await session.execute(text(sql), values)).scalars())


async def a_chat(house: House, channel: str, *, address: str, proof: str, path: str | None = None) -> Chat:
    """Give a chat that proves itself by `proof`, in which somebody is paged."""
    house.deps.proofs = {channel: proof} if proof else {}
    house.routes.include_router(chats.router(house.deps))
    user = await a_user(house.database)
    method = await a_contact_method(house.database, user, channel=channel, address=address)
    incident = await a_stored_incident(house.database, await a_service(house.database))
    page = await a_page(house.database, incident, user)
    message = await a_notification(house.database, page, method, status="accepted", attempts=1)
    return Chat(house, path or f"/api/v1/chats/{channel}", user, incident, message)
