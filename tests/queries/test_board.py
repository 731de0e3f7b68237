"""The board's lines and numbers, on a real database."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from opsknight.domain.model.incident import Status
from opsknight.domain.queries import board
from opsknight.domain.queries.board import Filter
from opsknight.domain.store.engine import Database
from opsknight.errors import NotFound
from tests.builders import a_service, a_stored_incident, a_team, a_timer, a_user, an_alert
from tests.clock import NOON

MINUTE = timedelta(minutes=1)


async def titles(database: Database, wanted: Filter | None = None, **options: Any) -> list[str]:
    """Return the titles of the board's lines, in order."""
    async with database.screens() as session:
        return [line["title"] for line in await board.lines(session, wanted or Filter(), **options)]


async def counted(database: Database, wanted: Filter) -> int:
    """Return how many incidents the filter lets through."""
    async with database.screens() as session:
        return await board.count(session, wanted)


async def test_a_line_says_everything_that_a_row_shows(database: Database):
    ada = await a_user(database, "Ada")
    team = await a_team(database, "Payments")
    service = await a_service(database, "Checkout", team=team)
    incident = await a_stored_incident(
        database, service, assignee_id=ada.id, next_step=1, runbook_url="https://example.org/runbook"
    )
    await a_timer(database, incident.id, due_at=NOON + 5 * MINUTE)
    await an_alert(database, incident, dedup_key="a", count=40, last_seen_at=NOON + MINUTE)
    await an_alert(database, incident, dedup_key="b", count=2)

    async with database.screens() as session:
        [line] = await board.lines(session)

    assert line == {
        "id": str(incident.id),
        "n": incident.number,
        "title": "Disk full on db-1",
        "status": "open",
        "urgency": "high",
        "severity": "critical",
        "priority": None,
        "service": "Checkout",
        "service_id": service.id,
        "team": "Payments",
        "assignee": "Ada",
        "assignee_id": ada.id,
        "version": 1,
        "generation": 1,
        "created_at": NOON.timestamp(),
        "last_event_at": (NOON + MINUTE).timestamp(),
        "count": 42,
        "until": None,
        "quiet": None,
        "next": {"kind": "escalation", "step": 2, "at": (NOON + 5 * MINUTE).timestamp()},
        "runbook_url": "https://example.org/runbook",
        "rank": 0,
    }


@pytest.mark.parametrize(("kind", "next_step"), [("safety_net", 0), ("snooze_end", 0), ("escalation", -1)])
async def test_only_a_policy_s_step_has_a_number(database: Database, kind: str, next_step: int):
    await a_stored_incident(database, timer=kind, next_step=next_step)

    async with database.screens() as session:
        [line] = await board.lines(session)

    assert line["next"] == {"kind": kind, "step": None, "at": NOON.timestamp()}


async def test_the_worst_stands_first_and_the_newest_first_among_equals(database: Database):
    service = await a_service(database)
    for title, columns in {
        "asleep": {"status": "snoozed"},
        "low": {"urgency": "low", "severity": "warning"},
        "acknowledged": {"status": "acknowledged"},
        "error": {"severity": "error"},
        "older": {},
        "newer": {"created_at": NOON + MINUTE},
    }.items():
        await a_stored_incident(database, service, title=title, **columns)

    assert await titles(database) == ["newer", "older", "error", "acknowledged", "low", "asleep"]
    assert await titles(database, limit=2) == ["newer", "older"]


async def test_the_database_and_the_line_agree_on_the_rank(database: Database):
    service = await a_service(database)
    for status in ("open", "acknowledged", "snoozed", "suppressed"):
        for urgency in ("high", "low"):
            for severity in ("critical", "error", "warning", "info"):
                await a_stored_incident(database, service, status=status, urgency=urgency, severity=severity)

    async with database.screens() as session:
        ranks = [line["rank"] for line in await board.lines(session)]

    assert ranks == sorted(ranks)


async def test_the_resolved_have_left_the_board_and_are_found_on_wish(database: Database):
    service = await a_service(database)
    gone = await a_stored_incident(database, service, title="gone", status="resolved")
    there = await a_stored_incident(database, service, title="there")

    async with database.screens() as session:
        lines = await board.lines_of(session, [gone.id, there.id])
        one = await board.line(session, gone.id)

    assert [line["title"] for line in lines] == ["there"]
    assert one["status"] == "resolved"
    assert await titles(database) == ["there"]
    assert await titles(database, Filter(statuses=(Status.RESOLVED,))) == ["gone"]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Filter(words="disk"), {"Disk full on db-1"}),
        (Filter(words="dis FULL"), {"Disk full on db-1"}),
        (Filter(words="db-1"), {"Disk full on db-1"}),
        (Filter(words="search"), {"Latency"}),
        (Filter(words="%"), set()),
        (Filter(words="' | !:*"), set()),
        (Filter(service="Search"), {"Latency"}),
        (Filter(service="Search", words="disk"), set()),
        (Filter(board="payments"), {"Disk full on db-1"}),
        (Filter(board="SEARCH"), {"Latency"}),
        (Filter(board="all"), {"Disk full on db-1", "Latency"}),
        (Filter(statuses=(Status.ACKNOWLEDGED, Status.SNOOZED)), {"Latency"}),
    ],
)
async def test_a_filter_finds_by_words_service_board_and_status(database: Database, wanted: Filter, found: set[str]):
    checkout = await a_service(database, "Checkout", team=await a_team(database, "Payments"))
    await a_stored_incident(database, checkout)
    await a_stored_incident(database, await a_service(database, "Search"), title="Latency", status="acknowledged")

    assert set(await titles(database, wanted)) == found
    assert await counted(database, wanted) == len(found)


async def test_an_incident_is_found_by_its_number(database: Database):
    incident = await a_stored_incident(database, title="here")
    await a_stored_incident(database, title="elsewhere")

    assert await titles(database, Filter(words=f"#{incident.number}")) == ["here"]


async def test_a_board_that_nobody_named_is_not_found(database: Database):
    with pytest.raises(NotFound, match="There is no board “nonsense”"):
        await titles(database, Filter(board="nonsense"))


async def test_of_the_resolved_the_newest_stand_first_and_not_all_are_counted(
    database: Database, monkeypatch: pytest.MonkeyPatch
):
    service = await a_service(database)
    for minute, severity in enumerate(("critical", "info", "error")):
        at = NOON + minute * MINUTE
        await a_stored_incident(database, service, title=severity, severity=severity, status="resolved", created_at=at)
    monkeypatch.setattr(board, "COUNTED_AT_MOST", 2)
    past = Filter(statuses=(Status.RESOLVED,))

    assert await titles(database, past) == ["error", "info", "critical"]
    assert await counted(database, past) == 2


async def test_the_summary_counts_the_whole_board(database: Database):
    checkout, search = await a_service(database, "Checkout"), await a_service(database, "Search")
    await a_stored_incident(database, search, severity="error", created_at=NOON - MINUTE)
    await a_stored_incident(database, checkout)
    await a_stored_incident(database, checkout, urgency="low", severity="warning")
    await a_stored_incident(database, checkout, status="acknowledged", created_at=NOON - 9 * MINUTE)
    await a_stored_incident(database, search, status="suppressed")
    await a_stored_incident(database, search, status="resolved")

    async with database.screens() as session:
        found = await board.summary(session, now=NOON)

    assert found["counts"] == {"open": 3, "acknowledged": 1, "snoozed": 0, "suppressed": 1, "high_unacknowledged": 2}
    assert found["total"] == 5
    assert found["oldest_unacknowledged_at"] == (NOON - MINUTE).timestamp()
    assert found["by_service"] == [
        {"service": "Checkout", "critical": 2, "error": 0, "warning": 1, "info": 0},
        {"service": "Search", "critical": 0, "error": 1, "warning": 0, "info": 0},
    ]


async def test_an_empty_board_is_calm(database: Database):
    async with database.screens() as session:
        found = await board.summary(session, now=NOON)

    assert found["total"] == 0
    assert found["oldest_unacknowledged_at"] is None
    assert found["by_service"] == []
    assert await titles(database) == []
