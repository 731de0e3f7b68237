"""Escalation policies over HTTP: whole documents, refusals in sentences, and warnings before it matters."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from opsknight.api import policies
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import NotificationRuleRow, TeamRow, UserRow
from tests.api.house import FROM_US, House
from tests.builders import a_contact_method, a_policy, a_schedule, a_service, a_stored_incident, a_team, a_user
from tests.clock import NOON

OFFICE = {"zone": "Europe/Berlin", "parts": [{"weekday": 1, "start": "09:00", "end": "17:00"}]}


@pytest.fixture
def doors(house: House) -> House:
    """A house with the routes of policies."""
    house.routes.include_router(policies.router(house.deps))
    return house


@pytest.fixture
async def ada(database: Database) -> UserRow:
    return await a_user(database, "Ada")


@pytest.fixture
async def team(database: Database) -> TeamRow:
    return await a_team(database, "Platform")


async def asked(house: House, method: str, path: str = "", *, role: str = "admin", **sent: Any) -> httpx.Response:
    headers = {**await house.signed_in(role=role), **FROM_US}
    return await house.client.request(method, f"/api/v1/policies{path}", headers=headers, **sent)


def a_document(team: TeamRow, *steps: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"name": "Checkout", "team_id": team.id, "repeats": 1, "steps": list(steps), **changes}


def a_step(*targets: Any, wait_s: int = 300, **changes: Any) -> dict[str, Any]:
    kinds = {"users": "user", "schedules": "schedule", "teams": "team"}
    asks = [{"kind": kinds[target.__tablename__], "id": target.id} for target in targets]
    return {"targets": asks, "wait_s": wait_s, **changes}


async def test_a_policy_is_kept_as_it_was_sent_and_can_be_sent_back(
    doors: House, database: Database, ada: UserRow, team: TeamRow
):
    when = {
        "urgency": "high",
        "priorities": ["P1"],
        "support_hours": False,
        "hours": OFFICE,
        "alerts_at_least": 3,
    }
    rota = await a_schedule(database, ada)
    steps = a_step(ada, rota, everyone=True), a_step(team, wait_s=0, round_robin=True, when=when)

    answer = await asked(doors, "POST", json=a_document(team, *steps))
    policy = answer.json()["policy"]
    again = await asked(doors, "PUT", f"/{policy['id']}", json={**policy, "seen_version": policy["version"]})

    assert answer.status_code == 201
    assert answer.json()["sentence"] == "“Checkout” can be used now: choose it for a service."
    assert policy["steps"][0]["targets"][0] == {"kind": "user", "id": ada.id, "name": "Ada"}
    assert (policy["steps"][0]["everyone"], policy["steps"][1]["round_robin"]) == (True, True)
    assert policy["steps"][1]["when"] == when
    assert {**again.json()["policy"], "version": 1} == policy


async def test_a_policy_that_does_not_say_how_often_is_repeated_twice(doors: House, ada: UserRow, team: TeamRow):
    document = a_document(team, a_step(ada))
    del document["repeats"]

    answer = await asked(doors, "POST", json=document)

    assert answer.json()["policy"]["repeats"] == 2


async def test_a_policy_is_repeated_from_never_to_nine_times(doors: House, ada: UserRow, team: TeamRow):
    answers = [
        await asked(doors, "POST", json=a_document(team, a_step(ada), name=f"Policy {repeats}", repeats=repeats))
        for repeats in (-1, 0, 9, 10)
    ]

    assert [answer.status_code for answer in answers] == [422, 201, 201, 422]


async def test_an_edit_says_which_incidents_keep_what_they_started_with(
    doors: House, database: Database, ada: UserRow, team: TeamRow
):
    row = await a_policy(database, ada, team=team)
    service = await a_service(database, policy=row)
    for status in ("open", "acknowledged", "resolved"):
        await a_stored_incident(database, service, status=status, policy={"id": row.id, "repeats": 0, "steps": []})

    answer = await asked(doors, "PUT", f"/{row.id}", json=a_document(team, a_step(ada)))

    assert answer.json()["sentence"] == (
        "“Checkout” is changed. 2 running incidents keep the policy they started with."
    )
    assert (answer.json()["running"], answer.json()["policy"]["running"]) == (2, 2)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": " "}, "An escalation policy needs a name."),
        ({"steps": []}, "An escalation policy needs a step: without one it would reach nobody."),
        ({"steps": [{"targets": [], "wait_s": 0}]}, "Step 1 asks nobody: name a person, a schedule or a team."),
        (
            {"steps": [{"targets": [{"kind": "user", "id": 99}], "wait_s": 0}]},
            "Step 1 asks person 99, which does not exist; choose from the list.",
        ),
        (
            {"steps": [{"targets": [{"kind": "team", "id": 98}] * 2, "wait_s": 0}]},
            "Step 1 names the same target twice.",
        ),
        ({"team_id": 97}, "There is no such team; choose one from the list."),
    ],
)
async def test_what_cannot_be_kept_is_refused_with_a_sentence(
    doors: House, ada: UserRow, team: TeamRow, changes: dict[str, Any], sentence: str
):
    answer = await asked(doors, "POST", json={**a_document(team, a_step(ada)), **changes})

    assert answer.status_code == 422
    assert answer.json()["detail"] == sentence


async def test_one_cannot_both_take_turns_and_want_everyone(doors: House, ada: UserRow, team: TeamRow):
    both = a_step(ada, round_robin=True, everyone=True)

    answer = await asked(doors, "POST", json=a_document(team, both))

    assert "choose one of the two" in answer.json()["detail"]


@pytest.mark.parametrize("wait_s", [-1, 604801])
async def test_a_wait_out_of_range_is_refused(doors: House, ada: UserRow, team: TeamRow, wait_s: int):
    assert (await asked(doors, "POST", json=a_document(team, a_step(ada, wait_s=wait_s)))).status_code == 422


async def test_only_admins_and_managers_of_the_team_may_change_it(doors: House, ada: UserRow, team: TeamRow):
    wish = a_document(team, a_step(ada))

    answers = {role: await asked(doors, "POST", role=role, json=wish) for role in ("responder", "stranger", "admin")}

    assert {role: answer.status_code for role, answer in answers.items()} == {
        "responder": 403, "stranger": 403, "admin": 201,
    }  # fmt: skip
    assert answers["stranger"].json()["detail"] == (
        "You do not manage the team Platform; ask one of its managers or an admin."
    )


async def test_a_manager_of_the_team_may_change_it(doors: House, database: Database, ada: UserRow):
    lead = await a_user(database, role="manager")
    team = await a_team(database, managers=[lead])
    headers = {**await doors.browser_of(lead), **FROM_US}

    answer = await doors.client.post("/api/v1/policies", headers=headers, json=a_document(team, a_step(ada)))

    assert answer.status_code == 201


async def test_an_edit_of_what_somebody_else_has_changed_is_refused(
    doors: House, database: Database, ada: UserRow, team: TeamRow
):
    row = await a_policy(database, ada, team=team)
    wish = {**a_document(team, a_step(ada)), "seen_version": 1}
    await asked(doors, "PUT", f"/{row.id}", json=wish)

    answer = await asked(doors, "PUT", f"/{row.id}", json=wish)

    assert answer.status_code == 409
    assert "was changed by somebody else meanwhile" in answer.json()["detail"]


async def test_a_policy_that_a_service_goes_by_is_not_deleted(
    doors: House, database: Database, ada: UserRow, team: TeamRow
):
    used, unused = await a_policy(database, ada, team=team), await a_policy(database, ada, team=team)
    await a_service(database, "Checkout", policy=used)

    refused = await asked(doors, "DELETE", f"/{used.id}")
    gone = await asked(doors, "DELETE", f"/{unused.id}")

    assert (refused.status_code, gone.status_code) == (409, 200)
    assert refused.json()["detail"].endswith(
        "pages for “Checkout”: give them another policy first, then delete this one."
    )
    assert (await asked(doors, "GET", f"/{unused.id}")).status_code == 404
    assert [line["id"] for line in (await asked(doors, "GET")).json()["policies"]] == [used.id]


async def test_before_saving_it_says_what_may_go_wrong_and_when_what_fires(
    doors: House, database: Database, team: TeamRow
):
    mute = await a_user(database, "Mute", reachable=False)
    rota = await a_schedule(database, mute, starts_at=NOON + timedelta(days=1))
    bo = await a_user(database, "Bo")
    late = await a_contact_method(database, bo, channel="push", label="phone")
    for method_delay in (0, 900):
        async with database.commands() as session:
            session.add(
                NotificationRuleRow(user_id=bo.id, urgency="high", contact_method_id=late.id, delay_s=method_delay)
            )
            await session.commit()

    answer = await asked(doors, "POST", "/check", json=a_document(team, a_step(rota), a_step(bo), repeats=1))

    found = [(one["step"], one["kind"], one["sentence"]) for one in answer.json()["warnings"]]
    assert found == [
        (1, "reaches_nobody", "Step 1 reaches nobody now: nobody is on call."),
        (1, "unreachable", "Step 1 asks Mute, who cannot be reached: no contact method."),
        (1, "gaps", f"Step 1: {rota.name} has a gap in the next 13 weeks; it begins now, for 1 d."),
        (
            2,
            "never_sent",
            "Step 2: Bo's push 15 min after a page of high urgency is never sent: the next round comes after 5 min.",
        ),
    ]
    assert [(one["after_s"], one["step"], one["safety_net"]) for one in answer.json()["plan"]] == [
        (0.0, 1, False), (300.0, 2, False), (600.0, 1, False), (900.0, 2, False), (1200.0, None, True),
    ]  # fmt: skip


async def test_a_person_whose_only_message_comes_after_the_next_step_is_warned_of(
    doors: House, database: Database, team: TeamRow
):
    bo, cy = await a_user(database, "Bo", reachable=False), await a_user(database, "Cy")
    late = await a_contact_method(database, bo)
    async with database.commands() as session:
        session.add(NotificationRuleRow(user_id=bo.id, urgency="high", contact_method_id=late.id, delay_s=900))
        await session.commit()

    answer = await asked(doors, "POST", "/check", json=a_document(team, a_step(bo), a_step(cy), repeats=1))

    assert [one["kind"] for one in answer.json()["warnings"]] == ["never_sent"]


async def test_a_policy_that_asks_only_on_conditions_is_warned_of(doors: House, ada: UserRow, team: TeamRow):
    step = a_step(ada, when={"priorities": ["P1"]})

    answer = await asked(doors, "POST", json=a_document(team, step))

    assert [one["kind"] for one in answer.json()["warnings"]] == ["only_conditions"]


async def test_every_change_is_a_fact_with_what_was_and_what_is(
    doors: House, database: Database, ada: UserRow, team: TeamRow
):
    made = (await asked(doors, "POST", json=a_document(team, a_step(ada)))).json()["policy"]
    await asked(doors, "PUT", f"/{made['id']}", json=a_document(team, a_step(ada, wait_s=60)))
    await asked(doors, "DELETE", f"/{made['id']}")

    async with database.screens() as session:
        facts = (await session.execute(text("SELECT data FROM facts WHERE kind = 'configured' ORDER BY seq"))).scalars()
    told = [(data["name"], "was" in data, "becomes" in data) for data in facts]
    assert told == [
        ("the escalation policy Checkout (made)", False, True),
        ("the escalation policy Checkout", True, True),
        ("the escalation policy Checkout (deleted)", True, False),
    ]
