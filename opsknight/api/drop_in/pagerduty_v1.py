"""PagerDuty's Events API v1, which old senders and libraries still speak; the key is in the body.

Source: https://developer.pagerduty.com/docs/ZG9jOjExMDI5NTc4-send-a-v1-event
"""

from __future__ import annotations

from typing import Final

import orjson

from opsknight.api.drop_in.door import Answer, Visit, only_post
from opsknight.api.ingest_answers import Problem, problem_body
from opsknight.api.providers.pagerduty import PROVIDER, SLUG
from opsknight.api.reading import as_object
from opsknight.domain.model.event import Malformed, Unreadable

CREATE_EVENT: Final = "/generic/2010-04-15/create_event.json"


class PagerDutyV1:
    """Answers POST of create_event.json."""

    async def take(self, visit: Visit) -> Answer:
        """Store one event and name its incident_key."""
        only_post(visit)
        body = await visit.reception.body(visit.receive, visit.headers, PROVIDER.max_body, None)
        try:
            parsed = await visit.reception.parsed(body, PROVIDER, visit.headers)
        except Malformed as malformed:
            raise Problem(400, str(malformed)) from malformed
        said = as_object(parsed.payload)
        key = said.get("service_key")
        integration = await visit.reception.integration(key) if isinstance(key, str) and key else None
        if integration is None or integration.provider != SLUG:
            wrong = "is not the key of a PagerDuty integration here" if key else "is missing or blank"
            raise Problem(400, "Event object is invalid", errors=[f"'service_key' {wrong}"])
        _, [event] = await visit.reception.store(integration, visit.headers, body, parsed)
        if isinstance(event, Unreadable):
            return 200, orjson.dumps({"status": "success", "message": "Event kept as unreadable"})
        incident_key = event.dedup_key.removeprefix(f"{SLUG}:")
        return 200, orjson.dumps({"status": "success", "message": "Event processed", "incident_key": incident_key})

    def refuse(self, problem: Problem) -> Answer:
        """Return a refusal as PagerDuty words it; version 1 has no 429, and says 403 to who sends too much."""
        return 403 if problem.status == 429 else problem.status, problem_body(problem, as_pagerduty=True)
