"""The Opsgenie Alert API: create, acknowledge, close, delete; what became of a request, and of an alert.

Source: https://docs.opsgenie.com/docs/alert-api
A request's id is its delivery's. By then its outcome is durable, so asking for it never says "not yet".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode
from uuid import UUID

import orjson

from opsknight.api.drop_in.door import Answer, Visit, only_post
from opsknight.api.drop_in.opsgenie_reading import (
    meant,
    own_alias,
    searched,
    told,
    told_whole,
    uuid_of,
    whole_number,
    written,
)
from opsknight.api.ingest_answers import Problem
from opsknight.api.parse import Parsed
from opsknight.api.providers.opsgenie import NO_MESSAGE, PROVIDER, QUIET, SLUG, UPDATES
from opsknight.api.reading import as_object
from opsknight.crypto import new_id
from opsknight.domain.model.event import MAX_DEDUP_KEY, Malformed
from opsknight.domain.model.intake import Verdict
from opsknight.domain.queries import outcomes
from opsknight.domain.queries.catalogue import Integration
from opsknight.domain.queries.outcomes import Outcome
from opsknight.domain.queries.sent_alerts import (
    MOST_COUNTED,
    SentAlert,
    Wanted,
    count_sent_alerts,
    sent_alert,
    sent_alerts,
)

if TYPE_CHECKING:
    from opsknight.deps import Deps

ALERTS: Final = "/v2/alerts"
REQUESTS: Final = f"{ALERTS}/requests/"
COUNT: Final = f"{ALERTS}/count"
PAGE: Final = 20
LARGEST_PAGE: Final = 100
_SORTED: Final = frozenset(("", "createdAt", "tinyId"))
_KINDS: Final = frozenset(("id", "alias", "tiny"))
_DOES: Final = frozenset(("acknowledge", "close")) | QUIET
_NOT_HERE: Final = "OpsKnight takes create, acknowledge, close and delete of this API, and tells of alerts; no more."
_NO_ALERT: Final = "Alert does not exist"
_SAID: Final = {
    (Verdict.OPENED, "trigger"): "Created alert",
    (Verdict.REOPENED, "trigger"): "Created alert",
    (Verdict.OCCURRENCE, "trigger"): "Deduplicated alert",
    (Verdict.RAISED, "trigger"): "Deduplicated alert",
    (Verdict.LATE_COPY, "trigger"): "Deduplicated alert",
    (Verdict.JOINED, "trigger"): "Created alert in an incident that is open",
    (Verdict.RESOLVED, "resolve"): "Closed alert",
    (Verdict.ACKNOWLEDGED, "acknowledge"): "Acknowledged alert",
}
"""What a verdict is called in the status of a request."""
_BY_RULE: Final = {
    (Verdict.DROPPED, "trigger"): "Not created: a rule drops it",
    (Verdict.COUNTED, "trigger"): "Not created yet: a rule counts it, until more like it have come",
}
"""What rules decided against, which is no success."""
_WORDS: Final = {"trigger": "Create", "resolve": "Close", "acknowledge": "Acknowledge"}
_DELETED: Final = "Deleted alert"


class Opsgenie:
    """Answers what is asked below /v2/alerts."""

    def __init__(self, deps: Deps) -> None:
        """Look up alerts and requests in the database of `deps`."""
        self._deps = deps

    async def take(self, visit: Visit) -> Answer:
        """Carry out one request and answer 202, or tell what became of an earlier one."""
        integration = await authenticated(visit)
        if visit.method == "GET":
            return await self._read(visit, integration)
        name = visit.path[len(ALERTS) + 1 :].rstrip("/")
        if not name:
            only_post(visit)
            return await self._create(visit, integration)
        if visit.method == "DELETE":
            return await self._do(visit, integration, "delete", name)
        identifier, _, does = name.rpartition("/")
        if not identifier or does not in _DOES:
            raise Problem(404, _NOT_HERE)
        if does not in UPDATES or visit.method != "PUT":
            only_post(visit)
        return await self._do(visit, integration, does, identifier)

    def refuse(self, problem: Problem) -> Answer:
        """Return a refusal as Opsgenie words it."""
        return refused(problem)

    async def _read(self, visit: Visit, integration: Integration) -> Answer:
        """Tell of a request, of one alert, of a page of them, or how many there are."""
        path = visit.path.rstrip("/")
        if path.startswith(REQUESTS):
            return await self._status(path[len(REQUESTS) :], integration)
        ours = _ours(integration)
        if path not in {ALERTS, COUNT}:
            return await self._alert(ours, _kind_of(visit), path[len(ALERTS) + 1 :])
        wanted = searched(ours, visit.asked("query"))
        if path == ALERTS:
            return await self._page(visit, wanted)
        async with self._deps.reading() as session:
            count = 0 if wanted is None else await count_sent_alerts(session, wanted)
        return 200, said_so({"data": {"count": count}}, new_id())

    async def _alert(self, ours: Wanted, kind: str, identifier: str) -> Answer:
        wanted, found = meant(ours, kind, identifier), None
        if wanted is not None:
            async with self._deps.reading() as session:
                found = await sent_alert(session, wanted)
        if found is None:
            raise Problem(404, f"Alert with {kind} [{identifier[:MAX_DEDUP_KEY]}] does not exist.")
        return 200, said_so({"data": told_whole(found)}, new_id())

    async def _page(self, visit: Visit, wanted: Wanted | None) -> Answer:
        limit = max(1, whole_number(visit.asked("limit"), otherwise=PAGE, most=LARGEST_PAGE))
        offset = whole_number(visit.asked("offset"), otherwise=0, most=MOST_COUNTED)
        order, sort = visit.asked("order") or "desc", visit.asked("sort")
        if order not in {"asc", "desc"} or sort not in _SORTED:
            raise Problem(422, "Alerts are sorted by createdAt or tinyId, asc or desc.")
        found: Sequence[SentAlert] = ()
        if wanted is not None:
            async with self._deps.reading() as session:
                # one more than the page holds, to know whether there is a next
                found = await sent_alerts(session, wanted, limit=limit + 1, offset=offset, newest_first=order == "desc")
        paging = {"first": self._place(visit, limit, 0)}
        if len(found) > limit:
            paging["next"] = self._place(visit, limit, offset + limit)
        if offset:
            paging["prev"] = self._place(visit, limit, max(0, offset - limit))
        return 200, said_so({"data": [told(one) for one in found[:limit]], "paging": paging}, new_id())

    def _place(self, visit: Visit, limit: int, offset: int) -> str:
        """Return the address of a page of the same list."""
        asked = {name: said for name in ("query", "sort", "order") if (said := visit.asked(name))}
        return f"{self._deps.settings.address}{ALERTS}?{urlencode({**asked, 'limit': limit, 'offset': offset})}"

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
        kind = _kind_of(visit)
        body = await visit.reception.body(visit.receive, visit.headers, PROVIDER.max_body, integration)
        said: dict[str, Any] = {"user": visit.asked("user")} if does == "delete" else {}
        if body.strip():
            try:
                said = as_object((await visit.reception.parsed(body, PROVIDER, visit.headers)).payload)
            except Malformed as malformed:
                await visit.reception.prove(integration, visit.headers, body)
                reason = f"{malformed} It was to {does} the alert with the {kind} “{identifier[:100]}”."
                kept = await visit.reception.keep_refused(integration, reason, body, visit.headers)
                raise Problem(400, str(malformed), kept) from malformed
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
        wanted = meant(replace(_ours(integration), status="open"), kind, identifier)
        if wanted is None:
            return None
        async with self._deps.reading() as session:
            found = await sent_alert(session, wanted)
        return None if found is None else own_alias(found.dedup_key, found.told_by)

    async def _status(self, request_id: str, integration: Integration) -> Answer:
        found, delivery_id = None, uuid_of(request_id)
        if delivery_id is not None:
            async with self._deps.reading() as session:
                found = await outcomes.outcome(session, delivery_id)
        if delivery_id is None or found is None or found.integration_id != integration.id:
            raise Problem(404, "Request not found. It might not be processed, or was removed after its retention.")
        return 200, said_so({"data": _data(found, integration)}, delivery_id)


async def authenticated(visit: Visit) -> Integration:
    """Return the integration whose key a request carries.

    Raises:
        Problem: it carries none that is known, or that of another kind of integration.
    """
    key = visit.credentials("GenieKey")
    integration = await visit.reception.integration(key) if key else None
    if integration is None:
        raise Problem(401, "Could not authenticate: send Authorization: GenieKey and an integration's key.")
    if integration.provider != SLUG:
        raise Problem(403, "The key is not one of an integration of the kind Opsgenie Alert API.")
    return integration


def refused(problem: Problem) -> Answer:
    """Return a refusal as Opsgenie words it."""
    said: dict[str, Any] = {"message": problem.sentence}
    if problem.errors:
        said["message"] = "Request body is not processable. Please check the errors."
        said["errors"] = {"message": problem.errors[0]}
    return problem.status, said_so(said, problem.delivery_id or new_id())


def _ours(integration: Integration) -> Wanted:
    """Return the alerts that an integration may see."""
    return Wanted(service_id=integration.service_id, provider=SLUG, moves=integration.reroutes)


def _kind_of(visit: Visit) -> str:
    kind = visit.asked("identifierType") or "id"
    if kind not in _KINDS:
        raise Problem(422, "Identifier type is not valid; say id, alias or tiny.")
    return kind


def _data(found: Outcome, integration: Integration) -> dict[str, Any]:
    """Return what Opsgenie says of a request that was processed, with the incident's number as tinyId."""
    status, is_done, does = _status_of(found)
    return {
        "success": is_done,
        "isSuccess": is_done,
        "action": does,
        "processedAt": written(found.received_at),
        "integrationId": str(integration.id),
        "status": status,
        "alertId": str(found.alert_id) if found.alert_id else "",
        "tinyId": str(found.number) if found.number else "",
        "alias": own_alias(found.dedup_key or "", found.body) if found.alert_id else "",
    }


def _status_of(found: Outcome) -> tuple[str, bool, str]:
    """Return how a request ended in words, whether it did what it asked for, and what that was."""
    if found.action is None or found.verdict is None:
        if found.reason:
            return f"Not processed: {found.reason}", False, "Create"
        does = _asked_for(found)
        if does in QUIET:
            return f"Nothing was changed: OpsKnight does not carry out {does} from outside", False, does.capitalize()
        return _NO_ALERT, False, does.capitalize()
    does = _WORDS.get(found.action, found.action)
    if found.action == "resolve" and _asked_for(found) == "delete":
        is_done = found.verdict == Verdict.RESOLVED
        return _DELETED if is_done else _NO_ALERT, is_done, "Delete"
    if said := _SAID.get((Verdict(found.verdict), found.action)):
        return said, True, does
    if said := _BY_RULE.get((Verdict(found.verdict), found.action)):
        return said, False, does
    if found.verdict == Verdict.UNREADABLE:
        return f"Not processed: {found.reason}", False, "Create"
    return _NO_ALERT, False, does


def _asked_for(found: Outcome) -> str:
    """Return what a request wants done to an alert; its delivery was written by this door."""
    return str(as_object(orjson.loads(found.body)).get("action", ""))


def _accepted(request_id: UUID) -> bytes:
    return said_so({"result": "Request will be processed"}, request_id)


def said_so(said: dict[str, Any], request_id: UUID) -> bytes:
    """Return an answer with what Opsgenie writes under each."""
    return orjson.dumps({**said, "took": 0.001, "requestId": str(request_id)})
