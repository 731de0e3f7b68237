"""The plan of a policy: what it does, in which order, and that nobody who can be reached is left out."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsknight.domain.model.escalation import LAP_AT_LEAST, Policy, Step, Target, TargetKind
from opsknight.domain.model.escalation_plan import Firing, plan
from tests.clock import NOON

waits = st.one_of(st.integers(0, 120), st.integers(0, 7 * 86400)).map(lambda seconds: timedelta(seconds=seconds))
steps = st.builds(lambda wait: Step((Target(TargetKind.USER, 1),), wait), waits)
policies = st.builds(
    lambda steps, repeats: Policy(tuple(steps), repeats), st.lists(steps, min_size=1, max_size=6), st.integers(0, 9)
)
reached = st.frozensets(st.integers(0, 5))


def a_policy(*waits_min: int, repeats: int) -> Policy:
    target = Target(TargetKind.USER, 1)
    return Policy(tuple(Step((target,), timedelta(minutes=wait)) for wait in waits_min), repeats)


def fired(policy: Policy, reaching: frozenset[int]) -> list[Firing]:
    return list(plan(policy, opened_at=NOON, reaches=lambda step, _at: step in reaching))


@given(policies, reached)
def test_time_never_goes_back_and_the_safety_net_is_the_last(policy: Policy, reaching: frozenset[int]):
    firings = fired(policy, reaching)

    assert all(later.at >= earlier.at for earlier, later in pairwise(firings))
    assert [firing.is_net for firing in firings] == [False] * (len(firings) - 1) + [True]


@given(policies)
def test_who_can_be_reached_is_asked_in_every_lap_in_the_order_of_steps(policy: Policy):
    asked = [(firing.lap, firing.step) for firing in fired(policy, frozenset(range(6))) if not firing.is_net]

    assert asked == [(lap, step) for lap in range(policy.repeats + 1) for step in range(len(policy.steps))]


@given(policies, reached)
def test_a_step_that_reaches_nobody_burns_no_wait_and_keeps_nobody_else_from_being_asked(
    policy: Policy, reaching: frozenset[int]
):
    firings = fired(policy, reaching)
    reachable = {step for step in range(len(policy.steps)) if step in reaching}

    for earlier, later in pairwise(firings):
        waited = later.at - earlier.at
        if not earlier.reached and later.step:
            assert waited == timedelta(0)
        if earlier.reached and later.step:
            assert waited == policy.steps[earlier.step].wait
    laps = policy.repeats + 1 if reachable else 0
    assert [f.step for f in firings if f.reached and not f.is_net] == sorted(reachable) * laps


@given(policies, reached)
def test_a_lap_lasts_a_minute_from_its_first_page_at_least(policy: Policy, reaching: frozenset[int]):
    firsts: dict[int, Firing] = {}
    for firing in fired(policy, reaching):
        if firing.reached:
            firsts.setdefault(firing.lap, firing)

    starts = [firing.at for _, firing in sorted(firsts.items())]
    assert all(later - earlier >= LAP_AT_LEAST for earlier, later in pairwise(starts))


@pytest.mark.parametrize(
    ("waits_min", "repeats", "steps"),
    [
        # PagerTree, docs/escalation-policies.md: with n repeats a policy is gone through n + 1 times
        ((5, 10, 15), 1, "0:0 1:5 2:15 0:30 1:35 2:45 net:60"),
        ((5, 10, 15), 0, "0:0 1:5 2:15 net:30"),
        # Squadcast: rules at 0, 5 and 20 min after the incident began
        ((5, 15, 30), 0, "0:0 1:5 2:20 net:50"),
        # incident.io: one level that cycles through three people, every 3 min
        ((3, 3, 3), 2, "0:0 1:3 2:6 0:9 1:12 2:15 0:18 1:21 2:24 net:27"),
    ],
)
def test_an_incident_that_nobody_acknowledges_goes_through_its_policy_as_other_products_say(
    waits_min: tuple[int, ...], repeats: int, steps: str
):
    found = fired(a_policy(*waits_min, repeats=repeats), frozenset(range(len(waits_min))))

    minutes = (f"{'net' if one.is_net else one.step}:{(one.at - NOON) // timedelta(minutes=1)}" for one in found)
    assert " ".join(minutes) == steps
