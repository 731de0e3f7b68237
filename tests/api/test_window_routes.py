"""A native window as a contact method: added, asked from, alarmed, told what happened meanwhile, and ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import pytest

from opsknight.api import acknowledge, own_methods, push, windows
from opsknight.domain.commands import incidents, people
from opsknight.domain.model.everyone import Everyone
from opsknight.domain.model.window import OPEN_WITHIN
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import ContactMethodRow, IncidentRow, NotificationRow, PageRow, UserRow
from opsknight.jobs.amend import Amender
from opsknight.jobs.channels import table
from opsknight.jobs.channels.window import CLOSED
from tests.api.house import FROM_US, House
from tests.bounds import PATIENCE_S
from tests.builders import a_contact_method, a_notification, a_page, a_user
from tests.jobs.pager import Pager, a_pager, until

DEVICE = "a-window-of-a-laptop"


@pytest.fixture
async def pager(database: Database, house: House) -> AsyncIterator[Pager]:
    """The sender and its peers, on the house's database."""
    async with a_pager(database, house.clock) as made:
        house.deps.workers.append(made.wake)
        made.deps.workers.append(house.deps.windows.wake)  # as the alarm between processes does
        looking = asyncio.get_running_loop().create_task(house.deps.windows.run())
        yield made
        looking.cancel()


@dataclass
class Window:
    """Ada's native window: the page in it, which is signed in, and the client around it, which has a token."""

    house: House
    pager: Pager
    ada: UserRow
    session: dict[str, str] = field(default_factory=dict[str, str])
    token: str = ""
    known: str | None = None

    async def page(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """Ask as the page in the window does."""
        self.session = self.session or await self.house.browser_of(self.ada)
        return await self.house.client.request(method, path, headers={**self.session, **FROM_US}, json=body)

    async def add(self, **more: Any) -> httpx.Response:
        answer = await self.page("POST", "/api/v1/windows", {"device": DEVICE, "label": "Laptop", **more})
        self.token, self.known = answer.json()["token"], None
        return answer

    async def ask(self) -> httpx.Response:
        """Ask for news as the client does."""
        known = {} if self.known is None else {"known": self.known}
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = await self.house.client.get("/api/v1/windows/news", params=known, headers=headers)
        if answer.status_code == 200:
            self.known = answer.json()["known"]
        return answer

    async def shown(self) -> list[dict[str, Any]]:
        answer = await self.ask()
        assert answer.status_code == 200, answer.text
        return answer.json()["messages"]

    async def counts(self) -> None:
        """Add it, and let it take the first message."""
        await self.add()
        await self.ask()
        async with self.pager.sending():
            await until(self.methods, [(True, False, "")])

    async def methods(self) -> list[tuple[Any, ...]]:
        """Each window: whether it counts, whether it is off, why."""
        sql = (
            "SELECT verified_at IS NOT NULL, disabled_at IS NOT NULL, disabled_reason FROM contact_methods"
            " WHERE channel = 'window' ORDER BY id"
        )
        return await self.pager.rows(sql)

    async def paged(self, incident: IncidentRow, page: PageRow | None = None) -> NotificationRow:
        method = ContactMethodRow(id=int(self.token.partition(".")[0]), channel="window")
        page = page or await a_page(self.pager.database, incident, self.ada)
        return await a_notification(self.pager.database, page, method, position=0, urgency=incident.urgency)


@pytest.fixture
async def window(house: House, pager: Pager) -> Window:
    house.deps.channels = table.kinds(table.Ground(house.deps.settings, "", house.clock.now))
    for routes in (windows, own_methods, acknowledge, push):
        house.routes.include_router(routes.router(house.deps))
    return Window(house, pager, await a_user(house.database, "Ada", reachable=False))


async def test_a_window_counts_once_it_has_taken_a_first_message(window: Window, pager: Pager):
    answer = await window.add()
    before = await window.methods()
    async with pager.sending():
        await until(lambda: reasons(pager), [CLOSED])  # nobody asks with its token yet
        await window.ask()
        await until(window.methods, [(True, False, "")])
    window.known = None
    [message] = await window.shown()

    assert answer.status_code == 201
    assert before == [(False, False, "")]
    assert (message["kind"], message["title"]) == ("confirm", "OpsKnight pages you here from now on")
    kinds = "SELECT kind FROM facts WHERE kind LIKE 'contact method%' ORDER BY seq"
    assert await pager.rows(kinds) == [("contact method added",), ("contact method verified",)]


async def test_only_the_hash_of_its_token_is_kept(window: Window, pager: Pager):
    await window.add()

    ((secret,),) = await pager.rows("SELECT secret FROM contact_methods")

    assert window.token.partition(".")[2] not in str(secret)


async def test_a_page_comes_to_a_window_that_waits_and_its_receipt_counts(window: Window, pager: Pager):
    await window.counts()
    await window.shown()
    waiting = asyncio.get_running_loop().create_task(window.shown())
    await asyncio.sleep(0)
    notification = await window.paged(await pager.an_incident(title="Disk full"))
    async with pager.sending():
        shown = await asyncio.wait_for(waiting, PATIENCE_S)
        await pager.becomes("accepted", notification)
    receipt = {"receipt": shown[-1]["receipt"]}
    answer = await window.house.client.post("/api/v1/push/receipts", json=receipt, headers=FROM_US)

    assert "Disk full" in shown[-1]["title"]
    assert answer.status_code == 204
    assert await pager.status(notification) == "delivered"


async def test_its_button_acknowledges_and_the_alarm_is_replaced(window: Window, pager: Pager):
    await window.counts()
    incident = await pager.an_incident(title="Disk full")
    notification = await window.paged(incident)
    async with pager.sending():
        await pager.becomes("accepted", notification)
    alarm = (await window.shown())[-1]

    press = {"token": alarm["ack"], "via": "native window"}
    answer = await window.house.client.post("/api/v1/acknowledge-link", json=press, headers=FROM_US)
    amender = Amender(pager.deps, table.amending(pager.deps))
    await amender.look()
    await amender.turn("window")
    replaced = (await window.shown())[-1]

    assert answer.status_code == 200
    assert await pager.status(notification) == "seen"
    assert (replaced["kind"], replaced["tag"], replaced["ack"]) == ("acknowledged", alarm["tag"], None)
    assert "Acknowledged by Ada" in replaced["title"]
    facts = await pager.rows("SELECT data->>'via' FROM facts WHERE kind = 'acknowledged'")
    assert facts == [("native window",)]


async def test_an_alarm_that_somebody_else_was_given_calls_no_more(window: Window, pager: Pager):
    await window.counts()
    incident = await pager.an_incident(title="Disk full")
    notification = await window.paged(incident)
    async with pager.sending():
        await pager.becomes("accepted", notification)
    before = [one["title"] for one in await window.shown()]

    async with pager.deps.commands(f"user:{window.ada.id}") as uow:
        await incidents.reassign(uow, incident.id, to=(await a_user(window.house.database, "Bo")).id)

    assert "Disk full" in before[-1]
    assert [one["title"] for one in await window.shown() if "Disk full" in one["title"]] == []


async def test_who_has_answered_elsewhere_while_others_must_too_is_not_called_any_more(window: Window, pager: Pager):
    await window.counts()
    bo = await a_user(window.house.database, "Bo")
    both = Everyone(generation=1, waiting=(window.ada.id, bo.id)).to_json()
    incident = await pager.an_incident(title="Disk full", must_acknowledge=both)
    notification = await window.paged(incident)
    async with pager.sending():
        await pager.becomes("accepted", notification)
    before = [one["title"] for one in await window.shown()]

    async with pager.deps.commands(f"user:{window.ada.id}") as uow:
        await incidents.acknowledge(uow, incident.id, via="board")

    assert "Disk full" in before[-1]
    assert [one["title"] for one in await window.shown() if "Disk full" in one["title"]] == []
    assert await pager.rows("SELECT status FROM incidents") == [("open",)]


async def test_a_window_that_is_not_open_starts_the_next_method_at_once_and_is_tried_as_soon_as_it_is(
    window: Window, pager: Pager
):
    await window.counts()
    window.house.clock.advance(OPEN_WITHIN + timedelta(seconds=1))
    incident = await pager.an_incident()
    page = await a_page(pager.database, incident, window.ada)
    first = await window.paged(incident, page)
    mail = await a_contact_method(pager.database, window.ada)
    later = page.due_at + timedelta(hours=1)
    second = await a_notification(pager.database, page, mail, position=1, urgency=incident.urgency, due_at=later)
    async with pager.sending():
        await pager.attempts_become(["retry"], first)
        await pager.becomes("accepted", second)
        await window.ask()
        await pager.becomes("accepted", first)

    assert (await pager.rows("SELECT detail FROM attempts WHERE outcome = 'retry'"))[-1] == (CLOSED,)


async def test_a_repeat_of_a_message_is_the_same_message(window: Window, pager: Pager):
    await window.counts()
    method_id, message_id = int(window.token.partition(".")[0]), (await window.paged(await pager.an_incident())).id
    for words in ("first", "again"):
        async with pager.deps.window_post.opened() as drawer:
            await drawer.put(DEVICE, message_id, {"title": words}, lasts=timedelta(hours=1))

    found = "SELECT payload->>'title' FROM window_messages WHERE id = :id AND contact_method_id = :method_id"
    assert await pager.rows(found, id=message_id, method_id=method_id) == [("first",)]


async def test_a_question_holds_no_connection_while_it_waits_and_ends_when_the_window_is_removed(window: Window):
    await window.counts()
    await window.shown()
    waiting = asyncio.get_running_loop().create_task(window.ask())
    await until(lambda: in_use(window.house), 0)

    await window.page("DELETE", f"/api/v1/me/contact-methods/{window.token.partition('.')[0]}")
    answer = await asyncio.wait_for(waiting, PATIENCE_S)

    assert answer.status_code == 410
    assert (await window.ask()).status_code == 410


async def test_signing_out_in_the_window_ends_it(window: Window, house: House):
    await window.counts()
    await window.shown()
    waiting = asyncio.get_running_loop().create_task(window.ask())

    await window.page("POST", "/sign-out")

    assert (await asyncio.wait_for(waiting, PATIENCE_S)).status_code == 410
    assert await window.methods() == [(True, True, "its person signed out there")]


async def test_a_window_of_somebody_who_is_deactivated_is_told_nothing(window: Window, house: House):
    await window.counts()
    admin = await a_user(house.database, role="admin")
    async with house.deps.commands(f"user:{admin.id}") as uow:
        await people.deactivate(uow, window.ada.id)

    assert (await window.ask()).status_code == 410


async def test_a_window_belongs_to_whoever_added_it_last(window: Window, house: House):
    await window.counts()
    old = window.token
    bo = Window(house, window.pager, await a_user(house.database, "Bo", reachable=False))

    await bo.add()
    window.token = old

    assert (await window.ask()).status_code == 410
    assert (await bo.ask()).status_code == 200
    assert await window.methods() == [(True, True, "somebody else added this window"), (False, False, "")]


@pytest.mark.parametrize("token", ["", "1", "1.wrong", "9999999999999999999999.x", "x.y"])
async def test_a_token_that_is_none_learns_nothing(window: Window, token: str):
    await window.counts()
    window.token = token

    assert (await window.ask()).status_code == 410


async def test_a_third_question_of_one_window_ends_the_first(window: Window):
    await window.counts()
    await window.shown()
    first = asyncio.get_running_loop().create_task(window.ask())
    await until(lambda: waiting(window.house), 1)
    second = asyncio.get_running_loop().create_task(window.ask())
    await until(lambda: waiting(window.house), 2)

    third = asyncio.get_running_loop().create_task(window.ask())
    await asyncio.wait_for(first, PATIENCE_S)

    assert not second.done()
    for one in (second, third):
        one.cancel()


async def test_it_wakes_a_sleeper_and_says_so(window: Window):
    await window.counts()

    answer = await window.page("GET", "/api/v1/me/contact-methods")

    [method] = answer.json()["contact_methods"]
    assert (method["channel"], method["label"], method["silent"]) == ("window", "Laptop", False)
    assert method["heard_at"] == window.house.clock.now().timestamp()


async def reasons(pager: Pager) -> list[str]:
    return [why for (why,) in await pager.rows("SELECT DISTINCT detail FROM attempts WHERE outcome = 'retry'")]


async def in_use(house: House) -> int:
    return sum(engine.pool.checkedout() for engine in house.database._engines)  # type: ignore[attr-defined]


async def waiting(house: House) -> int:
    return sum(map(len, house.deps.windows._waiting.values()))
