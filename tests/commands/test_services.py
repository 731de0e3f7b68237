"""Services and integrations: made and changed by admins and by the managers of their team."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from opsknight.domain.commands import integrations, services
from opsknight.domain.model.service_plan import Plan
from opsknight.domain.queries.catalogue import integrations as catalogue
from opsknight.domain.queries.services import service
from opsknight.domain.store.engine import Database
from opsknight.errors import Conflict, Forbidden, Invalid, NotFound
from tests.builders import a_policy, a_service, a_team, a_user
from tests.clock import StoppedClock
from tests.commands.desk import Desk
from tests.conftest import Acting


@pytest.fixture
async def office(database: Database, acting: Acting, clock: StoppedClock) -> Desk:
    """The desk of Sam, an admin."""
    return Desk(database, acting, clock, await a_user(database, "Sam", role="admin"))


@pytest.fixture
async def plan(database: Database) -> Plan:
    """What Checkout of Payments shall be."""
    team = await a_team(database, "Payments")
    policy = await a_policy(database, team=team)
    return Plan("Checkout", team.id, policy.id, runbook_url="https://runbooks.example.org/checkout", tags={"tier": "1"})


async def line(office: Desk, service_id: int) -> Any:
    async with office.database.screens() as session:
        return await service(session, service_id, with_keys=True)


async def test_a_service_is_made_as_it_was_planned(office: Desk, plan: Plan):
    made = await office.do(services.make, replace(plan, ack_timeout_low=timedelta(hours=2)), mode="high")

    found = await line(office, made.id)
    assert (found["name"], found["team"], found["runbook_url"], found["tags"]) == (
        "Checkout",
        "Payments",
        "https://runbooks.example.org/checkout",
        {"tier": "1"},
    )
    assert (found["ack_timeout_high_s"], found["ack_timeout_low_s"], found["reopen_window_s"]) == (1800, 7200, 0)
    assert await office.rows("SELECT urgency_mode FROM services") == [("high",)]
    assert await office.rows("SELECT data ->> 'name' FROM facts") == [("the service Checkout (new)",)]


async def test_what_was_changed_is_said_and_what_is_open_goes_on(office: Desk, plan: Plan):
    made = await office.do(services.make, plan)

    done = await office.do(services.change, made.id, replace(plan, name="Till", ack_timeout_high=None, tags={}))
    again = await office.do(services.change, made.id, replace(plan, name="Till", ack_timeout_high=None, tags={}))

    assert done.sentence == "“Till” is changed: name, tags and ack timeout. What is open goes on as it began."
    assert again.sentence == "Nothing has changed for “Till”."
    assert (await line(office, made.id))["ack_timeout_high_s"] is None


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"name": " "}, "needs a name"),
        ({"name": "x" * 101}, "100 are allowed"),
        ({"runbook_url": "javascript:alert(1)"}, "no web address"),
        ({"runbook_url": "https://"}, "no web address"),
        ({"ack_timeout_high": timedelta(seconds=59)}, "from 1 minute to 7 days"),
        ({"ack_timeout_low": timedelta(days=8)}, "from 1 minute to 7 days"),
        ({"reopen_window": timedelta(days=8)}, "from 0 to 7 days"),
        ({"tags": {"a b": "c"}}, "no name of a tag"),
        ({"tags": {"tier": ""}}, "needs a value"),
        ({"tags": {f"t{n}": "x" for n in range(21)}}, "20 are allowed"),
        ({"team_id": 4711}, "no such team"),
        ({"policy_id": 4711}, "no such escalation policy"),
    ],
)
async def test_what_cannot_be_kept_is_refused(office: Desk, plan: Plan, changes: Mapping[str, Any], why: str):
    with pytest.raises(Invalid, match=why):
        await office.do(services.make, replace(plan, **changes))


async def test_a_name_is_given_once(office: Desk, plan: Plan):
    await office.do(services.make, plan)

    with pytest.raises(Conflict, match="There is a service called “checkout” already"):
        await office.do(services.make, replace(plan, name="checkout"))


async def test_a_manager_arranges_the_services_of_their_team_and_gives_them_to_no_other(
    office: Desk, plan: Plan, database: Database
):
    ada = await a_user(database, "Ada", role="manager")
    own = await a_team(database, "Search", managers=[ada])
    other = await a_service(database, "Refunds", team=await a_team(database, "Refunds"))

    made = await office.as_(ada, services.make, replace(plan, team_id=own.id))
    assert (await line(office, made.id))["team"] == "Search"
    for attempt in (
        office.as_(ada, services.make, replace(plan, name="Till")),
        office.as_(ada, services.change, made.id, plan),
        office.as_(ada, services.change, other.id, replace(plan, team_id=own.id)),
        office.as_(ada, integrations.add, other.id, provider="generic", name="curl"),
    ):
        with pytest.raises(Forbidden, match="You do not manage the team"):
            await attempt


async def test_a_responder_arranges_no_service(office: Desk, plan: Plan, database: Database):
    bo, there = await a_user(database, "Bo"), await a_service(database)

    for attempt in (
        office.as_(bo, services.make, plan),
        office.as_(bo, services.change, there.id, plan),
        office.as_(bo, integrations.add, there.id, provider="generic", name="curl"),
    ):
        with pytest.raises(Forbidden, match="A responder cannot"):
            await attempt


async def test_a_new_integration_speaks_for_its_service(office: Desk, plan: Plan):
    made = await office.do(services.make, plan)

    added = await office.do(integrations.add, made.id, provider="alertmanager", name=" Prometheus ")

    async with office.database.screens() as session:
        known = (await catalogue(session))[added.key]
    assert (known.service, known.name, known.provider) == ("Checkout", "Prometheus", "alertmanager")
    assert added.sentence == "“Prometheus” can send events for “Checkout” now."


async def test_a_service_that_is_not_there_is_told_so(office: Desk, plan: Plan):
    with pytest.raises(NotFound, match="no such service"):
        await office.do(services.change, 4711, plan)
    with pytest.raises(NotFound, match="no such service"):
        await office.do(integrations.add, 4711, provider="generic", name="x")
