"""Faults 15 and 17 in short form: steps that reach nobody, and one timer whose firing fails for good."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.bounds import WIDER
from tests.faults.measure import note
from tests.faults.product import Product
from tests.server import until

pytestmark = pytest.mark.faults

ON_TIME_S = 1.0
OTHERS = 20

MUTE = """
    INSERT INTO users (email, name, role, active, created_at)
    SELECT lower(name) || '@example.org', name, 'responder', active, clock_timestamp()
    FROM (VALUES ('Mute', true), ('Gone', false)) AS u (name, active) RETURNING id
"""
# Three steps before the sample team's: a schedule in a gap, somebody without an address, somebody who is gone.
NOBODY_FIRST = """
    WITH gap AS (
        INSERT INTO schedules (team_id, name) SELECT team_id, 'In a gap' FROM schedules LIMIT 1 RETURNING id
    ), moved AS (
        UPDATE escalation_steps SET position = position + 3 RETURNING policy_id
    ), steps AS (
        INSERT INTO escalation_steps (policy_id, position, wait_s)
        SELECT DISTINCT policy_id, n, 300 FROM moved CROSS JOIN generate_series(0, 2) n RETURNING id, position
    )
    INSERT INTO escalation_targets (step_id, position, user_id, schedule_id)
    SELECT s.id, 0, CASE s.position WHEN 1 THEN $1::bigint WHEN 2 THEN $2::bigint END,
        CASE s.position WHEN 0 THEN (SELECT id FROM gap) END
    FROM steps s RETURNING step_id
"""
AS_BEFORE = """
    WITH gone AS (
        DELETE FROM escalation_steps
        WHERE position < 3 AND EXISTS (SELECT FROM escalation_steps WHERE position >= 3) RETURNING 1
    )
    UPDATE escalation_steps SET position = position - 3
    WHERE position >= 3 AND (SELECT count(*) FROM gone) > 0 RETURNING 1
"""
FIRST_PAGE = """
    SELECT extract(epoch FROM p.created_at - i.created_at)::float8 AS after_s, p.step,
        (SELECT array_agg(f.data ->> 'reason' ORDER BY f.seq) FROM facts f
         WHERE f.incident_id = i.id AND f.kind = 'step skipped') AS skipped
    FROM pages p JOIN incidents i ON i.id = p.incident_id WHERE i.title = $1
"""
ALL_DUE_NOW = """
    WITH spoiled AS (
        UPDATE incidents SET policy = '{"steps": "junk"}' WHERE title = 'Spoiled' RETURNING id
    )
    UPDATE timers t SET due_at = clock_timestamp(), attempts = CASE WHEN t.subject = spoiled.id THEN 11 ELSE 0 END
    FROM incidents i, spoiled
    WHERE i.id = t.subject AND i.title LIKE ANY(ARRAY['Spoiled', 'Sound %']) AND t.kind = 'escalation' RETURNING 1
"""
SECOND_STEPS = """
    SELECT extract(epoch FROM p.created_at - p.due_at)::float8 AS late_s
    FROM pages p JOIN incidents i ON i.id = p.incident_id WHERE i.title LIKE 'Sound %' AND p.step = 1
"""
TOLD = "SELECT f.kind FROM facts f JOIN incidents i ON i.id = f.incident_id WHERE i.title = 'Spoiled' ORDER BY f.seq"


@pytest.fixture
def product(steady: Product) -> Iterator[Product]:
    """The one that nobody kills; its policy is as before when the case is over."""
    yield steady
    steady.rows(AS_BEFORE)


def test_steps_that_reach_nobody_are_passed_over_within_a_second(product: Product):
    (mute,), (gone,) = product.rows(MUTE)
    product.rows(NOBODY_FIRST, mute, gone)

    product.send("nobody", title="Nobody there", severity="critical")

    (page,) = until(lambda: product.rows(FIRST_PAGE, "Nobody there"), within_s=10)
    note("steps that reach nobody: page after opening", page["after_s"], at_most=ON_TIME_S)
    assert page["after_s"] <= ON_TIME_S * WIDER
    assert (page["step"], page["skipped"]) == (
        3,
        ["nobody is on call", "Mute cannot be reached", "Gone cannot be reached"],
    )
    product.check()


def test_one_timer_that_fails_for_good_is_caught_by_the_safety_net_and_holds_nobody_up(product: Product):
    product.send("spoiled", title="Spoiled", severity="critical")
    for number in range(OTHERS):
        product.send(f"sound {number}", title=f"Sound {number}", severity="critical")
    product.settle()

    assert len(product.rows(ALL_DUE_NOW)) == OTHERS + 1
    until(lambda: len(product.rows(SECOND_STEPS)) == OTHERS, within_s=10)
    found = product.rows(SECOND_STEPS)
    until(lambda: "safety net" in [row["kind"] for row in product.rows(TOLD)], within_s=10)

    note("beside a timer that fails: late", *(row["late_s"] for row in found), at_most=ON_TIME_S)
    assert max(row["late_s"] for row in found) <= ON_TIME_S * WIDER
    assert "timer died" in [row["kind"] for row in product.rows(TOLD)]
    product.check()
