"""Overrides, temporary schedules and leave, as people arrange them."""

import pytest

from opsknight.domain.model.layer import FixedShifts, Layer
from opsknight.domain.model.override import Change, Leave, OnLeave
from opsknight.domain.model.rotation import Turn
from opsknight.domain.model.schedule import away, gaps, on_call, shifts
from opsknight.domain.model.stack import Temporary
from tests.model.layers import (
    ADA,
    BO,
    CY,
    DAY,
    DEE,
    a_layer,
    a_schedule,
    always,
    an_override,
    berlin,
    told,
    users,
)

# overrides


def test_a_replacement_takes_the_turn_for_its_span_and_says_whose_it_was():
    instead = an_override(Change.REPLACE, berlin(2026, 1, 6, 12), berlin(2026, 1, 6, 18), user_id=DEE, replaces=BO)
    found = shifts(a_schedule(a_layer(), overrides=(instead,)), berlin(2026, 1, 6, 9), berlin(2026, 1, 7, 9))

    assert [(one.user_id, one.layer, one.override_id, one.replaces) for one in found] == [
        (BO, "layer", None, None),
        (DEE, "layer", 1, BO),
        (BO, "layer", None, None),
    ]


def test_a_replacement_of_one_of_a_group_leaves_the_others_as_they_are():
    pair = a_schedule(
        always(ADA, BO),
        overrides=(an_override(Change.REPLACE, berlin(2026, 1, 6), berlin(2026, 1, 7), user_id=CY, replaces=BO),),
    )
    found = shifts(pair, berlin(2026, 1, 6), berlin(2026, 1, 7))

    assert [one.user_id for one in found] == [ADA, CY]
    assert (found[0].start_at, found[0].end_at) == (berlin(2026, 1, 5), berlin(2026, 1, 12))


def test_two_may_be_added_at_once_and_a_gap_is_filled_by_them_alone():
    added = tuple(
        an_override(Change.ADD, berlin(2026, 1, 6), berlin(2026, 1, 7), id=number, user_id=who)
        for number, who in enumerate((ADA, BO), start=1)
    )
    schedule = a_schedule(overrides=added)

    assert users(schedule, berlin(2026, 1, 6, 12)) == [ADA, BO]
    assert gaps(schedule, berlin(2026, 1, 5), berlin(2026, 1, 8)) == (
        (berlin(2026, 1, 5), berlin(2026, 1, 6)),
        (berlin(2026, 1, 7), berlin(2026, 1, 8)),
    )


def test_who_is_added_over_a_handoff_has_one_shift():
    added = an_override(Change.ADD, berlin(2026, 1, 6), berlin(2026, 1, 9), user_id=DEE)

    found = shifts(a_schedule(a_layer(), overrides=(added,)), berlin(2026, 1, 7, 10), berlin(2026, 1, 7, 11))

    assert [(one.user_id, one.end_at - one.start_at) for one in found] == [(DEE, 3 * DAY), (CY, DAY)]


def test_to_remove_the_only_one_leaves_a_gap_that_no_lower_layer_fills():
    gone = an_override(Change.REMOVE, berlin(2026, 1, 6), berlin(2026, 1, 7), replaces=ADA)
    schedule = a_schedule(always(ADA), always(BO), overrides=(gone,))

    assert users(schedule, berlin(2026, 1, 6, 12)) == []
    assert gaps(schedule, berlin(2026, 1, 5), berlin(2026, 1, 8)) == ((berlin(2026, 1, 6), berlin(2026, 1, 7)),)


def test_who_is_removed_leaves_the_others_of_their_group_on_call():
    gone = an_override(Change.REMOVE, berlin(2026, 1, 6), berlin(2026, 1, 7), replaces=BO)

    assert users(a_schedule(always(ADA, BO), overrides=(gone,)), berlin(2026, 1, 6, 12)) == [ADA]


def test_a_replacement_of_everybody_also_fills_a_gap():
    alone = an_override(Change.REPLACE, berlin(2026, 1, 5, 6), berlin(2026, 1, 5, 12), user_id=DEE)

    assert told(a_schedule(a_layer(), overrides=(alone,)), berlin(2026, 1, 5), berlin(2026, 1, 5, 18)) == [
        (DEE, "Mon 05 06:00", "Mon 05 12:00"),
        (ADA, "Mon 05 12:00", "Tue 06 09:00"),
    ]


def test_overrides_are_done_in_the_order_in_which_they_were_made():
    day = berlin(2026, 1, 6), berlin(2026, 1, 7)
    given_on = (
        an_override(Change.REPLACE, *day, id=2, user_id=CY, replaces=BO),
        an_override(Change.REPLACE, *day, id=1, user_id=BO, replaces=ADA),
    )

    assert users(a_schedule(always(ADA), overrides=given_on), day[0]) == [CY]


def test_the_order_in_which_overrides_were_made_counts_and_not_that_in_which_they_begin():
    day = berlin(2026, 1, 6), berlin(2026, 1, 7)
    afternoon = berlin(2026, 1, 6, 12), day[1]
    taken = an_override(Change.REPLACE, *afternoon, id=1, user_id=BO, replaces=ADA)
    handed_on = an_override(Change.REPLACE, *day, id=2, user_id=CY, replaces=BO)

    for overrides in ((taken, handed_on), (handed_on, taken)):
        assert users(a_schedule(always(ADA), overrides=overrides), afternoon[0]) == [CY]


# temporary schedules


def test_a_temporary_schedule_is_all_there_is_in_its_window():
    festival = Temporary(1, "festival", berlin(2026, 1, 6, 12), berlin(2026, 1, 8), (a_layer(groups=((DEE,),)),))
    ignored = an_override(Change.ADD, berlin(2026, 1, 6), berlin(2026, 1, 7), user_id=CY)
    schedule = a_schedule(always(ADA), temporaries=(festival,), overrides=(ignored,))

    assert users(schedule, berlin(2026, 1, 6, 11)) == [ADA, CY]
    assert [(one.user_id, one.temporary) for one in on_call(schedule, berlin(2026, 1, 6, 13))] == [(DEE, "festival")]
    assert users(schedule, berlin(2026, 1, 8)) == [ADA]


def test_of_two_temporary_schedules_at_once_the_newer_counts_and_the_older_shows_around_it():
    week = Temporary(1, "week", berlin(2026, 1, 5), berlin(2026, 1, 12), (always(BO),))
    day = Temporary(2, "day", berlin(2026, 1, 7), berlin(2026, 1, 8), (always(CY),))

    for temporaries in ((week, day), (day, week)):
        schedule = a_schedule(always(ADA), temporaries=temporaries)
        assert [users(schedule, berlin(2026, 1, at)) for at in (6, 7, 8, 12)] == [[BO], [CY], [BO], [ADA]]


def test_a_temporary_schedule_of_fixed_shifts_leaves_gaps_where_it_says_nothing():
    by_hand = FixedShifts((Turn(berlin(2026, 1, 6, 8), berlin(2026, 1, 6, 16), (BO,)),))
    party = Temporary(1, "party", berlin(2026, 1, 6), berlin(2026, 1, 7), (Layer("by hand", by_hand),))

    assert told(a_schedule(always(ADA), temporaries=(party,)), berlin(2026, 1, 6), berlin(2026, 1, 7)) == [
        (BO, "Tue 06 08:00", "Tue 06 16:00")
    ]


# leave


def test_a_named_substitute_has_the_shifts_of_who_is_away():
    leave = Leave(7, ADA, berlin(2026, 1, 6), berlin(2026, 1, 8), BO)
    found = on_call(a_schedule(always(ADA), leaves=(leave,)), berlin(2026, 1, 7))

    assert [(one.user_id, one.replaces, one.leave_id) for one in found] == [(BO, ADA, 7)]


def test_who_is_away_without_a_substitute_stays_and_is_warned_of_unless_the_schedule_takes_them_off():
    leave = Leave(7, ADA, berlin(2026, 1, 6), berlin(2026, 1, 8))
    week = berlin(2026, 1, 5), berlin(2026, 1, 12)
    warning = a_schedule(always(ADA), leaves=(leave,))
    removing = a_schedule(always(ADA), leaves=(leave,), on_leave=OnLeave.REMOVE)

    assert users(warning, berlin(2026, 1, 7)) == [ADA]
    assert [(one.start_at, one.end_at) for one in away(warning, *week)] == [(leave.start_at, leave.end_at)]
    assert gaps(warning, *week) == ()
    assert gaps(removing, *week) == ((leave.start_at, leave.end_at),)


def test_a_substitute_who_is_away_as_well_is_substituted_in_turn():
    day = berlin(2026, 1, 6), berlin(2026, 1, 7)
    leaves = (Leave(1, ADA, *day, BO), Leave(2, BO, *day, CY))

    assert [(one.user_id, one.replaces) for one in on_call(a_schedule(always(ADA), leaves=leaves), day[0])] == [
        (CY, ADA)
    ]


def test_a_leave_of_somebody_else_is_no_warning():
    day = berlin(2026, 1, 6), berlin(2026, 1, 7)

    assert away(a_schedule(always(ADA), leaves=(Leave(1, BO, *day),)), *day) == ()


@pytest.mark.parametrize("on_leave", OnLeave)
def test_of_two_leaves_at_once_the_one_that_names_a_substitute_counts(on_leave: OnLeave):
    day = berlin(2026, 1, 6), berlin(2026, 1, 7)
    leaves = (Leave(1, ADA, *day, BO), Leave(2, ADA, *day))

    assert users(a_schedule(always(ADA), leaves=leaves, on_leave=on_leave), day[0]) == [BO]


def test_who_substitutes_after_a_turn_of_their_own_has_the_same_times_whatever_window_is_asked_for():
    own = Turn(berlin(2026, 1, 5, 9), berlin(2026, 1, 5, 10), (ADA,))
    covered = Turn(berlin(2026, 1, 5, 9), berlin(2026, 1, 5, 18), (BO,))
    both = Layer("fixed", FixedShifts((own, covered)))
    away_all_day = Leave(1, BO, berlin(2026, 1, 5), berlin(2026, 1, 6), substitute_id=ADA)
    schedule = a_schedule(both, leaves=(away_all_day,))

    whole = shifts(schedule, berlin(2026, 1, 5), berlin(2026, 1, 6))

    assert shifts(schedule, berlin(2026, 1, 5, 12), berlin(2026, 1, 5, 13)) == whole[-1:]


# who can be on call by a schedule


def test_the_substitute_of_somebody_who_is_in_it_can_be_on_call_and_theirs_and_takes_no_turns():
    span = berlin(2026, 1, 6), berlin(2026, 1, 7)
    leaves = (Leave(1, BO, *span, substitute_id=CY), Leave(2, ADA, *span, substitute_id=BO), Leave(3, DEE, *span, 99))

    schedule = a_schedule(always(ADA), leaves=leaves)

    assert schedule.people == {ADA, BO, CY}
    assert schedule.members == {ADA}
