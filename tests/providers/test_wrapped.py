"""What payloads of a file cannot show: recoveries that stand inside texts, and events that are very large."""

from __future__ import annotations

import base64
import json

from opsknight.domain.model.event import Action, Event
from tests.providers.said import normalised


def only(slug: str, payload: object) -> Event:
    """Return the one event of a payload."""
    [event] = normalised(slug, payload)
    assert isinstance(event, Event)
    return event


def test_an_incident_that_pubsub_carries_is_closed_by_the_same_key():
    opened = {"version": "1.2", "incident": {"incident_id": "0.abc", "state": "open", "summary": "Slow"}}
    closed = {"version": "1.2", "incident": {"incident_id": "0.abc", "state": "closed", "summary": "Fast"}}
    pushed = {"message": {"data": base64.b64encode(json.dumps(closed).encode()).decode(), "messageId": "1"}}

    began, ended = only("google-cloud-monitoring", opened), only("google-cloud-monitoring", pushed)

    assert (began.action, ended.action) == (Action.TRIGGER, Action.RESOLVE)
    assert began.dedup_key == ended.dedup_key


def test_what_pubsub_pushes_to_a_generic_integration_is_read_for_what_it_carries():
    carried = {"title": "Nightly export failed", "dedup_key": "export", "status": "resolved"}
    pushed = {
        "message": {"data": base64.b64encode(json.dumps(carried).encode()).decode(), "messageId": "1"},
        "subscription": "projects/shop/subscriptions/opsknight",
    }

    event = only("generic", pushed)

    assert (event.action, event.dedup_key, event.title) == (Action.RESOLVE, "generic:export", "Nightly export failed")


def test_kibana_objects_that_a_template_wrote_as_texts_recover():
    def body(group: str) -> object:
        rule, alert = {"id": "r-1", "name": "CPU"}, {"id": "depot-vm-7", "actionGroup": group}
        return {"webhook_body": {"rule_info": json.dumps(rule), "alert_info": json.dumps(alert), "context_info": "{}"}}

    began, ended = only("elastic", body("metrics.threshold.fired")), only("elastic", body("recovered"))

    assert (began.action, ended.action) == (Action.TRIGGER, Action.RESOLVE)
    assert began.dedup_key == ended.dedup_key == "elastic:r-1:depot-vm-7"


def test_appdynamics_events_without_a_type_end_by_their_name():
    def body(name: str) -> object:
        return {"id": "1", "name": name, "description": "Belt 7 is slow", "severity": "INFO"}

    began, ended = (
        only("appdynamics", body(f"Health Rule Violation {what} - Critical")) for what in ("Started", "Ended")
    )

    assert (began.action, ended.action) == (Action.TRIGGER, Action.RESOLVE)
    assert began.dedup_key == ended.dedup_key


def test_an_error_with_a_very_long_stack_trace_pages_all_the_same():
    frames = [{"vars": {str(number): "x" for number in range(50)}} for _ in range(100)]
    error = {"issue_id": "7", "title": "Timeout", "level": "fatal", "exception": {"values": [{"frames": frames}]}}

    event = only("sentry", {"action": "triggered", "data": {"event": error}})

    assert (event.action, event.dedup_key, event.title) == (Action.TRIGGER, "sentry:issue:7", "Timeout")


def test_an_error_that_an_older_version_writes_with_its_whole_stack_pages_all_the_same():
    frames = [{"vars": {str(number): "x" for number in range(50)}} for _ in range(100)]
    error = {"sentry.interfaces.Stacktrace": {"frames": frames}, "tags": [["server_name", "belt-7"]]}

    event = only("sentry", {"project": "depot", "id": "15", "message": "Timeout", "level": "fatal", "event": error})

    assert (event.action, event.dedup_key, event.source) == (Action.TRIGGER, "sentry:issue:15", "belt-7")
