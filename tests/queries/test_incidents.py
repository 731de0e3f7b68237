"""One incident in full: detail, story and pages, on a real database."""

from __future__ import annotations

from datetime import timedelta

import pytest

from opsknight.crypto import new_id
from opsknight.domain.model.ledger import Fact
from opsknight.domain.queries import incidents
from opsknight.domain.queries.incidents import FACTS_A_PAGE
from opsknight.domain.queries.pages import pages
from opsknight.domain.store.engine import Database
from opsknight.domain.store.tables import AttemptRow
from opsknight.errors import Invalid, NotFound
from tests.builders import (
    a_contact_method,
    a_notification,
    a_page,
    a_stored_incident,
    a_user,
    an_alert,
    an_integration,
)
from tests.clock import NOON
from tests.conftest import Acting

MINUTE = timedelta(minutes=1)


async def test_an_incident_is_found_by_id_and_by_number(database: Database):
    incident = await a_stored_incident(database)

    async with database.screens() as session:
        names = (str(incident.id), str(incident.number), f"#{incident.number}")
        assert {await incidents.find(session, name) for name in names} == {incident.id}


NOBODYS = "018f0000-0000-7000-8000-00000000dead"


@pytest.mark.parametrize("key", ["nonsense", "999999999", "٣", "9" * 30, NOBODYS, ""])
async def test_what_names_no_incident_is_not_found(database: Database, key: str):
    async with database.screens() as session:
        with pytest.raises(NotFound):
            await incidents.find(session, key)


async def test_the_detail_gathers_alerts_open_ones_first(database: Database):
    link = {"href": "https://example.org/graph", "text": "Graph"}
    incident = await a_stored_incident(
        database, tags={"team": "Payments"}, links=[link], runbook_url="https://r.example"
    )
    await an_alert(database, incident, dedup_key="old", status="resolved", resolved_at=NOON + MINUTE)
    await an_alert(database, incident, dedup_key="new", source="db-1", count=3, details={"mount": "/var"})

    async with database.screens() as session:
        found = await incidents.detail(session, incident.id)

    assert found["incident"]["n"] == incident.number
    assert (found["links"], found["tags"], found["runbook_url"]) == ([link], {"team": "Payments"}, "https://r.example")
    assert [alert["dedup_key"] for alert in found["alerts"]] == ["new", "old"]
    assert (found["alerts"][0]["count"], found["alerts"][0]["details"]) == (3, {"mount": "/var"})
    assert found["alerts"][1]["resolved_at"] == (NOON + MINUTE).timestamp()


async def test_the_story_is_told_newest_first_with_names(database: Database, acting: Acting):
    ada = await a_user(database, "Ada")
    key = await an_integration(database, name="Prometheus")
    incident = await a_stored_incident(database)
    async with acting(f"integration:{key.id}") as uow:
        uow.record(Fact.OPENED, incident_id=incident.id, severity="critical", urgency="high")
    async with acting("timer:escalation") as uow:
        uow.record(Fact.STEP_FIRED, incident_id=incident.id, step=1, people=["Ada"])
    async with acting(f"user:{ada.id}") as uow:
        uow.record(Fact.ACKNOWLEDGED, incident_id=incident.id, via="mail link")

    async with database.screens() as session:
        story = await incidents.timeline(session, incident.id)

    assert [(fact["actor_name"], fact["sentence"]) for fact in story["facts"]] == [
        ("Ada", "Ada acknowledged it by mail link."),
        ("OpsKnight", "Step 1 paged Ada."),
        ("Prometheus", "Prometheus opened the incident as critical, high urgency."),
    ]
    assert story["facts"][0]["data"] == {"via": "mail link"}
    assert story["more"] is None


async def test_a_long_story_is_told_in_pages_without_a_gap_or_a_repeat(database: Database, acting: Acting):
    incident = await a_stored_incident(database)
    async with acting() as uow:
        for number in range(2 * FACTS_A_PAGE + 5):
            uow.record(Fact.OCCURRED, incident_id=incident.id, count=number)

    counts: list[int] = []
    before = None
    async with database.screens() as session:
        for _ in range(3):
            story = await incidents.timeline(session, incident.id, before=before)
            counts += [fact["data"]["count"] for fact in story["facts"]]
            before = story["more"]

    assert counts == list(reversed(range(2 * FACTS_A_PAGE + 5)))
    assert before is None


@pytest.mark.parametrize("cursor", ["", "1.2", "a.b.c", "99999999999999999999.1.1"])
async def test_a_cursor_that_is_none_of_ours_is_refused(database: Database, cursor: str):
    incident = await a_stored_incident(database)

    async with database.screens() as session:
        with pytest.raises(Invalid, match="is no place in this timeline"):
            await incidents.timeline(session, incident.id, before=cursor)


async def test_pages_tell_who_was_reached_how_and_what_the_provider_said(database: Database):
    ada = await a_user(database, "Ada", reachable=False)
    mail = await a_contact_method(database, ada, address="ada@example.org")
    push = await a_contact_method(database, ada, channel="push", label="Pixel 9")
    incident = await a_stored_incident(database)
    page = await a_page(database, incident, ada, step=1, reason="on call: Primary")
    sent = await a_notification(database, page, mail, position=0, status="accepted", attempts=1, finished_at=NOON)
    await a_notification(database, page, push, position=1, status="superseded", reason="the incident was acknowledged")
    async with database.commands() as session:
        session.add(
            AttemptRow(
                id=new_id(),
                notification_id=sent.id,
                number=1,
                worker=1,
                started_at=NOON,
                finished_at=NOON,
                outcome="accepted",
                detail="250 OK",
            )
        )
        await session.commit()

    async with database.screens() as session:
        [found] = await pages(session, incident.id)

    assert (found["user"], found["step"], found["kind"], found["reason"]) == ("Ada", 2, "page", "on call: Primary")
    by_mail, by_push = found["notifications"]
    assert (by_mail["label"], by_mail["sentence"]) == ("ada@example.org", "The provider said: “250 OK”.")
    assert [attempt["outcome"] for attempt in by_mail["attempts"]] == ["accepted"]
    assert (by_push["label"], by_push["sentence"]) == ("Pixel 9", "The incident was acknowledged.")


async def test_a_push_address_is_shown_to_nobody(database: Database):
    ada = await a_user(database, "Ada")
    push = await a_contact_method(database, ada, channel="push")
    page = await a_page(database, await a_stored_incident(database), ada, kind="safety_net")
    await a_notification(database, page, push)

    async with database.screens() as session:
        [found] = await pages(session, page.incident_id or new_id())

    assert (found["step"], found["notifications"][0]["label"]) == (None, "")
