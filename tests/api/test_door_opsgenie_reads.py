"""What the senders of Opsgenie's API may read: their own alerts, by name, by query, and how many there are."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import text

from opsknight.api.drop_in.opsgenie_reading import searched
from opsknight.api.ingest_answers import Problem
from opsknight.domain.queries.sent_alerts import Wanted
from opsknight.domain.store.engine import Database
from tests.api.doors import Sender, a_sender
from tests.builders import an_integration

DISK = {
    "message": "Disk full on db-1",
    "alias": "disk:db-1",
    "description": "/var is at 91 %",
    "entity": "db-1",
    "source": "nightly",
    "priority": "P1",
    "tags": ["prod", "team:db"],
    "details": {"used": "91 %"},
    "actions": ["Restart"],
    "user": "Ada",
}
OURS = Wanted(service_id=1, provider="opsgenie")


@pytest.fixture
async def sender(database: Database) -> AsyncIterator[Sender]:
    key = (await an_integration(database, provider="opsgenie", name="Nightly jobs")).key
    async with a_sender(database, authorization=f"GenieKey {key}") as opened:
        yield opened


async def create(sender: Sender, **changes: Any) -> None:
    assert (await sender.post("/v2/alerts", DISK | changes)).status_code == 202


async def read(sender: Sender, path: str, **query: Any) -> Any:
    answer = await sender.get(f"/v2/alerts{path}", params=query)
    assert answer.status_code == 200, answer.text
    assert {"took", "requestId"} <= answer.json().keys()
    return answer.json()["data"]


async def test_an_alert_is_told_as_it_was_sent(sender: Sender):
    await create(sender)
    await create(sender)

    told = await read(sender, "/disk:db-1", identifierType="alias")

    [(alert_id, number)] = await sender.rows("SELECT a.id, i.number FROM alerts a JOIN incidents i ON true")
    instants = {name: told.pop(name) for name in ("createdAt", "updatedAt", "lastOccurredAt")}
    integration = told.pop("integration")
    assert all(at.endswith("Z") for at in instants.values())
    assert (integration["name"], integration["type"]) == ("Nightly jobs", "API")
    assert told == {
        "id": str(alert_id),
        "tinyId": str(number),
        "alias": "disk:db-1",
        "message": "Disk full on db-1",
        "status": "open",
        "acknowledged": False,
        "isSeen": False,
        "tags": ["prod", "team:db"],
        "snoozed": False,
        "count": 2,
        "source": "nightly",
        "owner": "",
        "priority": "P1",
        "responders": [],
        "report": {},
        "actions": ["Restart"],
        "entity": "db-1",
        "description": "/var is at 91 %",
        "details": {"used": "91 %"},
    }


@pytest.mark.parametrize("kind", ["id", "tiny"])
async def test_an_alert_is_found_by_each_of_its_names(sender: Sender, kind: str):
    await create(sender)
    told = await read(sender, "/disk:db-1", identifierType="alias")

    again = await read(sender, f"/{told[{'id': 'id', 'tiny': 'tinyId'}[kind]]}", identifierType=kind)

    assert again == told


async def test_what_became_of_an_alert_is_told(sender: Sender):
    await create(sender)

    await sender.post("/v2/alerts/disk:db-1/acknowledge?identifierType=alias")
    acknowledged = await read(sender, "/disk:db-1", identifierType="alias")
    await sender.post("/v2/alerts/disk:db-1/close?identifierType=alias")
    closed = await read(sender, "/disk:db-1", identifierType="alias")

    assert (acknowledged["status"], acknowledged["acknowledged"]) == ("open", True)
    assert (closed["status"], closed["acknowledged"], set(closed["report"])) == (
        "closed",
        False,
        {"ackTime", "closeTime"},
    )


async def test_an_alias_means_the_alert_that_is_open(sender: Sender):
    await create(sender, message="The old one")
    await sender.post("/v2/alerts/disk:db-1/close?identifierType=alias")
    await create(sender, message="The new one")

    assert (await read(sender, "/disk:db-1", identifierType="alias"))["message"] == "The new one"
    assert [one["status"] for one in await read(sender, "", query="alias:disk:db-1")] == ["open", "closed"]


async def test_a_snoozed_incident_says_until_when(sender: Sender):
    await create(sender)
    async with sender.deps.database.commands() as session:
        await session.execute(text("UPDATE incidents SET status = 'snoozed', until = '2030-01-01T12:00:00.5Z'"))
        await session.commit()

    told = await read(sender, "/disk:db-1", identifierType="alias")

    assert (told["status"], told["snoozed"], told["snoozedUntil"]) == ("open", True, "2030-01-01T12:00:00.500Z")


@pytest.mark.parametrize(
    "path",
    ["/nobody", "/01890000-0000-7000-8000-000000000000", "/nobody?identifierType=alias", "/7?identifierType=tiny"],
)
async def test_an_alert_that_is_not_there_is_not_told(sender: Sender, path: str):
    answer = await sender.get(f"/v2/alerts{path}")

    assert (answer.status_code, answer.json()["message"][-15:]) == (404, "does not exist.")


async def test_alerts_are_listed_by_pages_newest_first(sender: Sender):
    for number in range(5):
        await create(sender, alias=f"disk {number}")
    await sender.post("/v2/alerts/disk%200/close?identifierType=alias")

    async def page(**query: Any) -> tuple[list[str], set[str]]:
        said = (await sender.get("/v2/alerts", params=query)).json()
        return [one["alias"][-1:] for one in said["data"]], set(said["paging"])

    assert await page() == (["4", "3", "2", "1", "0"], {"first"})
    assert await page(limit=2) == (["4", "3"], {"first", "next"})
    assert await page(limit=2, offset=4) == (["0"], {"first", "prev"})
    assert await page(query="status: open", order="asc") == (["1", "2", "3", "4"], {"first"})
    assert await page(query="status:closed") == (["0"], {"first"})
    assert await page(query='alias: "disk 3" AND status: open') == (["3"], {"first"})
    assert await page(query="status:open status:closed") == ([], {"first"})


async def test_the_next_page_is_where_the_answer_says(sender: Sender):
    for number in range(3):
        await create(sender, alias=f"disk {number}")
    first = (await sender.get("/v2/alerts?query=status%3Aopen&limit=2&order=asc")).json()

    following = (await sender.get(first["paging"]["next"])).json()

    assert [one["alias"] for one in following["data"]] == ["disk 2"]


async def test_alerts_are_counted(sender: Sender):
    for number in range(3):
        await create(sender, alias=f"disk {number}")
    await sender.post("/v2/alerts/disk%200/close?identifierType=alias")

    counts = [await read(sender, "/count", query=query) for query in ("", "status:open", "tinyId:x", "alias=nobody")]

    assert counts == [{"count": 3}, {"count": 2}, {"count": 0}, {"count": 0}]


async def test_only_alerts_of_the_same_service_and_kind_are_told(sender: Sender, database: Database):
    await create(sender)
    stranger = (await an_integration(database, provider="opsgenie")).key
    async with a_sender(database, authorization=f"GenieKey {stranger}") as other:
        [(alert_id,)] = await sender.rows("SELECT id FROM alerts")

        assert (await other.get(f"/v2/alerts/{alert_id}")).status_code == 404
        assert await read(other, "") == []
        assert await read(other, "/count") == {"count": 0}


@pytest.mark.parametrize("path", ["", "/count", "/x", "/requests/x"])
async def test_nobody_without_a_key_is_told_anything(database: Database, path: str):
    generic = (await an_integration(database)).key
    for header, status in (("", 401), (f"GenieKey {generic}", 403)):
        async with a_sender(database, authorization=header) as stranger:
            assert (await stranger.get(f"/v2/alerts{path}")).status_code == status


@pytest.mark.parametrize(
    "query",
    [
        "disk",
        "message:disk",
        "NOT status:open",
        "(status:open)",
        "status:open OR status:closed",
        "status:bad",
        "alias:",
    ],
)
def test_a_query_that_is_not_understood_is_refused_and_not_guessed_at(query: str):
    with pytest.raises(Problem, match="Query is not understood") as refusal:
        searched(OURS, query)

    assert refusal.value.status == 422


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("", OURS),
        ("  ", OURS),
        ("status : Open", Wanted(service_id=1, provider="opsgenie", status="open")),
        ("tinyId=12 AND status=closed", Wanted(service_id=1, provider="opsgenie", number=12, status="resolved")),
        (
            'alias:"a b" && status:open',
            Wanted(service_id=1, provider="opsgenie", dedup_key="opsgenie:a b", status="open"),
        ),
    ],
)
def test_a_query_means_what_it_says(query: str, wanted: Wanted):
    assert searched(OURS, query) == wanted


@pytest.mark.parametrize("query", [{"limit": "x"}, {"offset": "-1"}, {"sort": "message"}, {"order": "up"}])
async def test_a_page_that_makes_no_sense_is_refused_in_words(sender: Sender, query: dict[str, str]):
    answer = await sender.get("/v2/alerts", params=query)

    assert (answer.status_code, answer.json()["message"][-1]) == (422, ".")
