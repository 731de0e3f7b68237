"""Opening an incident by hand, on a real database."""

from __future__ import annotations

from datetime import timedelta

import pytest

from opsknight.domain.commands import incidents
from opsknight.domain.commands.opening import Whom, open_by_hand
from opsknight.domain.model.event import Severity, Urgency
from opsknight.domain.model.incident import PAGE_ASSIGNEE, Status
from opsknight.errors import Forbidden, Invalid
from tests.builders import a_policy, a_service, a_team, a_user
from tests.commands.desk import Desk


async def test_an_incident_opened_by_hand_pages_its_service_at_once(desk: Desk):
    team = await a_team(desk.database, "Payments")
    service = await a_service(
        desk.database, "Checkout", team=team, runbook_url="https://example.org/runbook", tags={"tier": "1"}
    )

    done = await desk.do(
        open_by_hand,
        service_id=service.id,
        title="  Customers cannot\npay ",
        urgency=Urgency.HIGH,
        severity=Severity.CRITICAL,
        details="Since the deploy.",
    )

    incident = done.incident
    assert (incident.title, incident.status, incident.next_step) == ("Customers cannot pay", Status.OPEN, 0)
    assert done.sentence == "Opened “Customers cannot pay”; the first step of its policy is paged now."
    assert await desk.timer(incident.id) == ("escalation", 1, timedelta(0))
    assert await desk.facts(incident.id) == ["opened by hand"]
    kept = await desk.rows("SELECT runbook_url, tags, opened_by, severity, highest_urgency FROM incidents")
    tags = {"tier": "1", "team": "Payments"}
    assert kept == [("https://example.org/runbook", tags, f"user:{desk.user.id}", "critical", "high")]
    alerts = await desk.rows("SELECT source, details, count, status FROM alerts")
    assert alerts == [("Ada", {"details": "Since the deploy."}, 1, "open")]


async def test_a_person_can_be_paged_first(desk: Desk):
    bo = await a_user(desk.database, "Bo")
    service = await a_service(desk.database)

    done = await desk.do(
        open_by_hand, service_id=service.id, title="Look", urgency=Urgency.LOW, page=Whom(user_id=bo.id)
    )

    assert (done.incident.assignee_id, done.incident.next_step) == (bo.id, PAGE_ASSIGNEE)
    assert done.sentence == "Opened “Look”; Bo is paged now."


async def test_another_policy_can_be_paged(desk: Desk):
    policy = await a_policy(desk.database)
    service = await a_service(desk.database)

    await desk.do(
        open_by_hand, service_id=service.id, title="Look", urgency=Urgency.LOW, page=Whom(policy_id=policy.id)
    )

    assert await desk.rows("SELECT policy_id FROM incidents") == [(policy.id,)]


async def test_resolving_it_is_not_told_to_be_against_a_monitor(desk: Desk):
    service = await a_service(desk.database)
    done = await desk.do(open_by_hand, service_id=service.id, title="Look", urgency=Urgency.LOW)

    resolved = await desk.do(incidents.resolve, done.incident.id)

    assert resolved.offer is None
    assert await desk.statuses("alerts", done.incident.id) == ["resolved"]


@pytest.mark.parametrize(
    ("title", "page", "why"),
    [
        (" \n ", Whom(), "An incident needs a title"),
        ("x" * 1025, Whom(), "The title has 1025 characters; 1024 are allowed"),
        ("Look", Whom(user_id=10**9), "There is no such person"),
        ("Look", Whom(policy_id=10**9), "There is no such escalation policy"),
    ],
)
async def test_what_cannot_be_opened_is_refused_in_words(desk: Desk, title: str, page: Whom, why: str):
    service = await a_service(desk.database)

    with pytest.raises(Invalid, match=why):
        await desk.do(open_by_hand, service_id=service.id, title=title, urgency=Urgency.LOW, page=page)


async def test_a_service_that_is_not_there_and_an_observer_open_nothing(desk: Desk):
    watcher = await a_user(desk.database, role="observer")

    with pytest.raises(Invalid, match="There is no such service"):
        await desk.do(open_by_hand, service_id=10**9, title="Look", urgency=Urgency.LOW)
    with pytest.raises(Forbidden, match="An observer cannot open incidents"):
        await desk.as_(watcher, open_by_hand, service_id=10**9, title="Look", urgency=Urgency.LOW)
