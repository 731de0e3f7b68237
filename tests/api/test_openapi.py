"""The ingest routes answer as /api/openapi.json says they do."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from opsknight import api
from opsknight.clock import Clock
from opsknight.deps import Deps
from opsknight.domain.store.engine import Database
from opsknight.settings import Settings
from tests.api.doors import taking_events
from tests.builders import an_integration

EVENTS, ENQUEUE = "/api/v1/events/{key}", "/v2/enqueue"
TYPES = {
    "string": str, "integer": int, "number": float, "boolean": bool, "array": list, "object": dict, "null": type(None),
}  # fmt: skip


def described() -> dict[str, Any]:
    app = FastAPI()
    api.mount(app, Deps(Settings(_env_file=None), Clock()))
    return app.openapi()


SAID = described()
EXAMPLES = {
    name: example["value"]
    for path in (EVENTS, ENQUEUE)
    for name, example in SAID["paths"][path]["post"]["requestBody"]["content"]["application/json"]["examples"].items()
}
WRONG = [
    (EVENTS, "generic", {"content": b"{"}, 400),
    (EVENTS, "generic", {"json": {"severity": "critical"}}, 400),
    (EVENTS, "nobody's", {"json": {"title": "x"}}, 404),
    (EVENTS, "generic", {"json": {"title": "x"}, "headers": {"content-encoding": "gzip"}}, 415),
    (EVENTS, "generic", {"content": b" " * 1_100_000}, 413),
    (ENQUEUE, "pagerduty", {"json": {"routing_key": "short"}}, 400),
    (ENQUEUE, "pagerduty", {"content": b" " * 600_000}, 413),
    (ENQUEUE, "pagerduty", {"json": {}, "headers": {"content-encoding": "gzip"}}, 415),
]

V1, CHANGE = "/generic/2010-04-15/create_event.json", "/v2/change/enqueue"
VICTOROPS, PROMETHEUS = "/integrations/generic/20131114/alert/{key}/{routing_key}", "/{key}/api/v2/alerts"
GENIE = {"headers": {"authorization": "GenieKey KEY"}}
AT_DOORS = [
    ("/v2/alerts", "opsgenie", {"json": {"message": "x"}, **GENIE}, 202),
    ("/v2/alerts", "opsgenie", {"json": {"alias": "x"}, **GENIE}, 422),
    ("/v2/alerts", "opsgenie", {"json": {"message": "x"}}, 401),
    ("/v2/alerts", "generic", {"json": {"message": "x"}, **GENIE}, 403),
    ("/v2/alerts/{identifier}/close", "opsgenie", GENIE, 202),
    ("/v2/alerts/{identifier}/notes", "opsgenie", {"json": {"note": "x"}, **GENIE}, 202),
    (V1, "pagerduty", {"json": {"service_key": "KEY", "event_type": "trigger", "description": "x"}}, 200),
    (V1, "pagerduty", {"json": {"service_key": "KEY", "event_type": "trigger"}}, 400),
    (V1, "pagerduty", {"json": {}, "headers": {"content-encoding": "gzip"}}, 415),
    (VICTOROPS, "splunk-oncall", {"json": {"message_type": "CRITICAL", "entity_id": "x"}}, 200),
    (VICTOROPS, "splunk-oncall", {"content": "{"}, 400),
    (VICTOROPS, "generic", {"json": {}}, 404),
    (PROMETHEUS, "prometheus", {"json": [{"labels": {"alertname": "x"}}]}, 200),
    (PROMETHEUS, "prometheus", {"content": "{"}, 400),
    (PROMETHEUS, "generic", {"json": []}, 403),
    (CHANGE, "generic", {"json": {"routing_key": "KEY", "payload": {"summary": "x"}}}, 202),
    (CHANGE, "generic", {"json": {"routing_key": "KEY"}}, 400),
]


def complaints(value: Any, schema: Mapping[str, Any], where: str = "answer") -> list[str]:
    """Return in what `value` is not as `schema` says; a member that nobody described is one complaint, too."""
    if "$ref" in schema:
        return complaints(value, SAID["components"]["schemas"][schema["$ref"].rpartition("/")[2]], where)
    allowed = schema.get("type", [])
    if not isinstance(value, tuple(TYPES[name] for name in ([allowed] if isinstance(allowed, str) else allowed))):
        return [f"{where} is {value!r}, not {allowed}"]
    wrong = [f"{where} is {value!r}" for name in ("const",) if name in schema and value != schema[name]]
    wrong += [f"{where} is {value!r}" for choice in [schema.get("enum")] if choice and value not in choice]
    if isinstance(value, list):
        return wrong + [
            one for number, item in enumerate(value) for one in complaints(item, schema["items"], f"{where}.{number}")
        ]
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        wrong += [f"{where} lacks {name}" for name in schema.get("required", []) if name not in value]
        wrong += [f"{where}.{name} is not described" for name in value if name not in properties]
        wrong += [
            one
            for name in value
            if name in properties
            for one in complaints(value[name], properties[name], f"{where}.{name}")
        ]
    return wrong


def disagreements(path: str, answer: httpx.Response) -> list[str]:
    """Return how an answer differs from what is said of `path`."""
    responses = SAID["paths"][path]["post"]["responses"]
    if str(answer.status_code) not in responses:
        return [f"{answer.status_code} is not described"]
    content = responses[str(answer.status_code)].get("content")
    if content is None:
        return [f"{answer.content!r} is not described"] if answer.content else []
    kind = answer.headers["content-type"]
    return complaints(answer.json(), content[kind]["schema"]) if kind in content else [f"{kind} is not described"]


async def send(client: httpx.AsyncClient, path: str, key: str, **request: Any) -> httpx.Response:
    return await client.post(path.replace("{key}", key), **request)


def test_every_name_that_is_referred_to_is_described():
    names = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(SAID)))

    assert names <= set(SAID["components"]["schemas"])
    assert {EVENTS, ENQUEUE, "/healthz"} <= set(SAID["paths"])


def test_the_description_is_the_same_however_often_it_is_asked_for():
    app = FastAPI()
    api.mount(app, Deps(Settings(_env_file=None), Clock()))

    assert app.openapi() == json.loads(json.dumps(app.openapi())) == SAID


@pytest.mark.parametrize("name", sorted(EXAMPLES))
async def test_every_example_is_accepted_as_described(database: Database, name: str):
    key = (await an_integration(database, provider=name)).key
    path, body = (ENQUEUE, EXAMPLES[name] | {"routing_key": key}) if name == "pagerduty" else (EVENTS, EXAMPLES[name])

    async with taking_events(database) as client:
        answer = await send(client, path, key, json=body)

    assert (answer.status_code, disagreements(path, answer)) == (202, [])
    if path == EVENTS:
        assert [event["verdict"] for event in answer.json()["events"]] == ["opened"]


async def test_an_event_that_cannot_be_read_is_answered_as_described(database: Database):
    key = (await an_integration(database)).key

    async with taking_events(database) as client:
        answer = await send(client, EVENTS, key, json=[{"title": "good"}, {"title": ["bad"]}])

    assert (answer.status_code, disagreements(EVENTS, answer)) == (202, [])
    assert answer.json()["events"][1]["verdict"] == "unreadable"


@pytest.mark.parametrize(("path", "kind", "request_", "status"), WRONG, ids=lambda one: str(one)[:24])
async def test_every_refusal_is_told_as_described(
    database: Database, path: str, kind: str, request_: dict[str, Any], status: int
):
    key = (await an_integration(database, provider=kind)).key if kind in EXAMPLES else "no-such-key"

    async with taking_events(database) as client:
        answer = await send(client, path, key, **request_)

    assert (answer.status_code, disagreements(path, answer)) == (status, [])


@pytest.mark.parametrize(("path", "kind", "request_", "status"), AT_DOORS, ids=lambda one: str(one)[:40])
async def test_every_door_answers_as_described(
    database: Database, path: str, kind: str, request_: dict[str, Any], status: int
):
    key = (await an_integration(database, provider=kind)).key
    filled = json.loads(json.dumps(request_).replace("KEY", key))

    async with taking_events(database) as client:
        answer = await client.post(re.sub(r"{\w+}", lambda name: key if name[0] == "{key}" else "disk", path), **filled)

    assert (answer.status_code, disagreements(path, answer)) == (status, [])


@pytest.mark.parametrize("path", [EVENTS, ENQUEUE])
async def test_another_method_than_post_is_refused_as_described(database: Database, path: str):
    async with taking_events(database) as client:
        answer = await client.get(path)

    assert (answer.status_code, disagreements(path, answer)) == (405, [])


def test_the_examples_of_the_generic_format_are_of_its_schema():
    fields = SAID["components"]["schemas"]["GenericEvent"]["properties"]

    assert set(EXAMPLES["generic"]) <= set(fields)
