"""What must hold without any fault: fifty triggers at once, the second step, a stop that stops."""

from __future__ import annotations

import httpx
import pytest

from tests.bounds import WIDER
from tests.faults.measure import note
from tests.faults.product import Product
from tests.faults.sender import Sender, a_row
from tests.peers.smtp import Mood
from tests.server import until

pytestmark = pytest.mark.faults


STEP_S = 4
ON_TIME_S = 1.0
SECOND_STEPS = """
    SELECT extract(epoch FROM second.due_at - first.created_at)::float8 AS waited_s,
        extract(epoch FROM a.started_at - second.due_at)::float8 AS late_s
    FROM pages first JOIN pages second ON second.incident_id = first.incident_id AND second.step = first.step + 1
    JOIN incidents i ON i.id = first.incident_id
    JOIN notifications n ON n.page_id = second.id JOIN attempts a ON a.notification_id = n.id
    WHERE first.step = 0 AND first.lap = 0 AND second.lap = 0 AND i.title LIKE $1
"""


@pytest.fixture(scope="module")
def product(steady: Product) -> Product:
    """The one that nobody kills."""
    return steady


def set_first_wait(product: Product, wait_s: int) -> None:
    """Let the sample team's second step follow its first after `wait_s`, for incidents that open from now on."""
    product.rows("UPDATE escalation_steps SET wait_s = $1 WHERE position = 0 RETURNING 1", wait_s)


def test_fifty_identical_triggers_at_once_are_one_incident_fifty_occurrences_and_one_page(product: Product):
    same = {"title": "The same", "dedup_key": "the same", "severity": "critical"}
    with Sender(product.port, f"/api/v1/events/{product.key}", event=lambda _: same, name="same", most=50):
        pass
    product.settle()

    (found,) = product.rows("""
        SELECT (SELECT count(*) FROM incidents WHERE title = 'The same') AS incidents,
            (SELECT sum(count) FROM alerts WHERE title = 'The same')::int AS occurrences,
            (SELECT count(*) FROM pages p JOIN incidents i ON i.id = p.incident_id
             WHERE i.title = 'The same' AND p.step = 0) AS pages
    """)
    assert tuple(found) == (1, 50, 1)
    assert sum("The same" in mail.text and "you@example.org" in mail.to for mail in product.smtp.mails) == 1


def test_the_second_step_is_handed_off_within_a_second_of_its_due_time(product: Product):
    set_first_wait(product, STEP_S)
    product.send("second", title="Second step", severity="critical")

    (second,) = until(lambda: product.rows(SECOND_STEPS, "Second step"), within_s=STEP_S * 3)
    set_first_wait(product, 300)
    note("second step: hand-off after due", second["late_s"], at_most=ON_TIME_S)
    product.check()
    assert second["waited_s"] == pytest.approx(STEP_S, abs=0.01)
    assert second["late_s"] <= ON_TIME_S * WIDER


def test_what_is_stopped_while_it_waits_for_the_mail_server_is_never_handed_over(
    product: Product, person: httpx.Client
):
    product.smtp.delay_s = 0.3
    try:
        with product.under_load(a_row("Slow"), name="slow", most=120):
            pass
        with product.under_load(lambda n: {**a_row("Slow")(n), "action": "resolve"}, name="over", most=100):
            pass
        for number in range(100, 120):
            (incident,) = product.rows("SELECT id FROM incidents WHERE title = $1", f"Slow {number}")
            for verb in ("acknowledge", "unacknowledge"):
                assert person.post(f"/api/v1/incidents/{incident['id']}/{verb}").status_code == 200
        product.settle()
    finally:
        product.smtp.delay_s = 0.0

    never = product.rows("""
        SELECT 1 FROM notifications n JOIN incidents i ON i.id = n.incident_id
        WHERE i.title LIKE 'Slow %' AND n.status = 'superseded' AND n.attempts = 0
    """)
    note("stopped while it waited for the mail server: never handed over", len(never), unit="messages")
    product.check()
    assert never


def test_what_an_older_generation_left_behind_is_not_sent_once_more(product: Product, person: httpx.Client):
    title, product.smtp.delay_s = "Perhaps sent", 1.6
    product.smtp.moods = [Mood.TAKE_AND_DROP]  # perhaps sent: one resend would follow
    try:
        product.send("perhaps", title=title, severity="critical")
        under_way = "SELECT FROM attempts a JOIN notifications n ON n.id = a.notification_id JOIN incidents i"
        under_way += " ON i.id = n.incident_id WHERE i.title = $1 AND a.outcome = 'started'"
        until(lambda: product.rows(under_way, title), within_s=5)
        (incident,) = product.rows("SELECT id FROM incidents WHERE title = $1", title)
        for verb in ("acknowledge", "unacknowledge"):
            assert person.post(f"/api/v1/incidents/{incident['id']}/{verb}").status_code == 200
        product.settle()
    finally:
        product.smtp.delay_s = 0.0

    product.check()
    assert sum(title in mail.text for mail in product.smtp.mails) == 2  # one of each generation
