"""Fault 30: a NUL in title, label name and dedup key is taken, shown as U+FFFD, and in nobody's way afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from tests.bounds import PATIENCE_S
from tests.faults.product import Product

pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
def product(steady: Product) -> Product:
    """The one that nobody kills."""
    return steady


SHOWN = "\ufffd"


def generic(action: str) -> Mapping[str, Any]:
    return {
        "action": action, "title": "Generic\0title", "dedup_key": "generic\0key", "severity": "critical",
        "tags": {"label\0name": "value\0of it"}, "details": {"more\0": ["and\0more"]},
    }  # fmt: skip


def alertmanager(action: str) -> Mapping[str, Any]:
    alert = {
        "status": "resolved" if action == "resolve" else "firing",
        "labels": {"alertname": "Alertmanager\0title", "label\0name": "value\0of it", "severity": "critical"},
        "annotations": {"note\0": "of\0it"},
        "startsAt": "2026-11-24T03:00:00Z",
        "fingerprint": "finger\0print",
    }
    return {"version": "4", "status": alert["status"], "receiver": "r\0", "groupKey": "g\0", "alerts": [alert]}


def pagerduty(action: str) -> Mapping[str, Any]:
    said = {
        "summary": "PagerDuty\0title", "source": "db\0-1", "severity": "critical",
        "custom_details": {"label\0name": "value\0of it"},
    }  # fmt: skip
    return {"event_action": action, "dedup_key": "pagerduty\0key", "payload": said}


@pytest.mark.parametrize("payload", [generic, alertmanager, pagerduty], ids=lambda payload: payload.__name__)
def test_a_nul_is_taken_shown_and_in_nobodys_way(product: Product, person: httpx.Client, payload: Any):
    provider = payload.__name__
    key = product.key_of(provider)

    def send(action: str) -> int:
        path, body = f"/api/v1/events/{key}", payload(action)
        if provider == "pagerduty":
            path, body = "/v2/enqueue", {"routing_key": key, **body}
        return httpx.post(f"{product.base_url}{path}", json=body, timeout=PATIENCE_S).status_code

    taken = [send("trigger"), send("trigger")]
    (row,) = product.rows("SELECT id, title FROM incidents WHERE title ILIKE $1", f"{provider}%title")
    shown = person.get(f"/api/v1/incidents/{row['id']}")
    acknowledged = person.post(f"/api/v1/incidents/{row['id']}/acknowledge")
    by_monitor = 202 if provider == "alertmanager" else send("acknowledge")
    resolved = send("resolve")
    timeline = person.get(f"/api/v1/incidents/{row['id']}/timeline")
    (after,) = product.rows("SELECT status FROM incidents WHERE id = $1", row["id"])

    assert (taken, by_monitor, resolved) == ([202, 202], 202, 202)
    assert (shown.status_code, acknowledged.status_code, timeline.status_code) == (200, 200, 200)
    alert = shown.json()["alerts"][0]
    assert SHOWN in row["title"]
    assert SHOWN in alert["dedup_key"]
    assert f"label{SHOWN}name" in shown.text
    assert f"value{SHOWN}of it" in shown.text
    assert "\\u0000" not in shown.text
    assert alert["count"] == 2
    assert after["status"] == "resolved"
    product.check()
