"""A person's contact methods: the ledger tells every change, and nobody else makes one."""

from __future__ import annotations

import base64

import pytest
from sqlalchemy import text

from opsknight.domain.commands.contact_methods import Subscription, page_me, subscribe, unsubscribe
from opsknight.domain.commands.sessions import make_sign_in_link
from opsknight.domain.model.ledger import sentence
from opsknight.errors import Forbidden, SignInRequired
from tests.commands.desk import Desk


def a_subscription(place: str) -> Subscription:
    keys = (base64.urlsafe_b64encode(raw).decode().rstrip("=") for raw in (b"\4" + b"k" * 64, b"a" * 16))
    return Subscription(f"https://push.example.org/{place}", *keys)


async def story(desk: Desk) -> list[str]:
    rows = await desk.rows("SELECT kind, data FROM facts WHERE kind LIKE 'contact method %' ORDER BY xid, seq")
    return [sentence(kind, "Ada", data) for kind, data in rows]


async def verified(desk: Desk) -> None:
    async with desk.database.commands() as session:
        await session.execute(text("UPDATE contact_methods SET verified_at = created_at WHERE channel = 'push'"))
        await session.commit()


async def test_a_browser_that_takes_the_place_of_another_is_told_with_the_one_that_goes(desk: Desk):
    await desk.do(subscribe, a_subscription("old"), label="Chrome")

    await desk.do(subscribe, a_subscription("new"), label="Chrome", replaces="https://push.example.org/old")

    assert await story(desk) == [
        "Ada added a contact method: push notification to Ada (Chrome).",
        "A contact method was switched off: push notification to Ada (Chrome): “the browser replaced it”.",
        "Ada added a contact method: push notification to Ada (Chrome).",
    ]


async def test_a_browser_that_is_called_otherwise_is_told(desk: Desk):
    await desk.do(subscribe, a_subscription("one"), label="Chrome")
    await verified(desk)

    await desk.do(subscribe, a_subscription("one"), label="Chrome")
    await desk.do(subscribe, a_subscription("one"), label="Phone")

    assert await desk.rows("SELECT data->>'name' FROM facts WHERE kind = 'configured'") == [
        ("the name of a contact method: Phone",)
    ]


async def test_turning_a_browser_off_twice_is_told_once(desk: Desk):
    await desk.do(subscribe, a_subscription("one"), label="Chrome")
    for _ in range(2):
        await desk.do(unsubscribe, "https://push.example.org/one")

    assert (await story(desk))[1:] == ["Ada removed a contact method: push notification to Ada (Chrome)."]


@pytest.mark.parametrize("actor", ["timer:engine", "integration:3", "system:cli"])
async def test_only_a_person_has_contact_methods(desk: Desk, actor: str):
    with pytest.raises(Forbidden):
        await desk.as_(actor, page_me)


@pytest.mark.parametrize("actor", ["user:999999", "integration:3"])
async def test_sign_in_links_for_others_are_made_by_the_house_and_its_admins_only(desk: Desk, actor: str):
    with pytest.raises((Forbidden, SignInRequired)):
        await desk.as_(actor, make_sign_in_link, user_id=desk.user.id)


async def test_a_responder_makes_no_sign_in_link(desk: Desk):
    with pytest.raises(Forbidden):
        await desk.do(make_sign_in_link, user_id=desk.user.id)
