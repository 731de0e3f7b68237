"""Acknowledging from a mail and from a push notification: only the button acts, and only for whom it was sent to."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from opsknight import crypto
from opsknight.api import acknowledge, push
from opsknight.domain.commands import incidents
from opsknight.domain.model.everyone import Everyone
from opsknight.domain.model.link import ACKNOWLEDGE, RECEIPT, AcknowledgeClaims, receipt_claims
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import IncidentRow, NotificationRow, UserRow
from tests.api.house import FROM_US, IN_BROWSER, House
from tests.builders import a_contact_method, a_notification, a_page, a_service, a_stored_incident, a_user
from tests.jobs.pager import Pager, a_pager


@pytest.fixture
async def house(house: House) -> House:
    """A house whose links and pushes are served."""
    house.routes.include_router(acknowledge.router(house.deps))
    house.routes.include_router(push.router(house.deps))
    return house


class Link:
    """A page that went out to Ada by mail, and the link in it."""

    def __init__(self, house: House, incident: IncidentRow, ada: UserRow, mail: NotificationRow) -> None:
        self.house, self.incident, self.ada, self.mail = house, incident, ada, mail

    @property
    def token(self) -> str:
        return self.of_generation(1)

    def of_generation(self, generation: int, **changes: Any) -> str:
        claims = AcknowledgeClaims(self.ada.id, self.incident.id, generation, self.mail.id)
        plain = {**claims.to_json(now=self.house.clock.now()), **changes}
        return crypto.sign(self.house.deps.installation.secret, plain, purpose=ACKNOWLEDGE)

    async def get(self, token: str = "", method: str = "GET") -> httpx.Response:
        return await self.house.client.request(method, f"/ack/{token or self.token}", headers=IN_BROWSER)

    async def press(self, token: str = "", query: str = "") -> httpx.Response:
        headers = {**IN_BROWSER, **FROM_US}
        return await self.house.client.post(f"/ack/{token or self.token}{query}", headers=headers)

    async def push_button(self, token: str = "") -> httpx.Response:
        return await self.house.client.post("/api/v1/acknowledge-link", json={"token": token or self.token})

    async def status(self) -> tuple[str, int | None]:
        """The incident's status and owner."""
        sql = text("SELECT status, assignee_id FROM incidents WHERE id = :id")
        async with self.house.deps.reading() as session:
            return tuple((await session.execute(sql, {"id": self.incident.id})).one())  # type: ignore[return-value]

    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        async with self.house.deps.reading() as session:
            return [tuple(row) for row in await session.execute(text(sql))]


@pytest.fixture
async def link(house: House) -> Link:
    """Ada was paged by mail for an open incident of Checkout."""
    ada = await a_user(house.database, name="Ada", reachable=False)
    service = await a_service(house.database, name="Checkout")
    incident = await a_stored_incident(house.database, service, timer="escalation", title="Disk <full> on db-1")
    page = await a_page(house.database, incident, ada)
    mail = await a_notification(
        house.database, page, await a_contact_method(house.database, ada), status="accepted", attempts=1
    )
    return Link(house, incident, ada, mail)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_opening_the_link_shows_the_incident_and_changes_nothing(link: Link, method: str):
    answer = await link.get(method=method)

    assert answer.status_code == 200
    assert await link.status() == ("open", None)
    assert await link.rows("SELECT kind FROM facts WHERE kind = 'acknowledged'") == []


async def test_the_page_of_the_link_says_what_it_is_about_with_nothing_to_run_in_it(link: Link):
    answer = await link.get()

    assert "Disk &lt;full&gt; on db-1" in answer.text
    assert "Checkout" in answer.text
    assert f'action="/ack/{link.token}"' in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"


async def test_pressing_the_button_acknowledges_in_the_name_of_the_person_it_was_sent_to(link: Link):
    answer = await link.press()

    assert answer.status_code == 200
    assert "It is with you, Ada." in answer.text
    assert await link.status() == ("acknowledged", link.ada.id)
    assert await link.rows("SELECT actor, data->>'via' FROM facts WHERE kind = 'acknowledged'") == [
        (f"user:{link.ada.id}", "mail link")
    ]


@pytest.mark.parametrize(("kind", "status"), [("page", "acknowledged"), ("watch", "open")])
async def test_an_observer_acknowledges_by_the_link_of_a_page_and_not_of_what_they_watch(
    link: Link, kind: str, status: str
):
    async with link.house.database.commands() as session:
        await session.execute(text("UPDATE users SET role = 'observer'"))
        await session.execute(text("UPDATE pages SET kind = :kind"), {"kind": kind})
        await session.commit()

    await link.press()

    assert (await link.status())[0] == status


async def test_using_the_link_proves_that_its_contact_method_works(link: Link):
    await link.press()

    assert await link.rows("SELECT status FROM notifications") == [("seen",)]
    assert await link.rows("SELECT last_proof_at IS NOT NULL FROM contact_methods") == [(True,)]


async def test_pressing_twice_is_no_mistake(link: Link):
    await link.press()

    again = await link.press()

    assert again.status_code == 200
    assert len(await link.rows("SELECT 1 FROM facts WHERE kind = 'acknowledged'")) == 1


async def test_the_button_of_a_push_acknowledges_without_a_cookie(link: Link):
    answer = await link.push_button()

    assert answer.status_code == 200
    assert answer.json()["sentence"] == "Acknowledged “Disk <full> on db-1”; nobody is paged any more."
    assert answer.json()["incident"]["status"] == "acknowledged"
    assert await link.rows("SELECT data->>'via' FROM facts WHERE kind = 'acknowledged'") == [("push button",)]


async def test_somebody_elses_incident_names_its_owner_and_stays_theirs(link: Link):
    bo = await a_user(link.house.database, name="Bo")
    async with link.house.deps.commands(f"user:{bo.id}") as uow:
        await incidents.acknowledge(uow, link.incident.id)

    page, button = await link.press(), await link.push_button()

    assert "Bo has acknowledged it already" in page.text
    assert button.json()["sentence"] == "Bo has acknowledged “Disk <full> on db-1” already; take it over?"
    assert await link.status() == ("acknowledged", bo.id)


async def both_must(link: Link, other: UserRow) -> None:
    both = Everyone(generation=1, waiting=(link.ada.id, other.id))
    async with link.house.deps.commands("system:test") as uow:
        (await uow.session.get_one(IncidentRow, link.incident.id)).must_acknowledge = both.to_json()


async def test_where_everyone_must_acknowledge_the_link_says_what_was_recorded_and_who_is_awaited(link: Link):
    bo = await a_user(link.house.database, name="Bo")
    await both_must(link, bo)

    page, again = await link.press(), await link.press()

    assert (page.status_code, again.status_code) == (200, 200)
    for said in (page.text, again.text):
        assert "You have acknowledged “Disk &lt;full&gt; on db-1”; it is open until Bo acknowledges too." in said
        assert "take it over" not in said
        assert "It is with you" not in said
    assert len(await link.rows("SELECT 1 FROM facts WHERE kind = 'acknowledged in part'")) == 1


async def anew(link: Link) -> None:
    """Let the incident be acknowledged and given back: paging starts anew in generation 2."""
    async with link.house.deps.commands(f"user:{link.ada.id}") as uow:
        await incidents.acknowledge(uow, link.incident.id)
        await incidents.unacknowledge(uow, link.incident.id)


async def test_a_link_of_an_older_generation_shows_how_things_stand_and_acts_on_the_second_press(link: Link):
    await anew(link)

    first = await link.press()
    between = await link.status()
    action = re.search(r'action="/ack/[^"?]+(\?generation=2)"', first.text)
    second = await link.press(query=action[1] if action else "")

    assert first.status_code == 409
    assert "It was paged anew since this message was sent." in first.text
    assert between == ("open", None)
    assert second.status_code == 200
    assert await link.status() == ("acknowledged", link.ada.id)


async def test_the_button_of_an_older_push_is_refused_with_the_incident_as_it_is(link: Link):
    await anew(link)

    answer = await link.push_button()

    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["incident"]["generation"] == 2
    assert await link.status() == ("open", None)


async def test_a_resolved_incident_has_no_button_any_more(link: Link):
    async with link.house.deps.commands(f"user:{link.ada.id}") as uow:
        await incidents.resolve(uow, link.incident.id)

    shown, pressed, pushed = await link.get(), await link.press(), await link.push_button()

    assert "<form" not in shown.text
    assert (shown.status_code, pressed.status_code, pushed.status_code) == (200, 409, 409)
    assert "already resolved" in pushed.json()["detail"]


async def test_the_owners_link_answers_the_question_whether_they_are_still_on_it(link: Link):
    async with link.house.deps.commands(f"user:{link.ada.id}") as uow:
        await incidents.acknowledge(uow, link.incident.id)
        await uow.session.execute(text("UPDATE timers SET kind = 'ack_reminder'"))

    answer = await link.press()

    assert answer.status_code == 200
    assert await link.rows("SELECT kind FROM timers") == [("ack_timeout",)]


async def test_a_link_ends_after_a_day(link: Link):
    token = link.token
    link.house.clock.advance(timedelta(hours=24))

    shown, pressed, pushed = await link.get(token), await link.press(token), await link.push_button(token)

    assert (shown.status_code, pressed.status_code, pushed.status_code) == (410, 410, 401)
    assert "its time has passed" in shown.text
    assert await link.status() == ("open", None)


async def test_a_link_for_a_deactivated_account_does_nothing(link: Link):
    async with link.house.deps.commands("system:test") as uow:
        await uow.session.execute(text("UPDATE users SET active = false"))

    shown, pressed, pushed = await link.get(), await link.press(), await link.push_button()

    assert (shown.status_code, pressed.status_code, pushed.status_code) == (410, 410, 403)
    assert await link.status() == ("open", None)


@pytest.mark.parametrize("spoil", ["cut", "other purpose", "other installation", "garbage", "changed"])
async def test_a_link_that_we_did_not_make_does_nothing(link: Link, spoil: str):
    body, _, mac = link.token.partition(".")
    secret, claims = link.house.deps.installation.secret, {"u": link.ada.id, "i": str(link.incident.id), "g": 1}
    token = {
        "cut": link.token[:-3],
        "other purpose": crypto.sign(secret, {**claims, "v": ACKNOWLEDGE, "jti": str(link.mail.id)}, purpose=RECEIPT),
        "other installation": crypto.sign(b"x" * 32, claims, purpose=ACKNOWLEDGE),
        "garbage": "ü.%00",
        "changed": f"{body[:-1]}A.{mac}",
    }[spoil]

    pushed = await link.push_button(token)
    shown = await link.get("x" if spoil == "garbage" else token)

    assert (shown.status_code, pushed.status_code) == (410, 401)
    assert await link.status() == ("open", None)


# --- the whole way: the mail as it arrives, the browser that shows a push ----------------------------------------


@pytest.fixture
async def pager(database: Database, house: House) -> AsyncIterator[Pager]:
    """The sender on the house's database."""
    async with a_pager(database, house.clock) as made:
        yield made


async def test_the_link_in_a_mail_that_arrived_acknowledges(house: House, pager: Pager):
    mail = await pager.a_mail()
    async with pager.sending():
        await pager.becomes("accepted", mail)
    path = re.search(r"http://localhost:8080(/ack/\S+)", pager.smtp.mails[0].text)
    assert path is not None

    answer = await house.client.post(path[1], headers={**IN_BROWSER, **FROM_US})

    assert answer.status_code == 200
    assert await pager.rows("SELECT status FROM incidents") == [("acknowledged",)]


async def test_the_button_of_a_push_that_arrived_acknowledges_and_its_receipt_is_kept(house: House, pager: Pager):
    incident = await pager.an_incident()
    message, _ = await pager.push_then_mail(incident)
    async with pager.sending():
        await pager.becomes("accepted", message)
    payload = pager.push.taken[0].payload

    receipt = await house.client.post("/api/v1/push/receipts", json={"receipt": payload["receipt"]})
    shown = await pager.status(message)
    answer = await house.client.post("/api/v1/acknowledge-link", json={"token": payload["ack"]})

    assert (receipt.status_code, shown) == (204, "delivered")
    assert answer.json()["incident"]["status"] == "acknowledged"
    assert await pager.status(message) == "seen"


async def test_a_receipt_that_comes_before_the_providers_answer_counts(house: House, link: Link):
    async with house.deps.commands("system:test") as uow:
        await uow.session.execute(text("UPDATE notifications SET status = 'sending'"))
    claims = receipt_claims(link.mail.id, now=house.clock.now())
    token = crypto.sign(house.deps.installation.secret, claims, purpose=RECEIPT)

    await house.client.post("/api/v1/push/receipts", json={"receipt": token})

    assert await link.rows("SELECT status FROM notifications") == [("delivered",)]


async def test_a_receipt_that_nobody_signed_is_refused(house: House, link: Link):
    answer = await house.client.post("/api/v1/push/receipts", json={"receipt": str(link.mail.id)})

    assert answer.status_code == 401
    assert await link.rows("SELECT status FROM notifications") == [("accepted",)]
