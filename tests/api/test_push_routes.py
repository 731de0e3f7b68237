"""A person's browsers: added, confirmed, taken over, turned off; and the test page to oneself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest

from opsknight.api import push
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import NotificationRuleRow
from tests.api.house import FROM_US, House
from tests.jobs.pager import Pager, a_pager, until
from tests.peers.push_service import Answer, Browser


@pytest.fixture
async def pager(database: Database, house: House) -> AsyncIterator[Pager]:
    """The sender and its peers, on the house's database."""
    async with a_pager(database, house.clock) as made:
        yield made


@dataclass
class Device:
    """A browser in which somebody is signed in, that can be pushed to."""

    house: House
    pager: Pager
    headers: dict[str, str]

    async def call(self, method: str, path: str, body: Any = None) -> httpx.Response:
        headers = {**self.headers, **FROM_US}
        return await self.house.client.request(method, f"/api/v1{path}", headers=headers, json=body)

    async def browser(self) -> Browser:
        """Subscribe to pushes as a browser does, with the key that the server gives out."""
        key = (await self.call("GET", "/push/key")).json()["key"]
        return self.pager.push.browser(key)

    async def add(self, browser: Browser, **more: Any) -> httpx.Response:
        body = {**browser.subscription, "label": "Chrome on Android", **more}
        return await self.call("POST", "/push/subscriptions", body)

    async def methods(self) -> list[tuple[Any, ...]]:
        """Each browser: whether it counts, whether it is off, why."""
        sql = (
            "SELECT verified_at IS NOT NULL, disabled_at IS NOT NULL, disabled_reason FROM contact_methods"
            " WHERE channel = 'push' ORDER BY id"
        )
        return await self.pager.rows(sql)


@pytest.fixture
async def phone(house: House, pager: Pager) -> Device:
    """The phone of Ada, in a house that lets pushes go to a service of its own."""
    house.deps.settings = pager.deps.settings
    house.routes.include_router(push.router(house.deps))
    return Device(house, pager, await house.signed_in(name="Ada", reachable=False))


async def test_a_browser_counts_once_a_confirming_push_was_accepted(phone: Device, pager: Pager):
    browser = await phone.browser()

    answer = await phone.add(browser)
    before = await phone.methods()
    async with pager.sending():
        await pager.push.pushes_come(1)
        await until(phone.methods, [(True, False, "")])

    assert answer.status_code == 201
    assert answer.json()["sentence"] == "Chrome on Android was added; a confirming push is on its way."
    assert before == [(False, False, "")]
    assert pager.push.taken[0].payload["kind"] == "confirm"
    assert len(await pager.told("contact method verified")) == 1


async def test_a_browser_that_no_push_reaches_never_counts(phone: Device, pager: Pager):
    browser = await phone.browser()
    pager.push.answer = Answer(410)

    await phone.add(browser)
    async with pager.sending():
        await until(phone.methods, [(False, True, "The browser no longer takes messages for this subscription.")])


async def test_registering_again_on_every_visit_sends_nothing(phone: Device, pager: Pager):
    browser = await phone.browser()
    await phone.add(browser)
    async with pager.sending():
        await until(phone.methods, [(True, False, "")])

    again = await phone.add(browser)

    assert again.json()["verified"]
    assert await pager.rows("SELECT count(*) FROM pages") == [(1,)]


async def test_turning_push_off_forgets_the_browser(phone: Device, pager: Pager):
    browser = await phone.browser()
    await phone.add(browser)

    answer = await phone.call("DELETE", "/push/subscriptions", {"endpoint": browser.endpoint})
    again = await phone.call("DELETE", "/push/subscriptions", {"endpoint": browser.endpoint})

    assert answer.json()["sentence"] == "Push is off on this device."
    assert again.status_code == 200
    assert await phone.methods() == [(False, True, "push was turned off on this device")]
    assert await pager.rows("SELECT secret FROM contact_methods") == [({},)]


async def test_a_browser_belongs_to_whoever_signed_in_with_it_last(phone: Device, house: House, pager: Pager):
    browser = await phone.browser()
    await phone.add(browser)
    bo = Device(house, pager, await house.signed_in(name="Bo", reachable=False))

    await bo.add(browser)

    assert await phone.methods() == [
        (False, True, "somebody else signed in with this browser"),
        (False, False, ""),
    ]


async def test_a_browser_that_replaced_its_address_keeps_what_was_said_about_it(phone: Device, pager: Pager):
    old, new = await phone.browser(), await phone.browser()
    first = (await phone.add(old)).json()["id"]
    async with pager.deps.commands("system:test") as uow:
        user_id = (await pager.rows("SELECT user_id FROM contact_methods"))[0][0]
        uow.session.add(NotificationRuleRow(user_id=user_id, urgency="high", contact_method_id=first, delay_s=0))

    second = (await phone.add(new, replaces=old.endpoint)).json()["id"]

    assert await pager.rows("SELECT contact_method_id FROM notification_rules") == [(second,)]
    assert [off for _, off, _ in await phone.methods()] == [True, False]


async def test_an_address_inside_the_network_is_refused_in_words(phone: Device, house: House):
    browser = await phone.browser()
    house.deps.settings = house.deps.settings.model_copy(update={"push_allow_private": False})

    for endpoint in ("https://169.254.169.254/x", "http://push.example.com/x", browser.endpoint):
        answer = await phone.add(browser, endpoint=endpoint)
        assert answer.status_code == 422
        assert answer.json()["detail"].startswith("This browser's push service cannot be used")

    assert await phone.methods() == []


async def test_keys_that_are_none_are_refused_in_words(phone: Device):
    answer = await phone.add(await phone.browser(), keys={"p256dh": "AAAA", "auth": "AAAA"})

    assert answer.status_code == 422
    assert "turn push off and on again" in answer.json()["detail"]


async def test_a_person_has_at_most_twenty_browsers(phone: Device):
    for _ in range(20):
        assert (await phone.add(await phone.browser())).status_code == 201

    answer = await phone.add(await phone.browser())

    assert answer.status_code == 422


async def test_paging_oneself_reaches_every_method_and_says_so(phone: Device, pager: Pager):
    await phone.add(await phone.browser())
    async with pager.sending():
        await until(phone.methods, [(True, False, "")])
        answer = await phone.call("POST", "/me/page")
        pager.wake()
        await pager.push.pushes_come(2)

    assert answer.status_code == 202
    assert answer.json()["sentence"] == "A test page is on its way to Chrome on Android."
    payload = pager.push.taken[1].payload
    assert (payload["kind"], payload["title"], payload["ack"]) == ("test", "Test page from OpsKnight", None)


async def test_paging_oneself_again_and_again_is_refused(phone: Device, pager: Pager, house: House):
    await phone.add(await phone.browser())
    async with pager.sending():
        await until(phone.methods, [(True, False, "")])
    await phone.call("POST", "/me/page")

    soon = await phone.call("POST", "/me/page")
    house.clock.advance(timedelta(seconds=10))
    later = await phone.call("POST", "/me/page")

    assert (soon.status_code, later.status_code) == (409, 202)


async def test_who_cannot_be_reached_at_all_is_told(phone: Device):
    answer = await phone.call("POST", "/me/page")

    assert answer.status_code == 409
    assert "no verified contact method" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/push/key"), ("POST", "/push/subscriptions"), ("DELETE", "/push/subscriptions"), ("POST", "/me/page")],
)
async def test_without_signing_in_nothing_of_this_is_possible(phone: Device, method: str, path: str):
    phone.headers = {}

    answer = await phone.call(method, path, {})

    assert answer.status_code == 401


async def test_a_browser_says_by_its_own_secret_that_it_is_there_with_nobody_signed_in(phone: Device, pager: Pager):
    browser = await phone.browser()
    await phone.add(browser)
    phone.house.clock.advance(timedelta(days=1))
    body = {"endpoint": browser.endpoint, "auth": browser.subscription["keys"]["auth"]}

    said = [
        (await phone.house.client.post("/api/v1/push/heartbeat", json=one, headers=FROM_US)).status_code
        for one in (body | {"auth": "wrong"}, body | {"endpoint": "https://push.example.org/other"}, body)
    ]

    assert said == [204, 204, 204]
    assert await pager.rows("SELECT heard_at FROM contact_methods") == [(phone.house.clock.now(),)]
