"""The ingest routes as /api/openapi.json tells of them: they are plain ASGI, so nobody else can describe them.

docs/api.md says the same for people, with every field.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

from fastapi import FastAPI

from opsknight.api import refusals
from opsknight.api.auth import declared
from opsknight.api.drop_in import described
from opsknight.api.ingest import EVENTS, PAGERDUTY
from opsknight.api.ingest_answers import ROUTING_KEY_LENGTH
from opsknight.api.providers.alertmanager import MAX_ALERTS
from opsknight.api.providers.generic import GENERIC_EVENT, MAX_EVENTS
from opsknight.domain.model.event import Action, Severity
from opsknight.domain.model.intake import Verdict

Schema: TypeAlias = dict[str, Any]

_REF: Final = "#/components/schemas/"


def describe(app: FastAPI) -> None:
    """Add the ingest routes, and how the others refuse, to what `app` says of itself."""
    of_the_rest = app.openapi

    def whole() -> Schema:
        schema = of_the_rest()
        if EVENT_PATH not in schema["paths"]:  # FastAPI makes it once and gives the same again
            refusals.add(schema, {(method, path): need for method, path, need in declared(app)})
        schema["paths"] |= PATHS | described.PATHS
        schema.setdefault("components", {}).setdefault("schemas", {}).update(_schemas())
        return schema

    app.openapi = whole


def _object(properties: Schema, *, required: Sequence[str] = (), words: str = "") -> Schema:
    """Return the schema of an object that may hold more than `properties`."""
    schema: Schema = {"type": "object", "properties": properties}
    if required:
        schema["required"] = list(required)
    return schema | ({"description": words} if words else {})


def _text(words: str = "", **more: Any) -> Schema:
    return {"type": "string", **({"description": words} if words else {}), **more}


def _list(of: Schema, **more: Any) -> Schema:
    return {"type": "array", "items": of, **more}


def _ref(name: str) -> Schema:
    return {"$ref": _REF + name}


def _answer(words: str, schema: str, *, kind: str = "application/json", **more: Any) -> Schema:
    return {"description": words, "content": {kind: {"schema": _ref(schema)}}, **more}


def _refusal(words: str, **more: Any) -> Schema:
    return _answer(words, "Problem", kind="application/problem+json", **more)


def _example(words: str, value: Any) -> Schema:
    return {"summary": words, "value": value}


_TEXTS: Final[Schema] = {"type": "object", "additionalProperties": {"type": "string"}}
_INSTANT: Final = _text("ISO 8601.", format="date-time")
_RETRY_AFTER: Final[Schema] = {
    "headers": {"Retry-After": {"description": "Seconds after which to send it again.", "schema": {"type": "integer"}}}
}
_REFUSALS: Final[Mapping[str, Schema]] = {
    "405": _refusal("Not a POST."),
    "415": _refusal("The body is compressed; send it as it is."),
    "500": _refusal("A mistake of ours. Send it again.", **_RETRY_AFTER),
    "503": _refusal("Too much at once, or the database is away. Send it again.", **_RETRY_AFTER),
}
_ALERTMANAGER: Final = _object(
    {
        "version": _text(examples=["4"]),
        "status": _text(enum=["firing", "resolved"]),
        "groupKey": _text(),
        "receiver": _text(),
        "externalURL": _text(format="uri"),
        "alerts": _list(
            _object(
                {
                    "status": _text(enum=["firing", "resolved"]),
                    "labels": _TEXTS,
                    "annotations": _TEXTS,
                    "startsAt": _INSTANT,
                    "endsAt": _INSTANT,
                    "generatorURL": _text(format="uri"),
                    "fingerprint": _text("The dedup key; without it a hash of the labels."),
                }
            ),
            minItems=1,
            maxItems=MAX_ALERTS,
        ),
    },
    required=["alerts"],
    words="Prometheus Alertmanager's webhook, version 4 or 3. Each alert is an event.",
)
_DATADOG: Final = _object(
    {
        "title": _text("$EVENT_TITLE"),
        "alert_id": _text("$ALERT_ID"),
        "alert_scope": _text("$ALERT_SCOPE"),
        "alert_transition": _text("$ALERT_TRANSITION", examples=["Triggered", "Recovered", "No Data"]),
        "alert_type": _text("$ALERT_TYPE"),
        "alert_priority": _text("$ALERT_PRIORITY"),
        "hostname": _text("$HOSTNAME"),
        "date": _text("$DATE"),
        "link": _text("$LINK"),
        "tags": _text("$TAGS"),
        "body": _text("$TEXT_ONLY_MSG"),
    },
    words="Datadog's webhook with the payload of docs/api.md, or the one that it sends by default.",
)
_PAGERDUTY: Final = _object(
    {
        "routing_key": _text("The integration's key.", minLength=ROUTING_KEY_LENGTH, maxLength=ROUTING_KEY_LENGTH),
        "event_action": _text(enum=[str(action) for action in Action]),
        "dedup_key": _text("Needed to acknowledge and to resolve."),
        "payload": _object(
            {
                "summary": _text(),
                "source": _text(),
                "severity": _text(enum=[str(severity) for severity in Severity]),
                "timestamp": _INSTANT,
                "component": _text(),
                "group": _text(),
                "class": _text(),
                "custom_details": {"type": "object"},
            },
            required=["summary", "source", "severity"],
            words="Needed to trigger.",
        ),
        "links": _list(_object({"href": _text(format="uri"), "text": _text()})),
        "images": _list(_object({"src": _text(format="uri"), "href": _text(format="uri"), "alt": _text()})),
        "client": _text(),
        "client_url": _text(format="uri"),
    },
    required=["routing_key", "event_action"],
    words="An event of the PagerDuty Events API v2.",
)
_ACCEPTED: Final = _object(
    {
        "status": _text(const="accepted"),
        "delivery_id": _text(format="uuid"),
        "duplicate": {"type": "boolean", "description": "It had been stored before, with the same Idempotency-Key."},
        "events": _list(_ref("EventOutcome")),
    },
    required=["status", "delivery_id", "duplicate", "events"],
    words="What was sent is stored and survives a power cut.",
)
_OUTCOME: Final = _object(
    {
        "verdict": _text("What the event did.", enum=[str(verdict) for verdict in Verdict]),
        "incident_id": {"type": ["string", "null"], "format": "uuid"},
        "dedup_key": _text("Missing where the event is unreadable."),
        "reason": _text("Why the event is unreadable."),
    },
    required=["verdict", "incident_id"],
)
_PROBLEM: Final = _object(
    {
        "type": _text(),
        "title": _text(),
        "status": {"type": "integer"},
        "detail": _text("A sentence for a person."),
        "request_id": _text(),
        "delivery_id": _text("What keeps the refused bytes.", format="uuid"),
        "errors": _list(_text()),
    },
    required=["type", "title", "status", "detail", "request_id"],
    words="RFC 9457.",
)
_ENQUEUED: Final = _object(
    {"status": _text(const="success"), "message": _text(), "dedup_key": _text("Missing where it is unreadable.")},
    required=["status", "message"],
)
_INVALID: Final = _object(
    {"status": _text(const="invalid event"), "message": _text(), "errors": _list(_text())},
    required=["status", "message", "errors"],
)


def _schemas() -> Schema:
    """Return the named schemas; that of the generic format is read from its own types."""
    generic = GENERIC_EVENT.json_schema(ref_template=_REF + "{model}")
    return {
        **generic.pop("$defs", {}),
        "GenericEvent": generic,
        "AlertmanagerWebhook": _ALERTMANAGER,
        "DatadogWebhook": _DATADOG,
        "PagerDutyEvent": _PAGERDUTY,
        "Accepted": _ACCEPTED,
        "EventOutcome": _OUTCOME,
        "Problem": _PROBLEM,
        "Enqueued": _ENQUEUED,
        "InvalidEvent": _INVALID,
    }


_BODIES: Final[Schema] = {
    "anyOf": [
        _ref("GenericEvent"),
        _list(_ref("GenericEvent"), minItems=1, maxItems=MAX_EVENTS),
        _object({"events": _list(_ref("GenericEvent"), minItems=1, maxItems=MAX_EVENTS)}, required=["events"]),
        _ref("AlertmanagerWebhook"),
        _ref("DatadogWebhook"),
        _ref("PagerDutyEvent"),
        _object({}, words="Any other JSON, where the integration has a field mapping."),
    ]
}
_EXAMPLES: Final[Schema] = {
    "generic": _example(
        "Generic JSON", {"title": "Disk 91 % full on db-1", "severity": "critical", "dedup_key": "disk db-1"}
    ),
    "alertmanager": _example(
        "Prometheus Alertmanager",
        {
            "version": "4",
            "status": "firing",
            "alerts": [
                {
                    "status": "firing",
                    "labels": {"alertname": "InstanceDown", "severity": "critical", "instance": "db-1:9100"},
                    "annotations": {"summary": "db-1 is down"},
                    "startsAt": "2026-11-24T03:31:07Z",
                    "fingerprint": "9d5a1f3b6c2e4f70",
                }
            ],
        },
    ),
    "datadog": _example(
        "Datadog",
        {
            "title": "CPU high on web-1",
            "alert_id": "4711",
            "alert_scope": "host:web-1",
            "alert_transition": "Triggered",
            "alert_priority": "P1",
            "date": "1795487000000",
            "tags": "env:production, monitor",
        },
    ),
}
_PAGERDUTY_EXAMPLE: Final = _example(
    "Trigger",
    {
        "routing_key": "0123456789abcdef0123456789abcdef",
        "event_action": "trigger",
        "dedup_key": "disk:db-1",
        "payload": {"summary": "Disk 91 % full on db-1", "source": "db-1", "severity": "critical"},
    },
)
_IDEMPOTENCY_KEY: Final[Schema] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A repeat with the same key and body within 7 days is stored once.",
    "schema": _text(maxLength=1000),
}
_INTEGRATION_KEY: Final[Schema] = {
    "name": "key",
    "in": "path",
    "required": True,
    "description": "The integration's key; it says which service and which format, and is the only credential.",
    "schema": _text(),
}
_SEND_EVENTS: Final[Schema] = {
    "tags": ["events"],
    "operationId": "send_events",
    "summary": "Send events",
    "description": "Answered after the commit. The integration of the key decides which format is read.",
    "security": [],
    "parameters": [_INTEGRATION_KEY, _IDEMPOTENCY_KEY],
    "requestBody": {"required": True, "content": {"application/json": {"schema": _BODIES, "examples": _EXAMPLES}}},
    "responses": {
        "202": _answer("Stored.", "Accepted"),
        "400": _refusal("The whole cannot be read; its bytes are kept."),
        "401": _refusal("The integration has a secret, and the delivery does not prove to be signed with it."),
        "404": _refusal("No integration has this key."),
        "413": _refusal("More than 1 MB, or 16 MB from Alertmanager; its beginning is kept."),
        **_REFUSALS,
    },
}
_FIELDS: Final[Schema] = {
    "name": "fields",
    "in": "query",
    "required": True,
    "style": "form",
    "explode": True,
    "description": "The fields of a form, as the integration's kind of monitor names them; of several alike the last.",
    "schema": {**_TEXTS, "minProperties": 1, "example": {"title": "Disk 91 % full on db-1", "dedup_key": "disk:db-1"}},
}
_SEND_IN_ADDRESS: Final[Schema] = {
    "tags": ["events"],
    "operationId": "send_events_in_address",
    "summary": "Send an event in the address",
    "description": "For monitors that can do no other. Without fields, and with HEAD, it opens nothing.",
    "security": [],
    "parameters": [_INTEGRATION_KEY, _FIELDS, _IDEMPOTENCY_KEY],
    "responses": {
        **{status: said for status, said in _SEND_EVENTS["responses"].items() if status != "415"},
        "405": _refusal("Nothing stands in the address, or the integration's kind of monitor sends no such."),
    },
}
_ENQUEUE: Final[Schema] = {
    "tags": ["events"],
    "operationId": "enqueue",
    "summary": "Send an event as to PagerDuty",
    "description": "The PagerDuty Events API v2, for senders in which only the address can be changed.",
    "security": [],
    "parameters": [_IDEMPOTENCY_KEY],
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": _ref("PagerDutyEvent"), "examples": {"pagerduty": _PAGERDUTY_EXAMPLE}}
        },
    },
    "responses": {
        "202": _answer("Stored.", "Enqueued"),
        "400": _answer("PagerDuty's words for what is wrong.", "InvalidEvent"),
        "413": _answer("More than 512 kB.", "InvalidEvent"),
        **_REFUSALS,
    },
}
EVENT_PATH: Final = f"{EVENTS}{{key}}"
PATHS: Final[Schema] = {EVENT_PATH: {"get": _SEND_IN_ADDRESS, "post": _SEND_EVENTS}, PAGERDUTY: {"post": _ENQUEUE}}
"""The paths of the ingest routes, as OpenAPI has them."""
