"""The doors of other products' APIs as /api/openapi.json tells of them; docs/api.md says the same for people."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

Schema: TypeAlias = dict[str, Any]

_TEXT: Final[Schema] = {"type": "string"}
_OPEN: Final[Schema] = {"type": "object"}


def _said(**kinds: Any) -> Schema:
    """Return the schema of an object with these members: texts, unless said otherwise."""
    return {"type": "object", "properties": {name: kind or _TEXT for name, kind in kinds.items()}}


def _answers(**answers: tuple[str, Schema | None]) -> Schema:
    """Return what is answered, by status with an underscore before it."""
    return {
        status.removeprefix("_"): {"description": words}
        | ({"content": {"application/json": {"schema": schema}}} if schema is not None else {})
        for status, (words, schema) in answers.items()
    }


def _in(name: str, where: str, words: str, **schema: Any) -> Schema:
    return {
        "name": name,
        "in": where,
        "required": where == "path",
        "description": words,
        "schema": {"type": "string", **schema},
    }


def _operation(name: str, summary: str, *parameters: Schema, body: Schema | None = None, **more: Any) -> Schema:
    told: Schema = {"tags": ["events"], "operationId": name, "summary": summary, "security": [], **more}
    if parameters:
        told["parameters"] = list(parameters)
    if body is not None:
        told["requestBody"] = {"content": {"application/json": {"schema": body}}}
    return told


_GENIE_KEY: Final = _in("Authorization", "header", "GenieKey and the integration's key.")
_IDENTIFIER: Final = (
    _in("identifier", "path", "Id, alias or tinyId of an alert."),
    _in("identifierType", "query", "What the identifier is.", enum=["id", "alias", "tiny"], default="id"),
)
_OG_REFUSED: Final = _said(message=None, errors=_said(message=None), took={"type": "number"}, requestId=None)
_OG_TAKEN: Final = _said(result=None, took={"type": "number"}, requestId=None)
_OG_ANSWERS: Final = _answers(
    _202=("Done and durable.", _OG_TAKEN),
    _400=("The body is not JSON.", _OG_REFUSED),
    _401=("No integration has this key.", _OG_REFUSED),
    _403=("The key is of another kind of integration.", _OG_REFUSED),
    _404=("Nothing of this API that is here.", _OG_REFUSED),
    _405=("Not a POST.", _OG_REFUSED),
    _413=("More than 1 MB.", _OG_REFUSED),
    _415=("The body is compressed; send it as it is.", _OG_REFUSED),
    _422=("No message, or no such type of identifier.", _OG_REFUSED),
    _500=("A mistake of ours. Send it again.", _OG_REFUSED),
    _503=("Too much at once, or the database is away. Send it again.", _OG_REFUSED),
)
_OG_CREATE: Final = _said(
    message=None,
    alias=None,
    description=None,
    entity=None,
    source=None,
    priority={"type": "string", "enum": ["P1", "P2", "P3", "P4", "P5"]},
    tags={"type": "array", "items": _TEXT},
    details=_OPEN,
    user=None,
    note=None,
) | {"required": ["message"]}
_OG_DO: Final = _said(user=None, source=None, note=None)
_OG_STATUS: Final = _said(
    data=_said(
        success={"type": "boolean"},
        isSuccess={"type": "boolean"},
        action=None,
        processedAt=None,
        integrationId=None,
        status=None,
        alertId=None,
        tinyId=None,
        alias=None,
    ),
    took={"type": "number"},
    requestId=None,
)
_OG_ALERT: Final = _said(
    id=None,
    tinyId=None,
    alias=None,
    message=None,
    status={"type": "string", "enum": ["open", "closed"]},
    acknowledged={"type": "boolean"},
    isSeen={"type": "boolean"},
    snoozed={"type": "boolean"},
    snoozedUntil={"type": "string", "format": "date-time"},
    tags={"type": "array", "items": _TEXT},
    count={"type": "integer"},
    lastOccurredAt={"type": "string", "format": "date-time"},
    createdAt={"type": "string", "format": "date-time"},
    updatedAt={"type": "string", "format": "date-time"},
    source=None,
    owner=None,
    priority=None,
    responders={"type": "array", "items": _OPEN},
    integration=_said(id=None, name=None, type=None),
    report=_said(ackTime={"type": "integer"}, closeTime={"type": "integer"}),
    actions={"type": "array", "items": _TEXT},
    entity=None,
    description=None,
    details={"type": "object", "additionalProperties": _TEXT},
)
_OG_QUERY: Final = _in("query", "query", "By alias, id, tinyId and status, as in “alias: disk AND status: open”.")


def _og_read(words: str, data: Schema, **more: Schema) -> Schema:
    """Return what a read of alerts is answered."""
    refusals = {status: _OG_ANSWERS[status] for status in ("401", "403", "422", "500", "503")}
    told = _said(data=data, **more, took={"type": "number"}, requestId=None)
    return {**refusals, **_answers(_200=(words, told), _404=("There is no such alert.", _OG_REFUSED))}


_OPSGENIE: Final[Schema] = {
    "/v2/alerts": {
        "post": _operation(
            "opsgenie_create", "Create an alert as at Opsgenie", _GENIE_KEY, body=_OG_CREATE, responses=_OG_ANSWERS
        ),
        "get": _operation(
            "opsgenie_list",
            "The alerts that were sent by this key's kind to its service",
            _GENIE_KEY,
            _OG_QUERY,
            _in("limit", "query", "At most so many, 100 and less.", type="integer", minimum=1, default=20),
            _in("offset", "query", "Without so many before them.", type="integer", minimum=0, default=0),
            _in("sort", "query", "By what they are sorted.", enum=["createdAt", "tinyId"], default="createdAt"),
            _in("order", "query", "Newest or oldest first.", enum=["desc", "asc"], default="desc"),
            responses=_og_read("A page of them.", {"type": "array", "items": _OG_ALERT}, paging=_OPEN),
        ),
    },
    "/v2/alerts/count": {
        "get": _operation(
            "opsgenie_count",
            "How many alerts there are, 20,000 at most",
            _GENIE_KEY,
            _OG_QUERY,
            responses=_og_read("So many.", _said(count={"type": "integer"})),
        )
    },
    "/v2/alerts/{identifier}": {
        "get": _operation(
            "opsgenie_get",
            "An alert as it was sent, and what became of it",
            _GENIE_KEY,
            *_IDENTIFIER,
            responses=_og_read("The alert.", _OG_ALERT),
        ),
        "delete": _operation(
            "opsgenie_delete",
            "Close an alert; nothing is deleted",
            _GENIE_KEY,
            *_IDENTIFIER,
            responses=_OG_ANSWERS,
        ),
    },
    "/v2/heartbeats/{name}/ping": {
        method: _operation(
            f"opsgenie_ping_{method}",
            "Ping a heartbeat of the key's service by its name",
            _GENIE_KEY,
            _in("name", "path", "The heartbeat's name."),
            responses={
                **{status: _OG_ANSWERS[status] for status in ("202", "401", "403", "500", "503")},
                **_answers(_404=("The service has no heartbeat of that name.", _OG_REFUSED)),
            },
        )
        for method in ("get", "post", "put", "patch")
    },
    "/v2/alerts/requests/{requestId}": {
        "get": _operation(
            "opsgenie_request",
            "What became of a request",
            _GENIE_KEY,
            _in("requestId", "path", "As the request was answered."),
            responses=_answers(
                _200=("What it did.", _OG_STATUS),
                _401=("No integration has this key.", _OG_REFUSED),
                _403=("The key is of another kind of integration.", _OG_REFUSED),
                _404=("There is no such request of this integration.", _OG_REFUSED),
            ),
        )
    },
    **{
        f"/v2/alerts/{{identifier}}/{does}": {
            "post": _operation(f"opsgenie_{does}", words, _GENIE_KEY, *_IDENTIFIER, body=_OG_DO, responses=_OG_ANSWERS)
        }
        for does, words in (
            ("acknowledge", "Acknowledge an alert"),
            ("close", "Close an alert"),
            ("unacknowledge", "Taken, and without effect"),
            ("snooze", "Taken, and without effect"),
            ("notes", "Taken, and without effect"),
            ("tags", "Taken, and without effect"),
            ("details", "Taken, and without effect"),
            ("responders", "Taken, and without effect"),
            ("assign", "Taken, and without effect"),
            ("escalate", "Taken, and without effect"),
        )
    },
    **{
        f"/v2/alerts/{{identifier}}/{what}": {
            "put": _operation(
                f"opsgenie_{what}",
                "Taken, and without effect: the next create says it",
                _GENIE_KEY,
                *_IDENTIFIER,
                body=_said(**{what: None}),
                responses=_OG_ANSWERS,
            )
        }
        for what in ("message", "description", "priority")
    },
}
_PD_REFUSED: Final = _said(status=None, message=None, errors={"type": "array", "items": _TEXT})
_PROBLEM: Final[Schema] = {"$ref": "#/components/schemas/Problem"}
_LATER: Final[Schema] = {
    status: {"description": words, "content": {"application/problem+json": {"schema": _PROBLEM}}}
    for status, words in (
        ("405", "Not a POST."),
        ("415", "The body is compressed; send it as it is."),
        ("500", "A mistake of ours. Send it again."),
        ("503", "Too much at once, or the database is away. Send it again."),
    )
}
_PAGERDUTY_V1: Final[Schema] = {
    "/generic/2010-04-15/create_event.json": {
        "post": _operation(
            "pagerduty_v1",
            "Send an event as to PagerDuty's Events API v1",
            body=_said(
                service_key=None,
                event_type={"type": "string", "enum": ["trigger", "acknowledge", "resolve"]},
                incident_key={"type": "string"},
                description=None,
                details=_OPEN,
                client=None,
                client_url=None,
                contexts={"type": "array", "items": _OPEN},
            )
            | {"required": ["service_key", "event_type"]},
            responses=_answers(
                _200=("Stored.", _said(status=None, message=None, incident_key=None)),
                _400=("PagerDuty's words for what is wrong.", _PD_REFUSED),
                _413=("More than 512 kB.", _PD_REFUSED),
            )
            | _LATER,
        )
    }
}
_VO_REFUSED: Final = _said(result=None, message=None)
_VICTOROPS: Final[Schema] = {
    "/integrations/generic/20131114/alert/{key}/{routing_key}": {
        "post": _operation(
            "victorops",
            "Send an alert as to Splunk On-Call (VictorOps)",
            _in("key", "path", "The integration's key."),
            _in("routing_key", "path", "Becomes a tag."),
            body=_said(message_type=None, entity_id=None, entity_display_name=None, state_message=None)
            | {"required": ["message_type"]},
            responses=_answers(
                _200=("Stored.", _said(result=None, entity_id=None)),
                _400=("It cannot be read; its bytes are kept.", _VO_REFUSED),
                _404=("No integration has this key.", _VO_REFUSED),
                _405=("Not a POST.", _VO_REFUSED),
                _413=("More than 1 MB.", _VO_REFUSED),
                _415=("The body is compressed; send it as it is.", _VO_REFUSED),
                _500=("A mistake of ours. Send it again.", _VO_REFUSED),
                _503=("Too much at once, or the database is away. Send it again.", _VO_REFUSED),
            ),
        )
    }
}
_AM_ALERTS: Final[Schema] = {
    "type": "array",
    "items": _said(
        labels={"type": "object", "additionalProperties": _TEXT},
        annotations={"type": "object", "additionalProperties": _TEXT},
        startsAt={"type": "string", "format": "date-time"},
        endsAt={"type": "string", "format": "date-time"},
        generatorURL=None,
    )
    | {"required": ["labels"]},
}
_AM_ANSWERS: Final = _answers(
    _200=("Stored.", None),
    _400=("It cannot be read; its bytes are kept.", _TEXT),
    _401=("There is no key.", _TEXT),
    _403=("The key is of another kind of integration.", _TEXT),
    _404=("No integration has this key.", _TEXT),
    _405=("Not a POST.", _TEXT),
    _413=("More than 16 MB.", _TEXT),
    _415=("The body is compressed; send it as it is.", _TEXT),
    _500=("A mistake of ours. Send it again.", _TEXT),
    _503=("Too much at once, or the database is away. Send it again.", _TEXT),
)
_AM_KEY: Final = _in("key", "path", "The integration's key.")
_ALERTMANAGER: Final[Schema] = {
    path: {"post": _operation(name, words, *parameters, body=_AM_ALERTS, responses=_AM_ANSWERS)}
    for path, name, words, parameters in (
        ("/api/v1/events/{key}/api/v2/alerts", "alertmanager", "Send alerts as to an Alertmanager", [_AM_KEY]),
        ("/{key}/api/v2/alerts", "alertmanager_short", "The same with the key alone before it", [_AM_KEY]),
        (
            "/api/v2/alerts",
            "alertmanager_header",
            "The same with the key in the header",
            [_in("Authorization", "header", "Bearer and the key, or basic authentication with it as password.")],
        ),
    )
}
_CHANGES: Final[Schema] = {
    "/v2/change/enqueue": {
        "post": _operation(
            "change_event",
            "Tell of a change of a service, as to PagerDuty",
            _in("Idempotency-Key", "header", "A repeat with the same key is stored once."),
            body=_said(
                routing_key=None,
                payload=_said(
                    summary=None, source=None, timestamp={"type": "string", "format": "date-time"}, custom_details=_OPEN
                ),
                links={"type": "array", "items": _said(href=None, text=None)},
            )
            | {"required": ["routing_key", "payload"]},
            responses=_answers(
                _202=("Stored.", _said(status=None, message=None)),
                _400=("PagerDuty's words for what is wrong.", _PD_REFUSED),
                _413=("More than 512 kB.", _PD_REFUSED),
            )
            | _LATER,
        )
    }
}
PATHS: Final[Schema] = {**_OPSGENIE, **_PAGERDUTY_V1, **_VICTOROPS, **_ALERTMANAGER, **_CHANGES}
"""The paths of the doors, as OpenAPI has them."""
