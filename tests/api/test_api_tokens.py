"""API tokens: what a script may with one, what it may not, and when it ends."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from opsknight.api import address_changes, api_tokens, calendar_feeds, own_methods, people, teams
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import FactRow
from tests.api.house import FROM_US, House, knock
from tests.builders import a_team, a_user

PATH = "/api/v1/api-tokens"


@pytest.fixture
def doors(house: House) -> House:
    """A house with the routes of tokens, people, their addresses, teams, calendar links and contact methods."""

    async def post(*_: str) -> None:
        """Take every mail."""

    for routes in (api_tokens, calendar_feeds, own_methods, teams):
        house.routes.include_router(routes.router(house.deps))
    house.routes.include_router(address_changes.router(house.deps, mail=post))
    house.routes.include_router(people.router(house.deps, mail=None))
    return house


async def ada(house: House, **person: Any) -> dict[str, str]:
    """Return the headers of a browser in which Ada is signed in."""
    said = {"name": "Ada", "email": "ada@example.org", "role": "manager", **person}
    return {**await house.signed_in(**said), **FROM_US}


async def a_token(house: House, browser: dict[str, str], **wish: Any) -> dict[str, str]:
    """Make a token in a browser; return the headers of a script that shows it."""
    answer = await house.client.post(PATH, headers=browser, json={"name": "Deploy script", "days": 90, **wish})
    assert answer.status_code == 201, answer.text
    return {"authorization": f"Bearer {answer.json()['token']}"}


async def test_a_script_does_what_its_person_may_without_a_page_of_ours(doors: House):
    script = await a_token(doors, await ada(doors))

    answer = await doors.client.post("/api/v1/configure", headers=script)

    assert (answer.status_code, answer.json()) == (200, "Ada")


async def test_a_script_may_not_do_what_its_person_may_not(doors: House):
    script = await a_token(doors, await ada(doors, role="responder"))

    answer = await doors.client.post("/api/v1/configure", headers=script)

    assert answer.status_code == 403
    assert answer.json()["detail"] == "A responder cannot change services, policies and schedules; ask a manager."


async def test_a_token_that_only_reads_reads_and_changes_nothing(doors: House):
    script = await a_token(doors, await ada(doors), reads_only=True)

    read = await doors.client.get("/api/v1/who", headers=script)
    written = await doors.client.post("/api/v1/configure", headers=script)

    assert read.json()["name"] == "Ada"
    assert written.status_code == 403
    assert written.json()["detail"] == "The API token “Deploy script” only reads. Make one that writes."


@pytest.mark.parametrize(
    ("method", "path", "wish"),
    [
        ("POST", PATH, {"name": "Another", "days": None}),
        ("PUT", "/api/v1/me/profile", {"name": "Eve", "zone": "UTC", "language": "en"}),
        ("GET", "/api/v1/me/contact-methods", None),
        ("POST", "/api/v1/me/contact-methods", {"channel": "email", "address": "eve@example.org", "label": "Eve"}),
        ("POST", "/api/v1/calendar-feeds", {"name": "Eve's"}),
        ("POST", "/api/v1/people/{me}/address", {"email": "eve@example.org"}),
        ("POST", "/api/v1/people/{me}/address/confirm", {"code": "123456"}),
        ("POST", "/api/v1/people/{me}/sign-in-link", None),
        ("PUT", "/api/v1/people/{me}", {"name": "Eve", "zone": "UTC", "role": "admin"}),
    ],
)
async def test_a_token_touches_nothing_of_its_persons_account(doors: House, method: str, path: str, wish: Any):
    script = await a_token(doors, await ada(doors, role="admin"))
    me = (await doors.client.get("/api/v1/who", headers=script)).json()["id"]

    answer = await doors.client.request(method, path.format(me=me), headers=script, json=wish)

    assert answer.status_code == 403
    assert answer.json()["detail"].startswith("An API token cannot ")


@pytest.mark.parametrize(
    ("method", "path", "wish"),
    [
        ("POST", "/api/v1/people", {"email": "eve@example.org", "name": "Eve", "role": "admin"}),
        ("POST", "/api/v1/people/{bo}/sign-in-link", None),
        ("POST", "/api/v1/people/{bo}/address", {"email": "eve@example.org"}),
        ("POST", "/api/v1/people/{bo}/address/confirm", {"code": "123456"}),
        ("POST", "/api/v1/people/{bo}/reactivate", None),
        ("PUT", "/api/v1/people/{bo}", {"name": "Bo", "zone": "UTC", "role": "admin"}),
    ],
)
async def test_a_token_lets_nobody_in(doors: House, database: Database, method: str, path: str, wish: Any):
    script = await a_token(doors, await ada(doors, role="admin"))
    bo = await a_user(database, "Bo", role="responder")

    answer = await doors.client.request(method, path.format(bo=bo.id), headers=script, json=wish)

    assert answer.status_code == 403
    sentence = "An API token cannot decide who signs in here, and in which role; sign in to do it."
    assert answer.json()["detail"] == sentence


async def test_a_token_of_the_manager_of_another_team_changes_no_team(doors: House, database: Database):
    script = await a_token(doors, await ada(doors))
    search = await a_team(database, "Search")

    answer = await doors.client.put(f"/api/v1/teams/{search.id}", headers=script, json={"name": "Found"})

    assert answer.status_code == 403
    assert answer.json()["detail"] == "You do not manage the team Search; ask one of its managers or an admin."


async def test_pages_and_sockets_want_a_session(doors: House):
    script = await a_token(doors, await ada(doors))

    assert (await doors.client.get("/page", headers=script)).status_code == 401
    assert await knock(doors, {**script, **FROM_US}) == ["websocket.close"]


async def test_a_script_says_in_the_ledger_what_it_was(doors: House, database: Database):
    script = await a_token(doors, await ada(doors, role="admin"))
    bo = await a_user(database, "Bo", role="responder")
    wish = {"name": "Bo B", "zone": "UTC", "role": "responder"}

    assert (await doors.client.put(f"/api/v1/people/{bo.id}", headers=script, json=wish)).status_code == 200

    async with doors.deps.reading() as session:
        last = (await session.scalars(select(FactRow).order_by(FactRow.seq.desc()).limit(1))).one()
    assert last.actor.startswith("user:")
    assert last.data["via"] == "the API token “Deploy script”"


async def test_what_is_done_on_a_screen_afterwards_is_not_the_scripts(doors: House, database: Database):
    browser = await ada(doors, role="admin")
    script = await a_token(doors, browser)
    bo = await a_user(database, "Bo", role="responder")
    await doors.client.get("/api/v1/who", headers=script)

    wish = {"name": "Bo B", "zone": "UTC", "role": "responder"}
    assert (await doors.client.put(f"/api/v1/people/{bo.id}", headers=browser, json=wish)).status_code == 200

    async with doors.deps.reading() as session:
        last = (await session.scalars(select(FactRow).order_by(FactRow.seq.desc()).limit(1))).one()
    assert "via" not in last.data


async def test_a_revoked_token_is_refused_at_once(doors: House):
    browser = await ada(doors)
    script = await a_token(doors, browser)
    [mine] = (await doors.client.get(PATH, headers=browser)).json()["tokens"]

    said = await doors.client.delete(f"{PATH}/{mine['id']}", headers=browser)
    answer = await doors.client.get("/api/v1/who", headers=script)

    assert said.json()["sentence"].startswith("Revoked the API token “Deploy script”")
    assert answer.status_code == 401
    assert answer.json()["detail"] == "This API token does not count here: it was revoked, or its time is over."


async def test_a_token_ends_when_its_time_is_over(doors: House):
    script = await a_token(doors, await ada(doors), days=1)
    doors.clock.advance(timedelta(days=1))

    assert (await doors.client.get("/api/v1/who", headers=script)).status_code == 401


async def test_whoever_is_deactivated_leaves_no_token_behind_even_when_they_come_back(doors: House):
    admin = await ada(doors, role="admin")
    bo = await a_user(doors.database, "Bo", role="responder")
    script = await a_token(doors, {**await doors.browser_of(bo), **FROM_US})

    await doors.client.post(f"/api/v1/people/{bo.id}/deactivate", headers=admin)
    await doors.client.post(f"/api/v1/people/{bo.id}/reactivate", headers=admin)

    assert (await doors.client.get("/api/v1/who", headers=script)).status_code == 401


async def test_an_admin_sees_and_revokes_the_tokens_of_others_and_nobody_else_does(doors: House):
    script = await a_token(doors, await ada(doors))
    admin, bo = [
        {**await doors.signed_in(name=name, email=f"{name}@example.org", role=role), **FROM_US}
        for name, role in (("Cy", "admin"), ("Bo", "manager"))
    ]
    [hers] = (await doors.client.get(PATH, headers=admin)).json()["tokens"]

    by_bo = await doors.client.delete(f"{PATH}/{hers['id']}", headers=bo)
    assert (await doors.client.get(PATH, headers=bo)).json()["tokens"] == []
    by_admin = await doors.client.delete(f"{PATH}/{hers['id']}", headers=admin)

    assert (by_bo.status_code, by_admin.status_code) == (404, 200)
    assert (await doors.client.get("/api/v1/who", headers=script)).status_code == 401


async def test_it_is_told_when_a_token_was_used_last_and_by_what(doors: House):
    browser = await ada(doors)
    script = await a_token(doors, browser)
    [unused] = (await doors.client.get(PATH, headers=browser)).json()["tokens"]

    await doors.client.get("/api/v1/who", headers={**script, "user-agent": "curl/8.5.0"})

    [used] = (await doors.client.get(PATH, headers=browser)).json()["tokens"]
    assert (unused["used_at"], used["used_at"]) == (None, doors.clock.now().timestamp())
    assert used["used_by"] == "curl/8.5.0"


async def test_what_a_proxy_puts_in_front_of_a_session_is_not_taken_for_a_token(doors: House):
    browser = await ada(doors)

    answer = await doors.client.get("/api/v1/who", headers={**browser, "authorization": "Bearer eyJhbGciOi.J9"})

    assert answer.status_code == 200


@pytest.mark.parametrize("wish", [{"name": " "}, {"name": "x" * 101}, {"days": 0}, {"days": 3651}, {"days": "90"}])
async def test_a_wish_for_a_token_that_cannot_be_is_refused_in_words(doors: House, wish: dict[str, Any]):
    answer = await doors.client.post(PATH, headers=await ada(doors), json={"name": "Script", "days": 90, **wish})

    assert answer.status_code == 422
