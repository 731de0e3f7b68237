"""What the gallery shows of an integration: deliveries of every outcome, long and hostile ones among them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from opsknight.api.providers.email import PROVIDER as EMAIL
from opsknight.deps import Monitor
from opsknight.domain.queries.deliveries import StoredDelivery
from opsknight.domain.queries.traffic import Hour
from opsknight.ui.integration.page import Reads
from opsknight.ui.integration.payload import Sample
from opsknight.ui.integration.previews import Become, Becoming
from opsknight.ui.integration.reading import Received
from tests.ui.samples import HOSTILE, LONG_WORD, NOW

KEY = "9f8e7d6c5b4a39281706f5e4d3c2b1a0"
CONDITIONS = {
    "conditions": [
        {"field": "subject", "how": "word", "value": "closed", "then": "resolve"},
        {"field": "sender", "how": "contains", "value": LONG_WORD[:150], "then": "warning"},
    ],
    "key": {"of": "between", "field": "subject", "after": "Ticket ", "before": " was"},
}
MONITORS = {"email": Monitor("E-mail", EMAIL.where, EMAIL.setup.replace("{mail_host}", "alerts.example.com"), {})}
OUTCOMES = (
    "opened", "occurrence", "urgency raised", "reopened", "late copy", "told lately", "resolved", "acknowledged",
    "nothing open",
)  # fmt: skip
MAPPING = {
    "fields": {
        "title": {"first": ["check.name", LONG_WORD]}, "dedup_key": ["check.id", "check.name"],
        "action": "check.state", "tags": "labels", "tags.environment": "labels.env", f"tags.{LONG_WORD}": LONG_WORD,
    },
    "links": [{"text": "Runbook", "path": "url"}, {"text": "", "path": "url"}],
    "when": [
        {"path": "ended_at", "there": True, "then": "resolve"},
        {"path": "check.state", "is": ["CRIT", "DOWN"], "then": "trigger"},
        {"path": "check.state", "is_not": ["CRIT", LONG_WORD], "then": "ignore"},
    ],
    "values": {"action": {"CRIT": "trigger", "OK": "resolve"}},
    "defaults": {"source": "nightly checks", "severity": "warning"},
}  # fmt: skip


SAID: dict[str, dict[str, Any]] = {
    "2": {"former_key": "0" * 32},
    "3": {"provider": "generic", "mapping": {"fields": {"title": "check.name", "action": "check.state"}}},
    "4": {"provider": "email", "name": "Old appliances", "mapping": CONDITIONS},
    "5": {"provider": "generic", "mapping": MAPPING},
    "6": {"active": False},
}
"""What is special about an integration of the gallery, by its number."""


def a_keyed(**changes: Any) -> Any:
    line = {
        "id": 1, "provider": "alertmanager", "name": "Prometheus in eu-west-1", "service_id": 1, "service": "Checkout",
        "key": KEY, "former_key": None, "has_secret": False, "archived": False, "mapping": {},
        "active": True, "team_id": 1,
    }  # fmt: skip
    return {**line, **changes}


def a_delivery(number: int, *events: Any, **changes: Any) -> Any:
    line = {
        "id": f"01940000-0000-7000-8000-{number:012}", "at": NOW - 60 * number, "status": "accepted", "reason": "",
        "content_type": "application/json", "size": 812, "events": list(events), "verdicts": {}, "replayed": False,
        "replay": False,
    }  # fmt: skip
    return {**line, **changes}


def an_event(verdict: str, **changes: Any) -> Any:
    line = {
        "action": "trigger", "title": "Replication lag 240 s on postgres-main-eu-west-1", "severity": "error",
        "dedup_key": "lag", "verdict": verdict, "incident": 412,
    }  # fmt: skip
    return {**line, **changes}


def received() -> Received:
    deliveries = [
        *(a_delivery(number, an_event(verdict)) for number, verdict in enumerate(OUTCOMES, start=1)),
        a_delivery(11, *(an_event("occurrence", title=f"{LONG_WORD} {HOSTILE}") for _ in range(5)),
                   verdicts={"occurrence": 40, "resolved": 3}),
        a_delivery(12, status="rejected", reason="The event has no title; send one as “title” or “summary”."),
        a_delivery(13, an_event("opened"), an_event("unreadable", title=f"It lacks a title {LONG_WORD}", incident=None),
                   status="unreadable", reason="It lacks a title."),
        a_delivery(14),
        a_delivery(15, status="rejected", reason="The body is no JSON.", replayed=True),
        a_delivery(16, an_event("opened", title=HOSTILE), replay=True),
    ]  # fmt: skip
    return Received(datetime.fromtimestamp(NOW, UTC), deliveries)


def samples() -> list[Sample]:
    payload = {
        "check": {"id": 4711, "name": HOSTILE, "state": "CRIT"}, LONG_WORD: LONG_WORD, "a.b": [{"x": 1}, {"x": 2}],
        "labels": {"env": "prod", "team": LONG_WORD}, "url": "https://checks.example.org/4711", "ended_at": None,
    }  # fmt: skip
    stored = StoredDelivery(
        id=UUID(int=1), original_id=UUID(int=1), received_at=datetime.fromtimestamp(NOW, UTC), integration_id=3,
        status="rejected", reason="", content_type="", body=json.dumps(payload).encode(),
    )  # fmt: skip
    return [Sample(stored, payload)]


def hours() -> list[Hour]:
    now = datetime.fromtimestamp(NOW // 3600 * 3600, UTC)
    counted: list[tuple[Any, ...]] = [(place * 37 % 211 * 90, place * place % 7, 0, 0, None) for place in range(24)]
    counted[20] = (9000, 4, 12_000, 40, now, 12, now)
    return [Hour(now - timedelta(hours=23 - place), *one) for place, one in enumerate(counted)]


def reads(**changes: Any) -> Reads:
    """Return reads that find one more delivery when they are asked again."""
    count = 100

    async def traffic() -> Any:
        return hours()

    async def again(known: Received | None, refused: bool) -> Received:  # noqa: FBT001  # called by position
        nonlocal count
        if refused:
            return known or Received(None, [line for line in received().deliveries if line["status"] != "accepted"])
        if known is not None and count > 100:
            return known
        count += 1
        fresh = a_delivery(count, an_event("opened", title="Newly arrived"), at=NOW)
        return Received(datetime.fromtimestamp(NOW + count, UTC), [fresh, *received().deliveries])

    async def body(delivery_id: str) -> StoredDelivery:
        raw = f'{{"title": "{HOSTILE.replace(chr(34), chr(92) + chr(34))}", "long": "{LONG_WORD}", "n": [1.10, {{}}]}}'
        return StoredDelivery(
            id=UUID(delivery_id), original_id=UUID(delivery_id), received_at=datetime.fromtimestamp(NOW, UTC),
            integration_id=1, status="accepted", reason="", content_type="application/json", body=raw.encode(),
        )  # fmt: skip

    async def keyed() -> Any:
        return a_keyed(**changes)

    async def preview(mapping: Any, received: Any) -> Any:
        return [
            Become(NOW, [Becoming("trigger", "critical", f"{mapping}", "generic:4711", f"tags env={LONG_WORD}")] * 7),
            Become(NOW, [], f"The event has no title {LONG_WORD}"),
        ]

    async def last() -> Any:
        return samples()

    return Reads(keyed, traffic, again, body, last, preview)
