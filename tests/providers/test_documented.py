"""What docs/api.md tells people to send is what we read."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from opsknight.api import field_mapping
from opsknight.api.providers.table import PROVIDERS
from opsknight.domain.model.event import Action, Event
from tests.providers.said import normalised

PAGE = (Path(__file__).parents[2] / "docs/api.md").read_text()
EXAMPLES: list[tuple[str, Any]] = [
    (kind, json.loads(body)) for kind, body in re.findall(r"^```json (\S+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
]
RENDERED = {
    "$EVENT_TITLE": "[Triggered on {host:web-1}] CPU high",
    "$ALERT_ID": "123",
    "$ALERT_SCOPE": "host:web-1",
    "$ALERT_TRANSITION": "Triggered",
    "$ALERT_PRIORITY": "P1",
    "$DATE": "1795487000000",
    "$TAGS": "env:prod, monitor",
}


def of_kind(kind: str) -> list[Any]:
    return [example for said, example in EXAMPLES if said == kind]


@pytest.mark.parametrize(
    ("slug", "payload"), [one for one in EXAMPLES if one[0] in {"generic", "pagerduty"}], ids=lambda one: str(one)[:30]
)
def test_every_example_is_read_as_it_stands(slug: str, payload: Any):
    became = normalised(slug, payload)

    assert became
    assert all(isinstance(event, Event) for event in became)


def test_the_example_of_a_mapping_does_what_the_page_says():
    [mapping], [payload] = of_kind("mapping"), of_kind("mapping-payload")
    field_mapping.check(mapping)

    [event] = normalised("generic", payload, mapping=mapping)

    assert isinstance(event, Event)
    assert (event.action, event.dedup_key, event.title, event.severity, event.tags, event.component) == (
        Action.TRIGGER, "generic:4711:web-1", "HTTP api.example.org", "critical", {"env": "production"}, "checks",
    )  # fmt: skip


def test_the_template_for_datadog_makes_a_trigger_and_its_recovery():
    [template] = of_kind("datadog")
    triggered = {name: RENDERED.get(value, value) for name, value in template.items()}
    recovered = triggered | {"alert_transition": "Recovered", "title": "[Recovered on {host:web-1}] CPU high"}

    [began], [ended] = normalised("datadog", triggered), normalised("datadog", recovered)

    assert isinstance(began, Event)
    assert isinstance(ended, Event)
    assert (began.action, ended.action, began.title) == (Action.TRIGGER, Action.RESOLVE, "CPU high")
    assert began.dedup_key == ended.dedup_key == "datadog:alert_id:123:host:web-1"


def test_every_provider_is_on_the_page():
    assert [provider.label for provider in PROVIDERS.values() if f"## {provider.label}\n" not in PAGE] == []
