"""Another mail address by its routes: where the code goes, what is said when it comes back, and who is told."""

from __future__ import annotations

import re

import httpx
import pytest

from opsknight.api import address_changes
from opsknight.api.sign_in import Mail
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import UserRow
from tests.api.house import FROM_US, House
from tests.builders import a_user
from tests.marked import MARKED, is_marked

NEW = "ada@new.example"


class Post:
    """Takes mails, or none."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, str, str]] = []
        self.refuses = ""

    async def __call__(self, address: str, subject: str, text: str) -> None:
        if self.refuses == address:
            raise ConnectionRefusedError
        self.mails.append((address, subject, text))

    @property
    def code(self) -> str:
        (code,) = re.findall(r"^⟧?(\d{6})⟦?$", self.mails[-1][2], re.MULTILINE)
        return code


@pytest.fixture
async def post(house: House) -> Post:
    taking = Post()
    house.routes.include_router(address_changes.router(house.deps, mail=taking))
    return taking


@pytest.fixture
async def ada(database: Database) -> UserRow:
    return await a_user(database, "Ada", email="ada@old.example")


async def ask(house: House, path: str, *, role: str = "responder", **said: str) -> httpx.Response:
    headers = {**await house.signed_in(role=role, name="Sam"), **FROM_US}
    return await house.client.post(f"/api/v1{path}", headers=headers, json=said)


@pytest.mark.usefixtures("marked_readers")
async def test_both_mails_speak_the_language_of_whose_address_it_is(house: House, post: Post):
    ada = await a_user(house.database, "Ada", email="ada@old.example", language=MARKED)

    await ask(house, f"/people/{ada.id}/address", role="admin", email=NEW)
    await ask(house, f"/people/{ada.id}/address/confirm", role="admin", code=post.code)

    assert [(to, is_marked(subject), is_marked(text, "Ada", "Sam")) for to, subject, text in post.mails] == [
        (NEW, True, True),
        ("ada@old.example", True, True),
    ]


async def test_an_admin_gives_somebody_another_address_and_the_old_one_is_told(house: House, post: Post, ada: UserRow):
    asked = await ask(house, f"/people/{ada.id}/address", role="admin", email=NEW)
    assert (asked.status_code, asked.json()["sentence"]) == (
        202,
        f"A code is on its way to {NEW}; type it in within the hour. Until then the old address counts.",
    )
    assert [address for address, *_ in post.mails] == [NEW]

    answer = await ask(house, f"/people/{ada.id}/address/confirm", role="admin", code=post.code)

    assert answer.json() == {"sentence": f"{NEW} is the address of Ada now; ada@old.example is told."}
    address, _, text = post.mails[-1]
    assert address == "ada@old.example"
    assert "was changed by Sam: it is ada@new.example now" in text
    assert "tell an admin" in text


async def test_everybody_changes_their_own(house: House, post: Post):
    headers = {**await house.signed_in(role="observer", name="Ada"), **FROM_US}
    await house.client.post("/api/v1/me/address", headers=headers, json={"email": NEW})

    answer = await house.client.post("/api/v1/me/address/confirm", headers=headers, json={"code": post.code})

    assert (answer.status_code, len(post.mails)) == (200, 2)


async def test_a_wrong_code_is_refused_and_counted(house: House, post: Post, ada: UserRow):
    await ask(house, f"/people/{ada.id}/address", role="admin", email=NEW)

    answers = [await ask(house, f"/people/{ada.id}/address/confirm", role="admin", code="none") for _ in range(2)]

    assert [(one.status_code, one.json()["detail"]) for one in answers] == [
        (422, "This is not the code that was sent. 4 tries are left."),
        (422, "This is not the code that was sent. 3 tries are left."),
    ]
    assert len(post.mails) == 1


async def test_a_mail_that_nobody_takes_is_told_and_changes_nothing(house: House, post: Post, ada: UserRow):
    post.refuses = NEW

    answer = await ask(house, f"/people/{ada.id}/address", role="admin", email=NEW)

    assert answer.status_code == 409
    assert answer.json()["detail"].startswith(f"The mail server did not take the mail to {NEW}: nothing has changed.")


async def test_an_old_address_that_takes_no_mail_hinders_nothing(house: House, post: Post, ada: UserRow):
    await ask(house, f"/people/{ada.id}/address", role="admin", email=NEW)
    post.refuses = "ada@old.example"

    answer = await ask(house, f"/people/{ada.id}/address/confirm", role="admin", code=post.code)

    assert answer.status_code == 200


@pytest.mark.parametrize("mail", [None])
async def test_without_a_mail_server_it_says_what_to_do(house: House, ada: UserRow, mail: Mail | None):
    house.routes.include_router(address_changes.router(house.deps, mail=mail))

    answer = await ask(house, f"/people/{ada.id}/address", role="admin", email=NEW)

    assert answer.status_code == 409
    assert "no mail server" in answer.json()["detail"]


async def test_a_manager_changes_nobody_elses(house: House, post: Post, ada: UserRow):
    answers = [
        await ask(house, f"/people/{ada.id}/address", role="manager", email=NEW),
        await ask(house, f"/people/{ada.id}/address/confirm", role="manager", code="123456"),
    ]

    assert [one.status_code for one in answers] == [403, 403]
    assert post.mails == []
