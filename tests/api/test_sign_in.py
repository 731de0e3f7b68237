"""Signing in by a link from a mail, and signing out."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest

from opsknight.api.sign_in import our_path
from opsknight.domain.commands import sessions
from opsknight.domain.store.engine import Database
from tests.api.house import ADDRESS, FROM_US, House, a_house
from tests.builders import a_user
from tests.clock import StoppedClock
from tests.marked import MARKED, is_marked


async def ask(house: House, email: str, *, back_to: str = "") -> str:
    answer = await house.client.post(f"/sign-in{back_to}", data={"email": email}, headers=FROM_US)
    assert answer.status_code == 200
    return answer.text


def link_in(text: str) -> str:
    found = re.search(rf"{re.escape(ADDRESS)}(/sign-in/\S+)", text)
    assert found
    return found[1]


async def a_link(house: House) -> str:
    user = await a_user(house.database)
    async with house.deps.commands("system:test") as uow:
        return f"/sign-in/{await sessions.make_sign_in_link(uow, user_id=user.id)}"


async def test_from_the_mail_to_the_screen(house: House):
    await a_user(house.database, "Ada", email="ada@example.com")

    await ask(house, "ada@example.com")
    [(to, subject, text)] = house.mails
    page = await house.client.get(link_in(text))
    entered = await house.client.post(link_in(text), headers=FROM_US)
    cookie = entered.headers["set-cookie"].partition(";")[0]
    who = await house.client.get("/api/v1/who", headers={"cookie": cookie})

    assert (to, subject) == ("ada@example.com", "Sign in to OpsKnight")
    assert '<button type="submit">Sign in</button>' in page.text
    assert (entered.status_code, entered.headers["location"]) == (303, "/incidents")
    assert who.json()["name"] == "Ada"


@pytest.mark.usefixtures("marked_readers")
async def test_the_mail_speaks_the_language_of_whom_it_is_sent_to(house: House):
    await a_user(house.database, "Ada", email="ada@example.com", language=MARKED)

    await ask(house, "ada@example.com")

    [(_, subject, text)] = house.mails
    assert is_marked(subject)
    assert is_marked(text, "Ada")
    assert link_in(text)


async def test_the_cookie_is_for_this_host_over_https_and_out_of_reach_of_scripts(house: House):
    entered = await house.client.post(await a_link(house), headers=FROM_US)

    name, _, attributes = entered.headers["set-cookie"].partition("=")
    assert name == "__Host-opsknight"
    assert {part.strip().lower() for part in attributes.split(";")[1:]} >= {
        "httponly",
        "path=/",
        "samesite=lax",
        "secure",
    }
    assert "domain" not in attributes.lower()


async def test_over_plain_http_the_cookie_has_no_prefix(database: Database, clock: StoppedClock):
    async with a_house(database, clock, base_url="http://ops.lan", insecure_http=True) as house:
        entered = await house.client.post(await a_link(house), headers={"origin": "http://ops.lan"})

    assert entered.headers["set-cookie"].startswith("opsknight=")
    assert "secure" not in entered.headers["set-cookie"].lower()


async def test_the_answer_is_the_same_whether_or_not_the_address_is_known(house: House):
    await a_user(house.database, email="ada@example.com")

    known, unknown = await ask(house, "ada@example.com"), await ask(house, "eve@example.com")

    assert known.replace("ada@", "eve@") == unknown
    assert [to for to, _, _ in house.mails] == ["ada@example.com"]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_mail_scanner_that_opens_the_link_does_not_spend_it(house: House, method: str):
    link = await a_link(house)

    for _ in range(3):
        assert (await house.client.request(method, link)).status_code == 200

    assert (await house.client.post(link, headers=FROM_US)).status_code == 303


async def test_a_spent_link_says_so_and_offers_a_new_one(house: House):
    link = await a_link(house)
    await house.client.post(link, headers=FROM_US)

    again = await house.client.post(link, headers=FROM_US)

    assert again.status_code == 409
    assert "has been used already; each works once" in again.text
    assert 'href="/sign-in"' in again.text
    assert "set-cookie" not in again.headers


async def test_another_site_cannot_sign_a_browser_in(house: House):
    link = await a_link(house)

    answer = await house.client.post(link, headers={"origin": "https://evil.example"})

    assert answer.status_code == 403
    assert (await house.client.post(link, headers=FROM_US)).status_code == 303


async def test_one_returns_to_where_one_wanted_to_go(house: House):
    await a_user(house.database, email="ada@example.com")
    await ask(house, "ada@example.com", back_to="?next=/incidents/12")

    entered = await house.client.post(link_in(house.mails[0][2]), headers=FROM_US)

    assert entered.headers["location"] == "/incidents/12"


@pytest.mark.parametrize(
    ("wanted", "place"),
    [
        ("/incidents/12?x=1", "/incidents/12?x=1"),
        ("", "/incidents"),
        ("https://evil.example", "/incidents"),
        ("//evil.example", "/incidents"),
        ("/\\evil.example", "/incidents"),
        ("/a\r\nset-cookie: x=1", "/incidents"),
        ("/sign-out", "/incidents"),
    ],
)
def test_one_is_led_to_paths_of_ours_only(wanted: str, place: str):
    assert our_path(wanted) == place
    assert not urlsplit(our_path(wanted)).netloc


async def test_a_strange_address_is_shown_again_with_a_word_and_harmless(house: House):
    answer = await house.client.post("/sign-in", data={"email": '"><script>alert(1)</script>'}, headers=FROM_US)

    assert answer.status_code == 422
    assert "<script>alert" not in answer.text
    assert "This is no e-mail address" in answer.text


async def test_without_a_mail_server_the_page_says_how_to_get_a_link(database: Database, clock: StoppedClock):
    async with a_house(database, clock, mail=False) as house:
        answer = await house.client.get("/sign-in")

    assert "<code>opsknight sign-in-link ada@example.com</code>" in answer.text


async def test_a_mail_server_that_fails_fails_nobodys_request(house: House):
    await a_user(house.database, email="ada@example.com")
    house.mails = None  # type: ignore[assignment]  # the house's post then raises

    assert "Look into your mailbox" in await ask(house, "ada@example.com")


async def test_who_is_signed_in_is_not_asked_again(house: House):
    ada = await house.signed_in()

    answer = await house.client.get("/sign-in?next=/me", headers=ada)

    assert (answer.status_code, answer.headers["location"]) == (303, "/me")


async def test_signing_out_ends_the_session_and_takes_the_cookie(house: House):
    ada = await house.signed_in()

    left = await house.client.post("/sign-out", headers=ada | FROM_US)

    assert (left.status_code, left.headers["location"]) == (303, "/sign-in")
    assert 'opsknight=""' in left.headers["set-cookie"]
    assert (await house.client.get("/api/v1/who", headers=ada)).status_code == 401


async def test_another_site_cannot_sign_a_person_out(house: House):
    ada = await house.signed_in()

    await house.client.post("/sign-out", headers=ada | {"origin": "https://evil.example"})

    assert (await house.client.get("/api/v1/who", headers=ada)).status_code == 200
