"""What was changed here is told to admins: by whom, newest first, page by page, without what happened to incidents."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import text

from opsknight.domain.model.fact import Fact
from opsknight.domain.queries.ledger import ABOUT, FACTS_A_PAGE, HAPPENED_TO_NO_INCIDENT, everybody, ledger
from opsknight.domain.store.engine import Database
from opsknight.errors import Invalid
from tests.builders import a_stored_incident, a_user
from tests.conftest import Acting

_MANY = text("""
    INSERT INTO facts (at, kind, actor, incident_id, data)
    SELECT CAST(:now AS timestamptz) - g * interval '1 second', kind, 'integration:1', incident_id, '{}'
    FROM (VALUES ('opened', gen_random_uuid()), ('dropped', NULL)) AS of_monitors (kind, incident_id),
        generate_series(1, 5000) g
""")


async def test_what_was_changed_is_told_newest_first_without_what_happened_to_incidents(
    database: Database, acting: Acting
):
    ada = await a_user(database, "Ada", role="admin")
    incident = await a_stored_incident(database)
    async with acting(f"user:{ada.id}") as uow:
        uow.record(Fact.ROLE_CHANGED, user="Bo", role="manager")
    async with acting(f"user:{ada.id}") as uow:
        uow.record(Fact.ACKNOWLEDGED, incident_id=incident.id, via="")
    async with acting("integration:1") as uow:
        uow.record(Fact.DROPPED, rule="Nobody wants it")
    async with acting("system:start") as uow:
        uow.record(Fact.STARTED)

    async with database.screens() as session:
        told = await ledger(session)

    assert [(fact["kind"], fact["actor_name"]) for fact in told["facts"]] == [
        ("started", "OpsKnight"), ("role changed", "Ada"),
    ]  # fmt: skip
    assert told["facts"][1]["sentence"] == "Ada made Bo a manager."
    assert told["more"] is None


async def test_one_asks_for_what_one_person_did_or_what_is_about_one_thing(database: Database, acting: Acting):
    ada, bo = await a_user(database, "Ada"), await a_user(database, "Bo")
    for who in (ada, bo):
        async with acting(f"user:{who.id}") as uow:
            uow.record(Fact.SIGNED_IN)
            uow.record(Fact.SCHEDULE_MADE, name="Primary", did="made “Primary”")

    async with database.screens() as session:
        of_bo = await ledger(session, actor=f"user:{bo.id}")
        of_access = await ledger(session, about="access")

    assert {fact["actor_name"] for fact in of_bo["facts"]} == {"Bo"}
    assert [fact["kind"] for fact in of_access["facts"]] == ["signed in", "signed in"]


async def test_one_may_ask_for_what_somebody_did_who_has_left_since(database: Database):
    bo = await a_user(database, "Bo", active=False)
    cy = await a_user(database, "Cy")

    async with database.screens() as session:
        offered = await everybody(session)

    assert list(offered.items()) == [(f"user:{cy.id}", "Cy"), (f"user:{bo.id}", "Bo (deactivated)")]


async def test_it_is_read_in_pages_without_a_gap_or_a_repeat(database: Database, acting: Acting):
    async with acting() as uow:
        for number in range(FACTS_A_PAGE + 5):
            uow.record(Fact.RETENTION, count=number)

    async with database.screens() as session:
        first = await ledger(session)
        rest = await ledger(session, before=first["more"])

    assert [fact["data"]["count"] for page in (first, rest) for fact in page["facts"]] == list(
        reversed(range(FACTS_A_PAGE + 5))
    )
    assert rest["more"] is None


@pytest.mark.parametrize("asked", [{"before": "a.b.c"}, {"about": "the weather"}])
async def test_what_it_cannot_be_asked_for_is_refused_with_what_it_can(database: Database, asked: dict[str, str]):
    async with database.screens() as session:
        with pytest.raises(Invalid, match=r"take it from|ask for one of access"):
            await ledger(session, **asked)


async def test_among_ten_thousand_facts_of_monitors_it_reads_its_own_alone(database: Database, acting: Acting):
    async with acting() as uow:
        uow.record(Fact.ARMED)
        await uow.session.execute(_MANY, {"now": uow.now})

    async with database.screens() as session:
        told = await ledger(session)
        plan = await session.execute(
            text(f"EXPLAIN SELECT at FROM facts WHERE {HAPPENED_TO_NO_INCIDENT} ORDER BY at DESC, xid DESC, seq DESC")  # noqa: S608
        )
        lines = [row[0] for row in plan]

    assert [fact["kind"] for fact in told["facts"]] == ["armed"]
    assert not [line for line in lines if "Seq Scan" in line]
    assert any(re.search("Index.* Scan Backward", line) for line in lines)


def test_whatever_is_asked_about_belongs_to_one_thing_only():
    kinds = [kind for about in ABOUT.values() for kind in about]

    assert len(kinds) == len(set(kinds))
