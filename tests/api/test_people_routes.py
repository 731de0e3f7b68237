"""People, teams and services, over HTTP: who may what, and what each answer tells."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from opsknight.api import people, services, teams
from opsknight.domain.model.permission import Role
from opsknight.domain.store.engine import Database
from tests.api.house import ADDRESS, FROM_US, House, a_house
from tests.builders import a_contact_method, a_policy, a_schedule, a_service, a_stored_incident, a_team, a_user
from tests.clock import NOON, StoppedClock

NEW = {"email": "ada@example.org", "name": "Ada Moreno", "role": "responder", "zone": "Europe/Berlin"}


def furnished(house: House, *, mail: bool = True, broken: bool = False) -> House:
    async def post(*letter: str) -> None:
        if broken:
            raise OSError("connection refused")
        house.mails.append(letter)  # type: ignore[arg-type]

    house.routes.include_router(people.router(house.deps, mail=post if mail else None))
    house.routes.include_router(teams.router(house.deps))
    house.routes.include_router(services.router(house.deps))
    return house


@pytest.fixture
def doors(house: House) -> House:
    """A house with the routes of all three, and a mail server."""
    return furnished(house)


async def asked(house: House, method: str, path: str, *, role: str = "admin", **sent: Any) -> httpx.Response:
    headers = {**await house.signed_in(role=role), **FROM_US}
    return await house.client.request(method, f"/api/v1{path}", headers=headers, **sent)


async def signs_in(house: House, link: str) -> bool:
    answer = await house.client.post(link.removeprefix(ADDRESS), headers=FROM_US)
    return answer.status_code == 303


async def test_who_is_invited_gets_a_link_by_mail_that_no_answer_shows(doors: House):
    answer = await asked(doors, "POST", "/people", json=NEW)

    assert (answer.status_code, answer.json()["link"]) == (201, None)
    assert answer.json()["sentence"] == (
        "Ada Moreno is invited as a responder. The link is on its way to ada@example.org."
    )
    [(to, _, text)] = doors.mails
    link = next(word for word in text.split() if "/sign-in/" in word)
    assert to == "ada@example.org"
    assert link.rpartition("/")[2] not in answer.text
    assert await signs_in(doors, link)
    assert not await signs_in(doors, link)


async def test_without_a_mail_server_the_link_is_shown_once(database: Database, clock: StoppedClock):
    async with a_house(database, clock, mail=False) as house:
        furnished(house, mail=False)

        answer = await asked(house, "POST", "/people", json=NEW)
        person = await asked(house, "GET", f"/people/{answer.json()['person']['id']}")

        assert answer.json()["sentence"].endswith("Hand them the link; it works once, and is not shown again.")
        assert "link" not in person.json()
        assert person.json()["person"]["link_out"] is True
        assert await signs_in(house, answer.json()["link"])


async def test_where_the_mail_server_takes_no_mail_another_link_is_shown(house: House):
    doors = furnished(house, broken=True)

    answer = await asked(doors, "POST", "/people", json=NEW)

    assert answer.status_code == 201
    assert "The mail server did not take the mail, so hand them this link" in answer.json()["sentence"]
    assert await signs_in(doors, answer.json()["link"])
    async with doors.deps.reading() as session:
        person = await people.roster.person(session, answer.json()["person"]["id"], at=NOON, unset=(), addresses=True)
    assert person["methods"][0]["verified_at"] is None


async def test_a_person_is_changed_deactivated_and_back(doors: House, database: Database):
    ada = await a_user(database, "Ada")
    path = f"/people/{ada.id}"

    changed = await asked(doors, "PUT", path, json={"name": "Ada M", "zone": "UTC", "role": "manager"})
    gone = await asked(doors, "POST", f"{path}/deactivate")
    back = await asked(doors, "POST", f"{path}/reactivate")

    assert (changed.json()["person"]["role"], changed.json()["person"]["name"]) == ("manager", "Ada M")
    assert (gone.json()["person"]["active"], gone.json()["person"]["why"]) == (False, "Deactivated")
    assert back.json()["person"]["reachable"] is True


async def test_a_deactivated_person_is_answered_401_at_once(doors: House, database: Database):
    headers = await doors.signed_in(name="Ada", email="ada@example.org")
    who = (await doors.client.get("/api/v1/who", headers=headers)).json()

    await asked(doors, "POST", f"/people/{who['id']}/deactivate")

    assert (await doors.client.get("/api/v1/who", headers=headers)).status_code == 401


async def test_everybody_changes_their_own_profile(doors: House):
    answer = await asked(doors, "PUT", "/me/profile", role="observer", json={"name": "Ada", "zone": "Asia/Tokyo"})
    wrong = await asked(doors, "PUT", "/me/profile", role="observer", json={"name": "Ada", "zone": "Tokio"})

    assert (answer.json()["sentence"], answer.json()["person"]["zone"]) == ("Saved.", "Asia/Tokyo")
    assert (wrong.status_code, wrong.json()["detail"]) == (
        422,
        "“Tokio” is no time zone; write one like Europe/Berlin or UTC.",
    )


async def test_a_person_is_told_in_full_and_addresses_only_to_admins(doors: House, database: Database):
    ada = await a_user(database, "Ada", email="ada@example.org", reachable=False)
    bo = await a_user(database, "Bo")
    await a_contact_method(database, ada, address="ada@example.org")
    team = await a_team(database, "Payments", managers=[ada])
    schedule = await a_schedule(database, bo, ada, name="Primary", team=team, unit="days", starts_at=NOON)
    service = await a_service(database, "Checkout", team=team)
    await a_stored_incident(database, service, title="Disk full", status="acknowledged", assignee_id=ada.id)
    await a_stored_incident(database, service, title="Over", status="resolved", assignee_id=ada.id)

    whole = (await asked(doors, "GET", f"/people/{ada.id}")).json()["person"]
    hidden = (await asked(doors, "GET", f"/people/{ada.id}", role="responder")).json()["person"]

    assert (whole["email"], whole["methods"][0]["label"]) == ("ada@example.org", "ada@example.org")
    assert (hidden["email"], hidden["methods"][0]["label"]) == ("a…@example.org", "a…@example.org")
    assert whole["teams"] == [{"id": team.id, "name": "Payments", "manages": True}]
    assert [shift["schedule_id"] for shift in whole["shifts"]] == [schedule.id] * 6
    assert [each["title"] for each in whole["incidents"]] == ["Disk full"]
    assert (whole["open_incidents"], whole["reachable"], whole["channels"]) == (1, True, ["email"])


async def test_who_has_only_mail_is_reached_by_nothing_without_a_mail_server(database: Database, clock: StoppedClock):
    ada = await a_user(database, "Ada")
    async with a_house(database, clock, mail=False) as house:
        furnished(house, mail=False)

        person = (await asked(house, "GET", f"/people/{ada.id}")).json()["person"]

    assert (person["reachable"], person["why"]) == (False, "Mail only, and no mail server is set")


async def test_a_team_is_made_filled_and_refused_to_be_deleted_while_it_owns_something(
    doors: House, database: Database
):
    ada = await a_user(database, "Ada", role="manager")
    made = (await asked(doors, "POST", "/teams", json={"name": "Payments"})).json()["team"]
    path = f"/teams/{made['id']}"

    put = await asked(doors, "PUT", f"{path}/members/{ada.id}", json={"manages": True})
    policy = await a_policy(database)
    wish = {"name": "Checkout", "team_id": made["id"], "policy_id": policy.id}
    service = await asked(doors, "POST", "/services", json=wish)
    kept = await asked(doors, "DELETE", path)
    listed = await asked(doors, "GET", "/teams", role="observer")

    assert put.json()["team"]["members"] == [
        {"id": ada.id, "name": "Ada", "role": "manager", "active": True, "manages": True}
    ]
    assert (service.status_code, service.json()["service"]["team"]) == (201, "Payments")
    assert (kept.status_code, kept.json()["detail"].startswith("Payments still owns 1 service.")) == (409, True)
    assert {team["name"] for team in listed.json()["teams"]} >= {"Payments"}


async def test_a_service_is_changed_and_gets_an_integration(doors: House, database: Database):
    there = await a_service(database, "Checkout")
    wish = {"name": "Till", "team_id": there.team_id, "policy_id": there.policy_id, "tags": {"tier": "1"}}

    changed = await asked(doors, "PUT", f"/services/{there.id}", json=wish)
    added = await asked(
        doors, "POST", f"/services/{there.id}/integrations", json={"provider": "generic", "name": "curl"}
    )
    unknown = await asked(doors, "POST", f"/services/{there.id}/integrations", json={"provider": "x", "name": "x"})
    seen = await asked(doors, "GET", f"/services/{there.id}", role="observer")

    assert changed.json()["sentence"].startswith("“Till” is changed: name and tags.")
    assert len(added.json()["integration"]["key"]) == 32
    assert (unknown.status_code, "no kind of monitor" in unknown.json()["detail"]) == (422, True)
    assert [each["key"] for each in seen.json()["service"]["integrations"]] == [None]


CELLS = [
    ("GET", "/people/{person}", None, "admin manager responder observer"),
    ("POST", "/people", NEW, "admin"),
    ("PUT", "/people/{person}", {"name": "Ada", "zone": "UTC", "role": "responder"}, "admin"),
    ("POST", "/people/{person}/sign-in-link", None, "admin"),
    ("POST", "/people/{person}/deactivate", None, "admin"),
    ("POST", "/people/{person}/reactivate", None, "admin"),
    ("PUT", "/me/profile", {"name": "Ada", "zone": "UTC"}, "admin manager responder observer"),
    ("GET", "/teams", None, "admin manager responder observer"),
    ("GET", "/teams/{team}", None, "admin manager responder observer"),
    ("POST", "/teams", {"name": "New"}, "admin"),
    ("PUT", "/teams/{team}", {"name": "New"}, "admin"),
    ("DELETE", "/teams/{team}", None, "admin"),
    ("PUT", "/teams/{team}/members/{person}", {"manages": False}, "admin"),
    ("DELETE", "/teams/{team}/members/{person}", None, "admin"),
    ("GET", "/services/{service}", None, "admin manager responder observer"),
    ("POST", "/services", {"name": "New", "team_id": 0, "policy_id": 0}, "admin"),
    ("PUT", "/services/{service}", {"name": "New", "team_id": 0, "policy_id": 0}, "admin"),
    ("POST", "/services/{service}/integrations", {"provider": "generic", "name": "curl"}, "admin"),
]
"""Who is let in: a manager of another team is not, so that each cell of theirs is that of a stranger."""


@pytest.mark.parametrize(("method", "path", "sent", "allowed"), CELLS, ids=[f"{cell[0]} {cell[1]}" for cell in CELLS])
async def test_every_cell_of_who_may_call_what(
    doors: House, database: Database, method: str, path: str, sent: dict[str, Any] | None, allowed: str
):
    person, idle = await a_user(database, "Ada"), await a_team(database)
    team = await a_team(database, members=[person])
    service = await a_service(database)
    where = path.format(person=person.id, team=idle.id if method == "DELETE" and "members" not in path else team.id,
                        service=service.id)  # fmt: skip
    body = sent and {**sent, **{k: getattr(service, k) for k in ("team_id", "policy_id") if k in sent}}

    for role in (each.value for each in Role if each is not Role.ADMIN):
        answer = await asked(doors, method, where, role="stranger" if role == "manager" else role, json=body)
        assert (answer.status_code == 403) is (role not in allowed.split()), (role, answer.text)
    assert (await doors.client.request(method, f"/api/v1{where}", headers=FROM_US, json=body)).status_code == 401
    assert (await asked(doors, method, where, json=body)).is_success
