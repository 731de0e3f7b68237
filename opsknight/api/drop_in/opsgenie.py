"""The Opsgenie Alert API: create, acknowledge, close, and what became of a request.

Source: https://docs.opsgenie.com/docs/alert-api
A request's id is its delivery's. By then its outcome is durable, so asking for it never says "not yet".
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import orjson

from opsknight.api.drop_in.door import Answer, Visit, only_post
from opsknight.api.ingest_answers import Problem
from opsknight.api.parse import Parsed
from opsknight.api.providers.opsgenie import NO_MESSAGE, PROVIDER, QUIET, SLUG, UPDATES
from opsknight.api.reading import as_object
from opsknight.crypto import new_id
from opsknight.domain.model.event import Malformed
from opsknight.domain.model.intake import Verdict
from opsknight.domain.queries import outcomes
from opsknight.domain.queries.catalogue import Integration
from opsknight.domain.queries.outcomes import Outcome

if TYPE_CHECKING:
    from opsknight.deps import Deps

ALERTS: Final = "/v2/alerts"
REQUESTS: Final = f"{ALERTS}/requests/"
_DOES: Final = frozenset(("acknowledge", "close")) | QUIET
_NO_ALERT: Final = "Alert does not exist"
_MAX_NUMBER: Final = 18
_SAID: Final = {
    (Verdict.OPENED, "trigger"): "Created alert",
    (Verdict.REOPENED, "trigger"): "Created alert",
    (Verdict.OCCURRENCE, "trigger"): "Deduplicated alert",
    (Verdict.RAISED, "trigger"): "Deduplicated alert",
    (Verdict.LATE_COPY, "trigger"): "Deduplicated alert",
    (Verdict.RESOLVED, "resolve"): "Closed alert",
    (Verdict.ACKNOWLEDGED, "acknowledge"): "Acknowledged alert",
}
"""What a verdict is called in the status of a request."""
_WORDS: Final = {"trigger": "Create", "resolve": "Close", "acknowledge": "Acknowledge"}


class Opsgenie:
    """Answers POST and GET below /v2/alerts."""

    def __init__(self, deps: Deps) -> None:
        """Look up alerts and requests in the database of `deps`."""
        self._deps = deps

    async def take(self, visit: Visit) -> Answer:
        """Carry out one request and answer 202, or tell what became of an earlier one."""
        integration = await self._authenticated(visit)
        if visit.path.startswith(REQUESTS) and visit.method == "GET":
            return await self._status(visit.path[len(REQUESTS) :].strip("/"), integration)
        if visit.path.rstrip("/") == ALERTS:
            only_post(visit)
            return await self._create(visit, integration)
        identifier, _, does = visit.path[len(ALERTS) + 1 :].rstrip("/").rpartition("/")
        if not identifier or does not in _DOES:
            raise Problem(404, "OpsKnight takes create, acknowledge and close of this API, and nothing else of it.")
        if does not in UPDATES or visit.method != "PUT":
            only_post(visit)
        return await self._do(visit, integration, does, identifier)

    def refuse(self, problem: Problem) -> Answer:
        """Return a refusal as Opsgenie words it."""
        told: dict[str, Any] = {"message": problem.sentence}
        if problem.errors:
            told["message"] = "Request body is not processable. Please check the errors."
            told["errors"] = {"message": problem.errors[0]}
        return problem.status, _told(told, problem.delivery_id or new_id())

    async def _authenticated(self, visit: Visit) -> Integration:
        key = visit.credentials("GenieKey")
        integration = await visit.reception.integration(key) if key else None
        if integration is None:
            raise Problem(401, "Could not authenticate: send Authorization: GenieKey and an integration's key.")
        if integration.provider != SLUG:
            raise Problem(403, "The key is not one of an integration of the kind Opsgenie Alert API.")
        return integration

    async def _create(self, visit: Visit, integration: Integration) -> Answer:
        body = await visit.reception.body(visit.receive, visit.headers, PROVIDER.max_body, integration)
        try:
            receipt, _ = await visit.reception.store(integration, visit.headers, body)
        except Problem as problem:
            if problem.sentence != NO_MESSAGE:
                raise
            raise Problem(422, NO_MESSAGE, problem.delivery_id, errors=[NO_MESSAGE]) from problem
        return 202, _accepted(receipt.delivery_id)

    async def _do(self, visit: Visit, integration: Integration, does: str, identifier: str) -> Answer:
        """Store what is done to an alert as an object of its own, for half of it stands in the address."""
        kind = visit.asked("identifierType") or "id"
        if kind not in {"id", "alias", "tiny"}:
            raise Problem(422, "Identifier type is not valid; say id, alias or tiny.")
        body = await visit.reception.body(visit.receive, visit.headers, PROVIDER.max_body, integration)
        said: dict[str, Any] = {}
        if body.strip():
            try:
                said = as_object((await visit.reception.parsed(body, PROVIDER, visit.headers)).payload)
            except Malformed as malformed:
                raise Problem(400, str(malformed)) from malformed
        done = {
            "action": does,
            "identifier": identifier,
            "identifierType": kind,
            "alias": await self._alias(integration, kind, identifier),
            "said": said,
        }
        whole = Parsed(done, duplicate_keys=False, may_exceed=True)
        receipt, _ = await visit.reception.store(integration, visit.headers, orjson.dumps(done), whole)
        return 202, _accepted(receipt.delivery_id)

    async def _alias(self, integration: Integration, kind: str, identifier: str) -> str | None:
        """Return the alias of the alert that is meant, None where no such alert is open."""
        if kind == "alias":
            return identifier
        about: dict[str, Any] = {"service_id": integration.service_id, "provider": SLUG}
        if kind == "tiny":
            if not (identifier.isascii() and identifier.isdigit() and len(identifier) <= _MAX_NUMBER):
                return None
            about["number"] = int(identifier)
        elif (alert_id := _uuid(identifier)) is None:
            return None
        else:
            about["alert_id"] = alert_id
        async with self._deps.reading() as session:
            return await outcomes.open_key(session, **about)

    async def _status(self, request_id: str, integration: Integration) -> Answer:
        found, delivery_id = None, _uuid(request_id)
        if delivery_id is not None:
            async with self._deps.reading() as session:
                found = await outcomes.outcome(session, delivery_id)
        if delivery_id is None or found is None or found.integration_id != integration.id:
            raise Problem(404, "Request not found. It might not be processed, or was removed after its retention.")
        return 200, _told({"data": _data(found, integration)}, delivery_id)


def _data(found: Outcome, integration: Integration) -> dict[str, Any]:
    """Return what Opsgenie says of a request that was processed, with the incident's number as tinyId."""
    status, is_done, does = _status_of(found)
    return {
        "success": is_done,
        "isSuccess": is_done,
        "action": does,
        "processedAt": found.received_at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "integrationId": str(integration.id),
        "status": status,
        "alertId": str(found.alert_id) if found.alert_id else "",
        "tinyId": str(found.number) if found.number else "",
        "alias": (found.dedup_key or "").removeprefix(f"{SLUG}:") if found.alert_id else "",
    }


def _status_of(found: Outcome) -> tuple[str, bool, str]:
    """Return how a request ended in words, whether it did what it asked for, and what that was."""
    if found.action is None or found.verdict is None:
        does = str(as_object(orjson.loads(found.body)).get("action", "")) if not found.reason else "create"
        if found.reason:
            return f"Not processed: {found.reason}", False, "Create"
        if does in QUIET:
            return f"Nothing was changed: OpsKnight does not carry out {does} from outside", False, does.capitalize()
        return _NO_ALERT, False, does.capitalize()
    does = _WORDS.get(found.action, found.action)
    if said := _SAID.get((Verdict(found.verdict), found.action)):
        return said, True, does
    if found.verdict == Verdict.UNREADABLE:
        return f"Not processed: {found.reason}", False, "Create"
    return _NO_ALERT, False, does


def _accepted(request_id: UUID) -> bytes:
    return _told({"result": "Request will be processed"}, request_id)


def _told(told: dict[str, Any], request_id: UUID) -> bytes:
    return orjson.dumps({**told, "took": 0.001, "requestId": str(request_id)})


def _uuid(said: str) -> UUID | None:
    try:
        return UUID(said)
    except ValueError:
        return None
