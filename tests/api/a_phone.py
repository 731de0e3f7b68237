"""Somebody's phone, the text that it got about an incident, and the routes that carriers call."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import text

from opsknight.api import sms_gateway, vonage
from opsknight.api import twilio as routes
from opsknight.carriers import Carriers
from opsknight.crypto import new_id
from opsknight.domain.store.tables import AttemptRow, IncidentRow, NotificationRow, UserRow
from tests.api.house import ADDRESS, House
from tests.builders import a_contact_method, a_notification, a_page, a_service, a_stored_incident, a_user
from tests.jobs.cases import sms_gateway as gateway_case
from tests.jobs.cases import vonage as vonage_case
from tests.jobs.cases.twilio_sms import settings
from tests.peers.twilio import Callback

NUMBER = "+4915123456789"


@dataclass
class Phone:
    """Ada's phone, and the text that it got about an incident."""

    house: House
    ada: UserRow
    incident: IncidentRow
    message: NotificationRow
    answers: int = 0

    async def twilio(self, path: str, *, url: str = "", token: str = "", **params: str) -> httpx.Response:
        callback = Callback(url or f"{ADDRESS}{path}", params, **({"token": token} if token else {}))
        return await self.house.client.post(path, content=callback.body, headers=callback.headers)

    async def status(self, status: str, **more: str) -> httpx.Response:
        path = f"/api/v1/twilio/status?notification={self.message.id}"
        return await self.twilio(path, MessageSid="SM1", MessageStatus=status, **more)

    async def says(self, words: str, *, sid: str = "", number: str = NUMBER) -> str:
        """Answer, and return what is said to it: the newest message that goes back, if one does."""
        self.answers += 1
        before = await self.replies()
        answer = await self.twilio(
            "/api/v1/twilio/messages", MessageSid=sid or f"SM-in-{self.answers}", From=number, Body=words
        )
        assert answer.text == "<Response></Response>"
        after = await self.replies()
        return after[-1] if len(after) > len(before) else ""

    async def replies(self) -> list[str]:
        return await self.read("SELECT reason FROM pages WHERE kind = 'reply' ORDER BY id")

    async def read(self, sql: str, **values: Any) -> list[Any]:
        async with self.house.deps.reading() as session:
            return list((await session.execute(text(sql), values)).scalars())

    async def write(self, sql: str, **values: Any) -> None:
        async with self.house.database.commands() as session:
            await session.execute(text(sql), values)
            await session.commit()

    async def of_incident(self, incident: IncidentRow | None = None) -> tuple[str, int | None]:
        key = {"id": (incident or self.incident).id}
        async with self.house.deps.reading() as session:
            sql = text("SELECT status, assignee_id FROM incidents WHERE id = :id")
            return tuple((await session.execute(sql, key)).one())

    async def of_message(self) -> str:
        return (await self.read("SELECT status FROM notifications WHERE id = :id", id=self.message.id))[0]

    async def told_of_another(
        self, *, sent_at: datetime | None = None, outcome: str = "accepted", **columns: Any
    ) -> IncidentRow:
        """Let the phone be texted of one more incident, `sent_at` where it says when its text was handed over."""
        incident = await a_stored_incident(self.house.database, await a_service(self.house.database), title="Slow")
        page = await a_page(self.house.database, incident, self.ada)
        method = await self.read("SELECT id FROM contact_methods WHERE address = :a", a=NUMBER)
        values = {
            "id": new_id(), "status": "accepted", "attempts": 1, "finished_at": self.house.clock.now(), **columns,
        }  # fmt: skip
        message = NotificationRow(
            page_id=page.id, incident_id=incident.id, generation=1, user_id=self.ada.id, channel="sms",
            contact_method_id=method[0], urgency="high", position=0, due_at=page.due_at, created_at=page.created_at,
            **values,
        )  # fmt: skip
        async with self.house.database.commands() as session:
            session.add(message)
            await session.commit()
        if sent_at is not None:
            await self.sent(message.id, sent_at, outcome=outcome)
        return incident

    async def sent(self, notification_id: UUID, at: datetime, *, outcome: str = "accepted") -> None:
        """Let a message have been handed over at that instant."""
        async with self.house.database.commands() as session:
            session.add(
                AttemptRow(
                    id=new_id(), notification_id=notification_id, number=1, worker=1, started_at=at, outcome=outcome
                )
            )
            await session.commit()


async def a_phone(house: House) -> Phone:
    """Give Ada a phone that was texted of an open incident just now."""
    house.deps.carriers = Carriers(settings(""), vonage_case.settings(""), gateway_case.settings("http://gateway"))
    for each in (routes, vonage, sms_gateway):
        house.routes.include_router(each.router(house.deps))
    database = house.database
    ada = await a_user(database, "Ada")
    method = await a_contact_method(database, ada, channel="sms", address=NUMBER)
    incident = await a_stored_incident(database, await a_service(database))
    page = await a_page(database, incident, ada)
    message = await a_notification(
        database, page, method, status="accepted", attempts=1, finished_at=house.clock.now(), position=0
    )
    return Phone(house, ada, incident, message)
