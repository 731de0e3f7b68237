"""A workspace of Slack in which somebody was told of an incident, and who changes what they were told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text, update

from opsknight.clock import Clock
from opsknight.domain.store.tables import ContactMethodRow, IncidentRow, NotificationRow, UserRow
from opsknight.jobs.amend import Amender
from opsknight.jobs.channels.routes import Routed
from opsknight.jobs.channels.slack import SlackChannel
from tests.builders import a_contact_method, a_notification, a_page, a_user
from tests.jobs.pager import Pager, until
from tests.peers.slack import SlackPeer, slack_peer


@dataclass
class Chat:
    """A workspace in which Ada was told of an incident, and who changes what she was told."""

    pager: Pager
    peer: SlackPeer
    amender: Amender
    ada: UserRow
    method: ContactMethodRow
    incident: IncidentRow
    told: NotificationRow

    @property
    def shown(self) -> str:
        return self.peer.messages["D024BE7LH"][-1]["text"]

    @property
    def offered(self) -> list[str]:
        """What is written on the buttons."""
        blocks = self.peer.messages["D024BE7LH"][-1]["blocks"]
        return [each["text"]["text"] for block in blocks if block["type"] == "actions" for each in block["elements"]]

    @property
    def changes(self) -> int:
        return sum(asked.path == "/api/chat.update" for asked in self.peer.http.asked)

    async def do(self, verb: Callable[..., Awaitable[Any]], **how: Any) -> None:
        async with self.pager.deps.commands(f"user:{self.ada.id}") as uow:
            await verb(uow, self.incident.id, **how)

    async def amend(self) -> None:
        """Look once, and change what is behind."""
        await self.amender.look()
        await self.amender.turn("slack")

    async def comes_to_be_asked(self, times: int) -> None:
        """Wait until Slack was asked so often to change something."""

        async def changes() -> int:
            return self.changes

        await until(changes, times)

    async def waiting(self) -> int:
        return (await self.pager.rows("SELECT count(*) FROM amendments"))[0][0]


def slack_of(peer: SlackPeer) -> SlackChannel:
    return SlackChannel(peer.url, token="xoxb-test", now=Clock().now, budget_s=3)


async def sent_by_slack(
    pager: Pager,
    incident: IncidentRow,
    ada: UserRow,
    method: ContactMethodRow,
    peer: SlackPeer,
    **columns: Any,
) -> NotificationRow:
    """Have a page of `incident` be where Slack has it, as the outbox would leave it."""
    page = await a_page(pager.database, incident, ada, kind=columns.pop("kind", "page"))
    now = pager.deps.clock.now()
    columns = {"status": "accepted", "attempts": 1, "finished_at": now, **columns}
    row = await a_notification(pager.database, page, method, **columns)
    ts = f"{1503435956 + len(peer.messages.get('D024BE7LH', ()))}.000247"
    peer.messages.setdefault("D024BE7LH", []).append({"channel": "D024BE7LH", "ts": ts, "text": "as it was sent"})
    sql = """
        INSERT INTO attempts (id, notification_id, number, worker, started_at, outcome, provider_id, carrier)
        VALUES (gen_random_uuid(), :id, 1, 1, :now, 'accepted', :provider_id, 'slack')
    """
    async with pager.deps.commands("system:test") as uow:
        await uow.session.execute(text(sql), {"id": row.id, "now": now, "provider_id": f"D024BE7LH:{ts}"})
    return row


@asynccontextmanager
async def a_told_chat(pager: Pager) -> AsyncIterator[Chat]:
    """Give a workspace in which Ada was paged of an open incident."""
    async with slack_peer() as peer:
        channel = slack_of(peer)
        amender = Amender(pager.deps, {"slack": Routed({"slack": channel})})
        ada, incident = await a_user(pager.database, name="Ada", reachable=False), await pager.an_incident()
        method = await a_contact_method(pager.database, ada, channel="slack", address="U024BE7LH")
        told = await sent_by_slack(pager, incident, ada, method, peer)
        yield Chat(pager, peer, amender, ada, method, incident, told)
        await channel.close()


async def mark(chat: Chat, **columns: Any) -> None:
    """Have the message be otherwise than it was sent."""
    async with chat.pager.deps.commands("system:test") as uow:
        await uow.session.execute(update(NotificationRow).where(NotificationRow.id == chat.told.id).values(**columns))
