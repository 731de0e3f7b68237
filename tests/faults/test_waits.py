"""Fault 4: the process is killed in every kind of wait; what was waited for happens once, and at its time.

Support hours begin with a minute: that wait is tried in chaos only.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any

import httpx
import pytest

from opsknight.clock import Clock
from tests.bounds import WIDER
from tests.faults.measure import CHAOS, note
from tests.faults.product import Product
from tests.peers.smtp import Mood
from tests.server import until

pytestmark = pytest.mark.faults

WAIT_S = 7
ON_TIME_S = 2.0
SHORT = """
    WITH step AS (UPDATE escalation_steps SET wait_s = $1 WHERE position = 0 RETURNING 1)
    UPDATE services SET ack_timeout_high_s = $1 WHERE (SELECT count(*) FROM step) > 0 RETURNING 1
"""
HAPPENED = """
    SELECT f.kind, extract(epoch FROM f.at)::float8 AS at, count(*) OVER (PARTITION BY f.kind)::int AS times
    FROM facts f JOIN incidents i ON i.id = f.incident_id
    WHERE (f.kind IN ('woken', 'asked') OR (f.kind = 'step fired' AND f.data ->> 'step' = '2')) AND i.title = $1
    UNION ALL
    SELECT 'sent', extract(epoch FROM a.started_at)::float8, count(*) OVER ()::int
    FROM attempts a JOIN notifications n ON n.id = a.notification_id JOIN pages p ON p.id = n.page_id
    JOIN incidents i ON i.id = p.incident_id
    WHERE i.title = $1 AND p.step = 0 AND a.outcome = 'accepted'
"""
DUE = """
    SELECT max(extract(epoch FROM due_at))::float8 AS at FROM (
        SELECT t.due_at FROM timers t JOIN incidents i ON i.id = t.subject WHERE i.title = $1
            AND t.kind <> 'alerts_joined' AND ($1 <> 'Retry')
        UNION ALL
        SELECT n.due_at FROM notifications n JOIN incidents i ON i.id = n.incident_id
        WHERE i.title = $1 AND n.finished_at IS NULL AND $1 = 'Retry'
    ) w
"""
PAGED = "SELECT 1 FROM pages p JOIN incidents i ON i.id = p.incident_id WHERE i.title = $1"
TRIED = """
    SELECT 1 FROM attempts a JOIN notifications n ON n.id = a.notification_id JOIN incidents i ON i.id = n.incident_id
    WHERE i.title = 'Retry' HAVING count(*) FILTER (WHERE a.outcome = 'retry') >= 3
"""
ENDS_WITH = {"Step": "step fired", "Snooze": "woken", "Acknowledged": "asked", "Pause": "woken", "Maintenance": "woken"}


@pytest.fixture(scope="module")
def person(product: Product) -> Iterator[httpx.Client]:
    """The sample admin, whose session outlives the kills."""
    with closing(product.sign_in()) as client:
        yield client


def begin_waits(product: Product, person: httpx.Client, *, name: str) -> dict[str, float]:
    """Have one incident wait for each thing; return when each is due, in seconds since 1970."""
    product.rows(SHORT, WAIT_S)
    product.smtp.mood = Mood.REFUSE_FOR_NOW
    product.send(f"{name} retry", title="Retry", severity="critical", tags={"wait": "retry", "back": name})
    until(lambda: product.rows(TRIED), within_s=20)
    product.smtp.mood = Mood.TAKE
    maintenance = {"field": "tags.wait", "op": "is", "values": ["maintenance"]}
    rule = {"name": "Wait and see", "when": 'tags.wait == "pause"', "pause": f"{WAIT_S}s"}
    began = (Clock().now() - timedelta(seconds=60 - WAIT_S)).replace(tzinfo=None)
    window = {"name": "Work", "starts_at": began.isoformat(), "length_s": 60, "matchers": [maintenance]}
    _asked(person, "/api/v1/rules", rule=rule)
    _asked(person, "/api/v1/maintenance", **window)
    for title in ("Maintenance", "Pause", "Step", "Snooze", "Acknowledged"):
        product.send(f"{name} {title}", title=title, severity="critical", tags={"wait": title.lower(), "back": name})
    _asked(person, f"/api/v1/incidents/{_number(product, 'Snooze')}/snooze", for_s=WAIT_S)
    _asked(person, f"/api/v1/incidents/{_number(product, 'Acknowledged')}/acknowledge")
    until(lambda: product.rows(PAGED, "Step"), within_s=5)
    return {title: product.rows(DUE, title)[0]["at"] for title in (*ENDS_WITH, "Retry")}


def _asked(person: httpx.Client, path: str, **body: Any) -> None:
    answer = person.post(path, json=body)
    assert answer.is_success, answer.text


def _number(product: Product, title: str) -> int:
    return int(product.rows("SELECT number FROM incidents WHERE title = $1", title)[0]["number"])


def happened(product: Product, title: str) -> list[tuple[float, int]]:
    """Return when what the incident waited for has happened, and how often."""
    kind = ENDS_WITH.get(title, "sent")
    return [(row["at"], row["times"]) for row in product.rows(HAPPENED, title) if row["kind"] == kind]


@pytest.mark.parametrize("back", ["at once", "when all is due"])
def test_what_was_waited_for_happens_once_and_at_its_time(product: Product, person: httpx.Client, back: str):
    due = begin_waits(product, person, name=back)
    assert all(at > time.time() for at in due.values()), due

    with product.fault():
        product.kill()
        if back == "when all is due":
            time.sleep(max(due.values()) - time.time() + 1)
        product.start()
    booted_at = time.time()

    for title, at in due.items():
        ((happened_at, times),) = until(lambda title=title: happened(product, title)[-1:], within_s=30)
        late_s = happened_at - max(at, booted_at)
        note(f"kill in a wait ({title.lower()}): after max(due, boot)", late_s, at_most=ON_TIME_S)
        assert late_s <= ON_TIME_S * WIDER, title
        assert times == 1, title
        assert happened_at >= at, title
    _clear(product, person)


def _clear(product: Product, person: httpx.Client) -> None:
    for title in (*ENDS_WITH, "Retry"):
        _asked(person, f"/api/v1/incidents/{_number(product, title)}/resolve")
    product.rows("UPDATE incidents SET title = 'Over: ' || title WHERE title NOT LIKE 'Over: %' RETURNING 1")
    product.rows("DELETE FROM rules RETURNING 1")
    product.check()


@pytest.mark.skipif(not CHAOS, reason="support hours begin with a minute: a minute is too long for every run")
def test_support_hours_that_begin_after_a_kill_raise_what_is_open(product: Product, person: httpx.Client):
    begins_at = Clock().now().replace(second=0, microsecond=0) + timedelta(minutes=2)
    hours = {"weekday": begins_at.isoweekday(), "start": f"{begins_at:%H:%M}", "end": "23:59"}
    (service,) = product.rows("SELECT service_id AS id FROM integrations WHERE key = $1", product.key)
    wish = {"mode": "support_hours", "hours": {"zone": "UTC", "parts": [hours]}}
    assert person.put(f"/api/v1/services/{service['id']}/urgency", json=wish).is_success
    product.send("hours", title="Hours", severity="critical")

    with product.fault():
        product.kill()
        product.start()

    raised = (
        "SELECT extract(epoch FROM updated_at)::float8 AS at FROM incidents WHERE title = 'Hours' AND urgency = 'high'"
    )
    (row,) = until(lambda: product.rows(raised), within_s=150)
    note("kill in a wait (support hours): after they begin", row["at"] - begins_at.timestamp(), at_most=ON_TIME_S)
    assert 0 <= row["at"] - begins_at.timestamp() <= ON_TIME_S * WIDER
