"""Payloads as the monitors' own documents and other people's tests have them, where they are at hand."""

from __future__ import annotations

from typing import Any

import pytest

from tests.providers.said import SAMPLES, said

pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason="the collected samples are not here")

AT_2023 = "2023-06-12T08:24:38.326000+00:00"
EXPECTED: dict[tuple[str, str], list[dict[str, Any]]] = {
    ("prometheus", "firing_batch_two_instances"): [
        {
            "action": "trigger",
            "dedup_key": "alertmanager:f404ecabc8dd5cd7",
            "severity": "critical",
            "title": "Instance localhost:8081 down",
            "started_at": AT_2023,
        },
        {"action": "trigger", "dedup_key": "alertmanager:f8f08d4e32c61a9d", "title": "Instance localhost:8082 down"},
    ],
    ("prometheus", "firing_legacy_test_empty_group"): [
        {
            "action": "trigger",
            "severity": "critical",
            "title": "This is test alert",
            "started_at": "2018-12-25T15:47:47.377363+00:00",
        }
    ],
    ("prometheus", "firing_minimal_no_fingerprint_no_times"): [
        {"action": "trigger", "severity": "error", "title": "My alert summary"}
    ],
    ("prometheus", "firing_two_alerts_same_labels"): [
        {
            "action": "trigger",
            "dedup_key": "alertmanager:a1bc48475b20e73d",
            "severity": "critical",
            "title": "High CPU core temperature",
            "started_at": "2020-02-06T00:17:58.432911+00:00",
        },
        {"action": "trigger", "dedup_key": "alertmanager:c2ea85182f28cbd9"},
    ],
    ("prometheus", "firing_v3_numeric_groupkey"): [
        {
            "action": "trigger",
            "severity": "critical",
            "title": "Connect fail",
            "started_at": "2016-08-01T10:27:08.008000+00:00",
        }
    ],
    ("prometheus", "firing_v4_single"): [
        {
            "action": "trigger",
            "severity": "critical",
            "title": "No things for over 10 minutes",
            "started_at": "2017-08-03T19:17:37.804000+00:00",
        }
    ],
    ("datadog", "default_template_test"): [
        {
            "action": "trigger",
            "title": "[TEST] Host Cluster Alert",
            "severity": "error",
            "occurred_at": "2020-06-03T20:43:05+00:00",
        }
    ],
    ("datadog", "keep_template_metric_alert"): [
        {
            "action": "trigger",
            "dedup_key": "datadog:monitor_id:1234567890",
            "severity": "warning",
            "title": "High CPU Usage",
            "tags": {"environment": "production", "team": "backend"},
        }
    ],
    ("datadog", "keep_template_numeric_priority"): [
        {"action": "trigger", "dedup_key": "datadog:monitor_id:1234567891", "title": "Low Disk Space"}
    ],
    ("pagerduty-events-v2", "acknowledge"): [{"action": "acknowledge", "dedup_key": "pagerduty:dedupkeyhere"}],
    ("pagerduty-events-v2", "resolve"): [{"action": "resolve", "dedup_key": "pagerduty:dedupkeyhere"}],
    ("pagerduty-events-v2", "trigger"): [
        {
            "action": "trigger",
            "dedup_key": "pagerduty:samplekeyhere",
            "severity": "info",
            "title": "Example alert on host1.example.com",
            "occurred_at": "2015-07-17T08:42:58.315000+00:00",
        }
    ],
    ("webhook", "formatted_alerting"): [
        {
            "action": "trigger",
            "dedup_key": "generic:08d6891a-835c-e661-39fa-96b6a9e26552",
            "title": "TestAlert: The whole system is down",
            "links": [{"href": "https://en.wikipedia.org/wiki/Downtime", "text": "Details"}],
        }
    ],
    ("webhook", "message_only"): [
        {"action": "trigger", "title": "This alert was sent by user for demonstration purposes"}
    ],
    ("webhook", "wazuh"): [{"action": "trigger", "severity": "info", "title": "New dpkg (Debian Package) installed."}],
}
ADAPTERS = {
    "prometheus": "alertmanager",
    "datadog": "datadog",
    "pagerduty-events-v2": "pagerduty",
    "webhook": "generic",
}


@pytest.mark.parametrize(("folder", "name"), EXPECTED)
def test_a_sample_says_what_its_source_says_it_means(folder: str, name: str):
    became = said(ADAPTERS[folder], (SAMPLES / folder / f"{name}.json").read_bytes())

    assert [
        {field: event.get(field) for field in wanted}
        for event, wanted in zip(became, EXPECTED[folder, name], strict=True)
    ] == EXPECTED[folder, name]


def test_a_sample_time_that_is_no_time_is_left_out():
    [event] = said("generic", (SAMPLES / "webhook/wazuh.json").read_bytes())

    assert "occurred_at" not in event


def test_a_change_event_pages_nobody():
    became = said("pagerduty", (SAMPLES / "pagerduty-events-v2/change_event.json").read_bytes())

    assert became["errors"] == ["'event_action' is missing or blank"]


def test_every_sample_of_these_monitors_is_tried():
    here = {(folder, path.stem) for folder in ADAPTERS for path in (SAMPLES / folder).glob("*.json")}

    assert here - EXPECTED.keys() == {("pagerduty-events-v2", "change_event")}
