from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsknight.domain.model.escalation import (
    LAP_AT_LEAST,
    NO_POLICY,
    Policy,
    Step,
    Target,
    TargetKind,
    Why,
    net_round,
    next_move,
)
from opsknight.domain.model.incident import PAGE_ASSIGNEE

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ADA, BO, CY = 1, 2, 3


def a_policy(*waits_min: int, repeats: int = 2):
    target = Target(TargetKind.SCHEDULE, 7)
    return Policy(tuple(Step((target,), wait * MINUTE) for wait in waits_min), repeats=repeats, id=4, name="Checkout")


def moved(policy: Policy, step: int, *, lap: int = 0, reached: bool = True, lap_started_at: datetime | None = None):
    return next_move(policy, next_step=step, lap=lap, reached=reached, at=NOON, lap_started_at=lap_started_at)


def test_a_step_that_reached_somebody_waits_before_the_next():
    move = moved(a_policy(5, 10), 0)

    assert (move.next_step, move.lap, move.due_at, move.why) == (1, 0, NOON + 5 * MINUTE, Why.WAITING)


def test_a_step_that_reaches_nobody_is_skipped_without_burning_its_wait():
    move = moved(a_policy(5, 10), 0, reached=False)

    assert (move.next_step, move.due_at, move.why, move.to_net) == (1, NOON, Why.SKIPPED, False)


def test_after_the_last_step_the_next_lap_begins():
    move = moved(a_policy(5, 10), 1, lap_started_at=NOON - 5 * MINUTE)

    assert (move.next_step, move.lap, move.due_at) == (0, 1, NOON + 10 * MINUTE)


def test_after_the_last_lap_comes_the_safety_net():
    policy = a_policy(5, repeats=1)

    move = moved(policy, 0, lap=1)

    assert (move.to_net, move.lap, move.due_at, move.why) == (True, policy.net_lap, NOON + 5 * MINUTE, Why.EXHAUSTED)


def test_a_lap_that_reached_nobody_ends_in_the_safety_net_at_once():
    move = moved(a_policy(5, 10, repeats=9), 1, reached=False)

    assert (move.to_net, move.due_at, move.why) == (True, NOON, Why.REACHES_NOBODY)


def test_a_lap_lasts_at_least_a_minute():
    assert moved(a_policy(0), 0).due_at == NOON + LAP_AT_LEAST
    assert moved(a_policy(0, 0), 1, lap_started_at=NOON - timedelta(seconds=20)).due_at == NOON + timedelta(seconds=40)


def test_a_lap_whose_last_step_is_skipped_still_lasts_its_minute():
    move = moved(a_policy(0, 5), 1, reached=False, lap_started_at=NOON)

    assert (move.next_step, move.lap, move.due_at) == (0, 1, NOON + LAP_AT_LEAST)


def test_the_assignee_has_five_minutes_before_the_policy_starts():
    move = moved(a_policy(5), PAGE_ASSIGNEE)

    assert (move.next_step, move.lap, move.due_at) == (0, 0, NOON + 5 * MINUTE)


def test_an_assignee_who_cannot_be_reached_is_passed_over_at_once():
    assert moved(a_policy(5), PAGE_ASSIGNEE, reached=False).due_at == NOON


def test_without_a_policy_the_safety_net_follows_the_assignee():
    answered = moved(NO_POLICY, PAGE_ASSIGNEE)
    unreachable = moved(NO_POLICY, PAGE_ASSIGNEE, reached=False)

    assert (answered.to_net, answered.due_at) == (True, NOON + 5 * MINUTE)
    assert (unreachable.to_net, unreachable.due_at, unreachable.why) == (True, NOON, Why.REACHES_NOBODY)


@pytest.mark.parametrize(("step", "lap"), [(2, 0), (0, 3), (0, 40)])
def test_a_step_that_is_not_there_leads_to_the_safety_net(step: int, lap: int):
    assert a_policy(5, 5).step_at(step, lap) is None
    assert moved(a_policy(5, 5), step, lap=lap, reached=False).to_net


def test_a_policy_survives_its_copy_on_the_incident():
    policy = a_policy(0, 5, 90)

    assert Policy.from_json(policy.to_json()) == policy


policies = st.builds(
    lambda waits, repeats: a_policy(*waits, repeats=repeats), st.lists(st.integers(0, 30)), st.integers(0, 9)
)


@given(policies, st.data())
def test_every_walk_ends_in_the_safety_net_and_no_lap_is_shorter_than_a_minute(policy: Policy, data: st.DataObject):
    step, lap, at, lap_started_at = 0, 0, NOON, None
    starts = []
    for _ in range(len(policy.steps) * (policy.repeats + 1) + 1):
        reached = policy.step_at(step, lap) is not None and data.draw(st.booleans())
        if reached and lap_started_at is None:
            lap_started_at = at
            starts.append(at)
        move = next_move(policy, next_step=step, lap=lap, reached=reached, at=at, lap_started_at=lap_started_at)
        assert move.due_at >= at
        lap_started_at = lap_started_at if move.lap == lap else None
        step, lap, at = move.next_step, move.lap, move.due_at
        if move.to_net:
            break

    assert move.to_net
    assert all(later - earlier >= LAP_AT_LEAST for earlier, later in pairwise(starts))


def caught(number: int, *, managers: tuple[int, ...] = (ADA,), admins: tuple[int, ...] = (BO, CY)):
    policy = a_policy(5)
    found = net_round(policy, lap=policy.net_lap + number, managers=managers, admins=admins, at=NOON)
    return found.user_ids, found.lap - policy.net_lap, found.again_at - NOON


def test_the_safety_net_pages_the_managers_at_once_and_all_admins_five_minutes_later():
    assert caught(0) == ((ADA,), 1, 5 * MINUTE)
    assert caught(1) == ((BO, CY), 2, 25 * MINUTE)


def test_the_safety_net_pages_everybody_again_every_half_hour():
    assert caught(2) == ((ADA, BO, CY), 3, 30 * MINUTE)
    assert caught(9) == ((ADA, BO, CY), 10, 30 * MINUTE)


def test_without_a_manager_the_admins_are_paged_at_once():
    assert caught(0, managers=()) == ((BO, CY), 2, 30 * MINUTE)


def test_a_manager_who_is_an_admin_is_paged_once_a_round():
    assert caught(1, managers=(BO,)) == ((CY,), 2, 25 * MINUTE)
    assert caught(2, managers=(BO,)) == ((BO, CY), 3, 30 * MINUTE)


def test_a_safety_net_that_reaches_nobody_looks_again_soon_and_says_why():
    policy = a_policy(5)

    found = net_round(policy, lap=policy.net_lap, managers=(), admins=(), at=NOON)

    assert (found.user_ids, found.lap, found.again_at) == ((), policy.net_lap, NOON + 5 * MINUTE)
    assert found.why == "no manager and no admin can be reached"
