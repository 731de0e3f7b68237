"""The Opsgenie Alert API: what its senders do is done here, and answered in its words."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from opsknight.domain.store.engine import Database
from tests.api.doors import Sender, a_sender
from tests.builders import an_integration

DISK = {"message": "Disk full on db-1", "alias": "disk:db-1", "entity": "db-1", "priority": "P1"}


@pytest.fixture
async def sender(database: Database) -> AsyncIterator[Sender]:
    """A sender with the key of an Opsgenie integration."""
    key = (await an_integration(database, provider="opsgenie")).key
    async with a_sender(database, authorization=f"GenieKey {key}") as opened:
        yield opened


async def create(sender: Sender, **changes: Any) -> dict[str, Any]:
    """Create an alert; return what is said of the request."""
    answer = await sender.post("/v2/alerts", DISK | changes)
    assert answer.status_code == 202, answer.text
    return await outcome(sender, answer.json()["requestId"])


async def outcome(sender: Sender, request_id: str) -> dict[str, Any]:
    answer = await sender.get(f"/v2/alerts/requests/{request_id}")
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()["data"]
    return told


async def test_a_create_opens_an_incident_with_what_it_says(sender: Sender):
    answer = await sender.post("/v2/alerts", {**DISK, "tags": ["prod", "team:db"], "details": {"used": "91 %"}})

    assert (answer.status_code, answer.json()["result"]) == (202, "Request will be processed")
    assert await sender.rows("SELECT title, source, severity, dedup_key, details->>'used', tags FROM alerts") == [
        ("Disk full on db-1", "db-1", "critical", "opsgenie:disk:db-1", "91 %", {"prod": "", "team": "db"})
    ]


async def test_the_outcome_of_a_create_names_the_alert(sender: Sender):
    told = await create(sender)

    [(alert_id, number)] = await sender.rows("SELECT a.id, i.number FROM alerts a JOIN incidents i ON true")
    assert (told["success"], told["status"], told["action"]) == (True, "Created alert", "Create")
    assert (told["alertId"], told["alias"], told["tinyId"]) == (str(alert_id), "disk:db-1", str(number))


@pytest.mark.parametrize("kind", ["id", "alias", "tiny"])
async def test_an_alert_is_closed_by_each_of_its_names(sender: Sender, kind: str):
    told = await create(sender)
    name = told[{"id": "alertId", "alias": "alias", "tiny": "tinyId"}[kind]]

    answer = await sender.post(f"/v2/alerts/{name}/close?identifierType={kind}", {"user": "Ada", "note": "swapped"})

    assert answer.status_code == 202
    assert await sender.incidents() == [("Disk full on db-1", "resolved")]
    assert (await outcome(sender, answer.json()["requestId"]))["status"] == "Closed alert"


async def test_an_alias_may_hold_a_slash(sender: Sender):
    await create(sender, alias="disk/db 1")

    await sender.post("/v2/alerts/disk%2Fdb%201/close?identifierType=alias")

    assert await sender.incidents() == [("Disk full on db-1", "resolved")]


async def test_an_acknowledge_without_a_body_acknowledges(sender: Sender):
    told = await create(sender)

    await sender.post(f"/v2/alerts/{told['alertId']}/acknowledge")

    assert await sender.incidents() == [("Disk full on db-1", "acknowledged")]


async def test_a_create_of_an_open_alias_is_counted_and_opens_nothing(sender: Sender):
    await create(sender)

    told = await create(sender, message="Disk still full")

    assert told["status"] == "Deduplicated alert"
    assert await sender.rows("SELECT count FROM alerts") == [(2,)]


async def test_a_create_without_alias_that_is_sent_again_opens_nothing(sender: Sender):
    first, again = await create(sender, alias=""), await create(sender, alias="")

    other = await create(sender, alias="", description="another")

    assert first["alertId"] == again["alertId"] != other["alertId"]
    assert len(await sender.incidents()) == 2


async def test_the_same_alert_after_its_close_opens_anew(sender: Sender):
    told = await create(sender)
    await sender.post(f"/v2/alerts/{told['alias']}/close?identifierType=alias")

    await create(sender)

    assert [status for _, status in await sender.incidents()] == ["resolved", "open"]


async def test_the_id_of_a_closed_alert_does_not_close_its_successor(sender: Sender):
    old = await create(sender)
    await sender.post(f"/v2/alerts/{old['alertId']}/close")
    await create(sender)

    answer = await sender.post(f"/v2/alerts/{old['alertId']}/close")

    told = await outcome(sender, answer.json()["requestId"])
    assert (told["success"], told["status"], told["alertId"]) == (False, "Alert does not exist", "")
    assert [status for _, status in await sender.incidents()] == ["resolved", "open"]


@pytest.mark.parametrize("name", ["nobody?identifierType=alias", "nobody", "7?identifierType=tiny"])
async def test_closing_what_is_not_there_is_accepted_and_told(sender: Sender, name: str):
    path, _, query = name.partition("?")

    answer = await sender.post(f"/v2/alerts/{path}/close?{query}")

    told = await outcome(sender, answer.json()["requestId"])
    assert (answer.status_code, told["success"], told["status"]) == (202, False, "Alert does not exist")


@pytest.mark.parametrize("does", ["snooze", "notes", "unacknowledge", "tags", "responders", "escalate"])
async def test_what_is_not_carried_out_is_accepted_and_says_so(sender: Sender, does: str):
    await create(sender)

    answer = await sender.post(f"/v2/alerts/disk:db-1/{does}?identifierType=alias", {"note": "x"})

    told = await outcome(sender, answer.json()["requestId"])
    assert (answer.status_code, told["success"]) == (202, False)
    assert told["status"] == f"Nothing was changed: OpsKnight does not carry out {does} from outside"
    assert await sender.incidents() == [("Disk full on db-1", "open")]


@pytest.mark.parametrize(("body", "status"), [({"alias": "x"}, 422), ({"message": " "}, 422)])
async def test_a_create_without_a_message_is_refused_as_opsgenie_does_and_kept(
    sender: Sender, body: dict[str, str], status: int
):
    answer = await sender.post("/v2/alerts", body)

    said = answer.json()
    assert (answer.status_code, said["errors"]) == (status, {"message": "Message can not be empty."})
    assert await sender.rows("SELECT id::text, status FROM deliveries") == [(said["requestId"], "rejected")]


async def test_a_close_whose_body_is_broken_is_refused_and_kept_with_what_it_was_for(sender: Sender):
    await create(sender)

    answer = await sender.client.post("/v2/alerts/disk:db-1/close?identifierType=alias", content=b'{"note": ')

    assert answer.status_code == 400
    [(kept, body, reason)] = await sender.rows("SELECT id, body, reason FROM deliveries WHERE status = 'rejected'")
    assert (answer.json()["requestId"], body) == (str(kept), b'{"note": ')
    assert reason.endswith("It was to close the alert with the alias “disk:db-1”.")


async def test_a_body_that_is_no_json_is_refused(sender: Sender):
    assert (await sender.client.post("/v2/alerts", content=b"{")).status_code == 400


@pytest.mark.parametrize(
    ("kind", "header", "status"),
    [
        ("opsgenie", "", 401),
        ("opsgenie", "Bearer {key}", 401),
        ("opsgenie", "GenieKey nobody", 401),
        ("generic", "GenieKey {key}", 403),
    ],
)
async def test_who_has_no_key_of_opsgenie_is_refused(database: Database, kind: str, header: str, status: int):
    key = (await an_integration(database, provider=kind)).key
    async with a_sender(database, authorization=header.replace("{key}", key)) as sender:
        answer = await sender.post("/v2/alerts", DISK)

        assert (answer.status_code, set(answer.json())) == (status, {"message", "took", "requestId"})
        assert await sender.incidents() == []


async def test_a_request_of_another_integration_is_not_told(sender: Sender, database: Database):
    request_id = (await sender.post("/v2/alerts", DISK)).json()["requestId"]
    key = (await an_integration(database, provider="opsgenie")).key
    async with a_sender(database, authorization=f"GenieKey {key}") as other:
        assert (await other.get(f"/v2/alerts/requests/{request_id}")).status_code == 404


@pytest.mark.parametrize("what", ["message", "description", "priority"])
async def test_an_update_after_a_create_is_accepted_and_pages_nobody_again(sender: Sender, what: str):
    await create(sender)

    answer = await sender.client.put(f"/v2/alerts/disk:db-1/{what}?identifierType=alias", json={what: "P5"})

    told = await outcome(sender, answer.json()["requestId"])
    assert (answer.status_code, told["success"]) == (202, False)
    assert await sender.rows("SELECT title, count FROM alerts") == [("Disk full on db-1", 1)]


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", "/v2/alerts/x/close"), ("PATCH", "/v2/alerts"), ("POST", "/v2/alerts/x/attachments")]
)
async def test_what_is_not_offered_says_so(sender: Sender, method: str, path: str):
    assert (await sender.client.request(method, path)).status_code in {404, 405}


@pytest.mark.parametrize("kind", ["id", "alias", "tiny"])
async def test_a_delete_ends_an_alert_and_loses_nothing(sender: Sender, kind: str):
    told = await create(sender)
    name = told[{"id": "alertId", "alias": "alias", "tiny": "tinyId"}[kind]]

    answer = await sender.client.delete(f"/v2/alerts/{name}?identifierType={kind}&user=Ada")

    done = await outcome(sender, answer.json()["requestId"])
    assert (answer.status_code, answer.json()["result"]) == (202, "Request will be processed")
    assert (done["success"], done["action"], done["status"]) == (True, "Delete", "Deleted alert")
    assert await sender.incidents() == [("Disk full on db-1", "resolved")]
    assert await sender.rows("SELECT count(*) FROM alerts") == [(1,)]


async def test_a_delete_of_what_is_not_there_is_accepted_and_told(sender: Sender):
    answer = await sender.client.delete("/v2/alerts/nobody?identifierType=alias")

    done = await outcome(sender, answer.json()["requestId"])
    assert (answer.status_code, done["success"], done["status"]) == (202, False, "Alert does not exist")


@pytest.mark.parametrize(
    ("priority", "severity", "told"),
    [({}, "warning", "P3"), ({"priority": "P3"}, "warning", "P3"), ({"priority": "P9"}, "error", "P9")],
)
async def test_an_alert_without_a_priority_has_the_one_that_opsgenie_gives_it(
    sender: Sender, priority: dict[str, str], severity: str, told: str
):
    await sender.post("/v2/alerts", {"message": "Disk full on db-1", "alias": "disk"} | priority)

    answer = await sender.get("/v2/alerts/disk?identifierType=alias")

    assert await sender.rows("SELECT severity FROM alerts") == [(severity,)]
    assert answer.json()["data"]["priority"] == told
