"""The REST endpoint of Splunk On-Call, formerly VictorOps: key and routing key stand in the address.

Source: https://help.splunk.com/splunk-observability-cloud/splunk-on-call/integrations-with-splunk-on-call/rest-endpoint-integration-for-splunk-on-call
"""

from __future__ import annotations

from typing import Final

import orjson

from opsknight.api.drop_in.door import Answer, Visit, only_post
from opsknight.api.ingest_answers import Problem
from opsknight.api.providers.splunk_oncall import PROVIDER, SLUG
from opsknight.api.reading import as_object
from opsknight.domain.model.event import Event, Malformed

ALERT: Final = "/integrations/generic/20131114/alert/"


class VictorOps:
    """Answers POST of one alert."""

    async def take(self, visit: Visit) -> Answer:
        """Store one alert and name its entity_id. The routing key becomes a tag of the incident."""
        only_post(visit)
        key, _, routing_key = visit.path[len(ALERT) :].partition("/")
        integration = await visit.reception.integration(key) if key else None
        if integration is None or integration.provider != SLUG:
            raise Problem(404, "No integration of the kind Splunk On-Call has this key.")
        body = await visit.reception.body(visit.receive, visit.headers, PROVIDER.max_body, integration)
        try:
            parsed = await visit.reception.parsed(body, PROVIDER, visit.headers)
        except Malformed:
            parsed = None  # it is refused below, and kept
        said = as_object(parsed.payload) if parsed is not None else {}
        if said and routing_key.strip("/"):
            said.setdefault("routing_key", routing_key.strip("/"))
        _, events = await visit.reception.store(integration, visit.headers, body, parsed)
        names = [event.dedup_key.removeprefix(f"{SLUG}:") for event in events if isinstance(event, Event)]
        entity = next(iter(names), str(said.get("entity_id", "")))
        return 200, orjson.dumps({"result": "success", "entity_id": entity})

    def refuse(self, problem: Problem) -> Answer:
        """Return a refusal as Splunk On-Call words it."""
        return problem.status, orjson.dumps({"result": "failure", "message": problem.sentence})
