from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsknight.domain.model.event import Urgency
from opsknight.domain.model.liveness import SILENT_AFTER
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
from opsknight.domain.model.quiet_hours import QuietHours, Window

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


# --- quiet hours, and devices that are silent ------------------------------------------------------------------------

LUNCH = QuietHours("UTC", (Window((2,), 11 * 60 + 30, 13 * 60),))
"""Around noon of the Tuesday of these tests."""


def phone(number: int = 9):
    return ContactMethod(number, "sms", verified=True)


def gone(number: int = 2):
    return ContactMethod(number, "push", verified=True, heard_at=NOON - SILENT_AFTER)


def test_low_urgency_is_held_until_quiet_hours_end_with_its_delays_counted_from_there():
    found = plan([push(), mail()], (), urgency=Urgency.LOW, at=NOON, quiet=LUNCH)

    assert times(found) == [(2, 60), (1, 61)]
    assert [each.held_until for each in found.notifications] == [NOON + 60 * MINUTE] * 2


def test_high_urgency_is_never_held():
    assert plan([push(), mail()], (), urgency=Urgency.HIGH, at=NOON, quiet=LUNCH) == planned([push(), mail()])


def test_a_later_message_that_would_fall_into_quiet_hours_is_held_alone():
    rules = [Rule(Urgency.LOW, 2), Rule(Urgency.LOW, 1, 10 * MINUTE)]

    found = plan([push(), mail()], rules, urgency=Urgency.LOW, at=NOON - 35 * MINUTE, quiet=LUNCH)

    assert times(found) == [(2, -35), (1, 60)]
    assert [each.held_until for each in found.notifications] == [None, NOON + 60 * MINUTE]


@given(st.sampled_from(list(Urgency)), st.integers(-300, 300))
def test_quiet_hours_send_the_same_messages_never_sooner_and_none_of_low_urgency_inside(urgency: Urgency, minute: int):
    at = NOON + minute * MINUTE
    loud, held = (
        plan([push(), mail(), phone()], (), urgency=urgency, at=at, quiet=q) for q in (QuietHours("UTC"), LUNCH)
    )

    due = {each.contact_method_id: each.due_at for each in held.notifications}
    assert all(due[each.contact_method_id] >= each.due_at for each in loud.notifications)
    assert len(due) == len(loud.notifications)
    assert urgency is Urgency.HIGH or all(LUNCH.until(one) is None for one in due.values())


def test_a_silent_device_is_not_waited_for():
    assert times(planned([gone(), mail(), phone()])) == [(2, 0), (1, 0), (9, 2)]
    rules = [Rule(Urgency.HIGH, 2), Rule(Urgency.HIGH, 9, 5 * MINUTE)]
    assert times(planned([gone(), phone()], rules)) == [(2, 0), (9, 0)]


def test_a_silent_device_beside_one_that_is_heard_changes_nothing():
    assert times(planned([gone(2), push(3), mail(1)])) == [(2, 0), (3, 0), (1, 1)]


def test_a_silent_device_alone_is_still_tried():
    assert times(planned([gone()])) == [(2, 0)]


def test_a_method_that_is_switched_off_is_not_waited_for():
    rules = [Rule(Urgency.HIGH, 2), Rule(Urgency.HIGH, 1, 10 * MINUTE), Rule(Urgency.HIGH, 3, 20 * MINUTE)]

    assert times(planned([mail(1), push(2, disabled=True), mail(3)], rules)) == [(1, 0), (3, 20)]


def test_what_a_person_wants_first_after_a_while_comes_after_that_while():
    rules = [Rule(Urgency.HIGH, 1, 5 * MINUTE), Rule(Urgency.HIGH, 3, 20 * MINUTE)]

    assert times(planned([mail(1), mail(3)], rules)) == [(1, 5), (3, 20)]


def test_what_has_to_be_answered_in_time_begins_at_once():
    rules = [Rule(Urgency.HIGH, 1, 10 * MINUTE), Rule(Urgency.HIGH, 3, 20 * MINUTE)]

    found = plan([mail(1), mail(3)], rules, urgency=Urgency.HIGH, at=NOON, at_once=True)

    assert times(found) == [(1, 0), (3, 20)]
