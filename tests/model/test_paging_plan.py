from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsknight.domain.model.event import Urgency
from opsknight.domain.model.paging import (
    ALL_DISABLED,
    BY_DEFAULT,
    BY_RULES,
    DEACTIVATED,
    NO_METHOD,
    NONE_VERIFIED,
    RULES_UNUSABLE,
    ContactMethod,
    Plan,
    Rule,
    plan,
)

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def mail(number: int = 1, *, verified: bool = True, disabled: bool = False):
    return ContactMethod(number, "email", verified=verified, disabled=disabled)


def push(number: int = 2, *, verified: bool = True, disabled: bool = False):
    return ContactMethod(number, "push", verified=verified, disabled=disabled)


def planned(
    methods: Sequence[ContactMethod],
    rules: Sequence[Rule] = (),
    *,
    urgency: Urgency = Urgency.HIGH,
    active: bool = True,
):
    return plan(methods, rules, urgency=urgency, at=NOON, active=active)


def times(found: Plan):
    return [(each.contact_method_id, (each.due_at - NOON) / MINUTE) for each in found.notifications]


def test_without_rules_push_comes_first_and_the_rest_a_minute_apart():
    found = planned([mail(1), mail(3), push(2)])

    assert times(found) == [(2, 0), (1, 1), (3, 2)]
    assert found.reason == BY_DEFAULT


def test_without_push_the_first_mail_leaves_at_once():
    assert times(planned([mail(1), mail(3)])) == [(1, 0), (3, 1)]


def test_rules_of_the_urgency_decide_method_and_delay():
    rules = [
        Rule(Urgency.HIGH, 1, 5 * MINUTE),
        Rule(Urgency.HIGH, 2),
        Rule(Urgency.HIGH, 2, 10 * MINUTE),
        Rule(Urgency.LOW, 1),
    ]

    found = planned([mail(1), push(2)], rules)

    assert times(found) == [(2, 0), (1, 5), (2, 10)]
    assert [each.position for each in found.notifications] == [0, 1, 2]
    assert found.reason == BY_RULES


def test_rules_of_another_urgency_do_not_decide():
    assert planned([mail(1)], [Rule(Urgency.HIGH, 1, 5 * MINUTE)], urgency=Urgency.LOW).reason == BY_DEFAULT


def test_rules_that_name_only_dead_methods_never_keep_a_page_back():
    found = planned([mail(1), push(2, disabled=True)], [Rule(Urgency.HIGH, 2)])

    assert times(found) == [(1, 0)]
    assert found.reason == RULES_UNUSABLE


@pytest.mark.parametrize(
    ("methods", "active", "reason"),
    [
        ([mail()], False, DEACTIVATED),
        ([], True, NO_METHOD),
        ([mail(verified=False)], True, NONE_VERIFIED),
        ([mail(verified=False), push(disabled=True)], True, ALL_DISABLED),
    ],
)
def test_who_cannot_be_reached_is_told_apart_by_reason(methods: Sequence[ContactMethod], *, active: bool, reason: str):
    found = planned(methods, active=active)

    assert not found.reaches
    assert found.reason == reason


a_method = st.builds(
    ContactMethod, st.integers(1, 6), st.sampled_from(["push", "email"]), verified=st.booleans(), disabled=st.booleans()
)
methods = st.lists(a_method, unique_by=lambda method: method.id)
a_rule = st.builds(Rule, st.sampled_from(Urgency), st.integers(1, 6), st.timedeltas(timedelta(0), timedelta(days=1)))


@given(methods, st.lists(a_rule), st.sampled_from(Urgency))
def test_whoever_has_a_usable_method_is_reached_and_only_over_usable_ones(
    some: list[ContactMethod], rules: Sequence[Rule], urgency: Urgency
):
    found = planned(some, rules, urgency=urgency)
    usable = {method.id for method in some if method.usable}

    assert found.reaches == bool(usable)
    assert {each.contact_method_id for each in found.notifications} <= usable
    assert [each.position for each in found.notifications] == list(range(len(found.notifications)))
    assert all(each.due_at >= NOON for each in found.notifications)
    assert sorted(found.notifications, key=lambda each: each.due_at) == list(found.notifications)
