"""PagerDuty's change events: deployments and the like, which page nobody and explain much.

Source: https://developer.pagerduty.com/docs/send-change-event
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import orjson

from opsknight.api.drop_in.door import Answer, Visit, only_post
from opsknight.api.ingest_answers import Problem, problem_body
from opsknight.api.limits import excess
from opsknight.api.providers.pagerduty import PROVIDER
from opsknight.api.reading import as_object, instant, is_list, is_object, link, one_line, text
from opsknight.domain.commands import changes
from opsknight.domain.model.change import Change
from opsknight.domain.model.event import Link, Malformed

if TYPE_CHECKING:
    from opsknight.deps import Deps

ENQUEUE: Final = "/v2/change/enqueue"
_AHEAD: Final = timedelta(minutes=5)
"""How far a sender's clock may be ahead; what is told from further ahead counts as made now."""


class ChangeEvents:
    """Answers POST of one change."""

    def __init__(self, deps: Deps) -> None:
        """Write changes into the database of `deps`."""
        self._deps = deps

    async def take(self, visit: Visit) -> Answer:
        """Remember one change of the service whose integration's key is in the body, of whatever kind that is.

        Where the integration has a secret, a script that tells of changes carries it: it cannot sign as a monitor does.
        """
        only_post(visit)
        body = await visit.reception.body(visit.receive, visit.headers, PROVIDER.max_body, None)
        try:
            said = as_object((await visit.reception.parsed(body, PROVIDER, visit.headers)).payload)
        except Malformed as malformed:
            raise Problem(400, str(malformed)) from malformed
        key = said.get("routing_key")
        integration = await visit.reception.integration(key) if isinstance(key, str) and key else None
        if integration is None:
            wrong = "is not the key of an integration here" if key else "is missing or blank"
            raise Problem(400, "Event object is invalid", errors=[f"'routing_key' {wrong}"])
        await visit.reception.prove(integration, visit.headers, body, may_carry=True)
        if errors := list(_errors(said)):
            reason = f"A change event that cannot be read: {'; '.join(errors)}"
            kept = await visit.reception.keep_refused(integration, reason, body, visit.headers)
            raise Problem(400, "Event object is invalid", kept, errors=errors)
        now = self._deps.clock.now()
        change = _change(said, now)
        async with self._deps.commands(integration.actor) as uow:
            await changes.note(uow, integration, change, once=_once(visit, said, body))
        return 202, orjson.dumps({"status": "success", "message": "Change event processed"})

    def refuse(self, problem: Problem) -> Answer:
        """Return a refusal as PagerDuty words it."""
        return problem.status, problem_body(problem, as_pagerduty=True)


def _errors(said: dict[str, Any]) -> Iterator[str]:
    payload = said.get("payload")
    if not is_object(payload):
        yield "'payload' is missing or blank"
    elif not text(payload.get("summary")):
        yield "'payload.summary' is missing or blank"
    if reason := excess(said):
        yield reason


def _change(said: dict[str, Any], now: datetime) -> Change:
    payload = as_object(said["payload"])
    at = instant(payload.get("timestamp")) or now
    return Change(
        summary=one_line(text(payload["summary"])),
        at=at if at <= now + _AHEAD else now,
        source=one_line(text(payload.get("source"))),
        links=_links(said.get("links")),
        details=as_object(payload.get("custom_details")),
    )


def _links(listed: Any) -> tuple[Link, ...]:
    found = [
        link(one.get("href"), words=one_line(text(one.get("text"))))
        for one in (listed if is_list(listed) else ())
        if is_object(one)
    ]
    return tuple(one for one in found if one is not None)


def _once(visit: Visit, said: dict[str, Any], body: bytes) -> bytes | None:
    """Return by what a repeat is known: the sender's own key, else the body where it says when the change was made."""
    if given := visit.headers.get("idempotency-key", ""):
        return hashlib.sha256(b"key:" + given.encode()).digest()
    return hashlib.sha256(b"body:" + body).digest() if instant(said["payload"].get("timestamp")) else None
