"""What the services page tells people to paste is what the adapters understand."""

from __future__ import annotations

import json
import shlex
from datetime import UTC, datetime
from typing import Any

import pytest

from opsknight.api.providers.provider import Context
from opsknight.api.providers.table import PROVIDERS
from opsknight.deps import Monitor
from opsknight.domain.model.event import Action, Event, Severity
from opsknight.ui.parts.avatar import initials
from opsknight.ui.parts.links import web_address
from opsknight.ui.senders import change_curl, curl, kinds, sender
from opsknight.ui.senders import test_event as sample_event
from opsknight.ui.what_if import senders_of

BASE, KEY = "https://opsknight.example.org", "9f8e7d6c5b4a3928"
CONTEXT = Context(received_at=datetime(2026, 11, 24, 12, 0, tzinfo=UTC), new_key="new")


MONITORS = {
    slug: Monitor(kind.label, kind.where, kind.setup, kind.sample) for slug, kind in PROVIDERS.items() if kind.sample
}


@pytest.mark.parametrize("provider", sorted(MONITORS))
def test_a_monitors_own_test_event_is_one_trigger_that_says_it_is_a_test(provider: str):
    body = sample_event(provider, KEY, MONITORS)

    (event,) = PROVIDERS[provider].normalise(json.loads(body), CONTEXT)

    assert isinstance(event, Event)
    assert event.action is Action.TRIGGER
    assert "test" in event.title.casefold()


@pytest.mark.parametrize("provider", sorted(PROVIDERS.keys() - MONITORS.keys()))
def test_a_test_event_is_one_quiet_trigger_in_the_words_of_its_monitor(provider: str):
    body = sample_event(provider, KEY, MONITORS)

    (event,) = PROVIDERS[provider].normalise(json.loads(body), CONTEXT)

    assert isinstance(event, Event)
    assert (event.action, event.severity) == (Action.TRIGGER, Severity.INFO)
    assert event.title.startswith("Test event")


@pytest.mark.parametrize("provider", sorted(PROVIDERS))
def test_every_provider_has_words_of_its_own_that_hold_the_key(provider: str):
    how = sender(provider, MONITORS)

    assert KEY in how.text(BASE, KEY)
    assert "{address}" not in how.text(BASE, KEY)
    assert how.name
    assert provider in MONITORS or how.where != sender("something new").where


KNOWN_BY_KEY = {"email", "opsgenie", "pagerduty"}
"""Their senders prove themselves with the key alone."""


@pytest.mark.parametrize("provider", sorted(PROVIDERS))
def test_a_person_is_told_whence_the_secret_comes_of_every_monitor_that_can_prove_itself(provider: str):
    kind = PROVIDERS[provider]

    assert (kind.verify is None) == (provider in KNOWN_BY_KEY)
    assert kind.signed_with.endswith(".")


def test_the_curl_line_survives_a_shell_and_is_a_critical_trigger():
    words = shlex.split(curl(BASE, KEY).replace("\\\n", " "))

    (event,) = PROVIDERS["generic"].normalise(json.loads(words[words.index("-d") + 1]), CONTEXT)

    assert words[:2] == ["curl", f"{BASE}/api/v1/events/{KEY}"]
    assert isinstance(event, Event)
    assert event.severity is Severity.CRITICAL


@pytest.mark.parametrize(("has_secret", "proofs"), [(False, 0), (True, 1)])
def test_the_line_that_tells_of_a_deployment_survives_a_shell_and_proves_whose_it_is(has_secret: bool, proofs: int):  # noqa: FBT001
    words = shlex.split(change_curl(BASE, KEY, has_secret=has_secret).replace("\\\n", " "))

    assert words[:2] == ["curl", f"{BASE}/v2/change/enqueue"]
    assert words.count("Authorization: Bearer YOUR-SECRET") == proofs
    assert json.loads(words[words.index("-d") + 1])["routing_key"] == KEY


def test_every_kind_of_monitor_is_offered_the_one_for_anything_first():
    offered = kinds(MONITORS)

    assert set(offered) == set(PROVIDERS)
    assert next(iter(offered)) == "generic"


def test_datadogs_payload_is_a_json_object_of_its_own_variables():
    payload = json.loads(sender("datadog").text(BASE, KEY).split("Payload\n", 1)[1])

    assert payload["alert_transition"] == "$ALERT_TRANSITION"


@pytest.mark.parametrize(
    ("name", "letters"), [("Amira Khan", "AK"), ("Jean Luc Van Damme", "JD"), ("Prince", "P"), ("", "?"), ("  ", "?")]
)
def test_initials_are_of_the_first_and_the_last_name(name: str, letters: str):
    assert initials(name) == letters


@pytest.mark.parametrize(
    ("address", "opens"),
    [
        ("https://wiki.example.org/x", True),
        ("http://10.0.0.1", True),
        ("javascript:alert(1)", False),
        (" JaVaScRiPt:alert(1)", False),
        ("data:text/html,x", False),
        ("//evil.example.org", False),
        ("https://", False),
        ("http://[broken", False),
        ("", False),
    ],
)
def test_only_whole_web_addresses_can_be_opened(address: str, opens: bool):  # noqa: FBT001  # what is expected
    assert web_address(address) is opens


def test_whoever_may_send_to_a_service_is_offered_with_a_sample_of_what_its_monitor_sends():
    lines: list[Any] = [
        {"id": 3, "integrations": [{"id": 7, "name": "Prod", "provider": "alertmanager"}]},
        {"id": 4, "integrations": [{"id": 8, "name": "Scripts", "provider": "generic"}]},
        {"id": 5, "integrations": []},
    ]

    senders = senders_of(lines, MONITORS)

    assert senders.of_service["3"] == [
        {"id": 7, "name": "Prod", "kind": "alertmanager", "label": "Prometheus Alertmanager"}
    ]
    assert (senders.of_service["5"], senders.samples.keys()) == ([], {"alertmanager"})
    (event,) = PROVIDERS["alertmanager"].normalise(json.loads(senders.samples["alertmanager"]), CONTEXT)
    assert isinstance(event, Event)
