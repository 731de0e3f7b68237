"""A person's own contact methods over HTTP: added, verified by a code, tried and removed; and their rules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from opsknight import crypto
from opsknight.api import own_methods
from opsknight.domain.commands.own_methods import CODE_LIVES, CODES_AN_HOUR, TRIES
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import UserRow
from opsknight.jobs.channels import table
from opsknight.jobs.channels.channel import Ground
from tests.api.house import FROM_US, House
from tests.builders import a_contact_method, a_user

TOPIC = {"channel": "ntfy", "address": "ops-ada", "label": "My phone"}


@dataclass
class Desk:
    """A person at their own page."""

    house: House
    user: UserRow

    async def asked(self, method: str, path: str, **sent: Any) -> httpx.Response:
        async with self.house.client as client:
            headers = {**await self.house.browser_of(self.user), **FROM_US}
            return await client.request(method, f"/api/v1/me/{path}", headers=headers, **sent)

    async def added(self) -> int:
        return (await self.asked("POST", "contact-methods", json=TOPIC)).json()["id"]

    async def code(self) -> str:
        """The code that was sent last."""
        ((page_id,),) = await self.rows("SELECT page_id FROM verifications")
        return crypto.six_digits(self.house.deps.installation.secret, str(page_id))

    async def wrong(self) -> str:
        return f"{(int(await self.code()) + 1) % 1_000_000:06}"

    async def type_in(self, method_id: int, code: str) -> httpx.Response:
        return await self.asked("POST", f"contact-methods/{method_id}/verify", json={"code": code})

    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        async with self.house.deps.reading() as session:
            return [tuple(row) for row in await session.execute(text(sql))]


@pytest.fixture
async def desk(house: House, database: Database) -> Desk:
    house.deps.channels = table.kinds(Ground(house.deps.settings, "", house.clock.now))
    house.routes.include_router(own_methods.router(house.deps))
    return Desk(house, await a_user(database, "Ada", reachable=False))


async def test_a_contact_method_counts_once_its_code_was_typed_in(desk: Desk):
    added = await desk.asked("POST", "contact-methods", json=TOPIC)
    before = added.json()["contact_methods"][0]["verified_at"]

    answer = await desk.type_in(added.json()["id"], await desk.code())

    assert (added.status_code, before) == (201, None)
    assert answer.status_code == 200
    assert answer.json()["contact_methods"][0]["verified_at"] == desk.house.clock.now().timestamp()
    assert await desk.rows("SELECT kind FROM facts WHERE kind LIKE 'contact method%' ORDER BY seq") == [
        ("contact method added",), ("contact method verified",),
    ]  # fmt: skip


async def test_a_contact_method_without_a_name_goes_by_its_address(desk: Desk):
    answer = await desk.asked("POST", "contact-methods", json={**TOPIC, "label": ""})

    assert [one["label"] for one in answer.json()["contact_methods"]] == ["ops-ada"]


async def test_the_signing_secret_of_a_webhook_is_shown_once(desk: Desk):
    wish = {"channel": "webhook", "address": "https://hooks.example.com/ada"}

    added = await desk.asked("POST", "contact-methods", json=wish)

    assert next(iter(added.json()["secret"].values())).startswith("whsec_")
    assert "whsec_" not in (await desk.asked("GET", "contact-methods")).text


async def test_a_code_is_forgiving_of_how_it_is_typed(desk: Desk):
    method_id, code = await desk.added(), await desk.code()

    assert (await desk.type_in(method_id, f" {code[:3]} {code[3:]} ")).status_code == 200


async def test_a_wrong_code_is_counted_and_after_five_even_the_right_one_is_refused(desk: Desk):
    method_id, wrong = await desk.added(), await desk.wrong()
    answers = [await desk.type_in(method_id, wrong) for _ in range(TRIES)]

    right = await desk.type_in(method_id, await desk.code())

    assert {answer.status_code for answer in answers} == {422}
    assert "4 tries are left" in answers[0].json()["detail"]
    assert (right.status_code, "too many wrong codes" in right.json()["detail"]) == (422, True)


async def test_a_code_expires(desk: Desk):
    method_id, code = await desk.added(), await desk.code()
    desk.house.clock.advance(CODE_LIVES)

    assert "expired" in (await desk.type_in(method_id, code)).json()["detail"]


async def test_a_new_code_ends_the_old_one(desk: Desk):
    method_id, old = await desk.added(), await desk.code()
    await desk.asked("POST", f"contact-methods/{method_id}/code")

    assert (await desk.type_in(method_id, old)).status_code == 422
    assert (await desk.type_in(method_id, await desk.code())).status_code == 200


async def test_codes_are_limited_by_the_hour(desk: Desk):
    method_id = await desk.added()
    answers = [await desk.asked("POST", f"contact-methods/{method_id}/code") for _ in range(CODES_AN_HOUR)]
    desk.house.clock.advance(timedelta(hours=1, seconds=1))
    later = await desk.asked("POST", f"contact-methods/{method_id}/code")

    assert [answer.status_code for answer in answers] == [200] * (CODES_AN_HOUR - 1) + [422]
    assert later.status_code == 200


@pytest.mark.parametrize(
    "wish",
    [{"channel": "push"}, {"channel": "sink"}, {"channel": "pigeon"}, {"address": "no topic at all!"}],
    ids=["a browser", "our own", "unknown", "no address"],
)
async def test_what_nobody_can_be_reached_by_is_refused(desk: Desk, wish: dict[str, str]):
    assert (await desk.asked("POST", "contact-methods", json={**TOPIC, **wish})).status_code == 422


async def test_the_same_address_is_not_added_twice(desk: Desk):
    await desk.added()

    assert (await desk.asked("POST", "contact-methods", json=TOPIC)).status_code == 409


async def test_nobody_touches_the_contact_methods_of_others(desk: Desk, database: Database):
    others = await a_contact_method(database, await a_user(database, "Ben", reachable=False))

    answers = [
        await desk.asked("DELETE", f"contact-methods/{others.id}"),
        await desk.asked("PUT", f"contact-methods/{others.id}", json={"label": "mine"}),
        await desk.asked("POST", f"contact-methods/{others.id}/code"),
        await desk.asked("POST", f"contact-methods/{others.id}/test"),
        await desk.type_in(others.id, "123456"),
    ]

    assert {answer.status_code for answer in answers} == {404}


async def test_what_was_switched_off_is_on_again_by_a_new_code(desk: Desk, database: Database):
    row = await a_contact_method(
        database,
        desk.user,
        channel="ntfy",
        address="ops-ada",
        disabled_at=desk.house.clock.now(),
        disabled_reason="gone",
    )
    await desk.asked("POST", f"contact-methods/{row.id}/code")

    answer = await desk.type_in(row.id, await desk.code())

    assert answer.json()["contact_methods"][0]["disabled_at"] is None


async def test_who_removes_the_last_one_is_told_that_nobody_can_reach_them(desk: Desk):
    method_id = await desk.added()

    answer = await desk.asked("DELETE", f"contact-methods/{method_id}")

    assert answer.json()["sentence"] == "My phone was removed. Nobody can reach you now: add another."


async def test_a_test_goes_to_the_one_that_is_named(desk: Desk, database: Database):
    one = await a_contact_method(database, desk.user)
    await a_contact_method(database, desk.user, channel="ntfy", address="ops-ada")

    answer = await desk.asked("POST", f"contact-methods/{one.id}/test")

    assert answer.status_code == 202
    assert await desk.rows("SELECT contact_method_id FROM notifications") == [(one.id,)]


async def test_rules_are_arranged_as_a_whole(desk: Desk, database: Database):
    mail = await a_contact_method(database, desk.user)
    wish = [{"contact_method_id": mail.id, "delay_s": 0}, {"contact_method_id": mail.id, "delay_s": 300}]

    await desk.asked("PUT", "notification-rules/high", json={"rules": wish})
    answer = await desk.asked("PUT", "notification-rules/high", json={"rules": wish[1:]})

    assert answer.json()["rules"] == [{"urgency": "high", "contact_method_id": mail.id, "delay_s": 300}]


@pytest.mark.parametrize("delays", [[0, 0], [86401]], ids=["the same twice", "longer than a day"])
async def test_rules_that_make_no_sense_are_refused(desk: Desk, database: Database, delays: list[int]):
    mail = await a_contact_method(database, desk.user)
    wish = [{"contact_method_id": mail.id, "delay_s": delay} for delay in delays]

    assert (await desk.asked("PUT", "notification-rules/low", json={"rules": wish})).status_code == 422


async def test_a_rule_names_no_contact_method_of_somebody_else(desk: Desk, database: Database):
    others = await a_contact_method(database, await a_user(database, "Ben", reachable=False))
    wish = {"rules": [{"contact_method_id": others.id}]}

    assert (await desk.asked("PUT", "notification-rules/high", json=wish)).status_code == 422
